"""When gradient descent converges, and what it has learned when it is stopped early (handbook A1)."""

from sympy import Rational, exp, pi

from ftproofs.catalog.linear import descent_steps, endpoint_steps
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import at_least, equal, greater, less, v

SOURCE = Source("arXiv:2107.01641", "linear regression: the limit of gradient descent from pretrained weights")

#: The start is not the target: a start that is fits already, and what is relative to its distance from the fit is 0/0.
AWAY = (v.source_norm - v.target_norm) ** 2 + v.theta**2 + v.sigma**2 > 0

RUNS = Domain.of(
    n=(2, 30),
    d=(8, 40),
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
    spectrum=["isotropic", "power-law"],
).where(v.n <= 3 * v.d / 4, AWAY)

STABLE = real_range(Rational(1, 20), Rational(19, 20))
#: Where one-sample steps are stable as well.
SMALL = real_range(Rational(1, 100), Rational(1, 20))
UNSTABLE = real_range(Rational(21, 20), Rational(3, 2))

SPAN = Claim(
    id="linear-span",
    title="Gradient steps never leave the source plus the span of the data",
    source=SOURCE,
    experiment="linear.stability",
    quantifier=Each(),
    domain=RUNS.with_ranges(step=SMALL, optimizer=["gd", "momentum", "sgd", "flow"], steps=[200, 20]),
    statements=(equal(v.perp_gap, 0),),
    steps=endpoint_steps.SPAN,
    variants=(
        Variant(
            "adam",
            "Adam has the same limit",
            domain=RUNS.with_ranges(step=SMALL, optimizer="adam", steps=[200, 20]),
            tell="Adam rescales coordinates, so its steps leave the span",
        ),
        Variant(
            "weight-decay",
            "weight decay keeps the source's part outside the span",
            domain=RUNS.with_ranges(
                step=SMALL, optimizer="gd", steps=[200, 20], weight_decay=real_range(Rational(1, 100), Rational(1, 10))
            ),
            tell="that part decays to zero",
        ),
    ),
)

STEP_SUFFICIENT = Claim(
    id="linear-step-sufficient",
    title="Below 2n/s_max^2 every step size brings gradient descent closer to its limit",
    source=SOURCE,
    experiment="linear.stability",
    quantifier=Each(),
    domain=RUNS.with_ranges(step=STABLE, steps=[200, 500]),
    statements=(less(v.error_growth, 1),),
    steps=descent_steps.STEP_SUFFICIENT,
    variants=(
        Variant(
            "bound-doubled",
            "the bound on the step is twice as large",
            domain=RUNS.with_ranges(step=real_range(Rational(1, 20), Rational(39, 20)), steps=[200, 500]),
            tell="any step above 2n/s_max^2 diverges",
        ),
    ),
)

STEP_NECESSARY = Claim(
    id="linear-step-necessary",
    title="Above 2n/s_max^2 gradient descent diverges, unless the initial error has no part in the top mode",
    source=SOURCE,
    experiment="linear.stability",
    quantifier=Each(),
    domain=RUNS.with_ranges(step=UNSTABLE, steps=[200, 500]),
    statements=(at_least(v.error_growth**2, v.top_share * (1 - 2 * v.step) ** (2 * v.steps)),),
    steps=descent_steps.STEP_NECESSARY,
    corollaries=descent_steps.STEP_NECESSARY_COROLLARIES,
    variants=(
        Variant(
            "half-bound-necessary",
            "n/s_max^2 is necessary",
            (greater(v.error_growth, 1),),
            domain=RUNS.with_ranges(step=real_range(Rational(11, 20), Rational(19, 20)), steps=[200, 500]),
            tell="steps between n/s_max^2 and 2n/s_max^2 converge",
        ),
        Variant(
            "no-sample-factor",
            "2/s_max^2 is necessary for the loss with the factor 1/n",
            (greater(v.error_growth, 1),),
            domain=RUNS.with_ranges(step=real_range(Rational(1, 20), Rational(19, 20)), steps=[200, 500]).where(
                v.step > 1 / v.n
            ),
            tell="n >= 2: as a sufficient condition it is true, as a necessary one it is not",
        ),
        Variant(
            "whole-error",
            "the whole error grows like its part in the top mode",
            (at_least(v.error_growth**2, (1 - 2 * v.step) ** (2 * v.steps)),),
            tell="an initial error with parts in other modes",
        ),
    ),
)

EARLY_STOPPING = Claim(
    id="linear-early-stopping",
    title="What T steps of gradient descent have learned in each eigen-direction",
    source=SOURCE,
    experiment="linear.stability",
    quantifier=Each(),
    domain=RUNS.with_ranges(step=STABLE, steps=[1, 10, 100]),
    statements=(
        equal(v.mode_contraction, (1 - v.learning_rate * v.mode_eigenvalue) ** v.steps),
        equal(v.mode_filter, (1 - (1 - v.learning_rate * v.mode_eigenvalue) ** v.steps) / v.mode_eigenvalue),
    ),
    steps=descent_steps.EARLY_STOPPING,
    corollaries=descent_steps.EARLY_STOPPING_COROLLARIES,
    variants=(
        Variant(
            "flow-filter",
            "discrete steps act like gradient flow for the same time",
            (
                equal(
                    v.mode_filter,
                    (1 - exp(-v.learning_rate * v.mode_eigenvalue * v.steps)) / v.mode_eigenvalue,
                ),
            ),
            tell="steps that are not small",
        ),
    ),
)

EARLY_STOPPING_FLOW = Claim(
    id="linear-early-stopping-flow",
    title="What gradient flow has learned by time t in each eigen-direction",
    source=SOURCE,
    experiment="linear.stability",
    quantifier=Each(),
    domain=RUNS.with_ranges(step=STABLE, optimizer="flow", steps=[1, 10, 100]),
    statements=(
        equal(v.mode_contraction, exp(-v.learning_rate * v.mode_eigenvalue * v.steps)),
        equal(v.mode_filter, (1 - exp(-v.learning_rate * v.mode_eigenvalue * v.steps)) / v.mode_eigenvalue),
    ),
    steps=descent_steps.EARLY_STOPPING_FLOW,
)
