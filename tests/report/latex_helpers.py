"""What the tests of the LaTeX export share: reading TeX well enough to see that it is whole; hostile text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from ftproofs.catalog import claims, families
from ftproofs.claim import Claim, Source, Step, Variant
from ftproofs.report.latex import document
from ftproofs.report.stored import Stored

#: Titles of a stranger: none may become a command, open a file, or break the page.
HOSTILE = (
    r"\input{/etc/passwd}",
    r"\immediate\write18{id > /tmp/owned}",
    r"$\write18{id}$ 100% of #1 & x_y^z ~ {unbalanced",
    r"]\end{theorem}\openin5=/etc/passwd\read5 to\x",
    "}}}{{{ %%% \\ \\\\ \\relax",
    "^^5cinput{/etc/passwd} ^^M ^^@ ^^41",
    "<script>alert('\"x\"')</script> `quote' ``quotes'' -- --- ,, !` ?`",
    "zero\x00byte \u202ebidi\u202c tab\tnewline\nend \x1b[31m",
    "Étude naïve: Öl, ß, œ, Łódź, İ, ŋ — “quoted” … 中文 Ω α ∑ ≤ 🙂",
    "\\",
    "x^^y__z'' a_b_c x_1^2_3 f''^2 X^+^+ (x)^(y)^(z) |||",
    "\\csname input\\endcsname{/etc/passwd} \\catcode`\\%=12",
    '@misc{evil, note = {x}} " # " }',
    "W" * 300,
)


def hostile_claims() -> list[Claim]:
    """Copies of a real claim with hostile text everywhere a claim has text."""
    base = claims()["deep-linear-norm-floor"]
    made = []
    for place, text in enumerate(HOSTILE):
        steps = tuple(replace(step, says=text) for step in base.steps[:2])
        made.append(
            replace(
                base,
                id=f"hostile-{place}",
                title=text,
                source=Source(text, text),
                experiment=text,
                untrained=text,
                steps=steps,
                corollaries=(Step(f"special-{place}", text, base.steps[0].relation, base.steps[0].by, ()),),
                variants=(Variant("v", text, base.variants[0].statements, tell=text),),
                uses=("linear-endpoint", text),
            )
        )
    return made


@cache
def whole_catalog() -> dict[str, str]:
    """The export of the whole catalog, without verdicts."""
    return document(tuple(claims().values()), families(), Stored())


def bare(text: str) -> str:
    """The TeX without comments and without escaped characters."""
    text = re.sub(r"(?<!\\)%.*", "", text)
    return re.sub(r"\\[\\{}$&#%_^~\"'`=.|]", " ", text)


def balanced(text: str) -> bool:
    """Whether the braces close in order."""
    depth = 0
    for char in bare(text):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0


def open_environments(text: str) -> list[str]:
    """The environments left open; a wrong ``\\end`` fails."""
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", bare(text)):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack, name
            assert stack.pop() == name
    return stack


def commands(text: str) -> set[str]:
    """The names of all commands in the text."""
    return set(re.findall(r"\\([A-Za-z@]+)", bare(text)))
