"""The sign of an expression on a box, by exact rules and Bernstein coefficients.

A level says how much is known: 3 positive on the closed box, 2 nonnegative there and
positive inside, 1 nonnegative, 0 unknown; negative levels mirror them. Everything is
said of the points where the expression is defined.
"""

from __future__ import annotations

import sympy
from flint import arb, fmpq
from sympy import Expr, Integer, Poly, Rational, S, Symbol, oo

from ftproofs.errors import UsageError
from ftproofs.symbolic import balls
from ftproofs.symbolic.bernstein import polynomial_level
from ftproofs.symbolic.box import Box
from ftproofs.symbolic.constraints import eliminations, nonnegative_form
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.generators import Rewriter
from ftproofs.symbolic.quotient import TooLarge, check_size

_LARGEST = 600
_DEPTH = 6
_LOOKS = 6


class Signs:
    """Signs of expressions on one box, remembered."""

    def __init__(self, box: Box, *, depth: int = 0) -> None:
        self.box = box
        self.depth = depth
        self._known: dict[Expr, int] = {}
        self._shifted: list[tuple[Signs, dict[Symbol, Expr]]] | None = None

    def __call__(self, expr: Expr) -> int:
        """The level of the expression."""
        if expr not in self._known:
            self._known[expr] = 0  # while it is being found out
            self._known[expr] = self._level(expr)
        return self._known[expr]

    def decide(self, condition: sympy.Basic) -> bool | None:
        """Whether a condition holds everywhere on the box (True), nowhere (False), or neither is known."""
        if condition in (S.true, S.false):
            return bool(condition)
        if isinstance(condition, sympy.core.relational.Relational):
            return holds_at_level(self(condition.lhs - condition.rhs), condition.rel_op)
        parts = [self.decide(part) for part in condition.args]
        if isinstance(condition, sympy.And):
            return False if False in parts else None if None in parts else True
        if isinstance(condition, sympy.Or):
            return True if True in parts else None if None in parts else False
        return None

    def _level(self, expr: Expr) -> int:
        level = self._structural(expr)
        if level or self.depth > _DEPTH or sympy.count_ops(expr) > _LARGEST or self._changes(expr):
            return level
        level = self._by_factors(expr) or self._by_constraint(expr)
        if level or not self.box.constraints:
            return level
        for signs, replaced in self._eliminations():
            level = signs(expr.subs(replaced, simultaneous=True))
            if level:
                return level
        return 0

    def _changes(self, expr: Expr) -> bool:
        """Whether points show both signs, so that no rule need be tried."""
        seen = set()
        for point in self.box.with_defaults(expr.free_symbols).points(_LOOKS, seed="signs", tries=4):
            try:
                found = balls.enclose(expr, point, prec=64)
            except (balls.Undefined, UsageError):
                continue
            seen |= {1} if found > 0 else {-1} if found < 0 else set()
        return len(seen) == 2

    # -- rules --------------------------------------------------------------------

    def _structural(self, expr: Expr) -> int:
        if expr.is_number:
            return _of_number(expr)
        if expr.is_Symbol:
            return self._of_symbol(expr)
        if expr.is_Add:
            return _of_sum([self._structural(arg) for arg in expr.args])
        if expr.is_Mul:
            return of_product([self._structural(arg) for arg in expr.args])
        if expr.is_Pow:
            return self._of_power(expr.base, expr.exp)
        if isinstance(expr, (sympy.exp, sympy.cosh, sympy.erfc)):
            return 3
        if isinstance(expr, sympy.Abs):
            return max(1, abs(self._structural(expr.args[0])))
        if isinstance(expr, (sympy.sinh, sympy.tanh, sympy.asinh, sympy.atan, sympy.erf)):
            return self._structural(expr.args[0])
        if isinstance(expr, sympy.gamma) and self._structural(expr.args[0]) > 0:
            return 3
        if isinstance(expr, depth_root):
            return 3 if expr.is_positive else 1
        if hasattr(type(expr), "ball") and expr.is_nonnegative:  # the special functions say what they know
            return 3 if expr.is_positive else 1
        if isinstance(expr, sympy.log):
            return self(expr.args[0] - 1)
        if isinstance(expr, (sympy.Max, sympy.Min)):
            levels = [self._structural(arg) for arg in expr.args]
            top, bottom = max(levels), min(levels)
            if isinstance(expr, sympy.Max):
                return top if top > 0 else bottom if top < 0 else 0
            return bottom if bottom < 0 else top if bottom > 0 else 0
        return 0

    def _of_symbol(self, symbol: Symbol) -> int:
        if symbol.is_positive:
            return 3
        low, high = self.box.interval(symbol)
        if low == high == 0:
            return 1
        if low >= 0:
            return 3 if low > 0 else 2
        if high <= 0:
            return -3 if high < 0 else -2
        return 0

    def _of_power(self, base: Expr, exponent: Expr) -> int:
        level = self._structural(base) or (0 if base.is_Symbol or exponent.is_Integer else self(base))
        if exponent.is_Integer:
            if exponent < 0 and level:
                level = 3 if level > 0 else -3  # where it is defined the base is not zero
            if exponent % 2 == 0:
                return abs(level) if level else 3 if exponent < 0 else 1
            return level
        if level == 3:
            return 3
        if level <= 0 and not exponent.is_noninteger:
            return 1 if exponent.is_even else 0
        # a power that is real and not an integer one: where it is defined the base is not negative
        direction = self._structural(exponent)
        return 3 if direction < 0 else 2 if level == 2 and direction == 3 else 1

    # -- factors ------------------------------------------------------------------

    def _by_factors(self, expr: Expr) -> int:
        rewriter = Rewriter(Signs(self.box, depth=self.depth + 1))
        try:
            together = sympy.together(check_size(rewriter(expr), 4 * _LARGEST))
            numerator, denominator = sympy.fraction(check_size(together, 4 * _LARGEST))
            level = 3
            for part, below in ((numerator, False), (denominator, True)):
                constant, factors = sympy.factor_list(part)
                level = of_product([level, _of_number(constant)])
                for factor, k in factors:
                    found = self._of_polynomial(factor, rewriter)
                    if not found:
                        found = self._structural(rewriter.original(factor))
                    if below and found:
                        found = 3 if found > 0 else -3
                    if k % 2 == 0:
                        found = abs(found) if found else 3 if below else 1
                    level = of_product([level, found])
                    if not level:
                        return 0
        except (TooLarge, sympy.PolynomialError, ZeroDivisionError):
            return 0
        return level

    def _of_polynomial(self, factor: Expr, rewriter: Rewriter) -> int:
        gens = sorted(factor.free_symbols, key=str)
        if not gens or not factor.is_polynomial(*gens):
            return 0
        ranges, exact = [], True
        for generator in gens:
            meaning = rewriter.meaning.get(generator, generator)
            exact &= meaning.is_Symbol
            ranges.append(self._interval(meaning))
        level = polynomial_level(Poly(factor, *gens), ranges)
        if abs(level) == 2 and not exact:
            level = 1 if level > 0 else -1  # inside the generators' box need not be inside ours
        return level

    def _interval(self, meaning: Expr) -> tuple[fmpq | None, fmpq | None, bool]:
        """Rational bounds (None: infinite) and whether the lower one is never attained."""
        if meaning.is_Symbol:
            low, high = self.box.interval(meaning)
            positive = bool(meaning.is_positive and low == 0)
            return _below(low), _above(high), positive
        level = self._tangent_level(meaning) or self._structural(meaning)
        low, high = self._enclosure(meaning)
        if level > 0 and (low is None or low < 0):
            low = fmpq(0)
        if level < 0 and (high is None or high > 0):
            high = fmpq(0)
        return low, high, level == 3 and low == 0

    def _tangent_level(self, meaning: Expr) -> int:
        """tan of an angle in [0, pi/2] is not negative."""
        if not isinstance(meaning, sympy.tan):
            return 0
        coefficient, symbol = meaning.args[0].as_coeff_Mul(rational=True)
        if not symbol.is_Symbol or coefficient <= 0:
            return 0
        low, high = self.box.interval(symbol)
        inside = low.is_finite and high.is_finite and low >= 0 and _of_number(S.Pi / 2 - coefficient * high) > 0
        return 1 if inside else 0

    def _enclosure(self, meaning: Expr) -> tuple[fmpq | None, fmpq | None]:
        at = {}
        for symbol in meaning.free_symbols:
            low, high = self.box.interval(symbol)
            if not (low.is_finite and high.is_finite):
                return None, None
            at[symbol] = (low + high) / 2 if low == high else ((low + high) / 2, (high - low) / 2)
        try:
            found = balls.enclose(meaning, at)
        except (balls.Undefined, UsageError):
            return None, None
        if not found.is_finite():
            return None, None
        return _rational(found.lower()), _rational(found.upper())

    # -- constraints --------------------------------------------------------------

    def _by_constraint(self, expr: Expr) -> int:
        """A constraint may be about a multiple of the expression."""
        for constraint in self.box.constraints:
            form = nonnegative_form(constraint)
            if form is None or form[0].free_symbols != expr.free_symbols:
                continue
            if expr.is_polynomial(*expr.free_symbols) and form[0].is_polynomial(*expr.free_symbols):
                ratio = sympy.cancel(expr / form[0]) if form[0] != 0 else S.Zero
                if ratio.is_Rational and ratio != 0:
                    return (3 if form[1] else 1) * (1 if ratio > 0 else -1)
        return 0

    def _eliminations(self) -> list[tuple[Signs, dict[Symbol, Expr]]]:
        """The box with symbols written through its linear constraints: x >= e becomes x = e + t, t >= 0."""
        if self._shifted is None:
            self._shifted = [(Signs(box, depth=self.depth + 1), rule) for box, rule in eliminations(self.box)]
        return self._shifted


