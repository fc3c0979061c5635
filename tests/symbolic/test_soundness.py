"""The parts of the ladder against balls at random points: rewriting, signs, quotients, lattices."""

import random
from fractions import Fraction

import pytest
import sympy
from flint import fmpq
from sympy import Integer, Poly, Rational, Symbol, cos, exp, log, oo, pi, sin, sqrt, symbols

from ftproofs.symbolic import balls
from ftproofs.symbolic.bernstein import polynomial_level
from ftproofs.symbolic.box import Box
from ftproofs.symbolic.cases import TooManyCases, cases
from ftproofs.symbolic.constraints import eliminations
from ftproofs.symbolic.exponents import lattice
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.generators import Rewriter
from ftproofs.symbolic.inequality import subdivide
from ftproofs.symbolic.quotient import Quotient, TooLarge, Vanishing, quotient, ring_of
from ftproofs.symbolic.signs import Signs, holds_at_level

x, y = symbols("x y", positive=True)
z, w = symbols("z w", real=True)
L = Symbol("L", integer=True, positive=True)
BOX = Box({x: (0, 2), y: (Rational(1, 2), 3), z: (-2, 1), w: (0, pi), L: (2, 7)})


def random_expression(stream: random.Random, depth: int) -> sympy.Expr:
    """A random real expression of the symbols above."""
    if depth == 0:
        number = Rational(stream.randint(-6, 6), stream.randint(1, 4))
        return stream.choice([x, y, z, x, y, z, w, number, Integer(stream.randint(1, 5))])
    first, second = (random_expression(stream, depth - 1) for _ in range(2))
    return stream.choice(
        [
            lambda: first + second,
            lambda: first - second,
            lambda: first * second,
            lambda: first / (1 + second**2),
            lambda: first ** stream.choice([2, 3]),
            lambda: sqrt(first**2 + second**2),
            lambda: sqrt((first * y) ** 2),
            lambda: sqrt(first**2 * x),
            lambda: exp(first / 4),
            lambda: sin(2 * first) + cos(first / 3),
            lambda: log(1 + first**2),
            lambda: (x * y**2) ** (1 / L) * first,
            lambda: (x / y) ** ((L - 1) / L),
            lambda: (1 + first**2) ** stream.choice([Rational(1, 3), Rational(-3, 2)]),
            lambda: sympy.Abs(first),
            lambda: sympy.Max(first, second),
            lambda: depth_root(L, sympy.Abs(first), y / 4, y) if stream.random() < 0.3 else sympy.tanh(first),
        ]
    )()


def value(expr, point):
    try:
        return balls.enclose(expr, point, prec=400)
    except balls.Undefined:
        return None


def test_rewriting_keeps_the_value():
    stream = random.Random("rewriting")
    compared = 0
    for _ in range(50):
        expr = random_expression(stream, 3)
        for part, region in cases(expr, BOX)[:3]:
            rewriter = Rewriter(Signs(region))
            try:
                rational = rewriter(part)
            except TooLarge:
                continue
            assert all(g.is_Symbol for g in rational.free_symbols)
            assert not rational.atoms(sympy.Function)
            back = rewriter.original(rational)
            relations = [rewriter.original(r.generator**r.degree - r.value) for r in rewriter.relations]
            for point in region.points(3, seed="rewriting"):
                before, after = value(part, point), value(back, point)
                if before is None or after is None or not (before.is_finite() and after.is_finite()):
                    continue
                assert before.overlaps(after), (part, point)
                for relation in relations:
                    residual = value(relation, point)
                    assert residual is None or residual.contains(0) or not residual.is_finite(), (relation, point)
                compared += 1
    assert compared > 70


def test_cases_cover_and_agree():
    stream = random.Random("cases")
    for _ in range(30):
        expr = random_expression(stream, 3)
        parts = cases(expr, BOX)
        for point in BOX.points(4, seed="cases"):
            here = [part for part, region in parts if region.admits(point)]
            whole = value(expr, point)
            if whole is None or not whole.is_finite():
                continue
            assert here, (expr, point)
            assert all(value(part, point).overlaps(whole) for part in here), (expr, point)


def test_signs_are_true_at_points():
    stream = random.Random("signs")
    decided = 0
    for _ in range(250):
        expr = random_expression(stream, 2) + stream.choice([0, 0, 1, -1, 3])
        level = Signs(BOX)(expr)
        decided += level != 0
        for point in [*BOX.points(8, seed=str(expr)[:50]), *BOX.corners(16)]:
            found = value(expr, point)
            if found is None or not found.is_finite():
                continue
            if level > 0:
                assert not found < 0, (expr, level, point)
            if level < 0:
                assert not found > 0, (expr, level, point)
            if abs(level) == 3:
                assert not (found.is_exact() and found == 0), (expr, level, point)
    assert decided > 80


