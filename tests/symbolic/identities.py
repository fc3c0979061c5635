"""True identities by the hundred: templates with random rational constants, from one seed."""

from __future__ import annotations

import random
from collections.abc import Callable

import sympy
from sympy import Expr, Integer, Rational, Symbol, asinh, atan, cos, cosh, exp, gamma, log, pi, sin, sinh, sqrt, tan

from ftproofs.symbolic.functions import depth_equation, depth_root
from ftproofs.symbolic.zero import Box

x, y, w = sympy.symbols("x y w", positive=True)
z = Symbol("z", real=True)
L = Symbol("L", integer=True, positive=True)
BOX = Box({x: (Rational(1, 4), 4), y: (Rational(1, 4), 4), w: (Rational(1, 4), 4), z: (-3, 3), L: (2, 9)})

#: Each takes three random rationals p, q > 0 and a small integer k, and gives zero.
TEMPLATES: tuple[Callable[[Rational, Rational, int], Expr], ...] = (
    lambda p, q, k: (p * x + q * y) ** k - sympy.expand((p * x + q * y) ** k),
    lambda p, q, k: p / (x + q) + q / (y + p) - (p * (y + p) + q * (x + q)) / ((x + q) * (y + p)),
    lambda p, q, k: sqrt(p * x + q) * sqrt(p * x + q) - p * x - q,
    lambda p, q, k: sqrt((p * x) ** 2 * (y + q)) - p * x * sqrt(y + q),
    lambda p, q, k: sqrt(p + q + 2 * sqrt(p * q)) - sqrt(p) - sqrt(q),
    lambda p, q, k: sqrt(x + y + 2 * sqrt(x * y)) - sqrt(x) - sqrt(y),
    lambda p, q, k: 1 / (sqrt(x + p) + sqrt(x + p + q)) - (sqrt(x + p + q) - sqrt(x + p)) / q,
    lambda p, q, k: (p * x / y) ** (1 - 1 / L) * (p * x / y) ** (1 / L) - p * x / y,
    lambda p, q, k: ((x / y) ** ((L - 1) / L)) ** (2 * L / (L - 1)) * y**2 - x**2,
    lambda p, q, k: (p * x) ** L / (p * y) ** (L - 1) - p * x**L * y ** (1 - L),
    lambda p, q, k: sin(k * z + p) - sin(k * z) * cos(p) - cos(k * z) * sin(p),
    lambda p, q, k: cos(2 * k * z) - 1 + 2 * sin(k * z) ** 2,
    lambda p, q, k: tan(z / 7 + pi / 4) - (1 + tan(z / 7)) / (1 - tan(z / 7)),
    lambda p, q, k: exp(p * x + q * y) - exp(p * x) * exp(y) ** q,
    lambda p, q, k: log(x**p * (y + 1) ** q) - p * log(x) - q * log(y + 1),
    lambda p, q, k: cosh(p * z) ** 2 - sinh(p * z) ** 2 - 1,
    lambda p, q, k: asinh(p * z) - log(p * z + sqrt(1 + p**2 * z**2)),
    lambda p, q, k: gamma(x + k) / gamma(x) - sympy.Mul(*(x + i for i in range(k))),
    lambda p, q, k: sympy.Max(x, p * y) + sympy.Min(x, p * y) - x - p * y,
    lambda p, q, k: sympy.Abs(x - p) - sqrt((x - p) ** 2),
    lambda p, q, k: depth_equation(depth_root(L, p * x, y, w), L, p * x, y, w),
    lambda p, q, k: depth_equation(depth_root(k + 1, p * x, y, w), k + 1, p * x, y, w),
    lambda p, q, k: atan(p) + atan(1 / p) - pi / 2,
    lambda p, q, k: sympy.erf(p * x) + sympy.erfc(p * x) - 1,
    lambda p, q, k: x ** log(y) - y ** log(x),
)


def identities(count: int) -> list[Expr]:
    """That many expressions that are zero on `BOX`, written so that SymPy does not notice at once."""
    stream = random.Random("identities")
    found: list[Expr] = []
    while len(found) < count:
        p, q = (Rational(stream.randint(1, 40), stream.randint(1, 12)) for _ in range(2))
        expr = TEMPLATES[len(found) % len(TEMPLATES)](p, q, stream.randint(2, 4))
        found.append(Integer(0) + expr)
    return found
