"""How claims and verdicts show themselves in a notebook: a statement as LaTeX, a verdict as a table and a picture.

The values are plain data and know nothing of this; importing this module, as the
package does when its public names are first used, gives them the two methods.
"""

from __future__ import annotations

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


def register() -> None:
    """Give claims and verdicts the methods that notebooks look for."""
    for kind, method, show in ((Claim, "_repr_latex_", claim_latex), (Verdict, "_repr_html_", verdict_html)):
        setattr(kind, method, show)


register()
