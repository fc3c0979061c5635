"""Where linear regression from source weights ends (handbook A1)."""

from sympy import Integer, Or, Rational, pi

from ftproofs.catalog.linear import endpoint_steps
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2107.01641", "linear regression: the limit of gradient descent from pretrained weights")

#: Away from n = d, where the design is singular to working precision.
OFF_THE_PEAK = Or(v.n <= 3 * v.d / 4, v.n >= 4 * v.d / 3)

TASKS = Domain.of(
    n=(2, 64),
    d=(8, 48),
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
).where(OFF_THE_PEAK)

ENDPOINT = Claim(
    id="linear-endpoint",
    title="Linear regression ends at the fit nearest to the source",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Each(),
    domain=TASKS.with_ranges(spectrum=["isotropic", "power-law", "spiked"]),
    statements=(
        equal(v.fit_gap, 0),
        equal(v.perp_gap, 0),
        equal(v.target_gap, v.pinv_noise_norm),
    ),
    steps=endpoint_steps.ENDPOINT,
    variants=(
        Variant(
            "swapped",
            "the data fix the source's part, the rest comes from the target",
            (equal(v.par_beta_norm, v.par_source_norm), equal(v.perp_beta_norm, v.perp_target_norm)),
            tell="source and target of different norms",
        ),
        Variant(
            "forgets-source", "the limit is X^+ y whatever the source", (equal(v.perp_beta_norm, 0),), tell="n < d"
        ),
        Variant(
            "transposed-noise",
            "the noise enters as X' eps instead of X^+ eps",
            (equal(v.target_gap, v.transposed_noise_norm),),
            tell="sigma > 0",
        ),
    ),
)

SCRATCH = Claim(
    id="linear-scratch",
    title="From zero, linear regression ends at the minimum-norm fit",
    source=SOURCE,
    experiment="linear.scratch",
    quantifier=Each(),
    domain=Domain.of(
        n=(2, 64),
        d=(8, 48),
        target_norm=log_range(Rational(1, 2), 2),
        sigma=real_range(0, 1),
        spectrum=["isotropic", "power-law", "spiked"],
    ).where(OFF_THE_PEAK),
    statements=(equal(v.fit_gap, 0), equal(v.perp_beta_norm, 0), equal(v.beta_norm, v.min_norm)),
    steps=endpoint_steps.SCRATCH,
    uses=("linear-endpoint",),
)

OPTIMIZERS = Claim(
    id="linear-optimizers",
    title="Gradient descent, momentum, one-sample SGD and gradient flow have the same limit",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Each(),
    domain=TASKS.with_ranges(n=(2, 16), d=(8, 32), optimizer=["gd", "momentum", "sgd", "flow"], spectrum="isotropic")
    .without_constraints()
    .where(v.n <= v.d / 2),
    statements=(equal(v.fit_gap, 0), equal(v.perp_gap, 0), equal(v.train_loss, Integer(0))),
    steps=endpoint_steps.OPTIMIZERS,
    uses=("linear-endpoint", "linear-span"),
)
