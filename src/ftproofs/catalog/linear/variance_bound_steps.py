"""The steps to a bound on the fitted noise's risk (handbook A5e).

For any labels z let p be the vector that the tail's Gram matrix A takes to the image of z:
what the leading coordinates fit of it.  Then p'z exceeds p'A p, which bounds the image by
the condition of A alone.
"""

from __future__ import annotations

from sympy import Expr, Integer, Max, Symbol, sqrt

from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import bounds, split
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part
from ftproofs.symbolic.vocabulary import at_most, equal, greater, v

_one, _two = Integer(1), Integer(2)
_n, _k, _t, _l = v.n, v.split, v.deviation, v.tail_eigenvalue
_lh, _tt, _lt, _ti = split.low_head, split.top_tail, split.low_tail, split.top_inverse
_z, _p, _image, _lead, _bare = (
    m.probe_length,
    m.solution_length,
    m.image_length,
    m.lead_length,
    m.bare_lead_length,
)
_pz, _pa = m.probe_product, m.solution_product

# -- every draw -------------------------------------------------------------------

_LEADING = (
    meaning("solution", "tail-solution"),
    Step(
        "excess",
        "the solution's product with z exceeds that with the image by a square",
        equal(_pz - _pa, _bare**2),
        Generic((Term("solution", (m.Xp.T * m.Xp * m.probe).T),)),
        ("solution",),
    ),
    Step(
        "order",
        "so it is not smaller",
        at_most(_pa, _pz),
        Certificate((Part(_bare**2), Part(_one, ("excess",)))),
        ("excess",),
    ),
    Step("schwarz", "by Cauchy and Schwarz", at_most(_pz, _p * _z), Axiom("cauchy-schwarz-vectors", ("", _pz, _p, _z))),
    Step(
        "largest",
        "the image is not long where the solution's product with it is small",
        at_most(_image**2, _tt**2 * _pa),
        Axiom("gram-spectrum", ("solution", "largest")),
        ("solution",),
    ),
    Step(
        "smallest",
        "nor the solution where the image is short",
        at_most(_lt**2 * _p, _image),
        Axiom("gram-spectrum", ("solution", "smallest")),
        ("solution",),
    ),
    Step(
        "chain",
        "together",
        at_most(_lt**2 * _image**2, _tt**2 * _z * _image),
        Certificate(
            (
                Part(_lt**2, ("largest",)),
                Part(_tt**2 * _lt**2, ("order",)),
                Part(_tt**2 * _lt**2, ("schwarz",)),
                Part(_tt**2 * _z, ("smallest",)),
            )
        ),
        ("largest", "order", "schwarz", "smallest"),
    ),
    Step(
        "image",
        "so the image is at most the tail's squared condition times as long as z",
        at_most(_lt**4 * _image**2, _tt**4 * _z**2),
        Certificate((Part((_tt**2 * _z - _lt**2 * _image) ** 2), Part(2 * _lt**2, ("chain",)))),
        ("chain",),
    ),
    Step(
        "lead-image",
        "and the leading part of the fit is not longer than the image allows",
        at_most(_lh * _lead, _image),
        Axiom("smallest-image"),
    ),
    Step(
        "lead",
        "so is the leading part of what z is fitted by",
        at_most(_lh**2 * _lt**4 * _lead**2, _tt**4 * _z**2),
        Certificate((Part(_lt**4 * (_image + _lh * _lead), ("lead-image",)), Part(_one, ("image",)))),
        ("lead-image", "image"),
    ),
    Step(
        "head-share",
        "for every z: the leading directions' share of the trace",
        at_most(_lh**2 * _lt**4 * m.head_share, _k * _tt**4),
        Axiom("frobenius-rank", ("lead",)),
        ("lead",),
    ),
)

_TAIL = (
    Step(
        "sandwich",
        "the tail's share as a product with the inverse Gram matrix on both sides",
        same(
            m.READINGS[m.tail_share].matrix,
            m.Xp.T * m.Xp * m.READINGS[m.tail_energy].matrix * (m.Xp.T * m.Xp),
        ),
        Generic(),
    ),
    Step(
        "tail-share",
        "so it is at most the tail's energy times the inverse's squared size",
        at_most(m.tail_share, _ti**2 * m.tail_energy),
        Axiom("trace-product", ("sandwich",)),
        ("sandwich",),
    ),
    Step(
        "gram",
        "the Gram matrix is that of the leading coordinates plus the tail's",
        same(m.X * m.X.T, m.X * m.head * m.X.T + m.tail_gram),
        Generic(),
    ),
    Step(
        "inverse",
        "so its inverse is at most the tail's",
        at_most(_ti * _lt**2, _one),
        Axiom("inverse-order", ("gram",)),
        ("gram",),
    ),
    Step(
        "shares",
        "the noise trace's two parts",
        equal(v.noise_trace, m.head_share + m.tail_share),
        Generic(),
    ),
)

