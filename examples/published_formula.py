"""A published formula, checked: from the paper's formula to its refutation and the one that holds.

Cells are marked by ``# %%``, as editors read them.  As a program it writes the page of the documentation:

    python examples/published_formula.py --write docs/published-formula-checked.md
"""

# %% [markdown]
# arXiv:2410.08194 gives what fine-tuning gains over training from scratch.  For a linear network, isotropic
# inputs, n = gamma d samples and unit teachers at angle theta it is (1 - gamma)(2 cos theta - 1) for gamma < 1:
# no depth, no label noise.

# %%
from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import sympy

from ftproofs.catalog import claims
from ftproofs.check import MemoryStore, check
from ftproofs.claim import Claim, Rows
from ftproofs.names import Value, complete
from ftproofs.numeric import experiments
from ftproofs.settings import Block, Setting
from ftproofs.symbolic.balls import enclose
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.transfer import break_even_angle, depth_gain, published_gain
from ftproofs.verdict import Verdict

PUBLISHED, HOLDS = claims()["transfer-finetune-published"], claims()["transfer-finetune"]
ONE_LAYER = claims()["transfer-finetune-one-layer"]

DRAWS = 512
SIZES = (32, 64, 128, 256)
GAMMA, ANGLE, NOISE = sympy.Rational(1, 4), sympy.pi / 3, sympy.Rational(4, 5)


def number(expr: sympy.Expr) -> float:
    """A formula without symbols as a float."""
    return float(enclose(expr, {}).mid())


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def commit() -> str:
    """The commit of the code that runs, or what is known instead."""
    here = Path(__file__).parent
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


def rows_of(count: int, engine: str, **values: Value) -> Rows:
    """Networks on fresh data at one setting, trained (``flow``) or by the oracle of where training ends."""
    full = complete("transfer.finetune", values)
    cases = tuple(Setting.of("transfer.finetune", full, stage="example", index=i) for i in range(count))
    return experiments.run(Block(cases, engine))


# %% [markdown]
# For one layer the formula is a theorem, at every n < d and not only in the limit.


# %%
def one_layer() -> Sequence[object]:
    """How the derivation of the one-layer case ends."""
    found = derive(ONE_LAYER)
    return (f"`{ONE_LAYER.statements[0]}`", found.status, len(found.steps), ", ".join(found.axioms))


# %% [markdown]
# Networks trained end to end, one a row, on the same data: what they gain, and what c = 1 and the root c predict
# from the same data, gain = 2 c <P_perp theta_S, P_perp theta_T> - c^2 |P_perp theta_S|^2.


# %%
def networks() -> list[Sequence[object]]:
    """Depth, observed gain, both predictions: one trained network each."""
    found = []
    for depth in (1, 2, 3):
        rows = rows_of(1, "flow", L=depth, n=20, d=80, theta=float(ANGLE), sigma=float(NOISE))
        value = {name: float(column[0]) for name, column in rows.values.items()}
        c = number(
            depth_root(depth, *(sympy.Float(value[k], 17) for k in ("min_norm", "perp_source_norm", "start_norm")))
        )
        gains = [2 * x * value["perp_product"] - (x * value["perp_source_norm"]) ** 2 for x in (1.0, c)]
        found.append((depth, f"{value['transfer_gain']:.7f}", f"{gains[0]:.7f}", f"{gains[1]:.7f}", f"{c:.6f}"))
    return found


# %% [markdown]
# The mean over data as d grows: the oracle's draws at gamma = 1/4, theta = 60 degrees, sigma = 0.8.


# %%
def means() -> list[Sequence[object]]:
    """Depth, size, mean gain with its standard error, both formulas in the limit."""
    found = []
    for depth in (1, 2, 3):
        formulas = [
            published_gain(GAMMA, 1, 1, sympy.cos(ANGLE)),
            depth_gain(depth, GAMMA, 1, 1, sympy.cos(ANGLE), NOISE),
        ]
        for d in SIZES:
            rows = rows_of(
                DRAWS, experiments.SOLVER, L=depth, n=int(GAMMA * d), d=d, theta=float(ANGLE), sigma=float(NOISE)
            )
            gain = np.asarray(rows.values["transfer_gain"])
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            found.append((depth, d, f"{gain.mean():+.4f} +- {error:.4f}", *(f"{number(f):+.4f}" for f in formulas)))
    return found


# %% [markdown]
# The two claims on one store of rows: the same settings, the same networks.


# %%
def verdicts() -> tuple[Verdict, Verdict, int, int]:
    """The verdict on what holds, on what is published, and how many rows the second one shared and added."""
    store = MemoryStore()
    holds = check(HOLDS, budget="low", device="cpu", store=store)
    before = {rows.block.canonical() for rows in store.rows()}
    published = check(PUBLISHED, budget="low", device="cpu", store=store)
    after = {rows.block.canonical() for rows in store.rows()}
    return holds, published, len(before), len(after - before)


