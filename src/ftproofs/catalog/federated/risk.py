"""The risk of a client that is fine-tuned from the server's model, without ridge and with (handbook C1, C2)."""

from __future__ import annotations

from sympy import Expr, Or, Rational

from ftproofs.catalog.federated import steps
from ftproofs.claim import Claim, Domain, Limit, Mean, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.federated import best_rtfa_limit, ftfa_limit, resolvent_fall, resolvent_limit, rtfa_limit
from ftproofs.symbolic.functions import isotropic_bias, isotropic_noise
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

SOURCE = Source("arXiv:2108.07313", "FTFA and RTFA in the proportional limit")

n, d, gamma, r, sigma, ridge = v.n, v.d, v.gamma, v.client_radius, v.sigma, v.ridge

# -- fine-tuning without ridge ------------------------------------------------

FINITE = Domain.of(
    n=(4, 36),
    d=(10, 24),
    clients=[4, 12],
    local_steps=[1, 3],
    ridge=0,
    client_radius=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
).where(Or(n <= d - 6, n >= d + 10), 2 * n >= d)


def _mean(bias: Expr, noise: Expr) -> Statement:
    return equal(v.risk, bias * v.start_risk + sigma**2 * noise)


_bias, _noise = isotropic_bias(n, d), isotropic_noise(n, d)

FTFA_MEAN = Claim(
    id="federated-ftfa-mean",
    title="The mean risk of a client fine-tuned from the server's model, whatever FedAvg made of it",
    source=SOURCE,
    experiment="federated.finetune",
    quantifier=Mean(),
    domain=FINITE,
    statements=(_mean(_bias, _noise),),
    steps=steps.FTFA_MEAN,
    variants=(
        Variant(
            "inverse-share",
            "bias n/d instead of 1 - n/d",
            (_mean(n / d, _noise),),
            domain=FINITE.where(n <= d - 6),
            tell="n other than d/2",
        ),
        Variant(
            "deviation-only",
            "the client's deviation alone counts, FedAvg's own error does not",
            (equal(v.risk, _bias * r**2 + sigma**2 * _noise),),
            domain=FINITE.where(n <= d - 6).with_ranges(clients=[4]),
            tell="few clients",
        ),
        Variant(
            "no-personal-noise",
            "no noise but FedAvg's",
            (equal(v.risk, _bias * v.start_risk),),
            domain=FINITE.with_ranges(sigma=real_range(Rational(1, 4), 1)),
            tell="sigma > 0",
        ),
    ),
)

GLOBAL = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(1, 2)),
    clients="inf",
    client_radius=real_range(Rational(1, 2), 2),
    sigma=real_range(Rational(1, 4), 1),
)
SIZES = Limit(sizes=(32, 64, 128, 256))
_FTFA = GLOBAL.with_ranges(ridge=0)

FTFA_LIMIT = Claim(
    id="federated-ftfa-limit",
    title="The risk of FTFA in the proportional limit",
    source=SOURCE,
    experiment="federated.finetune",
    quantifier=SIZES,
    domain=_FTFA,
    statements=(equal(v.risk, ftfa_limit(gamma, r, sigma)),),
    steps=steps.FTFA_LIMIT,
    uses=("federated-ftfa-mean",),
    variants=(
        Variant(
            "inverse-ratio",
            "d/n for n/d: r^2 (1 - 1/gamma) + sigma^2/(1/gamma - 1) with gamma and 1/gamma confused",
            (equal(v.risk, r**2 * gamma + sigma**2 * (1 - gamma) / gamma),),
            tell="gamma other than 1/2",
        ),
        Variant("no-variance", "no noise", (equal(v.risk, r**2 * (1 - gamma)),), tell="sigma > 0"),
    ),
)

# -- ridge toward the server's model ------------------------------------------

