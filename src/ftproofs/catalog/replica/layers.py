"""Whether a smaller first layer helps fine-tuning: where it does, where it does not (handbook 9.2, 9.3).

Two networks are pretrained and fine-tuned on the same data, one with the relative scale r, one
with r_other.  The informal claim, "a smaller first layer fine-tunes better when the target uses a
subset of the pretrained features", holds for a sparse subset, small readouts and a first layer that is not too small;
the ways in which it fails are claims here too, and refuted.
"""

from __future__ import annotations

from sympy import Rational, sign

from ftproofs.catalog.replica import steps
from ftproofs.catalog.replica.risk import SIZES
from ftproofs.claim import Claim, Domain, Limit, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import at_least, equal, v

SOURCE = Source("arXiv:2602.20062", "relative scales and generalization after fine-tuning")

#: A quarter of the coordinates is pretrained; n/d is below that.
COMPARED = Domain.of(
    gamma=real_range(Rational(3, 20), Rational(1, 4)),
    c=log_range(Rational(1, 50), Rational(1, 10)),
    r=real_range(Rational(-19, 20), Rational(-4, 5)),
    r_other=[0, Rational(9, 10)],
    reinit=real_range(Rational(1, 20), Rational(1, 10)),
    rho_pt=Rational(1, 4),
    rho_shared=[Rational(1, 8), Rational(1, 4), Rational(1, 2)],
    rho_new=0,
    sigma=real_range(Rational(1, 10), Rational(1, 5)),
    protocol="S",
    amplitude="atom",
)
#: The target uses an eighth of the pretrained coordinates.
SUBSET = COMPARED.with_ranges(rho_shared=Rational(1, 8))
#: Four such settings.
POINTS = SUBSET.with_ranges(
    gamma=Rational(1, 5),
    c=[Rational(1, 50), Rational(1, 20)],
    r=Rational(-9, 10),
    reinit=Rational(1, 20),
    sigma=Rational(1, 10),
)
#: Where the re-initialised readout decides: small ones leave the features their part.
TURNING = COMPARED.with_ranges(
    gamma=Rational(1, 4),
    c=Rational(1, 50),
    r=Rational(-9, 10),
    r_other=Rational(9, 10),
    reinit=log_range(Rational(1, 25), Rational(1, 4)),
    rho_shared=[Rational(1, 8), Rational(1, 4)],
    sigma=Rational(1, 10),
)
#: Few and many of the features used, small and large readouts, a small and a very small first layer.
CORNERS = TURNING.with_ranges(
    r=[Rational(-9, 10), Rational(-999, 1000)],
    r_other=[Rational(9, 10), Rational(-9, 10)],
    reinit=[Rational(1, 20), Rational(1, 2)],
    rho_shared=[Rational(1, 8), Rational(1, 4), Rational(1, 2)],
)
#: A small first layer against a large one, readouts small.
_LAYER = CORNERS.with_ranges(r=Rational(-9, 10), r_other=Rational(9, 10), reinit=Rational(1, 20))


def _signed(boundary: object) -> Statement:
    return equal(sign(v.layer_gain), sign(boundary))


SIGN = Claim(
    id="replica-layer-sign",
    title="Which of two relative scales fine-tunes better is the sign of the difference of two replica errors",
    source=SOURCE,
    experiment="replica.compare",
    quantifier=Limit(sizes=SIZES),
    domain=TURNING,
    statements=(_signed(steps.GAIN),),
    steps=steps.LAYER_SIGN,
    tolerance=0.2,
    uses=("replica-risk",),
    variants=(
        Variant("reversed", "the larger first layer, where the smaller one does", (_signed(-steps.GAIN),), tell="any"),
    ),
)

HEADLINE = Claim(
    id="replica-headline",
    title="A smaller first layer fine-tunes better when the target uses an eighth of the pretrained features",
    source=SOURCE,
    experiment="replica.compare",
    # Of a tenth of the teachers' second moment, by which the gain exceeds 0 several times over.
    quantifier=Limit(tolerance=0.1, end_to_end=0.2, sizes=SIZES),
    domain=POINTS,
    statements=(at_least(v.layer_gain, 0),),
    steps=steps.HEADLINE,
    uses=("replica-layer-sign",),
    variants=(
        Variant(
            "larger-layer",
            "a larger first layer does",
            (at_least(-v.layer_gain, 0),),
            tell="any",
        ),
    ),
)

GAIN = Claim(
    id="replica-layer-gain",
    title="The gain of one relative scale over another is the difference of two replica errors",
    source=SOURCE,
    experiment="replica.compare",
    quantifier=Limit(tolerance=0.1, end_to_end=0.2, sizes=SIZES),
    # Where both scales are the same nothing is gained, to the last bit: what is wrong there is refuted at once.
    domain=CORNERS,
    statements=(equal(v.layer_gain, steps.GAIN),),
    steps=steps.LAYER_GAIN,
    uses=("replica-risk",),
    variants=(
        Variant(
            "per-sample",
            "the errors are tau^2 - sigma^2",
            (equal(v.layer_gain, steps.GAIN / v.gamma),),
            tell="gamma below 1",
        ),
    ),
)

#: A very small first layer on one side, a large one on the other.
INTERIOR = Claim(
    id="replica-interior-optimum",
    title="A first layer can be too small: of three relative scales the one in between fine-tunes best",
    source=SOURCE,
    experiment="replica.compare",
    quantifier=HEADLINE.quantifier,
    domain=_LAYER.with_ranges(
        c=Rational(1, 20),
        r=Rational(-19, 20),
        r_other=[Rational(9, 10), Rational(-999, 1000)],
        reinit=Rational(1, 25),
        rho_shared=Rational(1, 4),
    ),
    statements=(at_least(v.layer_gain, 0),),
    steps=steps.HEADLINE,
    uses=("replica-layer-gain",),
    variants=(
        Variant("at-an-end", "one at an end does", (at_least(-v.layer_gain, 0),), tell="the smallest first layer"),
    ),
)


def _published(id: str, title: str, place: str, domain: Domain) -> Claim:
    """A reading of "a smaller first layer fine-tunes better" that fails."""
    return Claim(
        id=f"replica-published-{id}",
        title=f"As often read: {title}",
        source=Source(SOURCE.reference, place),
        experiment="replica.compare",
        quantifier=GAIN.quantifier,
        domain=domain,
        statements=(at_least(v.layer_gain, 0),),
        expected="refuted",
        corrected="replica-layer-gain",
    )


ANY_SUBSET = _published(
    "any-subset",
    "a smaller first layer fine-tunes better whatever subset of the features the target uses",
    "fails for half of the features",
    _LAYER.with_ranges(rho_shared=[Rational(1, 8), Rational(1, 2)]),
)
ANY_READOUT = _published(
    "any-readout",
    "a smaller first layer fine-tunes better whatever the re-initialised readout",
    "fails for large readouts",
    _LAYER.with_ranges(rho_shared=Rational(1, 8), reinit=[Rational(1, 20), Rational(1, 2)]),
)
SMALLEST = _published(
    "smallest-layer",
    "the smaller the first layer the better",
    "fails where the scale that is left is the readout's alone",
    _LAYER.with_ranges(r=Rational(-999, 1000), r_other=[Rational(9, 10), Rational(-9, 10)], rho_shared=Rational(1, 4)),
)

CLAIMS = (SIGN, HEADLINE, GAIN, INTERIOR, ANY_SUBSET, ANY_READOUT, SMALLEST)
