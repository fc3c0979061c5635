"""Enclosures: rigorous, exact where they can be, undefined where they must be."""

import random
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import arb, ctx
from reference_cases import REFERENCE, case, label
from sympy import Piecewise, Rational, S, cos, exp, log, oo, pi, sin, sqrt, symbols

from ftproofs.errors import UsageError
from ftproofs.symbolic import balls
from ftproofs.symbolic.balls import Undefined, enclose, evaluate
from ftproofs.symbolic.functions import isotropic_noise
from ftproofs.symbolic.reference import FORMULAS

x, y, z = symbols("x y z", real=True)


@pytest.mark.parametrize("entry", REFERENCE, ids=label)
def test_reference_values_to_25_digits(entry):
    formula, at = case(entry)
    assert [p.name for p in formula.parameters] == list(dict.fromkeys(p.name for p in formula.parameters))
    found = evaluate(formula.expr, at)
    value = Fraction(entry["value"])
    assert abs(Fraction(found.value) - value) <= abs(value) * Fraction(1, 10**25)
    assert Fraction(found.lower) <= Fraction(found.value) + Fraction(1, 10**28)
    assert Fraction(found.lower) <= Fraction(found.upper)
    assert Fraction(found.upper) - Fraction(found.lower) <= abs(value) * Fraction(1, 10**28)


def test_every_reference_formula_has_values():
    # The two others follow from these: sigma^2/kappa, and df2 from the variance.
    derived = {"A4_df2", "A4_noise_norm_X+eps"}
    # Fixed points have fewer digits and a test of their own.
    fixed = {name for name in FORMULAS if name.startswith(("replica ", "two-stage "))}
    assert set(FORMULAS) - derived - fixed == {entry["name"] for entry in REFERENCE}


_ONE = (
    (exp, "exp", -3, 3),
    (log, "log", 0.1, 9),
    (sin, "sin", -9, 9),
    (cos, "cos", -9, 9),
    (sympy.tan, "tan", -1, 1),
    (sympy.cot, "cot", 0.3, 2),
    (sympy.sec, "sec", -1, 1),
    (sympy.csc, "csc", 0.3, 2),
    (sympy.asin, "asin", -0.9, 0.9),
    (sympy.acos, "acos", -0.9, 0.9),
    (sympy.atan, "atan", -9, 9),
    (sympy.sinh, "sinh", -3, 3),
    (sympy.cosh, "cosh", -3, 3),
    (sympy.tanh, "tanh", -3, 3),
    (sympy.coth, "coth", 0.3, 3),
    (sympy.asinh, "asinh", -9, 9),
    (sympy.acosh, "acosh", 1.1, 9),
    (sympy.atanh, "atanh", -0.9, 0.9),
    (sympy.gamma, "gamma", 0.3, 9),
    (sympy.loggamma, "loggamma", 0.3, 9),
    (sympy.factorial, "factorial", 0.3, 9),
    (sympy.digamma, "digamma", 0.3, 9),
    (sympy.erf, "erf", -3, 3),
    (sympy.erfc, "erfc", -3, 3),
    (sympy.erfi, "erfi", -2, 2),
    (sympy.Abs, "fabs", -3, 3),
    (sympy.floor, "floor", -3, 3),
    (sympy.ceiling, "ceil", -3, 3),
    (sympy.sign, "sign", -3, 3),
)


@pytest.mark.parametrize(("function", "name", "low", "high"), _ONE, ids=lambda p: p if isinstance(p, str) else "")
def test_functions_agree_with_mpmath_at_points_and_on_boxes(function, name, low, high):
    stream = random.Random(name)
    for _ in range(8):
        at = Fraction(stream.uniform(low, high))
        with mpmath.workdps(50):
            digits = mpmath.nstr(getattr(mpmath, name)(mpmath.mpf(at.numerator) / at.denominator), 45)
            point = enclose(function(x), {x: at}, prec=160)
            wide = enclose(function(x), {x: (at, Fraction(1, 100))}, prec=160)
        with balls.precision(160):
            assert abs(point - arb(digits)) < 1e-40 * (1 + abs(point))
        assert wide.contains(point)


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        (pi, sympy.pi),
        (sympy.E, sympy.E),
        (sympy.EulerGamma, sympy.EulerGamma),
        (sympy.Catalan, sympy.Catalan),
        (sympy.beta(2, 3), Rational(1, 12)),
        (sympy.atan2(1, -1), 3 * pi / 4),
        (sympy.atan2(sqrt(2), -sqrt(2)), 3 * pi / 4),
        (sympy.Max(1, sqrt(2), -3), sqrt(2)),
        (sympy.Min(sqrt(3), sqrt(2)), sqrt(2)),
        (sympy.Float("0.5") * sqrt(2), sqrt(2) / 2),
    ],
)
def test_constants(expr, value):
    found = enclose(expr, {}, prec=120)
    digits = sympy.N(value, 30)
    with balls.precision(120):
        assert abs(found - arb(str(digits))) < 1e-28


