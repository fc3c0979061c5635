"""Networks whose kinks leave no bound on the distance to their limit: the verdict says so, whatever is claimed."""

from __future__ import annotations

from ftproofs.check import check
from ftproofs.check.context import BUDGETS, Context, MemoryStore
from ftproofs.claim import Claim, Domain, Each, Source
from ftproofs.names import complete
from ftproofs.symbolic.vocabulary import at_most, v

FLAG = "uncertified-kinks"
NARROW = {"n": 10, "d": 6, "m": 16, "theta": 1}


def test_a_claim_about_each_network_is_undecided_on_them():
    claim = Claim(
        "narrow",
        "Narrow networks stay near the kernel prediction",
        Source("test"),
        "relu.finetune",
        Each(),
        Domain.of(**{name: [value] for name, value in NARROW.items()}),
        (at_most(v.kernel_gap, 100),),
    )
    verdict = check(claim, budget="low", device="cpu")
    assert verdict.word == "undecided"
    assert FLAG in verdict.flags


def test_a_check_notes_them_also_where_bounds_are_dropped():
    context = Context(MemoryStore(), BUDGETS["low"])
    wide = complete("relu.finetune", {**NARROW, "n": 1, "m": 256})
    context.draws(context.block("relu.finetune", [wide] * 2, engine="descent", stage="explore"))
    assert not context.flags
    narrow = complete("relu.finetune", NARROW)
    rows = context.draws(context.block("relu.finetune", [narrow] * 48, engine="descent", stage="explore"))
    assert not rows.bounds
    assert context.flags == {FLAG}
