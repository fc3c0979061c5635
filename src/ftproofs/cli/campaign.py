"""A campaign: the same claims under many seeds, resumable, with a table of every word.

``python -m ftproofs.cli.campaign linear deep-linear --seeds 20 --ledger FILE --table FILE``

Each seed is a run of its own.  A verdict that the ledger already holds for the
same claim, code, seed and budget is not computed again, so the command can be
stopped and repeated.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ftproofs.catalog import find
from ftproofs.check import BUDGETS, MemoryStore, check
from ftproofs.claim import Claim
from ftproofs.numeric.seeds import code_hash
from ftproofs.report.results import Run, claim_result
from ftproofs.run.ledger import Ledger
from ftproofs.run.pool import Pool, Task, room
from ftproofs.verdict import Verdict


def main(argv: Sequence[str] | None = None) -> int:
    """Run the campaign; exit status 0 when every word is as expected."""
    parser = argparse.ArgumentParser(prog="ftproofs.cli.campaign", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="claims and families (all when none is named)")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed; several processes may share a ledger")
    parser.add_argument("--budget", default="default", choices=sorted(BUDGETS))
    parser.add_argument("--workers", type=int, help="claims checked at once (default: one a core)")
    parser.add_argument("--ledger", default=".ftproofs/campaign.sqlite")
    parser.add_argument("--table", help="where the table is written (Markdown)")
    options = parser.parse_args(argv)
    claims = find(*options.names)
    words: dict[str, Counter[str]] = {claim.id: Counter() for claim in claims}
    unexpected: list[str] = []
    Path(options.ledger).parent.mkdir(parents=True, exist_ok=True)
    with Ledger(options.ledger, code_hash=code_hash()) as ledger:
        for seed in range(options.first, options.first + options.seeds):
            run = Run(seed, "cpu", options.budget, None, 0.0, code_hash())
            done = {entry["id"]: entry for entry in ledger.verdicts(run=run.conditions())}
            left = [claim for claim in claims if claim.id not in done]
            task = Task(None, options.budget, seed, "cpu")
            for claim, verdict in _checked(left, task, min(options.workers or room(), len(left))):
                done[claim.id] = claim_result(claim, verdict)
                ledger.put_verdict(claim, done[claim.id], run=run.conditions())
            for claim in claims:
                entry = done[claim.id]
                words[claim.id][entry["word"]] += 1
                if not entry["as_expected"]:
                    unexpected.append(f"seed {seed}: {claim.id} is {entry['word']} ({entry['experiment']['detail']})")
                    print(unexpected[-1], file=sys.stderr)
            print(f"seed {seed} done", file=sys.stderr, flush=True)
    table = render(claims, words, unexpected, options.seeds, options.budget)
    if options.table:
        Path(options.table).write_text(table)
    else:
        print(table)
    return 1 if unexpected else 0


def _checked(claims: Sequence[Claim], task: Task, workers: int) -> Iterator[tuple[Claim, Verdict]]:
    """The claims with their verdicts, by that many processes or one after another by this one."""
    store = MemoryStore()
    if workers > 1:
        yield from Pool(task, store, lambda *_: None, workers=workers).check(claims)
        return
    for claim in claims:
        yield claim, check(claim, budget=task.budget, seed=task.seed, device=task.device, store=store)


def render(
    claims: Sequence[Claim], words: dict[str, Counter[str]], unexpected: Sequence[str], seeds: int, budget: str
) -> str:
    """The table as Markdown: how often each word was said of each claim."""
    columns = ("proved", "supported", "refuted", "undecided", "error")
    lines = [
        f"# {seeds} seeds at the {budget} budget",
        "",
        "| claim | expected | " + " | ".join(columns) + " |",
        "| --- | --- | " + " | ".join("---:" for _ in columns) + " |",
    ]
    for claim in claims:
        counts = " | ".join(str(words[claim.id][word]) for word in columns)
        lines.append(f"| `{claim.id}` | {claim.expected or 'proved or supported'} | {counts} |")
    lines += ["", *([f"- {item}" for item in unexpected] or ["Every word is as expected."]), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
