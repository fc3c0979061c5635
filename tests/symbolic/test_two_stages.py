"""The replica twice: published value, rigorous enclosures and their remainders, what its theorem refuses."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flint import arb
from sympy import Integer, Rational, latex, oo, symbols
from sympy.core.function import ArgumentIndexError

from ftproofs.catalog.replica.stages import TWO_STAGE
from ftproofs.errors import UsageError
from ftproofs.symbolic import balls, two_stage_balls
from ftproofs.symbolic import replica_theorems as q
from ftproofs.symbolic.arithmetic import precision
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.finetuning import scale_after, scale_growth
from ftproofs.symbolic.kernels import numpy_kernel
from ftproofs.symbolic.penalty import prox, stretch
from ftproofs.symbolic.replica import replica_mse
from ftproofs.symbolic.replica_quadrature import Groups
from ftproofs.symbolic.replica_solver import solve
from ftproofs.symbolic.two_stages import two_stage_arguments, two_stage_mse
from ftproofs.symbolic.vocabulary import equal, v

PUBLISHED = {
    entry["name"]: entry["value"]
    for entry in json.loads((Path(__file__).parent / "reference_fixed_points.json").read_text())
    if entry["name"].startswith("two-stage")
}
#: The published setting: few and slightly noisy pretraining data.
AT = {
    v.gamma: Rational(2, 5),
    v.sigma: Rational(1, 10),
    v.gamma_s: Rational(3, 5),
    v.sigma_s: Rational(1, 10),
    v.c: Rational(1, 20),
    v.r: Rational(-4, 5),
    v.reinit: Rational(1, 20),
    v.rescale: 1,
    v.share_pt: Rational(3, 10),
    v.share_shared: Rational(1, 3),
    v.share_new: Rational(1, 35),
}
#: And one of the claim's own.
OWN = AT | {
    v.gamma: Rational(1, 2),
    v.sigma: Rational(3, 10),
    v.gamma_s: Rational(4, 5),
    v.sigma_s: 1,
    v.c: Rational(1, 8),
    v.reinit: Rational(1, 10),
    v.share_shared: Rational(2, 5),
    v.share_new: 0,
}
ARGUMENTS = two_stage_arguments("S")


def number(expr, at):
    return float(numpy_kernel(expr, list(at))(*map(float, at.values())))


def by_trapezoids(arguments):
    """The second error from the first stage's law in its noise, by sums that are exact for the Gaussian."""
    delta, sigma, delta_s, sigma_s, c, at_zero, growth, *triples = map(float, arguments)
    kinds = np.array(triples).reshape(-1, 3)
    nothing = np.zeros((1, len(kinds)))
    first = Groups(kinds[None, :, 0], np.log(c) + nothing, kinds[None, :, 1], nothing)
    found = solve(first, np.array([delta_s]), np.array([sigma_s]))
    z = np.linspace(-9.5, 9.5, 4001)
    weight = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    names = symbols("z t c", real=True)
    rows = []
    for share, source, target in kinds:
        x = numpy_kernel(prox(*names), names)(source + found.tau[0] * z, found.theta[0], c)
        scale = at_zero + growth * (np.hypot(c, x) - c)
        rows.append((share * weight, np.log(scale), target + 0 * x, 0 * x))
    second = Groups(*(np.concatenate(column)[None] for column in zip(*rows, strict=True)))
    return solve(second, np.array([delta]), np.array([sigma])).mse[0]


def test_the_published_error_and_the_one_of_the_teacher():
    assert number(two_stage_mse(*ARGUMENTS), AT) == pytest.approx(float(PUBLISHED["two-stage FT mse"]), rel=1.5e-7)
    teacher = replica_mse(*q.arguments("S", "atom"))
    assert number(teacher, AT) == pytest.approx(0.1736, abs=5e-5)


