"""The replica fixed point: published values, rigorous enclosures, corners solved otherwise, batches."""

import json
from dataclasses import replace
from math import asinh, exp, hypot, log, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from sympy import Rational, latex, symbols
from sympy.core.function import ArgumentIndexError

from ftproofs.catalog.replica import layers
from ftproofs.cli.groups import read_groups
from ftproofs.errors import UsageError
from ftproofs.symbolic import balls, replica_solver
from ftproofs.symbolic import replica as r
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.finetuning import scale_after, task_groups
from ftproofs.symbolic.kernels import numpy_kernel
from ftproofs.symbolic.penalty import prox, prox_slope
from ftproofs.symbolic.recovery import recovery_density, recovery_objective, recovery_threshold
from ftproofs.symbolic.reference import FORMULAS
from ftproofs.symbolic.replica_limits import basis_pursuit, ridgeless_error, weighted_ridge
from ftproofs.symbolic.replica_points import AtSettings
from ftproofs.symbolic.replica_quadrature import Groups, mean_penalty, moments
from ftproofs.symbolic.replica_solver import solve
from ftproofs.symbolic.replica_stages import Feature, two_stages
from ftproofs.symbolic.vocabulary import at_least

FIXED = json.loads((Path(__file__).parent / "reference_fixed_points.json").read_text())
REPLICA = [entry for entry in FIXED if entry["name"].startswith("replica")]
STAGES = {entry["name"].removeprefix("two-stage "): float(entry["value"]) for entry in FIXED if "two" in entry["name"]}


def groups(*rows):
    """Groups of one case from rows weight, log c, b, s."""
    return Groups(*(np.array([column], dtype=float) for column in zip(*rows, strict=True)))


def one(x):
    return np.array([float(x)])


def case(entry):
    """The formula of a published case and its exact parameters."""
    params = entry["params"]
    lists = {name: value[1] for name, value in read_groups("groups=" + json.dumps(params["groups"])).items()}
    numbers = [Rational(params[name]) for name in ("delta", "sigma", "lam")]
    formula = FORMULAS[entry["name"]].of(len(lists["pi"]))
    values = [*numbers, *(x for name in ("pi", "c", "b", "s") for x in lists[name])]
    return formula, dict(zip(formula.parameters, values, strict=True))


@pytest.mark.parametrize("entry", REPLICA, ids=lambda entry: entry["name"])
def test_published_fixed_points_to_1e_9(entry):
    formula, at = case(entry)
    value = float(numpy_kernel(formula.expr, formula.parameters)(*map(float, at.values())))
    assert value == pytest.approx(float(entry["value"]), rel=1e-10)
    found = balls.evaluate(formula.expr, at, digits=16)
    assert value == pytest.approx(float(found.value), rel=1e-13)
    assert float(found.lower) <= float(found.upper)


def test_enclosures_reach_thirty_digits():
    formula, at = case(REPLICA[0])
    few, many = (balls.evaluate(formula.expr, at, digits=digits) for digits in (15, 30))
    assert few.value[:15] == many.value[:15]
    assert Rational(few.lower) <= Rational(many.lower) <= Rational(many.upper) <= Rational(few.upper)


def test_moments_by_another_quadrature():
    """E eta', E (eta - B)^2 and E q through the proximal map, by trapezoids in z."""
    for c, theta, tau, b in ((0.3, 0.7, 0.5, 1.2), (4.0, 2.0, 0.3, 0.0), (0.05, 0.4, 0.2, 2.0)):
        part = groups((1, log(c), b, 0))
        found = moments(part, one(theta), one(tau**2), 160)
        z = np.linspace(b - 12 * tau, b + 12 * tau, 200_001)
        eta = numpy_kernel(prox(*symbols("z t c", real=True)), symbols("z t c", real=True))(z, theta, c)
        slope = numpy_kernel(prox_slope(*symbols("z t c", real=True)), symbols("z t c", real=True))(z, theta, c)
        density = np.exp(-(((z - b) / tau) ** 2) / 2) / np.sqrt(2 * np.pi) * 24 / 200_000
        assert found.slope[0] == pytest.approx((slope * density).sum(), rel=1e-12)
        assert found.error[0] == pytest.approx(((eta - b) ** 2 * density).sum(), rel=1e-12)
        q = eta * np.arcsinh(eta / c) / 2 - (np.hypot(c, eta) - c) / 2
        assert mean_penalty(part, one(theta), one(tau**2), 160)[0] == pytest.approx((q * density).sum(), rel=1e-11)


