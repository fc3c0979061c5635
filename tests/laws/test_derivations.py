"""The laws of derivations over the whole catalog: all close, what is wrong is not concluded, no altered step closes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from parting import SHARD
from sympy import And, Derivative, Integer, Integral, Limit, Pow, Rational, Sum, Symbol, oo
from sympy.matrices.expressions.matexpr import MatrixExpr
from underived import UNDERIVED

from ftproofs.catalog import claims, families
from ftproofs.claim import Choices, Claim, Domain, Each, Range, Source, Statement, Step, Trend, real_range
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.derivation import close_steps, conclude, derive
from ftproofs.symbolic.methods import Let, Under
from ftproofs.symbolic.vocabulary import v

CLAIMS = [
    claim
    for claim in claims().values()
    if not (claim.published_refuted or isinstance(claim.quantifier, Trend) or claim.id in UNDERIVED)
]
VARIANTS = [(one, variant) for one in CLAIMS for variant in one.variants]


@pytest.mark.parametrize("one", [c for c in claims().values() if not c.published_refuted], ids=lambda c: c.id)
def test_every_claim_of_the_catalog_derives(one):
    found = derive(one)
    # Of trends nothing is derived.
    underived = isinstance(one.quantifier, Trend) or one.id in UNDERIVED
    assert found.status == ("none" if underived else "proved"), found.detail
    assert bool(one.steps) == (found.status == "proved")
    assert len(found.steps) == len(one.steps)
    assert len(found.corollaries) == len(one.corollaries)
    assert all(result.status in ("proved", "axiom") for result in (*found.steps, *found.corollaries))
    assert all(result.route for result in found.steps)
    cited = {step.by.name for step in one.steps if isinstance(step.by, Axiom)}
    assert cited <= set(found.axioms)


def parts(values: Sequence[Any]) -> list[Any]:
    """All of them as parameters; an ordinary run takes every twelfth."""
    return [
        pytest.param(value, marks=[] if number % 12 == SHARD % 12 else [pytest.mark.laws])
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize("variant", parts(VARIANTS), ids=lambda p: f"{p[0].id}-{p[1].id}")
def test_no_false_variant_derives_from_the_true_steps(variant):
    one, false = variant
    assert derive(replace(one.variant(false), steps=one.steps, corollaries=one.corollaries)).status != "proved"


def mutants(statement: Statement) -> Iterator[Statement]:
    """Wrong versions of a statement that differ from it and from ``x == x``."""
    seen = [statement]
    for mutant in changes(statement):
        if mutant not in seen and mutant.lhs != mutant.rhs:
            seen.append(mutant)
            yield mutant


def changes(statement: Statement) -> Iterator[Statement]:
    """Wrong versions of a statement; each is false on the catalog's domains."""
    lhs, rel, rhs = statement.lhs, statement.rel, statement.rhs
    if rel == "==":
        if rhs is oo:
            yield Statement(lhs, rel, Integer(1))
            return
        yield Statement(lhs, rel, rhs + 1)
        yield Statement(lhs, rel, rhs - Rational(1, 10**6))
        if rhs != 0:
            yield Statement(lhs, rel, 2 * rhs)
            yield Statement(lhs, rel, -rhs)
            yield Statement(lhs, rel, rhs * Rational(1000001, 1000000))
    else:
        up = rel in (">", ">=")
        if rhs != 0:
            yield Statement(lhs, rel, 2 * rhs if up else rhs / 2)
        yield Statement(lhs, "<=" if up else ">=", rhs)
        yield Statement(lhs, "==", rhs)
    if rhs.free_symbols:
        for power in sorted(rhs.atoms(Pow), key=str)[:3]:
            if power.exp.is_Integer and power.exp > 0:
                yield Statement(lhs, rel, rhs.xreplace({power: power.base ** (power.exp + 1)}))
    swaps = [
        (v.n, v.d),
        (v.source_norm, v.target_norm),
        (v.perp_source_norm, v.par_source_norm),
        (v.delta_risk, v.risk),
    ]
    for one, other in swaps:
        if one in rhs.free_symbols and rhs.subs(one, other) != rhs:
            yield Statement(lhs, rel, rhs.subs(one, other))


def same_on_domain(one: Claim, changed: Statement, statement: Statement) -> bool:
    """Whether a change is none where norms and angle are fixed: unit norms make one as good as the other."""
    choices = {
        symbol: one.domain[symbol.name].values
        for symbol in (v.source_norm, v.target_norm, v.theta)
        if symbol.name in one.domain and isinstance(one.domain[symbol.name], Choices)
    }
    if not choices or changed.rel != statement.rel or changed.lhs != statement.lhs:
        return False
    gap = changed.rhs - statement.rhs
    return all(gap.subs(dict(zip(choices, at, strict=True))).expand() == 0 for at in product(*choices.values()))


