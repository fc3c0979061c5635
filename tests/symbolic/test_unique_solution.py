"""The theorem of one solution: what it joins, and what it refuses."""

from dataclasses import replace

import pytest
from sympy import Derivative, Function, Integer, Rational, exp, tanh

from ftproofs.catalog import claims
from ftproofs.claim import Claim, Domain, Each, Source, real_range
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.diagonal_orders import WORDS
from ftproofs.symbolic.finetuning import scalar_path, scalar_tangent
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import equal, v

f, other = Function("f", real=True), Function("other", real=True)
zero = Integer(0)
DOMAIN = Domain.of(beta_aux=1, beta_main=real_range(Rational(1, 2), 2))
TANH = tanh(t)
CITED = Axiom("unique-solution", ("ode", "start", "path"))


def close(relation, **given):
    claim = Claim("test", "test", Source("test"), "diagonal.scalar", Each(), DOMAIN, ())
    return CITED.close(relation, Context(claim, given))


def logistic(path=TANH, start=zero, velocity=lambda y: 1 - y**2, moves=None):
    moves = velocity if moves is None else moves
    return {
        "ode": equal(Derivative(f(t), t), velocity(f(t))),
        "start": equal(f(zero), start),
        "path": equal(Derivative(path, t), moves(path)),
    }


def test_two_solutions_that_start_together_are_the_same():
    assert close(equal(f(t), tanh(t)), **logistic()).status == "proved"


@pytest.mark.parametrize(
    "given",
    [
        logistic(start=Integer(1)),
        logistic(moves=lambda y: 1 - 2 * y**2),
        logistic(path=other(t)),
        logistic(velocity=lambda y: abs(y) ** Rational(1, 2)),
        logistic(velocity=lambda y: t * y),
        logistic(velocity=lambda y: y + other(t)),
        logistic() | {"ode": equal(Derivative(f(t) ** 2, t), 1 - f(t) ** 2)},
        logistic() | {"ode": equal(Derivative(f(t), t, t), 1 - f(t) ** 2)},
        logistic() | {"start": equal(f(Integer(1)), zero)},
    ],
)
def test_otherwise_nothing_follows(given):
    path = given["path"].lhs.expr
    assert close(equal(f(t), path), **given).status == "undecided"


def test_a_candidate_with_a_pole_is_no_solution():
    # y' = y^2 from 1: 1/(1 - t) solves it up to t = 1 only.
    path = 1 / (1 - t)
    given = logistic(path, Integer(1), lambda y: y**2)
    assert close(equal(f(t), path), **given).status == "undecided"
    falling = 1 / (1 + t)
    given = logistic(falling, Integer(1), lambda y: -(y**2))
    assert close(equal(f(t), falling), **given).status == "proved"
    assert close(equal(f(t), exp(-t)), **given).status == "undecided"


def test_the_path_is_twice_the_tangent_s_angle_and_words_need_protocol_s():
    b, c, h = Rational(3, 2), Rational(1, 2), Rational(2)
    m = scalar_tangent(b, c, h, 1)
    assert float(scalar_path(b, c, h, 1) - 2 * c * m / (1 - m**2)) == pytest.approx(0, abs=1e-15)
    kept = Claim("t", "t", Source("t"), "diagonal.scalar", Each(), DOMAIN.with_ranges(protocol="N"), ())
    centred = Claim("t", "t", Source("t"), "diagonal.scalar", Each(), DOMAIN.with_ranges(protocol="S"), ())
    assert WORDS["orders-start"].applies(Context(kept, {}))
    assert not WORDS["orders-start"].applies(Context(centred, {}))


def test_the_derivation_stands_on_the_candidate():
    claim = claims()["diagonal-scalar-path"]
    assert derive(claim).status == "proved"
    statement = equal(v.beta_time, scalar_path(v.curvature * v.beta_main, v.c_ft, v.curvature, v.time / 2))
    assert derive(replace(claim, statements=(statement,))).status != "proved"
