"""The steps to bounds on the risk by a split of the eigen-directions (handbook A5a, A5b)."""

from __future__ import annotations

from sympy import Expr, Integer, Symbol, sqrt

from ftproofs.catalog.linear.endpoint_steps import RISK, meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import bounds, split
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part
from ftproofs.symbolic.vocabulary import at_most, equal, v

_one = Integer(1)
_h, _T = m.head_length, m.tail_length
_rho, _w, _tail = v.split_ratio, v.white_head_delta_norm, v.tail_delta_norm


# -- every draw: a deterministic split (A5a) --------------------------------------

_FACTOR = bounds.factor(v.tail_eigenvalue, _rho)
_REACH = bounds.reach(_tail, _rho, _w)

SPLIT = (
    *RISK,
    Step(
        "null",
        "on vectors outside the span leading and tail coordinates cancel",
        same(m.X * m.head * m.outside, -m.X * m.tail * m.outside),
        Generic(),
    ),
    Step(
        "ratio",
        "so the leading part is not longer than the split ratio times the tail",
        at_most(_h, _rho * _T),
        Axiom("least-squares-norm", ("null",)),
        ("null",),
    ),
    Step("parts", "the risk's two parts", equal(v.delta_risk, _h**2 + m.tail_risk), Generic()),
    Step(
        "tail-risk",
        "the tail's is at most its largest eigenvalue",
        at_most(m.tail_risk, v.tail_eigenvalue * _T**2),
        Axiom("rayleigh", ("tail",)),
    ),
    Step(
        "head-risk",
        "the leading one by the split ratio",
        at_most(_h**2, _rho**2 * _T**2),
        Certificate((Part(_rho * _T + _h, ("ratio",)),)),
        ("ratio",),
    ),
    Step(
        "by-tail",
        "together",
        at_most(v.risk, _FACTOR * _T**2),
        Certificate((Part(_one, ("tail-risk",)), Part(_one, ("head-risk",)))),
        ("risk", "parts", "tail-risk", "head-risk"),
    ),
    Step(
        "pythagoras",
        "the squared length outside the span has two parts",
        equal(v.perp_delta_norm**2, _T**2 + m.bare_head_length**2),
        Generic(),
    ),
    Step(
        "tail-inside",
        "so the tail is not longer",
        at_most(_T**2, v.perp_delta_norm**2),
        Algebra(),
        ("pythagoras",),
    ),
    Step(
        "by-length",
        "the bound by the length outside the span",
        at_most(v.risk, _FACTOR * v.perp_delta_norm**2),
        Certificate((Part(_one, ("by-tail",)), Part(_FACTOR, ("tail-inside",)))),
        ("by-tail", "tail-inside"),
    ),
    meaning("white", "white-head"),
    Step(
        "head-pair",
        "the product of the leading parts, one of them whitened",
        same(m.outside.T * m.head * m.delta, (m.root * m.head * m.outside).T * m.white),
        Generic((Term("white", m.outside.T * m.head),)),
        ("white",),
    ),
    Step(
        "head-product",
        "is at most the product of the lengths",
        at_most(m.head_product, _h * _w),
        Axiom("cauchy-schwarz-vectors", ("head-pair", m.head_product, _h, _w)),
        ("head-pair",),
    ),
    Step(
        "tail-pair",
        "the product of the tails",
        same(m.outside.T * m.tail * m.delta, (m.tail * m.outside).T * (m.tail * m.delta)),
        Generic(),
    ),
    Step(
        "tail-product",
        "likewise",
        at_most(m.tail_product, _T * _tail),
        Axiom("cauchy-schwarz-vectors", ("tail-pair", m.tail_product, _T, _tail)),
        ("tail-pair",),
    ),
    Step(
        "products",
        "the squared length outside the span is the product with the difference",
        equal(v.perp_delta_norm**2, m.head_product + m.tail_product),
        Generic(),
    ),
    Step(
        "length",
        "so it is at most the tail's length times what the difference's parts give",
        at_most(v.perp_delta_norm**2, _T * _REACH),
        Certificate((Part(_one, ("tail-product",)), Part(_one, ("head-product",)), Part(_w, ("ratio",)))),
        ("products", "tail-product", "head-product", "ratio"),
    ),
    Step(
        "reach",
        "and the tail's length is at most that",
        at_most(_T**2, _REACH**2),
        Certificate((Part((_REACH - _T) ** 2), Part(Integer(2), ("length",)), Part(Integer(2), ("tail-inside",)))),
        ("length", "tail-inside"),
    ),
    Step(
        "by-parts",
        "the bound by the parts of the difference",
        at_most(v.risk, _FACTOR * _REACH**2),
        Certificate((Part(_one, ("by-tail",)), Part(_FACTOR, ("reach",)))),
        ("by-tail", "reach"),
    ),
)

