"""The transfer experiments: pretrain, train on target data, and train from scratch on the same data."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ftproofs.claim import Block
from ftproofs.errors import UsageError
from ftproofs.names import Experiment, Value
from ftproofs.numeric import networks, pretraining, solvers, tasks
from ftproofs.numeric.features import features, read_conserved, read_features
from ftproofs.numeric.measurements import ROUNDING, Readings, read_predictor, read_task
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import deep_descent, deep_linear, reduced
from ftproofs.numeric.training.pretrain import Pretrained, pretrain
from ftproofs.numeric.training.problem import INTEGRATION_FLAG, SAFETY
from ftproofs.numeric.training.result import OK, Trained, scale
from ftproofs.numeric.training.ridge import train_ridge

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]


def pretrain_alone(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """`deep-linear.pretrain`: the population loss from a small random start."""
    depth, width, d = (int(parameters[0][name]) for name in ("L", "width", "d"))
    if any(p["init_scale"] == 0 for p in parameters):
        raise UsageError("FT305", "deep-linear.pretrain needs init_scale > 0: at 0 nothing moves")
    tasks.same_shape(parameters)
    settings = block.settings if len(block) > 1 else block.settings * 2
    count = len(block)
    teacher = pretraining.teacher_of(settings, device)
    start = [W.to(device) for W in networks.random_start(settings, depth, width, d)]
    unit = torch.linalg.vector_norm(teacher, dim=1)
    net = pretrain(teacher, start, unit, method=block.method)
    gap = torch.linalg.vector_norm(net.beta - teacher, dim=1)
    length = torch.linalg.vector_norm(net.beta, dim=1)
    readings = read_features(net) | read_conserved(net)
    readings |= {
        "pretrain_gap": (gap, net.bound + ROUNDING * unit),
        "start_norm": (length, net.bound + ROUNDING * unit),
    }
    readings = {name: (value[:count], bound[:count]) for name, (value, bound) in readings.items()}
    info = {"steps": net.steps[:count], "tail": net.bound[:count], "integration": net.spread[:count]}
    return readings, net.status[:count], (INTEGRATION_FLAG,), info


def transfer(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """`transfer.linear` and `transfer.finetune`, beside training from scratch on the same target data."""
    count = len(block)
    if count == 1:
        # Kernels for a batch of one round differently: train it beside a copy of itself.
        parameters = parameters * 2
    task = tasks.draw(block.settings if count > 1 else block.settings * 2, device=device)
    if spec.name == "transfer.linear" and parameters[0]["L"] == 1:
        raise UsageError("FT305", "transfer.linear needs L >= 2: a network of one layer has no features")
    solved = block.engine == "solver"
    scratch = (
        _solve_scratch(task, parameters, block.method)
        if solved
        else _scratch(task, parameters, block.engine, block.method)
    )
    if spec.name == "transfer.scratch":
        task = replace(task, source=torch.zeros_like(task.source))
        net, trained = None, scratch
    else:
        net = (
            _oracle_network(task, parameters, block.method)
            if solved
            else pretraining.pretrained(task, parameters, method=block.method)
        )
        task = replace(task, source=net.beta)
        if spec.name == "transfer.linear":
            train = _solve_readout if solved else _readout
            trained, extra = train(task, net, parameters, block.method)
        else:
            trained = (
                _solve_finetune(task, parameters, block.method)
                if solved
                else _finetune(task, net, parameters, block.engine, block.method)
            )
            extra = {}
    design = solvers.factorise(task.X, method=block.method if solved else 0)
    readings = read_task(task, design) | _read_start(task, net)
    radius = trained.bound + trained.integration
    if net is not None:
        # The limit moves with the start; how much is estimated.
        radius = radius + SAFETY * net.bound
        readings |= read_features(net)
    readings |= read_predictor(task, design, trained.beta, radius)
    risk, risk_bound = readings["risk"]
    own, own_bound = read_predictor(task, design, scratch.beta, scratch.bound + scratch.integration)["risk"]
    readings |= {"scratch_risk": (own, own_bound), "transfer_gain": (own - risk, own_bound + risk_bound)}
    status = list(_worst(trained.status, scratch.status))
    if net is not None:
        status = list(_worst(status, net.status))
        if spec.name == "transfer.linear":
            readings |= extra
    readings = {name: (value[:count], bound[:count]) for name, (value, bound) in readings.items()}
    info = {"steps": trained.steps, "drift": trained.drift, "tail": trained.bound, "integration": trained.integration}
    return readings, tuple(status[:count]), trained.flags, {name: x[:count] for name, x in info.items()}


def _worst(first: tuple[str, ...] | list[str], second: tuple[str, ...]) -> list[str]:
    """The first status of a case unless only the second is bad."""
    return [b if a in ("ok", "saddle") and b not in ("ok", "saddle") else a for a, b in zip(first, second, strict=True)]


def _read_start(task: Task, net: Pretrained | None) -> Readings:
    if net is None:
        return {}
    length = torch.linalg.vector_norm(net.beta, dim=1)
    target = torch.linalg.vector_norm(task.target, dim=1)
    product = (net.beta * task.target).sum(dim=1)
    slack = net.bound + ROUNDING * length
    return {"start_norm": (length, slack), "start_product": (product, target * slack)}


def _scratch(task: Task, parameters: list[dict[str, Value]], engine: str, method: int) -> Trained:
    """From scratch: linear regression from zero, or the network from a small random start, by case."""
    made = [p["init_scale"] == 0 for p in parameters]
    if all(made):
        return pretraining.from_zero(replace(task, source=torch.zeros_like(task.source)), parameters, method=method)
    if any(made):
        raise UsageError("FT305", "settings trained together need init_scale = 0 all or none")
    depth, width, d = int(parameters[0]["L"]), int(parameters[0]["width"]), task.X.shape[2]
    start = networks.random_start(task.settings, depth, width, d, stream="scratch")
    net = pretrain(task.target, [W.to(task.X.device) for W in start], scale(task, parameters), task=task, method=method)
    spread = net.spread
    return Trained(
        net.beta, net.bound, spread, net.status, net.steps, torch.zeros_like(spread), {}, (INTEGRATION_FLAG,)
    )


def _finetune(task: Task, net: Pretrained, parameters: list[dict[str, Value]], engine: str, method: int) -> Trained:
    if engine == "descent":
        return deep_descent.descend_deep_linear(task, parameters, weights=net.weights)
    if engine == "reduced" and method == 0:
        if any(p["init_scale"] != 0 for p in parameters):
            raise UsageError("FT308", "engine reduced needs init_scale = 0 (layers of rank one)")
        length = torch.linalg.vector_norm(net.beta, dim=1, keepdim=True)
        chain = networks.balanced(net.beta, length, torch.ones_like(length), len(net.weights), 1, task.settings)
        return reduced.train_reduced(task, parameters, weights=chain)
    return deep_linear.train_deep_linear(task, parameters, method=method, weights=net.weights)


def _readout(task: Task, net: Pretrained, parameters: list[dict[str, Value]], method: int) -> tuple[Trained, Readings]:
    """The readout alone, from zero, on the pretrained features."""
    F = features(net.weights)
    Z = torch.bmm(task.X, F)
    made = all(p["init_scale"] == 0 for p in parameters)
    rank = 1 if made else min(Z.shape[1:])
    strength = torch.linalg.matrix_norm(F, ord=2)
    ridge = _column(parameters, "ridge", task)
    unit = scale(task, parameters) / strength
    fit = train_ridge(Z, task.y, torch.zeros_like(F[:, 0]), ridge, unit, rank=rank, method=method)
    beta = torch.bmm(F, fit.b[:, :, None])[:, :, 0]
    nothing = torch.zeros_like(unit)
    trained = Trained(beta, strength * fit.bound, nothing, fit.status, fit.steps, fit.drift)
    return trained, _read_readout(task, beta, fit.gradient, strength * fit.bound)


def _read_readout(task: Task, beta: Tensor, gradient: Tensor, bound: Tensor) -> Readings:
    n = task.X.shape[1]
    u = task.source / torch.linalg.vector_norm(task.source, dim=1, keepdim=True)
    z = torch.bmm(task.X, u[:, :, None])[:, :, 0]
    energy, product = z.square().sum(dim=1) / n, (z * task.y).sum(dim=1) / n
    lengths = torch.linalg.vector_norm(z, dim=1) * torch.linalg.vector_norm(task.y, dim=1) / n
    length = torch.linalg.vector_norm(beta, dim=1)
    return {
        "along_source": ((beta * u).sum(dim=1), bound + ROUNDING * length),
        "feature_energy": (energy, ROUNDING * energy),
        "feature_product": (product, ROUNDING * lengths),
        "ridge_gap": (gradient, ROUNDING * lengths),
    }


def _oracle_network(task: Task, parameters: list[dict[str, Value]], method: int) -> Pretrained:
    """What the oracle takes for the pretrained network: balanced layers of rank one."""
    if any(p["init_scale"] != 0 for p in parameters):
        raise UsageError("FT308", "the oracle of transfer knows init_scale = 0 only")
    beta = pretraining.source_endpoint(task, parameters, method=method)
    length = torch.linalg.vector_norm(beta, dim=1, keepdim=True)
    depth, width = int(parameters[0]["L"]), int(parameters[0]["width"])
    weights = networks.balanced(beta, length, torch.ones_like(length), depth, width, task.settings)
    nothing = torch.zeros_like(length[:, 0])
    return Pretrained(weights, weights, task.source, beta, ROUNDING * length[:, 0], nothing, (OK,) * len(task), nothing)


def _solved(beta: Tensor) -> Trained:
    nothing = torch.zeros_like(beta[:, 0])
    return Trained(beta, nothing, nothing, (OK,) * len(beta), nothing, nothing)


def _solve_scratch(task: Task, parameters: list[dict[str, Value]], method: int) -> Trained:
    if any(p["init_scale"] != 0 for p in parameters):
        raise UsageError("FT308", "the oracle of transfer knows init_scale = 0 only")
    return _solved(solvers.factorise(task.X, method=method).fit(task.y))


def _solve_finetune(task: Task, parameters: list[dict[str, Value]], method: int) -> Trained:
    design = solvers.factorise(task.X, method=method)
    return _solved(solvers.deep_linear_endpoint(design, task.y, task.source, int(parameters[0]["L"])))


def _solve_readout(
    task: Task, net: Pretrained, parameters: list[dict[str, Value]], method: int
) -> tuple[Trained, Readings]:
    depth, ridge = int(parameters[0]["L"]), _column(parameters, "ridge", task)
    beta = solvers.rank_one_ridge(task.X, task.y, task.source, ridge, depth)
    nothing = torch.zeros_like(ridge)
    return _solved(beta), _read_readout(task, beta, nothing, nothing)


def _column(parameters: list[dict[str, Value]], name: str, task: Task) -> Tensor:
    return torch.tensor([float(p[name]) for p in parameters], dtype=task.X.dtype, device=task.X.device)
