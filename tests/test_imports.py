"""Imports run one way, and what is slow to import is imported late."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ftproofs
from ftproofs.claim import Range
from ftproofs.names import complete

ROOT = Path(ftproofs.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

CORE = {"names", "claim", "settings", "verdict", "errors", "ids"}
#: Which rooms each room may import from.  Nothing else may be added without changing the design.
MAY: dict[str, set[str]] = {
    "core": {"core"},
    "symbolic": {"core", "symbolic"},
    "numeric": {"core", "numeric"},
    "catalog": {"core", "symbolic", "catalog"},
    "decision": {"core", "numeric", "decision"},
    "check": {"core", "symbolic", "numeric", "catalog", "decision", "check"},
}
MAY["claimfile"] = {"core", "symbolic", "claimfile"}
MAY["check"].add("claimfile")
# What is measured is both wings beside one another; nothing but the command line asks for it.
MAY["bench"] = {"core", "symbolic", "numeric", "bench"}
for above, below in (("run", "check"), ("report", "run"), ("cli", "report")):
    MAY[above] = {*MAY[below], above}
MAY["cli"].add("bench")

#: Sends trusted claims to a process of its own; reads nothing that was stored or sent by anyone else.
#: The other one reads data sets that are pickles, and finds no name that a pickle may ask for but its own stand-ins.
PICKLES = {"symbolic/worker.py", "numeric/trends/cifar.py"}
#: Libraries a room must not import at all, at any depth of nesting.
MUST_NOT: dict[str, set[str]] = {
    "core": {"sympy", "torch", "flint", "mpmath", "scipy", "hypothesis", "rich", "typer"},
    "symbolic": {"torch", "hypothesis"},
    "numeric": {"sympy", "flint", "mpmath"},
    "decision": {"sympy", "flint", "mpmath", "torch", "hypothesis"},
    "catalog": {"torch", "hypothesis", "numpy", "scipy"},
}
#: The only files that import by name at run time: they find families and load public names lazily.
IMPORT_BY_NAME = {"__init__.py", "catalog/__init__.py"}
#: The only file that runs text as code: kernels, printed from expressions whose names are checked.
COMPILES = {"symbolic/kernels.py"}


def room(module: str) -> str:
    """The room of a module ``ftproofs...``; the package itself counts as core (it holds the version)."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] in CORE:
        return "core"
    return "cli" if parts[1] in ("__main__", "pytest_plugin") else parts[1]


def module_of(path: Path) -> str:
    parts = ["ftproofs", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[str, int]]:
    """Every imported module, wherever in the file the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".") if is_package else module.split(".")[:-1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, *([base] if base else [])])
            yield base, node.lineno
            for alias in node.names:
                # ``from ftproofs import x`` may import the module ftproofs.x
                candidate = ROOT.joinpath(*base.split(".")[1:], alias.name)
                if base.split(".")[0] == "ftproofs" and (candidate.with_suffix(".py").exists() or candidate.is_dir()):
                    yield f"{base}.{alias.name}", node.lineno


def type_checking_only(tree: ast.Module) -> set[int]:
    """Lines inside ``if TYPE_CHECKING:``."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for child in node.body:
                lines.update(range(child.lineno, (child.end_lineno or child.lineno) + 1))
    return lines