# -- with a probability -----------------------------------------------------------

_free, _wide, _low, _high, _energy = (
    Symbol(name, real=True) for name in ("low_head_bar", "top_head_bar", "low_tail_bar", "top_tail_bar", "energy_bar")
)
_FREE = bounds.room(_n, _k, _t)
_WIDE = sqrt(_n) + sqrt(_k) + _t
_LOW = bounds.tail_bottom(_n, _t, _l, v.tail_trace)
_HIGH = bounds.tail_top(_n, _t, _l, v.tail_trace)
_ENERGY = bounds.tail_energy(_n, _t, _l, v.tail_square, v.tail_fourth)
_POSITIVE = ("low-positive", "free-positive")


def _extreme(
    id: str, says: str, mean: Statement, axiom: str, sign: int, bar: Symbol, written: Expr
) -> tuple[Step, ...]:
    """An extreme's mean, its deviation, and the bound both give."""
    name = mean.lhs.args[0]
    spread = _one if name == _lh else sqrt(_l)
    near = Statement(name, ">=" if sign < 0 else "<=", E(name) + sign * _t * spread)
    bound = Statement(name, ">=" if sign < 0 else "<=", bar)
    return (
        Step(f"{id}-mean", f"the mean of {says}", mean, Axiom(axiom)),
        Step(
            f"{id}-near",
            "with probability exp(-t^2/2) it misses that by more",
            near,
            Axiom("gaussian-concentration", (name,)),
        ),
        Step(f"{id}-bar", "the bound", equal(bar, written), Let()),
        Step(
            f"{id}-bound",
            "that both give",
            bound,
            Certificate((Part(_one, (f"{id}-mean",)), Part(_one, (f"{id}-near",)))),
            (f"{id}-bar", f"{id}-mean", f"{id}-near"),
        ),
    )


_EXTREMES = (
    *_extreme(
        "head",
        "the whitened leading coordinates' smallest singular value",
        Statement(E(_lh), ">=", sqrt(_n) - sqrt(_k)),
        "gordon-smallest",
        -1,
        _free,
        _FREE,
    ),
    *_extreme(
        "tail",
        "the tail's largest singular value",
        Statement(E(_tt), "<=", sqrt(_n * _l) + sqrt(v.tail_trace)),
        "chevet",
        1,
        _high,
        _HIGH,
    ),
    *_extreme(
        "bottom",
        "its smallest one",
        Statement(E(_lt), ">=", sqrt(Max(v.tail_trace - _l, 0)) - sqrt(_n * _l)),
        "gordon-tail",
        -1,
        _low,
        _LOW,
    ),
    Step(
        "energy-near",
        "the tail's energy is rarely far above its mean",
        at_most(m.tail_energy, _ENERGY),
        Axiom("laurent-massart"),
    ),
    Step("energy-bar", "its bound", equal(_energy, _ENERGY), Let()),
    Step(
        "energy",
        "in a letter",
        Statement(m.tail_energy, "<=", _energy),
        Certificate((Part(_one, ("energy-near",)),)),
        ("energy-bar", "energy-near"),
    ),
    meaning("tail-one", "spiked-tail"),
    meaning("tail-count", "spiked-trace"),
    Step(
        "low-positive",
        "the tail is wide enough",
        greater(_low, 0),
        Algebra(),
        ("bottom-bar", "tail-one", "tail-count"),
    ),
    Step("free-positive", "and there are enough samples", greater(_free, 0), Algebra(), ("head-bar",)),
    Step("wide-bar", "sqrt(n) + sqrt(k) + t", equal(_wide, _WIDE), Let()),
    Step(
        "wide-bound",
        "is not smaller than what the leading coordinates have",
        Statement(_free, "<=", _wide),
        Certificate((Part(2 * sqrt(_k) + 2 * _t),)),
        ("wide-bar", "head-bar"),
    ),
)

