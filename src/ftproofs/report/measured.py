"""What a ledger's rows say about the settings of claims; nothing is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ftproofs.check.picture import spoken
from ftproofs.check.sizes import TOP
from ftproofs.check.spots import Seen, inside, settings_seen
from ftproofs.claim import Claim, Limit, Rows, Trend
from ftproofs.names import Value
from ftproofs.numeric.seeds import code_hash
from ftproofs.report.pairs import pairs_seen
from ftproofs.run.ledger import Ledger
from ftproofs.symbolic.orientation import oriented_claim


def seen_in(path: Path, claims: Sequence[Claim]) -> dict[str, list[Seen]]:
    """By claim, the settings of its domain, or the pairs of a trend, that the ledger has rows of.

    Raises:
        UsageError: FT405, FT406 as for `ftproofs.run.ledger.Ledger`.
    """
    found: dict[str, list[Seen]] = {}
    with Ledger(path, code_hash=code_hash()) as ledger:
        for claim in claims:
            if isinstance(claim.quantifier, Trend):
                found[claim.id] = list(pairs_seen(claim, ledger.blocks(claim.experiment)))
            elif not claim.untrained:
                found[claim.id] = list(settings_seen(oriented_claim(claim), _rows(ledger, claim)))
    return found


def _rows(ledger: Ledger, claim: Claim) -> Iterator[Rows]:
    """Rows of settings that the claim speaks of, with the measurements that it names."""
    names, within = spoken(claim), inside(claim)
    # What holds in a limit is looked at where a check's ladder ends, not at the sizes of other claims.
    least = max(claim.quantifier.sizes or (TOP,)) / 2 if isinstance(claim.quantifier, Limit) else 0

    def accept(parameters: Mapping[str, Value]) -> bool:
        return within(parameters) and float(parameters.get("d", least)) >= least

    for rows in ledger.blocks(claim.experiment, accept):
        values = {name: x for name, x in rows.values.items() if name in names}
        bounds = {name: x for name, x in rows.bounds.items() if name in names}
        yield replace(rows, values=values, bounds=bounds, info={})
