"""Whether an exported module's numbers are the formula's: run apart, compared with balls at settings of the domain."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ftproofs.check.anchors import domain_points, numbers
from ftproofs.check.context import Context, MemoryStore, budget_of
from ftproofs.check.judge import parameter
from ftproofs.check.sizes import check_domain
from ftproofs.claim import Claim, Limit
from ftproofs.errors import KernelError
from ftproofs.names import MEASUREMENTS, PARAMETERS, Value
from ftproofs.numeric.sampling import batches, explore
from ftproofs.report.python.module import Formula, formulas, module
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.kernels import error_units

#: Units in the last place, or of the formula's condition, that a number may be off by.
UNITS = 4.0
#: So many settings are looked at, and so long a run may take.
SETTINGS = 24
SECONDS = 60

#: Reads points on stdin, in a process that has the module's text and nothing of this package.
_RUNNER = """
import json, sys
task = json.load(sys.stdin)
space = {"__name__": "exported"}
exec(compile(task["module"], "exported", "exec"), space)
print(json.dumps([[float(space[name](**at)).hex() for at in points] for name, points in task["calls"]]))
"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the numbers are off at most, in units of rounding, over how many points."""

    units: float
    points: int


def points(claim: Claim, every: Sequence[Formula], *, seed: int = 0) -> list[dict[str, float]]:
    """Settings of the domain as numbers by name, with what one draw of the oracle measured where formulas ask for that.

    Nothing is drawn or trained for formulas in parameters alone.
    """
    asks = any(symbol.name in MEASUREMENTS for formula in every for symbol in formula.symbols)
    draws = asks and not claim.untrained
    domain = check_domain(claim) if draws and isinstance(claim.quantifier, Limit) else claim.domain
    source = batches(domain, claim.experiment, acceptor(claim.domain), size=1)
    if not draws:
        drawn: list[dict[str, Value]] = []

        def keep(batch: tuple[dict[str, Value], ...]) -> tuple[float, list[int]]:
            drawn.extend(batch)
            return 0.0, []

        explore(source, keep, seed=seed, examples=SETTINGS, shrink_calls=0)
        return [_numbers(values) for values in drawn]
    context = Context(MemoryStore(), budget_of("low"), seed, "cpu")
    rows = domain_points(claim, context, SETTINGS, source=source)
    return [
        _numbers(found.block.settings[0].parameters)
        | numbers(found.block.settings[0])
        | {name: float(values[0]) for name, values in found.values.items()}
        for found in rows
    ]


def _numbers(values: dict[str, Value]) -> dict[str, float]:
    found = {name: float(value) for name, value in values.items() if not isinstance(value, str)}
    for name in ("gamma", "gamma_s"):
        if name in PARAMETERS and name not in found and {"n", "d"} <= set(values):
            try:
                found[name] = float(parameter(values, name))
            except KeyError:
                continue  # the experiment has no source data
    return found


def exported(claim: Claim) -> tuple[str, tuple[Formula, ...], Agreement]:
    """The claim's module, what is in it, and how well its numbers agree with balls.

    Where shared subexpressions cost too many digits, the formulas are written out.

    Raises:
        UsageError: FT117 a function that balls do not enclose.
        KernelError: FT140 numbers that disagree, FT141 no code for NumPy alone.
    """
    every = formulas(claim)
    share, found = True, None
    text = module(claim, every)  # refuses before anything is drawn
    at = points(claim, every)
    try:
        found = agreement(text, every, at)
    except KernelError as error:
        if error.code != "FT140":
            raise
        share = False
        found = agreement(module(claim, every, share=False), every, at)
    said = (
        f"On export the numbers were compared with ball arithmetic at {found.points} points of the domain: they are "
        f"off by at most {found.units:.2f} units, a unit being the last place or, where that is more, what rounding "
        "the arguments alone would change."
    )
    return module(claim, every, share=share, checked=said), every, found


def agreement(text: str, every: Sequence[Formula], at: Sequence[dict[str, float]]) -> Agreement:
    """Compare every function of a module with balls, each at all points that have its arguments.

    Raises:
        KernelError: FT140 a number that is off by more than `UNITS`, or no point to compare at.
    """
    calls = []
    for formula in every:
        rows = [tuple(p[s.name] for s in formula.symbols) for p in at if all(s.name in p for s in formula.symbols)]
        if not rows:
            raise KernelError("FT140", f"no point to check {formula.name} at")
        calls.append((formula, list(dict.fromkeys(rows))))
    worst, count = 0.0, 0
    for (formula, rows), values in zip(calls, _run(text, calls), strict=True):
        for row, value in zip(rows, values, strict=True):
            units, exact = error_units(formula.expr, formula.symbols, row, value)
            if not units <= UNITS:
                place = ", ".join(f"{symbol} = {x!r}" for symbol, x in zip(formula.symbols, row, strict=True))
                raise KernelError(
                    "FT140",
                    f"exported {formula.name} is off by {units:.3g} units at {place}: {value!r}, balls say {exact}",
                )
            worst, count = max(worst, units), count + 1
    return Agreement(worst, count)


def _run(text: str, calls: Sequence[tuple[Formula, list[tuple[float, ...]]]]) -> list[list[float]]:
    task = {
        "module": text,
        "calls": [
            (formula.name, [dict(zip(formula.arguments, row, strict=True)) for row in rows]) for formula, rows in calls
        ],
    }
    done = subprocess.run(
        [sys.executable, "-I", "-c", _RUNNER],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no word why"])[-1]
        raise KernelError("FT140", f"the exported module does not run: {last:.200}")
    return [[float.fromhex(value) for value in values] for values in json.loads(done.stdout)]
