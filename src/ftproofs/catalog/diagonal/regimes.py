"""Special cases: readouts on frozen layers, several tasks at once (handbook 6.6, 7)."""

from __future__ import annotations

from sympy import Rational

from ftproofs.catalog.diagonal import regimes_steps
from ftproofs.catalog.diagonal.bias import TUNED
from ftproofs.catalog.diagonal.conservation import TASKS
from ftproofs.claim import Claim, Each, Source, Variant, log_range
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

TWO_TASKS = TASKS.with_ranges(n=(2, 4), d=(8, 12), c=log_range(Rational(1, 2), 2), rho_pt=[Rational(1, 2), 1])
SEVERAL = Source("arXiv:2310.02396", "several tasks at once: the group norm of diagonal networks")

READOUT = Claim(
    id="diagonal-readout-only",
    title="Readouts on frozen layers end at the fit of least sum of beta^2 over the squared layer, at any scale",
    source=Source("arXiv:2602.20062", "diagonal networks: regimes of fine-tuning"),
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=TUNED.with_ranges(protocol="readout"),
    statements=(equal(v.lazy_gap, 0),),
    steps=regimes_steps.READOUT,
    variants=(
        Variant(
            "trained-through",
            "so does training all layers",
            domain=TUNED.with_ranges(protocol="S"),
            tell="a finite scale",
        ),
    ),
)

GROUP = Claim(
    id="diagonal-group-norm",
    title="The least weights of two predictors on a shared first layer have the squared norm 2 sum sqrt(a^2 + m^2)",
    source=SEVERAL,
    experiment="diagonal.multitask",
    quantifier=Each(),
    domain=TWO_TASKS,
    statements=(at_least(v.least_weight_norm, v.group_norm), at_most(v.least_weight_norm, v.group_norm)),
    steps=regimes_steps.GROUP,
    corollaries=regimes_steps.IDENTITIES,
    variants=(
        Variant(
            "no-factor",
            "without the factor two",
            (equal(2 * v.least_weight_norm, v.group_norm),),
            tell="a factor of two",
        ),
        Variant("split", "2 sum (|a| + |m|)", (equal(v.least_weight_norm, v.split_norm),), tell="a shared coordinate"),
    ),
)

PUBLISHED_FLOW = Claim(
    id="diagonal-published-flow-minimises-group-norm",
    title="As sometimes read: the flow's weights themselves have the least norm",
    source=Source("arXiv:2310.02396", "the theorem is about explicit regularisation"),
    experiment="diagonal.multitask",
    quantifier=Each(),
    domain=TWO_TASKS,
    statements=(equal(v.weight_norm, v.group_norm),),
    expected="refuted",
    corrected="diagonal-group-norm",
)

CLAIMS = (READOUT, GROUP, PUBLISHED_FLOW)
