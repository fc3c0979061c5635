"""Statements and claims as LaTeX, printed from the expressions that are checked.

Text is escaped and no text becomes part of a macro's name; symbols are written as
the vocabulary and `ftproofs.symbolic.notation` say.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from ftproofs.claim import Choices, Claim, Domain, Range, Relation, Statement, Trend
from ftproofs.names import PARAMETERS
from ftproofs.symbolic.expectation import E, expand_means, mean_of
from ftproofs.symbolic.prose import escape, prose
from ftproofs.symbolic.typeset import latex

__all__ = [
    "RELATIONS",
    "claim_tex",
    "domain_tex",
    "escape",
    "latex",
    "opening",
    "prose",
    "statement_tex",
    "theorem_tex",
]

RELATIONS: dict[Relation, str] = {"==": "=", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">"}


def statement_tex(statement: Statement, *, inline: bool = False) -> str:
    """A statement in math mode, without delimiters; ``inline`` writes fractions with a slash."""
    lhs, rhs = (latex(sympy.sympify(side, strict=True), inline=inline) for side in (statement.lhs, statement.rhs))
    return f"{lhs} {RELATIONS[statement.rel]} {rhs}"


def claim_tex(claim: Claim) -> str:
    """A claim as a ``theorem`` environment with the label ``clm:<id>`` (amsmath, amsthm)."""
    return theorem_tex(claim) + rf"\noindent Source: {escape(str(claim.source))}." + "\n"


def theorem_tex(claim: Claim, environment: str = "theorem", body: str | None = None) -> str:
    """The statement alone, in that environment; ``body`` is another display of it."""
    rows = ",\\\\\n".join(statement_tex(as_read(claim, statement)) for statement in claim.statements)
    lines = [
        rf"\begin{{{environment}}}[{{{prose(claim.title)}}}]\label{{clm:{claim.id}}}",
        opening(claim),
        body or "\\begin{gather*}\n" + rows + ".\n\\end{gather*}",
        rf"\end{{{environment}}}",
    ]
    return "\n".join(lines) + "\n"


def opening(claim: Claim) -> str:
    """For which networks, in which sense and on which domain the statement holds."""
    name = claim.quantifier.name
    what = rf"of \texttt{{{escape(claim.experiment)}}}"
    if name == "probability":
        level = _value(getattr(claim.quantifier, "level", ""))
        sentence = rf"With probability at least ${level}$ over data, for networks {what}"
    elif name == "mean":
        sentence = rf"In the mean over data, for networks {what}"
    elif isinstance(claim.quantifier, Trend):
        effect = escape(f"{100 * claim.quantifier.effect:g}%")
        pairs = f"In more than half of the pairs trained on the same data, by {effect} or more"
        sentence = rf"{pairs}, for networks {what}"
    elif name == "limit":
        sentence = rf"As $d \to \infty$ at fixed $\gamma = n/d$, in the mean over data, for networks {what}"
    else:
        sentence = rf"For each trained network {what}"
    domain = ", ".join(domain_tex(claim.domain))
    return f"{sentence} with\n{domain}," if domain else f"{sentence},"


def as_read(claim: Claim, statement: Statement) -> Statement:
    """The statement as its quantifier reads it: means over data are written as such."""
    if claim.quantifier.name not in ("mean", "limit"):
        return statement
    lhs, rhs = (_mean(sympy.sympify(side, strict=True)) for side in (statement.lhs, statement.rhs))
    return Statement(lhs, statement.rel, rhs)


def _mean(side: sympy.Expr) -> sympy.Expr:
    """The side's mean, by linearity where that takes it apart, else with the side as it was written."""
    read = mean_of(side)
    found = expand_means(read)
    return read if isinstance(found, E) else found


def domain_tex(domain: Domain) -> Iterator[str]:
    """A domain's ranges and constraints, each in math mode."""
    for name, values in domain.ranges:
        yield f"${PARAMETERS[name].latex} {_extent(values)}$"
    for constraint in domain.constraints:
        yield f"${latex(constraint, inline=True)}$"


def _extent(values: Range | Choices) -> str:
    if isinstance(values, Range):
        low, high = _value(values.low), _value(values.high)
        return rf"\in \{{{low}, \dots, {high}\}}" if values.integer else rf"\in [{low}, {high}]"
    if len(values.values) == 1:
        return f"= {_value(values.values[0])}"
    return r"\in \{" + ", ".join(map(_value, values.values)) + r"\}"


def _value(value: object) -> str:
    if value == "inf":
        return r"\infty"
    if isinstance(value, str):
        return rf"\text{{{escape(value)}}}"
    return latex(value, inline=True) if isinstance(value, sympy.Basic) else f"{value}"
