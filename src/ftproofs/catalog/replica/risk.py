"""The error of fine-tuning a diagonal network, its penalty and its multiplier in the limit (handbook 8.1, 8.7)."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Integer, Rational, sqrt

from ftproofs.catalog.replica import steps
from ftproofs.claim import Claim, Domain, Limit, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.replica import replica_mse, replica_multiplier, replica_penalty
from ftproofs.symbolic.replica_theorems import arguments
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2602.20062", "generalization error of fine-tuning by the replica method")
SIZES = (32, 64, 128, 256)
#: Of the error: 100 to 400, and a size to see curvature by, at all of which shares of a half and a tenth are exact.
ERROR_SIZES = (40, 100, 200, 400)

#: Moderate starts, small readouts: regimes I, II and IV, by the first layer's share r.
TASKS = Domain.of(
    gamma=real_range(Rational(3, 10), Rational(1, 2)),
    c=log_range(Rational(1, 4), 1),
    r=real_range(Rational(-19, 20), Rational(-1, 2)),
    reinit=real_range(Rational(1, 10), Rational(3, 10)),
    rho_pt=Rational(1, 2),
    rho_shared=Rational(1, 2),
    rho_new=Rational(1, 10),
    sigma=real_range(Rational(1, 5), Rational(1, 2)),
    protocol="S",
    amplitude="atom",
)
#: Large ones: regime III.
LAZY = TASKS.with_ranges(
    c=log_range(2, 5), r=real_range(Rational(-1, 2), Rational(9, 10)), reinit=real_range(Rational(1, 2), 1)
)
#: Sparse targets and a small first layer: the penalty varies least from draw to draw.
SPARSE = TASKS.with_ranges(
    gamma=real_range(Rational(2, 5), Rational(1, 2)),
    r=real_range(Rational(-19, 20), Rational(-4, 5)),
    reinit=real_range(Rational(1, 10), Rational(1, 5)),
    rho_pt=Rational(1, 4),
    rho_shared=Rational(1, 4),
    rho_new=Rational(1, 24),
    sigma=real_range(Rational(1, 10), Rational(3, 10)),
)
#: Two settings only: within 2 % each takes some ten thousand draws.
SINGLE = TASKS.with_ranges(
    gamma=Rational(1, 2),
    c=[Rational(1, 4), 1],
    r=Rational(-4, 5),
    reinit=Rational(1, 5),
    rho_new=Rational(1, 8),
    sigma=Rational(3, 10),
)
ARGUMENTS = arguments("S", "atom")
_delta, _sigma, _, *_groups = ARGUMENTS
_on, _off = _groups[1], _groups[9]


def _with(function: Any, groups: Any) -> Expr:
    return function(_delta, _sigma, Integer(0), *groups)


def _mse(groups: Any) -> Statement:
    return equal(v.mse, _with(replica_mse, groups))


def _multiplier(groups: Any) -> Statement:
    return equal(v.multiplier / _with(replica_multiplier, groups), 1)


def _with_scales(on: Expr, off: Expr) -> list[Expr]:
    """The groups with other scales on coordinates with and without a feature."""
    found = list(_groups)
    for i, scale in zip((1, 5, 9, 13), (on, on, off, off), strict=True):
        found[i] = scale
    return found


_size = 1 / sqrt(v.share_pt * v.share_shared + (1 - v.share_pt) * v.share_new)
_active = 1 / _size**2
_independent = [
    *(v.share_pt * _active, _on, _size, Integer(0), v.share_pt * (1 - _active), _on, Integer(0), Integer(0)),
    *((1 - v.share_pt) * _active, _off, _size, Integer(0)),
    *((1 - v.share_pt) * (1 - _active), _off, Integer(0), Integer(0)),
]
_mean = v.share_pt * _on + (1 - v.share_pt) * _off

RISK = Claim(
    id="replica-risk",
    title="The error of fine-tuning tends to that of the replica's fixed point",
    source=SOURCE,
    experiment="replica.finetune",
    quantifier=Limit(tolerance=0.1, end_to_end=0.1, sizes=ERROR_SIZES),
    domain=TASKS,
    statements=(_mse(_groups),),
    steps=steps.ERROR,
    uses=("diagonal-finetuning-bias", "diagonal-scale-sum"),
    variants=(
        Variant("annealed", "every coordinate has the mean scale", (_mse(_with_scales(_mean, _mean)),)),
        Variant("independent", "target and scale are independent", (_mse(_independent),)),
        Variant(
            "per-sample",
            "it is tau^2 - sigma^2",
            (equal(v.mse, replica_mse(*ARGUMENTS) / v.gamma),),
            tell="gamma below 1",
        ),
    ),
)

RISK_LAZY = Claim(
    id="replica-risk-lazy",
    title="So it does for large scales, where training is lazy and forgets the features",
    source=SOURCE,
    experiment="replica.finetune",
    quantifier=Limit(tolerance=0.05, end_to_end=0.1, sizes=ERROR_SIZES),
    domain=LAZY,
    statements=(_mse(_groups),),
    steps=steps.ERROR,
    uses=("diagonal-finetuning-bias", "diagonal-scale-sum"),
    variants=(
        Variant(
            "per-sample",
            "it is tau^2 - sigma^2",
            (equal(v.mse, replica_mse(*ARGUMENTS) / v.gamma),),
            tell="gamma below 1",
        ),
    ),
)

PENALTY = Claim(
    id="replica-penalty",
    title="The penalty of the solution tends to its replica value",
    source=SOURCE,
    experiment="replica.finetune",
    quantifier=Limit(tolerance=0.02, end_to_end=0.1, sizes=SIZES),
    domain=SPARSE,
    statements=(equal(v.penalty / v.d / replica_penalty(*ARGUMENTS), 1),),
    steps=steps.PENALTY,
    uses=("diagonal-finetuning-bias", "diagonal-scale-sum"),
    variants=(
        Variant(
            "double-scale",
            "the scale is the root of k",
            (equal(v.penalty / v.d / _with(replica_penalty, _with_scales(2 * _on, 2 * _off)), 1),),
            tell="a factor of two",
        ),
        Variant(
            "no-pretraining",
            "features play no part",
            (equal(v.penalty / v.d / _with(replica_penalty, _with_scales(_off, _off)), 1),),
            tell="features",
        ),
    ),
)

MULTIPLIER = Claim(
    id="replica-multiplier",
    title="The multiplier of the solution tends to its replica value",
    source=SOURCE,
    experiment="replica.finetune",
    quantifier=Limit(tolerance=0.02, end_to_end=0.1, sizes=SIZES),
    domain=SINGLE,
    statements=(_multiplier(_groups),),
    steps=steps.MULTIPLIER,
    uses=("diagonal-finetuning-bias", "diagonal-scale-sum"),
    variants=(
        Variant(
            "multiplier-halved",
            "beta = c sinh(X' mu)",
            (equal(v.multiplier / replica_multiplier(*ARGUMENTS), 4),),
            tell="a factor of two",
        ),
        Variant("annealed", "every coordinate has the mean scale", (_multiplier(_with_scales(_mean, _mean)),)),
        Variant("independent", "target and scale are independent", (_multiplier(_independent),)),
    ),
)

CLAIMS = (RISK, RISK_LAZY, PENALTY, MULTIPLIER)
