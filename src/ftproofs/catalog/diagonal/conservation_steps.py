"""What a diagonal network conserves: by its flow exactly, by its steps up to a known factor (handbook 1.1-1.3)."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Expr, Rational, exp, sinh

from ftproofs.catalog.linear.endpoint_steps import meaning
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.growth import Recursion, SameGrowth
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.trajectory import end_time, step_number, t
from ftproofs.symbolic.vocabulary import equal, v

zero, k, T = f.zero, step_number, f.T
LAYERS = ("w-plus", "v-plus", "w-minus", "v-minus")
STARTS = tuple(f"start-{name}" for name in LAYERS)
_STEPS = tuple(f"step-{name}" for name in LAYERS)


def words(prefix: str, *names: str) -> tuple[Step, ...]:
    """Steps that start from these words of the experiment, under their short names."""
    return tuple(meaning(name, f"{prefix}-{name}") for name in names)


def conserved(id: str, says: str, quantity: Any, given: tuple[str, ...]) -> tuple[Step, ...]:
    """A quantity does not change, and so is at the end what it was at the start."""
    now, start, end = (quantity(at) for at in (t, zero, end_time))
    return (
        Step(f"{id}-flow", says, equal(Derivative(now, t), zero), Differentiate(), given),
        Step(
            f"{id}-constant",
            "for all time",
            equal(now, start),
            Axiom("constant-of-motion", (f"{id}-flow",)),
            (f"{id}-flow",),
        ),
        Step(
            f"{id}-kept",
            "so at the end it is what it was",
            equal(end, start),
            Instance(f"{id}-constant", ((t, end_time),)),
            (f"{id}-constant",),
        ),
    )


# -- the flow ---------------------------------------------------------------------

CONSERVATION = (
    *words("diagonal", *LAYERS, "w-branch", "v-branch"),
    *conserved("scale", "w_+ w_- + v_+ v_- does not change", f.bilinear, LAYERS),
    *conserved("branch", "nor does w^2 - v^2 of either branch", f.difference, ("w-branch", "v-branch")),
    *words("diagonal", *STARTS, "start-w-branch", "start-v-branch", "scale-end", "difference-end"),
    Step(
        "same-scale",
        "so the scale stays c",
        equal(f.scale_end, v.c),
        Certificate((Part(1, ("scale-end",)), Part(1, ("scale-kept",)))),
        ("scale-end", "scale-kept", *STARTS),
    ),
    Step(
        "same-difference",
        "and the difference r c",
        equal(f.difference_end, v.r * v.c),
        Certificate((Part(1, ("difference-end",)), Part(1, ("branch-kept",)))),
        ("difference-end", "branch-kept", "start-w-branch", "start-v-branch"),
    ),
    *words("diagonal", "c-drift", "r-drift"),
    Step("no-c-drift", "c does not drift", equal(v.c_drift, 0), Algebra(), ("c-drift", "same-scale")),
    Step(
        "no-r-drift",
        "nor does r",
        equal(v.r_drift, 0),
        Algebra(),
        ("r-drift", "same-scale", "same-difference"),
    ),
)

#: Polynomial relations between the four quantities and the predictor.
IDENTITIES = (
    Step(
        "relation",
        "one relation ties the four quantities",
        equal(f.bilinear(t) ** 2 - f.crossed(t) ** 2, f.plus_difference(t) * f.minus_difference(t)),
        Algebra(),
    ),
    Step(
        "speed",
        "the squared norm of a coordinate's weights is 2 sqrt(c_eff^2 + beta^2)",
        equal(
            f.squared_norm(t) ** 2,
            f.total_branch(t) * f.opposite_branch(t)
            + 4 * (f.w_plus(t) * f.v_plus(t) - f.w_minus(t) * f.v_minus(t)) ** 2,
        ),
        Algebra(),
    ),
    Step(
        "general-scale",
        "4 c_eff^2 = A B, by the conserved quantities",
        equal(
            f.total_branch(t) * f.opposite_branch(t),
            4 * f.bilinear(t) ** 2 + (f.plus_difference(t) - f.minus_difference(t)) ** 2,
        ),
        Algebra(),
    ),
)

# -- steps ----------------------------------------------------------------------

_FACTORS: dict[str, tuple[str, Expr, Any]] = {
    "kept": ("is multiplied by 1 - e^2", 1 - f.kick(k) ** 2, f.kept),
    "grown": ("is multiplied by (1 + e)^2", (1 + f.kick(k)) ** 2, f.grown),
    "shrunk": ("is multiplied by (1 - e)^2", (1 - f.kick(k)) ** 2, f.shrunk),
}


def _law(id: str, says: str, quantity: Any, product: str) -> tuple[Step, ...]:
    how, factor, function = _FACTORS[product]
    return (
        Step(
            f"{id}-step",
            f"{says} {how} by a step",
            equal(quantity(k + 1), factor * quantity(k)),
            Recursion(_STEPS),
            _STEPS,
        ),
        Step(
            f"{id}-law",
            "and by T steps by the product",
            Statement(quantity(T), "==", function(T) * quantity(zero)),
            SameGrowth(f"{id}-step", product, f"{product}-start"),
            (f"{id}-step", product, f"{product}-start"),
        ),
    )


def _quotient(id: str, says: str, name: Any, other: Any, size: Expr, law: str, ratio: str, product: str) -> Step:
    """name = quantity(T)/quantity(0) and other = product(T), so they are equal."""
    parts = (Part(1, (ratio,)), Part(-1, (product,)), Part(1 / size, (law,)))
    return Step(id, says, equal(name, other), Certificate(parts), (ratio, product, law, *STARTS))


_INVARIANTS = {"bilinear": f.bilinear, "crossed": f.crossed, "plus": f.plus_difference, "minus": f.minus_difference}

_DESCENT = (
    *words("diagonal", *_STEPS, "kept", "grown", "shrunk", "kept-start", "grown-start", "shrunk-start"),
    *_law("bilinear", "w_+ w_- + v_+ v_-", f.bilinear, "kept"),
    *_law("crossed", "w_+ v_- + v_+ w_-", f.crossed, "kept"),
    *_law("plus", "w_+^2 - v_+^2", f.plus_difference, "kept"),
    *_law("minus", "w_-^2 - v_-^2", f.minus_difference, "kept"),
    *_law("total", "(w_+ + v_+)^2 + (w_- - v_-)^2", f.total_branch, "grown"),
    *_law("opposite", "(w_+ - v_+)^2 + (w_- + v_-)^2", f.opposite_branch, "shrunk"),
)

DISCRETE = (
    *_DESCENT,
    *words("diagonal", *STARTS, "drift-product", "sum-product", "difference-product"),
    *words("diagonal", "step-c-ratio", "step-sum-ratio", "step-difference-ratio", "drift-gap"),
    _quotient(
        "c-law",
        "c is multiplied by the product of 1 - e^2",
        *(v.c_ratio, v.drift_product, v.c, "bilinear-law", "step-c-ratio", "drift-product"),
    ),
    _quotient(
        "sum-law",
        "A by that of (1 + e)^2",
        *(v.sum_ratio, v.sum_product, 2 * v.c, "total-law", "step-sum-ratio", "sum-product"),
    ),
    _quotient(
        "difference-law",
        "B by that of (1 - e)^2",
        *(v.difference_ratio, v.difference_product, 2 * v.c),
        *("opposite-law", "step-difference-ratio", "difference-product"),
    ),
    Step(
        "all-four",
        "and all four quantities by that of 1 - e^2",
        equal(v.drift_gap, 0),
        Certificate(
            (
                Part(1, ("drift-gap",)),
                *(Part(sign / f.size_start, (f"{id}-law",)) for sign, id in zip(f.signs, _INVARIANTS, strict=True)),
            )
        ),
        ("drift-gap", *(f"{id}-law" for id in _INVARIANTS)),
    ),
)

# -- trajectory -------------------------------------------------------------------


def _branch(which: int) -> Any:
    return f.total_branch if which > 0 else f.opposite_branch


def _scaled(which: int) -> Any:
    return lambda at: _branch(which)(at) * exp(-2 * which * f.phase(at))


def _grows(id: str, name: str, which: int) -> tuple[Step, ...]:
    """A or B at the end, by the phase."""
    return (
        *conserved(id, f"{name} exp({-2 * which} s) does not change", _scaled(which), (*LAYERS, "phase")),
        Step(
            f"{id}-end",
            f"so {name} is multiplied by exp({2 * which} s)",
            equal(_branch(which)(end_time), _branch(which)(zero) * exp(2 * which * v.phase)),
            Certificate((Part(exp(2 * which * v.phase), (f"{id}-kept",)),)),
            (f"{id}-kept", "phase-start", "phase-end"),
        ),
    )


_PHASES = (
    *words("diagonal", *LAYERS, "phase", "phase-start", "phase-end"),
    *_grows("total", "A", 1),
    *_grows("opposite", "B", -1),
)

TRAJECTORY = (
    *_PHASES,
    *words("diagonal", *STARTS, "sum-ratio", "difference-ratio"),
    *(
        Step(
            f"{ratio}-law",
            says,
            equal(name, exp(power * v.phase)),
            Certificate((Part(1, (ratio,)), Part(1 / (2 * v.c), (law,)))),
            (ratio, law, *STARTS),
        )
        for ratio, name, power, law, says in (
            ("sum-ratio", v.sum_ratio, 2, "total-end", "A grows by exp(2 s)"),
            ("difference-ratio", v.difference_ratio, -2, "opposite-end", "and B falls by it"),
        )
    ),
    *words("diagonal", "predictor", "beta-end"),
    Step(
        "predictor-end",
        "the coefficient at the end",
        equal(
            f.coefficient(end_time),
            f.w_plus(end_time) * f.v_plus(end_time) - f.w_minus(end_time) * f.v_minus(end_time),
        ),
        Instance("predictor", ((t, end_time),)),
        ("predictor",),
    ),
    Step(
        "sinh",
        "beta = (A - B)/4 = c sinh(2 s)",
        equal(v.beta_end, v.c * sinh(2 * v.phase)),
        Certificate(
            (
                Part(1, ("beta-end",)),
                Part(1, ("predictor-end",)),
                Part(Rational(1, 4), ("total-end",)),
                Part(Rational(-1, 4), ("opposite-end",)),
            )
        ),
        ("beta-end", "predictor-end", "total-end", "opposite-end", *STARTS),
    ),
)