@pytest.mark.parametrize("log_c", [-1e6, -1e4, -50.0, -3.0, 0.0, 3.0])
@pytest.mark.parametrize(("b", "s"), [(1.5, 0.0), (0.0, 1.2)])
def test_derivatives_of_the_moments(log_c, b, s):
    part, theta, tau2 = groups((0.3, log_c, b, s), (0.7, log_c, 0, 0)), 0.4, 0.09
    if log_c < -600:
        theta /= -log_c
    at = moments(part, one(theta), one(tau2), 160)
    for name, moved in (("theta", (1e-5, 0)), ("variance", (0, 1e-5))):
        up, down = (
            moments(part, one(theta * (1 + k * moved[0])), one(tau2 * (1 + k * moved[1])), 160) for k in (1, -1)
        )
        width = 2e-5 * (theta if name == "theta" else tau2)
        for moment in ("slope", "error"):
            slope = (getattr(up, moment) - getattr(down, moment)) / width
            assert slope == pytest.approx(getattr(at, f"{moment}_{name}"), rel=1e-5, abs=1e-6)


def test_ridgeless_corner():
    for log_c, tolerance in ((6, 1e-7), (9, 1e-10), (20, 1e-12)):
        found = solve(groups((0.3, log_c, 1.5, 0), (0.7, log_c, 0, 0)), one(0.4), one(0.3))
        assert found.mse[0] == pytest.approx(float(ridgeless_error(0.4, 0.3, 0.3 * 2.25)), rel=tolerance)


def test_weighted_ridge_corner_with_and_without_ridge():
    rows, second = [(0.3, 18.0, 1.5, 0.0), (0.7, 19.0, 0.0, 0.5)], np.array([2.25, 0.25])
    weight, log_c = np.array([0.3, 0.7]), np.array([18.0, 19.0])
    for ridge in (0.0, exp(18.0)):
        found = solve(groups(*rows), one(0.4), one(0.3), one(ridge))
        tau, half, mse = weighted_ridge(weight, log_c, second, 0.4, 0.3, ridge)
        assert (found.tau[0], found.theta[0] / 2, found.mse[0]) == pytest.approx((tau, half, mse), rel=1e-10)


def test_basis_pursuit_corner_and_its_rate():
    weight, cost = np.array([0.2, 0.8]), np.ones(2)
    limit = basis_pursuit(weight, cost, np.zeros(2), np.array([1.0, 0.0]), 0.4, 0.2)[2]
    for size, rate in ((1e3, -0.0762), (1e4, -0.0765), (1e6, -0.0765)):
        found = solve(groups((0.2, -size, 0, 1), (0.8, -size, 0, 0)), one(0.4), one(0.2))
        assert (found.mse[0] - limit) * size == pytest.approx(rate, abs=6e-5)
    # weights 1 : 3 from scales eps and eps^3, two kinds of amplitude
    rows = [(0.1, -1e8, 0.0, 1.0), (0.3, -1e8, 2.0, 0.0), (0.6, -3e8, 0.0, 0.0)]
    found = solve(groups(*rows), one(0.5), one(0.2))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    limit = basis_pursuit(columns[0], np.array([1.0, 1.0, 3.0]), columns[2], columns[3], 0.5, 0.2)[2]
    assert found.mse[0] == pytest.approx(limit, rel=1e-8)


def test_exact_recovery_below_the_threshold_only():
    threshold = float(balls.evaluate(recovery_density(Rational(1, 2)), {}).value)
    assert threshold == pytest.approx(0.192844833090740, rel=1e-14)
    for density, error in ((threshold - 0.003, 0.0), (threshold + 0.003, 9.4e-5), (threshold + 0.01, 9.7e-4)):
        found = solve(groups((density, -1e6, 0, 1), (1 - density, -1e6, 0, 0)), one(0.5), one(0))
        assert found.mse[0] == pytest.approx(error, rel=0.02)


def test_the_threshold_is_the_minimum():
    eps, a = symbols("eps a", positive=True)
    for value in (Rational(1, 100), Rational(1, 5), Rational(9, 10)):
        least = balls.enclose(recovery_threshold(eps), {eps: value})
        for alpha in (Rational(1, 10), Rational(1, 2), 1, 2, 3):
            assert balls.enclose(recovery_objective(eps, a), {eps: value, a: alpha}) > least


