"""Errors: one line each, a stable code, and every code in use explained in the documentation."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ftproofs
from ftproofs.errors import FTError, KernelError, ResourceError, TrainingError, UsageError, nearest, unknown
from ftproofs.names import complete

ROOT = Path(ftproofs.__file__).parent
DOCS = Path(__file__).parents[1] / "docs" / "errors.md"


def codes_in_use() -> set[str]:
    """Every code that stands as a literal (alone or at the start of a message) in the source."""
    found: set[str] = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.findall(r"\A(FT\d{3})(?=:|\Z)", node.value))
    return found


def codes_explained() -> list[str]:
    return re.findall(r"^\| (FT\d{3}) \|", DOCS.read_text(), flags=re.MULTILINE)


def test_every_code_in_use_is_explained_once() -> None:
    explained = codes_explained()
    assert len(explained) == len(set(explained))
    assert set(explained) == codes_in_use()
    assert explained == sorted(explained)


def test_an_error_is_its_code_and_one_line() -> None:
    error = FTError("FT999", "found this, expected that")
    assert str(error) == "FT999: found this, expected that"
    assert (error.code, error.message, error.exit_status) == ("FT999", "found this, expected that", 2)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("FT300", "x"), 2),
        (KernelError("FT140", "x"), 2),
        (TrainingError("FT603", "x"), 2),
        (ResourceError("FT404", "x"), 75),
        (FTError("FT132", "x", exit_status=70), 70),
    ],
)
def test_exit_statuses(error: FTError, status: int) -> None:
    assert error.exit_status == status


def test_bad_input_is_also_a_value_error() -> None:
    with pytest.raises(ValueError, match="FT304"):
        complete("linear.finetune", {"n": 0, "d": 5, "theta": 0})


def test_the_nearest_names_come_first() -> None:
    known = ["linear-risk", "linear-endpoint", "deep-linear-endpoint"]
    assert nearest("linear-endpont", known).startswith("did you mean linear-endpoint")
    assert nearest("zzz", known) == "known: deep-linear-endpoint, linear-endpoint, linear-risk"
    error = unknown("claim", "linear-endpont", known, code="FT301")
    assert isinstance(error, UsageError)
    assert str(error).startswith("FT301: unknown claim 'linear-endpont'; did you mean linear-endpoint")


BAD = [
    ({"n": 5, "d": 8, "theta": 4}, "FT304", "theta"),
    ({"n": 5.5, "d": 8, "theta": 1}, "FT304", "integer"),
    ({"n": 5, "d": 8, "theta": "1"}, "FT304", "number"),
    ({"n": 5, "d": 8, "theta": 1, "sigma": float("nan")}, "FT304", "sigma"),
    ({"n": 5, "d": 8, "theta": 1, "source_norm": 0}, "FT304", "source_norm"),
    ({"n": 5, "d": 8, "theta": 1, "spectrum": "flat"}, "FT304", "isotropic"),
    ({"n": 5, "d": 8, "theta": 1, "sgma": 1}, "FT303", "sigma"),
    ({"n": 5, "theta": 1}, "FT306", "d"),
    ({"n": 5, "d": 8, "gamma": 0.9, "theta": 1}, "FT305", "fit"),
    ({"gamma": 0.9, "theta": 1}, "FT305", "alone"),
]


@pytest.mark.parametrize(("values", "code", "says"), BAD, ids=[f"{code}-{says}" for _, code, says in BAD])
def test_bad_parameters_are_refused_with_one_line(values: dict[str, object], code: str, says: str) -> None:
    with pytest.raises(UsageError) as info:
        complete("linear.finetune", values)  # type: ignore[arg-type]
    assert info.value.code == code
    assert says in info.value.message
    assert "\n" not in str(info.value)


def test_gamma_stands_for_n_or_d() -> None:
    assert complete("linear.finetune", {"d": 40, "gamma": 0.5, "theta": 0})["n"] == 20
    assert complete("linear.finetune", {"n": 20, "gamma": 0.5, "theta": 0})["d"] == 40
    assert "gamma" not in complete("linear.finetune", {"n": 20, "d": 40, "gamma": 0.5, "theta": 0})
