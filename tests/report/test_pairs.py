"""The pairs of a trend: found again in a ledger's rows, told apart by the effect that is claimed, and drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from ftproofs.catalog import claims, families
from ftproofs.claim import Claim, Rows
from ftproofs.names import Value, complete
from ftproofs.report.charts import pictures
from ftproofs.report.html import page
from ftproofs.report.latex import document
from ftproofs.report.pairs import Pair, pairs_seen
from ftproofs.report.stored import Stored
from ftproofs.settings import Block, Setting

CLAIM = claims()["digits-large-first-layer"]
AT: dict[str, Value] = {"samples": 32, "product_scale": 0.7, "pretrained": "yes"}


def rows(scale: float, values: list[float], *, index: int = 0, engine: str = "descent", **changed: Value) -> Rows:
    parameters = complete(CLAIM.experiment, AT | {"layer_scale": scale} | changed)
    settings = [
        Setting.of(CLAIM.experiment, parameters, root=7, stage="explore", index=index + k) for k in range(len(values))
    ]
    return Rows(Block(tuple(settings), engine), {"test_mse": np.array(values)}, {}, ("ok",) * len(values))


def kept() -> Iterator[Rows]:
    yield rows(4.0, [2.0, 1.04, 1.0, 5.0])
    yield rows(1.0, [1.0, 1.00, 2.0], index=0)
    yield rows(1.0, [9.0], index=3, engine="solver")  # no trained network
    yield rows(2.0, [1.0] * 4)  # at neither of the values
    yield rows(4.0, [9.0], samples=64)  # outside of the domain
    yield rows(1.0, [1.0], samples=64)


def test_pairs_share_everything_but_what_is_changed() -> None:
    found = list(pairs_seen(CLAIM, kept()))
    assert [(p.lhs, p.rhs, p.outcome) for p in found] == [
        (2.0, 1.0, "holds"), (1.04, 1.0, "fails"), (1.0, 2.0, "fails")
    ]  # fmt: skip
    assert [p.difference for p in found] == pytest.approx([0.5, 0.04 / 1.04, -0.5])
    assert all(isinstance(p, Pair) and p.statement == 0 for p in found)


def test_the_direction_of_the_statement_decides() -> None:
    (less,) = [variant for variant in CLAIM.false_variants() if variant.statements[0].rel == "<"]
    assert [p.outcome for p in pairs_seen(less, kept())] == ["fails", "fails", "holds"]


@pytest.mark.parametrize("claim", [CLAIM, claims()["teachers-readout-plateau"]], ids=lambda claim: claim.id)
def test_pairs_are_drawn_statement_by_statement(claim: Claim) -> None:
    seen = [
        Pair({}, outcome, 0.1, 0.1, 0.0, number, 1.0 + k, 2.0)
        for number, (k, outcome) in itertools.product(
            range(len(claim.statements)), enumerate(("holds", "fails", "holds"))
        )
    ]
    charts = pictures(claim, None, seen)
    assert len(charts) == len(claim.statements)
    effect = f"{100 * claim.margin:g}%"
    assert charts[0].says == f"3 pairs, 2 with an effect of {effect} or more in the claimed direction."
    html = page([claim], families(), Stored(), seen={claim.id: seen})
    assert html.count("<figure>") == len(claim.statements)
    assert f"in the band the effect is below {effect}" in html
    files = document([claim], families(), Stored(), {claim.id: seen})
    assert files[f"figures/{claim.id}.pdf"].startswith(b"%PDF")  # type: ignore[arg-type]
    tex = str(files[f"claims/{claim.id}.tex"])
    escaped = effect.replace("%", r"\%")
    assert rf"In more than half of the pairs trained on the same data, by {escaped} or more" in tex
    assert r"\begin{trend}" in tex
    assert tex.count("in the band the effect is below") == 1


def test_a_trend_without_pairs_has_no_picture() -> None:
    assert pictures(CLAIM, None, ()) == []
