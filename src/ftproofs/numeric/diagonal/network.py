"""The weights of a diagonal network: four vectors ``w_+, v_+, w_-, v_-``, predictor ``w_+ v_+ - w_- v_-``.

``w`` is the first layer, kept when the readout ``v`` is re-initialised (handbook sections 0 and 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Value


@dataclass(frozen=True)
class Weights:
    """A batch of weights, each (case, d), float64; ``frozen`` says that the first layers are not trained."""

    wp: Tensor
    vp: Tensor
    wm: Tensor
    vm: Tensor
    frozen: bool = False

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The four vectors."""
        return self.wp, self.vp, self.wm, self.vm

    @staticmethod
    def joined(parts: Sequence[Weights]) -> Weights:
        """Batches one after the other."""
        wp, vp, wm, vm = (torch.cat(vectors) for vectors in zip(*(p.tensors() for p in parts), strict=True))
        return Weights(wp, vp, wm, vm, parts[0].frozen)

    @staticmethod
    def woven(parts: Sequence[Weights]) -> Weights:
        """Batches of the same cases, case by case."""
        wp, vp, wm, vm = (
            torch.stack(vectors, dim=1).flatten(0, 1) for vectors in zip(*(p.tensors() for p in parts), strict=True)
        )
        return Weights(wp, vp, wm, vm, parts[0].frozen)

    def select(self, index: Tensor | slice) -> Weights:
        """Some cases only."""
        wp, vp, wm, vm = (z[index] for z in self.tensors())
        return Weights(wp, vp, wm, vm, self.frozen)

    @property
    def beta(self) -> Tensor:
        """The predictor, (case, d)."""
        return self.wp * self.vp - self.wm * self.vm

    @property
    def speed(self) -> Tensor:
        """D in ``beta' = D X'(y - X beta)``: the squares of what is not frozen's partner, (case, d)."""
        first = self.wp.square() + self.wm.square()
        return first if self.frozen else first + self.vp.square() + self.vm.square()

    @property
    def sums(self) -> tuple[Tensor, Tensor]:
        """``A = (w_+ + v_+)^2 + (w_- - v_-)^2`` and ``B = (w_+ - v_+)^2 + (w_- + v_-)^2``."""
        A = (self.wp + self.vp).square() + (self.wm - self.vm).square()
        B = (self.wp - self.vp).square() + (self.wm + self.vm).square()
        return A, B

    @property
    def scale(self) -> Tensor:
        """``c_eff = sqrt(A B) / 2``, (case, d); of frozen first layers ``(w_+^2 + w_-^2) / 2``."""
        if self.frozen:
            return self.speed / 2
        A, B = self.sums
        return A.sqrt() * B.sqrt() / 2

    @property
    def phase(self) -> Tensor:
        """``ln(A / B) / 2 = asinh(beta / c_eff)``, (case, d); of frozen first layers ``beta / c``."""
        if self.frozen:
            return self.beta / self.scale
        A, B = self.sums
        return (A.log() - B.log()) / 2

    @property
    def invariants(self) -> Tensor:
        """``w_+^2 - v_+^2, w_-^2 - v_-^2, w_+ w_- + v_+ v_-, w_+ v_- + v_+ w_-``, (case, 4, d)."""
        wp, vp, wm, vm = self.tensors()
        plus, minus = (wp - vp) * (wp + vp), (wm - vm) * (wm + vm)
        return torch.stack([plus, minus, wp * wm + vp * vm, wp * vm + vp * wm], dim=1)

    @property
    def square(self) -> Tensor:
        """The coordinate's squared norm, (case, d)."""
        squares = [z.square() for z in self.tensors()]
        return squares[0] + squares[1] + squares[2] + squares[3]

    def angle(self, beta: Tensor) -> Tensor:
        """``(asinh(beta/c) - phase)/2`` (frozen: ``(beta/c - phase)/2``), what the flow makes ``X' mu``; (case, d)."""
        z = beta / self.scale
        return ((z if self.frozen else torch.asinh(z)) - self.phase) / 2

    def turned(self, s: Tensor) -> Weights:
        """The weights after the flow has run until ``s = int X' rho dt`` (case, d): on their orbit, exactly."""
        if self.frozen:
            return Weights(self.wp, self.vp + s * self.wp, self.wm, self.vm - s * self.wm, True)
        # Sums and differences are stretched and shrunk: no cancellation where the phase is large.
        grow, shrink = torch.exp(s), torch.exp(-s)
        up, down = grow * (self.wp + self.vp), shrink * (self.wp - self.vp)
        back, forth = shrink * (self.wm + self.vm), grow * (self.wm - self.vm)
        return Weights((up + down) / 2, (up - down) / 2, (back + forth) / 2, (back - forth) / 2)


def symmetric_start(parameters: list[dict[str, Value]], like: Tensor) -> Weights:
    """``w_+- = sqrt(c (1 + r)/2)``, ``v_+- = sqrt(c (1 - r)/2)`` on all coordinates of ``like`` (case, d)."""
    c, r = column(parameters, "c", like), column(parameters, "r", like)
    w, v = (c * (1 + r) / 2).sqrt().expand_as(like), (c * (1 - r) / 2).sqrt().expand_as(like)
    return Weights(w, v, w, v)


def reinitialised(weights: Weights, parameters: list[dict[str, Value]]) -> Weights:
    """The weights that fine-tuning starts from, by the settings' protocol (handbook claim 4.2).

    Raises:
        UsageError: FT305 a network without any scale left (c_ft = 0), which cannot train.
    """
    like = weights.wp
    reinit, factor = column(parameters, "reinit", like), column(parameters, "rescale", like)
    v = reinit.expand_as(like).contiguous()
    match parameters[0]["protocol"]:
        case "N":
            wp, wm = weights.wp, weights.wm
        case "R":
            wp = wm = ((weights.wp.square() + weights.wm.square()) / 2).sqrt()
        case "M":
            wp = wm = (weights.wp + weights.wm) / 2
        case _:
            wp = wm = weights.wp + weights.wm
    frozen = parameters[0]["protocol"] == "readout"
    start = Weights(factor * wp, v, factor * wm, v, frozen)
    if not bool((start.scale > 0).all()):
        raise UsageError("FT305", "reinit = 0 and r = -1 leave a network of scale 0, which cannot be trained")
    return start


def column(parameters: list[dict[str, Value]], name: str, like: Tensor) -> Tensor:
    """A parameter of every case, (case, 1)."""
    return torch.tensor([[float(p[name])] for p in parameters], dtype=like.dtype, device=like.device)
