"""Names as symbols: assumptions, exactness, refusals."""

from fractions import Fraction

import pytest
import sympy
from sympy import Rational, Symbol, cos, pi

from ftproofs.claim import Statement
from ftproofs.errors import UsageError
from ftproofs.names import MEASUREMENTS, PARAMETERS
from ftproofs.symbolic import vocabulary
from ftproofs.symbolic.vocabulary import SYMBOLS, v


def test_every_number_has_a_symbol_and_choices_have_none():
    numbers = {name for name, p in PARAMETERS.items() if p.kind != "choice"} | set(MEASUREMENTS)
    assert set(SYMBOLS) == numbers
    assert not hasattr(v, "spectrum")
    assert v.risk is SYMBOLS["risk"]


@pytest.mark.parametrize(
    ("name", "known", "unknown"),
    [
        ("L", {"integer": True, "positive": True}, {"even"}),
        ("gamma", {"positive": True, "real": True}, {"integer"}),
        ("sigma", {"nonnegative": True}, {"positive", "zero"}),
        ("spikes", {"integer": True, "nonnegative": True}, {"positive"}),
        ("perp_alignment", {"real": True}, {"nonnegative"}),
        ("risk", {"nonnegative": True}, {"positive"}),
    ],
)
def test_assumptions_come_from_kind_and_sign_and_nothing_else(name, known, unknown):
    for assumption, value in known.items():
        assert getattr(SYMBOLS[name], f"is_{assumption}") is value
    for assumption in unknown:
        assert getattr(SYMBOLS[name], f"is_{assumption}") is None


def test_gamma_below_one_is_not_assumed():
    assert sympy.sqrt((1 - v.gamma) ** 2) == sympy.Abs(v.gamma - 1)


def test_statements_are_exact():
    assert vocabulary.equal(v.risk, 1) == Statement(v.risk, "==", sympy.Integer(1))
    assert vocabulary.at_most(v.risk, Fraction(1, 3)).rhs == Rational(1, 3)
    relations = [
        f(v.n, v.d).rel
        for f in (vocabulary.equal, vocabulary.at_most, vocabulary.at_least, vocabulary.less, vocabulary.greater)
    ]
    assert relations == ["==", "<=", ">=", "<", ">"]


@pytest.mark.parametrize("bad", [0.1, sympy.Float("0.1"), v.risk * 0.5, cos(v.theta + sympy.Float(1))])
def test_floats_are_refused(bad):
    with pytest.raises(UsageError, match=r"FT110.*exact rationals"):
        vocabulary.equal(v.risk, bad)


@pytest.mark.parametrize("bad", ["risk", True, None, [1], v.n < v.d])
def test_text_and_other_literals_are_refused(bad):
    with pytest.raises(UsageError, match="FT111"):
        vocabulary.equal(v.risk, bad)


def test_text_is_never_evaluated(tmp_path):
    path = tmp_path / "ran"
    with pytest.raises(UsageError, match="FT111"):
        vocabulary.equal(v.risk, f"open({str(path)!r}, 'w')")
    assert not path.exists()


def test_a_namesake_with_other_assumptions_is_refused():
    with pytest.raises(UsageError, match=r"FT112.*'risk'"):
        vocabulary.equal(Symbol("risk"), 1)
    assert vocabulary.equal(Symbol("N", positive=True), 1).lhs == Symbol("N", positive=True)


@pytest.mark.parametrize("bad", ["__x", "x__class__", "a;b", "1x", "с", "", "x\n", r"\input{a}", "x" * 41, "a b"])
def test_names_that_could_be_code_are_refused(bad):
    with pytest.raises(UsageError, match="FT120"):
        vocabulary.check_name(bad)


def test_all_vocabulary_names_may_be_code():
    assert [vocabulary.check_name(name) for name in SYMBOLS] == list(SYMBOLS)


def test_names_of_expressions():
    assert vocabulary.symbol_names(v.n / v.d + pi) == {"n", "d"}
    assert vocabulary.symbol_names(v.n < v.d) == {"n", "d"}
