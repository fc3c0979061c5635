"""Where a refuted claim holds and where it fails: a picture over two parameters, from rows already drawn.

Each setting of the domain that the check or its diagnosis measured is a spot; nothing more is drawn, and
nothing here changes a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice
from typing import TypeAlias

import numpy as np
from sympy import Integer

from ftproofs.check.diagnose import FINITE, NOISE
from ftproofs.check.draws import natural_scale
from ftproofs.check.judge import Judge, parameter, violation
from ftproofs.check.links import engine_of_draws
from ftproofs.check.outcomes import level_gap
from ftproofs.check.sizes import check_domain
from ftproofs.claim import Choices, Claim, Each, Limit, Probability, Range, Rows, Statement
from ftproofs.decision import violations
from ftproofs.errors import FTError
from ftproofs.names import PARAMETERS, Value
from ftproofs.numeric.experiments import USABLE
from ftproofs.numeric.statistics import relative_error
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.boundary import sign_statements
from ftproofs.symbolic.orientation import oriented
from ftproofs.verdict import Picture, Spot

#: Fewer settings make no picture; more are not looked at.
FEWEST = 12
MOST = 400

#: Both parameters matter when the second one explains at least this part of what two explain together.
SECOND = 0.1

#: And the two together this part of the variation between settings.
EXPLAINED = 0.3

#: So many settings where it holds, and where it fails.
FEW = 3

_TELLS = {"holds": 0.0, "unclear": 0.5, "fails": 1.0}

_Point: TypeAlias = tuple[Mapping[str, Value], str, float]
_Inside: TypeAlias = Callable[[Mapping[str, Value]], bool]


def picture(claim: Claim, rows: Iterable[Rows]) -> Picture | None:
    """The settings of the rows as spots over the two parameters that tell best where it fails.

    None where it fails everywhere, fewer than two parameters matter, or too few settings were measured.

    Args:
        claim: a claim that was refuted.
        rows: what its check measured, and its diagnosis.
    """
    points = list(_points(claim, rows))
    names = _varied(claim, points)
    if len(points) < FEWEST or len(names) < 2:
        return None
    values = {name: np.array([float(parameter(p, name)) for p, _, _ in points]) for name in names}
    outcomes = [outcome for _, outcome, _ in points]
    if min(outcomes.count("holds"), outcomes.count("fails")) < FEW:
        return None
    told = np.array([_TELLS[outcome] for outcome in outcomes])
    total = float(((told - told.mean()) ** 2).sum())
    gains = {pair: _two_cuts(values[pair[0]], values[pair[1]], told) for pair in combinations(names, 2)}
    pair = max(gains, key=lambda pair: gains[pair])
    alone = max(_two_cuts(values[name], values[name], told) for name in pair)
    if not gains[pair] >= EXPLAINED * total > 0 or gains[pair] - alone < SECOND * gains[pair]:
        return None
    x, y = pair
    spots = [
        Spot(float(values[x][i]), float(values[y][i]), outcome, error) for i, (_, outcome, error) in enumerate(points)
    ]
    return Picture(x, y, tuple(spots))


def spoken(claim: Claim) -> set[str]:
    """The measurements that a picture of the claim is made of, and what their scales depend on."""
    return {name for s in claim.statements for name in Judge(s).measurements} | {"initial_loss"}


def _varied(claim: Claim, points: Sequence[_Point]) -> list[str]:
    """Numbers that vary over the points; n/d in place of both of its parts if those vary."""
    found = [name for name, _ in claim.domain.ranges if PARAMETERS[name].kind != "choice"]
    found += ["gamma"] if {"n", "d"} <= set(found) else []
    return [name for name in found if len({float(parameter(p, name)) for p, _, _ in points}) > 2]


def _two_cuts(x: np.ndarray, y: np.ndarray, told: np.ndarray) -> float:
    """By how much squares shrink when settings are parted at one value, and each part at one of the other parameter."""
    return max(_tree(x, y, told), _tree(y, x, told))


def _tree(first: np.ndarray, second: np.ndarray, told: np.ndarray) -> float:
    best = 0.0
    for low in _parts(first):
        gain = _between(told, low)
        for part in (low, ~low):
            inner = [_between(told[part], cut) for cut in _parts(second[part])]
            gain += max(inner, default=0.0)
        best = max(best, gain)
    return best


def _parts(values: np.ndarray) -> Iterator[np.ndarray]:
    """The settings below each of a few cuts, at least two on either side."""
    if not len(values):
        return
    for level in np.unique(np.quantile(values, np.linspace(0.05, 0.95, 13), method="lower")):
        low = values <= level
        if 2 <= low.sum() <= len(values) - 2:
            yield low


def _between(told: np.ndarray, low: np.ndarray) -> float:
    """Squares between the two parts."""
    mean = told.mean()
    parts = (told[low], told[~low])
    return float(sum(len(part) * (part.mean() - mean) ** 2 for part in parts))


# -- what rows say about settings ------------------------------------------------


def _points(claim: Claim, rows: Iterable[Rows]) -> Iterator[_Point]:
    """Each setting of the domain once: its parameters, how the claim ended there, its relative error."""
    limit = isinstance(claim.quantifier, Limit)
    domain = check_domain(claim) if limit else claim.domain
    accept = acceptor(domain)

    def inside(parameters: Mapping[str, Value]) -> bool:
        known = dict(parameters)
        if "gamma" not in known and {"n", "d"} <= set(known):
            known["gamma"] = float(parameter(parameters, "gamma"))
        within = all(
            _within(x, known[name]) for name, x in domain.ranges if name in known and (name != "d" or not limit)
        )
        return within and accept(known)

    found = _networks(claim, rows, inside) if isinstance(claim.quantifier, Each) else _laws(claim, rows, inside)
    yield from islice(found, MOST)


def _within(values: Range | Choices, value: Value) -> bool:
    """Whether a parameter is one that the domain has, up to rounding."""
    if isinstance(value, str):
        return isinstance(values, Choices) and value in values.values
    if isinstance(values, Choices):
        return any(not isinstance(x, str) and math.isclose(float(x), float(value)) for x in values.values)
    room = 1e-9 * max(abs(float(values.low)), abs(float(values.high)))
    return float(values.low) - room <= float(value) <= float(values.high) + room


def _networks(claim: Claim, rows: Iterable[Rows], inside: _Inside) -> Iterator[_Point]:
    """Trained networks, by the certified gap of the statement that is worst there."""
    judges = [Judge(oriented(statement)) for statement in claim.statements]
    done: set[tuple[tuple[str, Value], ...]] = set()
    for found in rows:
        fresh = [i for i, s in enumerate(found.block.settings) if s.values not in done and found.status[i] in USABLE]
        if not fresh or not found.bounds or not all(name in found.values for j in judges for name in j.measurements):
            continue  # nothing new, or draws without bounds
        gaps = [judge.each(found) for judge in judges]
        for i in fresh:
            setting = found.block.settings[i]
            gap, half = (max(float(getattr(g, name)[i]) for g in gaps) for name in ("gap", "half_width"))
            if setting.values in done or math.isnan(gap) or not inside(setting.parameters):
                continue
            done.add(setting.values)
            fails, holds = gap - half > claim.margin, gap + half <= claim.margin
            yield setting.parameters, "fails" if fails else "holds" if holds else "unclear", gap


def _laws(claim: Claim, rows: Iterable[Rows], inside: _Inside) -> Iterator[_Point]:
    """Settings of which draws were made, by all of the oracle's draws there; of a limit the largest size only."""
    engine, limit = engine_of_draws(claim), isinstance(claim.quantifier, Limit)
    grouped: dict[tuple[tuple[str, Value], ...], list[Rows]] = {}
    for found in rows:
        block = found.block
        first = block.settings[0]
        alike = first.values is block.settings[-1].values or first.values == block.settings[-1].values
        if (block.engine, block.method) == (engine, 0) and alike and not (limit and first.stage == "explore"):
            grouped.setdefault(first.values, []).append(found)
    largest: dict[tuple[object, ...], tuple[tuple[str, Value], ...]] = {}
    for values in grouped:
        known = dict(values)
        task = tuple(x for x in values if x[0] not in ("n", "d")) if limit else values
        if task not in largest or int(known["d"]) > int(dict(largest[task])["d"]):
            largest[task] = values
    for values in largest.values():
        parameters = dict(values)
        if inside(parameters):
            try:
                seen = _law(claim, parameters, grouped[values])
            except (FTError, KeyError):
                continue  # rows of a link that does not measure all of this
            if seen is not None:
                yield (parameters, *seen)


