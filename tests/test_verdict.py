"""The join of the two legs, cell by cell, and the exit status of a run."""

from __future__ import annotations

import pytest

from ftproofs.verdict import (
    CONJECTURAL,
    DERIVATION_STATUSES,
    EXPERIMENT_STATUSES,
    Derivation,
    Evidence,
    Verdict,
    Word,
    as_json,
    exit_status,
    join,
)

# Written out by hand, so that it is a second source and not the code again.
# Columns: certified, supported, refuted, undecided, error, none.
TABLE: dict[str, str] = {
    "proved": "proved proved refuted undecided error proved",
    "probable": "supported supported refuted undecided error supported",
    "broken": "supported supported refuted undecided error undecided",
    "gap": "supported supported refuted undecided error undecided",
    "none": "supported supported refuted undecided error undecided",
    "disproved": "refuted refuted refuted refuted refuted refuted",
}
COLUMNS = ("certified", "supported", "refuted", "undecided", "error", "none")
CELLS = [
    (row, column, word) for row, words in TABLE.items() for column, word in zip(COLUMNS, words.split(), strict=True)
]


def test_the_table_has_every_status() -> None:
    assert set(TABLE) == set(DERIVATION_STATUSES)
    assert set(COLUMNS) == set(EXPERIMENT_STATUSES)
    assert len(CELLS) == 36


@pytest.mark.parametrize(("derivation", "experiment", "word"), CELLS)
def test_join(derivation, experiment, word) -> None:  # type: ignore[no-untyped-def]
    found, flags = join(Derivation(derivation), experiment)
    assert found == word
    broken = derivation == "broken" and word == "supported"
    assert flags == (("broken-proof",) if broken else ())


@pytest.mark.parametrize("axiom", sorted(CONJECTURAL))
@pytest.mark.parametrize("experiment", COLUMNS)
def test_a_conjecture_caps_a_proof_at_probable(axiom, experiment) -> None:  # type: ignore[no-untyped-def]
    capped = join(Derivation("proved", axioms=("wishart-moments", axiom)), experiment)
    assert capped == join(Derivation("probable"), experiment)


def test_a_conjecture_never_lifts_a_weaker_derivation() -> None:
    for status in ("broken", "gap", "none", "disproved"):
        for experiment in EXPERIMENT_STATUSES:
            assert join(Derivation(status, axioms=("replica",)), experiment) == join(Derivation(status), experiment)


def test_ordinary_axioms_cap_nothing() -> None:
    assert join(Derivation("proved", axioms=("wishart-moments", "gordon")), "certified") == ("proved", ())


def verdict(word: Word, expected: str | None = None) -> Verdict:
    return Verdict("claim", word, Derivation("none"), Evidence("none", "each", 1e-6), expected)


# word, expected, status of a run with this verdict alone
EXITS = [
    ("proved", None, 0),
    ("supported", None, 0),
    ("refuted", None, 1),
    ("undecided", None, 3),
    ("error", None, 3),
    ("proved", "refuted", 1),
    ("supported", "refuted", 1),
    ("refuted", "refuted", 0),
    ("undecided", "refuted", 3),
    ("error", "refuted", 3),
    ("refuted", "supported", 1),
    ("supported", "supported", 0),
    ("undecided", "undecided", 0),
    ("refuted", "undecided", 1),
]


@pytest.mark.parametrize(("word", "expected", "status"), EXITS)
def test_exit_status_of_one(word, expected, status) -> None:  # type: ignore[no-untyped-def]
    assert exit_status([verdict(word, expected)]) == status
    assert exit_status([verdict("proved"), verdict(word, expected), verdict("refuted", "refuted")]) == status


def test_exit_status_of_several() -> None:
    assert exit_status([]) == 0
    assert exit_status([verdict("undecided"), verdict("refuted")]) == 1
    assert exit_status([verdict("refuted"), verdict("error")]) == 1
    assert exit_status([verdict("error"), verdict("proved")]) == 3


def test_undecided_is_never_a_pass() -> None:
    for word in ("undecided", "error", "refuted"):
        assert not verdict(word).as_expected
    for word in ("undecided", "error", "proved", "supported"):
        assert not verdict(word, "refuted").as_expected


def test_numbers_that_json_lacks_become_text() -> None:
    inf = float("inf")
    assert as_json({"a": (1, inf, [-inf, float("nan")]), 2: True, "n": None}) == {
        "a": [1, "inf", ["-inf", "nan"]],
        "2": True,
        "n": None,
    }
