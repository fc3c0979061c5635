"""Formulas as callables on numbers: NumPy, torch, mpmath and balls.

A kernel is trusted only after `checked` has compared it with balls at points of its
domain, edges included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.special
import sympy
from flint import arb
from sympy import Dummy, Expr, Function, Symbol

from ftproofs.errors import KernelError, UsageError
from ftproofs.symbolic import balls, multiprecision
from ftproofs.symbolic.printer import source
from ftproofs.symbolic.vocabulary import check_name

Kernel: TypeAlias = Callable[..., Any]
Backend: TypeAlias = Literal["numpy", "torch"]

_CSE_FROM = 20
_EPS = 2.0**-52


def numpy_kernel(expr: Expr, args: Sequence[Symbol], *, cse: bool | None = None) -> Kernel:
    """The expression as a function of positional float64 arrays, broadcast against each other.

    Args:
        expr: a real expression in ``args`` only.
        args: the symbols in the order of the positional arguments.
        cse: whether to share common subexpressions (default: when it is long).

    Returns:
        ``kernel(*arrays) -> float64 array`` of the broadcast shape; infinite or NaN
        where the expression is. No warnings.

    Raises:
        UsageError: FT112, FT120. KernelError: FT141 a function without array code.
    """
    run = _compiled(expr, args, cse, np, scipy.special)

    def kernel(*values: Any) -> np.ndarray:
        arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
        with np.errstate(all="ignore"):
            shape = arrays[0].shape if arrays else ()
            return np.asarray(run(lambda c: np.full(shape, c), *arrays), dtype=np.float64)

    return kernel


def torch_kernel(expr: Expr, args: Sequence[Symbol], torch: Any, *, cse: bool | None = None) -> Kernel:
    """The same for float64 tensors on any one device; the caller passes the torch module.

    Python numbers among the arguments go to the device of the first tensor.
    """
    run = _compiled(expr, args, cse, torch, torch.special)

    def kernel(*values: Any) -> Any:
        device = next((value.device for value in values if isinstance(value, torch.Tensor)), None)
        tensors = [torch.as_tensor(value, dtype=torch.float64, device=device) for value in values]
        tensors = list(torch.broadcast_tensors(*tensors)) if tensors else tensors
        shape = tensors[0].shape if tensors else ()
        return run(lambda c: torch.full(shape, c, dtype=torch.float64, device=device), *tensors)

    return kernel


def mpmath_kernel(expr: Expr, args: Sequence[Symbol]) -> Kernel:
    """The expression as a function of numbers, at mpmath's working precision when called."""
    _check_arguments(expr, args)
    return lambda *values: multiprecision.evaluate(expr, dict(zip(args, values, strict=True)))


def ball_kernel(expr: Expr, args: Sequence[Symbol], *, prec: int = 128) -> Kernel:
    """The expression as a function of anything `balls.enclose` takes, giving a ball."""
    _check_arguments(expr, args)
    return lambda *values: balls.enclose(expr, dict(zip(args, values, strict=True)), prec=prec)


def checked(
    expr: Expr,
    args: Sequence[Symbol],
    points: Iterable[Sequence[float]],
    *,
    backend: Backend = "numpy",
    torch: Any = None,
    ulp: float = 4,
) -> Kernel:
    """A kernel that agrees with balls at the points (rows in the order of ``args``).

    The error allowed at a point x is ``ulp`` units in the last place of the value, or
    ``ulp`` times 2**-52 times sum_i |x_i df/dx_i|, the error that rounding the
    arguments alone would cause, where that is larger, or the ``accuracy`` that a function
    in it states. Where the expression has no real
    value the kernel must not give a number either. A kernel with shared subexpressions
    that fails is built again without them.

    Raises:
        KernelError: FT140, naming the point, both values and the error.
    """
    rows = [tuple(float(x) for x in row) for row in points]
    build = (
        (lambda cse: torch_kernel(expr, args, torch, cse=cse))
        if backend == "torch"
        else (lambda cse: numpy_kernel(expr, args, cse=cse))
    )
    kernel = build(None)
    failure = _failure(kernel, expr, args, rows, ulp, torch if backend == "torch" else None)
    if failure is not None and sympy.count_ops(expr) >= _CSE_FROM:
        kernel = build(False)
        failure = _failure(kernel, expr, args, rows, ulp, torch if backend == "torch" else None)
    if failure is not None:
        raise KernelError("FT140", f"{backend} kernel of {expr} {failure}", exit_status=70)
    return kernel


