"""What can be said of a claim before anything is trained: poles, tautologies, idle parameters.

All of it is symbolic work on text from strangers, so it runs in the worker of `sandbox`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sympy import Basic, Expr, I, Integer, Pow, Symbol, pi, solve

from ftproofs.claim import Choices, Claim, Mean, Probability, Range
from ftproofs.names import EXPERIMENTS, HEAVY_TAILED, INFINITE, MEASUREMENTS, PARAMETERS, infinite_variance
from ftproofs.names.tails import VARIANCE_DEGREES
from ftproofs.symbolic import balls
from ftproofs.symbolic.balls import enclose
from ftproofs.symbolic.box import Box, Point, box_for
from ftproofs.symbolic.grammar import Grammar
from ftproofs.symbolic.vocabulary import SYMBOLS
from ftproofs.symbolic.zero import describe, holds, is_zero

POINTS = 200
LARGEST_POWER = Grammar().power


@dataclass(frozen=True, slots=True)
class Vetting:
    """What was found: an error that stops the claim, a point that disproves it, or flags.

    ``refused`` is a code and a message.  ``disproof`` says at which admissible setting the
    prediction is no real number (FT602).  ``flags`` are ``tautology`` and
    ``unused-parameter``, explained by ``notes``.
    """

    refused: tuple[str, str] | None = None
    disproof: str = ""
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Vetting:
        """From plain data."""
        refused = data["refused"]
        return cls(
            None if refused is None else (str(refused[0]), str(refused[1])),
            str(data["disproof"]),
            tuple(map(str, data["flags"])),
            tuple(map(str, data["notes"])),
        )


def vet(claim: Claim) -> Vetting:
    """Examine a claim's formulas over its domain, without training anything."""
    sides = [side for statement in claim.statements for side in (statement.lhs, statement.rhs)]
    box = _domain_box(claim, sides)
    points = list(box.points(POINTS, seed=f"vet {claim.id}")) if box.ranges else [{}]
    for find in (_large_exponent, _pole, _infinite_variance):
        refused = find(claim, sides, box, points)
        if refused is not None:
            return Vetting(refused=refused)
    flags, notes = [], []
    tautologies = [str(s) for s in claim.statements if _is_tautology(s.lhs, s.rel, s.rhs, claim)]
    if tautologies:
        flags.append("tautology")
        notes.append(f"true whatever is measured: {tautologies[0]}")
    idle = [] if tautologies else _idle(claim, sides)
    if idle:
        flags.append("unused-parameter")
        notes.append(f"varies and plays no part in the statement: {', '.join(idle)}")
    return Vetting(disproof=_not_real(sides, box, points), flags=tuple(flags), notes=tuple(notes))


def _domain_box(claim: Claim, sides: list[Expr]) -> Box:
    """The box of all parameters, those left out at their defaults."""
    defaults = EXPERIMENTS[claim.experiment].parameters
    domain = claim.domain
    parts = [*sides, *domain.constraints]
    speaks = {s.name for part in parts for s in part.free_symbols if s.name in PARAMETERS}
    fixed = {n: defaults[n] for n in speaks if n in defaults and n not in domain and not isinstance(defaults[n], str)}
    named = [SYMBOLS[name] for name, _ in domain.ranges if name in SYMBOLS]
    return box_for([*sides, *named], domain.with_ranges(**fixed))


def _parameters_only(expr: Basic) -> bool:
    return all(symbol.name in PARAMETERS for symbol in expr.free_symbols)


def _large_exponent(claim: Claim, sides: list[Expr], box: Box, points: list[Point]) -> tuple[str, str] | None:
    """An exponent with parameters that leaves the range of exponents somewhere in the domain."""
    exponents = {p.exp for side in sides for p in side.atoms(Pow) if p.exp.free_symbols and _parameters_only(p.exp)}
    for exponent in sorted(exponents, key=str):
        for point in points:
            value = _value(exponent, point)
            if value is None or not abs(value) <= LARGEST_POWER:
                where = describe({s: x for s, x in point.items() if s in exponent.free_symbols})
                return "FT113", f"exponent {exponent} outside |p|<={LARGEST_POWER} {where}"
    return None


