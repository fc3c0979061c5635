"""phase.flow and phase.limit: a row of a phase diagram, 20 angles of 20 networks each, against the plain loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ftproofs.bench.data import Row, phase_row
from ftproofs.bench.entries import ENTRIES
from ftproofs.bench.measure import Plan, by_turns
from ftproofs.bench.outcome import Outcome, Side
from ftproofs.bench.plain_loop import STEPS, PlainLoop
from ftproofs.numeric.gram import GramDesign, gram
from ftproofs.numeric.solvers import deep_linear_endpoint
from ftproofs.numeric.training.spectral import Eigen, train_spectral
from ftproofs.symbolic.roots import depth_root_array

ANGLES = NETS = 20
DEPTH = 2

PEER = "torch.optim.SGD, full matrices, float32, 5000 steps"


def flow(plan: Plan) -> list[Outcome]:
    """The flow integrated; at d = 100 against a whole run of the loop, at d = 500 against its rate."""
    found = []
    for d, chunk, turns in (
        ((100, 20, 2),) if plan.quick else ((100, -(-STEPS // (plan.turns + 1)), plan.turns), (500, 2, 3))
    ):
        row = phase_row(d // 2, d, ANGLES, NETS, plan.device)
        found.append(_compared("phase.flow", row, partial(integrated, row), chunk, turns, plan))
    return found


def limit(plan: Plan) -> list[Outcome]:
    """The limit solved for."""
    found = []
    for d in (100,) if plan.quick else (100, 500):
        row = phase_row(d // 2, d, ANGLES, NETS, plan.device)
        found.append(_compared("phase.limit", row, partial(solved, row), 2000 // d, 3, plan))
    return found


def integrated(row: Row) -> Tensor:
    """Where the flow ends, (angle, net, d): the eigenbasis of a design is that of all its angles."""
    angles = len(row.y)
    y, source = (z.transpose(0, 1).flatten(0, 1) for z in (row.y, row.source))
    eigen = Eigen.of(row.X, y, gram(row.X), shared=angles)
    trained = train_spectral(eigen, source, DEPTH, torch.ones_like(y[:, 0]))
    return trained.beta.unflatten(0, (-1, angles)).transpose(0, 1)


def solved(row: Row) -> Tensor:
    """The limit by Cholesky factors of the Gram matrices, (angle, net, d)."""
    angles = len(row.y)
    design = GramDesign.of(row.X, shared=angles)
    y, source = (z.transpose(0, 1).flatten(0, 1) for z in (row.y, row.source))
    return deep_linear_endpoint(design, y, source, DEPTH).unflatten(0, (-1, angles)).transpose(0, 1)


def oracle(row: Row) -> Tensor:
    """The limit by another route, (angle, net, d): singular vectors, and the root of the depth equation."""
    U, s, Vh = torch.linalg.svd(row.X, full_matrices=False)
    inside = torch.einsum("cnd,acn->acd", Vh, torch.einsum("cnk,acn->ack", U, row.y) / s)
    outside = row.source
    for _ in range(2):
        outside = outside - torch.einsum("cnd,acn->acd", Vh, torch.einsum("cnd,acd->acn", Vh, outside))
    A, b, length = (torch.linalg.vector_norm(z, dim=2).cpu().numpy() for z in (inside, outside, row.source))
    c = depth_root_array(np, DEPTH + 0 * A, A, b, length)
    return inside + torch.from_numpy(c).to(inside)[:, :, None] * outside


def worst(found: Tensor, exact: Tensor) -> float:
    """The largest distance of rows (..., d), relative to the exact one's norm."""
    distance = torch.linalg.vector_norm(found - exact, dim=-1) / torch.linalg.vector_norm(exact, dim=-1)
    return float(distance.max())


def _compared(name: str, row: Row, ours: Callable[[], Tensor], chunk: int, turns: int, plan: Plan) -> Outcome:
    """The row against its middle cell in the loop: a cell costs the loop the same whatever its angle."""
    exact, entry = oracle(row), ENTRIES[name]
    n, d = row.X.shape[1:]
    middle = ANGLES // 2
    loop = PlainLoop(row.X, row.y[middle], row.source[middle])
    ends: list[Tensor] = []
    # The loop goes on from turn to turn: with enough of them it has really run to its end.
    works = {"ours": lambda: ends.append(ours()), "peer": lambda: loop.run(chunk)}
    seconds = by_turns(works, plan, warm=False, turns=turns + 1)
    whole = loop.done >= STEPS
    error = worst(loop.beta, exact[middle]) if whole else None
    peer = tuple(ANGLES * STEPS / chunk * t for t in seconds["peer"][1:])
    said = f"one cell times {ANGLES} angles" + ("" if whole else f", {chunk} steps a turn times {STEPS / chunk:g}")
    return Outcome(
        entry,
        f"d = {d}, n = {n}, {ANGLES} angles of {NETS} networks, depth {DEPTH}",
        Side("ftproofs", seconds["ours"][1:], max(worst(end, exact) for end in ends)),
        Side(PEER, peer, error, said),
        entry.target,
        "the loop's error is that of the networks in one cell" if whole else "the loop's error is not measured here",
    )
