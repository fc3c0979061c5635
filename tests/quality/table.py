"""The table of the audit suite, from what `suite.py` and `verify.py` printed or kept.

python tests/quality/verify.py > verified.txt
python tests/quality/suite.py --out audited.json
python tests/quality/table.py verified.txt audited.json > docs/audit-suite.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HEAD = """# The audit suite

Claim files whose truth is known, and what `ftproofs audit` says of each. Half of them
are wrong in one place: false variants of the handbook, and new ones. What a file says in
its first line, a comment that the audit does not see, was verified by
`tests/quality/verify.py`, which shares no code with ftproofs: numpy and scipy solve for
where each network ends (minimum-norm fits, the depth equation by bisection in every draw, kernel regression,
FedAvg's fixed point from simulated clients, an ODE solver for paths and for the weights of diagonal networks), and the
statement is evaluated on simulated data; kernels at random ReLU layers are counted.

```console
$ python tests/quality/verify.py                  # every file is what it says
$ python tests/quality/suite.py                   # audit all of them, default budget, seed 0
$ for s in 1 2 3 4; do python tests/quality/suite.py --seed $s; done
$ make quality                                    # the same as tests
```

`make test` audits a twelfth of them, every twelfth file from the one that `FTPROOFS_QUALITY_SHARD`
(0 by default, any whole number) says: all in twelve runs with consecutive numbers. The files are taken quantifier by
quantifier, the true ones first, so that every run has some of each.

"""


def main() -> int:
    """Print the document."""
    rows = [row for path in sys.argv[2:] for row in json.loads(Path(path).read_text())]
    rows = list({row["id"]: row for row in rows}.values())  # what was audited again counts as it ended last
    verified = {}
    for line in Path(sys.argv[1]).read_text().splitlines():
        words = line.split(maxsplit=3)
        if len(words) == 4 and words[1] in ("true", "wrong"):
            verified[words[0]] = (words[2] == "verified", words[3])
    right = sum(row["word"] in (("supported", "proved") if row["true"] else ("refuted",)) for row in rows)
    seconds = sorted(row["seconds"] for row in rows)
    hinted = [row for row in rows if not row["true"] and row["hints"]]
    print(HEAD, end="")
    print(
        f"{len(rows)} files, {sum(row['true'] for row in rows)} of them true; {right} verdicts are right. "
        f"Processor time a file, start of the program not included: median {seconds[len(seconds) // 2]:.1f} s, "
        f"most {seconds[-1]:.0f} s. {len(hinted)} refutations come with a hint.\n"
    )
    print("| file | what it says | truth | verified by | verdict | s | hints |")
    print("|---|---|---|---|---|---|---|")
    for row in sorted(rows, key=lambda row: row["id"]):
        sound, figures = verified.get(row["id"], (False, "not verified"))
        cells = [
            f"`{row['id']}`",
            row["says"].replace("|", "\\|"),
            f"{'true' if row['true'] else 'wrong'}: {row['why']}",
            figures if sound else f"NOT VERIFIED: {figures}",
            row["word"],
            f"{row['seconds']:.1f}",
            "; ".join(row["hints"]),
        ]
        print("| " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
