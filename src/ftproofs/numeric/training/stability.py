"""Linear regression for a fixed number of optimizer steps, converging or not.

Rounding is bounded by a shadow: the same training with samples and coordinates in
reverse order and labels and weights in another unit, which rounds differently
everywhere.  Ten times the distance between the two stands for what rounding did to
the iterate; bounds on how measurements are read off it are added.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Value
from ftproofs.numeric.elementwise import hypot
from ftproofs.numeric.seeds import generator
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, Span, norm
from ftproofs.numeric.training.linear_flow import LinearFlow
from ftproofs.numeric.training.regression import Gradient, autograd_gradient, written_gradient

Readings = dict[str, tuple[Tensor, Tensor]]

#: Heavy ball's and Adam's usual constants.
MEMORY, ADAM_FIRST, ADAM_SECOND, ADAM_EPSILON = 0.9, 0.9, 0.999, 1e-8

#: Unit of the shadow's labels and weights (Adam is not invariant to it and keeps 1).
OTHER_UNIT = 1.1

SAFETY = 10.0

#: Measurements that read as infinite when the iterate left float64.
_SIZES = ("error_growth", "fit_gap", "train_loss")


def learning_rate(X: Tensor, parameters: list[dict[str, Value]]) -> Tensor:
    """``step * 2 n / s_max(X)^2``, (case,)."""
    step = torch.tensor([float(p["step"]) for p in parameters], dtype=X.dtype, device=X.device)
    return step * 2 * X.shape[1] / torch.linalg.svdvals(X)[:, 0] ** 2


def iterate(
    X: Tensor,
    y: Tensor,
    theta: Tensor,
    *,
    optimizer: str,
    rate: Tensor,
    decay: Tensor,
    steps: int,
    order: Tensor | None = None,
    gradient: Gradient = autograd_gradient,
) -> Tensor:
    """Theta (case, d) after exactly that many steps; infinite where it overflows.

    Args:
        rate, decay: (case,), learning rate and weight decay, the latter added to the gradient as ``decay * theta``.
        order: (case, steps), the samples that sgd visits.
    """
    rate, decay = rate[:, None], decay[:, None]
    cases = torch.arange(len(X), device=X.device)
    velocity, second = torch.zeros_like(theta), torch.zeros_like(theta)
    for t in range(steps):
        if optimizer == "sgd":
            assert order is not None
            i = order[:, t]
            g = gradient(X[cases, i][:, None, :], y[cases, i][:, None], theta)
        else:
            g = gradient(X, y, theta)
        g = g + decay * theta
        if optimizer == "momentum":
            velocity = MEMORY * velocity + g
            g = velocity
        elif optimizer == "adam":
            velocity = ADAM_FIRST * velocity + (1 - ADAM_FIRST) * g
            second = ADAM_SECOND * second + (1 - ADAM_SECOND) * g * g
            g = (velocity / (1 - ADAM_FIRST ** (t + 1))) / (
                torch.sqrt(second / (1 - ADAM_SECOND ** (t + 1))) + ADAM_EPSILON
            )
        theta = theta - rate * g
    return theta


def _train(task: Task, parameters: list[dict[str, Value]], rate: Tensor, gradient: Gradient) -> tuple[Tensor, Tensor]:
    """The iterate and its shadow, each (case, d)."""
    name, steps = str(parameters[0]["optimizer"]), int(parameters[0]["steps"])
    decay = torch.tensor([float(p["weight_decay"]) for p in parameters], dtype=rate.dtype, device=rate.device)
    unit = 1.0 if name == "adam" else OTHER_UNIT
    X = torch.cat([task.X, task.X.flip(1, 2)])
    y = torch.cat([task.y, unit * task.y.flip(1)])
    start = torch.cat([task.source, unit * task.source.flip(1)])
    rate, decay = rate.repeat(2), decay.repeat(2)
    if name == "flow":
        tolerance = torch.full_like(rate, 1e-13)
        tolerance[len(task) :] = 1e-11
        system = LinearFlow(X, y, gradient, decay=decay)
        end, code, _ = flow.integrate(system, start, norm(start), tolerance, 20 * steps + 20_000, horizon=rate * steps)
        # Unfinished: nothing is known, which is not the same as beyond float64.
        end = torch.where((code == flow.ARRIVED)[:, None], end, torch.nan)
    else:
        order = None
        if name == "sgd":
            n = task.X.shape[1]
            drawn = [torch.from_numpy(generator(s, "order").integers(0, n, steps)) for s in task.settings]
            first = torch.stack(drawn).to(rate.device)
            order = torch.cat([first, n - 1 - first])
        end = iterate(X, y, start, optimizer=name, rate=rate, decay=decay, steps=steps, order=order, gradient=gradient)
    return end[: len(task)], end[len(task) :].flip(1) / unit


def run(task: Task, parameters: list[dict[str, Value]], *, method: int = 0) -> Readings:
    """Train and measure; each measurement with a bound on what rounding did to it, (case,) both.

    An iterate beyond float64 reads as infinite error growth and losses (bound 0), and as
    NaN (bound infinite) where only direction would tell.

    Raises:
        UsageError: FT305 a design without any nonzero singular value.
    """
    count = len(task)
    if count == 1:
        # Kernels for a batch of one round differently: train it beside a copy of itself.
        task, parameters = task.select([0, 0]), parameters * 2
    rate = learning_rate(task.X, parameters)
    gradient = written_gradient if method else autograd_gradient
    end, shadow = _train(task, parameters, rate, gradient)
    readings = _read(task, rate, end, shadow)
    if parameters[0]["optimizer"] == "flow":
        # A flow cannot diverge; what is not finite was not finished.
        lost = ~torch.isfinite(end + shadow).all(dim=1)
        for name in _SIZES:
            value, bound = readings[name]
            readings[name] = (torch.where(lost, torch.nan, value), torch.where(lost, torch.inf, bound))
    return {name: (value[:count], bound[:count]) for name, (value, bound) in readings.items()}


def _read(task: Task, rate: Tensor, end: Tensor, shadow: Tensor) -> Readings:
    X, y, start = task.X, task.y, task.source
    n, d = X.shape[1:]
    span = Span.of(X)
    U, s, Vh = torch.linalg.svd(X, full_matrices=False)
    if bool((s[:, 0] <= 0).any()):
        raise UsageError("FT305", "a design of zeros has no step size")
    rounded = (n + d) * UNIT

    def residual(theta: Tensor) -> Tensor:
        return torch.bmm(X, theta[:, :, None])[:, :, 0] - y

    r0, r1 = residual(start), residual(end)
    size0 = span.frobenius * norm(start) + norm(y)
    size1 = span.frobenius * norm(end) + norm(y)
    # Distance to the limit in each singular direction: v' (theta - theta_inf) = u' r / s.
    e0 = torch.bmm(U.mT, r0[:, :, None])[:, :, 0] / s
    e1 = torch.bmm(U.mT, r1[:, :, None])[:, :, 0] / s
    outside = norm(span.outside((end - start)[:, :, None]))
    moved = norm(end - start)
    iterate_error = SAFETY * norm(end - shadow) + rounded * (norm(end) + norm(start))
    tilt = span.tilt() * (moved + norm(end) + norm(start))
    first_error, last_error = 2 * rounded * size0 / span.smallest, 2 * rounded * size1 / span.smallest
    first = norm(e0)
    last = hypot(norm(e1), outside)
    growth = last / first
    wide = span.frobenius

    def loss(r: Tensor, error: Tensor) -> tuple[Tensor, Tensor]:
        length = norm(r)
        return length**2 / (2 * n), (2 * length * error + error**2) / (2 * n) + 4 * UNIT * length**2

    fit = torch.bmm(Vh.mT, (torch.bmm(U.mT, y[:, :, None])[:, :, 0] / s)[:, :, None])
    inside = end - span.outside(end[:, :, None])[:, :, 0]
    fit_gap = norm(inside - fit[:, :, 0])
    readings = {
        "error_growth": (growth, (iterate_error + last_error + tilt + growth * first_error) / first),
        "learning_rate": (rate, 4 * rounded * rate),
        "perp_gap": (outside, iterate_error + tilt),
        "fit_gap": (fit_gap, iterate_error + tilt + last_error + first_error),
        "train_loss": loss(r1, wide * iterate_error + rounded * size1),
        "initial_loss": loss(r0, rounded * size0),
    }
    readings["top_share"] = _top_share(s, e0, first_error, rounded)
    readings |= _read_mode(task, s, Vh, e0, e1, iterate_error, outside, end - start)
    # Norms overflow at the square root of the largest number; then nothing of the iterate is read.
    finite = torch.isfinite(torch.stack([z for name in _SIZES for z in readings[name]])).all(dim=0)
    for name in _SIZES:
        value, bound = readings[name]
        readings[name] = (torch.where(finite, value, torch.inf), torch.where(finite, bound, 0.0))
    for name in ("perp_gap", "mode_contraction", "mode_filter"):
        value, bound = readings[name]
        readings[name] = (torch.where(finite, value, torch.nan), torch.where(finite, bound, torch.inf))
    return readings


def _top_share(s: Tensor, e0: Tensor, error: Tensor, rounded: float) -> tuple[Tensor, Tensor]:
    """The initial error's squared part along the first singular vector, over its squared norm."""
    whole, part = norm(e0), e0[:, 0].abs()
    # The computed direction mixes in the others, the more the nearer their singular values are.
    mixing = rounded * s[:, :1] / (s[:, :1] - s).clamp_min(rounded * s[:, :1])
    slip = (mixing[:, 1:] * e0[:, 1:].abs()).sum(dim=1) + error
    share = (part / whole) ** 2
    return share, (2 * part * slip + slip**2) / whole**2 + 2 * share * error / whole