def test_rationals_are_exact():
    zero = enclose(sqrt(x**2 - 1) + (x - Rational(1, 3)) * 0, {x: 1})
    assert zero == 0
    assert enclose(sqrt(x) - Rational(7, 3), {x: Fraction(49, 9)}) == 0
    assert enclose((1 - x) ** Rational(2, 3), {x: -7}) == 4
    assert enclose(sqrt((Rational(1, 3) - x) ** 2), {x: Fraction(1, 3)}) == 0
    assert enclose(Piecewise((1, x < Rational(1, 3)), (2, True)), {x: Fraction(1, 3)}) == 2
    assert enclose(sympy.Max(x, y), {x: Fraction(1, 3), y: Fraction(2, 3)}, prec=300).rel_accuracy_bits() > 290


@pytest.mark.parametrize(
    ("expr", "at"),
    [
        (1 / (x - 1), 1),
        (log(x), 0),
        (log(x), -1),
        (sqrt(x), -1),
        (x ** Rational(1, 3), -8),
        (x**pi, -2),
        (x ** (-Rational(1, 2)), 0),
        (x**-pi, 0),
        (sympy.asin(x), 2),
        (sympy.acosh(x), 0),
        (sympy.atanh(x), 1),
        (sympy.gamma(x), -2),
        (sympy.loggamma(x), -1),
        (Piecewise((1, x > 1), (2, x < 0)), Fraction(1, 2)),
        (sqrt(-exp(x) - 1), 1),
    ],
)
def test_undefined_is_an_error_and_not_a_number(expr, at):
    with pytest.raises(Undefined):
        enclose(expr, {x: at})
    with pytest.raises(UsageError, match="FT130"):
        evaluate(expr, {x: at})


def test_a_positive_power_of_zero_is_zero():
    """Also where the base is a ball: sin(0) is one."""
    for power in (Rational(21, 10), pi, Rational(1, 3), 2):
        assert enclose(sin(x) ** power, {x: 0}) == 0


def test_too_wide_is_not_finite_and_not_an_error():
    for expr in (1 / x, log(x), sqrt(x), sympy.asin(2 * x)):
        assert not enclose(expr, {x: (0, 1)}).is_finite()


def test_boxes_contain_their_points():
    stream = random.Random("boxes")
    expr = x**2 * exp(-y) + sympy.Max(x, y * z) / (3 + sin(x * z)) - sympy.Abs(y - z) ** Rational(3, 2)
    for _ in range(60):
        middle = [Fraction(stream.randint(-300, 300), 100) for _ in range(3)]
        radius = [Fraction(stream.randint(0, 50), 100) for _ in range(3)]
        wide = enclose(expr, dict(zip((x, y, z), zip(middle, radius, strict=True), strict=True)))
        for _ in range(4):
            point = [m + r * Fraction(stream.randint(-100, 100), 100) for m, r in zip(middle, radius, strict=True)]
            assert wide.contains(enclose(expr, dict(zip((x, y, z), point, strict=True)), prec=200))


def test_piecewise_takes_the_hull_of_what_may_apply():
    step = Piecewise((x, x < 1), (x + 10, True))
    wide = enclose(step, {x: (1, Fraction(1, 2))})
    assert wide.contains(enclose(step, {x: Fraction(3, 4)}))
    assert wide.contains(enclose(step, {x: 1}))
    assert enclose(step, {x: (0, Fraction(1, 2))}).upper() < 1
    undecided = Piecewise((1, x > 1), (2, x < 0))
    assert not enclose(undecided, {x: (1, 1)}).is_finite()
    assert not enclose(Piecewise((1 / (x - x**2), x < 1), (3, True)), {x: (1, 1)}).is_finite()