@pytest.mark.parametrize("one", parts(CLAIMS), ids=lambda c: c.id)
def test_no_mutant_of_a_statement_is_concluded(one):
    """The steps are closed once; then every mutant is compared with what they concluded."""
    closed = close_steps(one)
    assert conclude(one, closed)[0] == "proved"
    count = 0
    for statement in one.statements:
        for mutant in mutants(statement):
            if mutant in one.statements or same_on_domain(one, mutant, statement):
                continue
            status, detail = conclude(replace(one, statements=(mutant,)), closed)
            assert status in ("gap", "disproved"), mutant
            assert detail
            count += 1
    assert count >= 2


def alone(one: Claim, step: Step, relation: Statement):
    """The finding about a changed step, with the earlier steps' relations taken for granted."""
    relations = {s.id: s.relation for s in (*one.steps, *one.corollaries)}
    method, condition = step.by, sympy.true
    while isinstance(method, Under):
        method, condition = method.method, And(condition, method.condition)
    earlier = tuple(s.relation for s in one.steps[: one.steps.index(step)]) if step in one.steps else ()
    return method.close(relation, Context(one, {id: relations[id] for id in step.given}, earlier, condition))


FAMILY = {one.id: name for name, members in families().items() for one in members}


def steps_to_alter() -> list[Any]:
    """Every step on every domain, but a step that is borrowed from another family only where it comes from.

    On further domains than the first a step takes the same way to its end: an ordinary run leaves those out, and
    takes a third of the others.
    """
    owner: dict[Step, str] = {}
    found: dict[tuple[Step, Domain], tuple[Claim, Step]] = {}
    for one in CLAIMS:
        for step in (*one.steps, *one.corollaries):
            if owner.setdefault(step, FAMILY[one.id]) == FAMILY[one.id]:
                found[step, one.domain] = (one, step)
    seen: set[Step] = set()
    pairs = []
    for one, step in found.values():
        left_out = step in seen or len(seen) % 3 != SHARD % 3
        pairs.append(pytest.param((one, step), marks=[pytest.mark.laws] if left_out else []))
        seen.add(step)
    return pairs


STEPS = steps_to_alter()


@pytest.mark.parametrize("pair", STEPS, ids=lambda p: f"{p[0].id}-{p[1].id}")
def test_no_step_closes_when_its_relation_is_altered(pair):
    """Conclusions too: a wrong last step, fitted to a wrong statement, does not close."""
    one, step = pair
    if isinstance(step.by, Let):
        return
    relation = step.relation
    if isinstance(relation.lhs, MatrixExpr) or isinstance(relation.rhs, MatrixExpr):
        altered = [Statement(2 * relation.lhs, "==", relation.rhs)] if relation.rhs not in (0,) else []
        altered = [s for s in altered if not isinstance(s.rhs, sympy.ZeroMatrix)]
    else:
        altered = list(mutants(relation))
    for wrong in altered:
        if same_on_domain(one, wrong, relation):
            continue
        assert alone(one, step, wrong).status != "proved" or seems_true(one, wrong), wrong


def seems_true(one: Claim, statement: Statement) -> bool:
    """Whether an inequality between numbers holds at 400 points of the claim's domain: 0 <= 1 + r has true mutants."""
    gap = statement.rhs - statement.lhs
    if statement.rel != "<=" or gap.has(sympy.core.function.AppliedUndef, Derivative, Integral, Limit, Sum):
        return False
    rng = np.random.default_rng(0)

    def drawn(symbol: Symbol) -> float:
        extent = dict(one.domain.ranges).get(symbol.name)
        if isinstance(extent, Range):
            low, high = float(extent.low), float(extent.high)
            return float(rng.choice([low, high, rng.uniform(low, high)]))
        if extent is not None:
            return float(rng.choice([float(value) for value in extent.values]))
        size = float(rng.choice([0.0, 10 ** rng.uniform(-3, 3)]))
        return size + (1e-3 if symbol.is_positive else 0) if symbol.is_nonnegative else rng.choice([-1, 1]) * size

    for _ in range(400):
        value = gap.subs({symbol: drawn(symbol) for symbol in gap.free_symbols})
        if not (value.is_number and value.is_extended_real and float(value) >= 0):
            return False
    return True


def test_an_inequality_that_fails_somewhere_does_not_seem_true() -> None:
    domain = Domain.of(n=(2, 12), d=(2, 12), r=real_range(Rational(-9, 10), 1))
    one = Claim("test", "test", Source("test"), "linear.finetune", Each(), domain, ())
    r, x = Symbol("r", real=True), Symbol("x", real=True)
    assert seems_true(one, Statement(Integer(0), "<=", (1 + r) / 2))
    assert not seems_true(one, Statement(Integer(0), "<=", Rational(1, 2) + r))
    assert not seems_true(one, Statement(Integer(0), "==", 1 + r))
    assert not seems_true(one, Statement(Integer(0), "<=", Derivative(x**2, x, evaluate=False)))