def holds_at_level(level: int, relation: str) -> bool | None:
    """What the level of lhs - rhs says about ``lhs relation rhs``."""
    if relation in (">", ">="):
        true, false = level == 3 or (relation == ">=" and level >= 1), level == -3 or (relation == ">" and level <= -1)
    elif relation in ("<", "<="):
        true, false = level == -3 or (relation == "<=" and level <= -1), level == 3 or (relation == "<" and level >= 1)
    else:
        true, false = relation == "!=" and abs(level) == 3, relation == "==" and abs(level) == 3
    return True if true else False if false else None


def of_product(levels: list[int]) -> int:
    """The level of a product."""
    size = min((abs(level) for level in levels), default=3)
    negative = sum(level < 0 for level in levels) % 2
    return -size if negative else size


def _of_sum(levels: list[int]) -> int:
    if all(level > 0 for level in levels):
        return max(levels)
    return min(levels) if all(level < 0 for level in levels) else 0


def _of_number(value: Expr) -> int:
    if value is S.Zero:
        return 1
    if value.is_Rational:
        return 3 if value > 0 else -3
    try:
        found = balls.enclose(value, {}, prec=333)
    except (balls.Undefined, UsageError):
        return 0
    return 3 if found > 0 else -3 if found < 0 else 0


def _rational(end: arb) -> fmpq:
    value = balls.fraction(end)
    return fmpq(value.numerator, value.denominator)


def _below(bound: Expr) -> fmpq | None:
    if bound in (oo, -oo):
        return None
    if isinstance(bound, (Rational, Integer)):
        return fmpq(int(bound.p), int(bound.q))
    return _rational(balls.enclose(bound, {}).lower())


def _above(bound: Expr) -> fmpq | None:
    low = _below(-bound)
    return None if low is None else -low