def _pole(claim: Claim, sides: list[Expr], box: Box, points: list[Point]) -> tuple[str, str] | None:
    """A denominator in parameters that vanishes somewhere in the domain."""
    bases = {p.base for side in sides for p in side.atoms(Pow) if p.exp.could_extract_minus_sign()}
    for base in sorted((b for b in bases if b.free_symbols and _parameters_only(b)), key=str):
        if any(holds(base, rel, _ZERO, box).status == "proved" for rel in (">", "<")):
            continue
        for symbol, root in _roots(base):
            if _reached(symbol, root, claim, box, points):
                where = f"{symbol} = {root}"
                return "FT203", f"formula has a pole inside the declared domain at {where}; add a constraint"
    return None


_ZERO = Integer(0)


def _roots(base: Expr) -> Iterator[tuple[Symbol, Expr]]:
    """Where an expression vanishes, solved for one symbol after the other."""
    for symbol in sorted(base.free_symbols, key=lambda s: (not s.is_integer, str(s))):
        try:
            found = solve(base, symbol)
        except NotImplementedError:
            continue
        yield from ((symbol, root) for root in found if not root.has(I))


def _reached(symbol: Symbol, root: Expr, claim: Claim, box: Box, points: list[Point]) -> bool:
    """Whether some admissible point lies on ``symbol = root``."""
    if symbol.name not in claim.domain:
        return False
    values = claim.domain[symbol.name]
    open_box = Box({s: r for s, r in box.ranges.items() if s != symbol}, (), box.assumed)
    for point in itertools.chain(open_box.corners(), open_box.points(POINTS, seed="pole")):
        value = root.subs(point)
        if not value.is_real or (symbol.is_integer and not value.is_integer):
            continue
        inside = (
            values.low <= value <= values.high if isinstance(values, Range) else any(value == x for x in values.values)
        )
        if inside and box.admits(dict(point) | {symbol: value}):
            return True
    return False


def _infinite_variance(claim: Claim, sides: list[Expr], box: Box, points: list[Point]) -> tuple[str, str] | None:
    """A claim on means that reaches settings at which what it speaks of has no variance."""
    names = {s.name for side in sides for s in side.free_symbols}
    domain = claim.domain
    if not isinstance(claim.quantifier, Mean) or not names & HEAVY_TAILED or "n" not in domain or "d" not in domain:
        return None
    for others in _other_values(claim):
        chosen = {SYMBOLS[name]: others[name] for name in ("sigma", "clients") if name in others}
        chosen = {symbol: x for symbol, x in chosen.items() if x != INFINITE}
        for size in _integers(domain["d"]):
            for samples in _near(size, others.get("clients", INFINITE)):
                where = infinite_variance({**others, "n": samples, "d": size}, names, claim.experiment)
                at = {SYMBOLS["n"]: samples, SYMBOLS["d"]: size} | chosen
                if where and _contains(domain["n"], samples) and any(box.admits(dict(p) | at) for p in points[:20]):
                    return (
                        "FT213",
                        f"variance is infinite at {where} (d = {size}, n = {samples}); "
                        "restrict the domain or declare an upper bound",
                    )
    return None


def _other_values(claim: Claim) -> Iterator[dict[str, Any]]:
    """The largest noise and difference, the least penalty, an angle between the teachers, and each kind of the rest.

    The rest are inputs, frozen layers and numbers of clients.
    """
    defaults = EXPERIMENTS[claim.experiment].parameters
    known: dict[str, list[Any]] = {}
    for name in ("theta", "inputs", "frozen_end"):
        if name in claim.domain:
            values = claim.domain[name]
            middle = [] if isinstance(values, Choices) else [(float(values.low) + float(values.high)) / 2]
            known[name] = list(getattr(values, "values", middle))
        elif name in defaults:
            known[name] = [defaults[name]]
    if "clients" in defaults:
        given = claim.domain["clients"] if "clients" in claim.domain else Choices((defaults["clients"],))
        known["clients"] = _integers(given) if isinstance(given, Range) else list(given.values)
    known["sigma"] = [0]
    for name, most in {"sigma": True, "client_radius": True, "ridge": False, "L": False}.items():
        if name in claim.domain:
            known[name] = [_end(claim.domain[name], most=most)]
        elif name in defaults:
            known[name] = [defaults[name]]
    known["theta"] = sorted(known.get("theta", [0]), key=lambda theta: theta in (0, pi))[:1]
    for combination in itertools.product(*known.values()):
        yield dict(zip(known, combination, strict=True))


