"""Readings of measurements on generic matrices, against NumPy, and identities with their counterexamples."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Symbol

from ftproofs.claim import Claim, Domain, Each, Source, Statement, real_range
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.generic import Ring
from ftproofs.symbolic.identities import Generic, Term, Vanishes
from ftproofs.symbolic.noise import noise_mean
from ftproofs.symbolic.vocabulary import equal, v

WIDE = (v.n <= v.d - 1,)
TALL = (v.n >= v.d + 1,)


def context(*constraints, experiment="linear.finetune", given=None, **ranges) -> Context:
    domain = Domain.of(**{"n": (2, 12), "d": (2, 12), "sigma": real_range(0, 1)} | ranges).where(*constraints)
    claim = Claim("test", "test", Source("test"), experiment, Each(), domain, ())
    return Context(claim, given or {})


def same(lhs, rhs) -> Statement:
    return Statement(lhs, "==", rhs)


ENDPOINT = {"endpoint": same(m.beta, m.theta_S + m.Xp * (m.y - m.X * m.theta_S))}


# -- readings against NumPy -----------------------------------------------------


#: The value of the one scalar that readings may contain beside n.
FACTOR = 3


def number_of(expr, values: dict[str, np.ndarray]) -> np.ndarray:
    """A matrix expression in NumPy, by a walk of its own."""
    if isinstance(expr, sympy.MatrixSymbol):
        return values[expr.name]
    if isinstance(expr, sympy.Identity):
        return np.eye(len(values["H"]))
    if isinstance(expr, sympy.Transpose):
        return number_of(expr.arg, values).T
    if isinstance(expr, sympy.MatAdd):
        return sum(number_of(a, values) for a in expr.args)
    if isinstance(expr, sympy.MatPow):
        return np.linalg.matrix_power(number_of(expr.base, values), int(expr.exp))
    assert isinstance(expr, sympy.MatMul), type(expr)
    total = None
    for factor in expr.args:
        scalar = not isinstance(factor, sympy.MatrixExpr)
        part = float(factor.subs({v.n: len(values["X"]), m.factor: FACTOR})) if scalar else number_of(factor, values)
        total = part if total is None else (total * part if np.isscalar(total) or np.isscalar(part) else total @ part)
    return total


@pytest.mark.parametrize("size", [(1, 2), (2, 3), (2, 2), (2, 1), (3, 2)], ids=str)
def test_every_reading_agrees_with_numpy(size):
    n, d = size
    rng = np.random.default_rng([7, n, d])
    x = rng.integers(-4, 5, (n, d)).astype(float) + np.eye(n, d) * 6
    values = {
        "X": x,
        "theta_S": rng.integers(-4, 5, (d, 1)).astype(float),
        "theta_T": rng.integers(-4, 5, (d, 1)).astype(float),
        "epsilon": rng.integers(-4, 5, (n, 1)).astype(float),
        "beta": rng.integers(-4, 5, (d, 1)).astype(float),
        **{name: rng.integers(-4, 5, (d, 1)).astype(float) for name in ("slope_change", "slope_path")},
        **{name: rng.integers(-4, 5, (d, 1)).astype(float) for name in ("beta_dual", "beta_lazy")},
        r"\Sigma^{1/2}": np.diag(rng.integers(1, 5, d).astype(float)),
        "H": np.diag((np.arange(d) < n / 2).astype(float)),
        "q": rng.integers(-4, 5, (d, 1)).astype(float),
        **{name: rng.integers(-4, 5, (d, 1)).astype(float) for name in ("kept", "let_in", "server", "pooled")},
        "z": rng.integers(-4, 5, (n, 1)).astype(float),
        "p": rng.integers(-4, 5, (n, 1)).astype(float),
        r"\beta_0": rng.integers(-4, 5, (d, 1)).astype(float),
    }
    pinv = np.linalg.pinv(x)
    full = values | {
        "X^{+}": pinv,
        "P": pinv @ x,
        r"P_{\perp}": np.eye(d) - pinv @ x,
        "y": x @ values["theta_T"] + values["epsilon"],
    }
    for name, reading in m.READINGS.items():
        ring = Ring(size, [reading.matrix, m.X])
        entry = ring.read(reading)
        point = [
            FACTOR
            if g == m.factor.name
            else int(values[g.split("[")[0]][tuple(map(int, g.split("[")[1][:-1].split(",")))])
            for g in ring.generators
        ]
        exact = entry.rows[0][0](*point) / ring.gram(*point) ** entry.power
        direct = number_of(reading.matrix, full)
        factor = float(sympy.sympify(reading.factor).subs({v.n: n}))
        expected = {
            "norm": (direct**2).sum(),
            "square": (direct**2).sum(),
            "trace": np.trace(direct) if direct.ndim == 2 else direct,
            "value": direct.sum(),
        }[reading.kind]
        assert float(exact.p) / float(exact.q) == pytest.approx(factor * expected, rel=1e-9, abs=1e-9), name


def test_gram_inverse_trace_agrees_with_numpy():
    x = np.array([[2.0, 1.0, 0.0], [1.0, -3.0, 5.0]])
    ring = Ring((2, 3), [m.X])
    entry = ring.gram_inverse_trace()
    point = [int(x[tuple(map(int, g.split("[")[1][:-1].split(",")))]) for g in ring.generators]
    exact = entry.rows[0][0](*point) / ring.gram(*point)
    assert float(exact.p) / float(exact.q) == pytest.approx(np.trace(np.linalg.inv(x @ x.T)))


# -- identities -------------------------------------------------------------------

TRUE = [
    same(m.P * m.P, m.P),
    same(m.X * m.P, m.X),
    same(m.P.T, m.P),
    same(m.P_perp * m.X.T, sympy.ZeroMatrix(v.d, v.n)),
    same(m.P_perp * m.Xp, sympy.ZeroMatrix(v.d, v.n)),
    same(m.X * m.Xp * m.X, m.X),
    same(m.Xp * m.X * m.Xp, m.Xp),
    equal(v.source_norm**2, v.par_source_norm**2 + v.perp_source_norm**2),
    equal(
        v.delta_norm**2, v.source_norm**2 + v.target_norm**2 - 2 * v.source_norm * v.target_norm * sympy.cos(v.theta)
    ),
]
FALSE = [
    same(m.P * m.P, 2 * m.P),
    same(m.X * m.P, 2 * m.X),
    same(m.X.T, m.Xp),
    equal(v.source_norm**2, v.par_source_norm**2 + 2 * v.perp_source_norm**2 + v.par_target_norm**2),
    equal(v.delta_norm**2, v.target_norm**2 - v.source_norm**2),
    equal(v.risk, v.delta_risk),
    equal(v.fit_gap, 0),
    equal(v.pinv_noise_norm, v.transposed_noise_norm),
]


@pytest.mark.parametrize("constraints", [WIDE, TALL, ()], ids=["wide", "tall", "all"])
@pytest.mark.parametrize("relation", TRUE, ids=str)
def test_true_identities_are_proved_and_name_their_sizes(relation, constraints):
    found = Generic().close(relation, context(*constraints))
    assert found.status == "proved"
    assert "(n, d) = (" in found.detail


@pytest.mark.parametrize("constraints", [WIDE, TALL], ids=["wide", "tall"])
@pytest.mark.parametrize("relation", FALSE, ids=str)
def test_false_identities_are_disproved_at_a_point(relation, constraints):
    found = Generic().close(relation, context(*constraints))
    assert found.status == "disproved"
    assert "[0,0] = " in found.detail


def test_the_endpoint_follows_from_two_facts_and_not_from_one():
    given = {
        "stays": same(m.P_perp * (m.beta - m.theta_S), m.ZERO),
        "stationary": same(m.X.T * (m.X * m.beta - m.y), m.ZERO),
    }
    both = Generic((Term("stays"), Term("stationary", m.Xp * m.Xp.T)))
    assert both.close(ENDPOINT["endpoint"], context(given=given)).status == "proved"
    one = Generic((Term("stays"),))
    assert one.close(ENDPOINT["endpoint"], context(given=given)).status == "disproved"
    wrong = Generic((Term("stays"), Term("stationary", 2 * m.Xp * m.Xp.T)))
    assert wrong.close(ENDPOINT["endpoint"], context(given=given)).status == "disproved"
    absent = Generic((Term("elsewhere"),))
    assert absent.close(ENDPOINT["endpoint"], context(given=given)).status == "undecided"


@pytest.mark.parametrize(
    ("relation", "ranges", "status"),
    [
        (equal(v.risk, v.delta_risk), {"sigma": 0, "spectrum": "power-law"}, "proved"),
        (equal(v.risk, v.delta_risk), {"spectrum": "power-law"}, "disproved"),
        (equal(v.risk, v.perp_delta_norm**2 + v.noise_risk), {"spectrum": "isotropic"}, "proved"),
        (equal(v.risk, v.delta_risk + v.noise_risk), {"spectrum": "power-law"}, "disproved"),
        (equal(v.risk, v.swapped_delta_risk), {"sigma": 0, "spectrum": "isotropic"}, "proved"),
        (equal(v.risk, v.swapped_delta_risk), {"sigma": 0, "spectrum": "spiked"}, "disproved"),
        (equal(v.risk, v.double_delta_risk), {"sigma": 0, "spectrum": "spiked"}, "disproved"),
        (equal(v.fit_gap, 0), {}, "proved"),
        (equal(v.perp_gap, 0), {}, "proved"),
        (equal(v.target_gap, v.pinv_noise_norm), {}, "proved"),
        (equal(v.target_gap, v.transposed_noise_norm), {}, "disproved"),
        (equal(v.perp_beta_norm, v.perp_source_norm), {}, "proved"),
        (equal(v.perp_ratio, 1), {}, "proved"),
        (equal(v.perp_ratio, 2), {}, "disproved"),
    ],
    ids=str,
)
def test_the_endpoint_is_read_through_the_names(relation, ranges, status):
    given = dict(ENDPOINT)
    assert Generic().close(relation, context(*WIDE, given=given, **ranges)).status == status


def test_the_training_loss_vanishes_for_wide_data_only():
    relation = equal(v.train_loss, 0)
    assert Generic().close(relation, context(*WIDE, given=ENDPOINT)).status == "proved"
    assert Generic().close(relation, context(*TALL, given=ENDPOINT)).status == "disproved"


def test_sizes_of_one_regime_do_not_prove_it_for_another():
    found = Generic(sizes=((1, 2), (2, 3))).close(equal(v.train_loss, 0), context(given=ENDPOINT))
    assert found.status == "undecided"
    assert "tall" in found.detail


def test_odd_powers_and_parameters_without_a_reading_are_refused():
    relation = equal(v.source_norm, v.par_source_norm + v.perp_source_norm)
    assert Generic().close(relation, context()).status == "undecided"
    assert Generic().close(equal(v.risk, v.sigma**2), context()).status == "undecided"


def test_symbols_with_one_name_are_not_confused():
    one, other = Symbol("c_1", positive=True), Symbol("c_1", real=True)
    relation = equal(one * v.par_source_norm**2, other * v.par_source_norm**2)
    assert Generic().close(relation, context()).status == "undecided"


def test_a_zero_norm_means_a_zero_vector_and_only_its_own():
    given = {"loss": equal(v.train_loss, 0)}
    assert Vanishes().close(same(m.y, m.X * m.beta), context(*WIDE, given=given)).status == "proved"
    assert Vanishes().close(same(m.y, m.X * m.theta_S), context(*WIDE, given=given)).status == "undecided"
    assert Vanishes().close(same(m.y, m.X * m.beta), context(*WIDE)).status == "undecided"
    stays = {"stays": same(m.P_perp * (m.beta - m.theta_S), m.ZERO)}
    assert Vanishes().close(equal(v.perp_gap, 0), context(given=stays)).status == "proved"
    assert Vanishes().close(equal(v.fit_gap, 0), context(given=stays)).status == "undecided"


def test_balance_is_conserved_on_generic_layers_and_an_altered_flow_breaks_it():
    d1, d2, _ = w.velocities(w.W_1, w.W_2, w.W_3)
    conserved = same(w.W_1.T * d1 + d1.T * w.W_1, d2 * w.W_2.T + w.W_2 * d2.T)
    assert Generic().close(conserved, context()).status == "proved"
    altered = same(w.W_1.T * d1 + d1.T * w.W_1, 2 * d2 * w.W_2.T + w.W_2 * d2.T)
    assert Generic().close(altered, context()).status == "disproved"


@pytest.mark.parametrize("size", [(1, 2), (2, 3), (2, 1), (3, 2)], ids=str)
def test_noise_means_are_second_moments(size):
    here = context(spectrum=["power-law"])
    noise = m.READINGS[v.noise_risk]
    assert noise_mean(noise, v.sigma**2 * v.noise_trace, size, here)
    assert not noise_mean(noise, v.sigma * v.noise_trace, size, here)
    assert not noise_mean(noise, 2 * v.sigma**2 * v.noise_trace, size, here)
    assert not noise_mean(noise, v.noise_risk, size, here)
    cross = m.Reading("value", (m.P_perp * m.delta).T * m.Sigma * m.Xp * m.eps)
    assert noise_mean(cross, 0, size, here)
    assert (
        not noise_mean(m.Reading("value", (m.P_perp * m.delta).T * m.Sigma * m.delta), 0, size, here)
        or size[0] > size[1]
    )
