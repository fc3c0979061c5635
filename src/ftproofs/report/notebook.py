"""How things show themselves in a notebook: a claim as LaTeX, a verdict as a table and a picture, a check by a bar.

The values are plain data and know nothing of this; importing this module, as the
package does when its public names are first used, gives them the two methods.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, Protocol

from ftproofs.claim import Claim
from ftproofs.verdict import Verdict


def claim_latex(claim: Claim) -> str:
    """The claim's statements in display math, one below the other."""
    from ftproofs.symbolic.latex import as_read, statement_tex

    rows = [statement_tex(as_read(claim, statement)) for statement in claim.statements]
    return "$$" + (rows[0] if len(rows) == 1 else r"\begin{gathered}" + r" \\ ".join(rows) + r"\end{gathered}") + "$$"


def verdict_html(verdict: Verdict) -> str:
    """The verdict as a table, with its counterexamples and what can be drawn of it."""
    from ftproofs.report.html.verdict import fragment

    return str(fragment(verdict))


class Progress(Protocol):
    """What a check tells of itself, as `ftproofs.check` calls it."""

    def __call__(self, label: str, done: int, total: int) -> None: ...


@contextmanager
def bar() -> Iterator[Progress]:
    """A bar below the running cell, gone when the check ends; needs no widgets."""
    from IPython.display import HTML, display

    shown: Any = display(HTML(""), display_id=True)

    def progress(label: str, done: int, total: int) -> None:
        text = f"{escape(label)} {done}/{total}"
        shown.update(HTML(f'<progress value="{done}" max="{total}" aria-label="{text}"></progress> {text}'))

    try:
        yield progress
    finally:
        shown.update(HTML(""))


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this process; whoever has not loaded IPython is in none."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


def register() -> None:
    """Give claims and verdicts the methods that notebooks look for, and in one show how checks get on."""
    if in_notebook():
        from ftproofs.check import watch

        watch(bar)
    for kind, method, show in ((Claim, "_repr_latex_", claim_latex), (Verdict, "_repr_html_", verdict_html)):
        setattr(kind, method, show)


register()