def test_least_squares_without_ridge_and_with_many_samples():
    found = solve(groups((0.2, -2, 0, 1), (0.8, -2, 0, 0)), one(2), one(0.3))
    assert found.theta[0] == 0
    assert found.tau[0] ** 2 == pytest.approx(0.09 / (1 - 1 / 2), rel=1e-14)
    assert found.mse[0] == pytest.approx(2 * (found.tau[0] ** 2 - 0.09), rel=1e-12)
    args = (2, Rational(3, 10), 0, 1, 1, 1, 0)
    assert float(balls.enclose(r.replica_mse(*args), {}).mid()) == pytest.approx(found.mse[0], rel=1e-14)
    assert balls.enclose(r.replica_theta(*args), {}) == 0


def test_more_samples_than_coordinates_of_any_kind():
    """Shares of a quarter altogether: d/4 coordinates, and d/2 samples are as two for each."""
    few = ((0.1, -2, 1, 0), (0.15, -2, 0, 0))
    found = solve(groups(*few), one(0.5), one(0.3))
    assert found.theta[0] == 0
    assert found.tau[0] ** 2 == pytest.approx(0.09 / (1 - 0.25 / 0.5), rel=1e-14)
    assert found.mse[0] == pytest.approx(0.5 * (found.tau[0] ** 2 - 0.09), rel=1e-12)
    args = (Rational(1, 2), Rational(3, 10), 0, Rational(1, 10), 1, 1, 0, Rational(3, 20), 1, 0, 0)
    assert float(balls.enclose(r.replica_mse(*args), {}).mid()) == pytest.approx(found.mse[0], rel=1e-14)
    assert np.isnan(solve(groups(*few), one(0.25), one(0.3)).tau)  # as many: no solution
    assert solve(groups(*few), one(0.2), one(0.3)).theta[0] > 0  # fewer: interpolation


def test_what_overflows_is_given_up_at_once(monkeypatch):
    asked = []
    monkeypatch.setattr(replica_solver, "moments", lambda *args: asked.append(1) or moments(*args))
    assert np.isnan(solve(groups((1, -2, 1e200, 0)), one(0.5), one(0.3)).tau)
    assert len(asked) < 20


@pytest.mark.parametrize("noise", [Rational(0), Rational(3, 10)])
def test_the_penalty_of_least_squares_is_that_of_target_and_noise(noise):
    kinds = ((Rational(1, 5), Rational(1, 7), 1, 0), (Rational(4, 5), 2, Rational(1, 2), Rational(3, 2)))
    made = groups(*((float(w), log(c), float(b), float(s)) for w, c, b, s in kinds))
    found = solve(made, one(3), one(float(noise))).penalty[0]
    exact = balls.enclose(r.replica_penalty(3, noise, 0, *(number for kind in kinds for number in kind)), {})
    assert exact.rel_accuracy_bits() > 50
    assert found == pytest.approx(float(exact.mid()), rel=1e-12)

    def q(x, c):
        return (x * asinh(x / c) - hypot(c, x) + c) / 2

    def mean(c, b, s):
        """By SciPy's adaptive quadrature of q at b + deviation G."""
        deviation = sqrt(s**2 + float(noise) ** 2 * 3 / 2)
        if deviation == 0:
            return q(b, c)
        return quad(lambda g: q(b + deviation * g, c) * exp(-g * g / 2) / sqrt(2 * pi), -12, 12, epsabs=1e-13)[0]

    assert found == pytest.approx(sum(float(w) * mean(float(c), float(b), float(s)) for w, c, b, s in kinds), rel=1e-9)


def test_the_penalty_of_a_target_that_is_found_is_the_targets_own():
    """A tenth of the coordinates at 1, scales of exp(-60): above the threshold, without noise, nothing else is left."""
    found = solve(groups((0.1, -60, 1, 0), (0.9, -60, 0, 0)), one(0.8), one(0))
    assert found.tau[0] == 0
    assert found.penalty[0] == pytest.approx(0.1 * (60 + log(2) - 1) / 2, rel=1e-14)


