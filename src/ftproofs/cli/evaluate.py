"""``eval``: a formula at a point, to certain digits, between rigorous bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftproofs.cli.groups import PREFIX, read_groups
from ftproofs.cli.output import check_json_target, deliver, line, to_stdout
from ftproofs.cli.settings import whole
from ftproofs.cli.values import Exact, read_values
from ftproofs.errors import UsageError, unknown
from ftproofs.names import EXPERIMENTS, PARAMETERS, REQUIRED, Value, check_value

if TYPE_CHECKING:
    from sympy import Expr, Symbol

MAX_DIGITS = 1000


@dataclass(frozen=True, slots=True)
class Formula:
    """What is to be evaluated: an expression, how it is written, and defaults of its parameters."""

    written: str
    parameters: tuple[str, ...]
    expr: Expr
    defaults: Mapping[str, Value]


def evaluate(name: str, words: Sequence[str], *, digits: str, target: str | None) -> int:
    """Evaluate the right-hand sides of a claim, or a formula by name."""
    wanted = whole("--digits", digits, 1, MAX_DIGITS)
    check_json_target(target)
    given = read_values([word for word in words if not word.startswith(PREFIX)])
    for word in words:
        given |= read_groups(word) if word.startswith(PREFIX) else {}
    lists = {word: text for word, (text, value) in given.items() if isinstance(value, tuple)}
    given = _expanded(name, given)
    formulas = _resolve(name, given)
    offered = sorted({parameter for formula in formulas for parameter in formula.parameters})
    for word in given:
        if word not in offered:
            raise unknown(f"parameter of {name}", word, offered, code="FT303")
    answers = [_answer(formula, given, wanted) for formula in formulas]
    for answer in answers:
        entries = [key for key in answer["at"] for word in lists if key.startswith(f"{word}_")]
        answer["at"] = lists | {key: text for key, text in answer["at"].items() if key not in entries}
    document: dict[str, Any] = {"format": 1, "claim": name} | answers[0]
    if len(answers) > 1:
        document["statements"] = answers
    if not to_stdout(target):
        for answer in answers:
            at = ", ".join(f"{key} = {value}" for key, value in answer["at"].items())
            line(answer["statement"] + (f" at {at}" if at else ""))
            for key in ("value", "lower", "upper"):
                line(f"  {key} {answer[key]}")
    deliver(document, target)
    return 0


def _expanded(name: str, given: Mapping[str, tuple[str, Exact]]) -> dict[str, tuple[str, Exact]]:
    """What is given, with the entries of a formula's lists as parameters of their own.

    Raises:
        UsageError: FT306 a list is missing, FT304 lists of different lengths.
    """
    from ftproofs.symbolic.reference import FORMULAS, ListFormula

    formula = FORMULAS.get(name)
    if not isinstance(formula, ListFormula):
        return dict(given)
    found = {word: value for word, value in given.items() if word not in formula.lists}
    lengths = {}
    for word in formula.lists:
        if word not in given:
            raise UsageError("FT306", f"{name} needs a list for {word}, as {word}=4,2,1")
        text, value = given[word]
        values = value if isinstance(value, tuple) else (value,)
        if word not in formula.pairs:
            lengths[word] = len(values)
        elif len(values) != 2:
            raise UsageError("FT304", f"{name}: {word} is a list of two numbers, but has {len(values)}")
        texts = [part.strip() for part in text.split(",")]
        found |= {f"{word}_{i}": (texts[i - 1], x) for i, x in enumerate(values, 1)}
    if len(set(lengths.values())) > 1:
        sizes = ", ".join(f"{word} has {length}" for word, length in lengths.items())
        raise UsageError("FT304", f"{name}: the lists are of one length, but {sizes}")
    return found


def _resolve(name: str, given: Mapping[str, tuple[str, Exact]]) -> list[Formula]:
    """A formula by its name, or the right-hand sides of a claim's statements.

    A claim's constants are left out when another of its statements has a formula.
    """
    from ftproofs.catalog import claims
    from ftproofs.symbolic.reference import FORMULAS, ListFormula

    if name in FORMULAS:
        formula = FORMULAS[name]
        written = f"{name}({', '.join(symbol.name for symbol in formula.parameters)})"
        if isinstance(formula, ListFormula):
            formula = formula.of(sum(word.startswith(f"{formula.lists[0]}_") for word in given))
        return [Formula(written, tuple(symbol.name for symbol in formula.parameters), formula.expr, {})]
    if name == "depth_root":
        return [_depth_root()]
    everything = claims(variants=True)
    if name not in everything:
        raise unknown("claim or formula", name, [*claims(), *FORMULAS, "depth_root"], code="FT301")
    claim = everything[name]
    fixed = {
        key: values.values[0]
        for key, values in claim.domain.ranges
        if hasattr(values, "values") and len(values.values) == 1
    }
    defaults = {
        key: value for key, value in EXPERIMENTS[claim.experiment].parameters.items() if value != REQUIRED
    } | fixed
    formulas = [
        Formula(str(statement), tuple(sorted(s.name for s in statement.rhs.free_symbols)), statement.rhs, defaults)
        for statement in claim.statements
    ]
    return [formula for formula in formulas if formula.parameters] or formulas[:1]


def _depth_root() -> Formula:
    import sympy

    from ftproofs.symbolic.functions import depth_root

    names = ("L", "A", "b", "s")
    expr = depth_root(
        sympy.Symbol("L", integer=True, positive=True), *(sympy.Symbol(name, nonnegative=True) for name in names[1:])
    )
    return Formula("depth_root(L, A, b, s)", names, expr, {})


def _answer(formula: Formula, given: Mapping[str, tuple[str, Exact]], digits: int) -> dict[str, Any]:
    from ftproofs.symbolic import balls

    symbols = {symbol.name: symbol for symbol in formula.expr.free_symbols}
    at: dict[Symbol, Any] = {}
    shown: dict[str, str] = {}
    missing = [name for name in formula.parameters if name not in given and name not in formula.defaults]
    if missing:
        raise UsageError("FT306", f"{formula.written} needs a value for {', '.join(missing)}")
    for name in formula.parameters:
        if name not in symbols:
            continue  # a parameter that the formula accepts and does not use
        if name in given:
            text, value = given[name]
            at[symbols[name]] = _suitable(name, symbols[name], text, value)
            shown[name] = text
        else:
            at[symbols[name]] = formula.defaults[name]
            shown[name] = str(formula.defaults[name])
    found = balls.evaluate(formula.expr, at, digits=digits)
    return {
        "statement": formula.written,
        "at": shown,
        "value": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "digits": found.digits,
    }


def _suitable(name: str, symbol: Symbol, text: str, value: Exact) -> Exact:
    """The value, if it has the kind and sign of its symbol and lies in its parameter's range (FT304)."""
    import sympy

    from ftproofs.symbolic.vocabulary import SYMBOLS

    if isinstance(value, tuple):
        raise UsageError("FT304", f"{name} = {text!r:.60}: expected one number, not a list")
    if value == sympy.oo:
        if name != "L":
            raise UsageError("FT304", f"{name} = {text}: only L may be infinite")
        return value
    expected = "an integer" if symbol.is_integer and not value.is_integer else ""
    if symbol.is_positive and not value.is_positive:
        expected = "a positive number"
    elif symbol.is_nonnegative and not value.is_nonnegative:
        expected = "a number that is not negative"
    if expected:
        raise UsageError("FT304", f"{name} = {text!r:.60}: expected {expected}")
    if name in PARAMETERS and SYMBOLS.get(name) == symbol:  # a formula may mean something else by the name
        check_value(name, int(value) if value.is_integer else float(value))
    return value
