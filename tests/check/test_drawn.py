"""Kernels on stored draws: which of them balls confirm."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Rational

from ftproofs.check.drawn import KERNEL_ERROR, Drawn, Formulas
from ftproofs.check.judge import Judge
from ftproofs.symbolic import two_stages
from ftproofs.symbolic.vocabulary import equal, v

#: A tenth as many samples as dimensions, where the middle of the enclosure is nearly 1e-9 off.
ARGUMENTS = (
    Rational(1, 10),
    v.sigma,
    Rational(3, 8),
    Rational(1, 2),
    Rational(1, 8),
    Rational(9, 400),
    Rational(1, 10),
)
TWO_STAGES = two_stages.two_stage_mse(*ARGUMENTS, Rational(1, 4), 2, 2, Rational(3, 4), 0, 0)


@pytest.mark.parametrize(("off", "confirmed"), [(0.0, True), (5 * KERNEL_ERROR, True), (2e-5, False)])
def test_a_kernel_is_confirmed_as_well_as_balls_can_see_it(
    off: float, confirmed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = {v.sigma: 0.3}
    value = two_stages.error([float(x.subs(at)) for x in TWO_STAGES.args])
    monkeypatch.setattr(two_stages, "error", lambda values: value * (1 + off))
    judge = Judge(equal(v.mse, TWO_STAGES))
    setting = Drawn({"sigma": 0.3, "d": 64.0, "beta_main": 1.0}, {"mse": np.array([0.3])})
    assert Formulas().trusted(judge, [setting]) is confirmed
