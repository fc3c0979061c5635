"""Why a claim was refuted, as far as draws can tell: an assumption, a factor, a region.

Hints for a reader; they never change a verdict.  Everything is measured on the
oracle's draws at settings of the claim's domain, and again after one assumption was
added: what then agrees everywhere is "holds when ...".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ftproofs.check.context import Context
from ftproofs.check.draws import Parameters, engine_at, law_rows, natural_scale
from ftproofs.check.judge import Judge, parameter
from ftproofs.check.links import engine_of_draws
from ftproofs.check.sizes import at_size, check_domain
from ftproofs.claim import Claim, Each, Limit, Probability, Rows
from ftproofs.errors import FTError, UsageError
from ftproofs.names import EXPERIMENTS, PARAMETERS, Value, complete
from ftproofs.numeric.experiments import LAW, SOLVER
from ftproofs.numeric.sampling import batches, explore
from ftproofs.numeric.statistics import relative_error
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.orientation import oriented

#: Settings looked at, draws at each (of a claim about each; of one about means), and the size of a limit's draws.
SETTINGS = 24
DRAWS = {"each": 4, "mean": 2048, "limit": 256}
SIZE = 96

#: Draws where they come from the law of the design, and the size of a limit's there.
DRAWN = 4096
LARGE = 512

#: Draws at each setting where they have to be trained.
TRAINED = 64

#: Failing settings at which an assumption is tried, those that fail most.
TRIED = 5

#: How many standard errors an agreement may miss by.
NOISE = 3.5

#: An assumption explains a failure when it makes the error this much smaller.
REPAIRED = 4

#: Below this part of its scale a measurement is 0, and agreement there says nothing.
NOTHING = 1e-6

#: A limit's draws are at a finite size, where the statement may be off by this more.
FINITE = 0.02

MOST = 3


@dataclass(frozen=True)
class Seen:
    """A statement's relative error at a setting: its mean, its standard error, observed over predicted."""

    parameters: Parameters
    error: float
    noise: float
    ratio: float
    trivial: bool = False

    def holds(self, tolerance: float) -> bool:
        """Whether the draws are consistent with the statement."""
        return abs(self.error) <= tolerance + NOISE * self.noise

    def fails(self, tolerance: float) -> bool:
        """Whether the draws clearly contradict the statement."""
        return abs(self.error) > tolerance + NOISE * self.noise


def diagnose(claim: Claim, context: Context) -> tuple[str, ...]:
    """Hints on why an equation was refuted, the plainest first; none for other claims.

    Tried: assumptions ("holds when sigma = 0"), factors ("right after multiplying by 2",
    "off by a factor that depends on L"), one-sided regions ("holds where theta <= 0.5").
    """
    if isinstance(claim.quantifier, Probability) or any(s.rel != "==" for s in claim.statements):
        return ()
    try:
        hints = [
            hint for judge in map(Judge, map(oriented, claim.statements)) for hint in _hints(claim, context, judge)
        ]
    except FTError:
        return ()  # what cannot be drawn here cannot be explained either
    return tuple(dict.fromkeys(hints))


def _hints(claim: Claim, context: Context, judge: Judge) -> list[str]:
    tolerance = claim.margin + (FINITE if isinstance(claim.quantifier, Limit) else 0.0)
    look = _looker(claim, context, judge)
    seen = [found for p in _settings(claim, context) if (found := look(p)) is not None]
    failing = sorted((s for s in seen if s.fails(tolerance)), key=lambda s: -abs(s.error))
    if not failing:
        return []
    assumptions = list(_assumptions(claim, look, failing[:TRIED], tolerance))[:MOST]
    usable, ratios, noise = _ratios(seen, tolerance)
    if not usable:
        return assumptions or _region(claim, seen, failing, tolerance)
    # A factor that repairs the statement everywhere says more than an assumption under which it is 1;
    # a factor that is only described says less.
    exact = _repair(claim, judge, usable, ratios, noise)
    return (
        [*exact, *assumptions]
        or _constant(ratios, noise)
        or _one_parameter(claim, usable, ratios, noise)
        or _region(claim, seen, failing, tolerance)
    )


