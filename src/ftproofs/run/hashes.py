"""What a stored verdict depends on besides its rows: the claim, and the code that judged it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from ftproofs.claim import Claim

#: Rooms that start checks and show results, and so leave the verdicts themselves alone.
WITHOUT_VERDICTS = frozenset({"cli", "report", "run"})


def claim_hash(claim: Claim) -> str:
    """SHA-256 (hex) of what a claim asserts and of its derivation; not of its id, title or expectation."""
    content = [
        claim.experiment,
        repr(claim.quantifier),
        repr(claim.domain),
        [str(statement) for statement in claim.statements],
        [repr(step) for step in claim.steps],
        claim.margin,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@cache
def judging_hash() -> str:
    """SHA-256 (hex) of every source file that a verdict may depend on: all wings, the catalog, the decisions."""
    root = Path(__file__).resolve().parents[1]
    hasher = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda p: p.relative_to(root).as_posix()):
        name = path.relative_to(root)
        if name.parts[0] not in WITHOUT_VERDICTS:
            content = path.read_bytes()
            hasher.update(f"{name.as_posix()}\0{len(content)}\0".encode())
            hasher.update(content)
    return hasher.hexdigest()
