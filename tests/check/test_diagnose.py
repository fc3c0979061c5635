"""Hints on refuted claims: the assumption, the factor or the region that explains them, and none that does not."""

from __future__ import annotations

import re

import pytest

from ftproofs.check.context import BUDGETS, Context, MemoryStore
from ftproofs.check.diagnose import diagnose
from ftproofs.claimfile import parse, read

HEAD = 'format = 1\n[[claim]]\nid = "x"\n'


def hints(text: str) -> tuple[str, ...]:
    (claim,) = read(parse((HEAD + text).encode(), "x.toml"))
    return diagnose(claim, Context(MemoryStore(), BUDGETS["low"]))


LINEAR = """experiment = "linear.finetune"
quantifier = "each"
statement = "{}"
[claim.domain]
n = {{ min = 2, max = 10 }}
d = {{ min = 12, max = 30 }}
theta = {{ min = 0.1, max = "pi/2" }}
"""


def test_a_missing_factor() -> None:
    assert hints(LINEAR.format("risk == perp_delta_norm**2/2")) == ("right after multiplying the right-hand side by 2",)
    assert hints(LINEAR.format("risk == perp_delta_norm**2*d/n")) == (
        "right after multiplying the right-hand side by gamma",
    )
    assert hints(LINEAR.format("risk == perp_delta_norm**2*3")) == ("off by a constant factor of 0.333",)


def test_a_missing_assumption() -> None:
    found = hints(LINEAR.format("risk == perp_delta_norm**2") + 'spectrum = ["isotropic", "power-law"]\n')
    assert 'holds when spectrum = "isotropic"' in found
    assert not any("theta" in hint or "norm" in hint for hint in found)
    found = hints(LINEAR.format("risk == perp_delta_norm**2") + "sigma = { min = 0.2, max = 1 }\n")
    assert found[0] == "holds when sigma = 0"
    assert len(found) == 1


def test_depth() -> None:
    found = hints(
        """experiment = "deep-linear.finetune"
quantifier = "each"
statement = "perp_ratio == 1"
[claim.domain]
L = [2, 3]
n = { min = 2, max = 10 }
d = { min = 12, max = 30 }
theta = { min = 0.1, max = 1.5 }
target_norm = { min = 1.5, max = 2 }
"""
    )
    assert found == ("holds when L = 1",)


def test_means() -> None:
    found = hints(
        """experiment = "linear.finetune"
quantifier = "mean"
statement = "risk == (1 - n/d)*delta_norm**2"
[claim.domain]
n = { min = 4, max = 12 }
d = { min = 24, max = 30 }
theta = { min = 0.5, max = 1.5 }
sigma = { min = 0.5, max = 1 }
"""
    )
    assert found == ("holds when sigma = 0",)


@pytest.mark.parametrize("statement", ["risk == perp_delta_norm**2", "risk <= perp_delta_norm**2/2"])
def test_nothing_to_explain(statement: str) -> None:
    assert hints(LINEAR.format(statement)) == ()


def test_a_region() -> None:
    found = hints(LINEAR.format("risk == perp_delta_norm**2 + Max(0, n - 6)"))
    assert any(re.match(r"holds where n <= [3-6] .*fails from n = 7 on", hint) for hint in found), found
