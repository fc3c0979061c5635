"""A measurement at a value of a parameter: what the sides of a trend are."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Function, Symbol, sympify

from ftproofs.symbolic.vocabulary import SYMBOLS


class At(Function):
    """``At(measurement, parameter, value)``: the measurement where the parameter has that value."""

    nargs = (3,)

    @property
    def measurement(self) -> Expr:
        """What is measured."""
        return self.args[0]

    @property
    def parameter(self) -> Symbol:
        """What is changed."""
        return self.args[1]

    @property
    def value(self) -> Expr:
        """Its value."""
        return self.args[2]

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_extended_real

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        body, name, value = (printer._print(arg) for arg in self.args)
        text = rf"\left({body}\right)_{{{name}={value}}}"
        return text if exp is None else rf"{text}^{{{exp}}}"


def at(measurement: Expr, **values: Any) -> At:
    """The measurement at a value of one parameter, by keyword: ``at(v.movement, layer_scale=4)``."""
    ((name, value),) = values.items()
    return At(measurement, SYMBOLS[name], sympify(value))