def error_units(expr: Expr, args: Sequence[Symbol], row: Sequence[float], value: float) -> tuple[float, arb | None]:
    """The error of ``value`` at a point, in the units `checked` allows, and the ball it was compared with."""
    at = dict(zip(args, row, strict=True))
    try:
        exact = balls.enclose(expr, at, prec=256)
    except balls.Undefined:
        return (float("inf") if np.isfinite(value) else 0.0), None
    if not exact.is_finite():
        if exact.is_nan() or not exact.is_exact():
            return (float("inf") if np.isfinite(value) else 0.0), exact
        return (0.0 if value == float(exact) else float("inf")), exact
    if not np.isfinite(value):
        return float("inf"), exact
    with balls.precision(256):
        distance = float(abs(arb(float(value)) - exact).upper())
        size = float(abs(exact).upper())
    place = max(float(np.spacing(size)), size * accuracy(expr) / 4)
    if distance <= place:  # whatever the condition: derivatives of long expressions are dear
        return distance / place, exact
    return distance / max(place, _EPS * _sensitivity(expr, at)), exact


def accuracy(expr: Expr) -> float:
    """The relative error that balls can see of it: functions found by quadrature state theirs; 0 without any."""
    return max((float(f.accuracy) for f in _stated(expr)), default=0.0)


def solves(expr: Expr) -> bool:
    """Whether a function in it is found by quadrature and solving equations: milliseconds, not nanoseconds, a point."""
    return bool(_stated(expr))


def solves_in_batches(expr: Expr) -> bool:
    """Whether all such functions in it are solved for at many points at once."""
    return all(getattr(function, "in_batches", False) for function in _stated(expr))


def _stated(expr: Expr) -> list[Any]:
    return [type(f) for f in expr.atoms(Function) if hasattr(type(f), "accuracy")]


def _sensitivity(expr: Expr, at: dict[Symbol, float]) -> float:
    """sum_i |x_i df/dx_i|; what cannot be evaluated counts as nothing."""
    # Implicit functions of the symbols are differentiated once each, by the chain rule.
    implicit = sorted((f for f in expr.atoms(Function) if _implicit(f)), key=str)
    stand_ins = {f: Dummy(f"f{i}", real=True) for i, f in enumerate(implicit)}
    outer = expr.xreplace(stand_ins)
    inside: dict[Symbol, Any] = dict(at)
    for f, name in stand_ins.items():
        inside[name] = _slope(f, at)
    gains = {f: _slope(outer.diff(name), inside) for f, name in stand_ins.items()}
    total = 0.0
    for symbol, x in at.items():
        slope = _slope(outer.diff(symbol), inside)
        for f in implicit:
            if symbol in f.free_symbols:
                slope += gains[f] * _slope(f.diff(symbol), at)
        if slope.is_finite() and np.isfinite(x):
            total += abs(x * float(slope.mid()))
    return total


def _implicit(f: Expr) -> bool:
    """Whether it is one of our own functions, of symbols and numbers only."""
    return hasattr(type(f), "ball") and all(arg.is_Symbol or arg.is_number for arg in f.args)


def _slope(expr: Expr, at: Mapping[Symbol, Any]) -> arb:
    try:
        return balls.enclose(expr, at, prec=128)
    except (balls.Undefined, UsageError):
        return arb.nan()


def _failure(
    kernel: Kernel, expr: Expr, args: Sequence[Symbol], rows: list[tuple[float, ...]], ulp: float, torch: Any
) -> str | None:
    if not rows:
        raise KernelError("FT140", f"no point to check the kernel of {expr} at")
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    if torch is not None:
        values = kernel(*(torch.as_tensor(column) for column in columns)).cpu().numpy()
    else:
        values = kernel(*columns)
    values = np.broadcast_to(values, (len(rows),))
    for row, value in zip(rows, values, strict=True):
        units, exact = error_units(expr, args, row, float(value))
        if not units <= ulp:
            place = ", ".join(f"{symbol} = {x!r}" for symbol, x in zip(args, row, strict=True))
            return f"is off by {units:.3g} units at {place}: {float(value)!r}, balls say {exact}"
    return None


def _check_arguments(expr: Expr, args: Sequence[Symbol]) -> None:
    for symbol in args:
        check_name(symbol.name)
    missing = sorted(symbol.name for symbol in expr.free_symbols - set(args))
    if missing:
        raise UsageError("FT112", f"symbol {missing[0]!r} has no value: it is not among the kernel's arguments")


def _compiled(expr: Expr, args: Sequence[Symbol], cse: bool | None, xp: Any, special: Any) -> Kernel:
    _check_arguments(expr, args)
    share = bool(sympy.count_ops(expr) >= _CSE_FROM) if cse is None else cse
    text, functions = source(expr, tuple(args), cse=share)

    space: dict[str, Any] = {"xp": xp, "special": special, "inf": np.inf, "nan": np.nan, **functions}
    exec(compile(text, "<kernel>", "exec"), space)
    return space["kernel"]
