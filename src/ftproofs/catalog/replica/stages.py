"""Fine-tuning after pretraining on finite, noisy data: the replica twice (handbook 8.5)."""

from __future__ import annotations

from typing import Any

from sympy import Integer, Rational

from ftproofs.catalog.replica import steps
from ftproofs.catalog.replica.risk import SIZES, SOURCE, TASKS
from ftproofs.claim import Claim, Limit, Statement, Variant
from ftproofs.symbolic.replica import replica_mse
from ftproofs.symbolic.replica_theorems import arguments
from ftproofs.symbolic.two_stages import two_stage_arguments, two_stage_mse
from ftproofs.symbolic.vocabulary import equal, v

#: Few settings, all at least a fifth away from the thresholds of exact recovery, M(1/4) = 0.58 and M(1/8) = 0.38,
#: so that errors fall as 1/d from the smallest size on.
STAGES = TASKS.with_ranges(
    gamma=Rational(1, 2),
    gamma_s=[Rational(3, 8), Rational(3, 4)],
    c=[Rational(1, 8), Rational(1, 4)],
    r=[Rational(-4, 5), Rational(-1, 2)],
    reinit=Rational(1, 10),
    rho_pt=Rational(1, 4),
    rho_shared=Rational(1, 2),
    rho_new=0,
    sigma=Rational(3, 10),
    sigma_s=[Rational(1, 2), 1],
)

_total = v.share_pt * v.share_shared + (1 - v.share_pt) * v.share_new


def _mse(**changed: Any) -> Statement:
    return equal(v.mse, two_stage_mse(*two_stage_arguments("S", **changed)))


TWO_STAGE = Claim(
    id="replica-two-stage",
    title="After pretraining on finite, noisy data the error tends to that of two fixed points, one after the other",
    source=SOURCE,
    experiment="replica.finetune",
    quantifier=Limit(tolerance=0.1, end_to_end=0.1, sizes=SIZES),
    domain=STAGES,
    statements=(_mse(),),
    steps=steps.TWO_STAGES,
    uses=("diagonal-finetuning-bias", "diagonal-scale-sum", "replica-risk"),
    variants=(
        Variant(
            "true-source",
            "the scales are those of the pretraining task's own coefficients",
            (equal(v.mse, replica_mse(*arguments("S", "atom"))),),
            tell="finite pretraining data",
        ),
        Variant(
            "noiseless-pretraining",
            "the noise of pretraining plays no part",
            (_mse(sigma_s=Integer(0)),),
            tell="noisy pretraining data",
        ),
        Variant(
            "independent",
            "target and pretrained coefficients are independent",
            (_mse(shared=_total, new=_total),),
            tell="a target within the features",
        ),
        Variant(
            "per-sample",
            "it is tau^2 - sigma^2",
            (equal(v.mse, two_stage_mse(*two_stage_arguments("S")) / v.gamma),),
            tell="gamma below 1",
        ),
    ),
)

CLAIMS = (TWO_STAGE,)
