"""Two unbalanced layers and frozen layers: formulas, and theorems and meanings only under their hypotheses."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from sympy import Derivative, Eq, Integer, Limit, MatrixSymbol, Rational, Symbol, oo, sqrt, symbols

from ftproofs.catalog import find
from ftproofs.claim import Claim, Domain, Each, Source, Statement, log_range, real_range
from ftproofs.symbolic import balls, frozen_chain, frozen_layers, trajectory, two_layers
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.frozen_layers import Entry
from ftproofs.symbolic.functions import (
    depth_root,
    frozen_floor,
    frozen_floor_of,
    long_readout_factor,
    unbalanced_factor,
    unbalanced_floor,
)
from ftproofs.symbolic.kernels import checked
from ftproofs.symbolic.meanings import MEANINGS, Means
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import at_least, equal, v

A, b, s, a0 = symbols("A b s a0", positive=True)
ONE = Integer(1)


def number(expr, **at) -> float:
    return float(balls.enclose(expr, {x: Fraction(at[x.name]) for x in (A, b, s, a0) if x.name in at}, prec=200))


@pytest.mark.parametrize("readout", ["0.1", "0.5", "1", "1.2", "3", "10"])
def test_the_factor_solves_the_quartic_on_both_sides_of_zero(readout):
    at = {"A": "0.7", "b": "1.1", "s": "1.5", "a0": readout}
    factor, q = unbalanced_factor(A, b, s, a0), unbalanced_floor(b, s, a0)
    squared = a0**2 * factor**2
    assert abs(number(squared**2 - q * squared - A**2, **at)) < 1e-25
    assert number(squared - q, **at) > 0
    if number(q, **at) > 0:
        assert abs(number(factor - long_readout_factor(A, b, s, a0), **at)) < 1e-25


def test_the_limits_of_the_factor():
    at = {"A": "0.7", "b": "1.1", "s": "1.5"}
    factor = unbalanced_factor(A, b, s, a0)
    balanced = number(factor.subs(a0, sqrt(s)) - depth_root(2, A, b, s), **at)
    assert abs(balanced) < 1e-25
    assert number(factor, a0="1000", **at) == pytest.approx(1, abs=1e-10)
    assert number(factor, a0="0.0001", **at) == pytest.approx(0.7 / (1.5**2 - 1.1**2) ** 0.5, rel=1e-10)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_kernels_of_the_factor_and_the_floor_keep_their_digits(backend):
    points = [
        (fit, share * source, source, readout * source**0.5)
        for fit, source, share, readout in itertools.product(
            (1e-6, 0.3, 10), (0.25, 1, 4), (0, 0.3, 0.999999, 1), (1e-3, 0.1, 0.7, 1, 1.3, 30)
        )
    ]
    checked(unbalanced_factor(A, b, s, a0), (A, b, s, a0), points, backend=backend, torch=torch)
    weights, x, y = symbols("w_1:4", positive=True), symbols("x_1:4", real=True), symbols("y_1:4", real=True)
    rng = np.random.default_rng(5)
    rows = [(*np.exp(rng.normal(size=3)), *rng.normal(size=6)) for _ in range(20)]
    rows += [(1.0, 2.0, 0.5, 1.0, 2.0, 3.0, 1.0 + 1e-9, 2.0, 3.0)]  # nearly parallel
    checked(frozen_floor_of(weights, x, y), (*weights, *x, *y), rows, backend=backend, torch=torch)


def test_the_floor_as_a_sum_of_squares_is_the_floor():
    weights, x, y = (2, 1, Rational(1, 2)), (1, Rational(1, 2), Rational(-3, 10)), (Rational(2, 5), Rational(-3, 5), 1)
    product, source, target = (
        sum(w * p * q for w, p, q in zip(weights, one, two, strict=True)) for one, two in ((x, y), (x, x), (y, y))
    )
    assert frozen_floor_of(weights, x, y) == frozen_floor(product, sqrt(source), sqrt(target))
    assert frozen_floor_of(weights, x, [3 * e for e in x]) == 0


# -- hypotheses -------------------------------------------------------------------

BASE = {"n": (2, 12), "d": (13, 24), "theta": real_range(0, 3), "source_norm": log_range(1, 2)}


def context(*constraints, experiment="deep-linear.finetune", given=None, **ranges) -> Context:
    domain = Domain.of(**BASE | ranges).where(*constraints)
    return Context(Claim("test", "test", Source("test"), experiment, Each(), domain, ()), given or {})


def closes(method, relation: Statement, where: Context) -> bool:
    return method.close(relation, where).status == "proved"


def test_unbalanced_pairs_need_two_layers_and_a_readout_that_is_long_enough():
    given = dict(zip(("one", "two"), two_layers.TANGENT, strict=True))
    axiom, relation = Axiom("invariant-pair", ("readout", "one", "two")), two_layers.CHAIN["readout"]
    assert closes(axiom, relation, context(given=given, L=2, imbalance=real_range(1, 3)))
    assert closes(axiom, relation, context(given=given, L=[2], imbalance=[1, 2]))
    assert closes(axiom, relation, context(given=given, L=2))
    assert not closes(axiom, relation, context(given=given, L=[2, 3]))
    assert not closes(axiom, relation, context(given=given, L=2, imbalance=real_range(Rational(1, 2), 3)))
    assert not closes(axiom, relation, context(given=given, L=2, imbalance=[Rational(1, 2), 2]))
    assert not closes(axiom, relation, context(given=given, L=2, experiment="deep-linear.frozen"))
    assert not closes(axiom, two_layers.CHAIN["first-layer"], context(given=given, L=2))
    assert not closes(axiom, relation, context(given={"one": two_layers.TANGENT[0], "two": relation}, L=2))
    for name in two_layers.MEANINGS:
        meaning = MEANINGS[name]
        assert closes(Means(name), meaning.relation, context(L=2, imbalance=real_range(1, 3)))
        assert not closes(Means(name), meaning.relation, context(L=2, imbalance=real_range(Rational(9, 10), 3)))
        assert not closes(Means(name), replace(meaning.relation, rhs=2 * meaning.relation.rhs), context(L=2))


FROZEN = {"layers": MEANINGS["frozen-layers"].relation, "predictor": MEANINGS["frozen-predictor"].relation}


def test_frozen_layers_are_a_line_only_if_first_and_aligned():
    for name in frozen_layers.MEANINGS:
        relation = MEANINGS[name].relation
        here = {"experiment": "deep-linear.frozen", "L": [2, 3]}
        assert closes(Means(name), relation, context(**here))
        assert not closes(Means(name), relation, context(**here, features="full-rank"))
        assert not closes(Means(name), relation, context(**here, frozen_end="last"))
        assert not closes(Means(name), relation, context(L=2))
    relation = MEANINGS["population"].relation
    assert closes(Means("population"), relation, context(inputs="population"))
    assert not closes(Means("population"), relation, context())


def test_a_convex_quadratic_needs_one_layer_that_trains():
    axiom = Axiom("convex-quadratic-flow", ("layers", "predictor"))
    relation = Statement(m.theta_S.T * (m.X.T * (m.X * m.beta - m.y)), "==", frozen_layers.ZERO)
    here = {"experiment": "deep-linear.frozen", "given": FROZEN}
    last = Eq(v.frozen, v.L - 1)
    assert closes(axiom, relation, context(last, **here, L=[2, 3], frozen=[1, 2]))
    assert closes(axiom, relation, context(**here, L=2))
    assert not closes(axiom, relation, context(**here, L=3))
    assert not closes(axiom, relation, context(v.frozen <= v.L - 1, **here, L=[2, 3], frozen=[1, 2]))
    assert not closes(axiom, relation, context(**here | {"given": {}}, L=2))
    assert not closes(axiom, relation, context(**here, L=2, features="full-rank"))


def test_what_trains_beside_frozen_layers_is_a_chain_only_if_aligned_and_balanced():
    given = dict(zip(("one", "two"), frozen_chain.TANGENT, strict=True))
    axiom, relation = Axiom("invariant-chain", ("one", "two")), frozen_chain.CHAIN
    here = {"experiment": "deep-linear.frozen", "L": [3, 5], "frozen": [1, 2]}
    assert closes(axiom, relation, context(**here, given=given))
    assert not closes(axiom, relation, context(**here, given=given, features="full-rank"))
    assert not closes(axiom, relation, context(**here, given=given, frozen_end="last"))
    assert not closes(axiom, relation, context(**here, given=given, imbalance=2))
    assert not closes(axiom, relation, context(given=given, L=[3, 5]))
    assert not closes(axiom, relation, context(**here, given={"one": given["one"], "two": given["one"]}))
    assert not closes(axiom, replace(relation, rhs=2 * relation.rhs), context(**here, given=given))
    for name in frozen_chain.MEANINGS:
        meaning = MEANINGS[name].relation
        assert closes(Means(name), meaning, context(**here))
        assert not closes(Means(name), meaning, context(**here, imbalance=2))
        assert not closes(Means(name), replace(meaning, lhs=2 * meaning.lhs), context(**here))


def test_the_pull_along_the_line_is_read_off_its_own_matrix_equation():
    inner = frozen_chain.any_multiple * m.theta_S.T * m.Sigma * m.theta_S - m.theta_S.T * m.Sigma * m.theta_T
    given = {"line": Statement(frozen_chain.GRADIENT, "==", m.n * inner)}
    reads = frozen_chain.multiple(t) * v.sigma_source_norm**2 - v.sigma_product
    pull = frozen_chain.Pull("line")
    assert closes(pull, equal(frozen_chain.pull(t), reads), context(given=given))
    assert not closes(pull, equal(frozen_chain.pull(t), -reads), context(given=given))
    assert not closes(pull, equal(frozen_chain.multiple(t), reads), context(given=given))
    assert not closes(pull, equal(frozen_chain.pull(t), reads), context())
    other = {"line": Statement(frozen_chain.GRADIENT, "==", inner)}
    assert not closes(pull, equal(frozen_chain.pull(t), reads), context(given=other))


def test_a_flow_on_the_line_tends_to_a_rest_that_it_cannot_pass():
    f, time = frozen_chain.multiple, t
    C, r = Symbol("C", positive=True), Symbol("r_0", positive=True)
    p = Symbol("p_0", real=True)

    def given(velocity, start=ONE):
        return {"flow": Statement(Derivative(f(time), time), "==", velocity), "start": equal(f(Integer(0)), start)}

    def supports(velocity, factor=C, power=p, rest=r, start=ONE, value=r):
        axiom = Axiom("scalar-flow", ("flow", "start", factor, power, rest))
        return closes(axiom, equal(Limit(f(time), time, oo), value), context(given=given(velocity, start)))

    good = -C * f(time) ** p * (f(time) - r)
    assert supports(good)
    assert supports(-C * (f(time) - r), power=Integer(0))
    assert not supports(-good)
    assert not supports(good, value=2 * r)
    assert not supports(good, start=-Integer(1))
    assert not supports(good, factor=2 * C)
    assert not supports(-good, factor=-C)
    assert not supports(-C * f(time) ** p * (f(time) + r), rest=-r, value=-r)
    assert not supports(-time * f(time) ** p * (f(time) - r), factor=time)
    assert not supports(good * frozen_chain.pull(time), factor=C * frozen_chain.pull(time))


def test_the_error_is_at_least_its_part_along_one_mode():
    factor = 1 - v.learning_rate * v.mode_eigenvalue
    closed = {"closed": equal(trajectory.e(v.steps), factor**v.steps * trajectory.e(Integer(0)))}
    top = (1 - v.learning_rate * trajectory.top) ** (2 * v.steps)
    where = {"experiment": "linear.stability", "step": real_range(1, 2), "steps": [5, 10]}
    axiom = Axiom("spectral-part", ("closed",))
    assert closes(axiom, at_least(v.error_growth**2, v.top_share * top), context(**where, given=closed))
    assert not closes(axiom, at_least(v.error_growth**2, top), context(**where, given=closed))
    assert not closes(axiom, at_least(v.error_growth**2, v.top_share * top), context(**where))
    moved = {"closed": equal(trajectory.e(v.steps), factor**v.steps * trajectory.e(Integer(0)) ** 2)}
    assert not closes(axiom, at_least(v.error_growth**2, v.top_share * top), context(**where, given=moved))


def test_an_entry_is_zero_only_if_its_own_matrix_is():
    o, other = Symbol("o", real=True), Symbol("o_2", real=True)
    matrix = m.theta_S.T * m.Sigma * (m.beta - m.theta_T)
    given = {"o": Statement(o, "==", matrix), "zero": Statement(matrix, "==", frozen_layers.ZERO)}
    entry = Entry("o", "zero")
    assert closes(entry, equal(o, 0), context(given=given))
    assert not closes(entry, equal(other, 0), context(given=given))
    assert not closes(entry, equal(o, 1), context(given=given))
    assert not closes(entry, equal(o, 0), context(given={"o": given["o"]}))
    wrong = Statement(m.theta_S.T * (m.beta - m.theta_T), "==", frozen_layers.ZERO)
    assert not closes(entry, equal(o, 0), context(given=given | {"zero": wrong}))
    wide = Statement(o, "==", MatrixSymbol("M", 2, 2))
    assert not closes(entry, equal(o, 0), context(given=given | {"o": wide}))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("deep-linear-unbalanced", {"imbalance": real_range(Rational(1, 2), 3)}),
        ("deep-linear-unbalanced", {"L": [2, 3]}),
        ("deep-linear-frozen", {"features": ["aligned", "full-rank"]}),
        ("deep-linear-frozen", {"frozen_end": ["first", "last"]}),
        ("deep-linear-frozen-attained", {"sigma": real_range(0, 1)}),
        ("deep-linear-frozen-attained", {"inputs": ["population", "gaussian"]}),
        ("deep-linear-frozen-isotropic", {"spectrum": ["isotropic", "power-law"]}),
        ("deep-linear-frozen-deeper", {"theta": real_range(0, 2)}),
        ("deep-linear-frozen-deeper", {"sigma": real_range(0, 1)}),
        ("deep-linear-frozen-deeper", {"inputs": ["population", "gaussian"]}),
        ("deep-linear-frozen-deeper", {"features": ["aligned", "full-rank"]}),
        ("deep-linear-frozen-deeper", {"imbalance": [1, 2]}),
    ],
)
def test_derivations_do_not_reach_beyond_their_domains(name, changes):
    (claim,) = find(name)
    assert derive(claim).status == "proved"
    assert derive(replace(claim, domain=claim.domain.with_ranges(**changes))).status in ("gap", "broken")


def test_a_wrong_sign_of_the_difference_breaks_the_derivation():
    (claim,) = find("deep-linear-unbalanced")
    steps = [
        replace(step, relation=Statement(step.relation.lhs, "==", -step.relation.rhs))
        if step.id == "floor-is"
        else step
        for step in claim.steps
    ]
    assert derive(replace(claim, steps=tuple(steps), corollaries=())).status in ("gap", "broken")
    wrong = equal(v.perp_ratio, Integer(1))
    assert derive(replace(claim, statements=(wrong,), corollaries=())).status != "proved"
