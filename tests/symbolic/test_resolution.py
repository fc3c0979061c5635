"""The resolution kappa and the risk formulas built from it: identities, derivatives, numbers, balls, derivations."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
import torch
from flint import arb
from sympy import Integer, Rational, S, latex, oo, sqrt, symbols
from sympy.core.function import ArgumentIndexError

from ftproofs.catalog.deep_linear.proportional import (
    PROPORTIONAL_ANISOTROPIC,
    PROPORTIONAL_INFINITE_DEPTH,
    PROPORTIONAL_INFINITE_RISK,
    PROPORTIONAL_RISK,
)
from ftproofs.catalog.linear import resolution as catalog
from ftproofs.claim import Mean, Range
from ftproofs.symbolic import balls
from ftproofs.symbolic import resolution_roots as roots
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.functions import depth_equation
from ftproofs.symbolic.resolution import (
    anisotropic_depth_factor,
    anisotropic_depth_risk,
    equivalent_bias,
    equivalent_noise_norm,
    equivalent_variance,
    isotropic_depth_factor,
    isotropic_depth_risk,
    isotropic_infinite_depth_factor,
    kappa,
    second_dimension,
)
from ftproofs.symbolic.vocabulary import v

SPECTRA = (
    [4, 2, 1, Rational(1, 2)],
    [Rational(1, i**3) for i in range(1, 13)],
    [10**6, 1, 1, 1, Rational(1, 10**6)],
    [Rational(10) ** -i for i in range(30)],
    [3, 3, 3],
)
CASES = [(n, s) for s in SPECTRA for n in (Rational(1, 100), 1, 2, len(s) - 1, len(s) - Rational(1, 1000))]


def value(expr):
    return balls.enclose(expr, {}, prec=256)


@pytest.mark.parametrize(("n", "spectrum"), CASES)
def test_it_solves_its_equation(n, spectrum):
    k = kappa(n, *spectrum)
    residual = value(sum(x / (x + k) for x in spectrum) - n)
    assert residual == 0 or (residual.contains(0) and residual.abs_upper() < 1e-60)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_arrays_agree_with_balls_to_four_units_of_condition(backend):
    for n, spectrum in CASES:
        row = [float(n), *map(float, spectrum)]
        wrap = (lambda x: torch.tensor([x], dtype=torch.float64)) if backend == "torch" else (lambda x: np.array([x]))
        found = float(roots.kappa_array(torch if backend == "torch" else np, *map(wrap, row))[0])
        exact = value(kappa(balls.fraction(arb(row[0])), *(balls.fraction(arb(x)) for x in row[1:])))
        condition = roots.kappa_condition(row[0], np.array(row[1:]), found)
        distance = float(abs(arb(found) - exact).upper())
        assert distance <= 4 * condition * np.spacing(float(exact)), (n, spectrum)


def test_a_case_does_not_depend_on_its_neighbours():
    stream = np.random.default_rng(7)
    cases = stream.uniform(0.1, 5, (6, 50))
    cases[0] = stream.uniform(0.5, 4.9, 50)
    together = roots.kappa_array(np, *cases)
    for i in range(50):
        assert roots.kappa_array(np, *(x[i : i + 1] for x in cases))[0] == together[i]


def test_no_resolution_without_enough_directions():
    assert np.isnan(roots.kappa_array(np, np.array([2.0]), np.array([1.0]), np.array([3.0]))).all()
    assert np.isnan(roots.kappa_array(np, np.array([2.0]), *(np.array([x]) for x in (1.0, 3.0, 0.0))))
    assert kappa(2, 1, 3) is S.NaN
    assert kappa(2, 1, 3, 0) is S.NaN
    with pytest.raises(balls.Undefined):
        roots.kappa_ball(arb(2), arb(1), arb(3))
    assert mpmath.isnan(roots.kappa_mp(mpmath.mp, 2, mpmath.mpf(1), mpmath.mpf(3)))


def test_zero_eigenvalues_play_no_part():
    assert kappa(1, 4, 0, 2, 0) == kappa(1, 4, 2)
    arrays = [np.array([x]) for x in (1.0, 4.0, 0.0, 2.0)]
    assert roots.kappa_array(np, *arrays)[0] == pytest.approx(8**0.5, rel=1e-15)  # k^2 = 8


def test_implicit_derivatives():
    x = symbols("x1:5", positive=True)
    at = dict(zip(x, (Rational(3, 2), 4, 2, Rational(1, 3)), strict=True))
    with mpmath.workdps(40):
        point = [mpmath.mpf(y.p) / y.q for y in map(Rational, at.values())]
        for i in range(4):
            numeric = mpmath.diff(lambda *y: roots.kappa_mp(mpmath.mp, *y), point, [j == i for j in range(4)])
            slope = float(balls.enclose(kappa(*x).diff(x[i]), at))
            assert slope == pytest.approx(float(numeric), rel=1e-12)
    with pytest.raises(ArgumentIndexError):
        kappa(*x).fdiff(5)


def test_balls_contain_the_root_over_their_whole_input():
    stream = np.random.default_rng(20240502)
    for _ in range(60):
        middle = stream.uniform([0.5, 0.5, 0.5, 0.5], [2.0, 3.0, 3.0, 3.0])
        radius = stream.uniform(0, 0.3, 4)
        wide = roots.kappa_ball(*(arb(float(m), float(r)) for m, r in zip(middle, radius, strict=True)))
        assert wide.is_finite()
        for _ in range(4):
            point = middle + radius * stream.uniform(-1, 1, 4)
            assert wide.contains(roots.kappa_ball(*(arb(float(x)) for x in point)))


def test_assumptions_latex_and_evalf():
    n, a, b = symbols("n a b", positive=True)
    assert kappa(n, a, b).is_positive
    assert kappa(n, symbols("u"), b).is_positive is None
    assert latex(kappa(n, a, b)) == r"\kappa\left(n;\, a, b\right)"
    assert latex(kappa(n, a, b) ** 2) == r"\kappa^{2}\left(n;\, a, b\right)"
    assert abs(kappa(1, 4, 2).evalf(40) ** 2 - 8) < Rational(1, 10**35)


@pytest.mark.parametrize(("n", "d", "a"), [(3, 7, 1), (1, 4, Rational(5, 2)), (6, 7, 3)])
def test_equal_eigenvalues(n, d, a):
    spectrum, delta = [a] * d, [Rational(i, 3) for i in range(d)]
    square = sum(x**2 for x in delta)
    assert kappa(n, *spectrum) == a * (Rational(d, n) - 1)
    assert equivalent_bias(n, spectrum, delta) == a * (1 - Rational(n, d)) * square
    assert equivalent_variance(n, spectrum, 2) == 4 * Rational(n, d - n)
    assert equivalent_noise_norm(n, spectrum, 2) == 4 * Rational(n, d - n) / a


@pytest.mark.parametrize(("n", "spectrum"), [(n, s) for n, s in CASES if n == 2 and len(s) > 2])
def test_a_flat_difference_has_bias_kappa_n_over_d(n, spectrum):
    d = len(spectrum)
    gap = value(equivalent_bias(n, spectrum, [1 / sqrt(Integer(d))] * d) / (kappa(n, *spectrum) * n / d) - 1)
    assert gap == 0 or (gap.contains(0) and gap.abs_upper() < 1e-60)


def test_scaling_the_covariance():
    spectrum, delta, a = [4, 2, 1, Rational(1, 2)], [1, -1, 2, 3], Rational(7, 3)
    scaled = [a * x for x in spectrum]
    for one, other in (
        (kappa(2, *scaled), a * kappa(2, *spectrum)),
        (equivalent_bias(2, scaled, delta), a * equivalent_bias(2, spectrum, delta)),
        (equivalent_variance(2, scaled, 1), equivalent_variance(2, spectrum, 1)),
    ):
        gap = value(one - other)
        assert gap.contains(0)
        assert gap.abs_upper() < 1e-60


def test_derived_reference_formulas():
    spectrum = [4, 2, 1, Rational(1, 2), Rational(1, 4)]
    df2, k = second_dimension(2, spectrum), kappa(2, *spectrum)
    assert abs(float(value(df2 * Rational(4, 10) ** 2 / (2 - df2))) - 0.165703770447789667) < 1e-16
    assert float(value(equivalent_noise_norm(2, spectrum, Rational(2, 5)) * k)) == pytest.approx(0.16, rel=1e-15)


def test_deep_factor_at_the_limits():
    gamma, s, tau, sigma = Rational(2, 5), Rational(13, 10), Rational(9, 10), Rational(1, 2)
    for depth in (2, 3, 7):
        c = isotropic_depth_factor(depth, gamma, s, tau, sigma)
        fit = sqrt(gamma * tau**2 + sigma**2 * gamma / (1 - gamma))
        assert value(depth_equation(c, depth, fit, sqrt(1 - gamma) * s, s)).contains(0)
        assert float(value(isotropic_depth_factor(depth, gamma, s, s, 0))) == pytest.approx(1, rel=1e-15)
    assert isotropic_depth_factor(1, gamma, s, tau, sigma) == 1
    infinite = isotropic_infinite_depth_factor(gamma, s, tau, sigma)
    assert value(isotropic_depth_factor(oo, gamma, s, tau, sigma) - infinite).contains(0)
    for source in (1, 2):
        c = isotropic_infinite_depth_factor(gamma, source, tau, 0)
        risk = isotropic_depth_risk(c, gamma, source, tau, Rational(1, 3), 0)
        assert risk == 2 * (1 - gamma) * tau**2 * Rational(2, 3)


CLAIMS = (
    catalog.RESOLUTION_BIAS,
    catalog.RESOLUTION_VARIANCE,
    catalog.RESOLUTION_NOISE_NORM,
    catalog.RESOLUTION_OVERLAP,
    PROPORTIONAL_RISK,
    PROPORTIONAL_ANISOTROPIC,
    PROPORTIONAL_INFINITE_RISK,
)


#: These take longest; that they derive and wrong variants do not, tests/laws assert as well.
LONG = (PROPORTIONAL_ANISOTROPIC, PROPORTIONAL_RISK, catalog.RESOLUTION_BIAS)


@pytest.mark.parametrize(
    "claim", [pytest.param(c, id=c.id, marks=[pytest.mark.slow] if c in LONG else []) for c in CLAIMS]
)
def test_the_steps_conclude_the_claim_and_no_false_variant(claim):
    found = derive(claim)
    assert found.status == "proved"
    conjectural = "deterministic-equivalent" in found.axioms
    assert conjectural == (claim.id.startswith("linear-resolution") or claim is PROPORTIONAL_ANISOTROPIC)
    for variant in claim.variants:
        wrong = replace(claim, statements=variant.statements or claim.statements, corollaries=())
        assert derive(wrong).status in ("gap", "disproved"), variant.id


def test_a_wrong_slope_breaks_the_derivation():
    steps = {step.id: step for step in catalog.RESOLUTION_BIAS.steps}
    step = steps["count-slope"]
    wrong = replace(step, relation=replace(step.relation, rhs=2 * step.relation.rhs))
    changed = tuple(wrong if s.id == step.id else s for s in catalog.RESOLUTION_BIAS.steps)
    assert derive(replace(catalog.RESOLUTION_BIAS, steps=changed, corollaries=())).status == "broken"


def test_the_equivalents_need_a_limit_and_fewer_samples_than_dimensions():
    claim = catalog.RESOLUTION_OVERLAP
    assert derive(replace(claim, quantifier=Mean())).status == "gap"
    assert derive(replace(claim, domain=claim.domain.with_ranges(gamma=Range(0.5, 1.5)))).status == "gap"
    assert derive(replace(claim, domain=claim.domain.with_ranges(inputs="sphere"))).status == "gap"
    risk = PROPORTIONAL_RISK
    assert derive(replace(risk, domain=risk.domain.with_ranges(spectrum="spiked"), corollaries=())).status != "proved"


def test_names_have_symbols():
    assert v.kappa.is_nonnegative
    assert v.resolved_product.is_nonnegative is None


#: The handbook's special cases of A4 and A7, by the claim whose corollaries they are.
SPECIAL_CASES = (
    (catalog.RESOLUTION_BIAS, "isotropic-resolution", "isotropic-bias", "flat-identity", "flat-bias", "peak"),
    (catalog.RESOLUTION_BIAS, "scaling", "scaling-bias"),
    (catalog.RESOLUTION_VARIANCE, "isotropic-variance", "scaling"),
    (catalog.RESOLUTION_NOISE_NORM, "isotropic-noise-norm"),
    (PROPORTIONAL_RISK, "one-layer", "one-layer-factor", "two-layers", "two-layers-quadratic", "no-depth"),
    (PROPORTIONAL_RISK, "best-factor", "least-risk", "few-samples"),
    (PROPORTIONAL_RISK, "near-interpolation", "near-interpolation-root", "near-interpolation-risk"),
    (PROPORTIONAL_INFINITE_DEPTH, "noiseless", "few-samples", "near-interpolation"),
    (PROPORTIONAL_ANISOTROPIC, "isotropic-fit", "isotropic-outside", "isotropic-risk", "one-layer"),
)


@pytest.mark.parametrize(("claim", "ids"), [(c, ids) for c, *ids in SPECIAL_CASES])
def test_special_cases_are_corollaries(claim, ids):
    """That they close, and wrong ones do not, the laws of derivations see."""
    assert set(ids) <= {corollary.id for corollary in claim.corollaries}


def test_no_data_and_no_end_of_layers_do_not_commute():
    s, tau, sigma = Rational(13, 10), Rational(9, 10), Rational(1, 2)
    few = Rational(1, 10**9)
    for depth in (2, 3, 20):
        assert float(value(isotropic_depth_factor(depth, few, s, tau, sigma))) == pytest.approx(1, abs=1e-6)
    infinite = float(value(isotropic_infinite_depth_factor(few, s, tau, sigma)))
    assert infinite == pytest.approx(float(sqrt(tau**2 + sigma**2) / s), rel=1e-6)
    assert abs(infinite - 1) > 0.1


@pytest.mark.parametrize(("depth", "near"), [(2, 1e-3), (3, 1e-3), (5, 1e-2)])
def test_the_risk_outside_the_span_near_interpolation(depth, near):
    s, tau, sigma, gap = Rational(13, 10), Rational(9, 10), Rational(1, 2), Rational(1, 10**12)
    c = isotropic_depth_factor(depth, 1 - gap, s, tau, sigma)
    leading = s ** Rational(2, depth) * sigma ** Rational(2 * (depth - 1), depth) * gap ** Rational(1, depth)
    assert float(value(gap * c**2 * s**2 / leading)) == pytest.approx(1, abs=near)


def test_the_deep_limits_for_any_covariance_are_the_formulas_of_the_reference_values():
    """The claim's sides, with its spectral sums written out, at an instance."""
    spectrum, n, sigma = [4, 2, 1, Rational(1, 2), Rational(1, 4)], 2, Rational(2, 5)
    source = [Rational(i, 3) for i in (1, -2, 2, 1, -1)]
    target = [Rational(i, 4) for i in (3, 1, -1, 2, 2)]
    k = kappa(n, *spectrum)

    def total(term, *vectors):
        return sum(term(*entries) for entries in zip(spectrum, *vectors, strict=True))

    at = {
        v.kappa: k,
        v.n: n,
        v.sigma: sigma,
        v.source_norm: sqrt(sum(x**2 for x in source)),
        v.df2: second_dimension(n, spectrum),
        v.fitted_target: total(lambda l, x: l * x**2 / (l + k), target),
        v.shrunk_source: total(lambda l, x: x**2 / (l + k), source),
        v.resolved_source: total(lambda l, x: l * x**2 / (l + k) ** 2, source),
        v.resolved_target: total(lambda l, x: l * x**2 / (l + k) ** 2, target),
        v.resolved_product: total(lambda l, x, y: l * x * y / (l + k) ** 2, source, target),
    }
    factor, risk = (statement.lhs for statement in PROPORTIONAL_ANISOTROPIC.statements)
    for depth in (1, 2, 3):
        here = at | {v.L: depth}
        expected = anisotropic_depth_factor(depth, n, spectrum, source, target, sigma)
        assert float(value(factor.subs(here | {v.perp_ratio: expected}))) == pytest.approx(1, rel=1e-14)
        expected = anisotropic_depth_risk(depth, n, spectrum, source, target, sigma)
        assert float(value(risk.subs(here | {v.risk: expected}))) == pytest.approx(1, rel=1e-14)
