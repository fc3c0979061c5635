"""Statements and claims as LaTeX, printed from the expressions that are checked.

Text is escaped and no text becomes part of a macro's name; symbols are written as
the vocabulary says.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from ftproofs.claim import Choices, Claim, Domain, Range, Relation, Statement
from ftproofs.names import PARAMETERS
from ftproofs.symbolic.vocabulary import latex

_RELATIONS: dict[Relation, str] = {"==": "=", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">"}

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}

_QUANTIFIERS = {"each": "For each trained network", "mean": "In the mean over data"}


def escape(text: str) -> str:
    """Text that LaTeX prints as it is; control characters become spaces."""
    return "".join(_ESCAPES.get(c, c if c.isprintable() else " ") for c in text)


def statement_tex(statement: Statement) -> str:
    """A statement in math mode, without delimiters."""
    return f"{latex(statement.lhs)} {_RELATIONS[statement.rel]} {latex(statement.rhs)}"


def claim_tex(claim: Claim) -> str:
    """A claim as a ``theorem`` environment with the label ``clm:<id>`` (amsmath, amsthm)."""
    lines = [
        rf"\begin{{theorem}}[{escape(claim.title)}]\label{{clm:{claim.id}}}",
        rf"{_QUANTIFIERS[claim.quantifier.name]} of \texttt{{{escape(claim.experiment)}}} with",
        ", ".join(domain_tex(claim.domain)) + ",",
        r"\begin{gather*}",
        ",\\\\\n".join(statement_tex(statement) for statement in claim.statements) + ".",
        r"\end{gather*}",
        r"\end{theorem}",
        rf"\noindent Source: {escape(str(claim.source))}.",
    ]
    return "\n".join(lines) + "\n"


def domain_tex(domain: Domain) -> Iterator[str]:
    """A domain's ranges and constraints, each in math mode."""
    for name, values in domain.ranges:
        yield f"${PARAMETERS[name].latex} {_extent(values)}$"
    for constraint in domain.constraints:
        yield f"${latex(constraint)}$"


def _extent(values: Range | Choices) -> str:
    if isinstance(values, Range):
        integers = r" \cap \mathbb{Z}" if values.integer else ""
        return rf"\in [{_value(values.low)}, {_value(values.high)}]{integers}"
    if len(values.values) == 1:
        return f"= {_value(values.values[0])}"
    return r"\in \{" + ", ".join(map(_value, values.values)) + r"\}"


def _value(value: object) -> str:
    if isinstance(value, str):
        return rf"\text{{{escape(value)}}}"
    return latex(value) if isinstance(value, sympy.Basic) else f"{value}"
