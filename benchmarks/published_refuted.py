"""Published forms that fail, on many seeds: is each refuted, by a counterexample that replays bit for bit?

python benchmarks/published_refuted.py transfer-finetune-published --seeds 20
"""

from __future__ import annotations

import argparse
import time

from ftproofs.catalog import claims
from ftproofs.check import MemoryStore, check
from ftproofs.ids import decode
from ftproofs.run.replay import replay


def replays(setting_id: str, store: MemoryStore) -> bool:
    """Whether training the setting again gives the bits of its row."""
    known, again = decode(setting_id), replay(setting_id)
    stored = [
        (rows, case)
        for rows in store.rows()
        for case, setting in enumerate(rows.block.settings)
        if (setting, rows.block.engine, rows.block.method) == (known.setting, known.engine, known.method)
        and len(rows.block) == known.batch
    ]
    return bool(stored) and all(
        values[case].tobytes() == again.values[name][0].tobytes()
        for rows, case in stored
        for name, values in rows.values.items()
    )


def line(name: str, seeds: int) -> str:
    """One claim's row of the table, in Markdown."""
    begin, refuted, replayed = time.process_time(), 0, 0
    for seed in range(seeds):
        store = MemoryStore()
        verdict = check(claims()[name], budget="low", device="cpu", seed=seed, store=store)
        refuted += verdict.word == "refuted"
        seen = verdict.experiment.simplest or verdict.experiment.worst
        replayed += verdict.word == "refuted" and seen is not None and replays(seen.id, store)
    seconds = (time.process_time() - begin) / seeds
    return f"| `{name}` | {seeds} | {refuted} | {replayed} | {seconds:.1f} |"


if __name__ == "__main__":
    published = [name for name, claim in claims().items() if claim.published_refuted]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("claims", nargs="*", default=published, help="claims; by default all published forms that fail")
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    print("| claim | seeds | refuted | counterexample replays | processor seconds a seed |")
    print("|---|---:|---:|---:|---:|", flush=True)
    for name in given.claims:
        print(line(name, given.seeds), flush=True)
