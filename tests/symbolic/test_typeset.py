"""Expressions as LaTeX: set as a paper would, meaning what they meant, and closed to names that are code."""

from __future__ import annotations

import re

import pytest
import sympy
from sympy import Derivative, Function, Integral, Limit, MatrixSymbol, Piecewise, Rational, Symbol, exp, log, oo, sqrt
from sympy.core.function import AppliedUndef

from ftproofs.catalog import claims
from ftproofs.claim import Statement
from ftproofs.errors import UsageError
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.functions import depth_root, norm_floor
from ftproofs.symbolic.latex import as_read
from ftproofs.symbolic.notation import FUNCTION_NOTATION, MATRIX_NOTATION, SYMBOL_NOTATION, spelled
from ftproofs.symbolic.typeset import latex
from ftproofs.symbolic.vocabulary import SYMBOLS, v

x, t = Symbol("x", positive=True), Symbol("t", positive=True)
f = Function("N", positive=True)

CASES = [
    (1 - v.sigma, r"1 - \sigma"),
    (-v.d + v.n - 1, "n - d - 1"),
    (-x - 1, "- x - 1"),
    (-(x + 1), "- x - 1"),
    (2 * (x + 1), "2 x + 2"),
    (x * (1 - x), "x (1 - x)"),
    (-x * (1 - x), "- x (1 - x)"),
    ((1 - x) ** 2, "(1 - x)^{2}"),
    ((x**2 + 1) ** 2, r"\left(x^{2} + 1\right)^{2}"),
    ((-x) ** v.n, "(- x)^{n}"),
    (Rational(1, 2) ** v.n, r"\left(\frac{1}{2}\right)^{n}"),
    (x ** Rational(3, 2), "x^{3/2}"),
    (x ** Rational(-3, 2), r"\frac{1}{x^{3/2}}"),
    (1 / sqrt(x), r"\frac{1}{\sqrt{x}}"),
    (Rational(-3, 2), r"- \frac{3}{2}"),
    (-x / 2, r"- \frac{x}{2}"),
    (x ** ((v.L - 1) / v.L), "x^{(L - 1)/L}"),
    (x ** (-(v.L - 1) / v.L), r"\frac{1}{x^{(L - 1)/L}}"),
    (x ** (2 - 2 / v.L), "x^{2 - 2/L}"),
    (x ** (v.d / 2 - v.n / 2 - 1), "x^{(d - n - 2)/2}"),
    (norm_floor(v.L, v.perp_source_norm, v.source_norm), r"\frac{\lVert P_\perp\theta_S\rVert^{L}}{s^{L - 1}}"),
    (v.delta_risk**2, r"\left(\lVert\Sigma^{1/2}P_\perp\delta\rVert^2\right)^{2}"),
    (v.perp_delta_norm**2, r"\lVert P_\perp\delta\rVert^{2}"),
    (v.min_norm * v.sigma**2, r"\sigma^{2} \lVert X^+y\rVert"),
    (v.train_loss * v.path_gap, None),
    (exp(-x / 2), r"\mathrm{e}^{- x/2}"),
    (log(x) + log(1 + x), r"\ln x + \ln(x + 1)"),
    (f(t) ** 2, "N(t)^{2}"),
    (Derivative(f(t), t), r"\frac{d}{d t} N(t)"),
    (Derivative(f(t) * x, t), None),
    (Derivative(f(t) + 1, t), r"\frac{d}{d t} (N(t) + 1)"),
    (x * Integral(x, (x, 0, oo)), r"x \int_{0}^{\infty} x \, dx"),
    (Integral(x, (x, 0, 1)) * Integral(x, (x, 1, 2)), None),
    (Limit(1 / v.L, v.L, oo), r"\lim_{L \to \infty} \frac{1}{L}"),
    (Limit(1 + 1 / v.L, v.L, oo), r"\lim_{L \to \infty} \left(1 + \frac{1}{L}\right)"),
    (E(v.risk) ** 2, r"\mathbb{E}\left[R\right]^{2}"),
    (depth_root(v.L, v.min_norm, x, v.source_norm), r"c_{L}\left(\lVert X^+y\rVert, x, s\right)"),
    (Piecewise((x, x < 1), (0, True)), r"\begin{cases} x & \text{if } x < 1 \\ 0 & \text{otherwise} \end{cases}"),
    (m.root * m.root, r"\Sigma"),
    (m.X.T * (m.X * m.beta - m.y), r"X^{\top} (X \beta - y)"),
    (m.Xp.T, r"\left(X^{+}\right)^{\top}"),
    (-m.theta_S + m.theta_T, r"\theta_T - \theta_S"),
    (sympy.Or(v.n < 2, v.n > 4), None),
]


