"""The text of a module: what it says, its kernels, and one function a formula."""

from __future__ import annotations

import keyword
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy
from sympy import Expr, Symbol

from ftproofs import __version__
from ftproofs.claim import Claim, Statement
from ftproofs.errors import KernelError
from ftproofs.names import MEASUREMENTS, PARAMETERS
from ftproofs.report.describe import domain_lines, quantified
from ftproofs.report.python.closure import Closure
from ftproofs.symbolic.printer import source

_CALL = """
def _float64(kernel: Any, *values: Any) -> np.ndarray:
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
    shape = arrays[0].shape if arrays else ()
    with np.errstate(all="ignore"):
        return np.asarray(kernel(lambda constant: np.full(shape, constant), *arrays), dtype=np.float64)
"""

_WIDTH = 100
_INDENT = 4


@dataclass(frozen=True)
class Formula:
    """One side of a statement as a function of its symbols."""

    name: str
    statement: Statement
    side: str
    expr: Expr
    symbols: tuple[Symbol, ...] = field(default=())

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the function's keywords, in the order of the symbols."""
        return tuple(_identifier(symbol.name) for symbol in self.symbols)


def formulas(claim: Claim) -> tuple[Formula, ...]:
    """The claim's formulas: of ``measurement = formula`` the formula, named after the measurement; else both sides."""
    found: list[Formula] = []
    for statement in claim.statements:
        lhs, rhs = (sympy.sympify(side, strict=True) for side in (statement.lhs, statement.rhs))
        sides = [("right", rhs)] if lhs.is_Symbol else [("left", lhs), ("right", rhs)]
        for side, expr in sides:
            name = _identifier(lhs.name if lhs.is_Symbol else side)
            taken = sum(other.name == name or other.name.startswith(f"{name}_statement_") for other in found)
            symbols = tuple(sorted(expr.free_symbols, key=lambda symbol: symbol.name))
            full = f"{name}_statement_{taken + 1}" if taken else name
            found.append(Formula(full, statement, side, expr, symbols))
    return tuple(found)


def module(claim: Claim, every: Sequence[Formula], *, share: bool = True, checked: str = "") -> str:
    """The module's source.

    Args:
        claim: whose formulas these are.
        every: the formulas.
        share: whether common subexpressions of long formulas are computed once.
        checked: how the numbers were compared with ball arithmetic, for the docstring.

    Raises:
        KernelError: FT141 a function that has no code for NumPy alone.
    """
    closure = Closure()
    kernels, functions = [], []
    for number, formula in enumerate(every):
        cse = share and bool(sympy.count_ops(formula.expr) >= _SHARED)
        text, calls = source(formula.expr, formula.symbols, cse=cse)
        if "special." in text:
            raise KernelError("FT141", f"a special function of {formula.name} needs SciPy, and NumPy is all there is")
        for call, numeric in calls.items():
            name = closure.add(numeric)
            text = text.replace(f"{call}(xp, ", f"{name}(xp, ")
        kernels.append(text.replace("def kernel(", f"def _kernel_{number}(").replace("full(nan)", "full(xp.nan)"))
        functions.append(_function(formula, number))
    imports = sorted({("numpy", "np"), *closure.imports})
    lines = [f"import {name}" if name == alias else f"import {name} as {alias}" for name, alias in imports]
    parts = [
        _docstring(claim, every, checked),
        "from __future__ import annotations\n\n" + "\n".join(["from typing import Any", "", *lines]),
        f"xp = np\ninf, nan = np.inf, np.nan\n\n__all__ = {_listed(every)}",
        *([closure.text()] if closure.parts else []),
        *kernels,
        _CALL,
        *functions,
    ]
    return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


#: Operations from which common subexpressions are computed once.
_SHARED = 20


def _identifier(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _docstring(claim: Claim, every: Sequence[Formula], checked: str) -> str:
    says = [claim.title, "", f"Claim {claim.id} of ftproofs {__version__}, {quantified(claim)}:", ""]
    says += [f"    {statement}" for statement in claim.statements]
    if claim.source.reference:
        says += ["", *_folded(f"Source: {claim.source}.")]
    says += ["", f"Experiment {claim.experiment}, on the domain", ""]
    says += [f"    {line}" for line in domain_lines(claim.domain)]
    says += ["", *_folded("Functions: " + ", ".join(formula.name for formula in every) + ".")]
    says += _folded(
        "Their arguments are keywords: float64 numbers or arrays, broadcast against each other; they return float64 "
        "of the broadcast shape, NaN or infinite where the formula has no number. The code is what the claim's own "
        "checks run: exp(x) - 1 and its kin in forms that lose no digits."
    )
    says += ["", *_folded(checked)] if checked else []
    return _quoted(says)


def _function(formula: Formula, number: int) -> str:
    names = formula.arguments
    head = f"def {formula.name}({'*, ' if names else ''}{', '.join(f'{name}: Any' for name in names)}) -> np.ndarray:"
    says = [f"The {formula.side}-hand side of ``{formula.statement}``."]
    if names:
        says += ["", "Args:"]
        for name, symbol in zip(names, formula.symbols, strict=True):
            says += [f"    {line}" for line in _folded(f"{name}: {_meaning(symbol.name)}.")]
    says += ["", "Returns:", "    float64 of the arguments' broadcast shape."]
    call = ", ".join([f"_kernel_{number}", *names])
    return "\n".join([head, textwrap.indent(_quoted(says), " " * _INDENT), f"    return _float64({call})"])


def _listed(every: Sequence[Formula]) -> str:
    return "[" + ", ".join(f'"{formula.name}"' for formula in every) + "]"


def _meaning(name: str) -> str:
    known = PARAMETERS.get(name) or MEASUREMENTS.get(name)
    return known.meaning if known is not None else name


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH)


def _quoted(lines: Sequence[str]) -> str:
    """Lines as a docstring: whatever they say, they end nothing and escape nothing."""
    clean = ["".join(c if c.isprintable() else " " for c in line).rstrip() for line in lines]
    text = "\n".join(clean).replace("\\", "\\\\").replace('"', '\\"')
    return f'"""{text}\n"""'
