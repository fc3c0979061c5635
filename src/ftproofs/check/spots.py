"""What measured rows say about each setting of a claim's domain: whether it held there, and by how much.

No verdict: every setting is looked at by itself, and nothing is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
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
from ftproofs.names import REQUIRED, Value, experiment
from ftproofs.numeric.experiments import LAW, USABLE
from ftproofs.numeric.statistics import relative_error
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.boundary import sign_statements
from ftproofs.symbolic.orientation import oriented

#: More settings are not looked at.
MOST = 400

_Inside: TypeAlias = Callable[[Mapping[str, Value]], bool]


@dataclass(frozen=True, slots=True)
class Seen:
    """How a claim ended at one setting, by the statement that is worst there.

    ``outcome`` is ``holds``, ``fails`` or ``unclear``; ``error`` the relative error that
    decided it.  ``difference`` is observed minus predicted over max(|predicted|, scale/10)
    (of a network: of what a formula predicts, if anything is; probability: the share of
    draws that violate minus the share allowed; sign: the mean over its scale, positive with
    the sign claimed), ``noise`` what it is known to: the bound of a network, else the
    standard error.
    """

    parameters: Mapping[str, Value]
    outcome: str
    error: float
    difference: float
    noise: float


def settings_seen(claim: Claim, rows: Iterable[Rows], *, small: bool = False) -> Iterator[Seen]:
    """Each setting of the domain once, as far as the rows speak of it.

    Of a limit, settings that were drawn at one small size only (to see where to look) are left out
    unless ``small``: there even a true claim is off by what finite size makes.
    """
    if isinstance(claim.quantifier, Each):
        found = _networks(claim, rows, inside(claim))
    else:
        found = _laws(claim, rows, inside(claim), small or not isinstance(claim.quantifier, Limit))
    yield from islice(found, MOST)


def inside(claim: Claim) -> Callable[[Mapping[str, Value]], bool]:
    """Whether the parameters of a setting are ones that the claim speaks of; of a limit, at any size."""
    limit = isinstance(claim.quantifier, Limit)
    domain = check_domain(claim) if limit else claim.domain
    accept = acceptor(domain)
    left = {
        name: default
        for name, default in experiment(claim.experiment).parameters.items()
        if name not in domain and default != REQUIRED
    }

    def spoken_of(parameters: Mapping[str, Value]) -> bool:
        known = dict(parameters)
        if "gamma" not in known and {"n", "d"} <= set(known):
            known["gamma"] = float(parameter(parameters, "gamma"))
        # Rows of other claims about the experiment may differ in what this one leaves as it is.
        within = all(known.get(name, default) == default for name, default in left.items()) and all(
            _within(x, known[name]) for name, x in domain.ranges if name in known and (name != "d" or not limit)
        )
        return within and accept(known)

    return spoken_of


def _within(values: Range | Choices, value: Value) -> bool:
    """Whether a parameter is one that the domain has, up to rounding."""
    if isinstance(value, str):
        return isinstance(values, Choices) and value in values.values
    if isinstance(values, Choices):
        return any(not isinstance(x, str) and math.isclose(float(x), float(value)) for x in values.values)
    room = 1e-9 * max(abs(float(values.low)), abs(float(values.high)))
    return float(values.low) - room <= float(value) <= float(values.high) + room


def _networks(claim: Claim, rows: Iterable[Rows], inside: _Inside) -> Iterator[Seen]:
    """Trained networks, by the certified gap of the statement that is worst there."""
    judges = [Judge(oriented(statement)) for statement in claim.statements]
    # What a formula predicts tells more by its residual than what is to vanish.
    telling = [i for i, judge in enumerate(judges) if judge.statement.rhs.free_symbols] or range(len(judges))
    done: set[tuple[tuple[str, Value], ...]] = set()
    for found in rows:
        fresh = [i for i, s in enumerate(found.block.settings) if s.values not in done and found.status[i] in USABLE]
        if not fresh or not found.bounds or not all(name in found.values for j in judges for name in j.measurements):
            continue  # nothing new, or draws without bounds
        gaps = [judge.each(found) for judge in judges]
        for i in fresh:
            setting = found.block.settings[i]
            gap, half = (max(float(getattr(g, name)[i]) for g in gaps) for name in ("gap", "half_width"))
            worst = max((gaps[k] for k in telling), key=lambda g: float(g.gap[i]))
            if setting.values in done or math.isnan(gap) or not inside(setting.parameters):
                continue
            done.add(setting.values)
            fails, holds = gap - half > claim.margin, gap + half <= claim.margin
            outcome = "fails" if fails else "holds" if holds else "unclear"
            difference = float((worst.observed[i] - worst.predicted[i]) / worst.unit[i])
            yield Seen(setting.parameters, outcome, gap, difference, float(worst.half_width[i]))


def _laws(claim: Claim, rows: Iterable[Rows], inside: _Inside, explored: bool) -> Iterator[Seen]:
    """Settings of which draws were made, by all of the oracle's draws there; of a limit the largest size only."""
    limit = isinstance(claim.quantifier, Limit)
    engines = {engine_of_draws(claim), LAW}
    grouped: dict[tuple[tuple[str, Value], ...], list[Rows]] = {}
    for found in rows:
        block = found.block
        first = block.settings[0]
        alike = first.values is block.settings[-1].values or first.values == block.settings[-1].values
        if block.engine in engines and block.method == 0 and alike and (explored or first.stage != "explore"):
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
                yield seen


def _law(claim: Claim, parameters: dict[str, Value], parts: Sequence[Rows]) -> Seen | None:
    """How the claim ends at a setting by its worst statement."""
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
            difference, shown = excess, share / delta * claim.margin  # a share that is allowed lies below the tolerance
        else:
            error = relative_error(lhs, rhs, scale)
            noise = error.standard_error
            difference = error.estimate
            allowed = claim.margin + (FINITE if isinstance(claim.quantifier, Limit) and not signs else 0.0)
            if signs:
                shown = excess = -side * error.estimate
                difference = -excess
                allowed = 0.0
            else:
                excess = float(violations(np.array(error.estimate), statement.rel))
                shown = error.estimate
        found.append((excess - allowed, noise, shown, difference))
    excess, noise, shown, difference = max(found, key=lambda item: item[0])
    outcome = "fails" if excess > NOISE * noise else "holds" if excess <= 0 else "unclear"
    return Seen(parameters, outcome, shown, difference, noise)
