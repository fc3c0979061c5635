"""The federated experiments: clients' data, FedAvg, and the personalisation of one client (handbook part C)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Experiment, Value
from ftproofs.numeric import solvers, tasks
from ftproofs.numeric.measurements import ROUNDING, Readings, read_predictor, read_risk, read_task
from ftproofs.numeric.seeds import generator, of_design, sharing
from ftproofs.numeric.training.fedavg import SAMPLED_ROUNDS, fedavg, step_size
from ftproofs.numeric.training.result import OK
from ftproofs.numeric.training.ridge import train_ridge
from ftproofs.settings import Block, Setting

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]


@dataclass(frozen=True)
class Clients:
    """The clients of FedAvg: X (case, client, n, d), y (case, client, n), models (case, client, d)."""

    X: Tensor
    y: Tensor
    models: Tensor


@dataclass(frozen=True)
class Server:
    """The server's model (case, d), at most ``bound`` (case,) from FedAvg's fixed point, and what was read of it."""

    model: Tensor
    bound: Tensor
    status: tuple[str, ...]
    readings: Readings
    info: dict[str, Tensor]


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """FedAvg, and for ``federated.finetune`` one client's fine-tuning from the server's model."""
    tasks.same_shape(parameters)
    solved = block.engine == "solver"
    shared = sharing(block.settings[0].stage) if solved and spec.shares else 1
    chosen: slice | Tensor
    if shared > 1:
        settings, places = tasks.whole_designs(block.settings, shared)
        chosen = torch.tensor(places, device=device)
        parameters = [setting.parameters for setting in settings]
    else:
        # Kernels for a batch of one round differently: one case stands beside a copy of itself.
        settings = block.padded()
        parameters = parameters if len(block) > 1 else parameters * 2
        chosen = slice(len(block))
    origin, clients = _draw_clients(settings, parameters, device)
    server = _serve(settings, parameters, origin, clients, solved=solved, method=block.method)
    if spec.name == "federated.server":
        readings, status, info = server.readings, server.status, server.info
        readings["beta_norm"] = (_norm(server.model), server.bound + ROUNDING * _norm(server.model))
    else:
        readings, status, info = _personalise(
            settings, parameters, origin, clients, server, shared, solved=solved, method=block.method
        )
    readings = {name: (value[chosen], bound[chosen]) for name, (value, bound) in readings.items()}
    # A solver's status is the same for all.
    return readings, status[: len(block)], (), {name: x[chosen] for name, x in info.items()}


def _norm(z: Tensor) -> Tensor:
    return torch.linalg.vector_norm(z, dim=1)


def _draw_clients(
    settings: Sequence[Setting], parameters: list[dict[str, Value]], device: str
) -> tuple[Tensor, Clients | None]:
    """The global model (case, d), uniform of norm ``source_norm``, and the clients; None for infinitely many.

    A client's model is the global one plus a uniform vector of norm ``client_radius``; its
    inputs are standard normal, its labels' noise has deviation sigma.

    Raises:
        UsageError: FT305 fewer samples in all than dimensions.
    """
    first = parameters[0]
    n, d = int(first["n"]), int(first["d"])
    number = None if first["clients"] == "inf" else int(first["clients"])
    if number is not None and number * n < d:
        raise UsageError("FT305", f"{number} clients with n = {n} samples each do not determine d = {d} coefficients")
    origin = np.empty((len(settings), d))
    X, y, models = (np.empty((len(settings), number or 0, *shape)) for shape in ((n, d), (n,), (d,)))
    for i, (setting, p) in enumerate(zip(settings, parameters, strict=True)):
        source = generator(setting, "source")
        origin[i] = float(p["source_norm"]) * _unit(source.standard_normal(d))
        if number is not None:
            z = source.standard_normal((number, n * d + d + n))
            X[i] = z[:, : n * d].reshape(number, n, d)
            models[i] = origin[i] + float(p["client_radius"]) * _unit(z[:, n * d : -n])
            y[i] = (X[i] * models[i][:, None, :]).sum(axis=2) + float(p["sigma"]) * z[:, -n:]
    start = torch.from_numpy(origin).to(device)
    if number is None:
        return start, None
    return start, Clients(*(torch.from_numpy(a).to(device) for a in (X, y, models)))


def _unit(z: np.ndarray) -> np.ndarray:
    return z / np.sqrt((z * z).sum(axis=-1, keepdims=True))


def _column(parameters: list[dict[str, Value]], name: str, like: Tensor) -> Tensor:
    return torch.tensor([float(p[name]) for p in parameters], dtype=like.dtype, device=like.device)


def _taking_part(settings: Sequence[Setting], parameters: list[dict[str, Value]], clients: int) -> np.ndarray:
    """Weights (round, case, client) of the clients in the rounds of some; a case whose clients all take part too."""
    weights = np.empty((SAMPLED_ROUNDS, len(settings), clients))
    for i, (setting, p) in enumerate(zip(settings, parameters, strict=True)):
        count = max(1, round(float(p["participation"]) * clients))
        ranks = generator(setting, "order").random((SAMPLED_ROUNDS, clients)).argsort(axis=1).argsort(axis=1)
        weights[:, i] = (ranks < count) / count
    return weights


def _serve(
    settings: Sequence[Setting],
    parameters: list[dict[str, Value]],
    origin: Tensor,
    clients: Clients | None,
    *,
    solved: bool,
    method: int,
) -> Server:
    """The server's model by FedAvg from zero, or by the linear system of its fixed point."""
    nothing = torch.zeros_like(origin[:, 0])
    if clients is None:
        exact = (nothing, nothing)
        readings = dict.fromkeys(("server_error", "pooled_gap", "sampled_gap"), exact)
        return Server(origin, nothing, (OK,) * len(origin), readings, {})
    steps, share = int(parameters[0]["local_steps"]), _column(parameters, "local_step", origin)
    # One local step ends at the same point whatever its size.
    rate = share if solved and steps == 1 else step_size(clients.X, share)
    pooled = solvers.pooled_least_squares(clients.X, clients.y, method=method if solved else 0)
    slack = 64 * ROUNDING * (_norm(pooled) + _norm(origin))
    if solved:
        model = solvers.fedavg_endpoint(clients.X, clients.y, rate, steps, method=method)
        bound, status, info = slack, (OK,) * len(origin), {}
        sampled = (torch.full_like(nothing, torch.nan), torch.full_like(nothing, torch.inf))
    else:
        weights = torch.from_numpy(_taking_part(settings, parameters, clients.X.shape[1])).to(origin.device)
        found = fedavg(
            clients.X,
            clients.y,
            torch.zeros_like(origin),
            rate,
            weights,
            local_steps=steps,
            unit=_column(parameters, "source_norm", origin),
            method=method,
        )
        model, bound, status = found.server, found.bound, found.status
        sampled = (_norm(found.sampled - model), bound + slack)
        info = {"steps": found.rounds, "drift": torch.zeros_like(bound), "tail": bound}
    error, gap = _norm(model - origin), _norm(model - pooled)
    readings = {
        "server_error": (error**2, 2 * error * (bound + slack) + (bound + slack) ** 2),
        "pooled_gap": (gap, bound + slack),
        "sampled_gap": sampled,
    }
    return Server(model, bound, status, readings, info)


