"""Replay settings from their ids, rows of every executor: ``python benchmarks/replays.py [--ids 100] [--seed 0]``.

The same claims are checked in this process, by a pool of processes and by workers of Dask,
each with a ledger of its own.  Of each ledger so many random rows are trained again from
their ids, one at a time; every measurement and bound must have the bits of the row.  The
ledgers must have the same rows too.  Exit status 1 if anything differs.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ftproofs.claim import Rows
from ftproofs.ids import encode
from ftproofs.numeric.seeds import code_hash
from ftproofs.run.ledger import Ledger
from ftproofs.run.payload import block_of, runs_of
from ftproofs.run.replay import replay
from ftproofs.settings import Block

CLAIMS = (
    "linear-endpoint",
    "linear-bias-mean",
    "linear-gaussian-bound",
    "deep-linear-frozen-isotropic",
    "deep-linear-endpoint",
    "diagonal-slow-rate",
    "transfer-scratch-mean",
)
EXECUTORS = {
    "in-process": ("in-process",),
    "processes": ("processes", "--workers", "2"),
    "dask": ("dask", "--workers", "2"),
}


def checked(ledger: Path, words: tuple[str, ...]) -> None:
    """Check the claims, keeping their rows."""
    command = [sys.executable, "-m", "ftproofs", "check", *CLAIMS, "--budget", "low", "--settings", "8"]
    command += ["--device", "cpu", "--ledger", ledger.name, "--executor", *words]
    done = subprocess.run(command, cwd=ledger.parent, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)


def blocks(ledger: Ledger) -> list[Block]:
    """All blocks of a ledger, in one order whoever measured them."""
    headers = [header for (header,) in ledger.query("SELECT header FROM blocks")]
    return sorted((block_of(*runs_of(header)) for header in headers), key=Block.canonical)


def same(rows: Rows, case: int, again: Rows) -> bool:
    """Whether the row has the bits of the one that was trained again."""
    groups = [(rows.values, again.values), (rows.bounds, again.bounds)]
    bits = all(kept[name][case].tobytes() == new[name][0].tobytes() for kept, new in groups for name in kept)
    return bits and rows.status[case] == again.status[0]


def equal(a: Rows | None, b: Rows | None) -> bool:
    """Whether two ledgers have the same bits for a block."""
    assert a is not None
    assert b is not None
    return all(np.array_equal(a.values[name].view("i8"), b.values[name].view("i8")) for name in a.values)


def main(ids: int, seed: int) -> int:
    """Check, replay, compare; the exit status."""
    wrong = 0
    with tempfile.TemporaryDirectory() as root:
        first: Ledger | None = None
        for name, words in EXECUTORS.items():
            path, rng, begin = Path(root) / f"{name}.sqlite", random.Random(f"{seed} {name}"), time.monotonic()
            checked(path, words)
            ledger = Ledger(path, code_hash=code_hash())
            known = blocks(ledger)
            differing = 0
            if first is None:
                first = ledger
            elif [block.canonical() for block in known] != [block.canonical() for block in blocks(first)]:
                differing = len(known)
            else:
                differing = sum(not equal(ledger.get(block), first.get(block)) for block in known)
            weights, found = [len(block) ** 0.5 for block in known], 0
            experiments = set()
            for block in rng.choices(known, weights, k=ids):
                case, rows = rng.randrange(len(block)), ledger.get(block)
                assert rows is not None
                key = encode(
                    block.settings[case],
                    engine=block.engine,
                    method=block.method,
                    batch=len(block),
                    dtype="float64",
                    code=code_hash(),
                )
                found += same(rows, case, replay(key, device="cpu"))
                experiments.add((block.experiment, block.engine))
            wrong += ids - found + differing
            print(
                f"{name}: {found} of {ids} ids gave the bits of their rows ({len(experiments)} kinds of experiment); "
                f"{len(known)} blocks, {differing} differ from those of {next(iter(EXECUTORS))}; "
                f"{time.monotonic() - begin:.0f} s",
                flush=True,
            )
    return int(wrong > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ids", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    sys.exit(main(**vars(parser.parse_args())))