_SQUARES = (
    Step(
        "high-square",
        "squared",
        at_most(_tt**2, _high**2),
        Certificate((Part((_high - _tt) ** 2), Part(2 * _tt, ("tail-bound",)))),
        ("tail-bound",),
    ),
    Step(
        "high-fourth",
        "and squared again",
        at_most(_tt**4, _high**4),
        Certificate((Part((_high**2 - _tt**2) ** 2), Part(2 * _tt**2, ("high-square",)))),
        ("high-square",),
    ),
    Step(
        "low-square",
        "squared",
        at_most(_low**2, _lt**2),
        Certificate((Part(_lt + _low, ("bottom-bound",)),)),
        ("bottom-bound", "low-positive"),
    ),
    Step(
        "low-fourth",
        "and squared again",
        at_most(_low**4, _lt**4),
        Certificate((Part(_lt**2 + _low**2, ("low-square",)),)),
        ("low-square",),
    ),
    Step(
        "free-square",
        "squared",
        at_most(_free**2, _lh**2),
        Certificate((Part(_lh + _free, ("head-bound",)),)),
        ("head-bound", "free-positive"),
    ),
)

_LEADING_BOUND = _k * (_high / _low) ** 4 * _wide**2 / _free**4
_TAIL_BOUND = _energy / _low**4

_TOGETHER = (
    Step(
        "leading-product",
        "in the leading directions' share",
        at_most(_free**2 * _low**4 * m.head_share, _k * _high**4),
        Certificate(
            (
                Part(_k, ("high-fourth",)),
                Part(_one, ("head-share",)),
                Part(m.head_share * _lt**4, ("free-square",)),
                Part(m.head_share * _free**2, ("low-fourth",)),
            )
        ),
        ("high-fourth", "head-share", "free-square", "low-fourth"),
    ),
    Step(
        "leading-tight",
        "divided",
        at_most(m.head_share, _k * _high**4 / (_free**2 * _low**4)),
        Certificate((Part(1 / (_free**2 * _low**4), ("leading-product",)),)),
        ("leading-product", *_POSITIVE),
    ),
    Step(
        "leading",
        "and with a factor of at least 1",
        at_most(m.head_share, _LEADING_BOUND),
        Certificate(
            (
                Part(_one, ("leading-tight",)),
                Part(_k * _high**4 / (_low**4 * _free**4) * (_wide - _free) ** 2),
                Part(2 * _k * _high**4 / (_low**4 * _free**3), ("wide-bound",)),
            )
        ),
        ("leading-tight", "wide-bound", *_POSITIVE),
    ),
    Step(
        "inverse-low",
        "the inverse by the bound",
        at_most(_ti * _low**2, _one),
        Certificate((Part(_one, ("inverse",)), Part(_ti, ("low-square",)))),
        ("inverse", "low-square"),
    ),
    Step(
        "inverse-square",
        "squared",
        at_most(_ti**2 * _low**4, _one),
        Certificate((Part((1 - _ti * _low**2) ** 2), Part(2 * _ti * _low**2, ("inverse-low",)))),
        ("inverse-low",),
    ),
    Step(
        "tail-bounded",
        "the tail's share",
        at_most(m.tail_share, _TAIL_BOUND),
        Certificate(
            (
                Part(_one, ("tail-share",)),
                Part(m.tail_energy / _low**4, ("inverse-square",)),
                Part(1 / _low**4, ("energy",)),
            )
        ),
        ("tail-share", "inverse-square", "energy", "low-positive"),
    ),
    Step(
        "sum",
        "both shares",
        at_most(v.noise_trace, _LEADING_BOUND + _TAIL_BOUND),
        Certificate((Part(_one, ("leading",)), Part(_one, ("tail-bounded",)))),
        ("shares", "leading", "tail-bounded", *_POSITIVE),
    ),
    Step(
        "written",
        "written out",
        at_most(v.noise_trace, bounds.variance_bound(_n, _k, _t, _l, v.tail_trace, v.tail_square, v.tail_fourth)),
        Certificate((Part(_one, ("sum",)),)),
        ("sum", "head-bar", "tail-bar", "bottom-bar", "energy-bar", "wide-bar"),
    ),
)

VARIANCE = (*_LEADING, *_TAIL, *_EXTREMES, *_SQUARES, *_TOGETHER)
