"""The pretrained support alone: its fit of least penalty beside the end of fine-tuning, in words.

``ending`` is a coefficient of the end, ``best`` the same of the support's fit, which is 0 off the support; sums over
the support or off it are local symbols.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Symbol

from ftproofs.claim import Choices, Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.diagonal_flow import Word
from ftproofs.symbolic.diagonal_limits import _is, limits
from ftproofs.symbolic.diagonal_training import scale
from ftproofs.symbolic.penalty import penalty, penalty_slope
from ftproofs.symbolic.vocabulary import v

#: One coordinate of the end and of the support's fit, and of X_S' mu, mu that fit's multiplier.
ending, best, pull = (Symbol(name, real=True) for name in ("ending", "best", "support_pull"))
#: Penalties: of the end's coefficients on the support, of those off it, and the least on the support.
support_penalty, rest_penalty, support_least = (
    Symbol(name, nonnegative=True) for name in ("support_penalty", "rest_penalty", "support_least")
)
#: Sums of pull (ending - best) over the support, and of x_i'mu times the end's coefficients off it.
pull_sum, leak_sum = Symbol("pull_sum", real=True), Symbol("leak_sum", real=True)


def tangent(at: Expr, to: Expr) -> Statement:
    """The penalty lies above its tangent."""
    return Statement(penalty(at, scale) + penalty_slope(at, scale) * (to - at), "<=", penalty(to, scale))


def fitting(context: Context) -> str | None:
    """Applies where the support has at least as many coordinates as there are samples."""
    density = context.allowed("rho_pt")
    if not isinstance(density, Choices):
        return "the support may be of any size"
    if any(round(float(rho) * d) < n for rho in density.values for n, d in context.sizes()):
        return "the support may have fewer coordinates than there are samples"
    return limits(context)


_words = {
    "slope": ("the support's fit: the penalty's slope is X_S' mu", _is(penalty_slope(best, scale), pull)),
    "gain": ("support_gain", _is(v.support_gain, support_least - support_penalty)),
    "leak": ("support_leak: sizes add up to at least the size of the sum", Statement(leak_sum, "<=", v.support_leak)),
}
WORDS: Mapping[str, Word] = MappingProxyType(
    {f"support-{name}": Word(*meaning, fitting) for name, meaning in _words.items()}
)
