"""Linear regression by the optimizers people use, with gradients from autograd.

Each case stops by itself, when its own certificate says how near its limit it is.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Value
from ftproofs.numeric.seeds import generator
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.batching import survivors
from ftproofs.numeric.training.bounds import Span, linear_bound, linear_distance, norm
from ftproofs.numeric.training.linear_flow import LinearFlow
from ftproofs.numeric.training.regression import Gradient, autograd_gradient, written_gradient
from ftproofs.numeric.training.result import ACCEPT, AIM, DIVERGED, NOT_CONVERGED, OK, Trained, scale

#: Steps after which a case is given up.
MAX_STEPS = {"gd": 40_000, "momentum": 10_000, "sgd": 200_000, "flow": 40_000}

#: Local error of the integrated flow; the certificate does not lean on it.
FLOW_TOLERANCE = 1e-13

#: The certificate is looked at every so many steps.
CHECK_EVERY = 8

#: Sample orders are drawn this many steps at a time.
CHUNK = 256


class Optimizer:
    """A rule that moves theta (case, d), and what it keeps for each case."""

    def __init__(self, X: Tensor, y: Tensor, span: Span, gradient: Gradient, rate: float) -> None:
        n = X.shape[1]
        self.X, self.y, self.gradient, self.rate = X, y, gradient, rate
        self.high, self.low = (span.largest**2 / n)[:, None], (span.smallest**2 / n)[:, None]

    def keep(self, index: Tensor) -> None:
        """Forget all cases but these."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(self, name, value[index])

    def step(self, theta: Tensor, t: int) -> Tensor:
        """Theta after step number t (from 0)."""
        raise NotImplementedError


class GradientDescent(Optimizer):
    """Full batch, the step that is best for the extreme eigenvalues."""

    def step(self, theta: Tensor, t: int) -> Tensor:
        return theta - self.rate * (2 / (self.high + self.low)) * self.gradient(self.X, self.y, theta)


class ShortGradientDescent(Optimizer):
    """Full batch, half the largest stable step."""

    def step(self, theta: Tensor, t: int) -> Tensor:
        return theta - self.rate / self.high * self.gradient(self.X, self.y, theta)


class HeavyBall(Optimizer):
    """Momentum, tuned from the extreme eigenvalues (Polyak 1964)."""

    def step(self, theta: Tensor, t: int) -> Tensor:
        if t == 0:
            root_high, root_low = self.high.sqrt(), self.low.sqrt()
            self.size = 4 / (root_high + root_low) ** 2
            self.memory = ((root_high - root_low) / (root_high + root_low)) ** 2
            self.velocity = torch.zeros_like(theta)
        g = self.gradient(self.X, self.y, theta)
        self.velocity = self.memory * self.velocity - self.rate * self.size * g
        return theta + self.velocity


class Chebyshev(Optimizer):
    """Momentum whose two coefficients change from step to step (Golub and Varga 1961)."""

    def step(self, theta: Tensor, t: int) -> Tensor:
        centre, half = (self.high + self.low) / 2, (self.high - self.low) / 2
        g = self.gradient(self.X, self.y, theta)
        if t == 0:
            self.direction, self.size = -g, 1 / centre
        else:
            memory = (half * self.size / 2) ** 2 * (2 if t == 1 else 1)
            self.size = 1 / (centre - memory / self.size)
            self.direction = memory * self.direction - g
        return theta + self.rate * self.size * self.direction


class SingleSample(Optimizer):
    """Stochastic gradient descent, one sample a step: loss ``(x_i' theta - y_i)^2 / 2``, rate ``1 / max |x_i|^2``."""

    factor = 1.0

    def orders(self, generators: list[np.random.Generator]) -> None:
        """Take the cases' own generators, which draw the samples' order."""
        self.generators = generators
        self.cases = torch.arange(len(self.X), device=self.X.device)
        self.size = self.factor / self.X.square().sum(dim=2).amax(dim=1)[:, None]

    def keep(self, index: Tensor) -> None:
        super().keep(index)
        self.generators = [self.generators[i] for i in index.tolist()]
        self.cases = torch.arange(len(index), device=self.X.device)

    def draw(self) -> np.ndarray:
        """The next samples, (case, CHUNK)."""
        return np.stack([g.integers(0, self.X.shape[1], CHUNK) for g in self.generators])

    def step(self, theta: Tensor, t: int) -> Tensor:
        if t % CHUNK == 0:
            self.order = torch.from_numpy(self.draw()).to(self.X.device)
        i = self.order[:, t % CHUNK]
        x, y = self.X[self.cases, i], self.y[self.cases, i]
        g = self.gradient(x[:, None, :], y[:, None], theta)
        return theta - self.rate * self.size * g


