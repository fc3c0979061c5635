"""The links of an experiment: training against the oracle (A), the oracle against the statement (B)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ftproofs.check.context import Context, by_shape
from ftproofs.check.judge import Judge
from ftproofs.check.trail import told
from ftproofs.claim import Choices, Claim, Range, Rows
from ftproofs.decision import EachDecision, decide_each
from ftproofs.errors import UsageError
from ftproofs.names import Value, experiment, natural_unit
from ftproofs.numeric.experiments import LAW, SOLVER
from ftproofs.numeric.law import knows
from ftproofs.symbolic.vocabulary import symbol_names
from ftproofs.verdict import Link

#: Endpoint measurements in which training and oracle are compared.
COMPARED = (
    "beta_norm",
    "par_beta_norm",
    "perp_beta_norm",
    "fit_gap",
    "risk",
    "mse",
    "prox_gap",
    "penalty",
    "label_energy",
    "server_error",
)

#: Measured on the way, which no oracle knows.
PATH = frozenset(
    {
        *("path_gap", "min_beta_norm", "decay_rate", "first_layer_gap"),
        *("path_kkt_gap", "loss_time", "loss_decay", "loss_integral", "loss_area", "c_drift", "r_drift", "drift_gap"),
        *("c_ratio", "drift_product", "sum_ratio", "sum_product", "difference_ratio", "difference_product"),
    }
)

#: Oracle draws for link B of a claim about each network.
DRAWS = 512


def has_oracle(name: str, parameters: dict[str, Value]) -> bool:
    """Whether an independent solver knows where this setting's training ends."""
    if not experiment(name).solver:
        return False
    if name == "deep-linear.frozen" and parameters["frozen_end"] == "first":
        return parameters["features"] == "aligned"
    if float(parameters.get("init_scale", 0)) != 0:
        return False  # The oracle knows the limit of small starts.
    if parameters.get("engine") == "descent":
        return False  # a finite step ends elsewhere
    # A readout that starts shorter than the first layer may change its sign on the way.
    return float(parameters.get("imbalance", 1)) >= 1 and parameters.get("inputs") != "population"


def engine_of_draws(claim: Claim) -> str:
    """What draws for claims about laws: the oracle, or training wherever it does not know what the claim measures."""
    spec = experiment(claim.experiment)
    if not spec.solver or _spoken(claim) & PATH:
        return spec.engines[0]
    ends: dict[str, list[Value]] = {}
    for name in {"inputs", "features", "frozen_end", "imbalance", "init_scale", "engine"} & set(spec.parameters):
        values = claim.domain[name] if name in claim.domain else Choices((spec.parameters[name],))
        given = (values.low, values.high) if isinstance(values, Range) else values.values
        ends[name] = [x if isinstance(x, str) else float(x) for x in given]
    known = all(
        has_oracle(claim.experiment, dict(zip(ends, combination, strict=True)))
        for combination in itertools.product(*ends.values())
    )
    return SOLVER if known else spec.engines[0]


def oracle_at(claim: Claim, parameters: dict[str, Value]) -> str:
    """What draws for a claim about a limit at a setting: the law of the design where it is known, else the oracle."""
    measured = _spoken(claim).intersection(experiment(claim.experiment).measurements)
    return LAW if knows(claim.experiment, parameters, measured) else SOLVER


def _spoken(claim: Claim) -> set[str]:
    """The parameters and measurements of the claim's statements."""
    return {n for statement in claim.statements for side in (statement.lhs, statement.rhs) for n in symbol_names(side)}


def refuse_untold_limit(claim: Claim) -> None:
    """Refuse a limit that would have to be trained for at its sizes.

    Raises:
        UsageError: FT218.
    """
    if engine_of_draws(claim) != SOLVER:
        raise UsageError(
            "FT218", f"no oracle of {claim.experiment} knows this limit, and training at its sizes takes too long"
        )


def against_oracle(context: Context, trained: Sequence[Rows], tolerance: float) -> Link:
    """Link A: where trained networks ended against where the oracle says they end, on the same data.

    Both carry bounds; like every error, the gap is relative to what the oracle says, or to a tenth of
    the measurement's scale where that is more.
    """
    with context.trail.decision("against-oracle", "A", tolerance=tolerance) as trail:
        link, decision = _against_oracle(context, trained, tolerance)
        trail.concludes(decision)
    return link


def _against_oracle(context: Context, trained: Sequence[Rows], tolerance: float) -> tuple[Link, EachDecision]:
    gaps, halves, statuses, count = [], [], [], 0
    for rows in trained:
        block = rows.block
        if not all(has_oracle(block.experiment, setting.parameters) for setting in block.settings):
            continue
        first = block.settings[0]
        oracle = context.rows(
            context.block(
                block.experiment,
                [setting.parameters for setting in block.settings],
                engine=SOLVER,
                stage=first.stage,
                start=first.index,
            )
        )
        count += len(block)
        compared = [name for name in COMPARED if name in rows.values]
        units = [
            np.maximum(np.abs(oracle.values[name]), [_unit(name, setting.parameters) for setting in block.settings])
            for name in compared
        ]
        context.trail.look([rows, oracle], dict(zip(compared, units, strict=True)))
        for name, unit in zip(compared, units, strict=True):
            gaps.append(np.abs(rows.values[name] - oracle.values[name]) / unit)
            halves.append((rows.bounds[name] + oracle.bounds[name]) / unit)
            statuses += list(rows.status)
    if not gaps:
        return Link("none"), EachDecision("none")
    decision = decide_each(np.concatenate(gaps), np.concatenate(halves), tolerance, statuses)
    return Link(decision.status, trainings=count, worst=decision.gap, bound=decision.half_width), decision


def solver_draws(claim: Claim, context: Context, judges: Sequence[Judge], trained: Sequence[Rows]) -> Link:
    """Link B of a claim about each network: the oracle's endpoints on fresh data against the statements.

    Only for statements whose measurements an oracle offers; its rows differ from the
    limit by rounding alone.
    """
    values = [setting.parameters for rows in trained for setting in rows.block.settings]
    if not all(has_oracle(claim.experiment, parameters) for parameters in values):
        return Link("none")
    sides = [told(judge.statement) for judge in judges]
    with context.trail.decision("each", "B", tolerance=claim.margin, statements=sides) as trail:
        link, decision = _solver_draws(claim, context, judges, values)
        trail.concludes(decision)
    return link


def _solver_draws(
    claim: Claim, context: Context, judges: Sequence[Judge], values: Sequence[dict[str, Value]]
) -> tuple[Link, EachDecision]:
    repeats = max(1, DRAWS // max(1, len(values)))
    gaps, halves = [], []
    for group in by_shape(values):
        repeated = [parameters for parameters in group for _ in range(repeats)]
        rows = context.rows(context.block(claim.experiment, repeated, engine=SOLVER, stage="oracle"))
        for number, judge in enumerate(judges):
            if any(np.isinf(rows.bounds[name]).all() for name in judge.measurements):
                # A measurement along the path: the oracle does not know it.
                return Link("none"), EachDecision("none")
            found = judge.each(rows)
            context.trail.gaps(rows, found, setting=number, stage="oracle")
            gaps.append(found.gap)
            halves.append(found.half_width)
    decision = decide_each(np.concatenate(gaps), np.concatenate(halves), claim.margin)
    draws = len(values) * repeats
    return Link(decision.status, draws=draws, worst=decision.gap, bound=decision.half_width), decision


def _unit(name: str, parameters: dict[str, Value]) -> float:
    return natural_unit(name, parameters) / 10
