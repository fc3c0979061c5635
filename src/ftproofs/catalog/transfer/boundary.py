"""Where transfer stops to help: boundaries in closed form, and the signs on both sides (handbook B4, B5)."""

from sympy import Rational, cos, pi, sign, sin

from ftproofs.catalog.transfer import boundary_steps as steps
from ftproofs.claim import Claim, Domain, Limit, Source, Statement, Variant, real_range
from ftproofs.symbolic.vocabulary import equal, v

LINEAR = Source("arXiv:2410.08194", "linear transfer: phase boundary")
PAPER = Source("arXiv:2410.08194", "fine-tuning: phase boundary")
OWN = Source("arXiv:2107.01641", "deep linear networks, and what follows for arXiv:2410.08194")

theta, sigma, gamma, C = v.theta, v.sigma, v.gamma, cos(v.theta)

ROOTS = Claim(
    id="transfer-boundary-roots",
    title="The boundaries of linear transfer in closed form",
    source=LINEAR,
    experiment="transfer.linear",
    quantifier=Limit(),
    domain=Domain.of(
        gamma=real_range(Rational(1, 10), Rational(9, 10)),
        theta=real_range(2 * pi / 5, 9 * pi / 20),
        sigma=real_range(Rational(1, 10), Rational(3, 5)),
    ),
    statements=(
        equal(steps.quadratic(steps.ABOVE), 0),
        equal(steps.quadratic(steps.BELOW), 0),
        equal(steps.ABOVE + steps.BELOW, 1 + C**2 - sigma**2),
        steps.MANY_GAIN,
    ),
    steps=steps.ROOTS,
    corollaries=steps.ROOTS_COROLLARIES,
    variants=(
        Variant(
            "cosine-beyond",
            "above 1 the boundary has the cosine",
            (equal(steps.MANY_GAIN.lhs, C**2 * (1 + sigma**2 / C**2 - gamma) / (gamma - 1)),),
        ),
        Variant("sum", "their sum forgets the noise", (equal(steps.ABOVE + steps.BELOW, 1 + C**2),)),
    ),
    untrained="the roots of a polynomial",
)

_FEW = Domain.of(
    L=[2, 3],
    ridge=0,
    gamma=real_range(Rational(1, 5), Rational(1, 2)),
    theta=real_range(pi / 4, 3 * pi / 8),
    sigma=Rational(1, 5),
    source_norm=1,
    target_norm=1,
)


def _sign(boundary: object) -> Statement:
    return equal(sign(v.transfer_gain), sign(boundary))


FEW = Claim(
    id="transfer-boundary-few",
    title="Where linear transfer loses with fewer samples than dimensions",
    source=LINEAR,
    experiment="transfer.linear",
    quantifier=Limit(),
    domain=_FEW,
    statements=(_sign(steps.FEW_BOUNDARY),),
    steps=steps.FEW,
    tolerance=0.1,
    uses=("transfer-readout", "transfer-scratch-mean"),
    variants=(
        Variant("reversed", "it wins where it loses", (_sign(-steps.FEW_BOUNDARY),), tell="anywhere"),
        Variant("cosine", "the boundary is gamma = cos theta", (_sign(C - gamma),), tell="between cos^2 and cos"),
        Variant(
            "sine",
            "the boundary is gamma = sin^2 theta",
            (_sign(sin(theta) ** 2 - gamma),),
            tell="angles other than 45 degrees",
        ),
    ),
)

MANY = Claim(
    id="transfer-boundary-many",
    title="And with more samples than dimensions",
    source=LINEAR,
    experiment="transfer.linear",
    quantifier=Limit(),
    domain=_FEW.with_ranges(
        gamma=real_range(Rational(3, 2), Rational(5, 2)),
        theta=real_range(pi / 6, 4 * pi / 9),
        sigma=real_range(Rational(2, 5), 1),
    ),
    statements=(_sign(steps.MANY_BOUNDARY),),
    steps=steps.MANY,
    uses=("transfer-readout", "transfer-scratch-mean"),
)

_DEEP = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(3, 10)),
    L=[2, 3],
    theta=real_range(pi / 4, pi / 2),
    source_norm=1,
    target_norm=1,
    sigma=real_range(Rational(1, 2), 2),
)

FINETUNE = Claim(
    id="transfer-boundary-finetune",
    title="The break-even angle of depth-L fine-tuning moves with the label noise",
    source=OWN,
    experiment="transfer.finetune",
    quantifier=Limit(),
    domain=_DEEP,
    statements=(_sign(steps.FINETUNE_BOUNDARY),),
    steps=steps.FINETUNE,
    uses=("transfer-finetune",),
)

FINETUNE_PUBLISHED = Claim(
    id="transfer-boundary-finetune-published",
    title="As published: the break-even angle of fine-tuning is 60 degrees",
    source=PAPER,
    experiment="transfer.finetune",
    quantifier=Limit(),
    domain=_DEEP,
    statements=(_sign(2 * C - 1),),
    expected="refuted",
    corrected="transfer-boundary-finetune",
)

CLAIMS = (ROOTS, FEW, MANY, FINETUNE, FINETUNE_PUBLISHED)
