"""Wide shallow ReLU networks, first layer trained: their kernel and the approach to it (handbook A10a, A10c)."""

from sympy import Rational, cos, pi, sin

from ftproofs.catalog.relu import wide_steps as steps
from ftproofs.claim import Claim, Domain, Mean, Source, Variant, real_range
from ftproofs.symbolic.relu import first_layer_kernel
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

KERNEL_SOURCE = Source("arXiv:1901.08584", "the Gram matrix of a two-layer ReLU network at infinite width")
TASKS = Source("arXiv:2107.01641", "shallow ReLU networks in the kernel regime")

theta = v.theta

KERNEL = Claim(
    id="relu-kernel",
    title="At a random start the first layer's kernel is cos(theta)(pi - theta)/(2 pi) in the mean, at every width",
    source=KERNEL_SOURCE,
    experiment="relu.tangent",
    quantifier=Mean(),
    domain=Domain.of(n=[16], d=(2, 12), m=[8, 32], theta=real_range(0, pi)),
    statements=(equal(v.tangent_kernel, first_layer_kernel(theta)),),
    steps=steps.KERNEL,
    corollaries=steps.KERNEL_COROLLARIES,
    variants=(
        Variant("doubled", "over pi instead of 2 pi", (equal(v.tangent_kernel, 2 * first_layer_kernel(theta)),)),
        Variant(
            "complement",
            "theta in place of pi - theta",
            (equal(v.tangent_kernel, cos(theta) * theta / (2 * pi)),),
        ),
        Variant(
            "both-layers",
            "with the readout's kernel, though the first layer alone is trained",
            (equal(v.tangent_kernel, first_layer_kernel(theta) + (sin(theta) + cos(theta) * (pi - theta)) / (2 * pi)),),
        ),
    ),
)

#: Fewer samples than dimensions; pretrained on other samples.
NETWORKS = Domain.of(
    n=2,
    d=(6, 8),
    m=32,
    theta=real_range(pi / 4, pi),
    gamma_s=Rational(1, 2),
)
#: The handbook asks for a slope of -1/2 to within a tenth; of the movement only that it falls is claimed.
_FASTEST, _RATE, _SLOWEST = -Rational(3, 5), -Rational(2, 5), -Rational(1, 4)

RATE = Claim(
    id="relu-width-rate",
    title="Fine-tuned ReLU networks approach the kernel prediction at about the rate m^(-1/2)",
    source=TASKS,
    experiment="relu.widths",
    quantifier=Mean(end_to_end=0.1),
    domain=NETWORKS,
    statements=(at_most(v.kernel_rate, _RATE), at_least(v.kernel_rate, _FASTEST)),
    variants=(
        Variant("both-layers", "with the kernel of both layers", (at_most(v.both_layers_rate, _RATE),)),
        Variant("no-start", "without the start's function", (at_most(v.no_start_rate, _RATE),)),
    ),
)

MOVEMENT = Claim(
    id="relu-movement-rate",
    title="The first layer's squared movement approaches r'H^-1 r, at least as fast as m^(-1/4)",
    source=TASKS,
    experiment="relu.widths",
    quantifier=Mean(end_to_end=0.1),
    domain=NETWORKS,
    statements=(at_most(v.movement_rate, _SLOWEST),),
    variants=(
        Variant("form", "H in place of its inverse", (at_most(v.form_rate, _SLOWEST),)),
        Variant("both-layers", "the kernel of both layers", (at_most(v.both_movement_rate, _SLOWEST),)),
        Variant("faster", "at the rate 1/m", (at_most(v.movement_rate, -1),)),
    ),
)
