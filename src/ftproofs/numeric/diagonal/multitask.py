"""Two tasks at once: a shared first layer and a readout for each task (handbook section 7).

``beta_k = w_+ v_k+ - w_- v_k-`` for k = 1 (auxiliary) and 2 (main); the loss is the sum of both tasks'
``|y_k - X_k beta_k|^2 / 2``.  The start is symmetric: ``w = sqrt(c (1 + r)/2)``, ``v = sqrt(c (1 - r)/2)``.

The tail: the Jacobian of the stacked residuals has at least the singular value g, the least of ``X_k diag(w_+, w_-)``
over the tasks, which is ``s``-Lipschitz in the weights, s the largest singular value of the designs; so the path that
is left has a length of at most ``R = (g - sqrt(g^2 - 4 s |rho|)) / (2 s)`` once that is real.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Experiment, Value
from ftproofs.numeric.diagonal import tasks
from ftproofs.numeric.diagonal.apart import Measured, by_source
from ftproofs.numeric.diagonal.compiled import suits, train_together
from ftproofs.numeric.diagonal.experiments import read_shares, source_of
from ftproofs.numeric.diagonal.network import symmetric_start
from ftproofs.numeric.diagonal.readings import Readings, squared_error
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.elementwise import hypot
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, norm
from ftproofs.numeric.training.problem import INTEGRATION_FLAG, SAFETY
from ftproofs.numeric.training.result import NOT_CONVERGED, OK
from ftproofs.settings import Block

TOLERANCES = (1e-12, 1e-10)
MAX_STEPS = 40_000

#: Bound on the path that is left at which training stops, relative to the teachers' norm.
AIM = 1e-9

#: How long the weights are made small at fixed predictors; the motion dies out like exp(-2 t) or faster.
SHRINKING_TIME = 40.0

Views = tuple[Tensor, ...]


class SharedFlow:
    """The flow of ``(w_+, w_-, v_1+, v_1-, v_2+, v_2-)``, (row, 6 d)."""

    def __init__(self, problems: tuple[Regression, Regression], d: int, target: Tensor) -> None:
        self.whole, self.d, self.goal = problems, d, target
        self.extremes = torch.stack([p.extremes()[0] for p in problems]).amax(dim=0)
        self.attend(torch.arange(len(target), device=target.device))

    def bind(self, z: Tensor) -> Views:
        return torch.split(z, [self.d] * 6, dim=1)

    def attend(self, rows: Tensor) -> None:
        """Work on these rows of the whole batch from now on."""
        self.rows = rows
        self.problems = tuple(p.select(rows) for p in self.whole)

    def keep(self, index: Tensor) -> None:
        self.attend(self.rows[index])

    def slope(self, at: object, out: object) -> None:
        """Minus the gradient of the loss."""
        assert isinstance(at, tuple)
        assert isinstance(out, tuple)
        wp, wm = at[:2]
        self.rhos = []
        out[0].zero_()
        out[1].zero_()
        for k, problem in enumerate(self.problems):
            vp, vm = at[2 + 2 * k : 4 + 2 * k]
            rho = problem.residual(wp * vp - wm * vm)
            g = problem.pull(rho)
            self.rhos.append(rho)
            out[0].addcmul_(g, vp)
            out[1].addcmul_(g, vm, value=-1)
            torch.mul(g, wp, out=out[2 + 2 * k])
            torch.mul(g, wm, out=out[3 + 2 * k]).neg_()

    def left(self, z: Tensor) -> Tensor:
        """Bound on the length of the path that is left, (row,); inf where there is none."""
        wp, wm = self.bind(z)[:2]
        square = wp.square() + wm.square()
        least = torch.full_like(self.extremes[self.rows], torch.inf)
        size = torch.zeros_like(least)
        betas = predictors(self.bind(z))
        for problem, beta in zip(self.problems, betas, strict=True):
            if problem.X is None:
                low = square.amin(dim=1)
            else:
                half = problem.X * square.sqrt()[:, None, :]
                low = torch.linalg.eigvalsh(torch.bmm(half, half.mT))[:, 0].clamp_min(0)
            least = torch.minimum(least, low)
            size = size + (norm(problem.residual(beta)) + problem.rounding(beta)) ** 2
        g, s, rho = least.sqrt(), self.extremes[self.rows], size.sqrt()
        square = g * g - 4 * s * rho
        radius = 2 * rho / (g + square.clamp_min(0).sqrt())
        return torch.where((square > 0) & (g > 0), radius, torch.inf)

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        rho = torch.cat(self.rhos, dim=1)
        # |rho| / g is at most the bound, and g at most s max |w|: too far for the bound to be near?
        wp, wm = self.bind(z)[:2]
        widest = hypot(wp, wm).amax(dim=1) * self.extremes[self.rows]
        near = moved & (norm(rho) <= self.goal[self.rows] * widest)
        state = torch.full_like(self.rows, flow.RUNNING)
        if bool(near.any()):
            bound = self.left(z)
            state = torch.where(near & (bound <= self.goal[self.rows]), flow.ARRIVED, state)
        return state


class AutogradSharedFlow(SharedFlow):
    """The same flow, its slopes by automatic differentiation of the loss."""

    def slope(self, at: object, out: object) -> None:
        """Minus the gradient of the loss in each vector."""
        assert isinstance(at, tuple)
        assert isinstance(out, tuple)
        leaves = [z.detach().clone().requires_grad_() for z in at]
        pairs = zip(self.problems, predictors(tuple(leaves)), strict=True)
        rhos = [problem.residual(beta) for problem, beta in pairs]
        loss = torch.stack([rho.square().sum() for rho in rhos]).sum() / 2
        for part, slope in zip(out, torch.autograd.grad(loss, leaves), strict=True):
            torch.neg(slope, out=part)
        self.rhos = [rho.detach() for rho in rhos]


class Shrinking:
    """Weights moving to a smaller norm while both predictors stay: ``z' = -(I - J^+ J) z`` of every coordinate."""

    def __init__(self, d: int) -> None:
        self.d = d

    def bind(self, z: Tensor) -> Views:
        return torch.split(z, [self.d] * 6, dim=1)

    def keep(self, index: Tensor) -> None:
        """Nothing belongs to single cases."""

    def slope(self, at: object, out: object) -> None:
        """The part of ``-z`` that moves neither predictor."""
        assert isinstance(at, tuple)
        assert isinstance(out, tuple)
        wp, wm, ap, am, bp, bm = at
        # J z = 2 (beta_1, beta_2), and J J' of a coordinate is 2 x 2.
        shared = wp * wp + wm * wm
        one, two, cross = shared + ap * ap + am * am, shared + bp * bp + bm * bm, ap * bp + am * bm
        first, second = 2 * (wp * ap - wm * am), 2 * (wp * bp - wm * bm)
        determinant = one * two - cross * cross
        x, y = (two * first - cross * second) / determinant, (one * second - cross * first) / determinant
        for part, z, back in zip(
            out,
            at,
            (x * ap + y * bp, -x * am - y * bm, x * wp, -x * wm, y * wp, -y * wm),
            strict=True,
        ):
            torch.sub(back, z, out=part)

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        return torch.full((len(z),), flow.RUNNING, dtype=torch.int64, device=z.device)


