"""What is read off pretrained weights: features, singular values, and what gradient flow conserves."""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.names.transferred import COUNT
from ftproofs.numeric import networks
from ftproofs.numeric.elementwise import power
from ftproofs.numeric.measurements import ROUNDING, Readings
from ftproofs.numeric.training.pretrain import Pretrained


def _norm(z: Tensor) -> Tensor:
    return torch.linalg.vector_norm(z, dim=1)


def features(weights: list[Tensor]) -> Tensor:
    """``W_1 .. W_{L-1}``, (case, d, h), of a network of depth 2 at least."""
    product = weights[0]
    for W in weights[1:-1]:
        product = torch.bmm(product, W)
    return product


def read_features(net: Pretrained) -> Readings:
    """Singular values of the first layer and of the features, and the features' direction.

    Without features (L = 1) those are undefined: NaN, with an infinite bound.
    """
    weights, spread = net.weights, net.spread
    largest = torch.stack([torch.linalg.matrix_norm(W) for W in weights], dim=1).amax(dim=1)
    slack = spread + ROUNDING * largest
    values = torch.linalg.svdvals(weights[0])
    found = {"readout_norm": (torch.linalg.matrix_norm(weights[-1]), slack)}
    for k in range(COUNT):
        value = values[:, k] if k < values.shape[1] else torch.zeros_like(spread)
        found[f"singular_value_{k + 1}"] = (value, slack)
    if len(weights) == 1:
        undefined = (torch.full_like(spread, torch.nan), torch.full_like(spread, torch.inf))
        return found | dict.fromkeys(("feature_norm", "feature_ratio", "feature_alignment"), undefined)
    U, strength, _ = torch.linalg.svd(features(weights), full_matrices=False)
    top = strength[:, 0]
    second = strength[:, 1] if strength.shape[1] > 1 else torch.zeros_like(top)
    # A product of L - 1 layers of norm at most M moves by (L - 1) M^(L-2) times a layer's error.
    layers = len(weights) - 1
    inexact = layers * power(largest, layers - 1) * slack
    along = (U[:, :, 0] * net.beta).sum(dim=1).abs() / _norm(net.beta)
    turned = 2 * inexact / (top - second).clamp_min(1e-300) + net.bound / _norm(net.beta)
    return found | {
        "feature_norm": (top, inexact),
        "feature_ratio": (second / top, 2 * inexact / top),
        "feature_alignment": (along, turned.clamp_max(2.0)),
    }


def read_conserved(net: Pretrained) -> Readings:
    """What ``D = W_1'W_1 - W_2 W_2'`` at the start says about the end; the sharper ones at L = 2 only."""
    before, after = networks.imbalances(net.start), networks.imbalances(net.weights)
    size = torch.stack([torch.linalg.matrix_norm(W) for W in net.weights], dim=1).amax(dim=1)
    slack = net.spread + ROUNDING * size
    gaps = [torch.linalg.matrix_norm(b - a) for a, b in zip(before, after, strict=True)]
    gap = torch.stack([torch.zeros_like(size), *gaps]).amax(dim=0)
    first, second = net.start[0], net.start[1]
    begin = first.square().sum(dim=(1, 2)) + second.square().sum(dim=(1, 2))
    trace = first.square().sum(dim=(1, 2)) - second.square().sum(dim=(1, 2))
    found: Readings = {
        "imbalance_trace": (trace, ROUNDING * begin),
        "conservation_gap": (gap, 4 * size * slack),
    }
    names = [f"conserved_value_{k + 1}" for k in range(COUNT)]
    names += ["spurious_value", "conserved_spurious_value", "readout_form", "feature_gap"]
    if len(net.weights) != 2:
        undefined = (torch.full_like(size, torch.nan), torch.full_like(size, torch.inf))
        return found | dict.fromkeys(names, undefined)
    D, (W, V) = before[0], net.weights
    length = torch.linalg.matrix_norm(V)
    v = V / length[:, None, None]
    Q = torch.eye(V.shape[1], dtype=V.dtype, device=V.device) - torch.bmm(v, v.mT)
    values, vectors = torch.linalg.eigh(D + torch.bmm(V, V.mT))
    values, vectors = values.flip(1), vectors.flip(2)
    # V V' moves by `whole`; on the eigenvectors below the first by less, V being nearly along that one.
    whole = 2 * length * slack + slack**2 + ROUNDING * begin
    lower = torch.linalg.matrix_norm(torch.bmm(vectors[:, :, 1:].mT, V))
    second = values[:, 1] if values.shape[1] > 1 else torch.zeros_like(length)
    gap = (values[:, 0] - second - 2 * whole).clamp_min(1e-300)
    below = torch.minimum(whole, 2 * lower * slack + slack**2 + ROUNDING * begin + whole**2 / gap)
    for k, name in enumerate(names[:COUNT]):
        inside = k < values.shape[1]
        nothing = (torch.zeros_like(size), torch.zeros_like(size))
        found[name] = _root(values[:, k], below if k else whole) if inside else nothing
    left = torch.linalg.matrix_norm(torch.bmm(W, Q), ord=2)
    narrow = torch.linalg.matrix_norm(D)
    inner = torch.linalg.eigvalsh(torch.bmm(Q, torch.bmm(D, Q)))[:, -1]
    form = torch.bmm(V.mT, torch.bmm(D, V))[:, 0, 0]
    missed = _norm((torch.bmm(W, v) - net.teacher[:, :, None] / length[:, None, None])[:, :, 0])
    return found | {
        "spurious_value": (left, slack * (1 + 2 * torch.linalg.matrix_norm(W) / length)),
        "conserved_spurious_value": _root(inner, 4 * narrow * slack / length + ROUNDING * begin),
        "readout_form": (form, 3 * length * slack * narrow + ROUNDING * length**2 * begin),
        "feature_gap": (missed, slack * (1 + (2 * torch.linalg.matrix_norm(W) + size) / length) + net.bound / length),
    }


def _root(value: Tensor, error: Tensor) -> tuple[Tensor, Tensor]:
    """Square root of an eigenvalue that is not negative, known up to the error; (case,) both."""
    root = value.clamp_min(0.0).sqrt()
    return root, torch.minimum(error / root.clamp_min(1e-300), error.sqrt())