def _law(claim: Claim, parameters: dict[str, Value], parts: Sequence[Rows]) -> tuple[str, float] | None:
    """How the claim ends at a setting by its worst statement, and the relative error there."""
    signs, found = sign_statements(claim), []
    for number, written in enumerate(claim.statements):
        if signs:
            statement = Statement(signs[number].measured, "==", Integer(0))
            side = signs[number].side(parameters)
        else:
            statement, side = oriented(written), 1
        judge = Judge(statement)
        sides = [judge.samples(rows) for rows in parts]
        lhs, rhs = (np.concatenate([pair[i] for pair in sides]) for i in (0, 1))
        if not np.isfinite(lhs).all() or np.isnan(rhs).any() or len(lhs) < 2:
            return None
        scale = natural_scale(judge, parameters)
        if isinstance(claim.quantifier, Probability):
            gap = violation(lhs, rhs, scale, statement.rel)
            share, delta = float((gap > claim.margin).mean()), level_gap(claim, parameters)
            excess, noise, allowed = share - delta, math.sqrt(delta * (1 - delta) / len(gap)), 0.0
            shown = share / delta * claim.margin  # a share that is allowed lies below the tolerance
        else:
            error = relative_error(lhs, rhs, scale)
            noise = error.standard_error
            allowed = claim.margin + (FINITE if isinstance(claim.quantifier, Limit) and not signs else 0.0)
            if signs:
                shown = excess = -side * error.estimate
                allowed = 0.0
            else:
                excess = float(violations(np.array(error.estimate), statement.rel))
                shown = error.estimate
        found.append((excess - allowed, NOISE * noise, shown))
    worst = max(found, key=lambda item: item[0])
    outcome = "fails" if worst[0] > worst[1] else "holds" if worst[0] <= 0 else "unclear"
    return outcome, worst[2]
