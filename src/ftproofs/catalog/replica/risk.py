"""The error of fine-tuned diagonal networks in the proportional limit (handbook 8.1, 8.7)."""

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

TASKS = Domain.of(
    gamma=real_range(Rational(3, 10), Rational(1, 2)),
    c=log_range(Rational(1, 50), 2),
    r=real_range(Rational(-9, 10), Rational(9, 10)),
    reinit=real_range(Rational(1, 20), 1),
    rho_pt=Rational(3, 10),
    rho_shared=[Rational(2, 5), Rational(3, 5)],
    rho_new=[Rational(1, 10)],
    sigma=real_range(Rational(1, 10), Rational(1, 2)),
    protocol="S",
    amplitude="atom",
)
ARGUMENTS = arguments("S", "atom")
_delta, _sigma, _, *_groups = ARGUMENTS
_on, _off = _groups[1], _groups[9]


def _mse(*groups: Any) -> Statement:
    return equal(v.mse, replica_mse(_delta, _sigma, Integer(0), *groups))


def _with_scales(on: Expr, off: Expr) -> list[Expr]:
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
_RICH = TASKS.with_ranges(
    c=log_range(Rational(1, 50), Rational(1, 10)), reinit=real_range(Rational(1, 20), Rational(1, 5))
)

ERROR = Claim(
    id="replica-error",
    title="The error of fine-tuning tends to the replica's fixed point",
    source=SOURCE,
    experiment="replica.finetune",
    quantifier=Limit(tolerance=0.05, sizes=SIZES),
    domain=TASKS,
    statements=(equal(v.mse, replica_mse(*ARGUMENTS)),),
    steps=steps.ERROR,
    uses=("diagonal-finetuning-bias", "diagonal-scale-sum"),
    variants=(
        Variant("annealed", "every coordinate has the mean scale", (_mse(*_with_scales(_mean, _mean)),), domain=_RICH),
        Variant("independent", "target and scale are independent", (_mse(*_independent),), domain=_RICH),
        Variant(
            "per-sample",
            "it is tau^2 - sigma^2",
            (equal(v.mse, replica_mse(*ARGUMENTS) / v.gamma),),
            tell="gamma below 1",
        ),
    ),
)

SELF_AVERAGING = Claim(
    id="replica-penalty-and-multiplier",
    title="Penalty and multiplier of the solution tend to their replica values",
    source=SOURCE,
    experiment="replica.finetune",
    quantifier=Limit(tolerance=0.05, sizes=SIZES),
    domain=TASKS,
    statements=(
        equal(v.penalty / v.d / replica_penalty(*ARGUMENTS), 1),
        equal(v.multiplier / replica_multiplier(*ARGUMENTS), 1),
    ),
    steps=steps.SELF_AVERAGING,
    uses=("replica-error",),
    variants=(
        Variant(
            "double-scale",
            "the scale is the root of k",
            (
                equal(
                    v.penalty / v.d / replica_penalty(_delta, _sigma, Integer(0), *_with_scales(2 * _on, 2 * _off)), 1
                ),
            ),
            tell="a factor of two",
        ),
        Variant(
            "no-pretraining",
            "features play no part",
            (equal(v.penalty / v.d / replica_penalty(_delta, _sigma, Integer(0), *_with_scales(_off, _off)), 1),),
            tell="features",
        ),
    ),
)

CLAIMS = (ERROR, SELF_AVERAGING)
