"""One coordinate in time: its dynamics are solvable (handbook 1.6)."""

from __future__ import annotations

from sympy import Expr, Rational, exp, sqrt, tanh

from ftproofs.catalog.diagonal import dynamics_steps
from ftproofs.catalog.diagonal.order import SCALAR
from ftproofs.claim import Claim, Each, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.finetuning import scalar_path
from ftproofs.symbolic.vocabulary import equal, v

_x, _h, _c, _time = v.beta_main, v.curvature, v.c_ft, v.time
_b = _h * _x


def _is(beta: Expr) -> Statement:
    return equal(v.beta_time, beta)


def _curvature_once() -> Expr:
    """The path with omega = sqrt(b^2 + h c^2)."""
    omega = sqrt(_b**2 + _h * _c**2)
    u = tanh(omega * _time)
    m = _b * u / (omega + _h * _c * u)
    return 2 * _c * m / (1 - m**2)


PATH = Claim(
    id="diagonal-scalar-path",
    title="One coordinate's fine-tuning in closed form: a sigmoid in time",
    source=Source("arXiv:2602.20062", "diagonal networks: dynamics with whitened data"),
    experiment="diagonal.scalar",
    quantifier=Each(),
    domain=SCALAR.with_ranges(curvature=log_range(Rational(1, 2), 2), time=real_range(Rational(1, 10), 2)),
    statements=(_is(scalar_path(_b, _c, _h, _time)),),
    steps=dynamics_steps.PATH,
    corollaries=dynamics_steps.RICCATI,
    uses=("diagonal-scale-sum",),
    variants=(
        Variant("half-exponent", "the exponent is -omega t", (_is(scalar_path(_b, _c, _h, _time / 2)),), tell="always"),
        Variant(
            "curvature-once",
            "omega = sqrt(b^2 + h c^2): the curvature counts once",
            (_is(_curvature_once()),),
            tell="a curvature other than one",
        ),
        Variant(
            "lazy",
            "it is the lazy limit, an exponential",
            (_is(_x * (1 - exp(-2 * _c * _h * _time))),),
            tell="a coefficient of the scale's size",
        ),
    ),
)

CLAIMS = (PATH,)
