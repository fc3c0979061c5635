"""The error of fine-tuning after pretraining on finite, noisy data, as a SymPy Function (handbook 8.5).

Numbers come from `replica_stages`, enclosures from `two_stage_balls`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb
from sympy import Expr, Function, S, sqrt, sympify
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic import two_stage_balls
from ftproofs.symbolic.arithmetic import Undefined
from ftproofs.symbolic.finetuning import scale_after, scale_growth
from ftproofs.symbolic.replica import _on_host
from ftproofs.symbolic.replica_stages import Feature, two_stages
from ftproofs.symbolic.vocabulary import v

#: delta, sigma, delta_s, sigma_s, c, C(0) and growth, before the triples.
HEAD = 7
#: Errors solved last, by their arguments: draws of one setting share them.
_KEPT = 1024
_solved: dict[tuple[float, ...], float] = {}


def error(values: Sequence[float]) -> float:
    """The second stage's error; NaN where a stage has no more dimensions than samples, or no noise at all is left."""
    key = tuple(map(float, values))
    if key not in _solved:
        if len(_solved) >= _KEPT:
            _solved.pop(next(iter(_solved)))
        _solved[key] = _error(key)
    return _solved[key]


def _error(values: tuple[float, ...]) -> float:
    delta, sigma, delta_s, sigma_s, c, at_zero, growth = values[:HEAD]
    if not (np.isfinite(values).all() and 0 < delta < 1 and 0 < delta_s < 1 and c > 0 and min(at_zero, growth) > 0):
        return float("nan")
    if min(values[HEAD::3]) < 0:
        return float("nan")
    features = tuple(
        Feature(weight, abs(source), ((1.0, abs(target), 0.0),))
        for weight, source, target in zip(*(values[HEAD + i :: 3] for i in range(3)), strict=True)
        if weight > 0
    )
    with np.errstate(all="ignore"):
        _, second = two_stages(
            features,
            c=c,
            # hypot(c, x) - c without cancellation
            scale=lambda x: at_zero + growth * x**2 / (np.hypot(c, x) + c),
            delta_source=delta_s,
            sigma_source=sigma_s,
            delta=delta,
            sigma=sigma,
        )
    return float(second.mse[0])


class two_stage_mse(Function):
    """``E (eta - B)^2`` of fine-tuning after pretraining, both by the replica.

    Arguments: delta = n/d and the noise sigma of fine-tuning; delta_s < 1 and sigma_s of pretraining; the scale c that
    it starts from; C(0) and g, where ``C(0) + g (hypot(c, x) - c)`` is the scale that a coefficient x leaves; and
    weight, pretraining coefficient, target coefficient of each kind of coordinate.
    """

    #: Relative error that its enclosures can see; the arrays' own is near 1e-11.
    accuracy = 1e-5

    @staticmethod
    def numeric(xp: Any, *columns: Any) -> Any:
        shape = columns[0].shape
        flat = [np.asarray(column, dtype=np.float64).reshape(-1) for column in _on_host(xp, columns)]
        table, where = np.unique(np.stack(flat), axis=1, return_inverse=True)
        found = np.array([error(case) for case in table.T])[where.reshape(-1)].reshape(shape)
        return found if xp is np else xp.as_tensor(found, device=columns[0].device)

    @staticmethod
    def multiprecision(mp: Any, *values: Any) -> Any:
        """As exact as the arrays, whatever the working precision."""
        return mp.mpf(error([float(x) for x in values]))

    @staticmethod
    def ball(*values: arb) -> arb:
        if any(number < 0 for number in (*values[: HEAD - 1], *values[HEAD::3])):
            raise Undefined("a negative ratio, noise, scale or share of coordinates")
        triples = tuple(zip(*(values[HEAD + i :: 3] for i in range(3)), strict=True))
        found = two_stage_balls.enclose(values[:HEAD], tuple(t for t in triples if not t[0].is_zero()))
        return arb.nan() if found is None else found

    @classmethod
    def eval(cls, *args: Expr) -> Expr | None:
        if len(args) < HEAD + 3 or (len(args) - HEAD) % 3:
            raise TypeError("two_stage_mse takes seven numbers and weight, source, target of each kind of coordinate")
        kinds = [args[i : i + 3] for i in range(HEAD, len(args), 3)]
        kept = [x for kind in kinds if kind[0] is not S.Zero for x in kind]
        if not kept:
            return S.NaN  # coordinates of no kind
        return cls(*args[:HEAD], *kept) if len(kept) + HEAD < len(args) else None

    def fdiff(self, argindex: int = 1) -> Expr:
        raise ArgumentIndexError(self, argindex)

    def _eval_is_extended_real(self) -> bool | None:
        return True

    def _eval_is_nonnegative(self) -> bool | None:
        return True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        args = [printer._print(a) for a in self.args]
        rows = [", ".join(args[:HEAD]), *(", ".join(args[i : i + 3]) for i in range(HEAD, len(args), 3))]
        head = r"\mathrm{mse}_{\star\star}" if exp is None else rf"\mathrm{{mse}}_{{\star\star}}^{{{exp}}}"
        return rf"{head}\left({'; '.join(rows)}\right)"


def two_stage_arguments(
    protocol: str,
    *,
    sigma_s: Any = v.sigma_s,
    shared: Any = v.share_shared,
    new: Any = v.share_new,
) -> tuple[Expr, ...]:
    """The arguments for the spike-and-slab tasks of ``replica.finetune`` as they were drawn, with atoms (8.0).

    Raises:
        UsageError: FT304 a protocol that leaves no scale of this kind.
    """
    pt, shared, new = v.share_pt, sympify(shared), sympify(new)
    at_zero, growth = (
        scale_after(protocol, v.c, v.r, S.Zero, v.reinit, v.rescale),
        scale_growth(protocol, v.r, v.rescale),
    )
    source, target = 1 / sqrt(pt), 1 / sqrt(pt * shared + (1 - pt) * new)
    return (
        *(v.gamma, v.sigma, v.gamma_s, sympify(sigma_s), v.c, at_zero, growth),
        *(pt * shared, source, target),
        *(pt * (1 - shared), source, S.Zero),
        *((1 - pt) * new, S.Zero, target),
        *((1 - pt) * (1 - new), S.Zero, S.Zero),
    )
