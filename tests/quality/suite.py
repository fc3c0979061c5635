"""The audit suite: claim files with a truth known in advance, and what `ftproofs audit` says of each.

    python tests/quality/suite.py [--seed 0] [--budget default] [--out FILE] [NAME ...]

audits the files whose names begin with one of the words (all by default) in this process and
prints a line for each; ``--out`` keeps the lines as JSON.  The exit status is 1 if a verdict is not right.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "claims"

#: A file's first line: what it is, and why.
TRUE, WRONG = "# true: ", "# wrong: "


@dataclass(frozen=True)
class Expected:
    """What a file is, from its first line, a comment that the program under test never sees."""

    path: Path
    true: bool
    why: str


@dataclass(frozen=True)
class Audited:
    """A file's verdict; ``seconds`` of the processor in user mode, reading and hints included."""

    id: str
    true: bool
    why: str
    word: str
    seconds: float
    flags: tuple[str, ...]
    hints: tuple[str, ...]
    detail: str
    says: str

    @property
    def right(self) -> bool:
        """A true claim is supported (or certified), a wrong one refuted; undecided is neither."""
        return self.word in (("supported", "certified", "proved") if self.true else ("refuted",))


def expected(words: Sequence[str] = ()) -> list[Expected]:
    """The suite's files, or those whose names begin with one of the words."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        first = path.read_text().splitlines()[0]
        assert first.startswith((TRUE, WRONG)), f"{path}: the first line says '{TRUE}why' or '{WRONG}why'"
        if not words or path.stem.startswith(tuple(words)):
            found.append(Expected(path, first.startswith(TRUE), first.partition(": ")[2]))
    return found


def audit(files: Sequence[Expected], *, budget: str, seed: int) -> Iterator[Audited]:
    """Read and examine all files, then check and explain one after the other, as ``ftproofs audit`` does."""
    from ftproofs.check import MemoryStore, check
    from ftproofs.check.context import BUDGETS, Context
    from ftproofs.check.diagnose import diagnose
    from ftproofs.cli.checking import keep_hypothesis_out_of_here
    from ftproofs.run.audit import submitted, verdict_of

    keep_hypothesis_out_of_here()
    begin = _user()
    items = submitted([file.path for file in files])
    reading = (_user() - begin) / max(1, len(files))
    for file, item in zip(files, items, strict=True):
        begin, store = _user(), MemoryStore()
        verdict = verdict_of(item, lambda claim, store=store: check(claim, budget=budget, seed=seed, store=store))
        hints = ()
        if verdict.word == "refuted" and verdict.experiment.worst is not None:
            hints = diagnose(item.claim, Context(store, BUDGETS[budget], seed))
        says = "; ".join(map(str, item.claim.statements))
        yield Audited(
            item.claim.id,
            file.true,
            file.why,
            verdict.word,
            round(reading + _user() - begin, 1),
            verdict.flags,
            hints,
            verdict.experiment.detail,
            f"{item.claim.experiment}, {item.claim.quantifier.name}: {says}",
        )


def _user() -> float:
    times = os.times()
    return times.user + times.children_user


def main() -> int:
    """Run the suite and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", metavar="NAME")
    parser.add_argument("--budget", default="default", choices=["low", "default", "high"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = []
    for row in audit(expected(options.words), budget=options.budget, seed=options.seed):
        rows.append(row)
        mark = "" if row.right else "   <-- NOT RIGHT"
        print(f"{row.id:28} {'true' if row.true else 'wrong':6} {row.word:10} {row.seconds:6.1f} s{mark}", flush=True)
        for text in (*row.hints, *([row.detail] if row.detail else ())):
            print(f"    {text}", flush=True)
        if options.out is not None:
            options.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    wrong = sum(not row.right for row in rows)
    seconds = sorted(row.seconds for row in rows)
    median, total = seconds[len(seconds) // 2], sum(seconds)
    print(f"{len(rows)} files, {len(rows) - wrong} right; median {median:.1f} s, all {total:.0f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
