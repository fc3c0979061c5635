"""Two unbalanced layers and frozen layers: formulas, and theorems and meanings only under their hypotheses."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from sympy import Eq, Integer, MatrixSymbol, Rational, Symbol, sqrt, symbols

from ftproofs.catalog import find
from ftproofs.claim import Claim, Domain, Each, Source, Statement, log_range, real_range
from ftproofs.symbolic import balls, frozen_layers, two_layers
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
from ftproofs.symbolic.vocabulary import equal, v

A, b, s, a0 = symbols("A b s a0", positive=True)


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