def _client(
    settings: Sequence[Setting],
    parameters: list[dict[str, Value]],
    origin: Tensor,
    clients: Clients | None,
    server: Tensor,
    shared: int,
) -> tasks.Task:
    """The client that is personalised, as a task whose source is the server's model and whose target is its own.

    Raises:
        UsageError: FT305 one of FedAvg's where there are infinitely many, or where cases share their design.
    """
    d, n = origin.shape[1], int(parameters[0]["n"])
    count = len(settings)
    X, noise, target = np.empty((count // shared, n, d)), np.empty((count, n)), np.empty((count, d))
    start = origin.cpu().numpy()
    for i in range(0, count, shared):
        if parameters[i]["participates"] == "yes":
            if clients is None or shared > 1:
                raise UsageError("FT305", "participates = 'yes' needs a finite number of clients, and a design a case")
            X[i], target[i] = clients.X[i, 0].cpu().numpy(), clients.models[i, 0].cpu().numpy()
            noise[i] = clients.y[i, 0].cpu().numpy() - (X[i] * target[i]).sum(axis=1)
            continue
        # Cases that share a design share its generator, which draws the design, then what is each case's own.
        together, cases = sharing(settings[i].stage), slice(i, i + shared)
        source = generator(settings[i]) if together == 1 else generator(of_design(settings[i]), "design")
        X[i // shared] = source.standard_normal((n, d))
        own = source.standard_normal((together, d + n))
        own = own if together == shared else own[settings[i].index % together, None]
        target[cases] = start[cases] + float(parameters[i]["client_radius"]) * _unit(own[:, :d])
        noise[cases] = float(parameters[i]["sigma"]) * own[:, d:]
    if shared == 1:
        y = (X * target[:, None, :]).sum(axis=2) + noise
    else:
        y = (target.reshape(len(X), shared, d) @ X.transpose(0, 2, 1)).reshape(count, n) + noise
    design, labels, errors, model = (torch.from_numpy(a).to(origin.device) for a in (X, y, noise, target))
    return tasks.Task(design, labels, errors, server, model, torch.ones_like(origin), tuple(settings), shared)


def tuned_ridge(parameters: dict[str, Value]) -> float:
    """The ridge that ``tuning`` says; NaN for a client that does not differ, which no finite one suits best."""
    n, d, noise, radius = (float(parameters[name]) for name in ("n", "d", "sigma", "client_radius"))
    factor = {"dimension": d / n, "plain": 1.0, "inverse": n / d}[str(parameters["tuning"])]
    return factor * noise**2 / radius**2 if radius > 0 else math.nan


def _personalise(
    settings: Sequence[Setting],
    parameters: list[dict[str, Value]],
    origin: Tensor,
    clients: Clients | None,
    server: Server,
    shared: int,
    *,
    solved: bool,
    method: int,
) -> tuple[Readings, tuple[str, ...], dict[str, Tensor]]:
    """Fine-tuning with the ridge given and with the one that ``tuning`` says, from the server's model."""
    task = _client(settings, parameters, origin, clients, server.model, shared)
    design = solvers.factorise(task.X, method=method if solved else 0, shared=shared)
    given = _column(parameters, "ridge", origin)
    tuned = torch.tensor([tuned_ridge(p) for p in parameters], dtype=origin.dtype, device=origin.device)
    unknown = tuned.isnan()
    tuned = torch.where(unknown, 0.0, tuned)
    status, info = server.status, server.info
    if solved:
        ends = [_ridge_end(task, design, ridge, method) for ridge in (given, tuned)]
        bounds = [server.bound, server.bound]
    else:
        fit = train_ridge(
            torch.cat([task.X, task.X]),
            torch.cat([task.y, task.y]),
            torch.cat([task.source, task.source]),
            torch.cat([given, tuned]),
            _column(parameters, "client_radius", origin).repeat(2),
            rank=min(task.X.shape[1:]),
            method=method,
        )
        ends = list(fit.b.chunk(2))
        # The end moves by no more than the model it starts from.
        bounds = [bound + server.bound for bound in fit.bound.chunk(2)]
        count = len(task)
        pairs = zip(server.status, fit.status[:count], fit.status[count:], strict=True)
        status = tuple(next((s for s in three if s != OK), OK) for three in pairs)
        info = {"steps": fit.steps[:count], "drift": fit.drift[:count], "tail": bounds[0]}
    readings = server.readings | read_task(task, design) | read_predictor(task, design, ends[0], bounds[0])
    value, bound = read_risk(task, design, ends[1], bounds[1])
    readings["tuned_risk"] = torch.where(unknown, torch.nan, value), torch.where(unknown, torch.inf, bound)
    # What the server's own distance to its fixed point does to what is read of it.
    readings |= _ridge_parts(task, given)
    for name in ("start_risk", "delta_norm", "perp_delta_norm", "delta_risk", "ridge_bias"):
        value, bound = readings[name]
        length = value if name.endswith("norm") else value.sqrt()
        extra = server.bound if name.endswith("norm") else 2 * length * server.bound + server.bound**2
        readings[name] = (value, bound + extra)
    loss, bound = readings["initial_loss"]
    moved = task.each(torch.linalg.matrix_norm(task.X)) * server.bound / task.X.shape[1] ** 0.5
    readings["initial_loss"] = (loss, bound + (2 * loss).sqrt() * moved + moved**2 / 2)
    return readings, status, info


def _ridge_end(task: tasks.Task, design: solvers.Design, ridge: Tensor, method: int) -> Tensor:
    """Where ridge toward the source ends; without ridge the minimum-norm correction."""
    plain = solvers.linear_endpoint(design, task.y - task.image(task.source), task.source)
    if not bool((ridge > 0).any()):
        return plain
    some = solvers.ridge_endpoint(
        task.X, task.y, task.source, torch.where(ridge > 0, ridge, 1.0), method=method, shared=task.shared
    )
    return torch.where(ridge[:, None] > 0, some, plain)


def _ridge_parts(task: tasks.Task, ridge: Tensor) -> Readings:
    """What the ridge keeps of the client's difference, and lets in of the noise; by a direct solve."""
    n, delta = task.X.shape[1], task.target - task.source
    nothing = torch.full_like(ridge, torch.nan), torch.full_like(ridge, torch.inf)
    if not bool((ridge > 0).any()):
        return {"ridge_bias": nothing, "ridge_noise": nothing}
    safe = torch.where(ridge > 0, ridge, 1.0)
    still = torch.zeros_like(delta)
    kept = delta - solvers.ridge_endpoint(task.X, task.image(delta), still, safe, shared=task.shared)
    noise = solvers.ridge_endpoint(task.X, task.noise, still, safe, shared=task.shared)
    error = ROUNDING * (1 + task.each(torch.linalg.matrix_norm(task.X)) ** 2 / (n * safe))
    found: Readings = {}
    for name, part, size in (("ridge_bias", kept, _norm(delta)), ("ridge_noise", noise, _norm(noise))):
        value = part.square().sum(dim=1)
        bound = 2 * error * size * (size + 1)
        found[name] = torch.where(ridge > 0, value, nothing[0]), torch.where(ridge > 0, bound, nothing[1])
    return found
