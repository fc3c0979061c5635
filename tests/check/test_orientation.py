"""A statement and its mirror image are one claim: the same verdict, the same numbers, for every quantifier."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import Expr, Rational, cos, pi, sign

from ftproofs.catalog import find
from ftproofs.check import MemoryStore, check
from ftproofs.check.context import BUDGETS, Context
from ftproofs.check.diagnose import diagnose
from ftproofs.check.mutate import mutate
from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Probability, Quantifier, Source, Statement, real_range
from ftproofs.symbolic.orientation import mirrored, oriented
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

ANGLES = real_range(Rational(1, 10), pi / 2)
SMALL = Domain.of(n=(4, 12), d=(24, 32), theta=ANGLES)
NOISY = Domain.of(n=(4, 12), d=(24, 32), theta=ANGLES, sigma=real_range(Rational(1, 10), 1))
RATIOS = Domain.of(gamma=real_range(Rational(1, 10), Rational(1, 4)), theta=ANGLES)
CLOSE = Domain.of(n=(4, 12), d=(24, 32), theta=real_range(0, pi / 6), sigma=real_range(0, 1))
FAR = CLOSE.with_ranges(theta=real_range(2 * pi / 5, pi / 2))
LEVEL = Probability(Rational(19, 20))
SHARE = (1 - v.n / v.d) * v.delta_norm**2
GAIN = v.source_norm * (2 * v.target_norm * cos(v.theta) - v.source_norm)


def claim(quantifier: Quantifier, domain: Domain, statement: Statement) -> Claim:
    return Claim("test", "test", Source("test"), "linear.finetune", quantifier, domain, (statement,))


SCRATCH: Expr = v.noise_risk + v.perp_target_norm**2

#: One claim of each kind that ends so, and what its verdict is.
KINDS = [
    (claim(Each(), SMALL, equal(v.perp_delta_norm**2, v.risk)), "supported"),
    (claim(Each(), SMALL, at_most(v.delta_norm**2, v.risk)), "refuted"),
    (claim(Each(), NOISY, at_least(v.risk, v.noise_risk)), "supported"),
    (claim(Mean(), SMALL, equal(SHARE, v.risk)), "supported"),
    (claim(Mean(), SMALL, at_most(SHARE * 2, v.risk)), "refuted"),
    pytest.param(
        claim(Limit(), RATIOS, equal(v.delta_norm**2 * v.gamma, v.risk)), "refuted", marks=pytest.mark.slow, id="limit"
    ),
    (claim(LEVEL, CLOSE, at_least(SCRATCH, v.risk)), "supported"),
    (claim(LEVEL, FAR, at_least(SCRATCH, v.risk)), "refuted"),
    (claim(LEVEL, SMALL, at_least(2 * v.delta_norm**2, v.risk)), "undecided"),
]


@pytest.mark.parametrize(("asked", "word"), KINDS, ids=lambda value: str(getattr(value, "statements", [value])[0]))
def test_a_statement_and_its_mirror_image_end_alike(asked: Claim, word: str) -> None:
    store = MemoryStore()  # the second one finds the rows of the first: settings and draws are the same
    other = replace(asked, statements=tuple(map(mirrored, asked.statements)))
    first, second = (check(c, budget="low", device="cpu", store=store) for c in (asked, other))
    assert first.word == word
    assert (second.word, second.flags, second.experiment) == (first.word, first.flags, first.experiment)


def test_a_bound_is_vacuous_whichever_side_it_stands_on() -> None:
    asked = claim(LEVEL, SMALL, at_least(2 * v.delta_norm**2, v.risk))
    assert check(asked, budget="low", device="cpu").flags == ("vacuous",)


@pytest.mark.slow
def test_signs_have_two_sides_too() -> None:
    asked = Claim(
        "test", "test", Source("test"), "transfer.finetune", Mean(), SMALL, (equal(sign(GAIN), sign(v.transfer_gain)),)
    )
    store = MemoryStore()
    other = replace(asked, statements=tuple(map(mirrored, asked.statements)))
    first, second = (check(c, budget="low", device="cpu", store=store) for c in (asked, other))
    assert first.word == second.word
    assert first.experiment == second.experiment


def test_hints_name_the_side_that_was_written() -> None:
    wrong = equal(v.risk, v.perp_delta_norm**2 / 2)
    context = Context(MemoryStore(), BUDGETS["low"])
    hints = [diagnose(claim(Each(), SMALL, s), context) for s in (wrong, mirrored(wrong))]
    assert hints == [
        ("right after multiplying the right-hand side by 2",),
        ("right after multiplying the left-hand side by 2",),
    ]


def test_the_power_of_a_check_does_not_depend_on_the_side() -> None:
    asked = claim(Each(), SMALL, equal(v.risk, v.perp_delta_norm**2))
    store = MemoryStore()
    other = replace(asked, statements=tuple(map(mirrored, asked.statements)))
    first, second = (mutate(c, budget="low", device="cpu", store=store) for c in (asked, other))
    assert first.judged == second.judged


def test_every_statement_of_the_catalog_has_one_way_round() -> None:
    statements = [s for c in find() for one in (c, *c.false_variants()) for s in one.statements]
    assert len(statements) > 300
    for statement in statements:
        assert oriented(statement) in (statement, mirrored(statement))
        assert oriented(mirrored(statement)) == oriented(statement) == oriented(oriented(statement))