#: A ridge has a limit on both sides of n = d; ladders of sizes keep away from there.
_RTFA = GLOBAL.with_ranges(gamma=real_range(Rational(1, 10), 2), ridge=log_range(Rational(1, 10), 5)).where(
    Or(gamma <= Rational(1, 2), gamma >= Rational(3, 2))
)
_m, _fall = resolvent_limit(gamma, ridge), resolvent_fall(gamma, ridge)

RTFA_LIMIT = Claim(
    id="federated-rtfa-limit",
    title="The risk of RTFA in the proportional limit, at its ridge",
    source=SOURCE,
    experiment="federated.finetune",
    quantifier=SIZES,
    domain=_RTFA,
    statements=(equal(v.risk, rtfa_limit(gamma, r, sigma, ridge)),),
    steps=steps.RTFA,
    corollaries=steps.RTFA_COROLLARIES,
    variants=(
        Variant(
            "no-ratio",
            "the noise's part without d/n",
            (equal(v.risk, r**2 * ridge**2 * _fall + sigma**2 * (_m - ridge * _fall)),),
            tell="gamma other than 1",
        ),
        Variant(
            "first-power",
            "the bias with the ridge instead of its square",
            (equal(v.risk, r**2 * ridge * _fall + sigma**2 / gamma * (_m - ridge * _fall)),),
            tell="a ridge other than 1",
        ),
        Variant("no-ridge", "the ridge changes nothing", (equal(v.risk, ftfa_limit(gamma, r, sigma)),), tell="ridge"),
        Variant(
            "always-best",
            "the risk is the best one at every ridge",
            (equal(v.risk, best_rtfa_limit(gamma, r, sigma)),),
            tell="another ridge",
        ),
    ),
)

# -- the best ridge -----------------------------------------------------------

BEST = Domain.of(
    n=(3, 30),
    d=(4, 24),
    clients="inf",
    tuning="dimension",
    ridge=log_range(Rational(1, 10), 10),
    client_radius=log_range(Rational(1, 2), 2),
    sigma=real_range(Rational(1, 4), 1),
).where(Or(n <= d - 4, n >= d + 4))

#: Few samples and much noise, where d/n matters, at ridges near the best one.
FEW = BEST.with_ranges(d=(20, 24), n=(3, 6), client_radius=1, sigma=1, ridge=real_range(3, 8))

BEST_RIDGE = Claim(
    id="federated-best-ridge",
    title="At every size the ridge sigma^2 d/(n r^2) is the best: no other has a smaller mean risk",
    source=SOURCE,
    experiment="federated.finetune",
    quantifier=Mean(),
    domain=BEST,
    statements=(at_most(v.tuned_risk, v.risk),),
    steps=steps.BEST_RIDGE,
    variants=(
        Variant(
            "noise-to-signal", "the ridge sigma^2/r^2 is the best", domain=FEW.with_ranges(tuning="plain"), tell="n < d"
        ),
        Variant(
            "inverse-ratio",
            "the ridge sigma^2 n/(d r^2) is the best",
            domain=FEW.with_ranges(tuning="inverse"),
            tell="n < d",
        ),
        Variant(
            "other-ridges-better",
            "no ridge is worse than it",
            (at_least(v.tuned_risk, v.risk),),
            domain=BEST.with_ranges(ridge=log_range(Rational(1, 10), Rational(1, 5)), sigma=1).where(n <= d - 4),
            tell="a ridge far from it",
        ),
    ),
)

_NONE = BEST.with_ranges(ridge=0)

NEVER_WORSE = Claim(
    id="federated-rtfa-never-worse",
    title="At its best ridge RTFA is on average no worse than FTFA",
    source=SOURCE,
    experiment="federated.finetune",
    quantifier=Mean(),
    domain=_NONE,
    statements=(at_most(v.tuned_risk, v.risk),),
    steps=steps.BEST_RIDGE,
    uses=("federated-best-ridge",),
    variants=(
        Variant(
            "worse",
            "it is worse",
            (at_least(v.tuned_risk, v.risk),),
            domain=_NONE.with_ranges(sigma=real_range(Rational(1, 2), 1)),
            tell="sigma > 0",
        ),
    ),
)
