"""check/links.py: what training is compared with, and against which unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftproofs.check import MemoryStore
from ftproofs.check.context import Context, budget_of
from ftproofs.check.links import against_oracle
from ftproofs.claim import Rows
from ftproofs.names import experiment
from ftproofs.numeric.experiments import SOLVER
from ftproofs.settings import Block

SETTING = dict(experiment("deep-linear.finetune").parameters) | {
    "n": 3,
    "d": 8,
    "L": 2,
    "theta": 0.7,
    "source_norm": 1.0,
    "target_norm": 1.0,
    "sigma": 0.1,
}


class Stretched(Context):
    """Rows whose risks are so many times what they were, bounds with them; training's also off by ``apart``."""

    factor = 1e6
    apart = 0.0
    loose = 0.0

    def rows(self, block: Block) -> Rows:
        rows = super().rows(block)
        risk = rows.values["risk"] * self.factor
        bound = rows.bounds["risk"] * self.factor
        if block.engine != SOLVER:
            bound = bound + self.loose * risk
            risk = risk * (1 + self.apart)
        return replace(rows, values=dict(rows.values) | {"risk": risk}, bounds=dict(rows.bounds) | {"risk": bound})


@pytest.mark.parametrize(
    ("loose", "apart", "status"),
    [(1e-8, 0.0, "certified"), (1e-8, 1e-3, "refuted"), (1e-5, 0.0, "undecided"), (1e-8, -1.0, "refuted")],
)
def test_a_measurement_far_above_its_scale_is_compared_relative_to_itself(
    loose: float, apart: float, status: str
) -> None:
    context = Stretched(MemoryStore(), budget_of("low"))
    context.loose, context.apart = loose, apart
    block = context.block("deep-linear.finetune", [SETTING] * 4, engine="flow", stage="explore")
    assert against_oracle(context, [context.rows(block)], 1e-6).status == status
