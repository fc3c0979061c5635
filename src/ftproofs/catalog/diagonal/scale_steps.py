"""The scale after pretraining, under each re-initialisation protocol (handbook 4.1, 4.2)."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Rational, cosh, sinh, sqrt

from ftproofs.catalog.diagonal.conservation_steps import LAYERS, STARTS, conserved, words
from ftproofs.catalog.linear.endpoint_steps import meaning
from ftproofs.claim import Step
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic.finetuning import start_after
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.methods import Algebra, Certificate, Monotone, Part
from ftproofs.symbolic.penalty import hypot
from ftproofs.symbolic.trajectory import end_time, t
from ftproofs.symbolic.vocabulary import equal, v

_s, _c, _b = f.phase(end_time), v.c, v.beta_pt


def _turned(w: Any, v_: Any, sign: int) -> Any:
    """``w cosh s - v sinh s`` of a branch with the phase s (or -s): the first layer, turned back to the start."""
    return lambda at: w(at) * cosh(f.phase(at)) - sign * v_(at) * sinh(f.phase(at))


def _solved(id: str, says: str, w: Any, v_: Any, sign: int, back: str, other: str) -> Step:
    """w at the end from the two turned quantities: cosh^2 - sinh^2 = 1."""
    start, readout = w(f.zero), v_(f.zero)
    return Step(
        id,
        says,
        equal(w(end_time), start * cosh(_s) + sign * readout * sinh(_s)),
        Certificate((Part(cosh(_s), (back,)), Part(sign * sinh(_s), (other,)))),
        (back, other, "phase-start"),
    )


_PLUS, _MINUS = (f.w_plus, f.v_plus), (f.w_minus, f.v_minus)

#: Both first layers at the end of pretraining, and the coefficient, by the phase.
PRETRAINED = (
    *words("pretrain", *LAYERS, "phase", "phase-start"),
    *conserved("turned-w-plus", "w_+ cosh s - v_+ sinh s does not change", _turned(*_PLUS, 1), (*LAYERS, "phase")),
    *conserved("turned-v-plus", "nor v_+ cosh s - w_+ sinh s", _turned(*_PLUS[::-1], 1), (*LAYERS, "phase")),
    *conserved("turned-w-minus", "nor w_- cosh s + v_- sinh s", _turned(*_MINUS, -1), (*LAYERS, "phase")),
    *conserved("turned-v-minus", "nor v_- cosh s + w_- sinh s", _turned(*_MINUS[::-1], -1), (*LAYERS, "phase")),
    _solved("w-plus-end", "so w_+ = w_0 cosh s + v_0 sinh s", *_PLUS, 1, "turned-w-plus-kept", "turned-v-plus-kept"),
    _solved("v-plus-end", "v_+ = v_0 cosh s + w_0 sinh s", *_PLUS[::-1], 1, "turned-v-plus-kept", "turned-w-plus-kept"),
    _solved("w-minus-end", "w_- with -s", *_MINUS, -1, "turned-w-minus-kept", "turned-v-minus-kept"),
    _solved("v-minus-end", "and v_-", *_MINUS[::-1], -1, "turned-v-minus-kept", "turned-w-minus-kept"),
    *words("pretrain", *STARTS, "predictor", "pretrained"),
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
        "coefficient-by-phase",
        "b = c sinh 2s",
        equal(_b, _c * sinh(2 * _s)),
        Algebra(),
        ("pretrained", "predictor-end", "w-plus-end", "v-plus-end", "w-minus-end", "v-minus-end", *STARTS),
    ),
    Step(
        "squares",
        "(c cosh 2s)^2 = c^2 + b^2",
        equal((_c * cosh(2 * _s)) ** 2, _c**2 + _b**2),
        Algebra(),
        ("coefficient-by-phase",),
    ),
    Step(
        "root",
        "so c cosh 2s = H",
        equal(_c * cosh(2 * _s), sqrt(_c**2 + _b**2)),
        Monotone("squares", power=Rational(1, 2)),
        ("squares",),
    ),
)
_ENDS = ("w-plus-end", "w-minus-end", "v-plus-end", "v-minus-end", *STARTS)
_sum2 = (f.w_plus(end_time) + f.w_minus(end_time)) ** 2
_sumsq = f.w_plus(end_time) ** 2 + f.w_minus(end_time) ** 2
_size = hypot(_c, _b)

_SUM = Step(
    "sum-squared",
    "(w_+ + w_-)^2 = (1 + r)(c + H)",
    equal(_sum2, (1 + v.r) * (_c + _size)),
    Certificate((Part(1 + v.r, ("root",)),)),
    ("root", *_ENDS),
)
_SQUARES = Step(
    "sum-of-squares",
    "w_+^2 + w_-^2 = H + r c",
    equal(_sumsq, _size + v.r * _c),
    Certificate((Part(1, ("root",)),)),
    ("root", *_ENDS),
)


def _conclusion(letter: str, factor: Expr, of: str) -> tuple[Step, ...]:
    return (
        *words("reinit", letter),
        Step(
            "scale",
            "the scale that is left",
            equal(v.c_ft, f.SCALES[letter]),
            Certificate((Part(1, (letter,)), Part(v.rescale**2 * factor, (of,)))),
            (letter, of),
        ),
    )


SUM = (*PRETRAINED, _SUM, *_conclusion("S", Rational(1), "sum-squared"))
MEAN = (*PRETRAINED, _SUM, *_conclusion("M", Rational(1, 4), "sum-squared"))
RMS = (*PRETRAINED, _SQUARES, *_conclusion("R", Rational(1, 2), "sum-of-squares"))

# -- layers kept (N) ----------------------------------------------------------------

_grown, _H = _c * cosh(2 * _s), sqrt(_c**2 + _b**2)
_half_angle = sqrt((_c + _H) / (2 * _c))


def _product(size: Expr) -> Expr:
    """alpha^2 w_+ w_- + reinit^2 with H = size."""
    return v.rescale**2 * (_c + v.r * size) / 2 + v.reinit**2


_spread = v.rescale**4 * (1 - v.r) * (1 + v.r) * _b**2 / 4

KEPT = (
    *PRETRAINED,
    *words("reinit", "N"),
    Step(
        "scale-by-phase",
        "c_ft^2 by the phase",
        equal(v.c_ft**2, _product(_grown) ** 2 + _spread),
        Algebra(),
        ("N", "coefficient-by-phase", *_ENDS),
    ),
    Step(
        "scale-squared",
        "and by H",
        equal(v.c_ft**2, f.SCALES["N"] ** 2),
        Certificate(
            (
                Part(1, ("scale-by-phase",)),
                Part(v.rescale**2 * v.r / 2 * (_product(_grown) + _product(_H)), ("root",)),
            )
        ),
        ("scale-by-phase", "root"),
    ),
    Step(
        "scale",
        "the scale that is left",
        equal(v.c_ft, f.SCALES["N"]),
        Monotone("scale-squared", power=Rational(1, 2)),
        ("scale-squared",),
    ),
    meaning("restart", "restart-N"),
    Step(
        "half-angle-squared",
        "cosh(s)^2 = (c + H)/(2 c)",
        equal(cosh(_s) ** 2, (_c + _H) / (2 * _c)),
        Certificate((Part(1 / (2 * _c), ("root",)),)),
        ("root",),
    ),
    Step(
        "half-angle",
        "and cosh s is positive",
        equal(cosh(_s), _half_angle),
        Monotone("half-angle-squared", power=Rational(1, 2)),
        ("half-angle-squared",),
    ),
    Step(
        "half-sinh",
        "b = 2 c sinh s cosh s gives sinh s",
        equal(sinh(_s), _b / (2 * _c * _half_angle)),
        Certificate(
            (
                Part(-1 / (2 * _c * _half_angle), ("coefficient-by-phase",)),
                Part(-sinh(_s) / _half_angle, ("half-angle",)),
            )
        ),
        ("coefficient-by-phase", "half-angle"),
    ),
    Step(
        "start",
        "where fine-tuning starts",
        equal(v.beta_start, start_after("N", _c, v.r, _b, v.reinit, v.rescale)),
        Certificate(
            (
                Part(1, ("restart",)),
                Part(2 * v.rescale * v.reinit * f.v_start, ("half-sinh",)),
            )
        ),
        ("restart", "half-sinh", *_ENDS),
    ),
)
