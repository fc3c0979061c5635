"""The table of false variants: what each says wrong, and the counterexample that refutes it.

``python -m ftproofs.cli.refutations --table docs/false-variants.md``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ftproofs.catalog import find
from ftproofs.check import BUDGETS, MemoryStore, check
from ftproofs.claim import Claim, Domain
from ftproofs.names import PARAMETERS, experiment
from ftproofs.verdict import Verdict


def main(argv: Sequence[str] | None = None) -> int:
    """Check every false variant; exit status 0 when all are refuted."""
    parser = argparse.ArgumentParser(prog="ftproofs.cli.refutations", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="claims and families (all when none is named)")
    parser.add_argument("--budget", default="default", choices=sorted(BUDGETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", help="where the table is written (Markdown)")
    options = parser.parse_args(argv)
    found: list[tuple[Claim, Claim, Verdict]] = []
    for claim in find(*options.names):
        store = MemoryStore()
        for variant in claim.false_variants():
            verdict = check(variant, budget=options.budget, seed=options.seed, device="cpu", store=store)
            found.append((claim, variant, verdict))
            print(f"{variant.id}: {verdict.word}", file=sys.stderr, flush=True)
    table = render(found, options.names, options.budget, options.seed)
    if options.table:
        Path(options.table).write_text(table)
    else:
        print(table)
    return 0 if all(verdict.word == "refuted" for _, _, verdict in found) else 1


def render(found: Sequence[tuple[Claim, Claim, Verdict]], names: Sequence[str], budget: str, seed: int) -> str:
    """The table and, below it, the replay line of every counterexample, as Markdown."""
    named = " ".join(("python -m ftproofs.cli.refutations", *names))
    command = f"{named} --budget {budget} --seed {seed} --table docs/false-variants.md"
    lines = [
        "# False variants and their counterexamples",
        "",
        "Every claim of the catalog carries wrong versions of itself that a checker must catch. "
        f"Made by `{command}`; parameters at their defaults are left out.",
        "",
        "| variant | what it says wrong | word | simplest counterexample | predicted | observed |",
        "| --- | --- | --- | --- | ---: | ---: |",
    ]
    replays = []
    for claim, variant, verdict in found:
        seen = verdict.experiment.simplest
        says = variant.title.removeprefix("False: ")
        if seen is None:
            lines.append(f"| `{variant.id}` | {says} | {verdict.word} | | | |")
            continue
        spec = experiment(claim.experiment)
        domain: Domain = variant.domain
        point = ", ".join(
            f"{name} = {value if isinstance(value, str) else f'{value:.6g}'}"
            for name, value in seen.setting.values
            if value != spec.parameters[name] or (name in domain and PARAMETERS[name].shapes)
        )
        statement = str(variant.statements[seen.statement])
        lines.append(
            f"| `{variant.id}` | {says}: `{statement.replace('|', '&#124;')}` | {verdict.word} | {point} "
            f"| {seen.predicted:.6g} | {seen.observed:.6g} |"
        )
        replays += ["", f"`{variant.id}`", "", f"    ftproofs replay {seen.id}"]
    lines += [
        "",
        "For a claim about means, predicted and observed are means over the draws at that setting, "
        "and the replay line gives the first of these draws.",
        "",
        "## Replay",
        *replays,
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
