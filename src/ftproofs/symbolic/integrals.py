"""Integrals: Euler's by pattern, others by an antiderivative differentiated back, all against ball quadrature.

An unevaluated `Integral` is never given to SymPy for a verdict: SymPy proposes an
antiderivative at most.  Every closed value is compared with rigorous quadrature at
sample parameters; when the two disagree the finding is an error, not a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Add, Expr, Integer, Integral, Mul, Pow, Rational, S, Symbol, atan, exp, gamma, log, oo, sympify

from ftproofs.claim import Statement
from ftproofs.symbolic import balls
from ftproofs.symbolic.box import Box
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.differentiation import NoRule, derivative
from ftproofs.symbolic.methods import _open, decide, weakest
from ftproofs.symbolic.quadrature import Kernel, NoPattern, kernel, quadrature
from ftproofs.symbolic.rules import Preparation
from ftproofs.symbolic.zero import Finding, box_for, holds, is_zero

#: Samples at which every value is compared with quadrature.
SAMPLES = 4
_PRECISION = 96


@dataclass(frozen=True)
class Integrate:
    """``Integral(f, (x, a, b)) == value``, or ``== oo`` for a divergent Euler integral."""

    def close(self, relation: Statement, context: Context) -> Finding:
        """Find the value by one route, check it by quadrature."""
        integral = relation.lhs
        if relation.rel != "==" or not isinstance(integral, Integral) or len(integral.limits) != 1:
            return _open("integral", "the left side is not one unevaluated integral")
        if len(integral.limits[0]) != 3:
            return _open("integral", "the integral is not definite")
        if relation.rhs is oo:
            return _diverges(integral, context)
        prepare = Preparation(context.given)
        rhs = prepare(relation.rhs)
        try:
            found = _euler(integral, rhs, context)
        except NoPattern:
            found = _antiderivative(integral, rhs, context)
        return quadrature_check(integral, rhs, context, found)


def _euler(integral: Integral, rhs: Expr, context: Context) -> Finding:
    """By Euler's integrals: Gamma(a)Gamma(b)/Gamma(a + b), or Gamma(a)/rate**a; a, b, rate > 0."""
    found = kernel(integral)
    conditions = [decide(found.a, ">", S.Zero, context)]
    if found.b is not None:
        conditions.append(decide(found.b, ">", S.Zero, context))
        value = found.constant * gamma(found.a) * gamma(found.b) / gamma(found.a + found.b)
    else:
        assert found.rate is not None
        conditions.append(decide(found.rate, ">", S.Zero, context))
        value = found.constant * gamma(found.a) / found.rate**found.a
    reduced = reduce_gammas(value - rhs)
    result = is_zero(reduced, box_for([reduced], context.domain))
    if result.status != "proved":  # the symbols put in for Gamma say nothing about what is false
        result = is_zero(value - rhs, box_for([value, rhs], context.domain))
    if result.status == "disproved":
        return Finding("disproved", "Euler integral", result.detail)
    return weakest("Euler integral", [result, *conditions])


def reduce_gammas(expr: Expr) -> Expr:
    """Every Gamma whose argument differs from another's by an integer, in terms of one of them.

    Gamma(z + 1) = z Gamma(z) only; arguments are compared by their difference's normal form.
    """
    representatives: list[Expr] = []
    replaced: dict[Expr, Expr] = {}
    for node in sorted(expr.atoms(gamma), key=lambda g: (g.args[0].count_ops(), str(g))):
        z = node.args[0]
        for base in representatives:
            shift = (z - base).expand()
            if shift.is_Integer:
                replaced[node] = _shifted(base, int(shift)) * Symbol(
                    f"Gamma[{representatives.index(base)}]", positive=True
                )
                break
        else:
            representatives.append(z)
            if z.is_Integer and z > 0:
                replaced[node] = _shifted(Integer(1), int(z) - 1)
            else:
                replaced[node] = Symbol(f"Gamma[{len(representatives) - 1}]", positive=True)
    return expr.xreplace(replaced)


def _shifted(z: Expr, shift: int) -> Expr:
    """Gamma(z + shift)/Gamma(z)."""
    if shift >= 0:
        return Mul(*(z + k for k in range(shift)))
    return 1 / Mul(*(z - k for k in range(1, -shift + 1)))


