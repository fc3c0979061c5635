"""The exported module: it needs NumPy alone, its numbers are those of balls, and what cannot be is refused."""

from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latex_helpers import HOSTILE

from ftproofs.catalog import claims
from ftproofs.errors import KernelError
from ftproofs.report.python import Formula, agreement, exported, formulas, module, points
from ftproofs.report.python.closure import Closure
from ftproofs.symbolic.kernels import error_units

#: Imports a module where of all that is installed only NumPy may be imported, and calls it.
ALONE = """
import importlib.util, json, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top == "numpy":
            return None
        raise ImportError(f"{name} is not NumPy")
sys.meta_path.insert(0, Refuse())
path, calls = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("exported", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
found = {name: [v.hex() for v in getattr(module, name)(**columns).tolist()] for name, columns in calls}
print(json.dumps([found, sorted(m.partition(".")[0] for m in sys.modules), module.__doc__]))
"""

#: One of every kind: a plain formula, an implicit root, a sum over pieces, two sides, functions of the penalty.
CLAIMS = (
    "linear-mean-risk",
    "deep-linear-endpoint",
    "linear-bias-mean",
    "linear-gaussian-bound",
    "diagonal-penalty",
    "diagonal-published-rich-limit",
)


def alone(path: Path, calls: list[tuple[str, dict[str, list[float]]]]) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", ALONE],
        input=json.dumps([str(path), calls]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def columns(formula: Formula, at: list[dict[str, float]]) -> dict[str, list[float]]:
    names = [symbol.name for symbol in formula.symbols]
    return {arg: [p[name] for p in at] for arg, name in zip(formula.arguments, names, strict=True)}


@pytest.mark.parametrize("name", CLAIMS)
def test_where_only_numpy_is_the_module_gives_what_balls_give(name: str, tmp_path: Path) -> None:
    claim = claims()[name]
    text, every, found = exported(claim)
    assert found.units <= 4
    (tmp_path / "m.py").write_text(text)
    at = points(claim, every, seed=11)[:12]  # other points than those it was compared at
    values, loaded, says = alone(tmp_path / "m.py", [(f.name, columns(f, at)) for f in every if f.symbols])
    assert not {"sympy", "torch", "scipy", "flint", "mpmath", "ftproofs"} & set(loaded)
    assert claim.title in says
    for statement in claim.statements:
        assert str(statement) in says
    for formula in every:
        for point, value in zip(at, values.get(formula.name, ()), strict=formula.name in values):
            row = tuple(point[symbol.name] for symbol in formula.symbols)
            assert error_units(formula.expr, formula.symbols, row, float.fromhex(value))[0] <= 4, (formula.name, row)


def test_shapes_broadcast_and_constants_have_them(tmp_path: Path) -> None:
    text, _, _ = exported(claims()["deep-linear-endpoint"])
    call = "perp_ratio(L=2, min_norm=np.ones((3, 1)), perp_source_norm=np.ones(4), source_norm=2.0)"
    (tmp_path / "m.py").write_text(f"{text}\nprint({call}.shape, fit_gap().shape)\n")
    done = subprocess.run([sys.executable, str(tmp_path / "m.py")], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "(3, 4) ()"


def test_the_module_is_clean_python() -> None:
    text, every, _ = exported(claims()["deep-linear-endpoint"])
    tree = ast.parse(text)
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(defined) == len(set(defined))
    assert {formula.name for formula in every} <= set(defined)
    imported = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    assert imported == {"numpy"}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in {formula.name for formula in every}:
            said = ast.get_docstring(node) or ""
            assert "float64" in said
            assert all(argument.arg in said for argument in node.args.kwonlyargs)
    assert "balls" not in text or "ball arithmetic at" in text
    assert "arXiv:2107.01641" in (ast.get_docstring(tree) or "")


def test_a_changed_module_is_refused() -> None:
    claim = claims()["deep-linear-endpoint"]
    every, at = formulas(claim), points(claim, formulas(claim))
    text = module(claim, every)
    assert agreement(text, every, at).units <= 4
    wrong = text.replace("_STEPS = 100", "_STEPS = 0").replace("_POLISH = 3", "_POLISH = 0")
    assert wrong != text
    with pytest.raises(KernelError, match=r"FT140.*perp_ratio"):
        agreement(wrong, every, at)
    with pytest.raises(KernelError, match=r"FT140.*does not run"):
        agreement(text + "\nraise SystemExit(3)", every, at)
    with pytest.raises(KernelError, match=r"FT140.*no point"):
        agreement(text, every, [])


@pytest.mark.parametrize(
    ("name", "reason"),
    [("deep-linear-infinite-depth", "FT141"), ("linear-noise-infinite", "FT117")],
)
def test_what_has_no_such_module_is_refused(name: str, reason: str) -> None:
    """A limit has no array code, an integral no enclosure."""
    with pytest.raises(Exception, match=reason):
        exported(claims()[name])


@pytest.mark.parametrize("share", [True, False])
def test_numbers_that_lose_a_digit_are_refused(share: bool) -> None:
    """As many steps of a factor near 1 do."""
    claim = claims()["linear-early-stopping"]
    every = formulas(claim)
    easy = {"learning_rate": 0.4, "mode_eigenvalue": 1.7, "steps": 10.0}
    hard = {"learning_rate": 1e-3, "mode_eigenvalue": 0.7, "steps": 100.0}
    text = module(claim, every, share=share)
    assert agreement(text, every, [easy]).units < 4
    with pytest.raises(KernelError, match=r"FT140.*mode_"):
        agreement(text, every, [easy, hard])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_in_the_docstring(text: str) -> None:
    base = claims()["linear-noise-mean"]
    claim = replace(base, title=text + '"""\nraise SystemExit\n"""', source=replace(base.source, reference=text))
    made = module(claim, formulas(claim))
    assert [type(a) for a in ast.parse(made).body] == [type(a) for a in ast.parse(module(base, formulas(base))).body]
    assert (ast.get_docstring(ast.parse(made)) or "").count("raise SystemExit") == 1


def _needs_more(xp: Any, x: Any) -> Any:
    return exported, x


def _by_itself(xp: Any, x: Any) -> Any:
    return _helper(x) * math.pi


def _helper(x: Any) -> Any:
    return np.exp(x)


def test_what_a_function_needs_comes_with_it() -> None:
    found = Closure()
    assert found.add(_by_itself) == "_by_itself"
    assert list(found.parts) == ["_helper", "_by_itself"]
    assert found.imports == {("math", "math"), ("numpy", "np")}
    with pytest.raises(KernelError, match="FT141"):
        Closure().add(_needs_more)
    with pytest.raises(KernelError, match="FT141"):
        Closure().add(lambda xp, x: found)