def test_signs_under_constraints_are_true_at_points():
    stream = random.Random("constrained signs")
    decided = 0
    for _ in range(30):
        a, b, c = (stream.randint(-2, 3) for _ in range(3))
        box = Box({x: (0, 2), y: (0, 3), z: (-2, 1)}, (z <= a * x + b, stream.choice([x < y + c, x <= 2 * y])))
        expr = (x - z) ** stream.choice([1, 2]) * stream.randint(1, 3) + a * x + b * stream.choice([y, 1]) - z * (y - x)
        level = Signs(box)(expr)
        decided += level != 0
        for point in box.points(12, seed="constrained"):
            found = value(expr, point)
            assert not (level > 0 and found < 0), (expr, box, point)
            assert not (level < 0 and found > 0), (expr, box, point)
    assert decided > 4


def test_eliminated_boxes_contain_the_box():
    k, m = symbols("k m", integer=True, positive=True)
    box = Box({k: (1, 20), m: (1, 20), x: (0, 1)}, (k < m, x <= Rational(1, 2)))
    found = eliminations(box)
    assert found
    for larger, rule in found:
        assert larger.constraints == ()
        slacks = [s for s in larger.ranges if s not in box.ranges]
        for point in box.points(10):
            equations = [solved.subs(point) - point[symbol] for symbol, solved in rule.items()]
            solution = sympy.solve(equations, slacks, dict=True)[0]
            assert all(solution[s] >= 0 for s in slacks)
            assert all(solution[s].is_Integer for s in slacks if s.is_integer)
    assert eliminations(Box({x: (0, 1)}, (sympy.Or(x < 1, x > 2), x**2 < 1))) == []


def test_bernstein_levels():
    t, u = symbols("t u")

    def level(expr, *spans):
        return polynomial_level(Poly(expr, *((t, u)[: len(spans)])), list(spans))

    unit = (fmpq(0), fmpq(1), False)
    line, ray, open_ray = (None, None, False), (fmpq(0), None, False), (fmpq(0), None, True)
    left = (None, fmpq(0), False)
    assert level(t + 1, unit) == 3
    assert level(t, unit) == 2
    assert level(1 - t, unit) == 2
    assert level(-t, unit) == -2
    assert level(t * (1 - t), unit) == 2
    assert level((t - Rational(1, 2)) ** 2, unit) in (0, 1)
    assert level((t - Rational(1, 3)) ** 2 + Rational(1, 100), unit) == 3
    assert level(t - Rational(1, 2), unit) == 0
    assert level(t**2, line) == 1
    assert level(t**2 + 1, line) == 3
    assert level(t, line) == 0
    assert level(t, ray) == 2
    assert level(t, open_ray) == 3
    assert level(t, left) == -2
    assert level(1 - t, left) == 3
    assert level(t - u, (fmpq(1), fmpq(2), False), unit) == 2
    assert level(t - u, (fmpq(2), fmpq(3), False), unit) == 3
    assert level(t, (fmpq(0), fmpq(0), False)) == 1
    assert level(sqrt(2) * t, unit) == 0
    assert level(t**2 - 2 * t * u + u**2 + Rational(1, 50), unit, unit) == 3


def test_levels_and_relations():
    assert holds_at_level(3, ">") is True
    assert holds_at_level(2, ">") is None
    assert holds_at_level(1, ">=") is True
    assert holds_at_level(-1, ">") is False
    assert holds_at_level(-2, ">=") is None
    assert holds_at_level(-3, ">=") is False
    assert holds_at_level(-1, "<=") is True
    assert holds_at_level(3, "<") is False
    assert holds_at_level(3, "==") is False
    assert holds_at_level(-3, "!=") is True
    assert holds_at_level(1, "==") is None


def test_conditions_on_a_box():
    decide = Signs(BOX).decide
    assert decide(sympy.true) is True
    assert decide(sympy.And(x >= 0, y > 0, evaluate=False)) is True
    assert decide(sympy.And(x > 5, z < 0)) is False
    assert decide(sympy.Or(x > 5, z < 0)) is None
    assert decide(sympy.Or(x > 5, y > 0, z < 0)) is True
    assert decide(sympy.Not(sympy.And(x > 1, z < 0), evaluate=False)) is None