@pytest.mark.parametrize("at", [AT, OWN], ids=["published", "own"])
def test_the_enclosure_contains_what_another_quadrature_finds(at):
    expr = two_stage_mse(*ARGUMENTS)
    found = balls.enclose(expr, at)
    other = by_trapezoids(x.subs(at) for x in ARGUMENTS)
    assert number(expr, at) == pytest.approx(other, rel=1e-10)
    assert found.lower() < other < found.upper()
    assert float(found.rad()) < 0.25 * two_stage_mse.accuracy * other
    moved = balls.enclose(expr, at | {v.sigma_s: at[v.sigma_s] * Rational(1001, 1000)})
    assert moved.lower() > found.upper()


def test_the_enclosure_where_the_smallest_scale_is_below_its_growth():
    """C(0) of no protocol is below g c, but an audited formula's may be."""
    args = [x.xreplace(OWN) for x in ARGUMENTS]
    args[5] = args[6] * args[4] / 2
    found, other = balls.enclose(two_stage_mse(*args), {}), by_trapezoids(args)
    assert found.lower() < other < found.upper()
    assert float(found.rad()) < 0.25 * two_stage_mse.accuracy * other
    args[5] /= 500  # too many nodes
    assert not balls.enclose(two_stage_mse(*args), {}).is_finite()


@pytest.mark.parametrize("kappa", [-1, 0, 0.3, 0.7, 0.95])
def test_the_strip_keeps_the_scale_near_the_real_line(kappa):
    height = float(two_stage_balls._height(arb(kappa)))
    t = np.linspace(-6, 6, 4001)[:, None] + 1j * np.linspace(0, height, 41)
    scale = np.cosh(t) - kappa
    ratio = np.max(np.abs(scale.imag) / scale.real)
    assert ratio <= np.tan(0.4) * (1 + 1e-12)
    assert kappa < 0 or ratio > 0.99 * np.tan(0.4)


@pytest.mark.parametrize("kappa", [0, 0.8])
@pytest.mark.parametrize("bits", [-8, 0, 12])
def test_what_the_nodes_miss_of_the_law_is_bounded(bits, kappa, monkeypatch):
    """Wide steps, whose error shows: of the density itself and of a function of the scale that is at most one."""
    with precision(120):
        args = [arb(x) / 20 for x in (5, 30, 16, 12)]  # c, source, tau, theta
        args.append(two_stage_balls._height(arb(kappa)))
        fine = two_stage_balls._Law.of(*args)
        monkeypatch.setattr(two_stage_balls, "BITS", bits)
        coarse = two_stage_balls._Law.of(*args)
        assert len(coarse.nodes) < len(fine.nodes)
        assert fine.miss < 1e-9
        for function in (lambda t: arb(1), lambda t: 1 / (1 + t.cosh())):
            value, other = (sum((p * function(t) for t, p in law.nodes), arb(0)) for law in (fine, coarse))
            assert abs(value - other) < coarse.miss + fine.miss
            paired = sum((p * function(t) for t, p in coarse.paired()), arb(0))
            assert abs(paired - other) < 1e-30
        assert abs(sum((p for _, p in fine.nodes), arb(0)) - 1) < fine.miss


def test_what_has_no_value():
    expr = two_stage_mse(*ARGUMENTS)
    for wrong in ({v.gamma_s: 2}, {v.gamma: Rational(3, 2)}, {v.gamma_s: oo}):
        assert not balls.enclose(expr, AT | wrong).is_finite()
        assert np.isnan(number(expr, AT | wrong))
    wide = balls.enclose(expr, AT | {v.sigma: (Rational(1, 2), Rational(1, 4))})
    assert not wide.is_finite()


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4, 5, 7])
def test_what_cannot_be_negative_has_no_value_where_it_is(place):
    args = [arg.xreplace(AT) for arg in ARGUMENTS]
    args[place] *= -1
    made = two_stage_mse(*args)
    assert np.isnan(numpy_kernel(made, [])())
    with pytest.raises(balls.Undefined):
        balls.enclose(made, {})


def test_draws_of_one_setting_are_solved_once(monkeypatch):
    calls = []
    kernel = numpy_kernel(two_stage_mse(*ARGUMENTS), list(AT))
    columns = [np.full(8, float(x)) for x in AT.values()]
    columns[1][4:] = 0.2
    monkeypatch.setattr("ftproofs.symbolic.two_stages._error", lambda values: calls.append(values) or 0.5)
    monkeypatch.setattr("ftproofs.symbolic.two_stages._solved", {})
    assert (kernel(*columns) == 0.5).all()
    assert len(calls) == 2


