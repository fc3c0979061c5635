"""Expressions as rational functions of generators.

A `Rewriter` replaces whatever is not rational by generators, merging what belongs
together: powers of one base whose exponents differ (``N**(2/L)``, ``N**((L-1)/L)``,
``sqrt(N)``) become integer powers of shared generators, also where the exponents are
symbols; sines and cosines become rational in tan of half an angle; exponentials,
logarithms and gamma functions are split. Every rewriting is an identity between real
functions wherever both sides are defined; a base of unknown sign is never split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Dummy, Expr, Integer, Poly, Rational, S, Symbol, cancel, fraction, together

from ftproofs.symbolic.exponents import angles, common_unit, lattice, merged, multiple_angle, primes
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.penalty import ELEMENTARY
from ftproofs.symbolic.quotient import TooLarge, check_size

#: Sign of an expression: 3 positive, 2 positive inside, 1 nonnegative, 0 unknown; negative likewise.
SignOf = Callable[[Expr], int]

_LARGEST_SHIFT = 64
_LARGEST_MULTIPLE = 64
_LARGEST_CANCELLED = 1000


@dataclass(frozen=True)
class Relation:
    """``generator ** degree == value``; the generator occurs in value with lower degree, if at all."""

    generator: Symbol
    degree: int
    value: Expr


class Rewriter:
    """Rewrites one expression (call it once); generators, their meaning and relations are kept.

    ``undecided`` collects factors whose unknown sign kept a power from being split.
    """

    def __init__(self, sign: SignOf) -> None:
        self.sign = sign
        self.meaning: dict[Symbol, Expr] = {}
        self.relations: list[Relation] = []
        self.undecided: list[Expr] = []
        self._atoms: dict[Any, Symbol] = {}
        self._powers: dict[Expr, dict[Expr, Symbol]] = {}
        self._angles: dict[Expr, Rational] = {}
        self._gammas: list[Expr] = []
        self._known: dict[Expr, Expr] = {}

    def __call__(self, expr: Expr) -> Expr:
        """The expression, rational in symbols and generators.

        Raises:
            TooLarge: something inside a power or function is beyond the limits.
        """
        expr = _in_fewer_functions(expr)
        self._scan(expr)
        return self._resolve(self._walk(expr))

    def original(self, expr: Expr) -> Expr:
        """Generators replaced by what they stand for."""
        return expr.xreplace(self.meaning)

    # -- walking ------------------------------------------------------------------

    def _walk(self, expr: Expr) -> Expr:
        found = self._known.get(expr)
        if found is None:
            found = self._known[expr] = self._rewrite(expr)
        return found

    def _rewrite(self, expr: Expr) -> Expr:
        if expr.is_Rational or expr.is_Symbol:
            return expr
        if expr is S.Exp1:
            return self._piece(expr, S.One)
        if expr.is_Add or expr.is_Mul:
            return expr.func(*(self._walk(arg) for arg in expr.args))
        if expr.is_Pow:
            return self._power(expr.base, expr.exp)
        if isinstance(expr, sympy.exp):
            return self._exponential(expr.args[0])
        if isinstance(expr, sympy.log):
            return self._logarithm(expr)
        if isinstance(expr, (sympy.sin, sympy.cos)):
            return self._trigonometric(expr)
        if isinstance(expr, sympy.gamma):
            return self._gamma(expr.args[0])
        if isinstance(expr, depth_root):
            return self._depth_root(expr)
        if expr.is_Function and not expr.atoms(sympy.Integral, sympy.Sum, sympy.Derivative):
            return self._atom(expr, (expr.func, *(_canonical(self._walk(arg)) for arg in expr.args)))
        return self._atom(expr, expr)

    def _atom(self, meaning: Expr, key: Any) -> Symbol:
        if key not in self._atoms:
            self._atoms[key] = generator = Dummy(f"g{len(self.meaning)}", real=True)
            self.meaning[generator] = meaning
        return self._atoms[key]

    # -- powers -------------------------------------------------------------------

    def _power(self, base: Expr, exponent: Expr) -> Expr:
        if exponent.is_Integer:
            return self._walk(base) ** exponent
        exponent = _cancelled(exponent)
        pieces = self._pieces(base) if _is_real(exponent) else None
        if pieces is not None:
            return sympy.Mul(*(self._piece(piece, _cancelled(k * exponent)) for piece, k in pieces.items()))
        walked = _canonical(self._walk(base))
        if exponent.is_Rational:
            return self._piece(walked, exponent)  # principal root: base**(p/q) = (base**(1/q))**p
        return self._atom(base**exponent, ("power", walked, exponent))

    def _piece(self, piece: Expr, exponent: Expr) -> Expr:
        """A power of a piece; a placeholder until all exponents of the piece are known."""
        if exponent.is_Integer and piece is not S.Exp1:
            return piece**exponent
        if isinstance(self.meaning.get(piece), depth_root):
            known = self._depth_power(piece, exponent)
            if known is not None:
                return known
        if not exponent.is_Rational:
            exponent = _canonical(self._walk(exponent))
        places = self._powers.setdefault(piece, {})
        if exponent not in places:
            places[exponent] = placeholder = Dummy(f"p{len(self.meaning)}", real=True)
            self.meaning[placeholder] = self.original(piece) ** self.original(exponent)
        return places[exponent]

    def _pieces(self, base: Expr) -> dict[Expr, Expr] | None:
        """Nonnegative pieces with exponents whose product is the base; None if a sign is not known."""
        if base.is_Rational:
            return primes(base) if base > 0 else None
        if base is S.Exp1:
            return {base: S.One}
        if base.is_Symbol and (base.is_nonnegative or self.sign(base) > 0):
            return {base: S.One}
        if isinstance(base, sympy.exp):
            return {S.Exp1: base.args[0]}
        if base.is_Pow and _is_real(base.exp):
            inner = self._pieces(base.base)
            if inner is not None:
                return {piece: k * base.exp for piece, k in inner.items()}
        if base.is_Mul:
            parts = [self._pieces(arg) for arg in base.args]
            if all(part is not None for part in parts):
                return merged([part for part in parts if part is not None])
        return self._factor_pieces(base)

    def _factor_pieces(self, base: Expr) -> dict[Expr, Expr] | None:
        walked = check_size(self._walk(base), _LARGEST_CANCELLED)
        content, pieces, sign = S.One, [], 1
        for part, direction in zip(fraction(together(walked)), (1, -1), strict=True):
            constant, factors = sympy.factor_list(part) if part.free_symbols else (part, [])
            content *= constant**direction
            for factor, k in factors:
                level = self.sign(self.original(factor))
                if level == 0:
                    self.undecided.append(self.original(factor))
                    return None
                sign *= -1 if level < 0 and k % 2 else 1
                pieces.append({factor if level > 0 else sympy.expand(-factor): Integer(direction * k)})
        if not content.is_Rational or sign * content <= 0:
            return None
        return merged([*pieces, primes(abs(content))])

    def _resolve(self, expr: Expr) -> Expr:
        """Powers of one piece as integer powers of shared generators."""
        replaced: dict[Expr, Expr] = {}
        for piece, places in list(self._powers.items()):
            basis, coordinates, root = lattice(list(places))
            generators = [self._root(piece, exponent) for exponent in basis[:-1]]
            if root == 1 and piece is not S.Exp1:
                generators.append(piece)
            else:
                generators.append(self._root(piece, basis[-1]))
                if piece is S.Exp1 or (piece.is_Symbol and piece not in self.meaning):
                    replaced[piece] = generators[-1] ** root
                else:
                    self.relations.append(Relation(generators[-1], root, piece))
            for exponent, placeholder in places.items():
                powers = zip(generators, coordinates[exponent], strict=True)
                replaced[placeholder] = sympy.Mul(*(g**k for g, k in powers))
        parts = [_substitute(part, replaced) for part in (expr, *(relation.value for relation in self.relations))]
        numbers = {c: self._atom(c, c) for part in parts for c in part.atoms(sympy.NumberSymbol)}
        expr, *values = (part.xreplace(numbers) for part in parts)
        self.relations = [Relation(r.generator, r.degree, v) for r, v in zip(self.relations, values, strict=True)]
        return expr

    def _root(self, piece: Expr, exponent: Expr) -> Symbol:
        return self._atom(self.original(piece) ** self.original(exponent), ("root", piece, exponent))

    # -- functions ----------------------------------------------------------------

    def _exponential(self, argument: Expr) -> Expr:
        result = S.One
        for term in sympy.Add.make_args(sympy.expand(argument)):
            logs = [factor for factor in sympy.Mul.make_args(term) if isinstance(factor, sympy.log)]
            if len(logs) == 1 and self.sign(logs[0].args[0]) > 0:
                result *= self._power(logs[0].args[0], term / logs[0])
            else:
                result *= self._piece(S.Exp1, _cancelled(term))
        return result

    def _logarithm(self, expr: Expr) -> Expr:
        pieces = self._pieces(expr.args[0])
        if pieces is None:
            return self._atom(expr, ("log", _canonical(self._walk(expr.args[0]))))
        total = S.Zero
        for piece, k in pieces.items():
            atom = S.One if piece is S.Exp1 else self._atom(sympy.log(self.original(piece)), ("log", piece))
            total += self._walk(sympy.sympify(k)) * atom
        return total

    def _scan(self, expr: Expr) -> None:
        """Units of angles and lowest representatives of gamma arguments, over the whole expression."""
        for function in sorted(expr.atoms(sympy.sin, sympy.cos), key=sympy.default_sort_key):
            for coefficient, angle in angles(function.args[0]):
                self._angles[angle] = common_unit(self._angles.get(angle, S.Zero), coefficient)
        for function in sorted(expr.atoms(sympy.gamma), key=sympy.default_sort_key):
            argument = function.args[0]
            for i, known in enumerate(self._gammas):
                shift = cancel(argument - known)
                if shift.is_Integer:
                    self._gammas[i] = argument if shift < 0 else known
                    break
            else:
                self._gammas.append(argument)

    def _trigonometric(self, expr: Expr) -> Expr:
        real, imaginary = S.One, S.Zero  # cos + i sin of the angles added so far
        for coefficient, angle in angles(expr.args[0]):
            c, s = self._turn(coefficient, angle)
            real, imaginary = real * c - imaginary * s, real * s + imaginary * c
        return real if isinstance(expr, sympy.cos) else imaginary

    def _turn(self, coefficient: Rational, angle: Expr) -> tuple[Expr, Expr]:
        """Cosine and sine of coefficient * angle."""
        if angle == S.Pi:
            c, s = (f(coefficient * angle) for f in (sympy.cos, sympy.sin))
            return tuple(self._atom(x, x) if x.has(sympy.sin, sympy.cos) else self._walk(x) for x in (c, s))
        unit = self._angles[angle]
        if abs(coefficient / unit) > _LARGEST_MULTIPLE:
            raise TooLarge(f"angle {coefficient * angle}")
        t = self._atom(sympy.tan(unit * angle / 2), ("half-angle", angle, unit))
        return multiple_angle(int(coefficient / unit), t)

    def _gamma(self, argument: Expr) -> Expr:
        for known in self._gammas:
            shift = cancel(argument - known)
            if shift.is_Integer and 0 <= shift <= _LARGEST_SHIFT:
                base = self._walk(known)
                rising = sympy.Mul(*(base + i for i in range(int(shift))))
                return rising * self._atom(sympy.gamma(known), ("gamma", _canonical(base)))
        return self._atom(sympy.gamma(argument), ("gamma", _canonical(self._walk(argument))))

    def _depth_root(self, expr: Expr) -> Expr:
        key = (depth_root, *(_canonical(self._walk(arg)) for arg in expr.args))
        new = key not in self._atoms
        c = self._atom(expr, key)
        L = expr.args[0]
        if new and L.is_Integer and L > 2:
            # c**(2L/(L-1)) s**2 = A**2 + c**2 b**2 to the least power that makes it polynomial
            A, b, s = (self._walk(arg) for arg in expr.args[1:])
            exponent = 2 * L / (L - 1)
            value = (A**2 + c**2 * b**2) ** exponent.q / s ** (2 * exponent.q)
            self.relations.append(Relation(c, int(exponent.p), value))
        return c

    def _depth_power(self, c: Symbol, exponent: Expr) -> Expr | None:
        """c**e for e = p + 2 q/(L-1) with integers p, q: c**(2/(L-1)) = (A**2 + c**2 b**2)/(c**2 s**2)."""
        L = self.meaning[c].args[0]
        if L.is_Integer and exponent.is_Rational:
            q = next((q for q in range(abs(int(L))) if (exponent - 2 * q / (L - 1)).is_Integer), None)
            p = None if q is None else exponent - 2 * q / (L - 1)
        else:
            linear = cancel(exponent * (L - 1))
            if not L.is_Symbol or not linear.is_polynomial(L) or Poly(linear, L).degree() > 1:
                return None
            p, q = Poly(linear, L).nth(1), (Poly(linear, L).nth(1) + Poly(linear, L).nth(0)) / 2
        if p is None or not (p.is_Integer and sympy.sympify(q).is_Integer):
            return None
        A, b, s = (self._walk(arg) for arg in self.meaning[c].args[1:])
        return c**p * ((A**2 + c**2 * b**2) / (c**2 * s**2)) ** q


def _is_real(exponent: Expr) -> bool:
    """Rational functions of real symbols are real wherever they are defined."""
    symbols = exponent.free_symbols
    return bool(
        exponent.is_extended_real
        or (all(symbol.is_extended_real for symbol in symbols) and exponent.is_rational_function(*symbols))
    )


def _substitute(expr: Expr, replaced: dict[Expr, Expr]) -> Expr:
    """Until nothing changes: pieces may contain placeholders of other powers."""
    for _ in range(len(replaced) + 1):
        new = expr.xreplace(replaced)
        if new == expr:
            break
        expr = new
    return expr


def _cancelled(expr: Expr) -> Expr:
    if expr.is_Rational:
        return expr
    return cancel(check_size(expr, _LARGEST_CANCELLED))


def _canonical(expr: Expr) -> Expr:
    numerator, denominator = fraction(_cancelled(expr))
    return sympy.expand(numerator) / sympy.expand(denominator)


_RULES: tuple[tuple[Any, Callable[..., Expr]], ...] = (
    *((function, function.elementary) for function in ELEMENTARY),
    (sympy.tan, lambda x: sympy.sin(x) / sympy.cos(x)),
    (sympy.cot, lambda x: sympy.cos(x) / sympy.sin(x)),
    (sympy.sec, lambda x: 1 / sympy.cos(x)),
    (sympy.csc, lambda x: 1 / sympy.sin(x)),
    (sympy.sinh, lambda x: (sympy.exp(x) - sympy.exp(-x)) / 2),
    (sympy.cosh, lambda x: (sympy.exp(x) + sympy.exp(-x)) / 2),
    (sympy.tanh, lambda x: 1 - 2 / (sympy.exp(2 * x) + 1)),
    (sympy.coth, lambda x: 1 + 2 / (sympy.exp(2 * x) - 1)),
    (sympy.asinh, lambda x: sympy.log(x + sympy.sqrt(x**2 + 1))),
    (sympy.acosh, lambda x: sympy.log(x + sympy.sqrt(x**2 - 1))),
    (sympy.atanh, lambda x: sympy.log((1 + x) / (1 - x)) / 2),
    (sympy.erfc, lambda x: 1 - sympy.erf(x)),
    (sympy.factorial, lambda x: sympy.gamma(x + 1)),
    (sympy.beta, lambda x, y: sympy.gamma(x) * sympy.gamma(y) / sympy.gamma(x + y)),
)


def _in_fewer_functions(expr: Expr) -> Expr:
    """Each replacement holds for all real arguments where both sides are defined."""
    for function, rule in _RULES:
        if expr.has(function):
            expr = expr.replace(function, rule)
    return expr