def batch(count):
    stream = np.random.default_rng(11)
    c, rel, reinit = (
        10 ** stream.uniform(-4, 0.5, count),
        stream.uniform(-0.99, 0.99, count),
        10 ** stream.uniform(-3, 0, count),
    )
    size = 0.3**-0.5
    on, off = (1 + rel) * (c + np.hypot(c, size)) + reinit**2, 2 * (1 + rel) * c + reinit**2
    target = np.tile([0.08**-0.5, 0.0], (count, 2))
    weight = np.tile([0.06, 0.24, 0.02, 0.68], (count, 1))
    made = Groups(weight, np.log(np.stack([on, on, off, off], 1)), target, np.zeros((count, 4)))
    return made, stream.uniform(0.1, 0.8, count), stream.uniform(0, 0.5, count)


def test_a_batch_solves_its_equations_and_no_case_depends_on_another():
    made, delta, sigma = batch(24)
    found = solve(made, delta, sigma)
    assert found.error.max() < 1e-12
    assert np.allclose(found.mse, delta * (found.tau**2 - sigma**2), rtol=0, atol=1e-12)
    for i in (0, 7, 23):
        alone = solve(made[np.array([i])], delta[i : i + 1], sigma[i : i + 1])
        for name in ("tau", "theta", "mse", "penalty", "error"):
            assert getattr(alone, name)[0] == getattr(found, name)[i]


def test_a_batch_of_256_ends_everywhere():
    """What it takes is measured by ``ftproofs bench replica``."""
    assert np.isfinite(solve(*batch(256)).mse).all()


def test_two_stages():
    """The published second stage agrees to 7 digits: its law of the features was discretised more coarsely."""
    rho, shared, new, b = 0.3, 0.1, 0.02, 0.12**-0.5
    features = (
        Feature(rho, rho**-0.5, ((shared / rho, b, 0.0), (1 - shared / rho, 0.0, 0.0))),
        Feature(1 - rho, 0.0, ((new / (1 - rho), b, 0.0), (1 - new / (1 - rho), 0.0, 0.0))),
    )
    at = symbols("x", real=True)
    scale = numpy_kernel(scale_after("S", Rational(1, 20), Rational(-4, 5), at, Rational(1, 20)), [at])
    data = {"delta_source": 0.6, "sigma_source": 0.1, "delta": 0.4, "sigma": 0.1}
    first, second = two_stages(features, c=0.05, scale=scale, **data)
    found = {"PT tau": first.tau, "PT theta": first.theta, "FT tau": second.tau, "FT theta": second.theta}
    for name, value in (found | {"FT mse": second.mse}).items():
        assert value[0] == pytest.approx(STAGES[name], rel=2e-9 if name.startswith("PT") else 1.5e-7)
    # Trapezoids in the pretraining noise, spectrally exact for the Gaussian, confirm all digits.
    z = np.linspace(-9.5, 9.5, 4001)
    weight = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    names = symbols("z t c", real=True)
    rows = []
    for feature in features:
        x = numpy_kernel(prox(*names), names)(feature.source + first.tau[0] * z, first.theta[0], 0.05)
        for probability, atom, _ in feature.targets:
            rows.append((feature.weight * probability * weight, np.log(scale(x)), atom + 0 * x, 0 * x))
    other = solve(Groups(*(np.concatenate(column)[None] for column in zip(*rows, strict=True))), one(0.4), one(0.1))
    assert (second.tau[0], second.theta[0], second.mse[0]) == pytest.approx(
        (other.tau[0], other.theta[0], other.mse[0]), rel=1e-12
    )
    finer = two_stages(features, c=0.05, scale=scale, **data, count=80)[1]
    assert second.mse[0] == pytest.approx(finer.mse[0], rel=1e-11)


def test_plugging_in_the_teacher_for_what_was_pretrained_predicts_something_else():
    made = task_groups(
        "S", Rational(1, 20), Rational(-4, 5), Rational(1, 20), Rational(3, 10), Rational(1, 3), Rational(2, 70)
    )
    found = numpy_kernel(r.replica_mse(Rational(2, 5), Rational(1, 10), 0, *made), [])()
    assert float(found) == pytest.approx(0.1736, abs=5e-5)


