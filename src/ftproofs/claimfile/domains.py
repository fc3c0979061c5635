"""The ``[claim.domain]`` table: fixed values, lists of choices, ``{ min, max }`` ranges."""

from __future__ import annotations

import math
from typing import Any

from sympy import Expr, Rational

from ftproofs.claim import Choices, Domain, Range
from ftproofs.claimfile.document import Decimal
from ftproofs.errors import FTError, UsageError, nearest
from ftproofs.names import INFINITE, PARAMETERS, REQUIRED, Experiment, Parameter, Value, check_value
from ftproofs.symbolic.grammar import NAME, NUMBERS, RESERVED
from ftproofs.symbolic.reader import read_expression

MAX_CHOICES = 200

#: A positive range that spans this factor is drawn log-uniformly.
WIDE = 10


class FieldError(UsageError):
    """An error about one key of a table."""

    def __init__(self, key: str, error: FTError) -> None:
        super().__init__(error.code, error.message)
        self.exit_status = error.exit_status
        self.key = key


def read_domain(table: Any, spec: Experiment) -> Domain:
    """The domain; every value exact and within its parameter's own range.

    Raises:
        FieldError: FT120 an illegal name, FT201 a range that contradicts the parameter's
            sign, FT202 an empty or infinite range, FT207 an unknown key of a range, FT234
            a wrong type, FT303 a parameter that the experiment does not have, FT304 a
            value out of range, FT1xx an expression.
    """
    if not isinstance(table, dict):
        raise FieldError("domain", UsageError("FT234", f"expected a table, got {kind(table)}"))
    ranges = {}
    for name, value in table.items():
        try:
            _check_name(name, spec)
            ranges[name] = _read(PARAMETERS[name], value)
        except FTError as error:
            raise FieldError(f"domain.{name}", error) from None
    return Domain(tuple(ranges.items()))


def offered(spec: Experiment) -> list[str]:
    """The parameters a domain may name: the experiment's own, and n/d where it has n and d."""
    own = list(spec.parameters)
    return [*own, "gamma"] if "n" in own and "d" in own else own


def _check_name(name: str, spec: Experiment) -> None:
    if name in offered(spec):
        return
    if name in RESERVED:
        raise UsageError("FT120", f"illegal symbol name {name!r} (reserved)")
    if not NAME.fullmatch(name):
        raise UsageError("FT120", f"illegal symbol name {name!r:.60}")
    near = nearest(name, offered(spec))
    hint = f"{near} " if near.startswith("did you mean") else ""
    raise UsageError("FT303", f"{spec.name} has no parameter {name!r}; {hint}it offers: {', '.join(offered(spec))}")


def _read(parameter: Parameter, value: Any) -> Range | Choices:
    if isinstance(value, dict):
        return _range(parameter, value)
    if isinstance(value, list):
        if not 1 <= len(value) <= MAX_CHOICES:
            raise UsageError("FT234", f"expected 1 to {MAX_CHOICES} choices, got {len(value)}")
        return Choices(tuple(_value(parameter, item) for item in value))
    return Choices((_value(parameter, value),))


def _range(parameter: Parameter, table: dict[str, Any]) -> Range:
    for key in table:
        if key not in ("min", "max"):
            raise UsageError("FT207", f"unknown key {key!r:.40} of a range; expected min and max")
    if set(table) != {"min", "max"}:
        raise UsageError("FT205", f"missing key {'max' if 'min' in table else 'min'!r} of a range")
    if parameter.kind == "choice":
        raise UsageError("FT234", f"{parameter.name} is one of {', '.join(parameter.choices)}; give a list of them")
    ends = [table["min"], table["max"]]
    if any(_is_infinite(end) for end in ends):
        raise UsageError("FT202", f"domain of {parameter.name!r} must be finite with low < high")
    low, high = (_number(end) for end in ends)
    if not bool(low < high):
        raise UsageError(
            "FT202", f"domain of {parameter.name!r} must be finite with low < high, got [{ends[0]}, {ends[1]}]"
        )
    if (low < 0 and parameter.sign != "real") or (low == 0 and parameter.sign == "positive"):
        raise UsageError("FT201", f"domain of {parameter.name!r} contradicts assumption {parameter.sign!r}")
    for end in (low, high):
        check_value(parameter.name, int(end) if end.is_integer else float(end))
    integer = parameter.kind == "integer"
    return Range(low, high, log=not integer and bool(low > 0) and bool(high >= WIDE * low), integer=integer)


def _value(parameter: Parameter, value: Any) -> Expr | str:
    if parameter.kind == "choice":
        if not isinstance(value, str) or isinstance(value, Decimal):
            raise UsageError("FT234", f"expected one of {', '.join(parameter.choices)}, got {kind(value)}")
        return str(check_value(parameter.name, value))
    if _is_infinite(value):
        if parameter.infinite and value in ("inf", "+inf"):
            return INFINITE
        raise UsageError("FT202", f"domain of {parameter.name!r} must be finite, got {value}")
    number = _number(value)
    own: Value = int(number) if number.is_integer else float(number)
    check_value(parameter.name, own)
    return number


def _number(value: Any) -> Expr:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise UsageError("FT234", f"expected a number, got {kind(value)}")
    text = str(value).replace("_", "") if isinstance(value, Decimal) else str(value)
    if isinstance(value, int) and abs(value) >= 10**NUMBERS.digits:
        raise UsageError("FT106", f"number with more than {NUMBERS.digits} digits")
    return Rational(value) if isinstance(value, int) else read_expression(text, {}, NUMBERS)


def _is_infinite(value: Any) -> bool:
    """``nan`` and ``inf``, which TOML can say, and numbers too large for a float."""
    if not isinstance(value, Decimal):
        return False
    return not math.isfinite(float(value.replace("_", "")))


def missing(spec: Experiment, domain: Domain, *, limit: bool) -> str | None:
    """A parameter that must be given and is not; two of n, d and gamma are enough."""
    named = {name for name, _ in domain.ranges}
    sizes = {"n", "d"} & set(spec.parameters)
    for name, default in spec.parameters.items():
        if default != REQUIRED or name in named:
            continue
        if name in sizes and (limit or ("gamma" in named and sizes & named)):
            continue
        return name
    return None


def kind(value: Any) -> str:
    """A TOML value's type, in TOML's words."""
    if isinstance(value, Decimal):
        return f"the number {value}"
    names = {bool: "a boolean", int: "the number", str: "text", list: "a list", dict: "a table"}
    name = names.get(type(value), f"a {type(value).__name__}")
    return f"{name} {value}" if type(value) is int else name
