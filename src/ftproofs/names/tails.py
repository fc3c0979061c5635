"""Where averages over data have no variance: fitted noise near a square design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import SupportsFloat

#: Measurements that contain the fitted noise, a ratio of chi-squares with a heavy tail near n = d.
HEAVY_TAILED = frozenset(
    {"risk", "noise_risk", "noise_trace", "min_norm", "beta_norm", "par_beta_norm", "target_gap", "pinv_noise_norm"}
)
#: Below this distance of n from d the fitted noise's risk has no variance.
VARIANCE_GAP = 4


def infinite_variance(values: Mapping[str, SupportsFloat | str]) -> bool:
    """Whether the fitted noise has no variance at a setting: label noise and ``|d - n| < 4``.

    The noise's risk is a ratio of chi-squares, with ``|d - n| + 1`` degrees of freedom
    below; population inputs are exempt, their design is not random.
    """
    n, d, sigma = (float(values.get(name, 0.0)) for name in ("n", "d", "sigma"))
    return sigma > 0 and abs(d - n) < VARIANCE_GAP and values.get("inputs") != "population"
