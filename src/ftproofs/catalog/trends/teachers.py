"""The direction of the transfer phase diagram with ReLU teachers and students (handbook B9).

Only with at least five samples for each hidden neuron: with fewer the order in the
share of removed neurons is lost (overfitting).  No exponent is claimed.
"""

from sympy import Rational

from ftproofs.claim import Claim, Domain, Source, Trend, Variant
from ftproofs.symbolic.paired import at
from ftproofs.symbolic.vocabulary import greater, less, v

SOURCE = Source("arXiv:2410.08194", "two-layer ReLU teacher and student, neurons removed from the source")

_half = Rational(1, 2)
STUDENTS = Domain.of(samples=120, d=6, neurons=24, removed=_half)
MANY = STUDENTS.with_ranges(samples=480)

PLATEAU = Claim(
    id="teachers-readout-plateau",
    title="A readout on pretrained ReLU features is left with what the source teacher lacks, and gains from samples",
    source=SOURCE,
    experiment="trends.teachers",
    quantifier=Trend(effect=0.02),
    domain=STUDENTS,
    statements=(
        greater(at(v.readout_mse, removed=_half), at(v.readout_mse, removed=0)),
        less(at(v.readout_mse, samples=480), at(v.readout_mse, samples=120)),
    ),
    variants=(
        Variant(
            "features-do-not-matter",
            "the more is missing the better",
            (less(at(v.readout_mse, removed=_half), at(v.readout_mse, removed=0)),),
            tell="any teacher",
        ),
    ),
)

SCRATCH = Claim(
    id="teachers-scratch-wins",
    title="With many samples scratch and full fine-tuning leave the readout's plateau behind",
    source=SOURCE,
    experiment="trends.teachers",
    quantifier=Trend(effect=0.1),
    domain=MANY,
    statements=(less(v.fresh_mse, v.readout_mse), less(v.finetuned_mse, v.readout_mse)),
    variants=(
        Variant(
            "readout-wins",
            "the readout alone is better than training from scratch, whatever the source lacks",
            (less(v.readout_mse, v.fresh_mse),),
            tell="a source that lacks neurons",
        ),
    ),
)
