"""Rigorous numbers for integrals: expressions in complex balls, and quadrature with enclosed ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import flint
from flint import acb, arb
from sympy import Add, Expr, Integral, Mul, Pow, S, Symbol, cancel, exp, fraction, log, oo, sin, together
from sympy import cos as cosine

from ftproofs.symbolic import balls
from ftproofs.symbolic.arithmetic import precision

PRECISION = 96


class NoPattern(ValueError):
    """The integrand, or an end of the interval, is none that the rules here cover."""


def complex_ball(expr: Expr, at: Mapping[Symbol, Any], analytic: bool = False) -> acb:
    """The expression in complex balls, principal branches; not finite where ``analytic`` is asked and it is not.

    Raises:
        NoPattern: a function without a rule here.
    """
    if expr in at:
        value = at[expr]
        return acb(balls.enclose(value, {}, prec=flint.ctx.prec) if isinstance(value, Expr) else value)
    if not expr.free_symbols and expr.is_extended_real:
        return acb(balls.enclose(expr, {}, prec=flint.ctx.prec))
    if isinstance(expr, Add):
        return sum((complex_ball(a, at, analytic) for a in expr.args), acb(0))
    if isinstance(expr, Mul):
        total = acb(1)
        for factor in expr.args:
            total *= complex_ball(factor, at, analytic)
        return total
    if isinstance(expr, exp):
        return complex_ball(expr.args[0], at, analytic).exp()
    if isinstance(expr, Pow):
        base = complex_ball(expr.base, at, analytic)
        if expr.exp.is_Integer:
            return base ** int(expr.exp)
        if expr.exp == S.Half:
            return base.sqrt(analytic=analytic)
        return base.pow(complex_ball(expr.exp, at, analytic), analytic=analytic)
    if isinstance(expr, log):
        return complex_ball(expr.args[0], at, analytic).log(analytic=analytic)
    if isinstance(expr, (sin, cosine)):
        inner = complex_ball(expr.args[0], at, analytic)
        return inner.sin() if isinstance(expr, sin) else inner.cos()
    if expr is S.ImaginaryUnit:
        return acb(0, 1)
    name = expr.func.__name__
    if name in ("asin", "acos", "asinh", "acosh", "atan") and not analytic:
        return getattr(complex_ball(expr.args[0], at), name)()
    raise NoPattern(f"no complex balls for {name}")


# -- Euler kernels ------------------------------------------------------------


@dataclass(frozen=True)
class Kernel:
    """``constant * x**(a - 1)`` times ``(1 - x)**(b - 1)`` on (0, 1), or times ``exp(-rate x)`` on (0, oo)."""

    constant: Expr
    a: Expr
    b: Expr | None = None
    rate: Expr | None = None


def kernel(integral: Integral) -> Kernel:
    """The integrand of an Euler integral taken apart.

    Raises:
        NoPattern: it is none.
    """
    x, low, high = integral.limits[0]
    if low != 0 or high not in (1, oo):
        raise NoPattern("the interval is neither (0, 1) nor (0, oo)")
    constant, a, b, rate = S.One, S.One, S.One, S.Zero
    for factor in Mul.make_args(integral.function):
        base, power = (factor, S.One) if isinstance(factor, exp) else factor.as_base_exp()
        if not factor.has(x):
            constant *= factor
        elif base == x and not power.has(x):
            a += power
        elif (base - (1 - x)).expand() == 0 and not power.has(x):
            b += power
        elif isinstance(factor, exp) and not (factor.args[0] / x).expand().has(x):
            rate -= (factor.args[0] / x).expand()
        else:
            raise NoPattern(f"factor {factor}")
    if high == 1 and rate == 0:
        return Kernel(constant, a, b=b)
    if high is oo and b == 1 and rate != 0:
        return Kernel(constant, a, rate=rate)
    raise NoPattern("no Euler integral")


def quadrature(integral: Integral, at: Mapping[Symbol, Expr], *, prec: int = PRECISION) -> arb:
    """A rigorous enclosure of the integral at numbers (Petras' algorithm in complex balls).

    Euler kernels are smoothed at their ends by x = u**q and their tail is bounded;
    a rational integrand on (0, oo) is mapped to (0, 1).

    Raises:
        NoPattern: an end that no rule here covers, or a value that is not finite.
    """
    x, low, high = integral.limits[0]
    f, low, high = (part.subs(dict(at)) for part in (integral.function, low, high))
    with precision(prec):
        try:
            found = kernel(Integral(f, (x, low, high)))
        except NoPattern:
            found = None
        if found is not None:
            return _euler(found)
        if high is oo:
            if low != 0 or not f.is_rational_function(x):
                raise NoPattern("no rule for this infinite interval")
            top, bottom = fraction(cancel(together(f.subs(x, x / (1 - x)) / (1 - x) ** 2)))
            f, low, high = top / bottom, S.Zero, S.One
        return _integrate(lambda z, analytic: complex_ball(f, {x: z}, analytic), _end(low), _end(high))


def _end(value: Expr) -> arb:
    return balls.enclose(value, {}, prec=flint.ctx.prec)


def _integrate(f: Callable[[acb, bool], acb], low: arb, high: arb) -> arb:
    value = acb.integral(f, acb(low), acb(high), rel_tol=arb(2) ** -60, abs_tol=arb(2) ** -60)
    if not value.is_finite():
        raise NoPattern("the quadrature did not converge")
    return value.real


def _euler(found: Kernel) -> arb:
    a = found.a
    if not (a.is_Rational and a > 0) or (found.b is not None and not (found.b.is_Rational and found.b > 0)):
        raise NoPattern("exponents are not positive rationals")
    constant = _end(found.constant)
    if found.b is not None:
        return constant * (_beta_half(a, found.b) + _beta_half(found.b, a))
    assert found.rate is not None
    rate = _end(found.rate)
    p, q = int(a.p), int(a.q)
    near = _integrate(lambda u, _: q * u ** (p - 1) * (-rate * u**q).exp(), arb(0), arb(1))
    far = max(8, int(a)) * 24
    end = arb(far) / rate + 1
    power = acb(arb(p) / q - 1)
    middle = _integrate(lambda z, analytic: z.pow(power, analytic=analytic) * (-rate * z).exp(), arb(1), end)
    # Beyond the end z**(a-1) exp(-rate z) falls at least like exp(-(rate - (a-1)/end) z).
    decay = rate - max(arb(0), arb(p) / q - 1) / end
    tail = (end ** (arb(p) / q - 1) * (-rate * end).exp() / decay).union(arb(0))
    return constant * (near + middle + tail)


def _beta_half(a: Expr, b: Expr) -> arb:
    """The integral of x**(a - 1) (1 - x)**(b - 1) over (0, 1/2), with x = u**q for a = p/q."""
    p, q = int(a.p), int(a.q)
    power = acb(arb(int(b.p)) / int(b.q) - 1)
    end = (arb(1) / 2) ** (arb(1) / q)
    return _integrate(lambda u, analytic: q * u ** (p - 1) * (1 - u**q).pow(power, analytic=analytic), arb(0), end)
