"""Expressions at points and on boxes, enclosed rigorously by python-flint.

Rational subexpressions at rational points are evaluated exactly, so that a zero is a
zero: conditions, poles and radicands at the edge of a domain are then decided, not
guessed.  Everything else is ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any, TypeAlias

import sympy
from flint import arb, ctx, fmpq, fmpz
from sympy import Basic, Expr, S, Symbol
from sympy.core.relational import Relational

from ftproofs.errors import FTError, UsageError

#: Exact where possible, a ball otherwise.
Ball: TypeAlias = Any
At: TypeAlias = Mapping[Symbol, Any]

_EXACT_BITS = 1 << 14
_LARGEST_PRECISION = 1 << 15


class Undefined(ArithmeticError):
    """The expression certainly has no real value there (a pole, a negative radicand)."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A value to ``digits`` digits with decimal bounds that contain it."""

    value: str
    lower: str
    upper: str
    digits: int


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Ball arithmetic at that many bits."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def ball(value: Ball) -> arb:
    """An exact or enclosed value as a ball at the precision in force."""
    return value if isinstance(value, arb) else arb(value)


def enclose(expr: Basic, at: At, *, prec: int = 128) -> arb:
    """A ball that contains every value of ``expr`` for symbols in the given balls.

    Args:
        expr: a real expression; its free symbols must all have a value.
        at: symbol to ``int``, ``Fraction``, exact SymPy number (``oo`` included),
            ``float`` (its exact value), ``arb`` or a pair (midpoint, radius).
        prec: working precision in bits.

    Returns:
        A ball; not finite where the given balls are too wide to say, or where the
        value is infinite (``arb.pos_inf()``).

    Raises:
        Undefined: the expression certainly has no real value there.
        UsageError: FT112 a symbol without a value; FT117 a function without an enclosure.
    """
    with precision(prec):
        values = {symbol: _input(value) for symbol, value in at.items()}
        return ball(_Evaluator(values)(sympy.sympify(expr)))


def decide(condition: Basic, at: At, *, prec: int = 128) -> bool | None:
    """Whether a condition certainly holds (True), certainly fails (False), or neither is certain (None)."""
    with precision(prec):
        return _Evaluator({symbol: _input(value) for symbol, value in at.items()}).condition(condition)


def evaluate(expr: Basic, at: At, *, digits: int = 30) -> Enclosure:
    """The value to ``digits`` certain digits: precision is doubled until they are.

    Raises:
        UsageError: FT130 no real value there; FT131 not decided at the largest precision.
    """
    place = ", ".join(f"{symbol} = {value}" for symbol, value in at.items())
    prec = max(64, 4 * digits)
    while prec <= _LARGEST_PRECISION:
        try:
            found = enclose(expr, at, prec=prec)
        except Undefined as error:
            raise UsageError("FT130", f"no real value at {place}: {error}") from None
        if found.is_exact() and not found.is_nan():
            if not found.is_finite():
                sign = "" if found > 0 else "-"
                return Enclosure(f"{sign}inf", f"{sign}inf", f"{sign}inf", digits)
            if found == 0:
                return Enclosure("0", "0", "0", digits)
        if found.is_finite() and found.rel_accuracy_bits() > 10 + 3.33 * digits:
            with precision(prec):
                return _enclosure(found, digits)
        prec *= 2
    raise UsageError("FT131", f"undecided at {place}: {_LARGEST_PRECISION} bits do not give {digits} digits")


def _enclosure(found: arb, digits: int) -> Enclosure:
    lower = _decimal(found.lower(), digits + 5, ROUND_FLOOR)
    upper = _decimal(found.upper(), digits + 5, ROUND_CEILING)
    return Enclosure(found.mid().str(digits, radius=False), lower, upper, digits)


def _decimal(end: arb, digits: int, rounding: str) -> str:
    end = fraction(end)
    with localcontext(prec=digits, rounding=rounding):
        return str(Decimal(end.numerator) / Decimal(end.denominator))


