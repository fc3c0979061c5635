"""Orders of the fine-tuning penalty: its cost, its dependence on the features, what ties the two (handbook 3, 5)."""

from __future__ import annotations

from sympy import Abs, Rational

from ftproofs.catalog.diagonal import order_steps
from ftproofs.catalog.diagonal.order_steps import ELASTICITY, FORMULAS
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.diagonal_orders import FINAL
from ftproofs.symbolic.penalty import penalty
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, greater, v

SOURCE = Source("arXiv:2602.20062", "diagonal networks: order, feature dependence and the law between them")
LAWS = Source("arXiv:2310.02396", "the order and the feature dependence of a penalty")

SCALAR = Domain.of(
    beta_aux=real_range(Rational(1, 4), 2),
    beta_main=log_range(Rational(1, 4), 5),
    c=log_range(Rational(1, 20), 2),
    r=real_range(Rational(-9, 10), Rational(9, 10)),
    reinit=real_range(Rational(1, 10), 1),
    rescale=[1, Rational(1, 2)],
)
#: Where the scale's elasticity in the feature, which the law divides by, is not small.
ELASTIC = SCALAR.with_ranges(
    c=log_range(Rational(1, 20), Rational(1, 2)),
    r=real_range(Rational(-1, 2), Rational(9, 10)),
    reinit=real_range(Rational(1, 10), Rational(1, 2)),
)
_x, _b = v.beta_main, v.beta_aux

PENALTY = Claim(
    id="diagonal-penalty",
    title="What fine-tuning to a coefficient costs is q at the scale pretraining left, below its quadratic",
    source=Source("arXiv:2002.09277", "kernel and rich regimes: the penalty q_k"),
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR,
    statements=(equal(v.penalty, penalty(_x, FINAL)), at_most(v.penalty, _x**2 / (4 * FINAL))),
    steps=order_steps.LAZY,
    uses=("diagonal-scale-sum",),
    variants=(
        Variant("half-scale", "the root of k is c", (equal(v.penalty, penalty(_x, FINAL / 2)),), tell="k = 4 c^2"),
        Variant("double-scale", "the root of k is 4 c", (equal(v.penalty, penalty(_x, 2 * FINAL)),), tell="k = 4 c^2"),
        Variant("quadratic", "it is its quadratic", (equal(v.penalty, _x**2 / (4 * FINAL)),), tell="x of c's size"),
        Variant(
            "eighth",
            "the quadratic is x^2/(8 c)",
            (at_most(v.penalty, _x**2 / (8 * FINAL)),),
            tell="x small against c",
        ),
    ),
)

PUBLISHED_LIMIT = Claim(
    id="diagonal-published-rich-limit",
    title="As often written: the penalty tends to |x| as k tends to zero",
    source=Source("arXiv:2002.09277", "the rich limit; it grows as |x| log(1/c)/2"),
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR.with_ranges(
        c=log_range(Rational(1, 20), Rational(1, 10)), r=Rational(-9, 10), reinit=Rational(1, 10), rescale=1
    ),
    statements=(equal(v.penalty, Abs(_x)),),
    expected="refuted",
    corrected="diagonal-penalty",
)

ORDER = Claim(
    id="diagonal-order",
    title="The order of the fine-tuning penalty lies between one and two and falls with |x|/c",
    source=LAWS,
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR,
    statements=(equal(v.order, FORMULAS["order"]), greater(v.order, 1)),
    steps=order_steps.ORDER,
    variants=(
        Variant("two", "it is two", (equal(v.order, 2),), tell="|x| of the scale's size"),
        Variant("one", "it is one", (equal(v.order, 1),), tell="a finite scale"),
        Variant(
            "pretraining-scale",
            "it is the order at the scale of pretraining",
            (equal(v.order, FORMULAS["order"].subs(FINAL, v.c)),),
            tell="a feature",
        ),
    ),
)

REGIMES = Claim(
    id="diagonal-regimes",
    title="Order and contrast tell the four regimes apart, and both follow from what is chosen",
    source=SOURCE,
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR,
    statements=(equal(v.order, FORMULAS["order"]), equal(v.contrast, FORMULAS["contrast"])),
    steps=order_steps.REGIMES,
    uses=("diagonal-order", "diagonal-scale-sum"),
    variants=(
        Variant(
            "scales-alone",
            "the contrast is the ratio of the scales, also where training is rich",
            (equal(v.contrast, FINAL / FINAL.subs(_b, 0)),),
            tell="|x| of the scales' size",
        ),
        Variant("no-contrast", "pretraining has no say", (equal(v.contrast, 1),), tell="a feature"),
    ),
)