def predictors(views: Views) -> tuple[Tensor, Tensor]:
    """beta_1 and beta_2, each (row, d)."""
    wp, wm, ap, am, bp, bm = views
    return wp * ap - wm * am, wp * bp - wm * bm


def follow(
    system: SharedFlow, z: Tensor, scale: Tensor, tolerance: Tensor, cases: int, *, engine: str = ""
) -> tuple[Tensor, Tensor, Tensor]:
    """The flow from z (row, 6 d), the cases over and over: ends, codes of `flow` and steps, (row,) each.

    ``engine`` ``torch`` never takes the compiled loop; otherwise small networks on the CPU do, with written slopes.
    """
    if engine == "torch" or isinstance(system, AutogradSharedFlow) or not all(suits(p) for p in system.whole):
        return flow.integrate(system, z, scale, tolerance, MAX_STEPS)
    one, two = (p.select(torch.arange(cases)) for p in system.whole)
    return train_together((one, two), z, scale, system.extremes, system.goal, tolerance, MAX_STEPS)


@by_source
def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Readings, statuses, flags and engine facts of a block of networks trained on both tasks.

    Raises:
        UsageError: FT308 gradient descent asked for.
    """
    if parameters[0]["engine"] != "flow":
        raise UsageError("FT308", f"{spec.name} is trained by gradient flow only, not by {parameters[0]['engine']}")
    task = tasks.draw(block.settings, device=device)
    count, d = len(task), task.target.shape[1]
    start = symmetric_start(parameters, task.target)
    z0 = torch.cat([start.wp, start.wm, start.vp, start.vm, start.vp, start.vm], dim=1)
    twice = torch.arange(count, device=device).repeat(2)
    unit = torch.full((2 * count,), d**0.5, dtype=z0.dtype, device=device)
    problems = source_of(task).select(twice), Regression.of(task.X, task.y).select(twice)
    kind = AutogradSharedFlow if block.method == 1 else SharedFlow
    system = kind(problems, d, AIM * unit)
    tolerance = torch.tensor(TOLERANCES, dtype=z0.dtype, device=device).repeat_interleave(count)
    scale = (norm(z0)[twice] ** 2 + unit).sqrt()
    z, code, steps = follow(system, z0[twice], scale, tolerance, count)
    system.attend(torch.arange(2 * count, device=device))
    radius = system.left(z)[:count]
    status = tuple(
        OK if a == b == flow.ARRIVED else NOT_CONVERGED
        for a, b in zip(code[:count].tolist(), code[count:].tolist(), strict=True)
    )
    integration = SAFETY * norm(z[:count] - z[count:])
    radius = torch.where(torch.isfinite(radius), radius, torch.inf) + integration
    found = read_shares(task) | _read(task, system.bind(z[:count]), z0, radius, problems, count)
    found["least_weight_norm"] = _least(z, d, count)
    return found, status, (INTEGRATION_FLAG,), {"steps": steps[:count], "integration": integration}


def _read(
    task: tasks.Task, views: Views, z0: Tensor, radius: Tensor, problems: tuple[Regression, Regression], count: int
) -> Readings:
    a, m = predictors(views)
    d = a.shape[1]
    all_weights = norm(torch.cat(views, dim=1))
    # A coordinate's beta is bilinear in the weights.
    widest = torch.stack(views).abs().amax(dim=(0, 2))
    moved = 2 * widest * radius + radius**2
    size, split = 2 * hypot(a, m).sum(dim=1), 2 * (a.abs() + m.abs()).sum(dim=1)
    residuals, firsts = [], []
    for k, (problem, beta) in enumerate(zip(problems, (a, m), strict=True)):
        own = problem.select(torch.arange(count, device=radius.device))
        residuals.append(norm(own.residual(beta)) ** 2 + own.rest)
        first = predictors(torch.split(z0, [d] * 6, dim=1))[k]
        firsts.append(norm(own.residual(first)) ** 2 + own.rest)
    loss, initial = torch.stack(residuals).sum(dim=0) / 2, torch.stack(firsts).sum(dim=0) / 2
    wide = torch.stack([p.extremes()[0][:count] for p in problems]).amax(dim=0)
    slack = 2 * wide * moved
    return {
        "mse": squared_error(m, task.target, moved),
        "aux_mse": squared_error(a, task.source, moved),
        "train_loss": (loss, (2 * loss).sqrt() * slack + slack**2 / 2),
        "initial_loss": (initial, 64 * UNIT * initial),
        "weight_norm": (all_weights**2, 2 * all_weights * radius + radius**2 + 8 * UNIT * all_weights**2),
        # The group norm is sqrt(2 d)-Lipschitz, the split norm likewise.
        "group_norm": (size, 2 * (2 * d) ** 0.5 * moved + 8 * UNIT * size),
        "split_norm": (split, 2 * (2 * d) ** 0.5 * moved + 8 * UNIT * split),
    }


def _least(z: Tensor, d: int, count: int) -> tuple[Tensor, Tensor]:
    """Squared norm of the weights once they have moved to where no motion at fixed predictors makes them smaller."""
    horizon = torch.full_like(z[:, 0], SHRINKING_TIME)
    tolerance = torch.full_like(horizon, 1e-11)
    tolerance[count:] = 1e-9
    end, code, _ = flow.integrate(Shrinking(d), z, norm(z), tolerance, MAX_STEPS, horizon=horizon)
    square = end.square().sum(dim=1)
    tight, loose = square[:count], square[count:]
    good = (code[:count] == flow.ARRIVED) & (code[count:] == flow.ARRIVED) & torch.isfinite(tight)
    error = SAFETY * (tight - loose).abs() + 64 * UNIT * tight
    return torch.where(good, tight, torch.nan), torch.where(good, error, torch.inf)
