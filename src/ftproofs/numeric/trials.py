"""What is trained on one batch of transfer tasks, by a training engine or by the oracle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Value
from ftproofs.numeric import networks, pretraining, solvers
from ftproofs.numeric.features import features
from ftproofs.numeric.gram import GramDesign, gram, suits
from ftproofs.numeric.measurements import ROUNDING, Readings, read_excess
from ftproofs.numeric.solvers import Design
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import deep_descent, deep_linear, reduced, spectral
from ftproofs.numeric.training.pretrain import Pretrained, pretrain
from ftproofs.numeric.training.problem import INTEGRATION_FLAG, SAFETY
from ftproofs.numeric.training.result import OK, Trained, scale
from ftproofs.numeric.training.ridge import train_ridge

SOLVER = "solver"


@dataclass(frozen=True)
class Trial:
    """Tasks (training starts from their ``source``), their settings' parameters, and how they are trained.

    Either all settings have ``init_scale = 0`` or none has.
    ``design`` is what measurements are read through, ``eigen`` the tasks' eigen-channels where training goes
    through them.
    """

    task: Task
    parameters: list[dict[str, Value]]
    engine: str
    method: int
    design: Design | GramDesign
    eigen: spectral.Eigen | None = None

    @classmethod
    def draw(cls, task: Task, parameters: list[dict[str, Value]], engine: str, method: int) -> Trial:
        """The trial on drawn tasks.

        Raises:
            UsageError: FT308 the oracle or the reduced engine with init_scale > 0.
        """
        if engine in (SOLVER, "reduced") and parameters[0]["init_scale"] != 0:
            raise UsageError("FT308", f"engine {engine} knows init_scale = 0 only: the limit of small starts")
        confirming = engine == SOLVER and method == 1
        if confirming or not suits(*task.X.shape[1:]):
            design = solvers.factorise(task.X, method=1 if confirming else 0, shared=task.shared)
            return cls(task, parameters, engine, method, design)
        matrix = gram(task.X)
        channels = engine == "reduced" and method == 0 and task.X.shape[1] < task.X.shape[2]
        eigen = spectral.Eigen.of(task.X, task.y, matrix) if channels else None
        return cls(task, parameters, engine, method, GramDesign.of(task.X, matrix, task.shared), eigen)

    def starting_at(self, source: Tensor) -> Trial:
        """The same trial with training from another predictor (case, d)."""
        return replace(self, task=replace(self.task, source=source))

    @property
    def made(self) -> bool:
        """Whether networks are made as the limit of small starts."""
        return self.parameters[0]["init_scale"] == 0

    @property
    def depth(self) -> int:
        return int(self.parameters[0]["L"])

    def scratch(self) -> Trained:
        """From scratch: linear regression from zero, or the network from a small random start."""
        zero = replace(self.task, source=torch.zeros_like(self.task.source))
        if self.engine == SOLVER:
            return _solved(self.design.fit(self.task.y))
        if self.eigen is not None:
            return spectral.train_spectral(self.eigen, zero.source, 1, scale(zero, self.parameters))
        if self.made:
            return pretraining.from_zero(zero, self.parameters, method=self.method)
        width, d = int(self.parameters[0]["width"]), self.task.X.shape[2]
        start = networks.random_start(self.task.settings, self.depth, width, d, stream="scratch")
        start = [W.to(self.task.X.device) for W in start]
        net = pretrain(self.task.target, start, scale(zero, self.parameters), task=self.task, method=self.method)
        still = torch.zeros_like(net.bound)
        return Trained(net.beta, net.bound, net.spread, net.status, net.steps, still, {}, (INTEGRATION_FLAG,))

    def pretrained(self) -> Pretrained:
        """The network that transfer starts from; the oracle's where that is asked."""
        if self.engine != SOLVER:
            return pretraining.pretrained(self.task, self.parameters, method=self.method)
        beta = pretraining.source_endpoint(self.task, self.parameters, method=self.method)
        length = torch.linalg.vector_norm(beta, dim=1)
        weights = self._chain(beta, int(self.parameters[0]["width"]))
        nothing = torch.zeros_like(length)
        status = (OK,) * len(self.task)
        return Pretrained(weights, weights, self.task.source, beta, ROUNDING * length, nothing, status, nothing)

    def _chain(self, beta: Tensor, width: int) -> list[Tensor]:
        length = torch.linalg.vector_norm(beta, dim=1, keepdim=True)
        return networks.balanced(beta, length, torch.ones_like(length), self.depth, width, self.task.settings)

    def finetuned(self, net: Pretrained) -> Trained:
        """All layers trained from the pretrained network, whose predictor is the task's source."""
        task, unit = self.task, scale(self.task, self.parameters)
        if self.engine == SOLVER:
            return _solved(solvers.deep_linear_endpoint(self.design, task.y, task.source, self.depth))
        if self.eigen is not None:
            return spectral.train_spectral(self.eigen, task.source, self.depth, unit)
        if self.engine == "reduced" and self.method == 0:
            return reduced.train_reduced(task, self.parameters, weights=self._chain(net.beta, 1))
        if self.engine == "descent":
            return deep_descent.descend_deep_linear(task, self.parameters, weights=net.weights)
        return deep_linear.train_deep_linear(task, self.parameters, method=self.method, weights=net.weights)

    def readout(self, net: Pretrained) -> tuple[Trained, Readings]:
        """The readout alone trained from zero on the pretrained features, with the ridge penalty."""
        task, ridge = self.task, self._column("ridge")
        nothing = torch.zeros_like(ridge)
        if self.engine == SOLVER:
            beta = solvers.rank_one_ridge(task.image(task.source), task.y, task.source, ridge, self.depth)
            return _solved(beta), read_readout(task, beta, nothing, nothing)
        F = features(net.weights)
        Z = torch.bmm(task.X, F)
        strength = torch.linalg.matrix_norm(F, ord=2)
        rank = 1 if self.made else min(Z.shape[1:])
        unit = scale(task, self.parameters) / strength
        fit = train_ridge(Z, task.y, torch.zeros_like(F[:, 0]), ridge, unit, rank=rank, method=self.method)
        beta, bound = torch.bmm(F, fit.b[:, :, None])[:, :, 0], strength * fit.bound
        trained = Trained(beta, bound, nothing, fit.status, fit.steps, fit.drift)
        # The limit moves with the features; how much is estimated.
        return trained, read_readout(task, beta, fit.gradient, bound + SAFETY * net.bound)

    def _column(self, name: str) -> Tensor:
        return torch.tensor([float(p[name]) for p in self.parameters], dtype=self.task.X.dtype).to(self.task.X.device)


def _solved(beta: Tensor) -> Trained:
    nothing = torch.zeros_like(beta[:, 0])
    return Trained(beta, nothing, nothing, (OK,) * len(beta), nothing, nothing)


def read_readout(task: Task, beta: Tensor, gradient: Tensor, bound: Tensor) -> Readings:
    """The trained predictor along the pretrained one, and what decides it."""
    n = task.X.shape[1]
    u = task.source / torch.linalg.vector_norm(task.source, dim=1, keepdim=True)
    z = task.image(u)
    energy, product = z.square().sum(dim=1) / n, (z * task.y).sum(dim=1) / n
    lengths = torch.linalg.vector_norm(z, dim=1) * torch.linalg.vector_norm(task.y, dim=1) / n
    length = torch.linalg.vector_norm(beta, dim=1)
    return {
        "along_source": ((beta * u).sum(dim=1), bound + ROUNDING * length),
        "excess_risk": read_excess(beta, task.target, u, bound),
        "feature_energy": (energy, ROUNDING * energy),
        "feature_product": (product, ROUNDING * lengths),
        "ridge_gap": (gradient, ROUNDING * lengths),
    }
