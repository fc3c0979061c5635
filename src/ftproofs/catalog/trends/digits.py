"""What the scale of the first layer does to fine-tuning on scikit-learn's digits (DIAGONAL.md 10.2)."""

from sympy import Rational

from ftproofs.claim import Claim, Domain, Source, Trend, Variant
from ftproofs.symbolic.paired import at
from ftproofs.symbolic.vocabulary import greater, less, v

SOURCE = Source("arXiv:2602.20062", "scales of the first layer, here on digits")

DIGITS = Domain.of(samples=[32, 128], product_scale=Rational(7, 10), pretrained=["yes", "no"])
#: Where a tiny first layer tells: with 32 samples only four pairs of five show it, and some do not get to the fit.
PRETRAINED = DIGITS.with_ranges(samples=[64, 128], pretrained="yes")

_quarter, _tiny = Rational(1, 4), Rational(1, 32)

MOVEMENT = Claim(
    id="digits-first-layer-movement",
    title="On digits the first layer moves the less the larger it starts",
    source=SOURCE,
    experiment="trends.digits",
    quantifier=Trend(effect=0.2),
    domain=DIGITS,
    statements=(
        greater(at(v.layer_movement, layer_scale=_quarter), at(v.layer_movement, layer_scale=1)),
        greater(at(v.layer_movement, layer_scale=1), at(v.layer_movement, layer_scale=4)),
    ),
    variants=(
        Variant(
            "more",
            "it moves the more",
            (less(at(v.layer_movement, layer_scale=1), at(v.layer_movement, layer_scale=4)),),
            tell="any start",
        ),
    ),
)

LARGE = Claim(
    id="digits-large-first-layer",
    title="On digits a first layer that starts too large hurts, with pretraining and without",
    source=SOURCE,
    experiment="trends.digits",
    quantifier=Trend(effect=0.05),
    domain=DIGITS,
    statements=(greater(at(v.test_mse, layer_scale=4), at(v.test_mse, layer_scale=1)),),
    variants=(
        Variant(
            "helps",
            "it helps",
            (less(at(v.test_mse, layer_scale=4), at(v.test_mse, layer_scale=1)),),
            tell="any start",
        ),
    ),
)

SMALL = Claim(
    id="digits-small-first-layer",
    title="On digits a first layer that starts too small hurts fine-tuning as well",
    source=SOURCE,
    experiment="trends.digits",
    quantifier=Trend(effect=0.02),
    domain=PRETRAINED,
    statements=(greater(at(v.test_mse, layer_scale=_tiny), at(v.test_mse, layer_scale=1)),),
)

SMALLER_IS_BETTER = Claim(
    id="digits-smaller-is-better",
    title="On digits a first layer much smaller than the balanced one improves fine-tuning",
    source=Source("arXiv:2602.20062", "a smaller first layer favours reuse; on digits not certified"),
    experiment="trends.digits",
    quantifier=Trend(effect=0.02),
    domain=PRETRAINED,
    statements=(less(at(v.test_mse, layer_scale=_tiny), at(v.test_mse, layer_scale=1)),),
    expected="refuted",
    corrected="digits-small-first-layer",
)