def test_steps_over_zero():
    assert enclose(sympy.sign(x), {x: (0, 1)}).contains(arb(-1).union(arb(1)))
    assert enclose(sympy.Heaviside(x, Rational(1, 2)), {x: (0, 1)}).contains(arb(0).union(arb(1)))
    assert enclose(sympy.Heaviside(x, Rational(1, 2)), {x: 0}) == 0.5
    assert enclose(sympy.Heaviside(x), {x: 3}) == 1
    assert enclose(sympy.Heaviside(x), {x: -3}) == 0
    assert enclose(sympy.sign(x), {x: 0}) == 0


def test_infinite_values():
    noise = isotropic_noise(x, y)
    assert enclose(noise, {x: 5, y: 5}) == arb.pos_inf()
    assert evaluate(noise, {x: 5, y: 5}).value == "inf"
    assert evaluate(-oo * x**0, {x: 1}).lower == "-inf"
    assert enclose(1 / x, {x: oo}) == 0
    assert enclose(x, {x: float("inf")}) == arb.pos_inf()


@pytest.mark.parametrize("value", [3, Fraction(1, 4), Rational(1, 4), 0.25, arb(0.25), (0, 1), sqrt(2)])
def test_kinds_of_input(value):
    assert enclose(x, {x: value}).is_finite()


def test_floats_are_their_exact_value():
    assert enclose(x - Rational(1, 10), {x: 0.1}, prec=200) != 0


def test_conditions():
    assert balls.decide(x < y, {x: 1, y: 2}) is True
    assert balls.decide(x < y, {x: (1, 1), y: 2}) is None
    assert balls.decide(sympy.And(x < y, y < 0), {x: (1, 3), y: 2}) is False
    assert balls.decide(sympy.Or(x < y, y > 0), {x: (1, 3), y: 2}) is True
    assert balls.decide(sympy.Not(sympy.Eq(x, y), evaluate=False), {x: 1, y: 1}) is False
    assert balls.decide(S.true, {}) is True
    for relation in (sympy.Eq, sympy.Ne, sympy.Lt, sympy.Le, sympy.Gt, sympy.Ge):
        for pair in ((1, 2), (2, 2), (3, 2)):
            truth = bool(relation(*map(sympy.Integer, pair)))
            assert balls.decide(relation(x, y), dict(zip((x, y), pair, strict=True))) is truth
            apart = {x: (pair[0], Fraction(1, 8)), y: pair[1]}
            assert balls.decide(relation(x, y), apart) is (None if pair[0] == pair[1] else truth)


def test_missing_symbols_and_unknown_functions():
    with pytest.raises(UsageError, match=r"FT112.*'y'"):
        enclose(x + y, {x: 1})
    with pytest.raises(UsageError, match=r"FT117.*zeta"):
        enclose(sympy.zeta(x), {x: 3})
    with pytest.raises(UsageError, match="FT117"):
        enclose(sympy.polygamma(1, x), {x: 3})
    with pytest.raises(UsageError, match="FT117"):
        balls.decide(sympy.Xor(x > 0, y > 0), {x: 3, y: 4})


def test_evaluate_doubles_precision_until_digits_are_certain():
    near = evaluate(sqrt(1 + x) - 1 - x / 2 + x**2 / 8, {x: Fraction(1, 10**25)}, digits=20)
    assert near.value.startswith("6.25")
    assert near.value.endswith("e-77")
    assert evaluate(x - x**2 / x, {x: 7}).value == "0"
    with pytest.raises(UsageError, match="FT131"):
        evaluate(sqrt(2) * sqrt(3) - sqrt(6) + (sin(x) ** 2 + cos(x) ** 2 - 1), {x: 1})


def test_precision_is_restored():
    before = ctx.prec
    with pytest.raises(Undefined):
        enclose(log(x), {x: 0}, prec=777)
    assert ctx.prec == before


def test_large_exact_numbers_become_balls():
    found = enclose((x + Rational(1, 3)) ** 4000 * (x + Rational(1, 7)) ** 3000, {x: Rational(2, 3)}, prec=64)
    assert found.is_finite()
    assert found.rel_accuracy_bits() > 40
    product = sympy.Mul(*(sympy.Symbol(f"q{i}") for i in range(40)))
    values = {symbol: Fraction(2**601 + 1, 2**600) for symbol in product.free_symbols}
    assert enclose(product, values).is_finite()
    assert enclose(sympy.Add(*product.args), values).is_finite()
