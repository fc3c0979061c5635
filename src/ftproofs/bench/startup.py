"""cli.help and cli.list: how long a command takes to start, in programs of their own."""

from __future__ import annotations

import sys

from ftproofs.bench.entries import ENTRIES
from ftproofs.bench.measure import Plan, program, programs
from ftproofs.bench.outcome import Outcome, Side

#: Without the coloured boxes, as ftproofs: with them it takes about twice as long.
EMPTY = """import typer
app = typer.Typer(add_completion=False, rich_markup_mode=None)
@app.command()
def f():
    pass
app(['--help'], standalone_mode=False)
"""
HEAVY = "import torch, sympy"
#: ``--help`` may take so many times an empty app's start, and has to be so many times quicker than heavy imports.
MOST, LEAST = 1.5, 8.0


def _command(*words: str) -> str:
    return f"from ftproofs.cli import main\nmain({list(words)!r})"


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def help_(plan: Plan) -> list[Outcome]:
    """Against an app that does nothing, and against the imports that a check cannot do without."""
    entry, codes = ENTRIES["cli.help"], {"ours": _command("--help"), "empty": EMPTY, "heavy": HEAVY}
    works = {name: program(_python(code)) for name, code in codes.items()}
    seconds = programs(works, 3 if plan.quick else 2 * plan.turns)
    ours = Side("ftproofs --help", seconds["ours"])
    return [
        Outcome(
            entry,
            "at most 1.5 times an empty app's",
            ours,
            Side("an empty typer app's --help", seconds["empty"]),
            1 / MOST,
        ),
        Outcome(entry, "without torch and sympy", ours, Side(HEAVY, seconds["heavy"]), LEAST),
    ]


def list_(plan: Plan) -> list[Outcome]:
    """The catalog without torch: no slower than importing torch and sympy."""
    works = {"ours": program(_python(_command("list"))), "heavy": program(_python(HEAVY))}
    seconds = programs(works, 2 if plan.quick else plan.turns)
    return [
        Outcome(
            ENTRIES["cli.list"],
            "the whole catalog, claims and their sources",
            Side("ftproofs list", seconds["ours"]),
            Side(HEAVY, seconds["heavy"]),
            None,
        )
    ]