def test_the_function():
    args = symbols("delta sigma delta_s sigma_s c C g w a b", positive=True)
    assert two_stage_mse(*args).is_nonnegative
    assert two_stage_mse(*args, 0, 1, 2) == two_stage_mse(*args)
    assert two_stage_mse(*args[:7], 0, 1, 2).is_finite is not True
    assert latex(two_stage_mse(*args)).startswith(r"\mathrm{mse}_{\star\star}\left(")
    with pytest.raises(TypeError):
        two_stage_mse(*args[:8])
    with pytest.raises(ArgumentIndexError):
        two_stage_mse(*args).fdiff(1)


def test_the_scale_is_affine_in_the_stretch():
    c, r, b, reinit, a = symbols("c r b reinit a", positive=True)
    at = {c: 0.3, r: 0.4, b: 1.7, reinit: 0.2, a: 1.3}
    for protocol in ("S", "M", "R"):
        whole = scale_after(protocol, c, r, b, reinit, a)
        parts = scale_after(protocol, c, r, 0, reinit, a) + scale_growth(protocol, r, a) * stretch(c, b)
        assert number(parts, at) == pytest.approx(number(whole, at), rel=1e-14)
    with pytest.raises(UsageError, match="FT304"):
        scale_growth("N", r)


# -- what its theorem refuses ---------------------------------------------------------

NAMES = ("noise-source", "strength-source", "noise-after", "strength-after")
GIVEN = {name: q.EQUATIONS[name] for name in NAMES}


def changed(**ranges):
    return Context(replace(TWO_STAGE, domain=TWO_STAGE.domain.with_ranges(**ranges)), GIVEN)


@pytest.mark.parametrize("name", [*NAMES, "mse-after"])
def test_the_replica_of_pretraining_needs_few_samples_of_one_network(name):
    by, relation = Axiom("replica", (name,)), q.EQUATIONS[name]
    assert by.close(relation, Context(TWO_STAGE)).status == "proved"
    assert by.close(replace(relation, rhs=2 * relation.rhs), Context(TWO_STAGE)).status != "proved"
    for ranges in ({"gamma_s": [Rational(1, 2), 2]}, {"gamma_s": oo}, {"protocol": "N"}, {"gamma": 2}):
        assert by.close(relation, changed(**ranges)).status == "undecided", ranges
    compared = replace(TWO_STAGE, experiment="replica.compare")
    assert by.close(relation, Context(compared)).status == "undecided"
    # The equations for pretraining on the population are not those of finite data.
    assert Axiom("replica", ("noise",)).close(q.EQUATIONS["noise"], Context(TWO_STAGE)).status == "undecided"


def test_the_solution_of_both_stages_has_the_arguments_of_the_tasks():
    by = q.Solution(NAMES)
    what = q.error_after(q.theta, q.tau, q.theta_source, q.tau_source)
    right = equal(what, two_stage_mse(*ARGUMENTS))
    assert by.close(right, Context(TWO_STAGE, GIVEN)).status == "proved"
    for wrong in (
        two_stage_mse(*two_stage_arguments("M")),
        two_stage_mse(*two_stage_arguments("S", sigma_s=Integer(0))),
        replica_mse(*q.arguments("S", "atom")),
    ):
        assert by.close(equal(what, wrong), Context(TWO_STAGE, GIVEN)).status == "undecided"
    assert by.close(right, changed(amplitude="gauss")).status == "undecided"
    assert q.Solution(NAMES[:2]).close(right, Context(TWO_STAGE, GIVEN)).status == "undecided"
    assert q.Solution(NAMES[::-1]).close(right, Context(TWO_STAGE, GIVEN)).status == "undecided"
    assert (
        q.Solution(NAMES).close(equal(q.error(q.theta, q.tau), right.rhs), Context(TWO_STAGE, GIVEN)).status != "proved"
    )
