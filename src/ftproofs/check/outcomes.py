"""A statement on draws as outcomes: violated or not, how near to it, and whether its bound says anything."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from sympy import Expr, sympify

from ftproofs.check.draws import Parameters
from ftproofs.check.judge import Judge, parameter
from ftproofs.claim import Claim, Probability, Rows
from ftproofs.decision import Outcomes
from ftproofs.errors import UsageError
from ftproofs.names import MEASUREMENTS, PARAMETERS
from ftproofs.numeric.tasks import eigenvalues
from ftproofs.symbolic.balls import enclose
from ftproofs.symbolic.vocabulary import SYMBOLS, symbol_names

#: Measurements that are parts of a vector, with the length of the whole: nothing exceeds it.
_WHOLE = {
    f"{part}_{vector}_norm": f"{vector}_norm" for part in ("par", "perp") for vector in ("source", "target", "delta")
}

#: What the noise of the labels decides. A bound by these compares two results; no start is known to be better.
_RESULTS = frozenset(
    {"noise_risk", "pinv_noise_norm", "min_norm", "scratch_risk", "risk", "target_gap", "train_loss"}
    | {"beta_norm", "par_beta_norm", "perp_beta_norm"}
)

#: Risks that training from the source cannot need: the largest eigenvalue of Sigma, to this power, times |delta|^2.
_DELTA_RISKS = {"delta_risk": 1, "swapped_delta_risk": 1, "double_delta_risk": 2}


def level_gap(claim: Claim, parameters: Parameters) -> float:
    """How often a statement may fail at a setting: ``1 - level``, in (0, 1); 1 where the level promises nothing.

    Raises:
        UsageError: FT214 a level of 1 or more, or one that speaks of a measurement.
    """
    assert isinstance(claim.quantifier, Probability)
    gap = _gap(claim.quantifier.level)
    values = {SYMBOLS[name]: parameter(parameters, name) for name in symbol_names(gap)}
    delta = float(enclose(gap, values).mid())
    if not delta > 0:
        raise UsageError(
            "FT214", f"the level {claim.quantifier.level} must be below 1 (a claim about each has no level)"
        )
    return min(delta, 1.0)


@lru_cache(maxsize=64)
def _gap(level: object) -> Expr:
    gap = 1 - sympify(level, rational=True)
    unknown = sorted(name for name in symbol_names(gap) if name not in PARAMETERS)
    if unknown:
        raise UsageError("FT214", f"the level {level} speaks of {unknown[0]!r}, which is no parameter")
    return gap


def outcomes_of(judge: Judge, rows: Rows, tolerance: float) -> Outcomes:
    """What the rows say about the statement; a violation counts beyond the tolerance, relative."""
    lhs, rhs = judge.samples(rows)
    gap = judge.relative(lhs, rhs, rows)
    violated = np.where(np.isnan(gap), np.nan, (gap > tolerance).astype(float))
    upper = judge.statement.rel in ("<", "<=")
    bounded, bound = (lhs, rhs) if upper else (rhs, lhs)
    ratio = np.full(len(lhs), np.nan)
    if judge.statement.rel != "==":
        sound = (bound > 0) & (bounded >= 0)
        ratio[sound] = bounded[sound] / bound[sound]
    return Outcomes(violated, ratio, _no_better(judge, rows, rhs) if upper else np.zeros(len(lhs)))


def _no_better(judge: Judge, rows: Rows, bound: np.ndarray) -> np.ndarray:
    """1 where the bound is not below the left side at its trivial values, shape (case,)."""
    trivial = {name: column for name in judge.measurements if (column := _trivial(name, rows)) is not None}
    if not any(name in trivial for name in symbol_names(judge.statement.lhs)) or _RESULTS & symbol_names(
        judge.statement.rhs
    ):
        return np.isposinf(bound).astype(float)
    with np.errstate(invalid="ignore"):
        return (bound >= judge.left(rows, trivial) * (1 - 1e-12)).astype(float)


def _trivial(name: str, rows: Rows) -> np.ndarray | None:
    """What is known of a measurement without training: the untrained start, the predictor 0, the whole vector."""
    known = rows.values
    if name in _WHOLE:
        whole = _WHOLE[name]
        if whole in MEASUREMENTS:
            return known.get(whole)
        return np.array([float(setting.parameters[whole]) for setting in rows.block.settings])
    if name not in ("risk", "worst_perp_risk") and name not in _DELTA_RISKS:
        return None
    settings = [setting.parameters for setting in rows.block.settings]
    first = settings[0]
    if all(p is first or p == first for p in settings):
        top = np.full(len(settings), eigenvalues(first, int(first["d"])).max())
    else:
        top = np.array([eigenvalues(p, int(p["d"])).max() for p in settings])
    if name == "worst_perp_risk":
        return top
    if name in _DELTA_RISKS:
        return top ** _DELTA_RISKS[name] * known["delta_norm"] ** 2
    zero = np.array([float(p["target_norm"]) for p in settings])
    start = known.get("delta_norm", zero)
    return top * np.minimum(start, zero) ** 2
