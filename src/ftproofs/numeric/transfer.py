"""The transfer experiments: pretrain, train on target data, and train from scratch on the same data."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Experiment, Value
from ftproofs.numeric import networks, pretraining, tasks
from ftproofs.numeric.features import read_conserved, read_features
from ftproofs.numeric.measurements import ROUNDING, Readings, read_predictor, read_risk, read_task
from ftproofs.numeric.seeds import sharing
from ftproofs.numeric.tasks import Task, whole_designs
from ftproofs.numeric.training.pretrain import Pretrained, pretrain
from ftproofs.numeric.training.problem import INTEGRATION_FLAG, SAFETY
from ftproofs.numeric.trials import SOLVER, Trial
from ftproofs.settings import Block, parameters_of

#: Numbers in the designs that are trained together at most.
PIECE = 1 << 23

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]


def pretrain_alone(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """`deep-linear.pretrain`: the population loss from a small random start."""
    depth, width, d = (int(parameters[0][name]) for name in ("L", "width", "d"))
    if any(p["init_scale"] == 0 for p in parameters):
        raise UsageError("FT305", "deep-linear.pretrain needs init_scale > 0: at 0 nothing moves")
    tasks.same_shape(parameters)
    settings = block.padded()
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
    """`transfer.scratch`, `transfer.linear` and `transfer.finetune`, beside training from scratch on the same data.

    Large blocks are trained a piece at a time, made and trained starts apart.  The oracle draws and factorises a
    design that cases share (`seeds.sharing`) once.
    """
    tasks.same_shape(parameters)
    shared = sharing(block.settings[0].stage) if block.engine == SOLVER else 1
    settings, chosen = whole_designs(block.settings, shared)
    if settings is not block.settings:
        block, parameters = replace(block, settings=settings), parameters_of(settings)
    if spec.name == "transfer.linear" and parameters[0]["L"] == 1:
        raise UsageError("FT305", "transfer.linear needs L >= 2: a network of one layer has no features")
    size = max(2, PIECE // (int(parameters[0]["n"]) * int(parameters[0]["d"])))
    pieces, order = [], []
    for made in (True, False):
        cases = [i for i, p in enumerate(parameters) if (p["init_scale"] == 0) == made]
        if shared > 1 and len(cases) not in (0, len(parameters)):
            raise UsageError("FT308", "engine solver knows init_scale = 0 only: the limit of small starts")
        for some in (cases[i : i + size * shared] for i in range(0, len(cases), size * shared)):
            part = replace(block, settings=tuple(block.settings[i] for i in some))
            pieces.append(_piece(spec, part, [parameters[i] for i in some], device, shared))
            order += some
    back = torch.argsort(torch.tensor(order))
    back = (back[chosen] if shared > 1 else back).to(device)

    def join(*parts: Tensor) -> Tensor:
        return torch.cat(parts)[back]

    readings = {
        name: (join(*(p[0][name][0] for p in pieces)), join(*(p[0][name][1] for p in pieces))) for name in pieces[0][0]
    }
    info = {name: join(*(p[3][name] for p in pieces)) for name in pieces[0][3]}
    status = [s for p in pieces for s in p[1]]
    flags = dict.fromkeys(flag for p in pieces for flag in p[2])
    return readings, tuple(status[i] for i in back.tolist()), tuple(flags), info


def _piece(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str, shared: int) -> Measured:
    count = len(block)
    # Kernels for a batch of one round differently: train it beside a copy of itself.
    settings, parameters = (block.settings, parameters) if count > shared else ((*block.settings,) * 2, parameters * 2)
    trial = Trial.draw(tasks.draw(settings, device=device, shared=shared), parameters, block.engine, block.method)
    scratch = trial.scratch()
    net: Pretrained | None = None
    extra: Readings = {}
    if spec.name == "transfer.scratch":
        trial, trained = trial.starting_at(torch.zeros_like(trial.task.source)), scratch
    else:
        net = trial.pretrained()
        trial = trial.starting_at(net.beta)
        trained, extra = trial.readout(net) if spec.name == "transfer.linear" else (trial.finetuned(net), {})
    task, design = trial.task, trial.design
    radius = trained.bound + trained.integration
    readings = read_task(task, design)
    if net is not None:
        # The limit moves with the start; how much is estimated.
        radius = radius + SAFETY * net.bound
        readings |= read_features(net) | _read_start(task, net) | extra
    readings |= read_predictor(task, design, trained.beta, radius)
    risk, risk_bound = readings["risk"]
    own, own_bound = read_risk(task, design, scratch.beta, scratch.bound + scratch.integration)
    readings |= {"scratch_risk": (own, own_bound), "transfer_gain": (own - risk, own_bound + risk_bound)}
    status = _worst(_worst(trained.status, scratch.status), net.status if net else scratch.status)
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
