"""Where averages over data have no variance: inverse chi-squares of few degrees of freedom."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from ftproofs.names.kinds import Value
from ftproofs.names.values import source_samples

#: Measurements whose law has an inverse chi-square in it: the fitted noise ...
_NOISE = frozenset({"noise_risk", "min_norm", "pinv_noise_norm", "scratch_risk", "transfer_gain"})
#: ... the same for unit noise, whatever the labels are ...
_UNIT_NOISE = frozenset({"noise_trace", "pinv_trace"})
#: ... and a predictor that has fitted noise,
_PREDICTOR = frozenset({"risk", "beta_norm", "par_beta_norm", "target_gap"})
#: whose part outside the span depends on it in a deep network;
_OUTSIDE = frozenset({"perp_beta_norm", "perp_gap", "perp_ratio"})
#: or only a multiple of the start, by least squares (with frozen first layers, or a trained readout alone).
_MULTIPLE = frozenset({*_PREDICTOR, *_OUTSIDE, "fit_gap", "along_source", "excess_risk", "transfer_gain"})
#: What depends on where training starts, which a fit to noisy source data may be.
_START = frozenset(
    {
        *_MULTIPLE,
        "start_norm",
        "start_product",
        "start_risk",
        "initial_loss",
        "par_source_norm",
        "perp_source_norm",
        "delta_norm",
        "perp_delta_norm",
        "delta_risk",
        "perp_product",
        "feature_norm",
        "readout_norm",
        "singular_value_1",
    }
)

#: What depends on the model of a server of finitely many clients, itself a fit to their samples.
_SERVED = frozenset({*_START, "server_error", "pooled_gap", "sampled_gap", "tuned_risk", "ridge_bias"})

HEAVY_TAILED = _NOISE | _UNIT_NOISE | _SERVED

#: From this distance of n from d on the fitted noise's risk has a variance,
VARIANCE_GAP = 4
#: that is from so many degrees of freedom on: ``1/chi^2_k`` has a variance for k > 4.
VARIANCE_DEGREES = VARIANCE_GAP + 1

#: A ridge penalty of this size bounds the inverse.
_BOUNDED = 0.01


def degrees(names: Collection[str], values: Mapping[str, Value], experiment: str = "") -> int | None:
    """The fewest degrees of freedom of an inverse chi-square in the measurements' law at a setting, None without one.

    Fitted noise has ``|d - n| + 1``, that of the source data ``|d - n_s| + 1``.  With its
    first layers frozen, or its readout alone trained, a network fits one number to n samples,
    whose noise are also the labels' part that no multiple of the start explains: n.  A ridge penalty bounds either.
    A server's model has ``clients n - d + 1`` by its clients' noise and differences, whatever ridge comes after.
    Population inputs are exempt, their design is not random.
    """
    return min((least for least, _ in _degrees(names, values, experiment)), default=None)


def infinite_variance(values: Mapping[str, Value], names: Collection[str] = ("risk",), experiment: str = "") -> str:
    """Where the measurements have no variance, if the setting is there: "d - n < 4" or "n < 5"; empty if it is not."""
    least, where = min(_degrees(names, values, experiment), default=(VARIANCE_DEGREES, ""))
    return where if least < VARIANCE_DEGREES else ""


def _degrees(names: Collection[str], values: Mapping[str, Value], experiment: str) -> list[tuple[int, str]]:
    """Degrees of freedom with the place where there are too few of them."""
    if values.get("inputs") == "population":
        return []
    spoken = set(names)
    n, d, sigma, theta = (float(values.get(name, 0.0)) for name in ("n", "d", "sigma", "theta"))
    frozen, readout = values.get("frozen_end") == "first", experiment == "transfer.linear"
    bounded = float(values.get("ridge", 0.0)) >= _BOUNDED
    one_number = frozen or (readout and not bounded)
    if experiment == "federated.server":
        fitted: frozenset[str] = frozenset()
    elif frozen or readout or bounded:
        fitted = _NOISE
    else:
        fitted = _NOISE | _PREDICTOR | (_OUTSIDE if "L" in values else frozenset())
    found = []
    if spoken & _UNIT_NOISE or (sigma > 0 and spoken & fitted):
        found.append((round(abs(d - n)) + 1, f"d - n < {VARIANCE_GAP}"))
    if one_number and spoken & _MULTIPLE and (sigma > 0 or theta not in (0.0, math.pi)):
        found.append((round(n), f"n < {VARIANCE_DEGREES}"))
    pool = float(values.get("clients", math.inf)) * n
    if math.isfinite(pool) and spoken & _SERVED and (sigma > 0 or float(values.get("client_radius", 0.0)) > 0):
        found.append((round(pool - d) + 1, f"clients n - d < {VARIANCE_GAP}"))
    samples = source_samples(values) if "gamma_s" in values else None
    if samples is not None and float(values.get("sigma_s", 0.0)) > 0 and spoken & _START:
        found.append((round(abs(d - samples)) + 1, f"d - n_s < {VARIANCE_GAP}"))
    return found
