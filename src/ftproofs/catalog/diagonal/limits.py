"""The problems that the end of fine-tuning tends to, large and small scales, with bounds at any scale (6.1 to 6.4)."""

from __future__ import annotations

from sympy import E, Rational

from ftproofs.catalog.diagonal import limits_steps, support_steps
from ftproofs.catalog.diagonal.bias import TUNED
from ftproofs.claim import Claim, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

SOURCE = Source("arXiv:2602.20062", "diagonal networks: regimes of fine-tuning")

#: From scales of the coefficients' size to large ones, with a feature and without.
WIDE = TUNED.with_ranges(c=log_range(Rational(1, 10), 20))
#: Small scales: smallest without a feature.
SMALL = TUNED.with_ranges(
    c=log_range(Rational(1, 300), Rational(1, 50)),
    r=real_range(Rational(-1, 2), Rational(9, 10)),
    reinit=log_range(Rational(1, 100), Rational(1, 20)),
    protocol="S",
    rho_pt=Rational(1, 2),
)
#: Far smaller ones without a feature, and supports of fewer and of more coordinates than there are samples.  Noise: a
#: target recovered exactly leaves directions in which training takes ever longer.
NESTED_SCALES = SMALL.with_ranges(
    c=log_range(Rational(3, 10**4), Rational(1, 10**3)),
    reinit=log_range(Rational(1, 100), Rational(1, 30)),
    sigma=real_range(Rational(1, 4), Rational(1, 2)),
    rho_pt=[Rational(1, 8), Rational(3, 4)],
)
#: Many samples, and a target with features of its own.
FEW = NESTED_SCALES.with_ranges(n=(8, 10), d=(12, 16), rho_pt=Rational(1, 8), rho_new=Rational(1, 5), amplitude="atom")
#: The support alone can fit.
WITHIN = SMALL.with_ranges(
    c=log_range(Rational(1, 1000), Rational(1, 20)),
    sigma=real_range(Rational(1, 4), Rational(1, 2)),
    rho_pt=Rational(3, 4),
).where(v.n <= v.d / 2)

LAZY = Claim(
    id="diagonal-lazy-limit",
    title="Fine-tuning ends near the fit of least sum beta^2/c, by a sixth of the square of the largest |beta|/c",
    source=SOURCE,
    experiment="diagonal.limits",
    quantifier=Each(),
    domain=WIDE,
    statements=(at_most(v.lazy_share / v.largest_ratio**2, Rational(1, 6)),),
    steps=limits_steps.LAZY,
    uses=("diagonal-finetuning-bias",),
    variants=(
        Variant(
            "first-power",
            "the distance is of the order of the first power",
            (at_least(v.lazy_share / v.largest_ratio, Rational(1, 50)),),
            tell="large scales",
        ),
        Variant(
            "third-power",
            "it falls as the third",
            (at_most(v.lazy_share / v.largest_ratio**3, Rational(1, 6)),),
            tell="large scales",
        ),
        Variant(
            "squared-scales",
            "the weights are 1/c^2",
            (at_most(v.lazy_square_share / v.largest_ratio**2, Rational(1, 6)),),
            tell="scales that differ",
        ),
        Variant(
            "root-scales",
            "the weights are 1/sqrt(c)",
            (at_most(v.lazy_root_share / v.largest_ratio**2, Rational(1, 6)),),
            tell="scales that differ",
        ),
    ),
)

OWN = Claim(
    id="diagonal-own-weights",
    title="At any scale the end has the least l1 norm of all fits, weighted by asinh(|beta|/c)",
    source=SOURCE,
    experiment="diagonal.limits",
    quantifier=Each(),
    domain=TUNED,
    statements=(equal(v.own_excess, 0),),
    steps=limits_steps.OWN,
    uses=("diagonal-finetuning-bias",),
    variants=(
        Variant("plain", "with equal weights", (equal(v.plain_excess, 0),), tell="finite scales"),
        Variant("logarithms", "with the weights ln(m/c)", (equal(v.rich_excess, 0),), tell="finite scales"),
    ),
)

RICH = Claim(
    id="diagonal-rich-limit",
    title="The l1 norm weighted by ln(m/c) exceeds its least value by at most d m/(2 e), however small the scales",
    source=SOURCE,
    experiment="diagonal.limits",
    quantifier=Each(),
    domain=SMALL,
    statements=(at_most(v.rich_excess, v.d / (2 * E)),),
    steps=limits_steps.RICH,
    uses=("diagonal-own-weights",),
    variants=(
        Variant(
            "plain",
            "so does the plain l1 norm, times the largest of the logarithms",
            (at_most(v.plain_excess, v.d / (2 * E)),),
            tell="scales that differ",
        ),
        Variant("attained", "it has its least value", (equal(v.rich_excess, 0),), tell="finite scales"),
    ),
)

_BOUND = v.nested_price + v.d / (2 * E)
NESTED = Claim(
    id="diagonal-nested-limit",
    title="Off the pretrained support the l1 norm exceeds the least of all fits by a bounded multiple of m/ln(m/c)",
    source=SOURCE,
    experiment="diagonal.limits",
    quantifier=Each(),
    domain=NESTED_SCALES,
    statements=(at_most(v.nested_excess, _BOUND),),
    steps=limits_steps.NESTED,
    uses=("diagonal-own-weights", "diagonal-scale-sum"),
    variants=(
        Variant(
            "all-coordinates",
            "so does the l1 norm over all coordinates",
            (at_most(v.plain_excess, _BOUND),),
            tell="features",
        ),
        Variant(
            "vanishes",
            "that norm itself is so small, whatever the support fits",
            (at_most(v.nested_norm, _BOUND),),
            domain=FEW,
            tell="a support of fewer coordinates than samples",
        ),
        Variant(
            "least-squares",
            "off the support the end is so near to the fit of least Euclidean norm there",
            (at_most(v.nested_square_gap, _BOUND),),
            domain=FEW,
            tell="a support of fewer coordinates than samples",
        ),
        Variant("attained", "it has its least value", (equal(v.nested_excess, 0),), tell="finite scales"),
    ),
)

SUPPORT = Claim(
    id="diagonal-nested-support",
    title="Where the pretrained support can fit, the penalty on it is its least there but for what the rest carries",
    source=SOURCE,
    experiment="diagonal.limits",
    quantifier=Each(),
    domain=WITHIN,
    statements=(at_least(v.support_gain, 0), at_most(v.support_gain, v.support_leak)),
    steps=support_steps.SUPPORT,
    uses=("diagonal-finetuning-bias", "diagonal-nested-limit"),
    variants=(
        Variant("attained", "it is its least there", (equal(v.support_gain, 0),), tell="finite scales"),
        Variant("halved", "but for half of that", (at_most(v.support_gain, v.support_leak / 2),), tell="finite scales"),
        Variant("dearer", "it is at least its least there", (at_most(v.support_gain, 0),), tell="finite scales"),
    ),
)

CLAIMS = (LAZY, OWN, RICH, NESTED, SUPPORT)