def _settings(claim: Claim, context: Context) -> list[Parameters]:
    """Distinct settings of the domain, at one size for a limit."""
    limit = isinstance(claim.quantifier, Limit)
    domain = check_domain(claim) if limit else claim.domain
    found: dict[tuple[tuple[str, Value], ...], Parameters] = {}

    def note(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        p = at_size(batch[0], SIZE) if limit else batch[0]
        found.setdefault(tuple(sorted(p.items())), p)
        return 0.0, []

    source = batches(domain, claim.experiment, acceptor(domain), size=1)
    explore(source, note, seed=context.seed, examples=SETTINGS, shrink_calls=0)
    return list(found.values())


def _looker(claim: Claim, context: Context, judge: Judge) -> Callable[[Parameters], Seen | None]:
    engine = engine_of_draws(claim)
    draws = DRAWS[claim.quantifier.name] if engine == SOLVER else min(TRAINED, DRAWS[claim.quantifier.name])

    def drawn(parameters: Parameters) -> list[Rows]:
        there = at_size(parameters, LARGE) if isinstance(claim.quantifier, Limit) else parameters
        if not isinstance(claim.quantifier, Each) and engine_at(claim, there) == LAW:
            return law_rows(claim, context, there, "diagnose", 0, DRAWN)
        block = context.block(claim.experiment, [parameters] * draws, engine=engine, stage="diagnose")
        return [context.draws(block)]

    def look(parameters: Parameters) -> Seen | None:
        lhs, rhs = (np.concatenate(side) for side in zip(*map(judge.samples, drawn(parameters)), strict=True))
        if not (np.isfinite(lhs).all() and np.isfinite(rhs).all()):
            return None
        scale = natural_scale(judge, parameters)
        ratio = float(lhs.mean() / rhs.mean()) if rhs.mean() else math.nan
        trivial = bool(max(np.abs(lhs).max(), np.abs(rhs).max()) <= NOTHING * scale)
        if isinstance(claim.quantifier, Each):
            gaps = (lhs - rhs) / np.maximum(np.abs(rhs), scale / 10)
            return Seen(parameters, float(gaps[np.argmax(np.abs(gaps))]), 0.0, ratio, trivial)
        found = relative_error(lhs, rhs, scale)
        return Seen(parameters, found.estimate, found.standard_error, ratio, trivial)

    return look


# -- assumptions ----------------------------------------------------------------


def _assumptions(
    claim: Claim, look: Callable[[Parameters], Seen | None], failing: Sequence[Seen], tolerance: float
) -> Iterator[str]:
    for text, change in _candidates(claim):
        if _explains(change, look, failing, tolerance):
            yield f"holds when {text}"


def _explains(
    change: Callable[[Parameters], Parameters | None],
    look: Callable[[Parameters], Seen | None],
    failing: Sequence[Seen],
    tolerance: float,
) -> bool:
    """Whether the statement agrees at most failing settings once they are changed, and fails at none."""
    agreed = 0
    for before in failing:
        changed = change(before.parameters)
        found = look(changed) if changed is not None and changed != before.parameters else None
        # An agreement counts only where the failure would still have shown.
        if found is None or found.trivial or NOISE * found.noise >= abs(before.error):
            continue
        if not found.holds(tolerance) or abs(found.error) > max(abs(before.error) / REPAIRED, NOISE * found.noise):
            return False
        agreed += 1
    return agreed > len(failing) / 2


def _candidates(claim: Claim) -> Iterator[tuple[str, Callable[[Parameters], Parameters | None]]]:
    """One assumption after the other, as a change of a setting (None: not possible there)."""
    spec = EXPERIMENTS[claim.experiment]

    def fix(**values: Value) -> Callable[[Parameters], Parameters | None]:
        return lambda parameters: _valid(claim.experiment, parameters | values)

    for name, default in spec.parameters.items():
        if name in ("n", "d"):
            continue
        for value in _special(name, default):
            yield f"{name} = {_written(value)}", fix(**{name: value})
    if {"source_norm", "target_norm"} <= set(spec.parameters):
        yield (
            "source_norm == target_norm",
            lambda p: _valid(claim.experiment, p | {"target_norm": p["source_norm"]}),
        )
    if {"n", "d"} <= set(spec.parameters):
        yield "n < d", lambda p: _swapped(claim.experiment, p, float(p["n"]) > float(p["d"]))
        yield "n > d", lambda p: _swapped(claim.experiment, p, float(p["n"]) < float(p["d"]))


def _swapped(name: str, p: Parameters, when: bool) -> Parameters | None:
    return _valid(name, p | {"n": p["d"], "d": p["n"]}) if when else None


def _special(name: str, default: Value) -> list[Value]:
    known = PARAMETERS[name]
    if known.kind == "choice":
        return [known.choices[0]]
    if known.kind == "integer":
        return [1] if name in ("L", "width") else []
    values: list[Value] = [0.0, 1.0] if known.high != math.pi else [0.0, math.pi / 2, math.pi]
    if isinstance(default, (int, float)):
        values.append(float(default))
    return list(dict.fromkeys(values))


def _valid(name: str, values: Parameters) -> Parameters | None:
    try:
        return complete(name, values)
    except UsageError:
        return None


def _written(value: Value) -> str:
    names = {math.pi: "pi", math.pi / 2: "pi/2"}
    if isinstance(value, float):
        return names.get(value, f"{value:g}")
    return f'"{value}"' if isinstance(value, str) else str(value)


# -- factors ----------------------------------------------------------------------


def _ratios(seen: Sequence[Seen], tolerance: float) -> tuple[list[Seen], np.ndarray, np.ndarray]:
    """Settings with a positive observed over predicted, that ratio and its noise; none if those are too few."""
    usable = [s for s in seen if math.isfinite(s.ratio) and s.ratio > 0]
    if len(usable) < 6 or len(usable) < 0.8 * len(seen):
        usable = []
    ratios = np.array([s.ratio for s in usable])
    return usable, ratios, np.array([tolerance + NOISE * s.noise for s in usable])


def _repair(claim: Claim, judge: Judge, usable: Sequence[Seen], ratios: np.ndarray, noise: np.ndarray) -> list[str]:
    """A factor that would repair the statement."""
    for text, factor in _factors(claim, [s.parameters for s in usable]):
        values = np.array([factor(s.parameters) for s in usable])
        with np.errstate(all="ignore"):
            off = np.abs(ratios / values - 1)
        if np.isfinite(off).all() and (off <= noise).all() and (np.abs(values - 1) > noise).any():
            side = "right" if judge.statement in claim.statements else "left"  # as it was written
            return [f"right after multiplying the {side}-hand side by {text}"]
    return []


def _constant(ratios: np.ndarray, noise: np.ndarray) -> list[str]:
    """The factor by which the statement is off, if it is the same everywhere."""
    constant = float(np.exp(np.mean(np.log(ratios))))
    if (np.abs(ratios / constant - 1) <= noise).all() and abs(constant - 1) > noise.max():
        return [f"off by a constant factor of {constant:.3g}"]
    return []


def _factors(claim: Claim, settings: Sequence[Parameters]) -> Iterator[tuple[str, Callable[[Parameters], float]]]:
    """Factors that formulas lack, plainest first: numbers, powers of a parameter that varies, ratios of two."""
    yield "2", lambda p: 2.0
    yield "1/2", lambda p: 0.5
    names = [n for n in EXPERIMENTS[claim.experiment].parameters if PARAMETERS[n].kind != "choice"]
    names = [n for n in names if len({p[n] for p in settings}) > 1]
    names += ["gamma"] if {"n", "d"} <= set(names) else []
    for name in names:
        for power, text in ((1, name), (-1, f"1/{name}"), (2, f"{name}**2"), (-2, f"1/{name}**2")):
            yield text, _power(name, power)
    if "gamma" in names:
        yield "1 - gamma", lambda p: 1 - float(parameter(p, "gamma"))
        yield "1/(1 - gamma)", lambda p: _over(1.0, 1 - float(parameter(p, "gamma")))
    for above in names:
        for below in names:
            if above != below and {above, below} != {"n", "d"}:
                yield f"{above}/{below}", _ratio(above, below)


def _power(name: str, power: int) -> Callable[[Parameters], float]:
    return lambda p: float(parameter(p, name)) ** power if float(parameter(p, name)) else math.nan


def _ratio(above: str, below: str) -> Callable[[Parameters], float]:
    return lambda p: _over(float(parameter(p, above)), float(parameter(p, below)))


def _over(above: float, below: float) -> float:
    return above / below if below else math.nan


def _one_parameter(claim: Claim, usable: Sequence[Seen], ratios: np.ndarray, noise: np.ndarray) -> list[str]:
    """The parameter with few values that decides the factor by itself."""
    for name in (n for n in EXPERIMENTS[claim.experiment].parameters if PARAMETERS[n].kind == "integer"):
        if name in ("n", "d"):
            continue
        groups: dict[float, list[int]] = {}
        for i, s in enumerate(usable):
            groups.setdefault(float(s.parameters[name]), []).append(i)
        if not 2 <= len(groups) <= 6 or min(map(len, groups.values())) < 2:
            continue
        means = {value: float(np.mean(ratios[members])) for value, members in groups.items()}
        within = all((np.abs(ratios[m] / means[value] - 1) <= noise[m]).all() for value, m in groups.items())
        if within:
            found = ", ".join(f"{mean:.3g} at {name} = {value:g}" for value, mean in sorted(means.items()))
            return [f"off by a factor that depends on {name}: {found}"]
    return []


# -- regions ----------------------------------------------------------------------


def _region(claim: Claim, seen: Sequence[Seen], failing: Sequence[Seen], tolerance: float) -> list[str]:
    """One threshold on one parameter that parts the settings where the statement holds from those where it fails."""
    holding = [s for s in seen if s.holds(tolerance)]
    if len(holding) < 3 or len(failing) < 3:
        return []
    names = [n for n, _ in claim.domain.ranges if PARAMETERS[n].kind != "choice"]
    for name in (*names, "gamma"):
        try:
            good = [float(parameter(s.parameters, name)) for s in holding]
            bad = [float(parameter(s.parameters, name)) for s in failing]
        except KeyError:
            continue
        count = f"{len(holding)} of {len(holding)} settings looked at"
        if max(good) < min(bad):
            return [f"holds where {name} <= {max(good):.3g} ({count}), fails from {name} = {min(bad):.3g} on"]
        if min(good) > max(bad):
            return [f"holds where {name} >= {min(good):.3g} ({count}), fails up to {name} = {max(bad):.3g}"]
    return []