def _antiderivative(integral: Integral, rhs: Expr, context: Context) -> Finding:
    """By an antiderivative that SymPy proposes; it counts once it differentiates back on the whole interval."""
    x, low, high = integral.limits[0]
    if not (sympify(low).is_finite and sympify(high).is_finite):
        return _open("antiderivative", "the interval is not finite")
    t = Symbol(x.name, real=True)
    integrand = integral.function.xreplace({x: t})
    try:
        proposed = Integral(integrand, t).doit()
        if proposed.has(Integral):
            return _open("antiderivative", "no antiderivative found")
        back = derivative(proposed, t) - integrand
    except (NoRule, NotImplementedError) as error:
        return _open("antiderivative", str(error))
    box = box_for([back, integrand], context.domain)
    # Where the ends are expressions it has to differentiate back, and not to jump, on the whole line.
    within = (low, high) if sympify(low).is_number and sympify(high).is_number else (-oo, oo)
    box = Box(dict(box.ranges) | {t: within}, box.constraints, box.assumed - {t})
    same = is_zero(back, box)
    if same.status == "disproved":
        return _open("error", f"routes disagree: it does not differentiate back, {same.detail}")
    smooth = _continuous(proposed, t, *within)
    if smooth is not None:
        return _open("antiderivative", smooth)
    value = proposed.subs(t, high) - proposed.subs(t, low) - rhs
    result = is_zero(value, box_for([value], context.domain))
    if result.status == "disproved":
        return Finding("disproved", "antiderivative", result.detail)
    return weakest("antiderivative", [same, result])


def _continuous(expr: Expr, x: Symbol, low: Expr, high: Expr) -> str | None:
    """Why the antiderivative might jump or blow up on the interval; None if it cannot.

    Only polynomials, exp and atan of what passes, and powers and logs of what is positive on the interval pass.
    """
    box = Box({x: (low, high)})
    for node in expr.atoms(Pow, log):
        base = node.args[0]
        if not base.has(x) or (isinstance(node, Pow) and node.exp.is_Integer and node.exp > 0):
            continue
        if base.free_symbols != {x} or holds(base, ">", S.Zero, box).status != "proved":
            return f"{base} is not shown to be positive on the interval"
    allowed = (Add, Mul, Pow, exp, log, atan, Symbol, Rational)
    bad = [node for node in expr.atoms() | set(_nodes(expr)) if node.has(x) and not isinstance(node, allowed)]
    return f"{bad[0].func.__name__} is not covered" if bad else None


def _nodes(expr: Expr) -> list[Expr]:
    return [expr, *(node for arg in expr.args for node in _nodes(arg))]


def _diverges(integral: Integral, context: Context) -> Finding:
    """A positive Euler kernel with a <= 0: below it lies a multiple of x**(a - 1), whose integral diverges.

    On (0, 1] the other factor is at least its minimum m > 0 there or near 0, and
    the integral of x**(a - 1) over (t, 1) is -log t for a = 0, else (t**a - 1)/(-a):
    both exceed every bound as t -> 0.
    """
    try:
        found = kernel(integral)
    except NoPattern as error:
        return _open("divergence", str(error))
    if found.rate is None and found.b is None:
        return _open("divergence", "no Euler integral")
    conditions = [decide(found.constant, ">", S.Zero, context), decide(-found.a, ">=", S.Zero, context)]
    if found.rate is not None:
        conditions.append(decide(found.rate, ">", S.Zero, context))
    joint = weakest("divergence", conditions)
    if joint.status != "proved":
        return Finding("disproved", "divergence", "it converges") if _converges(found, context) else joint
    lower = "exp(-rate)" if found.rate is not None else "min(1, 2**(1 - b)) on (0, 1/2]"
    return Finding(
        "proved", "divergence", f"at least constant * {lower} times the integral of x**({found.a - 1}) near 0"
    )


def _converges(found: Kernel, context: Context) -> bool:
    signs = [found.a, found.b if found.b is not None else found.rate]
    return all(decide(sign, ">", S.Zero, context).status == "proved" for sign in signs)


# -- quadrature ---------------------------------------------------------------


def quadrature_check(integral: Integral, rhs: Expr, context: Context, found: Finding) -> Finding:
    """The finding, after comparison with ball quadrature at sample parameters."""
    box = box_for([integral.function.subs(integral.limits[0][0], 1), rhs, *integral.limits[0][1:]], context.domain)
    free = (integral.free_symbols | rhs.free_symbols) & set(box.ranges)
    compared = 0
    for point in box.points(SAMPLES, seed="quadrature"):
        at = {s: value for s, value in point.items() if s in free}
        try:
            area = quadrature(integral, at)
            claimed = balls.enclose(rhs, at, prec=_PRECISION)
        except (balls.Undefined, NoPattern, ValueError, ArithmeticError):
            continue
        if not area.overlaps(claimed):
            detail = f"at {at or 'any point'}: quadrature gives {area.str(12)}, the claim {claimed.str(12)}"
            if found.status == "proved":
                return _open("error", f"routes disagree {detail}")
            return Finding("disproved", "quadrature", detail)
        if float(area.rad()) < 1e-6 * max(1.0, abs(float(area.mid()))):
            compared += 1
        if not at:
            break
    if compared == 0 and found.status == "proved":
        return Finding("probable", found.route, "no quadrature could be carried out")
    if found.status == "undecided" and compared:
        return Finding(
            "probable", "quadrature", f"agrees with rigorous quadrature at {compared} points ({found.detail})"
        )
    return found
