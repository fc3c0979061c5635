"""Every export is printed from the expressions that are checked: change one, and each of them changes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sympy

from ftproofs.catalog import claims, families
from ftproofs.claim import Claim, Statement
from ftproofs.errors import KernelError
from ftproofs.report.html import page
from ftproofs.report.html.mathml import mathml
from ftproofs.report.latex import document
from ftproofs.report.python import agreement, formulas, module, points
from ftproofs.report.stored import Stored
from ftproofs.symbolic.latex import statement_tex
from ftproofs.symbolic.vocabulary import v

CLAIM = claims()["deep-linear-endpoint"]


def as_latex(claim: Claim) -> str:
    return document([claim], families(), Stored())[f"claims/{claim.id}.tex"]


def as_html(claim: Claim) -> str:
    return page([claim], families(), Stored())


def as_python(claim: Claim) -> str:
    return module(claim, formulas(claim))


EXPORTS = (as_latex, as_html, as_python)


def with_statement(right: sympy.Expr) -> Claim:
    *others, last = CLAIM.statements
    return replace(CLAIM, statements=(*others, Statement(last.lhs, last.rel, right)))


def perturbed(kind: str) -> Claim:
    last = sympy.sympify(CLAIM.statements[-1].rhs)
    if kind == "factor":
        return with_statement(last * sympy.Rational(8191, 8192))
    if kind == "symbol":
        return with_statement(last.subs(v.source_norm, v.target_norm))
    if kind == "depth":
        return with_statement(last.subs(v.L, v.L + 1))
    first, *rest = CLAIM.statements
    return replace(CLAIM, statements=(Statement(first.lhs, "<=", first.rhs), *rest))


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize("kind", ["factor", "symbol", "depth", "sign"])
def test_a_changed_statement_changes_the_export(export: Callable[[Claim], str], kind: str) -> None:
    changed = perturbed(kind)
    before, after = export(CLAIM), export(changed)
    assert before == export(CLAIM)
    assert after != before
    said = {
        as_latex: statement_tex,
        as_html: lambda s: str(mathml(statement_tex(s), display=True)),
        as_python: str,
    }[export]
    for old, new in zip(CLAIM.statements, changed.statements, strict=True):
        assert said(new) in after
        if old != new and kind != "sign":
            stated = after.partition(r"\begin{ftproof}")[0].partition("<details>")[0]  # the derivation is the old one
            assert said(old) not in stated


@pytest.mark.parametrize("export", [as_latex, as_html])
def test_a_changed_step_changes_the_export(export: Callable[[Claim], str]) -> None:
    step = CLAIM.steps[-1]
    relation = Statement(step.relation.lhs, step.relation.rel, step.relation.rhs * sympy.Rational(8191, 8192))
    changed = replace(CLAIM, steps=(*CLAIM.steps[:-1], replace(step, relation=relation)))
    assert "8191" not in export(CLAIM)
    assert "8191" in export(changed)


@pytest.mark.parametrize("export", EXPORTS)
def test_a_changed_domain_changes_the_export(export: Callable[[Claim], str]) -> None:
    changed = replace(CLAIM, domain=CLAIM.domain.with_ranges(source_norm=(sympy.Rational(1, 7), sympy.Integer(3))))
    assert export(changed) != export(CLAIM)


def test_the_module_of_a_changed_claim_is_not_that_of_the_claim() -> None:
    """Its numbers are those of the changed formula, and no longer those of the one that was checked."""
    changed = perturbed("factor")
    at = points(CLAIM, formulas(CLAIM))
    assert agreement(as_python(changed), formulas(changed), at).units <= 4
    with pytest.raises(KernelError, match="FT140"):
        agreement(as_python(changed), formulas(CLAIM), at)
