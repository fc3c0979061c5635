"""Eight numbers, of eight networks, as one: a type of the compiler whose arithmetic is one vector instruction.

A loop's parts are written for one network.  Called with arrays of `eight` instead of numbers they do the same for eight
networks at once, operation for operation and in the same order, so that each network gets the bits it gets alone.
Where a processor's registers are shorter the compiler takes two or four.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typeconv import Conversion
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, register_model
from numba.np.arrayobj import make_array, populate_array

from ftproofs.numeric.loops.compiling import allocating

Array = np.ndarray

#: Networks side by side.
ABREAST = 8

_VECTOR = ir.VectorType(ir.DoubleType(), ABREAST)
_INDEX = ir.IntType(32)


class Eight(types.Type):
    """The type of `eight`; a number where eight are wanted stands for eight of the same."""

    def __init__(self) -> None:
        super().__init__("eight")

    def unify(self, context: Any, other: types.Type) -> types.Type | None:
        """What a variable is that is now this, now the other."""
        return self if isinstance(other, types.Float) else None

    def can_convert_from(self, context: Any, other: types.Type) -> Conversion | None:
        """How the other becomes this."""
        return Conversion.safe if isinstance(other, types.Float) else None


eight = Eight()


@register_model(Eight)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: types.Type) -> None:
        super().__init__(manager, kind, _VECTOR)


@lower_cast(types.Float, Eight)
def _spread(context: Any, builder: ir.IRBuilder, given: types.Type, wanted: types.Type, value: ir.Value) -> ir.Value:
    number = context.cast(builder, value, given, types.float64)
    none = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(none, number, ir.Constant(_INDEX, 0))
    return builder.shuffle_vector(first, none, ir.Constant(ir.VectorType(_INDEX, ABREAST), [0] * ABREAST))


class _OfTwo(ConcreteTemplate):
    cases = (signature(eight, eight, eight),)


class _OfOne(ConcreteTemplate):
    cases = (signature(eight, eight),)


def _two(instruction: str) -> Any:
    def lower(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        return getattr(builder, instruction)(*args)

    return lower


for _name, _instruction in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul"), ("truediv", "fdiv")):
    for _operation in (getattr(operator, _name), getattr(operator, f"i{_name}")):
        infer_global(_operation)(_OfTwo)
        lower_builtin(_operation, eight, eight)(_two(_instruction))


@lower_builtin(operator.neg, eight)
def _negative(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
    return builder.fneg(args[0])


@lower_builtin(math.sqrt, eight)
def _root(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
    kind = ir.FunctionType(_VECTOR, [_VECTOR])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{ABREAST}f64"), args)


infer_global(operator.neg)(_OfOne)
infer_global(math.sqrt)(_OfOne)


@intrinsic
def where_positive(typing: Any, sign: Any, yes: Any, no: Any) -> Any:
    """``yes`` where the sign is positive, else ``no``: all of eight."""

    def lower(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        return builder.select(builder.fcmp_ordered(">", args[0], ir.Constant(_VECTOR, [0.0] * ABREAST)), *args[1:])

    return eight(eight, eight, eight), lower


@intrinsic
def eights(typing: Any, numbers: Any) -> Any:
    """An array of numbers (..., 8) seen as an array (...) of eight."""
    # Numbers may lie anywhere, not only at multiples of 64 bytes.
    kind = types.Array(eight, numbers.ndim - 1, "C", aligned=False)

    def lower(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        given = make_array(sig.args[0])(context, builder, args[0])
        seen = make_array(kind)(context, builder)
        populate_array(
            seen,
            data=builder.bitcast(given.data, context.get_data_type(eight).as_pointer()),
            shape=cgutils.unpack_tuple(builder, given.shape)[: kind.ndim],
            strides=cgutils.unpack_tuple(builder, given.strides)[: kind.ndim],
            itemsize=context.get_constant(types.intp, 8 * ABREAST),
            meminfo=given.meminfo,
            parent=given.parent,
        )
        if context.enable_nrt:
            context.nrt.incref(builder, kind, seen._getvalue())
        return seen._getvalue()

    return kind(numbers), lower


@allocating
def aligned(rows: int) -> Array:
    """Zeros (rows, 8) whose rows no cache line divides: that takes twice the time."""
    room = np.zeros((rows + 1) * ABREAST)
    skipped = -(room.ctypes.data // 8) % ABREAST
    return room[skipped : skipped + rows * ABREAST].reshape((rows, ABREAST))
