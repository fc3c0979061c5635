"""The law suite: what every claim of the catalog must satisfy, whoever wrote it.

Adding a family adds its claims here with no edit.  Rows are shared between a claim
and its variants, as they are in any run.  Whole checks are parted (`parting`): an
ordinary run makes some of them, ``make laws`` all.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from parting import parted
from underived import UNDERIVED

from ftproofs.catalog import claims
from ftproofs.check import MemoryStore, check
from ftproofs.claim import Choices, Domain, Range, Source, Trend, log_range, real_range
from ftproofs.ids import decode
from ftproofs.names import EXPERIMENTS, MEASUREMENTS, PARAMETERS
from ftproofs.run.replay import replay
from ftproofs.symbolic.vocabulary import symbol_names, v

CLAIMS = claims()


@pytest.mark.parametrize("name", parted(CLAIMS))
def test_claim_passes_and_its_variants_are_refuted(name: str) -> None:
    """The word is as expected, each counterexample replays bit for bit, and names decide nothing."""
    claim = CLAIMS[name]
    store = MemoryStore()
    verdict = check(claim, budget="low", device="cpu", store=store)
    assert verdict.as_expected, f"{verdict.word}: {verdict.experiment.detail} {verdict.derivation}"
    if claim.published_refuted:
        assert verdict.experiment.status == "refuted"
        for seen in (verdict.experiment.simplest, verdict.experiment.worst):
            assert seen is not None
            _replays(seen.id, store)
    for variant in claim.false_variants():
        found = check(variant, budget="low", device="cpu", store=store)
        assert found.word == "refuted", f"{variant.id}: {found.word}, {found.experiment.detail}"
        if claim.untrained:
            assert found.derivation.status == "disproved"
            assert "differ" in found.derivation.detail
            continue
        assert found.experiment.status == "refuted"
        for seen in (found.experiment.simplest, found.experiment.worst):
            assert seen is not None
            _replays(seen.id, store)
    # What names could decide they would decide for a claim as for its variants: one of each is enough.
    for variant in claim.false_variants()[:1]:
        anonymous = replace(
            variant, id="x", title="", source=Source(""), expected=None, variants=(), uses=(), corollaries=()
        )
        assert check(anonymous, budget="low", device="cpu", store=store).word == "refuted"
    anonymous = replace(claim, id="x", title="", source=Source(""), expected=None, variants=(), uses=())
    assert check(anonymous, budget="low", device="cpu", store=store).word == verdict.word


def _replays(setting_id: str, store: MemoryStore) -> None:
    known, row = decode(setting_id), replay(setting_id, device="cpu")
    stored = [
        (rows, case)
        for rows in store.rows()
        for case, setting in enumerate(rows.block.settings)
        if (setting, rows.block.engine, rows.block.method) == (known.setting, known.engine, known.method)
        and len(rows.block) == known.batch
    ]
    assert stored, "the counterexample's row is not in the store"
    for rows, case in stored:
        for measurement, values in rows.values.items():
            assert values[case].tobytes() == row.values[measurement][0].tobytes(), measurement


@pytest.mark.parametrize("name", claims(variants=True))
def test_claim_speaks_its_experiments_language(name: str) -> None:
    """Every name of a statement, domain and constraint is one the experiment offers."""
    claim = claims(variants=True)[name]
    spec = EXPERIMENTS[claim.experiment]
    chosen = set(spec.parameters) | ({"gamma"} if {"n", "d"} <= set(spec.parameters) else set())
    offered = chosen | set(spec.measurements)
    for statement in claim.statements:
        for expression in (statement.lhs, statement.rhs):
            spoken = {n for n in symbol_names(expression) if n in PARAMETERS or n in MEASUREMENTS}
            assert spoken <= offered
    for parameter, _ in claim.domain.ranges:
        assert parameter in chosen


@pytest.mark.parametrize("name", claims(variants=True))
def test_no_statement_says_that_something_is_itself(name: str) -> None:
    """SymPy evaluates what it is given: a statement whose sides came out the same says nothing."""
    assert all(statement.lhs != statement.rhs for statement in claims(variants=True)[name].statements)


@pytest.mark.parametrize("name", CLAIMS)
def test_claim_names_its_source_and_what_it_uses(name: str) -> None:
    claim = CLAIMS[name]
    assert claim.source.reference
    assert set(claim.uses) <= set(CLAIMS)
    assert claim.title
    if isinstance(claim.quantifier, Trend):
        assert not claim.steps, "a trend is measured, not derived"
    else:
        assert claim.steps or claim.published_refuted or name in UNDERIVED, "a claim of the catalog has a derivation"
        assert not (claim.steps and name in UNDERIVED), "a claim with a derivation is listed as one without"


PUBLISHED = [name for name, claim in CLAIMS.items() if claim.published_refuted]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_form_that_fails_stands_beside_the_one_that_holds(name: str) -> None:
    claim = CLAIMS[name]
    assert claim.expected == "refuted"
    assert not claim.steps
    assert claim.corrected is not None
    corrected = CLAIMS[claim.corrected]
    assert corrected.expected is None
    assert (corrected.experiment, corrected.quantifier) == (claim.experiment, claim.quantifier)
    assert within(claim.domain, corrected.domain)


def within(part: Domain, whole: Domain) -> bool:
    """Whether a domain surely lies in another: range by range, and with all its constraints."""
    if not set(whole.constraints) <= set(part.constraints) or {name for name, _ in part.ranges} != {
        name for name, _ in whole.ranges
    }:
        return False
    return all(_inside(extent, whole[name]) for name, extent in part.ranges)


def _inside(part: Range | Choices, whole: Range | Choices) -> bool:
    if isinstance(whole, Choices):
        return isinstance(part, Choices) and set(part.values) <= set(whole.values)
    ends = (part.low, part.high) if isinstance(part, Range) else part.values
    return all(float(whole.low) <= float(end) <= float(whole.high) for end in ends)


def test_a_domain_that_sticks_out_is_not_within() -> None:
    whole = Domain.of(c=log_range(1, 4), r=[0, 1]).where(v.c > v.r)
    assert within(whole, whole)
    assert within(whole.with_ranges(c=2, r=1), whole)
    for part in (
        whole.with_ranges(c=log_range(1, 5)),
        whole.with_ranges(r=2),
        whole.with_ranges(r=real_range(0, 1)),
        whole.with_ranges(d=3),
        whole.without_constraints(),
    ):
        assert not within(part, whole)
