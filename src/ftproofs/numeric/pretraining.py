"""The network that transfer starts from: source data, and what training on them gives.

With ``init_scale = 0`` the network is the limit of ever smaller starts: balanced layers of rank one
whose predictor is what linear regression from zero ends at on the source data (the teacher
itself on the population).  Otherwise it is trained by gradient flow from a random start.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Value, source_samples
from ftproofs.numeric import networks, solvers
from ftproofs.numeric.gram import GramDesign, suits
from ftproofs.numeric.seeds import generator, of_design, sharing
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import descent
from ftproofs.numeric.training.pretrain import Pretrained, pretrain
from ftproofs.numeric.training.result import OK, scale
from ftproofs.settings import Setting

#: Steps after which linear regression on source data, or from scratch, is given up.
LINEAR_STEPS = 40_000


def source_task(task: Task, cases: Sequence[int], samples: int) -> Task:
    """The source data of some cases: X (case, n_s, d) standard normal, y = X theta_S + sigma_s eps; training from 0.

    Cases that share their design share the inputs of their source data too (`seeds.sharing`).
    """
    d, shared = task.X.shape[2], task.shared
    settings = tuple(task.settings[i] for i in cases)
    inputs, eps = _source_normals(settings, samples, d, shared)
    eps *= np.array([[float(s.parameters["sigma_s"])] for s in settings])

    def move(a: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(a)).to(task.X.device)

    teacher = task.source[list(cases)]
    own = teacher.cpu().numpy().reshape(len(inputs), shared, d)
    # Alone one row at a time: a case's bits do not depend on its neighbours, who are always the same if any.
    clean = np.einsum("cnd,cd->cn", inputs, own[:, 0]) if shared == 1 else own @ inputs.transpose(0, 2, 1)
    labels = clean.reshape(len(settings), samples) + eps
    zero, one = torch.zeros_like(teacher), torch.ones_like(teacher)
    return Task(move(inputs), move(labels), move(eps), zero, teacher, one, settings, shared)


def _source_normals(settings: Sequence[Setting], samples: int, d: int, shared: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal inputs (design, n_s, d) and noise (case, n_s): the inputs' generator is their design's."""
    inputs, eps = np.empty((len(settings) // shared, samples * d)), np.empty((len(settings), samples))
    for i, setting in enumerate(settings[::shared]):
        count = sharing(setting.stage)
        source = generator(of_design(setting), "source")
        source.standard_normal(out=inputs[i])
        if count == shared:
            source.standard_normal(out=eps[i * shared : (i + 1) * shared])
        else:
            eps[i] = source.standard_normal((count, samples))[setting.index % count]
    return inputs.reshape(-1, samples, d), eps


def from_zero(task: Task, parameters: list[dict[str, Value]], *, method: int = 0) -> descent.Trained:
    """Linear regression from zero, with momentum, to a certified limit."""
    chosen: list[dict[str, Value]] = [{**p, "optimizer": "momentum"} for p in parameters]
    return descent.train_linear(task, chosen, method=method, max_steps=LINEAR_STEPS)


def pretrained(task: Task, parameters: list[dict[str, Value]], *, method: int = 0) -> Pretrained:
    """Every case's network, pretrained on its own source data; the task's source is the source teacher.

    The case's numbers do not depend on its neighbours: cases are trained with those that have as
    many source samples, one alone beside a copy of itself.
    """

    def train(cases: list[int], samples: int | None, made: bool) -> Pretrained:
        return _group(task.select(cases), [parameters[i] for i in cases], samples, made, method)

    return _by_source(task, parameters, train)


def source_endpoint(task: Task, parameters: list[dict[str, Value]], *, method: int = 0) -> Tensor:
    """The oracle's pretrained predictor (case, d): the teacher, or the minimum-norm fit of the source data."""
    end = task.source.clone()
    for (samples, _), cases in _groups(parameters).items():
        if samples is not None:
            source = source_task(task, cases, samples)
            quick = method == 0 and suits(*source.X.shape[1:])
            if quick:
                end[cases] = GramDesign.of(source.X, shared=source.shared).fit(source.y)
            else:
                X = source.X.repeat_interleave(source.shared, dim=0)
                end[cases] = solvers.factorise(X, method=method).fit(source.y)
    return end


def _groups(parameters: list[dict[str, Value]]) -> dict[tuple[int | None, bool], list[int]]:
    groups: dict[tuple[int | None, bool], list[int]] = {}
    for i, p in enumerate(parameters):
        groups.setdefault((source_samples(p), p["init_scale"] == 0), []).append(i)
    return groups


def _by_source(
    task: Task, parameters: list[dict[str, Value]], train: Callable[[list[int], int | None, bool], Pretrained]
) -> Pretrained:
    parts = []
    for (samples, made), cases in _groups(parameters).items():
        # Kernels for a batch of one round differently: train it beside a copy of itself.
        parts.append((cases, train(cases if len(cases) > 1 else cases * 2, samples, made)))
    order = torch.argsort(torch.tensor([i for cases, _ in parts for i in cases])).to(task.X.device)

    def join(pick: Callable[[Pretrained], Tensor]) -> Tensor:
        return torch.cat([pick(part)[: len(cases)] for cases, part in parts])[order]

    layers = len(parts[0][1].weights)
    status = [s for cases, part in parts for s in part.status[: len(cases)]]
    return Pretrained(
        [join(lambda part, j=j: part.weights[j]) for j in range(layers)],  # type: ignore[misc]
        [join(lambda part, j=j: part.start[j]) for j in range(layers)],  # type: ignore[misc]
        task.source,
        join(lambda part: part.beta),
        join(lambda part: part.bound),
        join(lambda part: part.spread),
        tuple(status[i] for i in order.tolist()),
        join(lambda part: part.steps),
    )


def _group(task: Task, parameters: list[dict[str, Value]], samples: int | None, made: bool, method: int) -> Pretrained:
    depth, width = int(parameters[0]["L"]), int(parameters[0]["width"])
    source = None if samples is None else source_task(task, range(len(task)), samples)
    if not made:
        start = [W.to(task.X.device) for W in networks.random_start(task.settings, depth, width, task.X.shape[2])]
        return pretrain(task.source, start, scale(task, parameters), task=source, method=method)
    nothing = torch.zeros_like(task.source[:, 0])
    if source is None:
        beta, bound, status, steps = task.source, nothing, (OK,) * len(task), nothing
        length = torch.tensor([[float(p["source_norm"])] for p in parameters], dtype=torch.float64).to(task.X.device)
    else:
        fit = from_zero(source, parameters, method=method)
        beta, bound, status, steps = fit.beta, fit.bound, fit.status, fit.steps
        length = torch.linalg.vector_norm(beta, dim=1, keepdim=True)
    weights = networks.balanced(beta, length, torch.ones_like(length), depth, width, task.settings)
    return Pretrained(weights, weights, task.source, beta, bound, nothing, status, steps)


def teacher_of(settings: Sequence[Setting], device: str) -> Tensor:
    """The source teachers (case, d) of `deep-linear.pretrain`: of uniform direction."""
    rows = [generator(s).standard_normal(int(s.parameters["d"])) for s in settings]
    lengths = [
        float(s.parameters["source_norm"]) / math.sqrt((z * z).sum()) for s, z in zip(settings, rows, strict=True)
    ]
    return torch.from_numpy(np.stack([c * z for c, z in zip(lengths, rows, strict=True)])).to(device)
