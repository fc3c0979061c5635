"""Expressions as LaTeX, set the way a paper would set them.

The value of what is printed is that of the expression: terms and factors change
places, powers with a negative exponent move below a fraction bar, exponents are set
on one line.  Nothing is expanded, cancelled or simplified.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from sympy import Add, Basic, Expr, Mul, Pow, Rational, S, Symbol
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.trigonometric import TrigonometricFunction
from sympy.printing.latex import LatexPrinter

from ftproofs.names import MEASUREMENTS
from ftproofs.symbolic.notation import SQUARES, function_latex, matrix_latex, symbol_latex

#: A symbol that can carry an exponent without parentheses: a letter, an accent, one norm.
_TIGHT = re.compile(
    r"([A-Za-z]|\\[A-Za-z]+( [A-Za-z]|\\[A-Za-z]+)?|\\mathrm\{\w+\})"
    r"(_([A-Za-z0-9]|\\[A-Za-z]+|\{[^{}]*(\{[^{}]*\})?\}))?"
    r"|\\mathcal\{[A-Z]\}"
    r"|\\lVert((?!\\[lr]Vert).)*\\rVert|[A-Za-z]+\(0\)|\\ell\(0\)"
)
#: A symbol that reads as a large operator, or as a quotient: parenthesised inside a product.
_LOOSE = re.compile(r"\\(max|min)_t")
_TALL = re.compile(r"\\(frac|begin|int|sum|lim|sqrt|left)|\^(?!\{?\\top)")
_BIG = (sympy.Integral, sympy.Sum, sympy.Limit, sympy.Derivative, sympy.Piecewise)


def latex(expr: Basic, *, inline: bool = False, names: Mapping[Symbol, str] | None = None) -> str:
    """LaTeX of an expression, in math mode and without delimiters.

    ``inline`` writes fractions with a slash; ``names`` has the LaTeX of symbols that are
    not the vocabulary's.

    Raises:
        UsageError: FT120 a symbol whose name is not letters, digits and single underscores.
    """
    typesetter = _Typesetter(names or {})
    return typesetter._on_line(expr) if inline else typesetter._print(expr)


class _Typesetter(LatexPrinter):
    def __init__(self, names: Mapping[Symbol, str]) -> None:
        super().__init__({"ln_notation": True})
        self._names = names
        self._line = 0  # > 0: inside an exponent, fractions are written with a slash

    # -- names -----------------------------------------------------------------

    def _print_Symbol(self, expr: Symbol, style: str = "plain") -> str:
        return self._names[expr] if expr in self._names else symbol_latex(expr.name)

    _print_Dummy = _print_Symbol

    def _print_MatrixSymbol(self, expr: Any, style: str = "plain") -> str:
        return matrix_latex(expr.name)

    def _print_AppliedUndef(self, expr: Any, exp: str | None = None) -> str:
        call = function_latex(expr.func.__name__) + self._call(expr.args)
        return call if exp is None else f"{call}^{{{exp}}}"

    def _call(self, arguments: Sequence[Basic]) -> str:
        return _bracket(", ".join(self._print(a) for a in arguments))

    def _print_Function(self, expr: Any, exp: str | None = None) -> str:
        if isinstance(expr, AppliedUndef):
            return self._print_AppliedUndef(expr, exp)
        return super()._print_Function(expr, exp)

    def _print_gamma(self, expr: Any, exp: str | None = None) -> str:
        text = r"\Gamma" + (f"^{{{exp}}}" if exp else "")
        return text + _bracket(self._exponent(expr.args[0]))

    def _print_log(self, expr: Any, exp: str | None = None) -> str:
        text = r"\ln" + (f"^{{{exp}}}" if exp else "")
        return f"{text} {self._print(expr.args[0])}" if expr.args[0].is_Symbol else text + self._call(expr.args)

    def _elementary(self, expr: Any, exp: str | None = None) -> str:
        name = expr.func.__name__
        text = "\\" + ("arc" + name[1:] if name.startswith("a") else name) + (f"^{{{exp}}}" if exp else "")
        return f"{text} {self._print(expr.args[0])}" if expr.args[0].is_Symbol else text + self._call(expr.args)

    def _print_asinh(self, expr: Any, exp: str | None = None) -> str:
        return r"\operatorname{arsinh}" + (f"^{{{exp}}}" if exp else "") + self._call(expr.args)

    _print_cos = _print_sin = _print_tan = _print_acos = _print_asin = _print_atan = _elementary

    def _print_sign(self, expr: Any, exp: str | None = None) -> str:
        return r"\operatorname{sign}" + (f"^{{{exp}}}" if exp else "") + self._call(expr.args)

    # -- sums and products -----------------------------------------------------

    def _print_Add(self, expr: Expr, order: Any = None) -> str:
        return self._sum(expr.as_ordered_terms())

    def _print_MatAdd(self, expr: Any) -> str:
        return self._sum(list(expr.args))

    def _sum(self, terms: list[Any]) -> str:
        lead = next((term for term in terms if not _negative(term)), None)
        if lead is not None:
            terms = [lead, *(term for term in terms if term is not lead)]
        text = ""
        for term in terms:
            sign = "-" if _negative(term) else "+"
            inside = self._print(-term if sign == "-" else term)
            if sign == "-" and isinstance(-term, (Add, sympy.MatAdd)):
                inside = _bracket(inside)
            text += f" {sign} {inside}" if text else f"- {inside}" if sign == "-" else inside
        return text

    def _print_Mul(self, expr: Expr) -> str:
        if not expr.is_commutative:
            return super()._print_Mul(expr)
        if _negative(expr):
            inside = -expr
            text = self._print(inside)
            return f"- {_bracket(text)}" if isinstance(inside, Add) else f"- {text}"
        above: list[Expr] = []
        below: list[Expr] = []
        for factor in expr.as_ordered_factors():
            over, under = _split(factor)
            above += over
            below += under
        return self._quotient(above, below)

    def _quotient(self, above: list[Expr], below: list[Expr]) -> str:
        if not below:
            return self._product(above)
        if self._line:
            top, bottom = self._product(above, alone=False), self._product(below, alone=False)
            return f"{top}/{bottom}" if len(below) == 1 else f"{top}/({bottom})"
        # What is large, or a bracket by itself, stands beside the bar and not on it.
        beside = [f for f in above if isinstance(f, _BIG)]
        on = [f for f in above if not isinstance(f, _BIG)]
        text = rf"\frac{{{self._product(on)}}}{{{self._product(below)}}}"
        return f"{text} {self._product(beside, alone=len(beside) == 1)}" if beside else text

    def _product(self, factors: list[Expr], *, alone: bool = True) -> str:
        if not factors:
            return "1"
        factors = sorted(factors, key=_rank)
        if len(factors) == 1 and alone:
            return self._print(factors[0])
        text = ""
        for place, factor in enumerate(factors):
            last = place == len(factors) - 1
            part = self._factor(factor, last=last and place > 0)
            text += (r" \cdot " if text and part[0].isdigit() else " " if text else "") + part
        return text

    def _factor(self, factor: Expr, *, last: bool) -> str:
        text = self._print(factor)
        open_ended = isinstance(factor, _BIG) and not (last and not isinstance(factor, sympy.Piecewise))
        if isinstance(factor, Add) or open_ended or _negative(factor) or _LOOSE.match(text):
            return _bracket(text)
        if self._line and isinstance(factor, Mul):
            return f"({text})"
        return text

    # -- powers ----------------------------------------------------------------

    def _print_Pow(self, expr: Pow) -> str:
        above, below = _split(expr)
        if below:
            return self._quotient(above, below)
        base, exponent = expr.base, expr.exp
        if exponent == S.Half:
            return rf"\sqrt{{{self._print(base)}}}"
        if isinstance(base, TrigonometricFunction) and exponent.is_Integer and exponent > 1:
            return self._elementary(base, self._exponent(exponent))
        return f"{self._base(base)}^{{{self._exponent(exponent)}}}"

    def _base(self, base: Expr) -> str:
        text = self._print(base)
        if base.is_Symbol:
            return text if _TIGHT.fullmatch(text) else _bracket(text)
        closed = (base.is_Integer and base >= 0) or base.is_NumberSymbol or isinstance(base, AppliedUndef)
        if closed or hasattr(base, "_latex"):  # a function that prints itself ends in a bracket
            return text
        return _bracket(text)

    def _print_ExpBase(self, expr: Expr, exp: str | None = None) -> str:
        inner = rf"\mathrm{{e}}^{{{self._exponent(expr.args[0])}}}"
        return inner if exp is None else rf"\left({inner}\right)^{{{exp}}}"

    def _print_Exp1(self, expr: Expr, exp: str | None = None) -> str:
        return r"\mathrm{e}"

    def _exponent(self, expr: Expr) -> str:
        """On one line: fractions with a slash, numeric denominators brought together."""
        if isinstance(expr, Add) and all(_numeric_denominator(term) for term in expr.args):
            denominator = sympy.ilcm(*(term.as_coeff_Mul()[0].q for term in expr.args))
            if denominator > 1:
                scaled = Add(*(term * denominator for term in expr.args))
                return f"({self._on_line(scaled)})/{denominator}"
        return self._on_line(expr)

    def _on_line(self, expr: Expr) -> str:
        self._line += 1
        try:
            return self._print(expr)
        finally:
            self._line -= 1

    def _print_Rational(self, expr: Rational) -> str:
        if self._line and expr.q != 1:
            return f"{expr.p}/{expr.q}"
        return super()._print_Rational(expr)

    _print_Half = _print_Rational

    # -- calculus --------------------------------------------------------------

    def _print_Derivative(self, expr: Any) -> str:
        (variable, order), *more = expr.variable_count
        if more or order != 1:
            return super()._print_Derivative(expr)
        name = self._print(variable)
        d = "d" if variable.name == "t" or len(expr.expr.free_symbols) == 1 else r"\partial"
        body = self._print(expr.expr)
        bar = body.startswith(r"\frac")
        if isinstance(expr.expr, (Add, *_BIG)) or (isinstance(expr.expr, Mul) and not bar):
            body = _bracket(body)
        return rf"\frac{{{d}}}{{{d} {name}}} {body}"

    def _print_Integral(self, expr: Any) -> str:
        if len(expr.limits) != 1 or len(expr.limits[0]) != 3:
            return super()._print_Integral(expr)
        variable, low, high = expr.limits[0]
        body = self._print(expr.function)
        if isinstance(expr.function, Add):
            body = _bracket(body)
        return rf"\int_{{{self._on_line(low)}}}^{{{self._on_line(high)}}} {body} \, d{self._print(variable)}"

    def _print_Limit(self, expr: Any) -> str:
        body, variable, target, direction = expr.args
        arrow = rf"{self._print(variable)} \to {self._print(target)}"
        if str(direction) in "+-" and target.is_finite:
            arrow += f"^{direction}"
        text = self._print(body)
        return rf"\lim_{{{arrow}}} " + (_bracket(text) if isinstance(body, (Add, *_BIG)) else text)

    def _print_Piecewise(self, expr: Any) -> str:
        rows = [
            f"{self._print(value)} & " + (r"\text{otherwise}" if condition == S.true else self._when(condition))
            for value, condition in expr.args
        ]
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def _when(self, condition: Basic) -> str:
        return rf"\text{{if }} {self._print(condition)}"

    # -- conditions ------------------------------------------------------------

    def _print_And(self, expr: Any) -> str:
        return r" \text{ and } ".join(self._print(a) for a in sorted(expr.args, key=sympy.default_sort_key))

    def _print_Or(self, expr: Any) -> str:
        return r" \text{ or } ".join(self._print(a) for a in sorted(expr.args, key=sympy.default_sort_key))

    # -- matrices --------------------------------------------------------------

    def _print_Transpose(self, expr: Any) -> str:
        text = self._print(expr.arg)
        closed = isinstance(expr.arg, sympy.MatrixSymbol) and "^" not in text
        return (text if closed else _bracket(text)) + r"^{\top}"

    def _print_MatMul(self, expr: Any) -> str:
        if _negative(expr):
            return f"- {self._print(-expr)}"
        parts = [_bracket(self._print(a)) if isinstance(a, (Add, sympy.MatAdd)) else self._print(a) for a in expr.args]
        return " ".join(parts)

    def _print_MatPow(self, expr: Any) -> str:
        base, exponent = expr.base, expr.exp
        if isinstance(base, sympy.MatrixSymbol):
            if exponent == 2 and base.name in SQUARES:
                return SQUARES[base.name]
            text = self._print(base)
            if "^" not in text:
                return f"{text}^{{{self._exponent(exponent)}}}"
        return f"{_bracket(self._print(base))}^{{{self._exponent(exponent)}}}"

    def _print_ZeroMatrix(self, expr: Any) -> str:
        return "0"

    def _print_Identity(self, expr: Any) -> str:
        return "1" if expr.shape[0] == 1 else "I"


def _negative(term: Any) -> bool:
    """Whether a term is written with a minus sign."""
    if isinstance(term, sympy.MatMul):
        return bool(term.as_coeff_matrices()[0].could_extract_minus_sign())
    return bool(getattr(term, "as_coeff_Mul", None) and term.as_coeff_Mul()[0].is_negative)


def _split(factor: Expr) -> tuple[list[Expr], list[Expr]]:
    """What a factor puts above and below the fraction bar."""
    if factor.is_Rational and not factor.is_Integer:
        return ([] if factor.p == 1 else [sympy.Integer(factor.p)]), [sympy.Integer(factor.q)]
    if factor is S.One:
        return [], []
    if isinstance(factor, Pow) and factor.base is not S.Exp1 and factor.exp.is_nonpositive and factor.exp != 0:
        inverse = Pow(factor.base, _opposite(factor.exp), evaluate=False) if factor.exp != -1 else factor.base
        return [], [inverse]
    return [factor], []


def _opposite(exponent: Expr) -> Expr:
    """Minus the exponent, the sign taken into a sum where there is one."""
    total = next((f for f in Mul.make_args(exponent) if isinstance(f, Add)), None)
    if total is None or total is exponent or _negative(exponent):
        return -exponent
    return Mul(*(Add(*(-term for term in f.args)) if f is total else f for f in Mul.make_args(exponent)))


def _bracket(text: str) -> str:
    """In parentheses, which grow with what is tall."""
    return rf"\left({text}\right)" if _TALL.search(text) else f"({text})"


def _numeric_denominator(term: Expr) -> bool:
    coefficient, rest = term.as_coeff_Mul()
    return bool(coefficient.is_Rational and not any(p.exp.is_negative for p in rest.atoms(Pow)))


def _rank(factor: Expr) -> int:
    """Numbers, then letters, then what was measured, then brackets, then what has no end of its own."""
    base = factor.as_base_exp()[0] if isinstance(factor, Pow) else factor
    if isinstance(base, _BIG):
        return 5
    if isinstance(base, TrigonometricFunction):
        return 4
    if factor.is_number:
        return 0
    if base.is_Symbol:
        return 2 if base.name in MEASUREMENTS and len(symbol_latex(base.name)) > 8 else 1
    return 1 if isinstance(factor, Pow) and factor.base.is_number else 3
