"""Scales after pretraining, orders and their laws, regimes and their borders."""

import math

import numpy as np
import pytest
import sympy
from sympy import Rational, Symbol, symbols

import ftproofs
from ftproofs.errors import UsageError
from ftproofs.symbolic import balls
from ftproofs.symbolic import finetuning as f
from ftproofs.symbolic.box import Box
from ftproofs.symbolic.kernels import error_units, numpy_kernel
from ftproofs.symbolic.penalty import order, penalty, penalty_slope
from ftproofs.symbolic.regimes import border_ratio, regime
from ftproofs.symbolic.zero import is_zero

b, x = symbols("b x", real=True)
c, reinit, rescale = symbols("c_0 readout factor", positive=True)
r = Symbol("r_0", real=True)
BOX = Box({r: (-1, 1), c: (Rational(1, 10), 3), b: (-3, 3), reinit: (Rational(1, 10), 2)})
POINT = {
    c: Rational(3, 10),
    r: Rational(-3, 5),
    b: Rational(4, 5),
    reinit: Rational(1, 5),
    x: Rational(6, 5),
    rescale: 1,
}


def weights(scale=1):
    """w_+, w_-, v_+, v_- after pretraining to b, from the conserved quantities (handbook 1.5)."""
    size = sympy.sqrt(c**2 + b**2)
    total = sympy.sqrt((1 + r) * (c + size))
    gap = b * sympy.sqrt((1 - r) / (size + c))
    return (total + gap) / 2 * scale, (total - gap) / 2 * scale


@pytest.mark.parametrize(
    ("protocol", "layers"),
    [
        ("S", lambda p, m: (p + m, p + m)),
        ("M", lambda p, m: ((p + m) / 2, (p + m) / 2)),
        ("R", lambda p, m: (sympy.sqrt((p**2 + m**2) / 2),) * 2),
        ("N", lambda p, m: (p, m)),
    ],
)
def test_scales_and_starts_are_those_of_the_weights(protocol, layers):
    for point in (POINT, POINT | {b: Rational(-7, 3), r: Rational(1, 2)}, POINT | {r: Rational(-99, 100)}):
        for alpha in (1, Rational(1, 3)):
            plus, minus = (alpha * w for w in layers(*weights()))
            exact = balls.enclose(f.effective_scale(plus, minus, reinit, reinit), point, prec=200)
            found = balls.enclose(f.scale_after(protocol, c, r, b, reinit, alpha), point, prec=200)
            assert (exact - found).contains(0)
            assert (exact - found).abs_upper() < 1e-40
            start = balls.enclose(plus * reinit - minus * reinit, point, prec=200)
            assert (start - balls.enclose(f.start_after(protocol, c, r, b, reinit, alpha), point, prec=200)).contains(0)


@pytest.mark.parametrize("protocol", f.PROTOCOLS)
def test_scales_to_four_units_from_tiny_to_huge(protocol):
    stream = np.random.default_rng(1)
    args = [c, r, b, reinit]
    expr = f.scale_after(protocol, *args)
    rows = [(1e-300, 0.5, 1e300, 0.1), (1e300, -0.5, 1e-300, 0.0), (0.3, -1.0, 1.0, 0.1), (0.3, 1.0, 0.0, 0.0)]
    for _ in range(60):
        rows.append(
            (
                10 ** stream.uniform(-150, 150),
                stream.uniform(-1, 1),
                10 ** stream.uniform(-150, 150),
                10 ** stream.uniform(-70, 70),
            )
        )
    kernel = numpy_kernel(expr, args)
    for row in rows:
        assert error_units(expr, args, row, float(kernel(*row)))[0] <= 4, row


def test_signed_features_count_by_their_size():
    """The published script that divides by a signed coefficient gives 1.9973 here (handbook 4.1)."""
    point = {c: Rational(1, 20), r: Rational(9, 10), b: Rational(-11, 10), reinit: Rational(1, 100)}
    assert float(balls.enclose(f.scale_after("S", c, r, b, reinit), point)) == pytest.approx(2.18725797682679785)
    assert f.scale_after("S", c, r, -b, reinit) == f.scale_after("S", c, r, b, reinit)


@pytest.mark.parametrize("protocol", ["S", "M", "R"])
def test_the_elasticity_is_the_logarithmic_slope(protocol):
    scale = f.scale_after(protocol, c, r, b, reinit, rescale)
    slope = b * sympy.diff(scale, b) / scale
    assert is_zero(slope - f.elasticity(protocol, c, r, b, reinit, rescale), BOX).status in ("proved", "probable")
    q = penalty(x, scale)
    found = balls.enclose(b * sympy.diff(q, b) / q, POINT)
    assert found.overlaps(balls.enclose(f.dependence(protocol, c, r, b, x, reinit, rescale), POINT))


