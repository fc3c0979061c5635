"""Theorems on a part of a Wishart matrix: true of drawn matrices, and cited only where they apply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sympy import Expr, Symbol, lambdify

from ftproofs.catalog import claims
from ftproofs.claim import Each
from ftproofs.symbolic import federated_pool as p
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.federated import pooled_spread
from ftproofs.symbolic.vocabulary import equal, v

CLAIM = claims()["federated-pooled-error"]
SIZES = {"n": 5, "d": 4, "clients": 3}
N = 15


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    """Numbers read off 40000 pools of three clients, by the names of their symbols; shape (draw,)."""
    X = np.random.default_rng(11).standard_normal((40_000, 3, SIZES["n"], SIZES["d"]))
    parts = np.einsum("tmni,tmnj->tmij", X, X)
    W, one = parts.sum(axis=1), parts[:, 0]
    values, basis = np.linalg.eigh(W)
    back = np.einsum("tij,tj,tkj->tik", basis, values**-0.5, basis)
    share = back @ one @ back
    traces = {
        "pool_trace": W,
        "pool_square": W @ W,
        "pool_inverse": np.linalg.inv(W),
        "part_trace": one,
        "part_square": one @ one,
        "part_spread": np.linalg.inv(W @ W) @ one @ one,
    }
    found = {name: np.trace(matrix, axis1=1, axis2=2) for name, matrix in traces.items()}
    return found | {"share_11": share[:, 0, 0], "share_22": share[:, 1, 1], "share_12": share[:, 0, 1]}


def means(expr: Expr, drawn: dict[str, np.ndarray]) -> float:
    """The expression with every mean taken over the draws."""

    def mean(inner: Expr) -> Expr:
        names = sorted(inner.free_symbols, key=str)
        return Symbol("x") * 0 + float(np.mean(lambdify(names, inner)(*(drawn[str(name)] for name in names))))

    return float(expr.replace(E, mean).subs({v.n: SIZES["n"], v.d: SIZES["d"], v.clients: SIZES["clients"]}).doit())


@pytest.mark.parametrize(
    "relation",
    [
        p.inverse_of_pool(Context(CLAIM)),
        p.trace_of_pool(Context(CLAIM)),
        *(p.wishart_moments(Context(CLAIM), name) for name in (p.square, p.trace**2, p.part_square, p.part_trace**2)),
        *(p.wishart_part(Context(CLAIM), name) for name in (p.part_square, p.part_trace**2, p.part_spread)),
        equal(E(p.part_spread), v.d / v.clients * pooled_spread(v.n, v.d, v.clients)),
    ],
    ids=str,
)
def test_what_theorems_say_is_true_of_drawn_matrices(relation, drawn) -> None:
    lhs, rhs = means(relation.lhs, drawn), means(relation.rhs, drawn)
    assert lhs == pytest.approx(rhs, rel=0.015)


def test_they_are_about_means_and_one_local_step() -> None:
    relation = p.inverse_of_pool(Context(CLAIM))
    axiom = Axiom("wishart-inverse-pool")
    assert axiom.close(relation, Context(CLAIM)).status == "proved"
    several = replace(CLAIM, domain=CLAIM.domain.with_ranges(local_steps=[1, 5]))
    for other in (several, replace(CLAIM, quantifier=Each()), claims()["federated-ftfa-mean"]):
        assert axiom.close(relation, Context(other)).status == "undecided"


def test_a_mean_square_needs_the_normal_equations() -> None:
    relation = next(step.relation for step in CLAIM.steps if step.id == "mean")
    axiom = Axiom("deviations-and-noise", ("normal",))
    given = {step.id: step.relation for step in CLAIM.steps if step.id in ("normal", "round")}
    assert axiom.close(relation, Context(CLAIM, given)).status == "proved"
    assert axiom.close(relation, Context(CLAIM, {"normal": given["round"]})).status == "undecided"
