"""Which regime a diagonal network's fine-tuning is in, and how far from its borders (handbook 6).

Two numbers decide.  The *order* L = d log q/d log |x| of the penalty at the fine-tuning
coefficient, on a coordinate with a pretrained feature: 2 where training is lazy, towards 1
where it is rich.  The *contrast* q'(x; C_off)/q'(x; C_on): how much more a coordinate
without a feature costs than one with, 1 where pretraining has no say.  The handbook's four
regimes are their corners; here the borders are L = 3/2 and contrast = 3/2:

    I    rich, independent of pretraining     L < 3/2, contrast < 3/2
    II   lazy, dependent on pretraining       L >= 3/2, contrast >= 3/2
    III  lazy, independent of pretraining     L >= 3/2, contrast < 3/2
    IV   rich, dependent on pretraining       L < 3/2, contrast >= 3/2
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import scipy.optimize
from sympy import symbols

from ftproofs.errors import UsageError
from ftproofs.symbolic.finetuning import PROTOCOLS, contrast, dependence, scale_after
from ftproofs.symbolic.kernels import Kernel, numpy_kernel
from ftproofs.symbolic.penalty import order
from ftproofs.symbolic.penalty_numbers import excess_array

Name = Literal["I", "II", "III", "IV"]

#: The borders.
ORDER, CONTRAST = 1.5, 1.5

_WORDS: dict[Name, str] = {
    "I": "rich, independent of pretraining",
    "II": "lazy, dependent on pretraining",
    "III": "lazy, independent of pretraining",
    "IV": "rich, dependent on pretraining",
}


@dataclass(frozen=True)
class Regime:
    """A regime and where in it a setting lies.

    ``to_lazy`` is the logarithm of the factor by which the scale C_on has to grow (with the
    coefficient fixed) to reach the border between rich and lazy, negative where it is lazy
    already; ``to_dependent`` is log(3/2 / contrast), negative where the contrast is beyond it.
    Distances are natural logarithms: 0.7 is a factor of two.
    """

    name: Name
    order: float
    dependence: float
    contrast: float
    scale_on: float
    scale_off: float
    to_lazy: float
    to_dependent: float

    @property
    def words(self) -> str:
        """The regime in words."""
        return _WORDS[self.name]

    @property
    def distance(self) -> float:
        """The distance to the nearest border."""
        return min(abs(self.to_lazy), abs(self.to_dependent))


@cache
def border_ratio() -> float:
    """The |x|/C at which the order is 3/2."""

    def gap(log_ratio: float) -> float:
        return float(excess_array(np, np.exp(np.array([log_ratio])), np.ones(1))[0]) - (ORDER - 1)

    return math.exp(scipy.optimize.brentq(gap, 0.0, 10.0, xtol=1e-14))


@cache
def _kernels(protocol: str) -> tuple[Kernel, ...]:
    c, r, reinit, b, x, rescale = names = symbols("c r reinit beta_aux beta_main rescale", real=True)
    on = scale_after(protocol, c, r, b, reinit, rescale)
    formulas = [
        order(x, on),
        contrast(protocol, c, r, b, x, reinit, rescale),
        on,
        scale_after(protocol, c, r, 0, reinit, rescale),
    ]
    if protocol != "N":
        formulas.append(dependence(protocol, c, r, b, x, reinit, rescale))
    return tuple(numpy_kernel(formula, names) for formula in formulas)


def regime(
    c: float,
    r: float,
    reinit: float,
    beta_aux: float,
    beta_main: float,
    *,
    protocol: str = "S",
    rescale: float = 1.0,
) -> Regime:
    """The regime of fine-tuning to ``beta_main`` after pretraining to ``beta_aux``.

    Args:
        c: scale of the pretraining start, positive.
        r: its relative scale, in [-1, 1]; negative is a smaller first layer.
        reinit: value of the re-initialised readout, not negative.
        beta_aux: the pretrained coefficient where there is a feature.
        beta_main: the fine-tuning coefficient, not 0.
        protocol: S, M, R or N (under N the dependence is not given: NaN).
        rescale: factor on the first layers after re-initialisation.

    Raises:
        UsageError: FT304, naming the value that is out of range.
    """
    given = {"c": c, "r": r, "reinit": reinit, "beta_aux": beta_aux, "beta_main": beta_main, "rescale": rescale}
    for word, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise UsageError("FT304", f"{word} = {value!r}: expected a finite number")
    bounds: tuple[tuple[str, bool, str], ...] = (
        ("c", c > 0, "a positive number"),
        ("r", -1 <= r <= 1, "a number in [-1, 1]"),
        ("reinit", reinit >= 0, "a number that is not negative"),
        ("beta_main", beta_main != 0, "a number other than 0"),
        ("rescale", rescale > 0, "a positive number"),
    )
    for word, holds, expected in bounds:
        if not holds:
            raise UsageError("FT304", f"{word} = {given[word]!r}: expected {expected}")
    if protocol not in PROTOCOLS:
        raise UsageError("FT304", f"protocol = {protocol!r}: expected one of {', '.join(PROTOCOLS)}")
    if r == -1 and reinit == 0:
        raise UsageError("FT304", "r = -1 with reinit = 0: the re-initialised network is zero and cannot be trained")
    values: list[Any] = [c, r, reinit, beta_aux, beta_main, rescale]
    L, ratio, on, off, *slope = (float(kernel(*values)) for kernel in _kernels(protocol))
    lazy, dependent = L >= ORDER, ratio >= CONTRAST
    name: Name = ("II" if dependent else "III") if lazy else ("IV" if dependent else "I")
    to_lazy = math.log(abs(beta_main)) - math.log(on) - math.log(border_ratio())
    return Regime(name, L, slope[0] if slope else math.nan, ratio, on, off, to_lazy, math.log(CONTRAST / ratio))
