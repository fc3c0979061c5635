"""Is a mutant wrong at all?  Where the claim holds, how far is the mutant from holding?

The claim's own equations are put into the mutant; what is left is a formula in the
names that stay free, and its relative size is the error the mutant makes.  It is
evaluated at 30 digits at points of the domain and on what was measured:

- the same expression, or no error at any of 60 points: *equivalent*, named by the zero ladder where that closes;
- an error below the tolerance wherever it is looked for: *sub-tolerance*;
- no real, finite value at a point of the domain: *undefined*, so the domain check kills it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Literal

import mpmath
import numpy as np
import sympy
from sympy import Expr, S, Symbol

from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Statement
from ftproofs.errors import FTError
from ftproofs.names import EXPERIMENTS, MEASUREMENTS, PER_COORDINATE, scale_names
from ftproofs.symbolic.arrays import Arrays
from ftproofs.symbolic.box import box_for
from ftproofs.symbolic.cases import has_cases
from ftproofs.symbolic.kernels import numpy_kernel
from ftproofs.symbolic.mutation import Mutant
from ftproofs.symbolic.places import DIGITS, Place, ends, fixed, solve_together, spread
from ftproofs.symbolic.vocabulary import SYMBOLS
from ftproofs.symbolic.zero import is_zero

POINTS = 60
AGREE = 1e-12

#: Points at which a small error is looked for where it is larger.
SEARCHED = 1000

Label = Literal["different", "undefined", "equivalent", "sub-tolerance"]


@dataclass(frozen=True, slots=True)
class Compared:
    """What a mutant is.

    ``difference`` is the largest relative error found, ``route`` how an equivalence was
    found (``identical``, ``points`` or the ladder's route) or where a formula has no value.
    """

    label: Label
    difference: float
    route: str = ""


class Comparison:
    """Compares mutants of one claim with the claim.

    Args:
        claim: the claim; its statements are taken as true.
        mutants: all that will be asked about; their symbols get points.
        measured: values of symbols as they were measured, one mapping a point.
        tolerance: errors below it make a mutant sub-tolerance.
        halved: of a limit, for each measured point the same setting at half the size, so that
            what vanishes like 1/d is no error.
    """

    def __init__(
        self,
        claim: Claim,
        mutants: Iterable[Mutant],
        measured: Sequence[Mapping[Symbol, float]],
        tolerance: float,
        halved: Sequence[Mapping[Symbol, float]] = (),
    ) -> None:
        self.claim = claim
        self.tolerance = tolerance
        self._solutions = [
            _solutions(statement, sums=isinstance(claim.quantifier, Each)) for statement in claim.statements
        ]
        self._rule = {symbol: value for solution in self._solutions for symbol, value in solution.items()}
        self._box = box_for(sorted(spoken(claim, mutants), key=str), _complete(claim))
        drawn = (*self._box.points(POINTS, seed="mutation"), *ends(self._box))
        occurred = [Place(p, None) for p in spread(measured, POINTS)]
        for place, half in zip(occurred, spread(halved, POINTS), strict=False):
            place.half = Place(half, None)
        self._places = [*(Place(p, self._box) for p in drawn), *occurred]
        self._fixed = {True: fixed(self._places), False: fixed(occurred)}
        self._columns: dict[Symbol, np.ndarray] | None = None
        self._measured = measured
        self._chosen = frozenset(s for s in self._box.ranges if s.name in claim.domain)

    def __call__(self, mutant: Mutant) -> Compared:
        """What the mutant is."""
        with mpmath.workdps(DIGITS):
            return self._compare(mutant)

    def _compare(self, mutant: Mutant) -> Compared:
        lhs, rhs, certain = self._put_in(mutant)
        scale = natural_scale(mutant.statement.lhs, self.claim.experiment)
        original = self.claim.statements[mutant.number].rhs
        if not isinstance(self.claim.quantifier, Mean):
            original = original.xreplace(
                self._rule
            )  # where the claim's own equations have no value nothing is compared
        largest, defined, skipped = 0.0, 0, False
        drawn = self._drawn(lhs.free_symbols | rhs.free_symbols | scale.free_symbols)
        places = [place for place in self._places if drawn or place.measured]
        if certain and _same(lhs.xreplace(self._fixed[drawn]), rhs.xreplace(self._fixed[drawn])):
            return Compared("equivalent", 0.0, "identical")
        solve_together((lhs, rhs), places)
        for place in places:
            if not place.defined(original):
                continue
            found = place.error(lhs, rhs, scale)
            if found is None:
                if certain and place.occurs(lhs.free_symbols | rhs.free_symbols):
                    return Compared("undefined", math.inf, str(place))
                skipped = True
                continue
            largest, defined = max(largest, found), defined + 1
        if not certain and (where := self._impossible(mutant.statement)):
            return Compared("undefined", math.inf, where)
        if not certain or skipped or not defined or largest >= self.tolerance:
            return Compared("different", largest)
        if original.has(sympy.sign):  # only near a boundary is a sign another one
            largest = max(largest, self._search(lhs, rhs, scale))
        if largest <= AGREE and defined >= min(POINTS, len(places)):
            ladder = self._ladder(lhs - rhs)
            if ladder != "disproved":
                return Compared("equivalent", largest, ladder or "points")
        largest = max(largest, self._search(lhs, rhs, scale))
        return Compared("sub-tolerance" if largest < self.tolerance else "different", largest)

    def _drawn(self, symbols: set[Symbol]) -> bool:
        """Whether points drawn from the domain say what a formula in these symbols is.

        A limit is not about single values of n and d or of what grows with them, so a formula in
        those is evaluated only at what was measured at the largest size.
        """
        return not isinstance(self.claim.quantifier, Limit) or symbols <= self._chosen

    def _impossible(self, statement: Statement) -> str:
        """A measured point at which the statement as it stands has no value; empty if there is none."""
        for place in self._places:
            if place.occurs([*self._box.assumed]) and not (
                place.defined(statement.lhs) and place.defined(statement.rhs)
            ):
                return str(place)
        return ""

    def _put_in(self, mutant: Mutant) -> tuple[Expr, Expr, bool]:
        """Both sides with the claim's equations put in, and whether that is all that can be said of them.

        Of a mean only the whole left side and its multiples are known; a mutant that changed it otherwise
        is never called equivalent or sub-tolerance.  In a limit a measurement stands for its
        own limit, as in derivations: whoever judges by draws asks them first.
        """
        statement, whole = mutant.statement, self.claim.statements[mutant.number]
        if isinstance(self.claim.quantifier, Mean):
            times = _multiple(statement.lhs, whole.lhs)
            if times is not None:
                return times * whole.rhs, statement.rhs, True
            lhs = statement.lhs.xreplace(self._solutions[mutant.number])
            return lhs, statement.rhs.xreplace(self._solutions[mutant.number]), False
        lhs = whole.rhs if statement.lhs == whole.lhs else statement.lhs
        return lhs.xreplace(self._rule), statement.rhs.xreplace(self._rule), True

    def _ladder(self, gap: Expr) -> str:
        """The route by which the ladder proves the gap zero; ``disproved``; "" if it decides nothing.

        Case distinctions are left to the points: taking them apart costs half a second.
        """
        if has_cases(gap):
            return ""
        try:
            found = is_zero(gap, self._box)
        except (FTError, ValueError, TypeError):
            return ""
        return "disproved" if found.status == "disproved" else found.route if found.status == "proved" else ""

    def _search(self, lhs: Expr, rhs: Expr, scale: Expr) -> float:
        """The largest relative error at many points, in float64."""
        if self._columns is None:
            symbols = sorted(self._box.ranges, key=str)
            points = list(self._box.points(SEARCHED, seed="mutation-search"))
            self._columns = {s: np.array([float(p[s]) for p in points]) for s in symbols}
        symbols = sorted((lhs.free_symbols | rhs.free_symbols | scale.free_symbols) & set(self._columns), key=str)
        largest = 0.0
        drawn = self._drawn(lhs.free_symbols | rhs.free_symbols | scale.free_symbols)
        tables = [self._columns] if drawn else []
        if not isinstance(self.claim.quantifier, Limit):  # whose measured points have all been looked at
            tables.append({s: np.array([p[s] for p in self._measured]) for s in symbols if self._has(s)})
        for table in tables:
            if not all(s in table for s in symbols) or not len(next(iter(table.values()), ())):
                continue
            one, other, unit = (numpy_kernel(e, symbols)(*(table[s] for s in symbols)) for e in (lhs, rhs, scale))
            with np.errstate(all="ignore"):
                errors = np.abs(one - other) / np.maximum(np.abs(other), np.abs(unit) / 10)
            largest = max(largest, float(np.max(errors[np.isfinite(errors)], initial=0.0)))
        return largest

    def _has(self, symbol: Symbol) -> bool:
        return bool(self._measured) and symbol in self._measured[0]


class Errors:
    """The relative errors of mutants at points, in float64: where a claim's anchors can be told from them.

    Args:
        claim: the claim; its statements are taken as true.
        mutants: those that changed the left side, but for a factor, have no error here (NaN); of limits they
            have: there a measurement is what the claim's equation says.
    """

    def __init__(self, claim: Claim, mutants: Sequence[Mutant]) -> None:
        self._sides: list[tuple[Expr, Expr, Expr] | None] = []
        solutions = [_solutions(statement) for statement in claim.statements]
        rule = {symbol: value for solution in solutions for symbol, value in solution.items()}
        for mutant in mutants:
            whole, changed = claim.statements[mutant.number], mutant.statement
            times = _multiple(changed.lhs, whole.lhs)
            if times is not None:
                sides = (times * whole.rhs, changed.rhs)
            elif isinstance(claim.quantifier, Limit) and solutions[mutant.number]:
                sides = (changed.lhs.xreplace(rule), changed.rhs.xreplace(rule))
            else:
                self._sides.append(None)
                continue
            self._sides.append((*sides, natural_scale(whole.lhs, claim.experiment)))

    def of(self, chosen: Iterable[bool]) -> Errors:
        """Those of the mutants chosen only."""
        found = copy(self)
        found._sides = list(itertools.compress(self._sides, chosen))
        return found

    def __call__(self, points: Sequence[Mapping[Symbol, float]]) -> np.ndarray:
        """Shape (mutant, point), float64; infinite where the mutant has no value."""
        found = np.full((len(self._sides), len(points)), np.nan)
        table = {symbol: np.array([point[symbol] for point in points], float) for symbol in points[0]}
        values = Arrays(table)
        for row, sides in zip(found, self._sides, strict=True):
            if sides is None:
                continue
            left, right, scale = (values(side) for side in sides)
            with np.errstate(all="ignore"):
                error = np.abs(left - right) / np.maximum(np.abs(right), np.abs(scale) / 10)
            row[:] = np.where(np.isfinite(error), error, math.inf)
        return found


def _same(one: Expr, other: Expr) -> bool:
    """Whether both are written alike, and have a value."""
    return one == other and not one.has(S.NaN, S.ComplexInfinity)


def spoken(claim: Claim, mutants: Iterable[Mutant]) -> set[Symbol]:
    """The parameters and measurements that a comparison needs: those of the statements and of their scales."""
    found: set[Symbol] = set()
    for statement in (*claim.statements, *(mutant.statement for mutant in mutants)):
        scale = natural_scale(statement.lhs, claim.experiment)
        found |= statement.lhs.free_symbols | statement.rhs.free_symbols | scale.free_symbols
    return found & set(SYMBOLS.values())


def _complete(claim: Claim) -> Domain:
    """The domain with the experiment's defaults for what it does not mention."""
    defaults = EXPERIMENTS[claim.experiment].parameters
    missing = {n: x for n, x in defaults.items() if n not in claim.domain and not isinstance(x, str)}
    return claim.domain.with_ranges(**missing)


def _multiple(changed: Expr, whole: Expr) -> Expr | None:
    """What the one is of the other, where that has no measurement in it; None otherwise."""
    times = changed / whole
    return None if any(symbol.name in MEASUREMENTS for symbol in times.free_symbols) else times


def _solutions(statement: Statement, *, sums: bool = False) -> dict[Symbol, Expr]:
    """The measurement that the equation gives, where its left side is a product with a power of one.

    With ``sums`` also where it is a sum with a multiple of one: what holds of every network may be solved for any part.
    """
    if statement.rel != "==":
        return {}
    if sums and statement.lhs.is_Add:
        for term in sorted(statement.lhs.args, key=sympy.default_sort_key):
            others = statement.lhs - term
            found = _solutions(Statement(term, "==", statement.rhs - others))
            if found and not any((term / symbol).has(symbol) for symbol in found):
                return found
        return {}
    factors = sympy.Mul.make_args(statement.lhs)
    # What is measured stands in the numerator; what it is measured by, below.
    for factor in sorted(factors, key=lambda factor: not factor.as_base_exp()[1].is_positive):
        base, exponent = factor.as_base_exp()
        rest = statement.lhs / factor
        known = isinstance(base, Symbol) and base.name in MEASUREMENTS
        if known and base not in rest.free_symbols | statement.rhs.free_symbols and exponent.is_Rational:
            value = statement.rhs / rest
            return {base: value if exponent == 1 else value ** (1 / exponent)}
    return {}


def natural_scale(lhs: Expr, experiment: str) -> Expr:
    """The left side with every measurement at its natural scale, in parameters (and the initial loss)."""
    parameters = EXPERIMENTS[experiment].parameters
    rule = {}
    for symbol in lhs.free_symbols:
        if symbol.name in MEASUREMENTS:
            factors = []
            if symbol.name in PER_COORDINATE and "target_norm" not in parameters:
                rule[symbol] = sympy.S.One
                continue
            for name, power in scale_names(symbol.name):
                present = name in parameters or name in MEASUREMENTS
                factors.append((SYMBOLS[name] if present else _norm(name, parameters)) ** power)
            rule[symbol] = sympy.Mul(*factors)
    return lhs.xreplace(rule)


def _norm(name: str, parameters: Mapping[str, object]) -> Expr:
    """A teacher's norm where it is no parameter; as `ftproofs.names.natural_norm`."""
    if "target_norm" in parameters:
        return SYMBOLS["target_norm"]
    if "client_radius" in parameters:
        return SYMBOLS["client_radius"]
    if "beta_main" in parameters:
        return sympy.Abs(SYMBOLS["beta_aux" if name == "source_norm" else "beta_main"])
    return sympy.sqrt(SYMBOLS["d"])
