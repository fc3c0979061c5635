"""Published forms that fail and the statements that hold instead, on many seeds.

Is each published form refuted, by a counterexample that replays bit for bit, and does the corrected one hold?

python benchmarks/published_refuted.py transfer --seeds 20 --state published.jsonl --out docs/published-refuted.md

Interrupted, it goes on with what ``--state`` does not have yet; the table says on how many seeds each ran.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ftproofs.catalog import claims, find
from ftproofs.check import MemoryStore, check
from ftproofs.claim import Claim
from ftproofs.ids import decode
from ftproofs.numeric.seeds import code_hash
from ftproofs.run.replay import replay

Record = dict[str, Any]


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


def examined(claim: Claim, seed: int) -> Record:
    """What a check of a claim at the low budget found."""
    begin, store = time.process_time(), MemoryStore()
    verdict = check(claim, budget="low", device="cpu", seed=seed, store=store)
    record = {
        "claim": claim.id,
        "seed": seed,
        "word": verdict.word,
        "experiment": verdict.experiment.status,
        "seconds": round(time.process_time() - begin, 1),
        "code": code_hash(),
    }
    if claim.published_refuted:
        seen = verdict.experiment.simplest or verdict.experiment.worst
        record["replays"] = verdict.word == "refuted" and seen is not None and replays(seen.id, store)
    return record


def table(published: Iterable[Claim], found: Iterable[Record]) -> str:
    """The page, in Markdown."""
    records: dict[str, list[Record]] = {}
    for record in found:
        records.setdefault(record["claim"], []).append(record)

    def seconds(rows: list[Record]) -> str:
        return f"{sum(row['seconds'] for row in rows) / len(rows):.1f}" if rows else "-"

    lines = [
        "| published form | seeds | refuted | counterexample replays | processor seconds a seed |",
        "|---|---:|---:|---:|---:|",
    ]
    for claim in published:
        rows = records.get(claim.id, [])
        refuted = sum(row["word"] == "refuted" for row in rows)
        again = sum(row["replays"] for row in rows)
        lines.append(f"| `{claim.id}` | {len(rows)} | {refuted} | {again} | {seconds(rows)} |")
    lines += [
        "",
        "| what holds instead | seeds | proved and supported | refuted | undecided | processor seconds a seed |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(claim.corrected for claim in published):
        rows = records.get(name, [])
        counts = [sum(row["word"] == word for row in rows) for word in ("proved", "refuted", "undecided")]
        lines.append(f"| `{name}` | {len(rows)} | {' | '.join(map(str, counts))} | {seconds(rows)} |")
    return "\n".join(lines)


PAGE = """# Published forms that fail, on many seeds

Each published form that fails, at the low budget and seeds 0, 1, 2, ...: is it refuted, by a counterexample that,
trained again from its id alone, gives the bits of its row; and is the statement that holds instead proved, its
experiment supporting it? Rows of one seed share nothing with those of another. Made by
`python benchmarks/published_refuted.py {names} --seeds {seeds} --out docs/published-refuted.md`.

{table}
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="claims and families; by default all published forms that fail")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--state", type=Path, help="what was found, a line a check; a rerun goes on there")
    parser.add_argument("--out", type=Path, help="the page; without it the tables are printed")
    parser.add_argument("--published-only", action="store_true", help="leave the corrected statements out")
    given = parser.parse_args()
    published = [claim for claim in find(*given.names) if claim.published_refuted]
    corrected = [claims()[name] for name in dict.fromkeys(c.corrected for c in published if c.corrected)]
    found: list[Record] = []
    if given.state and given.state.exists():
        found = [r for r in map(json.loads, given.state.read_text().splitlines()) if r["code"] == code_hash()]
    done = {(record["claim"], record["seed"]) for record in found}
    for part in (published, [] if given.published_only else corrected):
        for seed in range(given.seeds):
            for claim in part:
                if (claim.id, seed) in done:
                    continue
                found.append(examined(claim, seed))
                print(json.dumps(found[-1]), flush=True)
                if given.state:
                    with given.state.open("a") as file:
                        file.write(json.dumps(found[-1]) + "\n")
    if given.out:
        names = " ".join(given.names)
        given.out.write_text(PAGE.format(names=names, seeds=given.seeds, table=table(published, found)))
    else:
        print(table(published, found))
