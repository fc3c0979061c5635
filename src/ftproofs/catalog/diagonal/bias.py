"""The implicit bias of diagonal networks: which fit the flow finds, how fast, at what energy (handbook 2)."""

from __future__ import annotations

from sympy import Rational, asinh, sinh

from ftproofs.catalog.diagonal import bias_steps, energy_steps
from ftproofs.catalog.diagonal.conservation import STEPPED, TASKS
from ftproofs.catalog.diagonal.scale import PRETRAINED
from ftproofs.claim import Claim, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

SOURCE = Source("arXiv:2002.09277", "kernel and rich regimes: the implicit bias of diagonal networks")

#: Fine-tuning after pretraining, from the zero predictor.
TUNED = PRETRAINED.with_ranges(protocol=["S", "M", "R"], sigma=real_range(0, Rational(1, 2)), rescale=[1])
#: The same with layers kept: it starts at another predictor.
KEPT = TUNED.with_ranges(protocol="N")

INTERPOLATION = Claim(
    id="diagonal-implicit-bias",
    title="Gradient flow ends at the fit of least penalty Q",
    source=SOURCE,
    experiment="diagonal.scratch",
    quantifier=Each(),
    domain=TASKS,
    statements=(equal(v.train_loss, 0), equal(v.kkt_gap, 0), equal(v.prox_gap, 0)),
    steps=bias_steps.INTERPOLATION,
    uses=("diagonal-trajectory",),
    variants=(
        Variant("least-squares", "it ends at the fit of least weighted norm", (equal(v.lazy_gap, 0),), tell="finite c"),
        Variant(
            "multiplier-halved",
            "beta = c sinh(X' mu) with mu the integral of the residual",
            (equal(asinh(v.beta_end / v.c), v.phase),),
            tell="a factor of two",
        ),
        Variant("steps", "finite steps end there too", domain=STEPPED, tell="an error of the order of the step"),
    ),
)

FINETUNED = Claim(
    id="diagonal-finetuning-bias",
    title="Fine-tuning ends at the fit of least penalty at the scales pretraining left",
    source=SOURCE,
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=TUNED,
    statements=(equal(v.train_loss, 0), equal(v.kkt_gap, 0), equal(v.prox_gap, 0)),
    steps=bias_steps.INTERPOLATION,
    uses=("diagonal-implicit-bias",),
    variants=(
        Variant(
            "layers-kept",
            "beta = c sinh(2 X' mu) when the layers are kept as well",
            (equal(v.beta_end, v.c_ft * sinh(2 * v.phase)),),
            domain=KEPT,
            tell="training starts at another predictor than zero",
        ),
    ),
)

BREGMAN = Claim(
    id="diagonal-bregman-bias",
    title="From another start it ends at the fit nearest to it in Bregman divergence",
    source=Source("arXiv:2102.09769", "the implicit bias of initialisation shape"),
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=KEPT,
    statements=(equal(v.train_loss, 0), equal(v.kkt_gap, 0), equal(v.prox_gap, 0)),
    steps=bias_steps.INTERPOLATION,
    variants=(
        Variant(
            "no-shift",
            "the phase alone gives the predictor",
            (equal(asinh(v.beta_end / v.c_ft), 2 * v.phase),),
            tell="a start other than zero",
        ),
    ),
)

PATH = Claim(
    id="diagonal-path-bias",
    title="All along the way the predictor is nearest to the start among those of its predictions",
    source=SOURCE,
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=TUNED.with_ranges(protocol=["S", "N"]),
    statements=(equal(v.path_kkt_gap, 0),),
    steps=bias_steps.PATH,
)

ENERGY = Claim(
    id="diagonal-energy",
    title="The time integral of the squared residual is the Bregman divergence of the end from the start",
    source=SOURCE,
    experiment="diagonal.finetune",
    quantifier=Each(),
    domain=TUNED.with_ranges(protocol=["S", "N"]),
    statements=(equal(v.loss_integral, v.bregman),),
    steps=energy_steps.ENERGY,
    variants=(
        Variant("loss-itself", "the integral of the loss is", (equal(v.loss_area, v.bregman),), tell="a factor of two"),
        Variant("no-divergence", "it is the penalty from any start", (equal(v.loss_integral, v.penalty),), domain=KEPT),
    ),
)

ENERGY_CENTRED = Claim(
    id="diagonal-energy-from-zero",
    title="From the zero predictor the area under twice the loss curve is the penalty of the solution",
    source=SOURCE,
    experiment="diagonal.scratch",
    quantifier=Each(),
    domain=TASKS,
    statements=(equal(v.loss_integral, v.penalty),),
    steps=energy_steps.ENERGY_CENTRED,
    uses=("diagonal-energy",),
    variants=(
        Variant("loss-itself", "the area under the loss curve is", (equal(v.loss_area, v.penalty),), tell="factor two"),
        Variant("steps", "it is for finite steps", domain=STEPPED, tell="an error of the order of the step"),
    ),
)

RATE = Claim(
    id="diagonal-rate",
    title="The loss decays at least at the rate 4 c_min s_min^2",
    source=SOURCE,
    experiment="diagonal.scratch",
    quantifier=Each(),
    domain=TASKS,
    statements=(at_least(v.loss_decay, 4),),
    steps=bias_steps.RATE,
    variants=(
        Variant("half-rate-exactly", "it decays at the rate 2 c_min s_min^2", (equal(v.loss_decay, 2),), tell="always"),
        Variant("exactly", "that is its rate", (equal(v.loss_decay, 4),), tell="more than one direction"),
    ),
)

SLOW = Claim(
    id="diagonal-slow-rate",
    title="Time times loss is at most half the Bregman divergence, however small the scale",
    source=SOURCE,
    experiment="diagonal.scratch",
    quantifier=Each(),
    domain=TASKS.with_ranges(c=log_range(Rational(1, 50), 2)),
    statements=(at_most(v.loss_time, v.bregman / 2),),
    steps=energy_steps.SLOW,
    variants=(
        Variant(
            "eighth",
            "it is at most an eighth of that",
            (at_most(v.loss_time, v.bregman / 16),),
            tell="a loss that stays high for long",
        ),
    ),
)

CLAIMS = (INTERPOLATION, FINETUNED, BREGMAN, PATH, ENERGY, ENERGY_CENTRED, RATE, SLOW)