DEPENDENCE = Claim(
    id="diagonal-dependence",
    title="The dependence on the feature is minus the order's excess times the scale's elasticity",
    source=LAWS,
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR,
    statements=(equal(v.dependence, FORMULAS["dependence"]),),
    steps=order_steps.DEPENDENCE,
    variants=(
        Variant(
            "half",
            "half of that: k for its root",
            (equal(v.dependence, FORMULAS["dependence"] / 2),),
            tell="k is the square",
        ),
        Variant("positive", "it is not negative", (at_least(v.dependence, 0),), tell="a feature lowers the penalty"),
    ),
)

LAW = Claim(
    id="diagonal-order-law",
    title="Order and dependence over the scale's elasticity add up to one",
    source=SOURCE,
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=ELASTIC,
    statements=(equal(v.order + v.dependence / ELASTICITY, 1),),
    steps=order_steps.LAW,
    uses=("diagonal-order", "diagonal-dependence"),
    variants=(Variant("two", "they add up to two", (equal(v.order + v.dependence / ELASTICITY, 2),), tell="always"),),
)

EULER = Claim(
    id="diagonal-four-orders",
    title="The orders in coefficient, feature, c and squared readout add up to one",
    source=SOURCE,
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR,
    statements=(equal(v.order + v.dependence + v.scale_order + v.reinit_order, 1),),
    steps=order_steps.EULER,
    variants=(
        Variant(
            "without-readout",
            "three of them do, whatever the readout",
            (equal(v.order + v.dependence + v.scale_order, 1),),
            tell="reinit > 0",
        ),
    ),
)

TRADE_OFF = Claim(
    id="diagonal-trade-off",
    title="Order and dependence cannot both be least: their sum is at least one",
    source=SOURCE,
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR,
    statements=(at_least(v.order + v.dependence, 1), at_most(v.dependence, 0)),
    steps=order_steps.TRADE_OFF,
    variants=(
        Variant("at-most-one", "it is at most one", (at_most(v.order + v.dependence, 1),), tell="c > 0 or reinit > 0"),
    ),
)

PUBLISHED_SUM = Claim(
    id="diagonal-published-order-sum",
    title="As published: order and dependence add up to one",
    source=Source("arXiv:2310.02396", "true where c and reinit vanish"),
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=ELASTIC,
    statements=(equal(v.order + v.dependence, 1),),
    expected="refuted",
    corrected="diagonal-order-law",
)

PUBLISHED_LAZY_CORNER = Claim(
    id="diagonal-published-lazy-dependent",
    title="As published: small c with a large first layer makes the order two",
    source=Source("arXiv:2602.20062", "public summary of regime II; it takes |x| small against the feature as well"),
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR.with_ranges(
        c=log_range(Rational(1, 20), Rational(1, 10)),
        r=real_range(Rational(4, 5), Rational(9, 10)),
        reinit=Rational(1, 10),
        beta_aux=1,
        beta_main=1,
        rescale=1,
    ),
    statements=(equal(v.order, 2),),
    expected="refuted",
    corrected="diagonal-order",
)

PUBLISHED_LARGE_SCALE = Claim(
    id="diagonal-published-large-scale-is-lazy",
    title="As published: a large scale makes fine-tuning lazy",
    source=Source("arXiv:2602.20062", "public summary of regime III; it takes (1 + r) c large"),
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR.with_ranges(c=log_range(1, 2), r=Rational(-9, 10), reinit=Rational(1, 10), beta_main=5, rescale=1),
    statements=(at_least(v.order, Rational(19, 10)),),
    expected="refuted",
    corrected="diagonal-order",
)

PUBLISHED_INDEPENDENT = Claim(
    id="diagonal-published-rich-independent",
    title="As published: a scale that is rich and small leaves no dependence on the feature",
    source=Source("arXiv:2602.20062", "public summary of regime I; it falls off as one over a logarithm only"),
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR.with_ranges(
        c=log_range(Rational(1, 20), Rational(1, 10)),
        r=Rational(-9, 10),
        reinit=Rational(1, 10),
        beta_main=1,
        rescale=1,
    ),
    statements=(equal(v.dependence, 0),),
    expected="refuted",
    corrected="diagonal-dependence",
)

CLAIMS = (
    PENALTY,
    PUBLISHED_LIMIT,
    ORDER,
    REGIMES,
    DEPENDENCE,
    LAW,
    EULER,
    TRADE_OFF,
    PUBLISHED_SUM,
    PUBLISHED_LAZY_CORNER,
    PUBLISHED_LARGE_SCALE,
    PUBLISHED_INDEPENDENT,
)