def _end(values: Range | Choices, *, most: bool) -> Any:
    if isinstance(values, Range):
        return values.high if most else values.low
    return max(values.values) if most else min(values.values)


def _near(size: int, clients: Any) -> list[int]:
    """Numbers of samples at which something may have no variance: few, or near the dimension, of a client or of all."""
    found = {*range(1, VARIANCE_DEGREES), *range(size - VARIANCE_DEGREES, size + VARIANCE_DEGREES + 1)}
    if clients != INFINITE:
        found |= set(range(size // int(clients), (size + VARIANCE_DEGREES) // int(clients) + 1))
    return sorted(n for n in found if n > 0)


def _integers(values: Any) -> list[int]:
    """Whole numbers of a range or of choices, thinned out where there are very many."""
    if isinstance(values, Range):
        low, high = round(float(values.low)), round(float(values.high))
        return list(range(low, high + 1, max(1, (high - low) // 500)))
    return [int(x) for x in values.values]


def _contains(values: Any, number: int) -> bool:
    if isinstance(values, Range):
        return float(values.low) <= number <= float(values.high)
    return any(int(x) == number for x in values.values)


def _is_tautology(lhs: Expr, rel: str, rhs: Expr, claim: Claim) -> bool:
    """Whether the relation holds for every value of its measurements, read as free nonnegative or real numbers."""
    symbols = lhs.free_symbols | rhs.free_symbols
    if not any(symbol.name in MEASUREMENTS for symbol in symbols):
        return False
    box = box_for([lhs, rhs], claim.domain)
    if rel == "==":
        return is_zero(lhs - rhs, box).status in ("proved", "probable")
    return holds(lhs, rel, rhs, box).status == "proved"  # type: ignore[arg-type]


def _idle(claim: Claim, sides: list[Expr]) -> list[str]:
    """Parameters that vary over the domain and occur in no statement, no constraint and no level.

    A statement on one measurement claims that it depends on nothing else; one that relates
    several has parameters in them that need no mention.
    """
    if any(len(_measured(s.lhs) | _measured(s.rhs)) > 1 for s in claim.statements):
        return []
    parts = [*sides, *claim.domain.constraints]
    if isinstance(claim.quantifier, Probability):
        parts.append(claim.quantifier.level)
    spoken = {s.name for part in parts for s in part.free_symbols}
    if "gamma" in spoken:
        spoken |= {"n", "d"}
    varying = [
        name
        for name, values in claim.domain.ranges
        if isinstance(values, Range) or len(getattr(values, "values", ())) > 1
    ]
    return [name for name in varying if name not in spoken and name not in ("n", "d", "gamma")]


def _measured(expr: Expr) -> set[str]:
    return {symbol.name for symbol in expr.free_symbols if symbol.name in MEASUREMENTS}


def _not_real(sides: list[Expr], box: Box, points: list[Point]) -> str:
    """An admissible point at which a formula in parameters has no real and finite value."""
    for side in sides:
        if not side.free_symbols or not _parameters_only(side):
            continue
        for point in itertools.chain(box.corners(), points):
            at = {symbol: x for symbol, x in point.items() if symbol in side.free_symbols}
            if _value(side, at) is None and _certainly_not_real(side, at):
                return f"FT602: prediction is not real and finite {describe(at)}"
    return ""


def _value(expr: Expr, point: Point) -> float | None:
    """The expression's value at a point, or None where its enclosure is not a real number."""
    try:
        ball = enclose(expr, {s: x for s, x in point.items() if s in expr.free_symbols}, prec=256)
    except (ValueError, ArithmeticError, balls.Undefined):
        return None
    return float(ball.mid()) if ball.is_finite() else None


def _certainly_not_real(expr: Expr, point: Point) -> bool:
    """Whether SymPy, by a route of its own, finds no real finite value either."""
    value = expr.subs(point)
    if value.is_finite is False or value.is_real is False:
        return True
    number = value.evalf(30)
    return number.is_real is False or number.is_finite is False
