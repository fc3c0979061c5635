"""Words of the problems that diagonal fine-tuning tends to: weighted squares, weighted l1 norms.

Sums over the coordinates are local symbols; ``ratio``, ``size`` and ``rival`` belong to any one coordinate.  The end of
training has the coefficient beta_i at the scale c_i; a rival is another fit's coefficient.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sympy import Integer, Symbol, asinh, log, sqrt

from ftproofs.claim import Statement
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import diagonal_training as g
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.diagonal_flow import Word, centred
from ftproofs.symbolic.trajectory import end_time
from ftproofs.symbolic.vocabulary import v

#: |beta_i|/c_i, |beta_i|, and a rival's |b_i|.
ratio, size, rival = (Symbol(name, nonnegative=True) for name in ("ratio", "size", "rival"))
#: Sums of beta^2/c, of its distance to the lazy fit in that norm, and of c (z - asinh z)^2, z = beta/c.
length_square = Symbol("length_square", positive=True)
lazy_square, bend_square = (Symbol(name, nonnegative=True) for name in ("lazy_square", "bend_square"))
#: Sums of asinh(|beta|/c) |beta|, the least such sum over all fits, and that of the rival.
own_norm, own_least, own_rival = (Symbol(name, positive=True) for name in ("own_norm", "own_least", "own_rival"))
#: Sums of ln(largest/c) |beta|, and the rival's: the least over all fits.
rich_norm, rich_least = (Symbol(name, positive=True) for name in ("rich_norm", "rich_least"))
largest = Symbol("largest", positive=True)
#: The same sums over the coordinates of the pretrained support and over the others: of the end, and of the nested fit.
on_norm, off_norm, nested_on, nested_off = (
    Symbol(name, nonnegative=True) for name in ("on_norm", "off_norm", "nested_on", "nested_off")
)

#: A coordinate's own weight, and ln(largest/c).
OWN = asinh(size / g.scale)
WEIGHT = log(largest / g.scale)
#: The slope's change at the end, for training that starts at the zero predictor.
SLOPE = Statement(g.slope(end_time), "==", asinh(f.coefficient(end_time) / g.scale) / 2)


def _is(lhs: Any, rhs: Any) -> Statement:
    return Statement(lhs, "==", rhs)


def limits(context: Context) -> str | None:
    """Applies where fine-tuning from the zero predictor is set beside its limit problems."""
    if context.claim.experiment != "diagonal.limits":
        return "the experiment compares with no limit problem"
    return centred(context)


_words = {
    "start": ("fine-tuning starts at the zero predictor", _is(f.coefficient(Integer(0)), Integer(0))),
    "ratio": ("largest_ratio: no coordinate's |beta|/c is above it", Statement(ratio, "<=", v.largest_ratio)),
    "lazy": ("lazy_share", _is(v.lazy_share, sqrt(lazy_square) / sqrt(length_square))),
    "own": ("own_excess", _is(v.own_excess, (own_norm - own_least) / own_norm)),
    "largest": (
        "m: no coordinate's |beta| + sqrt(beta^2 + c^2) is above it",
        Statement(size + sqrt(size**2 + g.scale**2), "<=", largest),
    ),
    "rich": (
        "rich_excess, the rival being the fit of least norm",
        _is(v.rich_excess, (rich_norm - rich_least) / largest),
    ),
    "nested": (
        "nested_excess, the rival being the nested fit",
        _is(v.nested_excess, (off_norm - nested_off) / largest),
    ),
    "nested-price": ("nested_price", _is(v.nested_price, nested_on / largest)),
}
WORDS: Mapping[str, Word] = MappingProxyType(
    {f"limits-{name}": Word(*meaning, limits) for name, meaning in _words.items()}
)
