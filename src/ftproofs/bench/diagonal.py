"""dln.default, dln.flow and dln.step: diagonal networks trained to their limits, and single steps of descent.

The oracle of their limits is the solution of the dual problem (`numeric.diagonal.dual`), which trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from torch import Tensor

from ftproofs.bench import diagonal_peers, diffrax_flow
from ftproofs.bench.data import Diagonal, diagonal
from ftproofs.bench.diffrax_flow import distance
from ftproofs.bench.entries import ENTRIES
from ftproofs.bench.measure import Plan, by_turns, once
from ftproofs.bench.outcome import Outcome, Side
from ftproofs.numeric.diagonal import dual
from ftproofs.numeric.diagonal.descent import train_descent
from ftproofs.numeric.diagonal.train import train_flow

#: Pairs of tolerances of ftproofs, loosest first: its result's, and the one that tells its error.
OURS = ((1e-8, 1e-6), (1e-9, 1e-7), (1e-10, 1e-8))
#: Tolerances and stops of diffrax.
THEIRS = tuple((tolerance, stop) for tolerance in (1e-7, 1e-8) for stop in (1e-5, 3e-6))
LONG = 100_000

Run = Callable[[], np.ndarray]


def limits(data: Diagonal) -> Tensor:
    """The oracle's predictors, (net, d)."""
    weights = data.weights
    return dual.solve(data.X, data.y, weights.scale, weights.phase).beta


def engine(data: Diagonal, tolerances: tuple[float, float] | None = None, aim: float = 1e-10) -> Run:
    """The flow of ftproofs: two tolerances, a bound on the tail, one Newton step; the defaults if none are given."""

    def run() -> np.ndarray:
        ended = train_flow(data.problem, [data.weights], data.unit, tolerances=tolerances, aim=aim)[0]
        return ended.beta.cpu().numpy()

    return run


def default(plan: Plan) -> list[Outcome]:
    """One small network as a paper trains it: 100 000 steps of 1e-3."""
    data, entry, eta = diagonal(3, 5, 1, plan.device), ENTRIES["dln.default"], 1e-3
    exact, chunk = limits(data), 50 if plan.quick else 1000
    peer, run = diagonal_peers.plain(data, eta), engine(data)
    seconds = by_turns({"ours": run, "peer": lambda: peer(chunk)}, plan)
    error = distance(diagonal_peers.descended(data, eta, LONG).cpu().numpy(), exact)
    return [
        Outcome(
            entry,
            f"d = 5, n = 3, c = 0.2, step {eta:g}, {LONG} steps",
            Side("ftproofs, its default tolerances", seconds["ours"], distance(run(), exact)),
            Side(
                "torch.optim.SGD",
                tuple(LONG / chunk * t for t in seconds["peer"]),
                error,
                f"{chunk} steps a turn times {LONG / chunk:g}",
            ),
            entry.target,
            "the loop's error is that of the same recursion, written in NumPy",
        )
    ]


def flow_batch(plan: Plan) -> list[Outcome]:
    """Many networks: diffrax lets them step together or one after the other, whichever is quicker."""
    return [_flow("dln.flow.batch", 64 if plan.quick else 1024, plan)]


def flow_one(plan: Plan) -> list[Outcome]:
    """A single one."""
    return [_flow("dln.flow.one", 1, plan)]


def _flow(name: str, nets: int, plan: Plan) -> Outcome:
    data, entry = diagonal(10, 20, nets, plan.device), ENTRIES[name]
    exact = limits(data)
    assert entry.error is not None
    run, said, _ = _quickest([(engine(data, pair, 1e-8), f"{pair[0]:g}") for pair in OURS], exact, entry.error, 1)
    case = f"d = 20, n = 10, c = 0.2, {nets} network{'s' * (nets > 1)}"
    label = f"ftproofs, tolerance {said}, with an error estimate"
    if not diffrax_flow.there():
        alone = by_turns({"ours": run}, plan)["ours"]
        ours = Side(label, alone, distance(run(), exact))
        return Outcome(entry, case, ours, None, entry.target, missing=diffrax_flow.MISSING)

    runs = [
        (diffrax_flow.solver(data, tolerance, stop, lockstep=False), f"{tolerance:g}, stop {stop:g}")
        for tolerance, stop in THEIRS
    ]
    found, way, place = _quickest(runs, exact, entry.error, len(THEIRS) if nets == 1 else 1)
    if nets > 1 and _together(data, *THEIRS[place]):
        found, way = diffrax_flow.solver(data, *THEIRS[place], lockstep=True), f"{way}, all networks together"
    elif nets > 1:
        way += ", one network after the other"
    seconds = by_turns({"ours": run, "peer": found}, plan, turns=plan.turns if nets == 1 else 3)
    return Outcome(
        entry,
        case,
        Side(label, seconds["ours"], distance(run(), exact)),
        Side(f"diffrax Dopri8, tolerance {way}", seconds["peer"], distance(found(), exact)),
        entry.target,
        "diffrax is compiled before; it integrates once, ftproofs twice to tell its own error",
    )


def _together(data: Diagonal, tolerance: float, stop: float) -> bool:
    """Whether diffrax is quicker when networks step together, judged on the first 64."""
    some, seconds = Diagonal(data.X[:64], data.y[:64], data.start), []
    for lockstep in (False, True):
        run = diffrax_flow.solver(some, tolerance, stop, lockstep=lockstep)
        run()
        seconds.append(once(run))
    return seconds[1] < seconds[0]


def _quickest(runs: list[tuple[Run, str]], exact: Tensor, error: float, enough: int) -> tuple[Run, str, int]:
    """Of the first so many runs that reach the error the quickest, with its place; the last if none does."""
    good = []
    for place, (run, said) in enumerate(runs):
        if distance(run(), exact) <= error:
            good.append((once(run), place, run, said))
            if len(good) == enough:
                break
    if not good:
        return (*runs[-1], len(runs) - 1)
    _, place, run, said = min(good, key=lambda entry: entry[:2])
    return run, said, place


def step(plan: Plan) -> list[Outcome]:
    """Steps of descent, ftproofs with all that it keeps of them."""
    data, entry, eta = diagonal(50, 100, 64, plan.device), ENTRIES["dln.step"], 1e-3
    count = 20 if plan.quick else 200
    problem, weights, unit = data.problem, data.weights, data.unit
    share = unit.new_full((len(unit),), 0.1)

    def ours() -> None:
        train_descent(problem, [weights], unit, teacher=weights.beta, share=share, alone=True, max_steps=count)

    found = []
    for label, make in (("vmap(grad)", diagonal_peers.mapped), ("batched autograd", diagonal_peers.batched)):
        seconds = by_turns({"ours": ours, "peer": partial(make(data, eta), count)}, plan)
        ours_each, peer_each = (tuple(t / count for t in seconds[side]) for side in ("ours", "peer"))
        found.append(
            Outcome(
                entry,
                f"d = 100, n = 50, 64 networks, {count} steps, seconds a step",
                Side("ftproofs, gradients written out, with the sums and bounds it keeps", ours_each),
                Side(label, peer_each),
                entry.target if label == "vmap(grad)" else 1.0,
                "the same recursion on both sides; the peer keeps nothing of it",
            )
        )
    return found