def _read_mode(
    task: Task,
    s: Tensor,
    Vh: Tensor,
    e0: Tensor,
    e1: Tensor,
    iterate_error: Tensor,
    outside: Tensor,
    move: Tensor,
) -> Readings:
    """Along one eigenvector of X'X/n, drawn by each setting's own generator among the nonzero ones."""
    n, d = task.X.shape[1:]
    rounded = (n + d) * UNIT
    ranks = (s > 10 * rounded * s[:, :1]).sum(dim=1).tolist()
    drawn = [int(generator(setting, "mode").integers(0, r)) for setting, r in zip(task.settings, ranks, strict=True)]
    i = torch.tensor(drawn, device=s.device)[:, None]
    si = s.gather(1, i)
    eigenvalue = si**2 / n
    steps = torch.bmm(Vh, move[:, :, None])[:, :, 0]
    force = -(s**2 / n) * e0
    # The computed direction mixes in others, by at most this much of each.
    mixing = rounded * s[:, :1] / (s - si).abs().clamp_min(rounded * s[:, :1])
    mixing = mixing.scatter(1, i, 0.0)
    outward = rounded * s[:, :1] / si * outside[:, None]
    read = 2 * rounded * (s[:, :1] * d**0.5 * (norm(task.source) + norm(move))[:, None] + norm(task.y)[:, None]) / si

    def ratio(over: Tensor, under: Tensor, error_over: Tensor, error_under: Tensor) -> tuple[Tensor, Tensor]:
        a, b = over.gather(1, i), under.gather(1, i)
        q = a / b
        mixed = (mixing * (over - q * under).abs()).sum(dim=1, keepdim=True) + outward
        bound = (error_over + q.abs() * error_under + mixed) / b.abs() + 4 * UNIT * q.abs()
        return q[:, 0], bound[:, 0]

    error = iterate_error[:, None]
    return {
        "mode_eigenvalue": (eigenvalue[:, 0], (4 * rounded * s[:, 0] ** 2 / n)),
        "mode_contraction": ratio(e1, e0, error + read, read),
        "mode_filter": ratio(steps, force, error + rounded * norm(move)[:, None], eigenvalue * read),
    }