def test_the_four_orders_add_up_to_one():
    total = (
        order(x, f.scale_after("S", c, r, b, reinit))
        + f.dependence("S", c, r, b, x, reinit)
        + f.scale_order(c, r, b, x, reinit)
        + f.reinit_order(c, r, b, x, reinit)
    )
    assert abs(float(balls.enclose(total, POINT).mid()) - 1) < 1e-30


def test_another_protocol_is_refused():
    for function in (f.scale_after, f.elasticity):
        with pytest.raises(UsageError, match=r"expected|unknown|cannot"):
            function("X", c, r, b, reinit)
    with pytest.raises(UsageError, match=r"expected|unknown|cannot"):
        f.elasticity("N", c, r, b, reinit)


def test_the_path_of_one_coordinate_solves_its_equation():
    t, k, y = symbols("t k y", positive=True)
    path = f.scalar_path(y, c, k, t)
    for point in (
        {t: Rational(1, 3), k: 2, y: 3, c: Rational(1, 5)},
        {t: 2, k: Rational(1, 2), y: Rational(1, 7), c: 2},
    ):
        velocity = balls.enclose(sympy.diff(path, t), point, prec=200)
        expected = balls.enclose(2 * sympy.sqrt(c**2 + path**2) * (y - k * path), point, prec=200)
        assert velocity.overlaps(expected)
        assert (velocity - expected).abs_upper() < 1e-40
    assert path.subs(t, 0) == 0


# -- regimes -------------------------------------------------------------------------

#: Handbook 8.6: pretraining coefficient 1/sqrt(0.3), fine-tuning coefficient 1/sqrt(0.08).
PUBLISHED = {"I": (0.05, -0.99, 0.05), "II": (1e-3, 0.9, 0.05), "III": (5, 0, 1), "IV": (1e-3, -0.9, 0.03)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_settings_are_in_their_regimes(name):
    found = regime(*PUBLISHED[name], 0.3**-0.5, 0.08**-0.5)
    assert found.name == name
    assert ("rich" in found.words) == (name in ("I", "IV"))
    assert found.distance == min(abs(found.to_lazy), abs(found.to_dependent))
    assert (found.to_lazy < 0) == (name in ("II", "III"))
    assert (found.to_dependent < 0) == (name in ("II", "IV"))


def test_corners_of_the_order_and_the_dependence():
    assert regime(1e-12, 1.0, 1e-9, 1.0, 1e-6).dependence == pytest.approx(-1, abs=1e-6)
    assert regime(1e9, 0.0, 0.1, 1.0, 1.0).order == pytest.approx(2, abs=1e-12)
    rich = regime(1e-300, -1.0, 1e-150, 1.0, 1.0)
    assert rich.name == "I"
    assert rich.order == pytest.approx(1.00144829, abs=1e-8)


def test_the_border_is_where_the_order_is_three_halves():
    assert border_ratio() == pytest.approx(6.5321, abs=5e-5)
    on = regime(0.1, 0.2, 0.3, 1.0, 1.0).scale_on
    at = regime(0.1, 0.2, 0.3, 1.0, on * border_ratio())
    assert at.order == pytest.approx(1.5, abs=1e-12)
    assert at.to_lazy == pytest.approx(0, abs=1e-12)
    moved = regime(0.1, 0.2, 0.3, 1.0, 2 * on * border_ratio())
    assert moved.to_lazy == pytest.approx(math.log(2), abs=1e-12)
    assert moved.name in ("I", "IV")


def test_the_contrast_is_the_ratio_of_marginal_penalties():
    found = regime(0.1, -0.5, 0.2, 2.0, 0.7, protocol="M", rescale=0.5)
    slopes = [penalty_slope(Rational(7, 10), sympy.Float(scale)) for scale in (found.scale_off, found.scale_on)]
    assert found.contrast == pytest.approx(float(slopes[0].evalf() / slopes[1].evalf()))
    assert math.isnan(regime(0.1, -0.5, 0.2, 2.0, 0.7, protocol="N").dependence)


def test_it_is_public():
    assert ftproofs.regime(5, 0, 1, 1.0, 1.0).name == "III"


@pytest.mark.parametrize(
    "change",
    [{"c": 0}, {"c": math.nan}, {"r": 1.5}, {"reinit": -1}, {"beta_main": 0}, {"rescale": 0}, {"protocol": "X"},
     {"beta_aux": True}, {"r": -1, "reinit": 0}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(change):
    given = {"c": 0.1, "r": 0.0, "reinit": 0.1, "beta_aux": 1.0, "beta_main": 1.0} | change
    with pytest.raises(UsageError, match=r"expected|unknown|cannot"):
        regime(**given)
