"""Expressions as array code that NumPy and torch both run.

The generated source refers to ``xp`` (the array module), ``special`` (its special
functions), ``full`` (makes a constant of the arguments' shape) and the arguments
``x0, x1, ...``; no name of a symbol ever becomes code. NumPy 2 and torch share the
names used here.
"""

from __future__ import annotations

import re
from typing import Any

import sympy
from sympy import Basic, Expr, S, Symbol
from sympy.codegen.cfunctions import expm1, log1p
from sympy.codegen.rewriting import expm1_opt, log1p_opt, optimize
from sympy.printing.codeprinter import CodePrinter, PrintMethodNotImplementedError

from ftproofs.errors import KernelError
from ftproofs.symbolic import balls

ARRAY_FUNCTIONS: dict[Any, str] = {
    sympy.exp: "exp",
    sympy.log: "log",
    expm1: "expm1",
    log1p: "log1p",
    sympy.Abs: "abs",
    sympy.sign: "sign",
    sympy.Heaviside: "heaviside",
    sympy.floor: "floor",
    sympy.ceiling: "ceil",
    **{
        getattr(sympy, name): name
        for name in (
            *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
            *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
        )
    },
}
SPECIAL_FUNCTIONS: dict[Any, str] = {
    sympy.erf: "erf",
    sympy.erfc: "erfc",
    sympy.loggamma: "gammaln",
}


class ArrayPrinter(CodePrinter):
    """Prints one expression; functions with a ``numeric`` attribute are called by it."""

    language = "array code"

    def __init__(self, names: dict[Symbol, str]) -> None:
        super().__init__({"strict": True})
        self.names = names
        self.functions: dict[str, Any] = {}

    def _print(self, expr: Basic, **kwargs: Any) -> str:
        if isinstance(expr, Expr) and not expr.free_symbols:
            return literal(expr)
        return super()._print(expr, **kwargs)

    def _print_Symbol(self, expr: Symbol) -> str:
        return self.names[expr]

    _print_Dummy = _print_Symbol

    def _print_Add(self, expr: sympy.Add, order: Any = None) -> str:
        return "(" + " + ".join(self._print(arg) for arg in self._as_ordered_terms(expr, order=None)) + ")"

    def _print_Mul(self, expr: sympy.Mul) -> str:
        above, below = [], []
        for factor in expr.as_ordered_factors():
            if factor.is_Pow and factor.exp.is_number and factor.exp.is_negative and factor.base.free_symbols:
                below.append(self._print(factor.base**-factor.exp))
            else:
                above.append(self._print(factor))
        text = "*".join(above) or "1.0"
        return f"({text}/({'*'.join(below)}))" if below else f"({text})"

    def _print_Pow(self, expr: sympy.Pow) -> str:
        base, exponent = expr.args
        if exponent == S.Half:
            return f"xp.sqrt({self._print(base)})"
        if exponent.is_number and exponent.is_negative:
            return f"(1.0/{self._print(base**-exponent)})"
        power = str(exponent) if exponent.is_Integer else self._array(exponent)
        return f"({self._array(base)}**{power})"

    def _print_Piecewise(self, expr: sympy.Piecewise) -> str:
        text = "full(nan)"
        for value, condition in reversed(expr.args):
            if condition == S.true:
                text = self._array(value)
            else:
                text = f"xp.where({self._print(condition)}, {self._array(value)}, {text})"
        return text

    def _print_Relational(self, expr: Any) -> str:
        return f"({self._array(expr.lhs)} {expr.rel_op} {self._array(expr.rhs)})"

    def _print_And(self, expr: sympy.And) -> str:
        return "(" + " & ".join(self._print(arg) for arg in expr.args) + ")"

    def _print_Or(self, expr: sympy.Or) -> str:
        return "(" + " | ".join(self._print(arg) for arg in expr.args) + ")"

    def _print_Not(self, expr: sympy.Not) -> str:
        return f"(~{self._print(expr.args[0])})"

    def _print_Max(self, expr: sympy.Max) -> str:
        return self._fold("maximum", expr.args)

    def _print_Min(self, expr: sympy.Min) -> str:
        return self._fold("minimum", expr.args)

    def _fold(self, name: str, args: tuple[Expr, ...]) -> str:
        text = self._array(args[0])
        for arg in args[1:]:
            text = f"xp.{name}({text}, {self._array(arg)})"
        return text

    def _print_Function(self, expr: Any) -> str:
        args = ", ".join(self._array(arg) for arg in expr.args)
        if expr.func in ARRAY_FUNCTIONS:
            return f"xp.{ARRAY_FUNCTIONS[expr.func]}({args})"
        if expr.func in SPECIAL_FUNCTIONS:
            return f"special.{SPECIAL_FUNCTIONS[expr.func]}({args})"
        numeric = getattr(expr.func, "numeric", None)
        if numeric is None:
            raise KernelError("FT141", f"no array code for {expr.func.__name__}")
        name = f"f{len(self.functions)}"
        self.functions[name] = numeric
        return f"{name}(xp, {args})"

    _print_Abs = _print_sign = _print_Heaviside = _print_floor = _print_ceiling = _print_Function
    _print_log = _print_exp = _print_loggamma = _print_expm1 = _print_log1p = _print_Function

    def _array(self, expr: Expr) -> str:
        """As an array, also where the expression is a constant."""
        return self._print(expr) if expr.free_symbols else f"full({literal(expr)})"

    def _print_polygamma(self, expr: sympy.polygamma) -> str:
        if expr.args[0] != 0:
            return self.emptyPrinter(expr)
        return f"special.digamma({self._array(expr.args[1])})"

    def emptyPrinter(self, expr: Basic) -> str:
        raise KernelError("FT141", f"no array code for {type(expr).__name__}")


def literal(expr: Expr) -> str:
    """The constant rounded once to the nearest double."""
    found = balls.enclose(expr, {}, prec=256)
    if found.is_nan():
        raise KernelError("FT141", f"the constant {expr} has no value")
    value = float(found.mid())
    return repr(value) if abs(value) < float("inf") else "inf" if value > 0 else "(-inf)"


def source(expr: Expr, args: tuple[Symbol, ...], *, cse: bool) -> tuple[str, dict[str, Any]]:
    """Source of a function ``kernel`` of ``x0, x1, ...`` and the functions it calls by name."""
    if expr.has(sympy.exp, sympy.log):  # the rewriting factors the expression, which may take minutes
        expr = optimize(expr, (expm1_opt, log1p_opt))
    names = {symbol: f"x{i}" for i, symbol in enumerate(args)}
    common: list[tuple[Symbol, Expr]] = []
    if cse:
        common, (expr,) = sympy.cse([expr], symbols=(sympy.Dummy(f"c{i}") for i in range(10**6)), list=True)
    names |= {symbol: f"c{i}" for i, (symbol, _) in enumerate(common)}
    printer = ArrayPrinter(names)
    try:
        lines = [f"    c{i} = {printer._print(value)}" for i, (_, value) in enumerate(common)]
        result = printer._array(expr)
    except PrintMethodNotImplementedError as error:
        kind = re.findall(r"'[\w.]*?(\w+)'", str(error).splitlines()[0])  # the printer's class, then the node's
        raise KernelError("FT141", f"no array code for {kind[-1] if kind else error}") from None
    head = f"def kernel({', '.join(['full', *(names[symbol] for symbol in args)])}):"
    return "\n".join([head, *lines, f"    return {result}"]), printer.functions
