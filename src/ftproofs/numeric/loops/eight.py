"""Eight numbers side by side as one value of a compiled loop.

The compiler does not make vectors of short loops over arrays of which it does not know that they do not overlap.  A
value of this type is a vector from the beginning: ``+ - * /`` are those of its numbers, each by itself and rounded as
a single number's would be, and a number beside it stands for eight equal ones.  Where a processor's vectors are
shorter, the compiler takes several.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

EIGHT = 8

_VECTOR = ir.VectorType(ir.DoubleType(), EIGHT)
#: Arrays begin anywhere.
_ALIGNED = 8


class _Eight(types.Type):
    """Numba's type."""

    def __init__(self) -> None:
        super().__init__(name="Eight")


_eight = _Eight()


@register_model(_Eight)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _pointer(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Where a row begins: of an array (row, 8) without gaps."""
    array = context.make_array(sig.args[0])(context, builder, args[0])
    row = context.cast(builder, args[1], sig.args[1], types.intp)
    at = builder.gep(array.data, [builder.mul(row, context.get_constant(types.intp, EIGHT))])
    return builder.bitcast(at, _VECTOR.as_pointer())


def _rows(array: Any) -> bool:
    return isinstance(array, types.Array) and array.layout == "C" and array.dtype == types.float64


@intrinsic
def load(typing: Any, array: Any, row: Any) -> Any:
    """A row of an array (row, 8) or, with row 0, (8,)."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.load(_pointer(context, builder, sig, args))
        value.align = _ALIGNED
        return value

    return (_eight(array, row), generate) if _rows(array) else None


@intrinsic
def store(typing: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a row of an array (row, 8) or, with row 0, (8,)."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig, args)).align = _ALIGNED
        return context.get_dummy_value()

    return (types.void(array, row, value), generate) if _rows(array) else None


def _spread(builder: Any, kind: Any, value: Any) -> Any:
    """A number as eight equal ones."""
    if kind == _eight:
        return value
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), EIGHT), [0] * EIGHT))


@intrinsic
def eight(typing: Any, value: Any) -> Any:
    """Eight times the same number."""
    return _eight(types.float64), lambda context, builder, sig, args: _spread(builder, types.float64, args[0])


@intrinsic
def where_positive(typing: Any, sign: Any, one: Any, other: Any) -> Any:
    """The numbers of the first where the sign is positive, else those of the other."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        positive = builder.fcmp_ordered(">", args[0], _spread(builder, types.float64, ir.DoubleType()(0.0)))
        return builder.select(positive, args[1], args[2])

    return _eight(sign, one, other), generate


class _Arithmetic(AbstractTemplate):
    def generic(self, args: Any, keywords: Any) -> Any:
        if _eight in args and all(kind in (_eight, types.float64) for kind in args):
            return signature(_eight, *args)
        return None


def _define(operation: Any, name: str) -> None:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        one, other = (_spread(builder, kind, value) for kind, value in zip(sig.args, args, strict=True))
        return getattr(builder, name)(one, other)

    infer_global(operation)(type(name, (_Arithmetic,), {}))
    for kinds in ((_eight, _eight), (_eight, types.float64), (types.float64, _eight)):
        lower_builtin(operation, *kinds)(lower)


for _operation, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define(_operation, _name)
for _operation, _name in (
    (operator.iadd, "fadd"),
    (operator.isub, "fsub"),
    (operator.imul, "fmul"),
    (operator.itruediv, "fdiv"),
):
    _define(_operation, _name)