class ReshuffledSample(SingleSample):
    """The same with a shorter step, each sample once before any comes again."""

    factor = 0.7

    def draw(self) -> np.ndarray:
        n = self.X.shape[1]
        rounds = -(-CHUNK // n)
        return np.stack([np.concatenate([g.permutation(n) for _ in range(rounds)])[:CHUNK] for g in self.generators])


class RungeKutta(Optimizer):
    """Gradient flow by the classical fourth-order method at a fixed, stable step."""

    def step(self, theta: Tensor, t: int) -> Tensor:
        h = 2 / self.high

        def slope(z: Tensor) -> Tensor:
            return -self.rate * self.gradient(self.X, self.y, z)

        k1 = slope(theta)
        k2 = slope(theta + h / 2 * k1)
        k3 = slope(theta + h / 2 * k2)
        k4 = slope(theta + h * k3)
        return theta + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


_USUAL: dict[str, type[Optimizer]] = {"gd": GradientDescent, "momentum": HeavyBall, "sgd": SingleSample}
_CONFIRMING: dict[str, type[Optimizer]] = {
    "gd": ShortGradientDescent,
    "momentum": Chebyshev,
    "sgd": ReshuffledSample,
    "flow": RungeKutta,
}


def optimizer(task: Task, span: Span, name: str, method: int, rate: float) -> Optimizer:
    """The optimizer of that name; method 1 is another implementation, with gradients written out.

    Raises:
        UsageError: FT305 an optimizer that has not this limit, or not here.
    """
    known = _CONFIRMING if method else _USUAL
    if name not in known:
        raise UsageError("FT305", f"optimizer = {name!r} does not train to this limit; use linear.stability")
    n, d = task.X.shape[1:]
    if name == "sgd" and n > d:
        raise UsageError(
            "FT305", f"optimizer = 'sgd' has a limit on problems it can interpolate: n <= d, not {n} > {d}"
        )
    rule = known[name](task.X, task.y, span, written_gradient if method else autograd_gradient, rate)
    if isinstance(rule, SingleSample):
        rule.orders([generator(s, "order") for s in task.settings])
    return rule


def train_linear(
    task: Task,
    parameters: list[dict[str, Value]],
    *,
    method: int = 0,
    rate: float = 1.0,
    max_steps: int | None = None,
    aim: float = AIM,
) -> Trained:
    """Linear regression from the source, by the settings' optimizer, until certified.

    Args:
        rate: factor on the learning rate; 0 trains nothing.
        max_steps: steps after which a case is given up.
        aim: bound at which a case stops, relative to the smaller teacher norm.

    Raises:
        UsageError: FT305 an optimizer that has not this limit.
    """
    name = str(parameters[0]["optimizer"])
    limit = MAX_STEPS.get(name, 0) if max_steps is None else max_steps
    span, unit = Span.of(task.X), scale(task, parameters)
    if name == "flow" and method == 0:
        system = LinearFlow(task.X, task.y, autograd_gradient, rate=rate, span=span, target=aim * unit)
        tolerance = torch.full_like(unit, FLOW_TOLERANCE)
        size = norm(task.source) + norm(task.target)
        theta, _, steps = flow.integrate(system, task.source.clone(), size, tolerance, limit)
    else:
        rule = optimizer(task, span, name, method, rate)
        theta, steps = descend(rule, span, task, aim * unit, limit)
    return certify(task, span, theta, steps, unit)


def certify(task: Task, span: Span, theta: Tensor, steps: Tensor, unit: Tensor, accept: float = ACCEPT) -> Trained:
    """The linear certificate of theta (case, d), and the status that follows from it."""
    bound, drift = linear_bound(span, task.X, task.y, theta, task.source)
    distance, floor = linear_distance(span, task.X, task.y, theta)
    finite = torch.isfinite(bound)
    # Where rounding sets the floor, nothing nearer can be certified; the bound says how near it is.
    good = finite & ((bound <= accept * unit) | (distance <= 4 * floor))
    status = tuple(
        OK if g else NOT_CONVERGED if f else DIVERGED for g, f in zip(good.tolist(), finite.tolist(), strict=True)
    )
    bound = torch.where(finite, bound, torch.inf)
    return Trained(theta, bound, torch.zeros_like(bound), status, steps, drift)


def descend(rule: Optimizer, span: Span, task: Task, target: Tensor, max_steps: int) -> tuple[Tensor, Tensor]:
    """Steps until each case is within its target, or at the floor that rounding sets.

    Returns theta (case, d) and the number of steps taken (case,).
    """
    end = task.source.clone()
    taken = torch.full_like(target, float(max_steps))
    theta, alive = task.source, torch.arange(len(task), device=target.device)
    for t in range(max_steps + 1):
        if t % CHECK_EVERY == 0 or t == max_steps:
            distance, floor = linear_distance(span, rule.X, rule.y, theta)
            # A case that is no number any more is as finished as one that has arrived.
            done = (distance <= torch.maximum(target, 2 * floor)) | ~torch.isfinite(distance)
            if t == max_steps:
                done = torch.ones_like(done)
            new = done & (taken[alive] == max_steps)
            end[alive[new]], taken[alive[new]] = theta[new], float(t)
            if bool(done.all()):
                break
            index = survivors(~done)
            if index is not None:
                rule.keep(index)
                theta, alive, target, span = theta[index], alive[index], target[index], span.select(index)
        theta = rule.step(theta, t)
    return end, taken
