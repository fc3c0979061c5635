"""``eval``: certain digits of exact numbers, and hostile values refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from cli_helpers import document, one_line


def test_eval_meets_a_known_value(run: Any) -> None:
    words = ["eval", "A6_c", "A2=2.9", "b2=0.6", "s=1.1", "L=3"]
    found = document("eval", run(*words, "--json")[1])
    assert {"format", "claim", "at", "value", "lower", "upper", "digits"} <= set(found)
    assert found["format"] == 1
    assert found["claim"] == "A6_c"
    assert found["at"] == {"A2": "2.9", "b2": "0.6", "s": "1.1", "L": "3"}
    lower, value, upper = (float(found[key]) for key in ("lower", "value", "upper"))
    assert lower <= value <= upper
    # c^(2L/(L-1)) s^2 = A^2 + c^2 b^2 with b2 = b^2, A2 = A^2
    assert value**3 * 1.21 == pytest.approx(2.9 + value**2 * 0.6, rel=1e-14)
    status, out, _ = run(*words)
    assert status == 0
    assert found["value"] in out


def test_eval_at_infinite_depth(run: Any) -> None:
    found = document("eval", run("eval", "A6_c", "A2=4", "b2=1", "s=2", "L=inf", "--json")[1])
    # c^2 s^2 = A^2 + c^2 b^2
    assert float(found["value"]) == pytest.approx((4 / 3) ** 0.5, rel=1e-15)


def test_eval_reads_expressions_exactly(run: Any) -> None:
    same = [run("eval", "A6_c", "A2=" + a, "b2=1/4", "s=1", "L=2", "--json")[1] for a in ("2", "sqrt(2)**2", "8*.25")]
    assert len({document("eval", text)["value"] for text in same}) == 1


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("A5_split_bound", ["k=3", "delta=" + ",".join(["1/sqrt(50)"] * 50)], "2.75260467776463001478290270029"),
        ("A5_trace_bound", ["delta2=1"], "0.205933356693848111594323448458"),
        ("A5_min_bound_r2", [], "0.267085471691281895793120805232"),
    ],
)
def test_eval_bounds_of_a_spectrum(run: Any, name: str, words: list[str], value: str) -> None:
    eigenvalues = "eigenvalues=" + ",".join(f"{i}**(-3/2)" for i in range(1, 51))
    status, out, _ = run("eval", name, eigenvalues, "n=20", "t=1", *words, "--digits", "28", "--json")
    found = document("eval", out)
    assert status == 0
    assert abs(Fraction(found["value"]) - Fraction(value)) < Fraction(value) / 10**25
    assert Fraction(found["upper"]) - Fraction(found["lower"]) < Fraction(1, 10**24)


def test_eval_digits(run: Any) -> None:
    short, long = (
        document("eval", run("eval", "A6_c", "A2=2", "b2=1", "s=1", "L=3", "--digits", digits, "--json")[1])["value"]
        for digits in ("10", "200")
    )
    assert len(long) > 190
    assert float(short) == pytest.approx(float(long), rel=1e-9)


def test_eval_a_claim(run: Any) -> None:
    words = ["perp_source_norm=1/2", "min_norm=0.7", "L=3", "source_norm=1"]
    found = document("eval", run("eval", "deep-linear-endpoint", *words, "--json")[1])
    value = float(found["value"])
    assert value**3 == pytest.approx(0.49 + value**2 / 4, rel=1e-14)
    status, _, err = run("eval", "deep-linear-endpoint", "L=3")
    assert status == 2
    one_line(err, "FT306")
    assert "min_norm" in err


def test_eval_the_root_itself(run: Any) -> None:
    found = document("eval", run("eval", "depth_root", "L=3", "A=sqrt(2.9)", "b=sqrt(0.6)", "s=1.1", "--json")[1])
    known = document("eval", run("eval", "A6_c", "A2=2.9", "b2=0.6", "s=1.1", "L=3", "--json")[1])
    assert found["value"] == known["value"]
    assert found["at"] == {"L": "3", "A": "sqrt(2.9)", "b": "sqrt(0.6)", "s": "1.1"}


def test_eval_takes_the_defaults_of_the_claims_experiment(run: Any) -> None:
    words = ("eval", "linear-mean-risk", "n=20", "d=60", "delta_norm=sqrt(1.49)")
    quiet = document("eval", run(*words, "--json")[1])
    assert quiet["at"]["sigma"] == "0.0"
    assert float(quiet["value"]) == pytest.approx(2 / 3 * 1.49, rel=1e-15)
    noisy = document("eval", run(*words, "sigma=1/2", "--json")[1])
    assert float(noisy["value"]) == pytest.approx(2 / 3 * 1.49 + 0.25 * 20 / 39, rel=1e-15)


def test_eval_every_formula_of_a_claim(run: Any) -> None:
    _, text, _ = run("eval", "linear-endpoint", "pinv_noise_norm=2")
    assert "target_gap == pinv_noise_norm at pinv_noise_norm = 2" in text
    words = ("learning_rate=1/4", "mode_eigenvalue=2", "steps=3")
    found = document("eval", run("eval", "linear-early-stopping", *words, "--json")[1])
    assert [answer["value"] for answer in found["statements"]] == [found["value"], found["statements"][1]["value"]]
    assert [float(answer["value"]) for answer in found["statements"]] == [1 / 8, 7 / 16]
    constant = document("eval", run("eval", "linear-span", "--json")[1])
    assert (constant["value"], constant["at"]) == ("0", {})
    assert document("eval", run("eval", "linear-noise-infinite", "--json")[1])["value"] == "inf"


def test_a_value_outside_a_parameters_range_is_refused(run: Any) -> None:
    words = {"n": "20", "d": "60", "delta_norm": "1", "sigma": "1"}
    for change in ({"n": "0"}, {"n": "20.5"}, {"sigma": "-1/2"}, {"delta_norm": "-1"}, {"sigma": "inf"}):
        status, out, err = run("eval", "linear-mean-risk", *(f"{k}={v}" for k, v in (words | change).items()))
        assert (status, out) == (2, "")
        one_line(err, "FT304")


VALUES = [
    ("A2=", "FT103"),
    ("A2=\u0661", "FT104"),
    ("A2=" + "1+" * 300 + "1", "FT102"),
    ("A2=" + "sqrt(" * 30 + "1" + ")" * 30, "FT105"),
    ("A2=" + "-" * 60 + "1", "FT105"),
    ("A2=" + "9" * 41, "FT106"),
    ("A2=1e99", "FT106"),
    ("A2=0x10", "FT106"),
    ("A2=1_000", "FT106"),
    ("A2=2^2", "FT107"),
    ("A2=1+", "FT108"),
    ("A2=2x", "FT108"),
    ("A2=1#2", "FT108"),
    ("A2='a'", "FT111"),
    ("A2=True", "FT111"),
    ("A2=1j", "FT111"),
    ("A2=x", "FT112"),
    ("A2=__import__('os')", "FT117"),
    ("A2=open('f')", "FT117"),
    ("A2=().__class__", "FT119"),
    ("A2=(1).real", "FT119"),
    ("A2=9**9**9**9", "FT113"),
    ("A2=(((2**64)**64)**64)**64", "FT113"),
    ("A2=2**1000", "FT113"),
    ("A2=2**pi", "FT113"),
    ("A2=1/0", "FT114"),
    ("A2=0**-1", "FT114"),
    ("A2=1/(pi-pi)", "FT114"),
    ("A2=sqrt(-1)", "FT114"),
    ("A2=5//2", "FT115"),
    ("A2=5%2", "FT115"),
    ("A2=sqrt()", "FT118"),
    ("A2=sqrt(*1)", "FT116"),
    ("A2=sqrt(x=2)", "FT116"),
    ("A2=factorial(9)", "FT117"),
    ("A2=[1]", "FT119"),
    ("A2=lambda: 1", "FT119"),
    ("A2=1 if 1 else 2", "FT119"),
    ("A2=1<2", "FT119"),
    ("A2=inf", "FT304"),
    ("A2=-1", "FT304"),
    ("A2=1,2", "FT304"),
    ("L=1.5", "FT304"),
    ("L=0", "FT304"),
    ("__class__=1", "FT300"),
    ("=1", "FT300"),
]


@pytest.mark.parametrize(("word", "code"), VALUES, ids=[word[:30] for word, _ in VALUES])
def test_hostile_values_are_refused_with_one_line(run: Any, word: str, code: str) -> None:
    others = {"A2": "A2=2", "b2": "b2=1", "s": "s=1", "L": "L=3"}
    others.pop(word.split("=")[0], None)
    status, out, err = run("eval", "A6_c", word, *others.values())
    assert (status, out) == (2, "")
    one_line(err, code)


def test_lists_are_read_exactly() -> None:
    from sympy import Rational

    from ftproofs.cli.values import read_values

    assert read_values(["eigenvalues=4,2,1,.5"])["eigenvalues"][1] == (4, 2, 1, Rational(1, 2))
