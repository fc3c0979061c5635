"""Real arithmetic on exact numbers and balls: what an enclosure of an expression is made of.

Rationals stay exact as long as they are of reasonable size. A function applied where
it certainly has no real value raises `Undefined`; a ball that is too wide to say gives
a ball that is not finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import sympy
from flint import arb, ctx, fmpq
from sympy import Basic, S

from ftproofs.errors import UsageError

#: Exact where possible, a ball otherwise.
Ball: TypeAlias = Any
_EXACT_BITS = 1 << 14
_LARGEST_ROOT = 64


class Undefined(ArithmeticError):
    """The expression certainly has no real value there (a pole, a negative radicand)."""


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


def total_of(terms: list[Ball]) -> Ball:
    """The sum; exact terms are added exactly first."""
    total: Ball = fmpq(0)
    for term in sorted(terms, key=lambda t: isinstance(t, arb)):
        total = total + term if not isinstance(term, arb) else ball(total) + term
    return total if isinstance(total, arb) else _small(total)


def product_of(factors: list[Ball]) -> Ball:
    """The product; an exact zero times anything finite is exactly zero."""
    total: Ball = fmpq(1)
    for factor in sorted(factors, key=lambda t: isinstance(t, arb)):
        if isinstance(factor, arb):
            exactly_zero = not isinstance(total, arb) and total == 0 and factor.is_finite()
            total = total if exactly_zero else ball(total) * factor
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
    elif base == 0:
        return _power_of_zero(exponent)
    if isinstance(exponent, arb) or exponent.q > _LARGEST_ROOT:
        return ball(base) ** ball(exponent)
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


#: Numbers that are not rational.
CONSTANTS: dict[Basic, Callable[[], Ball]] = {
    S.Pi: arb.pi,
    S.Exp1: arb.const_e,
    S.EulerGamma: arb.const_euler,
    S.Catalan: arb.const_catalan,
    S.Infinity: arb.pos_inf,
    S.NegativeInfinity: arb.neg_inf,
    S.NaN: arb.nan,
}

#: Enclosures by SymPy function.
FUNCTIONS: dict[Any, Callable[..., Ball]] = {
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
