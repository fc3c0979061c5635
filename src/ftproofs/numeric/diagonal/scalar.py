"""One coordinate: pretrained to beta_aux, fine-tuned to beta_main, and the orders of its penalty (handbook section 5).

By the energy identity the time integral of the squared residual is the penalty.  Its logarithm is differentiated in
the logarithms of beta_main, beta_aux, c and reinit^2 by central differences of order 8 over whole trainings.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric.diagonal.ended import Ended
from ftproofs.numeric.diagonal.experiments import Measured, Trainer
from ftproofs.numeric.diagonal.network import Weights, reinitialised, symmetric_start
from ftproofs.numeric.diagonal.path import AutogradPath, Path
from ftproofs.numeric.diagonal.readings import Readings, read_end
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.diagonal.train import MAX_STEPS, TOLERANCES
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, norm
from ftproofs.numeric.training.problem import SAFETY
from ftproofs.settings import Block

#: Trainings at ``exp(k SPACING)`` times a parameter, k = -4 .. 4 without 0.
SPACING = 0.08
EIGHTH = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
SIXTH = (3 / 4, -3 / 20, 1 / 60, 0.0)

#: The parameters differentiated in, with the power of the parameter that the order is about.
DIRECTIONS = {
    "order": ("beta_main", 1),
    "dependence": ("beta_aux", 1),
    "scale_order": ("c", 1),
    "reinit_order": ("reinit", 2),
}

#: How near trainings come to their limits, relative to the coefficient.
AIM = 1e-13

#: Tolerances of the reduction: its energy is differentiated.
FINE = (1e-11, 1e-9)


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Readings, statuses, flags and engine facts of a block of single coordinates."""
    cloud = [near for p in parameters for near in neighbours(p)]
    aux, main, h = (
        torch.tensor([[float(p[name])] for p in cloud], dtype=torch.float64, device=device)
        for name in ("beta_aux", "beta_main", "curvature")
    )
    trainer = Trainer(spec, block.engine, block.method, cloud)
    source, target = Regression.of(None, aux), Regression.of(h.sqrt()[:, :, None], h.sqrt() * main)
    (pretrained,) = trainer.train(source, aux, symmetric_start(cloud, aux), unit=_unit(aux), aim=AIM, reduced=FINE)
    start = reinitialised(pretrained.end, cloud)
    (ended,) = trainer.train(target, main, start, unit=_unit(main), aim=AIM, reduced=FINE)
    each = len(cloud) // len(parameters)
    energy, loose = ended.path["loss_integral"]
    found = _orders(energy.view(-1, each), loose.view(-1, each))
    centre = slice(0, None, each)
    index = torch.arange(0, len(cloud), each, device=device)
    own, first = ended.select(centre), pretrained.select(centre)
    found |= _read(target.select(index), own, first)
    found["contrast"] = _contrast(ended, each)
    found["beta_time"] = _at_time(target.select(index), own.start, parameters, autograd=block.engine == "reduced")
    statuses = tuple(
        next((s for s in (*ended.status[i : i + each], *pretrained.status[i : i + each]) if s != "ok"), "ok")
        for i in range(0, len(cloud), each)
    )
    missing = torch.full_like(own.tail, torch.nan)
    found |= {name: (missing, torch.full_like(missing, torch.inf)) for name in spec.measurements if name not in found}
    return found, statuses, trainer.flags, own.facts


def neighbours(parameters: dict[str, Value]) -> list[dict[str, Value]]:
    """The setting itself, those around it that the orders are differenced from, and the one without a feature."""
    cloud = [parameters]
    for name, _ in DIRECTIONS.values():
        for k in range(1, 5):
            for sign in (1, -1):
                factor = float(torch.exp(torch.tensor(sign * k * SPACING, dtype=torch.float64)))
                cloud.append({**parameters, name: float(parameters[name]) * factor})
    cloud.append({**parameters, "beta_aux": 0.0})
    return cloud


def _unit(teacher: Tensor) -> Tensor:
    size = norm(teacher)
    return torch.where(size > 0, size, 1.0)


def _orders(energy: Tensor, loose: Tensor) -> Readings:
    """Logarithmic derivatives of the penalty (case, 1 + 32)."""
    log = torch.log(energy)
    noise = loose / energy
    found: Readings = {}
    for number, (name, (_, power)) in enumerate(DIRECTIONS.items()):
        begin = 1 + 8 * number
        ahead, behind = log[:, begin : begin + 8 : 2], log[:, begin + 1 : begin + 8 : 2]
        gaps = (ahead - behind) / (SPACING * power)
        best, next_best = (gaps @ torch.tensor(w, dtype=log.dtype, device=log.device) for w in (EIGHTH, SIXTH))
        error = 2 * noise[:, begin : begin + 8].amax(dim=1) / (SPACING * power)
        # The sixth-order difference is worse by a factor of about 1 / SPACING^2: its distance covers the error.
        found[name] = best, (best - next_best).abs() + error + 64 * UNIT * (1 + log.abs().amax(dim=1)) / SPACING
    return found


def _contrast(ended: Ended, each: int) -> tuple[Tensor, Tensor]:
    """The integral of X' rho without a feature over that with one, by each cloud's last and first training."""
    phase, loose = (part[:, 0].view(-1, each) for part in ended.path["phase"])
    ratio = phase[:, -1] / phase[:, 0]
    share = loose[:, -1] / phase[:, -1].abs() + loose[:, 0] / phase[:, 0].abs()
    return ratio, ratio.abs() * (2 * share + 8 * UNIT)


def _read(problem: Regression, ended: Ended, first: Ended) -> Readings:
    picked = torch.zeros(len(ended.beta), dtype=torch.int64, device=ended.beta.device)
    found = read_end(problem, ended, picked)
    found["beta_pt"] = first.beta[:, 0], first.radius
    c, bound = found["c_ft"]
    # The scale is a 2-Lipschitz function of the pretrained coefficient, times the square of a rescaled first layer.
    factor = (ended.start.wp.abs() / (first.end.wp.abs() + first.end.wm.abs())).square()[:, 0].clamp_min(1.0)
    found["c_ft"] = c, bound + 2 * factor * first.radius
    return found


def _at_time(
    problem: Regression, start: Weights, parameters: list[dict[str, Value]], *, autograd: bool
) -> tuple[Tensor, Tensor]:
    """The coefficient at the settings' time, integrated at two tolerances."""
    count = len(parameters)
    rows = Weights.woven([start, start])
    kind = AutogradPath if autograd else Path
    never = torch.full((2 * count,), -1.0, dtype=start.wp.dtype, device=start.wp.device)
    path = kind(problem, rows, 2, never, jump=False)
    z0 = path.pack(rows)
    tolerance = torch.tensor(TOLERANCES, dtype=z0.dtype, device=z0.device).repeat(count)
    when = torch.tensor([float(p["time"]) for p in parameters], dtype=z0.dtype, device=z0.device)
    scale = (norm(z0) ** 2 + norm(problem.y).repeat_interleave(2)).sqrt()
    z, code, _ = flow.integrate(path, z0, scale, tolerance, MAX_STEPS, horizon=when.repeat_interleave(2), group=2)
    path.attend(torch.arange(2 * count, device=z.device))
    weights, _, _ = path.unpack(z)
    beta = weights.beta[:, 0]
    tight, loose = beta[::2], beta[1::2]
    good = (code[::2] == flow.ARRIVED) & (code[1::2] == flow.ARRIVED)
    error = SAFETY * (tight - loose).abs() + 64 * UNIT * weights.square[::2, 0]
    return torch.where(good, tight, torch.nan), torch.where(good, error, torch.inf)