def violations(source: str, module: str, *, is_package: bool) -> list[str]:
    tree = ast.parse(source)
    here, ignored = room(module), type_checking_only(tree)
    found = []
    for imported, line in imports(tree, module, is_package=is_package):
        if line in ignored:
            continue
        top = imported.split(".")[0]
        if top == "ftproofs":
            if room(imported) not in MAY[here]:
                found.append(f"{module}:{line} imports {imported}")
        elif top in MUST_NOT.get(here, set()):
            found.append(f"{module}:{line} imports {imported}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_arrow_against_the_design(path: Path) -> None:
    module = module_of(path)
    assert room(module) in MAY, f"{module} is in no room of the design"
    assert violations(path.read_text(), module, is_package=path.name == "__init__.py") == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_else_imports_by_name_or_runs_text(path: Path) -> None:
    tree = ast.parse(path.read_text())
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    bare = {func.id for func in called if isinstance(func, ast.Name)}
    names = bare | {func.attr for func in called if isinstance(func, ast.Attribute)}
    place = path.relative_to(ROOT).as_posix()
    if place not in IMPORT_BY_NAME:
        assert not names & {"import_module", "__import__"}
    if place not in COMPILES:
        assert not bare & {"exec", "eval", "compile"}
    assert not names & {"parse_expr"}
    if place not in PICKLES:
        read = {name for name, _ in imports(tree, module_of(path), is_package=False)}
        assert not read & {"pickle", "marshal", "yaml"}


@pytest.mark.parametrize(
    ("module", "source", "bad"),
    [
        ("ftproofs.symbolic.zero", "import torch", True),
        ("ftproofs.symbolic.zero", "def f():\n    from torch import nn", True),
        ("ftproofs.symbolic.zero", "from ftproofs.numeric import tasks", True),
        ("ftproofs.symbolic.zero", "from ftproofs import numeric", True),
        ("ftproofs.symbolic.zero", "from ..numeric import tasks", True),
        ("ftproofs.symbolic.zero", "from .. import numeric", True),
        ("ftproofs.symbolic.zero", "from . import balls", False),
        ("ftproofs.symbolic.zero", "import sympy, flint", False),
        ("ftproofs.numeric.tasks", "import sympy.core", True),
        ("ftproofs.numeric.tasks", "from ftproofs.names import PARAMETERS", False),
        ("ftproofs.claim", "import sympy", True),
        ("ftproofs.claim", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import sympy", False),
        ("ftproofs.claim", "import ftproofs.symbolic", True),
        ("ftproofs.catalog.linear", "from ftproofs.check import check", True),
        ("ftproofs.check", "from ftproofs.run.ledger import Ledger", True),
        ("ftproofs.run.ledger", "from ftproofs.report import results", True),
        ("ftproofs.report.tables", "from ftproofs.cli import app", True),
        ("ftproofs.cli.app", "from ftproofs.run.replay import replay", False),
    ],
)
def test_the_reader_of_imports_sees(module: str, source: str, bad: bool) -> None:
    assert bool(violations(source, module, is_package=False)) is bad


# -- at run time ---------------------------------------------------------------

HEAVY = ("sympy", "torch", "scipy", "hypothesis", "numpy")


def loaded_by(code: str) -> set[str]:
    """The heavy libraries a fresh interpreter has loaded after running the code."""
    probe = f"{code}\nimport sys\nprint('LOADED', *(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def command(*words: str) -> str:
    return f"from ftproofs.cli import main\nassert main({list(words)!r}) == 0"


def test_the_package_and_its_core_load_nothing_heavy() -> None:
    assert loaded_by("import ftproofs, ftproofs.ids, ftproofs.verdict, ftproofs.names") == set()


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["check", "--help"], ["experiments"], []])
def test_help_and_version_load_neither_sympy_nor_torch(words: list[str]) -> None:
    assert loaded_by(command(*words)) == set()


@pytest.mark.parametrize("words", [["list"], ["list", "linear", "--variants"], ["show", "linear-endpoint"]])
def test_browsing_loads_no_torch(words: list[str]) -> None:
    assert not loaded_by(command(*words)) & {"torch", "hypothesis"}


@pytest.mark.parametrize(
    "words", [["check", "--seed", "-1"], ["check", "--settings", "0"], ["replay", "ft1-x"], ["nonsense"]]
)
def test_bad_usage_loads_nothing_heavy(words: list[str]) -> None:
    assert loaded_by(command(*words).replace("== 0", "== 2")) == set()


@pytest.mark.parametrize("wing", ["symbolic", "catalog"])
def test_the_symbolic_side_never_loads_torch(wing: str) -> None:
    modules = ", ".join(module_of(path) for path in FILES if room(module_of(path)) == wing)
    assert not loaded_by(f"import {modules}") & {"torch", "hypothesis"}


def test_the_public_names_are_what_they_say() -> None:
    """In a fresh interpreter, where the module `ftproofs.check` is imported before the function is asked for."""
    code = """
import ftproofs, ftproofs.check, ftproofs.check.context
from ftproofs import check, claims, replay, strategies
assert callable(check) and callable(replay) and callable(strategies)
assert not isinstance(check, type(ftproofs))
assert ftproofs.check is check
assert 'linear-endpoint' in claims
assert set(ftproofs.__all__) <= set(dir(ftproofs))
try:
    ftproofs.nothing
except AttributeError as error:
    assert 'nothing' in str(error)
else:
    raise SystemExit('no error')
"""
    loaded_by(code)


@settings(max_examples=25)
@given(st.data())
def test_a_claims_settings_are_complete_and_in_its_domain(data: st.DataObject) -> None:
    claim = ftproofs.claims["linear-endpoint"]
    values = data.draw(ftproofs.strategies(claim))
    assert complete(claim.experiment, values) == values
    n, d = values["n"], values["d"]
    assert 3 * n >= 4 * d or 4 * n <= 3 * d
    for name, allowed in claim.domain.ranges:
        low, high = (allowed.low, allowed.high) if isinstance(allowed, Range) else (None, None)
        assert values[name] in allowed.values if low is None else float(low) <= values[name] <= float(high) + 1e-12


def test_help_starts_about_as_fast_as_an_empty_app() -> None:
    """Asserted above by what is imported; timed here and reported, since a busy machine may be slow at will."""
    empty = (
        "import typer\napp = typer.Typer()\n@app.command()\ndef f():\n    pass\napp(['--help'], standalone_mode=False)"
    )
    times: dict[str, list[float]] = {"ours": [], "empty": []}
    for _ in range(5):
        for name, code in (("ours", command("--help")), ("empty", empty)):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
            times[name].append(time.perf_counter() - begin)
    ratio = statistics.median(times["ours"]) / statistics.median(times["empty"])
    if ratio > 1.5:
        warnings.warn(f"--help took {ratio:.2f} times as long as an empty app's (target 1.5)", stacklevel=1)
