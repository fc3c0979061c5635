"""dual and replica: what a solved limit and a fixed point of the replica cost.

The dual's Newton is compared with SciPy's SLSQP on the primal problem; the oracle of both is gradient flow, which
knows of neither problem.  Nothing is known to compare the fixed point with: it is held to milliseconds.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize

from ftproofs.bench.data import Diagonal, diagonal, rng
from ftproofs.bench.diagonal import engine, limits
from ftproofs.bench.diffrax_flow import distance
from ftproofs.bench.entries import ENTRIES
from ftproofs.bench.measure import Plan, by_turns
from ftproofs.bench.outcome import Outcome, Side
from ftproofs.symbolic.replica_quadrature import Groups
from ftproofs.symbolic.replica_solver import FixedPoint, solve

#: Seconds allowed to a dual solution at n = 100, d = 200, and to a fixed point.
DUAL_SECONDS, REPLICA_SECONDS = 5e-3, 20e-3


def slsqp(data: Diagonal, case: int) -> np.ndarray:
    """One network's limit, (d,): least ``sum_i q(b_i; c)`` among the fits, from the fit of least norm."""
    X, y = data.X[case].cpu().numpy(), data.y[case].cpu().numpy()
    c = 2 * data.start**2
    found = minimize(
        lambda b: (c - np.hypot(c, b) + b * np.arcsinh(b / c)).sum() / 2,
        np.linalg.lstsq(X, y, rcond=None)[0],
        jac=lambda b: np.arcsinh(b / c) / 2,
        method="SLSQP",
        constraints={"type": "eq", "fun": lambda b: X @ b - y, "jac": lambda b: X},
        options={"maxiter": 1000, "ftol": 1e-15},
    )
    return np.asarray(found.x)


def dual_solutions(plan: Plan) -> list[Outcome]:
    """Small networks against SLSQP; larger ones, lazy to rich, against the clock."""
    entry, few = ENTRIES["dual"], 2 if plan.quick else 8
    data = diagonal(10, 20, 64, plan.device)
    some = Diagonal(data.X[:few], data.y[:few], data.start)
    exact = torch.from_numpy(engine(some)())
    works = {"ours": lambda: limits(data), "peer": lambda: [slsqp(data, case) for case in range(few)]}
    seconds = by_turns(works, plan)
    theirs = np.stack([slsqp(data, case) for case in range(few)])
    found = [
        Outcome(
            entry,
            "d = 20, n = 10, c = 0.2, seconds a network",
            Side(
                "ftproofs, Newton on the dual, 64 at once, with a certificate",
                tuple(t / 64 for t in seconds["ours"]),
                distance(limits(data)[:few].cpu().numpy(), exact),
            ),
            Side("scipy.optimize SLSQP", tuple(t / few for t in seconds["peer"]), distance(theirs, exact)),
            1.0,
            f"errors of {few} networks against gradient flow",
        )
    ]
    for name, c in (("lazy", 1.0), ("rich", 1e-3)):
        large = diagonal(100, 200, 4 if plan.quick else 64, plan.device, scale=c)
        count = len(large.y)
        each = by_turns({"ours": lambda large=large: limits(large)}, plan, turns=2)["ours"]  # type: ignore[misc]
        ours = Side("ftproofs, Newton on the dual", tuple(t / count for t in each))
        case = f"d = 200, n = 100, {name} scales c = {c:g}, {count} at once, seconds a network"
        found.append(Outcome(entry, case, ours, None, most=DUAL_SECONDS))
    return found


def replica(plan: Plan) -> list[Outcome]:
    """Fixed points at settings of all regimes, solved as one batch."""
    settings = 32 if plan.quick else 256
    points = fixed_points(settings)
    seconds = by_turns({"ours": lambda: fixed_points(settings)}, plan, turns=2)["ours"]
    ours = Side("ftproofs", tuple(t / settings for t in seconds), float(np.max(points.error)))
    note = "the error is the solver's own estimate: there is no peer"
    case = f"{settings} settings at once, seconds each"
    return [Outcome(ENTRIES["replica"], case, ours, None, most=REPLICA_SECONDS, note=note)]


def fixed_points(settings: int) -> FixedPoint:
    """Settings spread over scales, relative scales, readouts, ratios and noises; spike-and-slab tasks."""
    draw = rng("replica")
    c = np.exp(draw.uniform(np.log(1e-3), np.log(5), settings))
    r, reinit = draw.uniform(-0.99, 0.9, settings), np.exp(draw.uniform(np.log(0.02), 0, settings))
    delta, sigma = draw.uniform(0.2, 0.8, settings), draw.uniform(0.05, 0.5, settings)
    density, shared = 0.3, 0.3
    on = (1 + r) * (c + np.hypot(c, density**-0.5)) + reinit**2
    off = 2 * (1 + r) * c + reinit**2
    size = (density * shared) ** -0.5
    weight = np.array([density * shared, density * (1 - shared), 1 - density])
    columns = np.ones((settings, 1))
    groups = Groups(
        columns * weight,
        np.log(np.stack([on, on, off], axis=1)),
        columns * np.array([size, 0.0, 0.0]),
        np.zeros((settings, 3)),
    )
    return solve(groups, delta, sigma)
