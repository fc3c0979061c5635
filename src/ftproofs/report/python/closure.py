"""The source of numeric functions with everything they need, so that it runs where only NumPy is."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ftproofs.errors import KernelError

#: Modules that an exported module may import.
_ALLOWED = {math: "math", np: "numpy"}


class Closure:
    """Functions gathered with the functions, constants and imports they use, each once and in order of use."""

    def __init__(self) -> None:
        self.imports: set[tuple[str, str]] = set()
        self.parts: dict[str, str] = {}
        self._objects: dict[str, Any] = {}

    def add(self, function: Callable[..., Any]) -> str:
        """Gather a function; the name under which it stands.

        Raises:
            KernelError: FT141 it needs more than NumPy, or has no source of its own.
        """
        if not isinstance(function, FunctionType) or function.__closure__:
            raise KernelError("FT141", f"no code of its own for {getattr(function, '__qualname__', function)}")
        name = function.__name__
        if self._known(name, function):
            return name
        self._objects[name] = function
        text = _source(function)
        for used in _names(function.__code__):
            if used in function.__globals__:
                self._use(used, function.__globals__[used], function)
        self.parts[name] = text
        return name

    def text(self) -> str:
        """What was gathered, what is used before what uses it."""
        return "\n\n\n".join(self.parts.values())

    def _use(self, name: str, value: Any, by: Callable[..., Any]) -> None:
        if isinstance(value, ModuleType):
            if value not in _ALLOWED:
                raise KernelError("FT141", f"{by.__name__} needs {value.__name__}, and NumPy is all there would be")
            self.imports.add((_ALLOWED[value], name))
        elif isinstance(value, FunctionType):
            if value.__name__ != name:
                raise KernelError("FT141", f"{by.__name__} calls {value.__name__} by another name")
            self.add(value)
        elif not self._known(name, value):
            if not _plain(value):
                raise KernelError("FT141", f"{by.__name__} needs {name}, which cannot be written down")
            self._objects[name] = value
            self.parts[name] = f"{name} = {value!r}"

    def _known(self, name: str, value: Any) -> bool:
        if name not in self._objects:
            return False
        if self._objects[name] is not value and self._objects[name] != value:
            raise KernelError("FT141", f"two things are called {name}")
        return True


def _source(function: FunctionType) -> str:
    """A function's source without decorators, as it stands at the left margin."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except OSError:
        raise KernelError("FT141", f"no source of {function.__qualname__}") from None
    (node,) = ast.parse(text).body
    if not isinstance(node, ast.FunctionDef):
        raise KernelError("FT141", f"{function.__qualname__} is no function of its own")
    return "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])


def _names(code: CodeType) -> Iterable[str]:
    """Names that code, and code inside it, may look up outside itself."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_plain, value))
    return value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))
