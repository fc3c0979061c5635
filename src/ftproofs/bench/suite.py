"""The suite: benchmarks by name, one after the other, and what they found as a document."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from ftproofs import __version__
from ftproofs.bench import diagonal, kernels, oracles, phase, startup
from ftproofs.bench.entries import SCALING
from ftproofs.bench.figures import TOLERANCE
from ftproofs.bench.measure import Plan, one_thread
from ftproofs.bench.outcome import Growth, Outcome, Side
from ftproofs.bench.scaling import growths

RUNS: dict[str, Callable[[Plan], list[Outcome]]] = {
    "phase.flow": phase.flow,
    "phase.limit": phase.limit,
    "dln.default": diagonal.default,
    "dln.flow.batch": diagonal.flow_batch,
    "dln.flow.one": diagonal.flow_one,
    "dln.step": diagonal.step,
    "dual": oracles.dual_solutions,
    "replica": oracles.replica,
    "roots": kernels.roots,
    "kernel.q": kernels.penalty_q,
    "cli.help": startup.help_,
    "cli.list": startup.list_,
}


@dataclass(frozen=True)
class Report:
    """What a run of the suite found, in ``seconds`` of the wall clock."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    growths: tuple[Growth, ...]
    seconds: float

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "format": 1,
            "quick": self.plan.quick,
            "turns": self.plan.turns,
            "seconds": self.seconds,
            "machine": machine(self.plan.device),
            "comparisons": [_comparison(outcome) for outcome in self.outcomes],
            "scaling": [_growth(growth) for growth in self.growths],
        }


def run(names: Sequence[str], plan: Plan, progress: Callable[[str], None] = lambda name: None) -> Report:
    """Measure the named benchmarks, each side on one thread."""
    one_thread()
    begin, outcomes, found = time.perf_counter(), [], []
    for name in names:
        progress(name)
        if name == SCALING:
            found += growths(plan)
        else:
            outcomes += RUNS[name](plan)
    return Report(plan, tuple(outcomes), tuple(found), time.perf_counter() - begin)


def machine(device: str) -> dict[str, str]:
    """On what it was measured."""
    libraries = {name: version(name) for name in ("torch", "numpy", "scipy", "sympy", "diffrax", "jax") if there(name)}
    return {
        "processor": platform.processor() or platform.machine(),
        "device": device,
        "gpu": "not measured" if device == "cpu" else torch.cuda.get_device_name(device),
        "threads": "1",
        "clock": "processor seconds" if device == "cpu" else "wall clock, synchronised",
        "python": platform.python_version(),
        "ftproofs": __version__,
        **libraries,
    }


def there(name: str) -> bool:
    """Whether a library is installed."""
    return find_spec(name) is not None


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "label": side.label,
        "seconds": list(side.seconds),
        "median": float(np.median(side.seconds)),
        "error": side.error,
        "extrapolated": side.extrapolated,
    }


def _comparison(outcome: Outcome) -> dict[str, Any]:
    ratio = outcome.ratio
    return {
        "name": outcome.entry.name,
        "title": outcome.entry.title,
        "case": outcome.case,
        "ours": _side(outcome.ours),
        "peer": _side(outcome.peer),
        "ratio": None if ratio is None else {"median": ratio.median, "low": ratio.low, "high": ratio.high},
        "target": outcome.target,
        "most_seconds": outcome.most,
        "error_target": outcome.entry.error,
        "error_unit": outcome.entry.unit,
        "ours_accurate": outcome.accurate(outcome.ours),
        "peer_accurate": outcome.accurate(outcome.peer),
        "word": outcome.word,
        "note": outcome.note,
        "missing": outcome.missing,
    }


def _growth(growth: Growth) -> dict[str, Any]:
    return {
        "name": growth.name,
        "variable": growth.variable,
        "cost": growth.cost,
        "sizes": list(growth.sizes),
        "costs": list(growth.costs),
        "exponent": growth.fit.exponent,
        "error": growth.fit.error,
        "expected": growth.expected,
        "at_most": growth.at_most,
        "tolerance": TOLERANCE,
        "word": growth.word,
    }