@pytest.mark.parametrize(
    ("expr", "level"),
    [
        (sympy.Max(z, x + 1), 3),
        (sympy.Min(x + 1, y), 3),
        (sympy.Max(-x - 1, -y), -3),
        (sympy.Min(z, -x - 1), -3),
        (sympy.Max(z, w - 1), 0),
        (sympy.Abs(z), 1),
        (z**2, 1),
        (1 / z**2, 3),
        (sympy.atan(x), 3),
        (sympy.gamma(x), 3),
        (sympy.gamma(z), 0),
        ((-1) ** L, 0),
        (z**L, 0),
        (z ** (2 * L), 1),
        (sqrt(z + 3), 3),
        (pi - 3, 3),
        (sin(1) ** 2 + cos(1) ** 2 - 1, 0),
        (w, 2),
        (1 / w, 3),
        (log(y + 1), 3),
        (sympy.zeta(x), 0),
        (sin(w), 1),
    ],
    ids=str,
)
def test_sign_rules(expr, level):
    found = Signs(BOX)(expr)
    assert found == level or (level > 0 and found >= level)


def test_lattices_of_exponents():
    m, k = symbols("m k")
    groups = (
        [Rational(1, 2), Rational(1, 3)],
        [(m - 1) / m, 2 / m],
        [2 * m / (m - 1), 1 / (m - 1), Rational(3, 4)],
        [m, k, m * k + 1, k / (m + 1)],
        [m / 2, m / 3],
    )
    for exponents in groups:
        basis, coordinates, root = lattice(list(exponents))
        assert sympy.cancel(basis[-1] * root - 1) == 0
        for exponent in exponents:
            total = sum(c * e for c, e in zip(coordinates[exponent], basis, strict=True))
            assert sympy.cancel(total - exponent) == 0
        values = {m: Rational(7, 11), k: Rational(5, 13)}
        assert len({sympy.sympify(e).subs(values) for e in basis}) == len(basis)


def test_quotients_against_sympy():
    stream = random.Random("quotients")
    ring = ring_of([x, y, z])
    point = {x: Rational(3, 7), y: Rational(-5, 3), z: Rational(11, 2)}
    for _ in range(40):
        expr = Integer(1)
        for _ in range(5):
            other = stream.choice([x, y, z, x + y, y - z + 1, Rational(2, 3)])
            expr = stream.choice([expr + other, expr * other, expr / other, 1 / (expr + 7), (expr - other) ** 2])
        if expr.subs(point) in (sympy.zoo, sympy.nan):
            continue
        found = quotient(expr, ring)
        number = found.num.as_expr().subs(point) / found.denominator.as_expr().subs(point)
        assert number == expr.subs(point)


def test_quotients_refuse_what_they_cannot_hold():
    ring = ring_of([x, y])
    with pytest.raises(Vanishing):
        quotient(sympy.Pow(sympy.Add(x, -x, evaluate=False), -1, evaluate=False), ring)
    with pytest.raises(TypeError):
        quotient(sqrt(x), ring)
    with pytest.raises(TooLarge):
        quotient((1 + x + y + x * y + x**3) ** 4000, ring)
    big = Quotient(ring.from_expr(sympy.expand((1 + x + y) ** 90)), {})
    with pytest.raises(TooLarge):
        big * big
    assert ring_of([]).ngens == 1


def test_subdivision_finds_what_points_miss():
    spike = 1 - 2 * exp(-((z - Rational(1, 7)) ** 2) * 10**8)
    found = subdivide(spike, True, Box({z: (-1, 1)}))
    assert found.point is not None
    assert abs(found.point[z] - Rational(1, 7)) < Fraction(1, 1000)
    assert not subdivide(exp(z) - z, True, Box({z: (0, oo)})).proved
    assert not subdivide(exp(z * L) - z * L, True, Box({z: (0, 1), L: [2, oo]})).proved
    assert subdivide(exp(z * L) - z * L, True, Box({z: (0, 1), L: [2, 3]})).proved
    assert subdivide(exp(w) - w, True, Box({w: (0, pi)})).proved
    assert subdivide(exp(1) - Integer(2), True, Box()).proved
    assert not subdivide(sin(1) ** 2 + cos(1) ** 2 - 1, False, Box()).proved
    assert subdivide(log(z), True, Box({z: (-3, -2)})).detail.startswith("on z in")
    impossible = subdivide(exp(z), True, Box({z: (-1, 1)}, (z > 2,)))
    assert (impossible.proved, impossible.detail) == (False, "no piece satisfies the constraints")
    tight = subdivide(exp(z) - 1 - z, False, Box({z: (-1, 1)}), boxes=50)
    assert (tight.proved, tight.detail) == (False, "undecided after 50 boxes")


def test_too_many_cases():
    u = symbols("u0:9", real=True)
    with pytest.raises(TooManyCases):
        cases(sum(sympy.Abs(a) for a in u), Box().with_defaults(u))
