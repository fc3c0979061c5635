"""One verdict by itself, as an element for a page that is not ours."""

from __future__ import annotations

from markupsafe import Markup

from ftproofs.report import charts
from ftproofs.report.html.claims import SIGNS, counterexamples, expected, legs, meter, power
from ftproofs.report.html.environment import environment
from ftproofs.verdict import Verdict


def fragment(verdict: Verdict) -> Markup:
    """Word, legs and figure as a table; counterexamples; where it fails, or how errors shrink with the size."""
    found = charts.ladder(verdict.claim, verdict.experiment.sizes, verdict.experiment.tolerance)
    if verdict.picture is not None:
        found = charts.where(verdict.claim, verdict.picture)
    return Markup(
        environment()
        .get_template("verdict.html.j2")
        .render(
            verdict=verdict,
            sign=SIGNS[verdict.word],
            expected=expected(verdict),
            legs=legs(verdict),
            meter=meter(verdict.experiment),
            counterexamples=counterexamples(verdict),
            power=power(verdict),
            chart=found,
        )
    )