def test_the_functions():
    args = symbols("delta sigma lam pi c b s", positive=True)
    assert r.replica_mse(*args).is_nonnegative
    assert r.replica_mse(*args, 0, 1, 2, 3) == r.replica_mse(*args)
    assert latex(r.replica_tau(*args)).startswith(r"\tau_\star\left(")
    with pytest.raises(TypeError):
        r.replica_mse(*args[:5])
    with pytest.raises(ArgumentIndexError):
        r.replica_mse(*args).fdiff(1)
    wide = balls.enclose(r.replica_mse(*args), dict.fromkeys(args, (Rational(1, 2), Rational(1, 100))))
    assert not wide.is_finite()


@pytest.mark.parametrize(
    "text",
    [
        "groups=",
        "groups=[1]",
        "groups=[]",
        'groups=[{"pi":1}]',
        'groups=[{"pi":1,"c":1,"kind":"x","par":1}]',
        'groups=[{"pi":"1,2","c":1,"kind":"atom","par":1}]',
        'groups=[{"pi":1,"c":"exp(999)","kind":"atom","par":1}]',
    ],
)
def test_malformed_groups_are_refused(text):
    with pytest.raises(UsageError, match="groups"):
        read_groups(text)


def test_points_are_solved_for_once_and_together(monkeypatch):
    made, delta, sigma = batch(6)
    columns = [delta, sigma, np.zeros(6)]
    columns += [x for i in range(4) for x in (made.weight[:, i], np.exp(made.log_c[:, i]), made.b[:, i], made.s[:, i])]
    monkeypatch.setattr(r, "_solved", {})
    asked = []
    monkeypatch.setattr(r, "solve", lambda groups, *rest: asked.append(len(rest[0])) or solve(groups, *rest))
    first = r.solved([x[:4] for x in columns])
    mixed = r.solved([x[[5, 0, 3, 3, 4, 5]] for x in columns])
    assert asked == [4, 2]
    assert list(mixed.mse[1:4]) == [first.mse[i] for i in (0, 3, 3)]
    assert mixed.tau[0] == mixed.tau[5]
    monkeypatch.setattr(r, "_solved", {})
    assert all(
        np.array_equal(getattr(r.solved(columns), n)[:4], getattr(first, n)) for n in ("tau", "theta", "penalty")
    )
    monkeypatch.setattr(r, "_KEPT", 2)  # what is forgotten is solved for again
    monkeypatch.setattr(r, "_solved", {})
    assert np.array_equal(r.solved(columns).mse[:4], first.mse)
    assert len(r._solved) == 2


@pytest.mark.parametrize("place", range(3, 7))
def test_what_is_no_share_or_no_number_has_no_fixed_point(place):
    values = [Rational(1, 2), Rational(1, 10), 0, 1, 1, 1, 0]
    values[place] = float("nan")
    assert np.isnan(r.solved([np.array([float(x)]) for x in values]).mse).all()


@pytest.mark.parametrize("place", range(5))
def test_what_cannot_be_negative_has_no_fixed_point_where_it_is(place):
    x = symbols("x", real=True)
    error = r.replica_mse(*(x if i == place else value for i, value in enumerate([Rational(1, 2), 1, 1, 1, 1, 1, 0])))
    assert np.isnan(numpy_kernel(error, [x])(np.array([-0.25])))
    assert np.isfinite(numpy_kernel(error, [x])(np.array([0.25])))
    with pytest.raises(balls.Undefined):
        balls.enclose(error, {x: Rational(-1, 4)})


def test_coordinates_of_no_kind_have_no_fixed_point():
    nothing = np.empty((2, 0))
    assert np.isnan(solve(Groups(nothing, nothing, nothing, nothing), np.full(2, 0.5), np.full(2, 0.1)).mse).all()
    none = np.zeros((2, 1))
    assert np.isnan(solve(Groups(none, none, none + 1, none), np.full(2, 0.5), np.full(2, 0.1)).mse).all()


def test_an_inequality_at_settings_is_enclosed_at_each() -> None:
    """What fails at one of the settings, and what is spread over a range, is not proved."""
    held, close = layers.HEADLINE, AtSettings().close
    inequality = held.steps[-2].relation
    assert close(inequality, Context(held)).status == "proved"
    opposite = at_least(-inequality.lhs, 0)
    assert close(opposite, Context(held)).status == "undecided"
    dense = replace(held, domain=held.domain.with_ranges(rho_shared=[Rational(1, 8), Rational(1, 2)]))
    assert close(inequality, Context(dense)).status == "undecided"
    spread = replace(held, domain=layers.SUBSET)
    assert "does not list" in close(inequality, Context(spread)).detail