def power_of_two(exponent: int) -> arb:
    """Exactly 2**exponent."""
    return arb((fmpz(1), fmpz(exponent)))


def fraction(exact: arb) -> Fraction:
    """An exact finite ball as a fraction."""
    mantissa, exponent = (int(part) for part in exact.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def _input(value: Any) -> Ball:
    if isinstance(value, (int, fmpz)):
        return fmpq(value)
    if isinstance(value, (Fraction, sympy.Rational)):
        return fmpq(value.numerator, value.denominator)
    if isinstance(value, float):
        return _input(Fraction(value)) if abs(value) < float("inf") else arb(value)
    if isinstance(value, (arb, fmpq)):
        return value
    if isinstance(value, tuple):
        middle, radius = (ball(_input(part)) for part in value)
        return (middle - radius).union(middle + radius)
    return _Evaluator({})(sympy.sympify(value))


class _Evaluator:
    """Walks an expression once; equal subexpressions are evaluated once."""

    def __init__(self, values: Mapping[Symbol, Ball]) -> None:
        self.known: dict[Basic, Ball] = dict(values)

    def __call__(self, expr: Basic) -> Ball:
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self._evaluate(expr)
        return found

    def _evaluate(self, expr: Basic) -> Ball:
        if isinstance(expr, sympy.Rational):
            return fmpq(expr.p, expr.q)
        if isinstance(expr, sympy.Float):
            return _input(Fraction(int(expr._mpf_[1])) * Fraction(2) ** int(expr._mpf_[2]) * (-1) ** expr._mpf_[0])
        if expr in _CONSTANTS:
            return _CONSTANTS[expr]()
        if isinstance(expr, Symbol):
            raise UsageError("FT112", f"symbol {expr.name!r} has no value")
        if isinstance(expr, sympy.Add):
            return _sum([self(arg) for arg in expr.args])
        if isinstance(expr, sympy.Mul):
            return _product([self(arg) for arg in expr.args])
        if isinstance(expr, sympy.Pow):
            return power(self(expr.base), self(expr.exp))
        if isinstance(expr, sympy.Piecewise):
            return self._piecewise(expr)
        enclosure = _FUNCTIONS.get(expr.func) or getattr(expr.func, "ball", None)
        if enclosure is None:
            raise UsageError("FT117", f"no enclosure for {expr.func.__name__}")
        return enclosure(*(self(arg) if expr.func in _FUNCTIONS else ball(self(arg)) for arg in expr.args))

    def _piecewise(self, expr: sympy.Piecewise) -> Ball:
        """The hull of all branches that may apply."""
        possible: list[Ball] = []
        for branch, condition in expr.args:
            holds = self.condition(condition)
            if holds is not False:
                possible.append(self._branch(branch, certain=holds is True and not possible))
            if holds is True:
                break
        else:
            if not possible:
                raise Undefined(f"no branch of {expr} applies")
            return arb.nan()
        if len(possible) == 1:
            return possible[0]
        hull = ball(possible[0])
        for value in possible[1:]:
            hull = hull.union(ball(value))
        return hull

    def _branch(self, branch: Expr, *, certain: bool) -> Ball:
        try:
            return self(branch)
        except Undefined:
            if certain:
                raise
            return arb.nan()

    def condition(self, condition: Basic) -> bool | None:
        if condition == S.true or condition == S.false:
            return bool(condition)
        if isinstance(condition, Relational):
            return compare(self(condition.lhs), condition.rel_op, self(condition.rhs))
        parts = [self.condition(part) for part in condition.args]
        if isinstance(condition, sympy.And):
            return False if False in parts else None if None in parts else True
        if isinstance(condition, sympy.Or):
            return True if True in parts else None if None in parts else False
        if isinstance(condition, sympy.Not):
            return None if parts[0] is None else not parts[0]
        raise UsageError("FT117", f"no enclosure for the condition {condition}")


def compare(x: Ball, relation: str, y: Ball) -> bool | None:
    """``x relation y``, or None where the balls overlap."""
    if not isinstance(x, arb) and not isinstance(y, arb):
        equal, below = x == y, x < y
        return {"==": equal, "!=": not equal, "<": below, "<=": below or equal}.get(
            relation, not below if relation == ">=" else not (below or equal)
        )
    x, y = ball(x), ball(y)
    if relation in ("==", "!="):
        same = True if x == y else False if x != y else None
        return same if relation == "==" or same is None else not same
    below, above = {"<": (x < y, x >= y), "<=": (x <= y, x > y), ">": (x > y, x <= y), ">=": (x >= y, x < y)}[relation]
    return True if below else False if above else None


def _small(value: fmpq) -> Ball:
    """Exact numbers of unbounded size would cost more than they are worth."""
    if value.p.bit_length() + value.q.bit_length() > _EXACT_BITS:
        return arb(value)
    return value


def _sum(terms: list[Ball]) -> Ball:
    total: Ball = fmpq(0)
    for term in sorted(terms, key=lambda t: isinstance(t, arb)):
        total = total + term if not isinstance(term, arb) else ball(total) + term
    return total if isinstance(total, arb) else _small(total)


def _product(factors: list[Ball]) -> Ball:
    total: Ball = fmpq(1)
    for factor in sorted(factors, key=lambda t: isinstance(t, arb)):
        if isinstance(factor, arb):
            total = ball(total) * factor if total != 0 or not factor.is_finite() else total
        else:
            total = total * factor
    return total if isinstance(total, arb) else _small(total)


def power(base: Ball, exponent: Ball) -> Ball:
    """``base ** exponent``, real principal branch."""
    if not isinstance(exponent, arb) and exponent.q == 1:
        return _integer_power(base, int(exponent.p))
    if not isinstance(base, arb):
        if base < 0:
            raise Undefined("a power of a negative number")
        if base == 0:
            return _power_of_zero(exponent)
    elif base < 0:
        raise Undefined("a power of a negative number")
    if isinstance(exponent, arb):
        return ball(base) ** exponent
    if not isinstance(base, arb):
        exact = _exact_root(base, int(exponent.q))
        if exact is not None:
            return _integer_power(exact, int(exponent.p))
    degree = int(exponent.q)
    root = ball(base).sqrt() if degree == 2 else ball(base).root(degree)
    return _arb_power(root, int(exponent.p))


def _power_of_zero(exponent: Ball) -> Ball:
    if exponent > 0:
        return fmpq(0)
    if exponent < 0:
        raise Undefined("a negative power of zero")
    return arb.nan()


def _integer_power(base: Ball, exponent: int) -> Ball:
    if isinstance(base, arb):
        return _arb_power(base, exponent)
    if base == 0 and exponent < 0:
        raise Undefined("a negative power of zero")
    if abs(exponent) * (base.p.bit_length() + base.q.bit_length()) > _EXACT_BITS:
        return arb(base) ** exponent
    return base**exponent


def _arb_power(base: arb, exponent: int) -> arb:
    """Squaring and multiplying: arb's own power of a ball around 0 is not finite."""
    if not base.contains(0) or exponent <= 0:
        return base**exponent
    result, square = arb(1), abs(base) if exponent % 2 == 0 else base
    while exponent:
        if exponent % 2:
            result = result * square
        square, exponent = square * square, exponent // 2
    return result


def _exact_root(base: fmpq, degree: int) -> fmpq | None:
    numerator, denominator = base.p.root(degree), base.q.root(degree)
    if numerator**degree == base.p and denominator**degree == base.q:
        return fmpq(numerator, denominator)
    return None


# -- functions ------------------------------------------------------------------


def _plain(name: str) -> Callable[[Ball], Ball]:
    """A function of arb that is defined for every real number."""
    return lambda x: getattr(ball(x), name)()


def _log(x: Ball) -> Ball:
    if x <= 0:
        raise Undefined("the logarithm of a number that is not positive")
    return fmpq(0) if x == 1 else ball(x).log()


def _inverse(name: str) -> Callable[[Ball], Ball]:
    """asin, acos, atanh: defined on [-1, 1]."""

    def function(x: Ball) -> Ball:
        if x > 1 or x < -1 or (name == "atanh" and (x == 1 or x == -1)):
            raise Undefined(f"{name} outside its domain")
        return getattr(ball(x), name)()

    return function


def _acosh(x: Ball) -> Ball:
    if x < 1:
        raise Undefined("acosh outside its domain")
    return ball(x).acosh()


def _sign(x: Ball) -> Ball:
    if x > 0:
        return fmpq(1)
    if x < 0:
        return fmpq(-1)
    return fmpq(0) if x == 0 else arb(-1).union(arb(1))


def _heaviside(x: Ball, at_zero: Ball) -> Ball:
    if x > 0:
        return fmpq(1)
    if x < 0:
        return fmpq(0)
    return at_zero if x == 0 else arb(0).union(arb(1)).union(ball(at_zero))


def _gamma(x: Ball) -> Ball:
    if not isinstance(x, arb) and x.q == 1 and x <= 0:
        raise Undefined("a pole of the gamma function")
    return ball(x).gamma()


def _extreme(name: str) -> Callable[..., Ball]:
    def function(*values: Ball) -> Ball:
        if not any(isinstance(value, arb) for value in values):
            return max(values) if name == "max" else min(values)
        balls = [ball(value) for value in values]
        if any(value.is_nan() for value in balls):
            return arb.nan()
        found = balls[0]
        for value in balls[1:]:
            found = getattr(found, name)(value)
        return found

    return function


def _loggamma(x: Ball) -> Ball:
    if x <= 0:
        raise Undefined("loggamma of a number that is not positive")
    return ball(x).lgamma()


def _polygamma(order: Ball, x: Ball) -> Ball:
    if order != 0:
        raise UsageError("FT117", "no enclosure for polygamma beyond order 0")
    return ball(x).digamma()


_CONSTANTS: dict[Basic, Callable[[], Ball]] = {
    S.Pi: arb.pi,
    S.Exp1: arb.const_e,
    S.EulerGamma: arb.const_euler,
    S.Catalan: arb.const_catalan,
    S.Infinity: arb.pos_inf,
    S.NegativeInfinity: arb.neg_inf,
    S.NaN: arb.nan,
}

_FUNCTIONS: dict[Any, Callable[..., Ball]] = {
    sympy.exp: lambda x: fmpq(1) if x == 0 else ball(x).exp(),
    sympy.log: _log,
    sympy.Abs: abs,
    sympy.sign: _sign,
    sympy.Heaviside: _heaviside,
    sympy.Max: _extreme("max"),
    sympy.Min: _extreme("min"),
    sympy.asin: _inverse("asin"),
    sympy.acos: _inverse("acos"),
    sympy.atanh: _inverse("atanh"),
    sympy.acosh: _acosh,
    sympy.atan2: lambda y, x: arb.atan2(ball(y), ball(x)),
    sympy.gamma: _gamma,
    sympy.loggamma: _loggamma,
    sympy.factorial: lambda x: _gamma(x + 1),
    sympy.beta: lambda x, y: ball(_gamma(x)) * ball(_gamma(y)) * ball(x + y).rgamma(),
    sympy.polygamma: _polygamma,
    sympy.floor: _plain("floor"),
    sympy.ceiling: _plain("ceil"),
    **{
        getattr(sympy, name): _plain(name)
        for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "atan", "asinh")
    },
    **{getattr(sympy, name): _plain(name) for name in ("erf", "erfc", "erfi")},
}
