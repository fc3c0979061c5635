"""The steps to bounds on the risk by a null space that escapes a set (handbook A5c, A5d)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from sympy import Add, Expr, Integer

from ftproofs.catalog.linear.endpoint_steps import RISK, meaning
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import bounds, split
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.spectrum import eigenvalues, total
from ftproofs.symbolic.vocabulary import at_most, v

_one = Integer(1)

_g, _u, _q = split.normal, split.point, split.radius
_width = split.width(_q) ** 2
_height = split.product() ** 2
_GAP = bounds.escape_gap(v.n, v.deviation)
_TRACE = bounds.trace_factor(v.n, v.deviation, v.n * v.kappa_bound)


def _lagrange(weights: Sequence[Expr]) -> tuple[Part, ...]:
    """What Cauchy and Schwarz's inequality leaves for ``g'u = (sqrt(c) g)'(u/sqrt(c))``: squares."""
    pairs = combinations(zip(weights, _g, _u, strict=True), 2)
    return tuple(Part((c * g * y - e * h * x) ** 2 / (c * e)) for (c, g, x), (e, h, y) in pairs)


def _schwarz(weights: Sequence[Expr]) -> Step:
    squares = Add(*(c * g**2 for c, g in zip(weights, _g, strict=True)))
    inverse = Add(*(u**2 / c for c, u in zip(weights, _u, strict=True)))
    return Step(
        "schwarz",
        "the squared product of a normal vector with u, by Cauchy and Schwarz",
        Statement(_height, "<=", squares * inverse),
        Certificate(_lagrange(weights)),
    )


def _escape(bound: Expr, solves: Step) -> tuple[Step, ...]:
    return (
        solves,
        Step(
            "escape",
            "so the whitened null space misses the ellipsoid of that radius",
            Statement(split.null_form, ">=", 1 / bound),
            Axiom("gordon-escape", ("width", bound, solves.id)),
            ("width", solves.id),
        ),
        meaning("direction", "worst-direction"),
        Step(
            "worst-bound",
            "and no direction outside the span has a risk above the bound",
            at_most(v.worst_perp_risk, bound),
            Certificate((Part(bound * v.worst_perp_risk, ("escape",)), Part(-bound, ("direction",)))),
            ("escape", "direction"),
        ),
        Step(
            "worst",
            "the risk is at most that of the worst direction",
            at_most(v.delta_risk, v.worst_perp_risk * v.perp_delta_norm**2),
            Axiom("rayleigh", ("outside",)),
        ),
        Step(
            "bound",
            "whatever source and target are",
            at_most(v.risk, bound * v.perp_delta_norm**2),
            Certificate((Part(_one, ("worst",)), Part(v.perp_delta_norm**2, ("worst-bound",)))),
            ("risk", "worst", "worst-bound"),
        ),
    )


_trace = total(lambda l: l)
_squares = total(lambda l, g: l * g**2, _g)

TRACE = (
    *RISK,
    meaning("set", "escape-set"),
    _schwarz(eigenvalues),
    Step(
        "height",
        "in the ellipsoid",
        Statement(_height, "<=", _squares / _q),
        Certificate((Part(_one, ("schwarz",)), Part(_squares, ("set",)))),
        ("schwarz", "set"),
    ),
    Step(
        "width",
        "so the width's square is at most the trace over the squared radius",
        Statement(_width, "<=", _trace / _q),
        Axiom("gaussian-width", ("height",)),
        ("height",),
    ),
    meaning("trace", "covariance-trace"),
    *_escape(
        _TRACE,
        Step(
            "solves",
            "at the bound's radius that is (a_n - t)^2",
            Statement(_trace / _TRACE, "==", _GAP**2),
            Algebra(),
            ("trace",),
        ),
    ),
)

_m = split.shares
_shared = Add(*(c * g**2 for c, g in zip(_m, _g, strict=True)))
_unshared = Add(*(u**2 / c for c, u in zip(_m, _u, strict=True)))
_caps = tuple(f"share-{i}" for i in range(1, len(_m) + 1))

LOCALISED = (
    *RISK,
    meaning("unit", "escape-unit"),
    meaning("set", "escape-set"),
    *(meaning(f"share-{i}", f"share-{i}") for i in range(1, len(_m) + 1)),
    *(
        Step(
            f"cap-{i}",
            "a share is not far below 1 or the eigenvalue's",
            Statement(split.share_of(l, _q) * (1 + _q / l), ">=", Integer(1)),
            Algebra(),
        )
        for i, l in enumerate(eigenvalues, 1)
    ),
    *(
        Step(
            f"room-{i}",
            "so",
            Statement(c * (1 + _q / l), ">=", Integer(1)),
            Certificate((Part(_one, (f"cap-{i}",)),)),
            (f"share-{i}", f"cap-{i}"),
        )
        for i, (c, l) in enumerate(zip(_m, eigenvalues, strict=True), 1)
    ),
    Step(
        "inside",
        "a unit vector of the ellipsoid lies in twice the ellipsoid of the shares",
        Statement(_unshared, "<=", Integer(2)),
        Certificate(
            (
                *(Part(u**2 / c, (f"room-{i}",)) for i, (c, u) in enumerate(zip(_m, _u, strict=True), 1)),
                Part(_q, ("set",)),
                Part(-_one, ("unit",)),
            )
        ),
        ("unit", "set", *(f"room-{i}" for i in range(1, len(_m) + 1))),
    ),
    _schwarz(_m),
    Step(
        "height",
        "so",
        Statement(_height, "<=", 2 * _shared),
        Certificate((Part(_one, ("schwarz",)), Part(_shared, ("inside",)))),
        ("schwarz", "inside"),
    ),
    Step(
        "shared-width",
        "the width's square is at most twice the sum of the shares",
        Statement(_width, "<=", 2 * Add(*_m)),
        Axiom("gaussian-width", ("height",)),
        ("height",),
    ),
    Step(
        "width",
        "written out",
        Statement(_width, "<=", total(lambda l: 2 * split.share_of(l, _q))),
        Certificate((Part(_one, ("shared-width",)),)),
        ("shared-width", *_caps),
    ),
    *_escape(v.localised_bound, meaning("solves", "localised")),
)
