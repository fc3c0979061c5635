"""The mean over draws of data, as a symbol with the two rules that are needed: linearity and constants."""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Function, Mul, S, sign
from sympy.core.function import AppliedUndef

from ftproofs.names import PARAMETERS


class E(Function):
    """``E(expr)``: the mean of an expression in measurements over data at fixed parameters."""

    nargs = (1,)

    @classmethod
    def eval(cls, expr: Expr) -> Expr | None:
        return expr if not is_random(expr) else None

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_extended_real

    def _eval_is_nonnegative(self) -> bool | None:
        return self.args[0].is_nonnegative

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"\mathbb{{E}}\left[{printer._print(self.args[0])}\right]"
        return text if exp is None else rf"{text}^{{{exp}}}"


#: Measurements that are the same number in every draw: functions of the parameters.
CONSTANT = frozenset(
    {"delta_norm", "kappa_bound", "tail_eigenvalue", "tail_trace", "tail_square", "tail_fourth", "localised_bound"}
)


def is_random(expr: Expr) -> bool:
    """Whether the expression may vary from draw to draw: all but parameters and constants may."""
    if expr.atoms(AppliedUndef):
        return True
    return any(s.name not in PARAMETERS and s.name not in CONSTANT for s in expr.free_symbols)


def mean_of(side: Expr) -> Expr:
    """A side of a statement as a claim about means reads it: its mean, or of a sign the sign of the mean."""
    if isinstance(side, sign):
        return sign(E(side.args[0]))
    if isinstance(side, Mul) and all(isinstance(factor, sign) or factor == -1 for factor in side.args):
        return Mul(*map(mean_of, side.args))
    return E(side)


def expand_means(expr: Expr) -> Expr:
    """The expression with every ``E`` expanded over sums and constant factors pulled out."""
    return expr.replace(E, lambda inner: _linear(inner.expand()))


def _linear(expr: Expr) -> Expr:
    if isinstance(expr, Add):
        return Add(*(_linear(term) for term in expr.args))
    if isinstance(expr, Mul):
        constant = [factor for factor in expr.args if not is_random(factor)]
        random = [factor for factor in expr.args if is_random(factor)]
        return Mul(*constant) * (E(Mul(*random)) if random else S.One)
    return E(expr)