def line(claim: Claim, verdict: Verdict) -> Sequence[object]:
    """A verdict as a row."""
    low, high = verdict.experiment.interval or (float("nan"),) * 2
    legs = (verdict.derivation.status, verdict.experiment.status)
    return (f"`{claim.id}`", verdict.word, *legs, f"[{low:+.1%}, {high:+.1%}]")


# %% [markdown]
# Where fine-tuning and scratch draw: 60 degrees as published; the cosine is c/2.


# %%
def angles() -> list[Sequence[object]]:
    """Noise, then the break-even angle in degrees for depths 1, 2, 3 and infinity, at gamma = 1/2."""
    half = sympy.Rational(1, 2)
    found = []
    for sigma in (0, sympy.Rational(1, 5), NOISE):
        degrees = [number(break_even_angle(L, half, 1, 1, sigma) * 180 / sympy.pi) for L in (1, 2, 3, sympy.oo)]
        found.append((float(sigma), *(f"{x:.1f}" for x in degrees)))
    return found


# %%
PAGE = """# A published formula, checked

Made by running the code: `python examples/published_formula.py --write docs/published-formula-checked.md`.

## The formula

arXiv:2410.08194 gives what fine-tuning a pretrained linear network gains over training from scratch on the
same data. Inputs are isotropic, n = gamma d, the teachers have unit norm and make the angle theta:

    risk from scratch - risk after fine-tuning = (1 - gamma)(2 cos(theta) - 1)        for gamma < 1

Neither depth nor label noise occurs in it, and the boundary between gain and harm is 60 degrees.
For teachers of norms s and tau it reads `{published}`.

## Where it is right

For one layer it is a theorem, at every n < d: what is fitted, noise included, cancels on the same data, and
what is left is the part of the teachers outside the span of the data, whose mean is known.

{one_layer}

## One network at a time

Networks trained end to end (d = 80, n = 20, 60 degrees, sigma = 0.8). Outside the data's span
a balanced network of depth L scales what it was pretrained on by a factor c, the root of
`c^(2L/(L-1)) s^2 = A^2 + c^2 b^2` with A the norm of the minimum-norm fit and b the norm of the source's part
outside the span. The formula has c = 1.

{networks}

## As the dimension grows

Means over {draws} data sets, gamma = 1/4, 60 degrees, sigma = 0.8. The finite-size error is O(1/d).

{means}

## The verdicts

{verdicts}

The interval is that of the error in the limit, relative to max(|prediction|, target_norm^2/10). The statement
that holds is `{holds}`. Both were decided on the same rows: {shared} blocks were measured for the one that holds; the
published one added {added} (settings that look bad for it, and the shrinking of its counterexample).
The counterexample: {where}; predicted {predicted:+.4f}, observed {observed:+.4f} in the limit. Its first draw:

    ftproofs replay {replay}

An id belongs to the code that drew it: this one replays at commit {commit}, at which this page was made, and for as
long as what draws and trains stays as it is. Elsewhere `ftproofs replay` refuses it (FT505).

## What it changes

The break-even angle in degrees at gamma = 1/2 (`ftproofs eval B5_break_even_angle gamma=.5 sigma=.8 L=2`):

{angles}

Without noise, with equal norms and infinite source data c is 1 at every depth, and there the published formula
and its phase diagram are right. With label noise, with norms that differ and with finite source data
(`transfer-source-published`, `transfer-source`) they are not, for two layers and more.
"""


def page() -> str:
    """The page, every number computed now."""
    holds, published, shared, added = verdicts()
    seen = published.experiment.simplest or published.experiment.worst
    assert seen is not None
    at = seen.setting.parameters
    where = ", ".join(f"{k} = {at[k]}" for k in ("L", "n", "d", "theta", "source_norm", "target_norm", "sigma"))
    return PAGE.format(
        published=PUBLISHED.statements[0],
        holds=HOLDS.statements[0],
        one_layer=table(("statement", "derivation", "steps", "theorems cited"), [one_layer()]),
        networks=table(("L", "trained network", "c = 1", "c of depth L", "c"), networks()),
        draws=DRAWS,
        means=table(("L", "d", "mean gain", "published", "depth-aware"), means()),
        verdicts=table(
            ("claim", "word", "derivation", "experiment", "error"), [line(HOLDS, holds), line(PUBLISHED, published)]
        ),
        shared=shared,
        added=added,
        where=where,
        predicted=seen.predicted,
        observed=seen.observed,
        replay=seen.id,
        commit=commit(),
        angles=table(("sigma", "L = 1", "L = 2", "L = 3", "L = oo"), angles()),
    )


# %%
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="the page to write; without it, it is printed")
    target = parser.parse_args().write
    text = page()
    if target is None:
        print(text)
    else:
        target.write_text(text)
