"""Two layers whose balance is off: the law between linear regression and infinite depth (handbook A8)."""

from sympy import Expr, Rational, sqrt

from ftproofs.catalog.deep_linear import readout_steps
from ftproofs.catalog.deep_linear.trajectory import NETWORKS
from ftproofs.claim import Claim, Each, Source, Variant, real_range
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2107.01641", "deep linear networks: beyond balanced weights")

#: A readout at least as long as the first layer (D <= 0): it keeps its sign.
LONG_READOUT = NETWORKS.with_ranges(L=2, imbalance=real_range(1, 3))

READOUT = v.imbalance * sqrt(v.source_norm)
_A, _b = v.min_norm, v.perp_source_norm
_D = v.source_norm**2 / READOUT**2 - READOUT**2


def _readout(q: Expr) -> Expr:
    """The final readout for a floor q of its square."""
    return sqrt((q + sqrt(q**2 + 4 * _A**2)) / 2)


UNBALANCED = Claim(
    id="deep-linear-unbalanced",
    title="Two layers with a longer readout: between linear regression and the balanced law",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=LONG_READOUT,
    statements=(
        equal(v.fit_gap, 0),
        equal(v.perp_alignment, 1),
        equal(v.perp_ratio, readout_steps.FACTOR),
    ),
    steps=readout_steps.UNBALANCED,
    corollaries=readout_steps.COROLLARIES,
    uses=("deep-linear-endpoint",),
    variants=(
        Variant(
            "balanced-law",
            "the balanced law holds whatever the imbalance",
            (equal(v.perp_ratio, depth_root(2, _A, _b, v.source_norm)),),
            tell="imbalance other than 1",
        ),
        Variant(
            "no-difference",
            "the layers' difference D plays no part: q = b^2/a_0^2",
            (equal(v.perp_ratio, _readout(_b**2 / READOUT**2) / READOUT),),
            tell="imbalance other than 1",
        ),
        Variant(
            "difference-added",
            "the wrong sign of D: q = b^2/a_0^2 + D",
            (equal(v.perp_ratio, _readout(_b**2 / READOUT**2 + _D) / READOUT),),
            tell="imbalance other than 1",
        ),
        Variant(
            "readout-itself",
            "c is the final readout, not over the first one",
            (equal(v.perp_ratio, _readout(_b**2 / READOUT**2 - _D)),),
            tell="a first readout other than 1",
        ),
        Variant(
            "regression",
            "unbalanced layers end where linear regression does: c = 1",
            (equal(v.perp_ratio, 1),),
            domain=LONG_READOUT.with_ranges(imbalance=real_range(1, Rational(3, 2))),
            tell="a readout that does not dominate",
        ),
    ),
)
