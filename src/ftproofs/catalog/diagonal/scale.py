"""What pretraining leaves: the scale of the fine-tuning penalty under each protocol (handbook 4).

Two published forms of it are claims here too, and refuted.
"""

from __future__ import annotations

from sympy import Abs, Rational, sqrt

from ftproofs.catalog.diagonal import order_steps, scale_steps
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.diagonal_flow import SCALES
from ftproofs.symbolic.diagonal_orders import FINAL
from ftproofs.symbolic.finetuning import start_after
from ftproofs.symbolic.penalty import hypot
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2602.20062", "diagonal networks: the fine-tuning scale")

#: Pretraining on the population and fine-tuning, small: one coordinate of either kind is read.
PRETRAINED = Domain.of(
    n=(2, 6),
    d=(8, 14),
    c=log_range(Rational(1, 10), 2),
    r=real_range(Rational(-9, 10), Rational(9, 10)),
    reinit=real_range(Rational(1, 4), 1),
    rescale=[1, Rational(1, 2), 2],
    rho_pt=[Rational(1, 2), 1],
    rho_shared=[Rational(1, 2), 1],
)

_H, _b, _g = hypot(v.c, v.beta_pt), v.beta_pt, v.reinit
_SUM = (1 + v.r) * (v.c + _H)

SUM = Claim(
    id="diagonal-scale-sum",
    title="Sum-rebalanced layers start fine-tuning at the scale (1 + r)(c + H) + reinit^2",
    source=SOURCE,
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=PRETRAINED.with_ranges(protocol="S"),
    statements=(equal(v.c_ft, SCALES["S"]),),
    steps=scale_steps.SUM,
    uses=("diagonal-trajectory",),
    variants=(
        Variant(
            "half-readout",
            "the readout counts half",
            (equal(v.c_ft, v.rescale**2 * _SUM + _g**2 / 2),),
            tell="reinit > 0",
        ),
        Variant(
            "without-feature-at-zero",
            "(1 + r)(H - c), as for a signed ratio",
            (equal(v.c_ft, v.rescale**2 * (1 + v.r) * (_H - v.c) + _g**2),),
            tell="c > 0",
        ),
        Variant(
            "difference-not-ratio",
            "r is the difference of the squares, not over c",
            (equal(v.c_ft, v.rescale**2 * (1 + v.r * v.c) * (v.c + _H) + _g**2),),
            tell="c other than 1",
        ),
        Variant(
            "rescaled-once",
            "rescaled weights count once",
            (equal(v.c_ft, v.rescale * _SUM + _g**2),),
            tell="rescale other than 1",
        ),
        Variant(
            "mean-rebalanced",
            "mean-rebalanced layers have the same scale",
            domain=PRETRAINED.with_ranges(protocol="M"),
            tell="a quarter of it",
        ),
    ),
)

MEAN = Claim(
    id="diagonal-scale-mean",
    title="Mean-rebalanced layers have a quarter of the features' scale",
    source=SOURCE,
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=PRETRAINED.with_ranges(protocol="M"),
    statements=(equal(v.c_ft, SCALES["M"]),),
    steps=scale_steps.MEAN,
    variants=(Variant("sum", "they have all of it", (equal(v.c_ft, SCALES["S"]),), tell="always"),),
)

RMS = Claim(
    id="diagonal-scale-rms",
    title="Layers at their root mean square have the scale (H + r c)/2 + reinit^2",
    source=SOURCE,
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=PRETRAINED.with_ranges(protocol="R"),
    statements=(equal(v.c_ft, SCALES["R"]),),
    steps=scale_steps.RMS,
    variants=(
        Variant(
            "relative-scale-everywhere",
            "1 + r multiplies the feature here too",
            (equal(v.c_ft, v.rescale**2 * _SUM / 2 + _g**2),),
            tell="r other than 0",
        ),
    ),
)

KEPT = Claim(
    id="diagonal-scale-kept",
    title="Layers that are kept: the scale, and the predictor fine-tuning starts from",
    source=SOURCE,
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=PRETRAINED.with_ranges(protocol="N"),
    statements=(
        equal(v.c_ft, SCALES["N"]),
        equal(v.beta_start, start_after("N", v.c, v.r, v.beta_pt, v.reinit, v.rescale)),
    ),
    steps=scale_steps.KEPT,
    variants=(
        Variant(
            "bilinear",
            "the scale is w_+ w_- + v_+ v_-, also off balance",
            (equal(v.c_ft, v.rescale**2 * (v.c + v.r * _H) / 2 + _g**2),),
            tell="a feature, and |r| < 1",
        ),
        Variant("from-zero", "it starts at zero", (equal(v.beta_start, 0),), tell="a feature and reinit > 0"),
    ),
)

#: One coordinate with a negative feature.
_NEGATIVE = Domain.of(
    beta_aux=real_range(-2, Rational(-1, 2)),
    beta_main=real_range(Rational(1, 2), 2),
    c=log_range(Rational(1, 20), 2),
    r=real_range(Rational(-9, 10), Rational(9, 10)),
    reinit=real_range(Rational(1, 10), 1),
)

PUBLISHED_READOUT = Claim(
    id="diagonal-published-readout-factor",
    title="As published: the root of k is 2 c (1 + r)(1 + sqrt(1 + (beta/c)^2)) + reinit^2",
    source=Source("arXiv:2602.20062", "public summary of the theorem; it is 2 reinit^2"),
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=PRETRAINED.with_ranges(protocol="S"),
    statements=(equal(2 * v.c_ft, 2 * v.rescale**2 * v.c * (1 + v.r) * (1 + sqrt(1 + (_b / v.c) ** 2)) + _g**2),),
    expected="refuted",
    corrected="diagonal-scale-sum",
)

SIGNED = Claim(
    id="diagonal-scale-negative-feature",
    title="A negative feature counts by its size",
    source=SOURCE,
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=_NEGATIVE,
    statements=(equal(v.c_ft, FINAL),),
    steps=order_steps.SIGNED,
    uses=("diagonal-scale-sum",),
    variants=(
        Variant(
            "feature-alone", "c plays no part", (equal(v.c_ft, (1 + v.r) * Abs(v.beta_aux) + _g**2),), tell="c > 0"
        ),
    ),
)

PUBLISHED_SIGN = Claim(
    id="diagonal-published-signed-feature",
    title="As in a public script: the scale by the signed ratio s = c/beta",
    source=Source("arXiv:2602.20062", "a public script; the feature counts by its size"),
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=_NEGATIVE,
    statements=(
        equal(
            v.c_ft,
            Abs(v.beta_aux) * (1 + v.r) * (v.c / v.beta_aux + sqrt(1 + (v.c / v.beta_aux) ** 2)) + _g**2,
        ),
    ),
    expected="refuted",
    corrected="diagonal-scale-negative-feature",
)

CLAIMS = (SUM, MEAN, RMS, KEPT, SIGNED, PUBLISHED_READOUT, PUBLISHED_SIGN)