@pytest.mark.parametrize(("expr", "expected"), [c for c in CASES if c[1]], ids=str)
def test_printed(expr: sympy.Basic, expected: str) -> None:
    assert latex(expr) == expected


@pytest.mark.parametrize(
    ("expr", "parts"),
    [
        (Derivative(f(t) * x, t), [r"\frac{d}{d t} (", "N(t)"]),
        (Integral(x, (x, 0, 1)) * Integral(x, (x, 1, 2)), [r"\left(\int"]),
        (v.train_loss * v.path_gap, [r"\left(\max_t"]),
        (sympy.Or(v.n < 2, v.n > 4), [r" \text{ or } "]),
    ],
    ids=str,
)
def test_what_would_run_together_is_bracketed(expr: sympy.Basic, parts: list[str]) -> None:
    assert all(part in latex(expr) for part in parts)


@pytest.mark.parametrize(
    "name",
    [r"x}\input{/etc/passwd}", r"\write18{id}", "a b", "x;y", "a$b", "__x", r"\input", r"\theta_{\input}", "", "é"],
)
@pytest.mark.parametrize("kind", ["symbol", "function", "matrix"])
def test_a_name_that_is_code_is_refused(name: str, kind: str) -> None:
    if kind == "matrix" and not name:
        return  # SymPy itself refuses it
    made = {
        "symbol": lambda: Symbol(name),
        "function": lambda: Function(name)(t),
        "matrix": lambda: MatrixSymbol(name, 2, 2),
    }[kind]()
    with pytest.raises(UsageError, match="FT120"):
        latex(made)


def test_names_are_spelled_by_a_rule() -> None:
    assert spelled("kappa_2") == r"\kappa_{2}"
    assert spelled("g_along") == r"g_{\mathrm{along}}"
    assert spelled("w_perp") == r"w_{\perp}"
    assert spelled("slope") == r"\mathrm{slope}"
    assert spelled("x1") == "x_{1}"
    assert latex(MatrixSymbol(r"\alpha_{\infty}", 2, 1)) == r"\alpha_{\infty}"


def test_every_relation_of_the_catalog_prints_without_raw_names() -> None:
    for claim in claims(variants=True).values():
        relations = [*claim.statements, *(step.relation for step in (*claim.steps, *claim.corollaries))]
        for relation in relations:
            for side in (relation.lhs, relation.rhs):
                tex = latex(sympy.sympify(side, strict=True))
                assert tex.count("{") == tex.count("}")
                assert tex.count(r"\left") - tex.count(r"\leftarrow") == tex.count(r"\right") - tex.count(
                    r"\rightarrow"
                )
                assert set(re.findall(r"\\operatorname\{(\w*)", tex)) <= {"tr", "atanh", "sign", "arsinh", "erfc"}


def test_every_local_name_of_the_catalog_says_what_it_stands_for() -> None:
    """Symbols, functions of time and matrices that only derivations use are in the lists of notation."""
    missing = set()
    for claim in claims().values():
        for step in (*claim.steps, *claim.corollaries):
            for side in (sympy.sympify(step.relation.lhs), sympy.sympify(step.relation.rhs)):
                numbers = {s.name for s in side.atoms(Symbol)} - {"+", "-"}  # the direction of a limit is a symbol
                missing |= numbers - set(SYMBOLS) - set(SYMBOL_NOTATION)
                missing |= {f.func.__name__ for f in side.atoms(AppliedUndef)} - set(FUNCTION_NOTATION)
                missing |= {x.name for x in side.atoms(MatrixSymbol)} - set(MATRIX_NOTATION)
    assert not missing


def test_a_mean_that_does_not_come_apart_is_written_as_the_statement_is() -> None:
    claim = claims()["deep-linear-proportional-anisotropic"]
    relative = claim.statements[1]
    assert as_read(claim, relative).lhs == E(relative.lhs)
    together = claims()["linear-mean-risk"]
    assert as_read(together, Statement(v.risk + v.sigma, "==", v.sigma)).lhs == E(v.risk) + v.sigma
