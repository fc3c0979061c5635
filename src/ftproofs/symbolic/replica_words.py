"""What the words of the replica's experiments mean: the shares of a task as it is drawn, the gain of one network."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ftproofs.claim import Limit, Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.diagonal_flow import Word
from ftproofs.symbolic.vocabulary import SYMBOLS, v


def growing(context: Context) -> str | None:
    """Applies where the dimension grows."""
    return None if isinstance(context.claim.quantifier, Limit) else "the dimension does not grow"


def compared(context: Context) -> str | None:
    """Applies where two networks are compared."""
    return None if context.claim.experiment == "replica.compare" else "there is no second network"


#: By name: rounded counts of coordinates, whose shares tend to the densities; the gain of one network over another.
WORDS: Mapping[str, Word] = MappingProxyType(
    {
        f"realised-{name}": Word(
            "the realised share tends to its density",
            Statement(SYMBOLS[f"share_{name}"], "==", SYMBOLS[f"rho_{name}"]),
            growing,
        )
        for name in ("pt", "shared", "new")
    }
    | {
        "layer-gain": Word(
            "layer_gain: the second network's error minus the first's",
            Statement(v.layer_gain, "==", v.other_mse - v.mse),
            compared,
        )
    }
)