# -- with a probability: Gaussian extremes (A5b) ----------------------------------

_t, _l = v.deviation, v.tail_eigenvalue
_free = bounds.room(v.n, v.split, _t)
_BAR = bounds.split_ratio_bound(v.n, v.split, _t, _l, v.tail_trace)
_bar = Symbol("rho_bar", real=True)
_bar_factor, _bar_reach = bounds.factor(_l, _bar), bounds.reach(_tail, _bar, _w)
#: The slack of the split ratio, in squares that are positive whatever its bound is.
_squared = (Part((_bar - _rho) ** 2), Part(2 * _rho, ("ratio-bound",)))


def _times(factor: Expr, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(Part(factor * part.coefficient, part.ids) for part in parts)


EXTREMES = (
    *SPLIT,
    meaning("quotient", "split-ratio"),
    Step(
        "low-mean",
        "the mean of the leading coordinates' smallest singular value",
        Statement(E(split.low_head), ">=", sqrt(v.n) - sqrt(v.split)),
        Axiom("gordon-smallest"),
    ),
    Step(
        "low",
        "which it falls short of by more than t with probability exp(-t^2/2)",
        Statement(split.low_head, ">=", E(split.low_head) - _t),
        Axiom("gaussian-concentration", (split.low_head,)),
    ),
    Step(
        "top-mean",
        "the mean of the tail's largest singular value",
        Statement(E(split.top_tail), "<=", sqrt(v.n * _l) + sqrt(v.tail_trace)),
        Axiom("chevet"),
    ),
    Step(
        "top",
        "which it exceeds by more than t of its Lipschitz constant as rarely",
        Statement(split.top_tail, "<=", E(split.top_tail) + _t * sqrt(_l)),
        Axiom("gaussian-concentration", (split.top_tail,)),
    ),
    Step("bar", "the bound of the split ratio", equal(_bar, _BAR), Let()),
    Step(
        "ratio-bound",
        "that both give",
        at_most(_rho, _bar),
        Certificate(
            (
                Part(1 / _free, ("top",)),
                Part(1 / _free, ("top-mean",)),
                Part(-1 / _free, ("quotient",)),
                Part(_rho / _free, ("low",)),
                Part(_rho / _free, ("low-mean",)),
            )
        ),
        ("bar", "quotient", "low", "low-mean", "top", "top-mean"),
    ),
    Step(
        "length-bound",
        "in the bound by the length outside the span",
        at_most(v.risk, _bar_factor * v.perp_delta_norm**2),
        Certificate((Part(_one, ("by-length",)), *_times(v.perp_delta_norm**2, _squared))),
        ("by-length", "ratio-bound"),
    ),
    Step(
        "parts-bound",
        "and in the bound by the parts of the difference",
        at_most(v.risk, _bar_factor * _bar_reach**2),
        Certificate(
            (
                Part(_one, ("by-parts",)),
                *_times(_REACH**2, _squared),
                Part(_bar_factor * _w**2 * (_bar - _rho) ** 2),
                Part(_bar_factor * 2 * _REACH * _w, ("ratio-bound",)),
            )
        ),
        ("by-parts", "ratio-bound"),
    ),
    Step(
        "by-length-written",
        "written out",
        at_most(v.risk, bounds.factor(_l, _BAR) * v.perp_delta_norm**2),
        Certificate((Part(_one, ("length-bound",)),)),
        ("bar", "length-bound"),
    ),
    Step(
        "by-parts-written",
        "written out",
        at_most(v.risk, bounds.factor(_l, _BAR) * bounds.reach(_tail, _BAR, _w) ** 2),
        Certificate((Part(_one, ("parts-bound",)),)),
        ("bar", "parts-bound"),
    ),
)

# -- the risk as a form of the sampling error ---------------------------------------

CENTRED = (
    *RISK,
    Step(
        "centred",
        "outside the span the empirical covariance vanishes, so it may be subtracted",
        equal(v.risk, v.centred_delta_risk),
        Generic(),
        ("endpoint",),
    ),
)
