"""Gradient flow of some layers of a deep linear network while the others stay what they are.

The weights that train are integrated at two tolerances side by side, through the whole
network and the data themselves, until the path that is left is certified to be short
(`bounds.path_bounds`).  With the first layers frozen, ``F`` their product, what is left is a
network on the features ``X F``, whose range the labels' fitted part lies in; with the
last layers frozen the bound is that of the whole network, some of whose velocities are zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Value
from ftproofs.numeric import networks
from ftproofs.numeric.elementwise import power
from ftproofs.numeric.seeds import generator
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, Span, norm, path_bounds, residual_rounding
from ftproofs.numeric.training.deep_linear import MAX_STEPS, TAIL_TOLERANCES, drift
from ftproofs.numeric.training.problem import VANISHED, compare
from ftproofs.numeric.training.result import ACCEPT, Trained, scale


def frozen_start(task: Task, parameters: list[dict[str, Value]]) -> tuple[list[Tensor], int, bool]:
    """Weights at the start, how many layers are frozen, and whether they are the first ones.

    The weights are those of `networks.finetuning_start`.  With ``features = full-rank`` every
    frozen layer is ``W_j + s^(1/L) (I - q_{j-1} q_{j-1}') G (I - q_j q_j') / sqrt(rows)`` with G standard
    normal (no left factor at j = 1): of full rank, with the same predictor.

    Raises:
        UsageError: FT305 as many frozen layers as there are; full-rank features of width 1
            or with the last layers frozen.
    """
    first = parameters[0]
    depth, frozen = int(first["L"]), int(first["frozen"])
    leading = first["frozen_end"] == "first"
    if frozen >= depth:
        raise UsageError("FT305", f"frozen = {frozen} leaves no layer of L = {depth} to train")
    weights = networks.finetuning_start(task, parameters)
    if first["features"] == "full-rank":
        if int(first["width"]) < 2 or not leading:
            raise UsageError("FT305", "full-rank features need width >= 2 and the first layers frozen")
        weights = _full_rank(task, weights, frozen)
    return weights, frozen, leading


def _full_rank(task: Task, weights: list[Tensor], frozen: int) -> list[Tensor]:
    changed = list(weights)
    streams = [generator(setting, "features") for setting in task.settings]
    before: Tensor | None = None
    for j in range(frozen):
        W = weights[j]
        gain = torch.linalg.matrix_norm(W)[:, None, None]
        # W is rank one, gain times one unit vector times another: q_j are its rows' direction.
        row = W[torch.arange(len(W)), W.abs().sum(dim=2).argmax(dim=1)]
        q = (row / norm(row)[:, None])[:, :, None]
        noise = torch.stack([torch.from_numpy(g.standard_normal(W.shape[1:])) for g in streams]).to(W)
        noise = noise - torch.bmm(torch.bmm(noise, q), q.mT)
        if before is not None:
            noise = noise - torch.bmm(before, torch.bmm(before.mT, noise))
        changed[j] = W + gain * noise / W.shape[1] ** 0.5
        before = q
    return changed


@dataclass
class Certificate:
    """What the bound on the path needs: the frozen layers' product norm, a design's least singular value,
    an orthonormal basis of the range of what trains (None: everything), the rounding of a residual; (case, ...)."""

    product: Tensor
    smallest: Tensor
    range: Tensor | None
    rounding: Tensor
    tilt: Tensor

    def select(self, index: Tensor) -> Certificate:
        """Some cases only."""
        basis = None if self.range is None else self.range[index]
        return Certificate(self.product[index], self.smallest[index], basis, self.rounding[index], self.tilt[index])


def certificate(task: Task, weights: list[Tensor], frozen: int, leading: bool, rank: int) -> Certificate:
    """For the design and the frozen layers, of a product of this rank."""
    n, d = task.X.shape[1:]
    span = Span.of(task.X)
    size = norm(task.source) + norm(task.target)
    rounding = 4 * residual_rounding(span, size, task.y, n, d)
    product = weights[0] if leading else weights[-1]
    for W in weights[1:frozen] if leading else weights[-2 : -frozen - 1 : -1]:
        product = torch.bmm(product, W) if leading else torch.bmm(W, product)
    length = norm(product)
    if not leading:
        U = None if n <= d else torch.linalg.svd(task.X, full_matrices=False).U
        tilt = torch.zeros_like(length) if U is None else (n + d) * UNIT * span.frobenius / span.smallest
        return Certificate(length, span.smallest, U, rounding, tilt)
    features = torch.bmm(task.X, product)
    U, values, _ = torch.linalg.svd(features, full_matrices=False)
    inexact = 4 * (n + d) * UNIT * span.frobenius * length
    smallest = (values[:, rank - 1] - inexact).clamp_min(0.0)
    whole = rank == n
    return Certificate(
        length, smallest, None if whole else U[:, :, :rank], rounding, 0 * length if whole else inexact / smallest
    )


class Frozen:
    """The flow of the layers that train, flattened into z (case, m)."""

    def __init__(
        self,
        task: Task,
        weights: list[Tensor],
        frozen: int,
        leading: bool,
        proof: Certificate,
        target: Tensor,
        rate: float,
        autograd: bool,
    ) -> None:
        depth = len(weights)
        self.trained = range(frozen, depth) if leading else range(depth - frozen)
        self.leading, self.rate, self.autograd, self.samples = leading, rate, autograd, task.X.shape[1]
        self.shapes = [tuple(weights[j].shape[1:]) for j in self.trained]
        self.depth = depth
        self.data = [task.X, task.y[:, :, None], norm(task.source), target]
        self.fixed = {j: W for j, W in enumerate(weights) if j not in self.trained}
        self.proof = proof

    def flatten(self, weights: list[Tensor]) -> Tensor:
        """The trained ones of all weights, as z."""
        return torch.cat([weights[j].flatten(1) for j in self.trained], dim=1)

    def bind(self, z: Tensor) -> list[Tensor]:
        """The layers that train, as views of z."""
        views, begin = [], 0
        for rows, columns in self.shapes:
            views.append(z[:, begin : begin + rows * columns].view(-1, rows, columns))
            begin += rows * columns
        return views

    def layers(self, trained: list[Tensor]) -> list[Tensor]:
        """All layers, in order."""
        own = dict(zip(self.trained, trained, strict=True)) | self.fixed
        return [own[j] for j in range(self.depth)]

    def keep(self, index: Tensor) -> None:
        self.data = [x[index] for x in self.data]
        self.fixed = {j: W[index] for j, W in self.fixed.items()}
        self.proof = self.proof.select(index)

    def slope(self, at: object, out: object) -> None:
        """Minus the gradient of the loss in each layer that trains."""
        assert isinstance(at, list)
        assert isinstance(out, list)
        X, y = self.data[:2]
        own = [W.detach().requires_grad_() for W in at] if self.autograd else at
        layers = self.layers(own)
        tails = [layers[-1]]
        for W in layers[-2::-1]:
            tails.insert(0, torch.bmm(W, tails[0]))
        residual = torch.bmm(X, tails[0]) - y
        if self.autograd:
            loss = residual.square().sum() / (2 * self.samples)
            for target, gradient in zip(out, torch.autograd.grad(loss, own), strict=True):
                torch.mul(gradient, -self.rate, out=target)
        else:
            back = (-self.rate / self.samples) * torch.bmm(X.mT, residual)
            for j, W in enumerate(layers):
                if j in self.trained:
                    # (W_1 .. W_{j-1})' g (W_{j+1} .. W_L)'; after the last layer stands a 1.
                    target = out[j - self.trained.start]
                    target.copy_(torch.bmm(back, tails[j + 1].mT) if j + 1 < self.depth else back)
                back = torch.bmm(W.mT, back)
        self.at, self.tails, self.residual = at, [T.detach() for T in tails], residual.detach()

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        _, _, source, target = self.data
        state = torch.where(self.distance() <= target, flow.ARRIVED, flow.RUNNING)
        count = len(self.trained)
        if count > 1:
            small = VANISHED * source
            sizes = torch.stack([norm(W) for W in self.at], dim=1)
            gone = norm(self.tails[0]) <= small
            gone &= sizes.amax(dim=1) <= 2 * power(small / self.proof.product, 1 / count)
            inward = (z * slope).sum(dim=1) <= 0
            state = torch.where(gone & inward & (state == flow.RUNNING), flow.AT_SADDLE, state)
        return state

    def distance(self) -> Tensor:
        """Bound on the predictor's distance to the flow's limit, where the last slope was taken; (case,)."""
        proof, residual = self.proof, self.residual
        inside = residual if proof.range is None else torch.bmm(proof.range.mT, residual)
        length = norm(inside) + proof.rounding + proof.tilt * norm(residual)
        if self.leading:
            count, layers = len(self.trained), self.at
            gain = norm(self.tails[self.trained.start + 1]) if count > 1 else torch.ones_like(length)
        else:
            count, layers, gain = self.depth, self.layers(self.at), norm(self.tails[1])
        largest = torch.stack([norm(W) for W in layers], dim=1).amax(dim=1)
        plain, _ = path_bounds(count, length, proof.smallest, gain, largest)
        return plain * proof.product if self.leading else plain


def train_frozen(
    task: Task,
    parameters: list[dict[str, Value]],
    *,
    method: int = 0,
    rate: float = 1.0,
    max_steps: int | None = None,
) -> Trained:
    """Gradient flow from `frozen_start` with the frozen layers left alone, certified.

    Args:
        method: 0 written slopes, 1 slopes by automatic differentiation.
        rate: factor on the flow's speed; 0 trains nothing.
        max_steps: steps after which a case is given up.
    """
    count = len(task)
    weights, frozen, leading = frozen_start(task, parameters)
    unit = scale(task, parameters)
    width = min(task.X.shape[1], int(parameters[0]["width"]))
    rank = width if parameters[0]["features"] == "full-rank" else 1
    twice = list(range(count)) * 2
    both, doubled = task.select(twice), [W[twice] for W in weights]
    proof = certificate(both, doubled, frozen, leading, rank)
    target = ACCEPT / 2 * unit[twice]
    system = Frozen(both, doubled, frozen, leading, proof, target, rate, autograd=method == 1)
    last = Frozen(both, doubled, frozen, leading, proof, target, rate, autograd=method == 1)
    start = system.flatten(doubled)
    tolerance = torch.tensor(TAIL_TOLERANCES, dtype=unit.dtype, device=unit.device).repeat_interleave(count)
    z, code, steps = flow.integrate(
        system, start, norm(start), tolerance, MAX_STEPS if max_steps is None else max_steps
    )
    ends = last.bind(z)
    last.slope(ends, last.bind(torch.empty_like(z)))
    beta = last.tails[0][:, :, 0]
    bound = torch.where(code == flow.AT_SADDLE, (1 + 64 * UNIT) * norm(beta), last.distance())
    before, after = ([W[:count] for W in layers] for layers in (last.bind(start), ends))
    conserved = drift(before, after) if len(ends) > 1 else torch.zeros_like(unit)
    # Any depth above 1: the paths of frozen networks do matter.
    return compare(beta, bound, code, steps, unit, conserved, None, max(2, len(ends)))
