"""A document's claims as `Claim` objects; every error names file, line and field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sympy import Eq, Expr, Ge, Gt, Le, Lt, Rational, Symbol, true

from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Probability, Quantifier, Source, Statement
from ftproofs.claimfile.document import FORMAT, Decimal, Document
from ftproofs.claimfile.domains import FieldError, kind, missing, offered, read_domain
from ftproofs.errors import FTError, UsageError, nearest
from ftproofs.names import PARAMETERS, Experiment, experiment
from ftproofs.symbolic.grammar import Grammar
from ftproofs.symbolic.reader import read_expression, read_statement
from ftproofs.symbolic.vocabulary import SYMBOLS

KEYS = (
    "id",
    "title",
    "source",
    "experiment",
    "quantifier",
    "level",
    "limit",
    "sizes",
    "statement",
    "latex",
    "where",
    "tolerance",
    "domain",
)
QUANTIFIERS = ("each", "mean", "limit", "probability")
MAX_TEXT = 1000
MAX_STATEMENTS = 16
MAX_TOLERANCE = Rational(1, 10)
#: Margin of an audited claim about a limit; the catalog's own is smaller.
LIMIT_TOLERANCE = 0.05
#: Memory that one setting's data may take.
MAX_BYTES = 2 * 2**30

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DEVICES = frozenset({"con", "prn", "aux", "nul"})
_RELATIONS = {"==": Eq, "<=": Le, ">=": Ge, "<": Lt, ">": Gt}


#: From formulas in LaTeX and the names they may use to statements in plain text.
Translate: TypeAlias = Callable[[str, Sequence[str]], str]


def read(document: Document, translate: Translate | None = None) -> tuple[Claim, ...]:
    """The claims of a document, in order; ``translate`` reads formulas in LaTeX.

    Raises:
        FileError: everything that can be wrong with a claim, FT1xx to FT3xx (docs/errors.md).
    """
    data = document.data
    for key in data:
        if key not in ("format", "claim"):
            raise document.error("FT207", _unknown_key(key, ("format", "claim")), -1, key)
    if data.get("format", FORMAT) != FORMAT or isinstance(data.get("format"), bool):
        raise document.error("FT231", f"expected {FORMAT}, got {data['format']!s:.40}", -1, "format")
    tables = data.get("claim", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise document.error("FT234", "expected [[claim]] tables", -1, "claim")
    if not tables:
        raise document.error("FT205", "missing [[claim]]: the file holds no claim")
    if "format" not in data:
        raise document.error("FT205", f"missing key 'format'; expected format = {FORMAT}")
    claims: list[Claim] = []
    first: dict[str, int] = {}
    for number, table in enumerate(tables):
        try:
            claim = _Reader(table, translate).claim()
        except FieldError as error:
            raise document.at(error, number, error.key) from None
        if claim.id in first:
            lines = [document.places.line(i, "id") for i in (first[claim.id], number)]
            why = f"id {claim.id!r} used twice (lines {lines[0]} and {lines[1]})"
            raise document.error("FT226", why, number, "id")
        first[claim.id] = number
        claims.append(claim)
    return tuple(claims)


class _Reader:
    """Reads one claim's table."""

    def __init__(self, table: Mapping[str, Any], translate: Translate | None) -> None:
        self.table = table
        self.translate = translate

    def claim(self) -> Claim:
        for key in self.table:
            if key not in KEYS:
                raise FieldError(key, UsageError("FT207", _unknown_key(key, KEYS)))
        id_ = self._id()
        title, source = self._text("title", id_), self._text("source", "a claim file")
        spec = self._experiment()
        name = self._quantifier()
        domain = self._domain(spec, name)
        _check_memory(domain)
        statements = self._statements(spec)
        return Claim(
            id=id_,
            title=title,
            source=Source(source),
            experiment=spec.name,
            quantifier=self._quantified(name, spec),
            domain=domain,
            statements=statements,
            tolerance=self._tolerance(),
        )

    def _id(self) -> str:
        id_ = self._text("id", None)
        if not _ID.fullmatch(id_) or len(id_) > 64 or id_ in _DEVICES:
            raise _field("id", "FT225", "id must match [a-z0-9]+(-[a-z0-9]+)*, at most 64 characters")
        return id_

    def _text(self, key: str, default: str | None) -> str:
        if key not in self.table:
            if default is None:
                raise _field(key, "FT205", f"missing key {key!r}")
            return default
        value = self.table[key]
        if not isinstance(value, str) or isinstance(value, Decimal):
            raise _field(key, "FT234", f"expected text, got {kind(value)}")
        if not value.strip() or len(value) > MAX_TEXT:
            raise _field(key, "FT234", f"expected text of 1 to {MAX_TEXT} characters, got {len(value)}")
        return value

    def _experiment(self) -> Experiment:
        try:
            return experiment(self._text("experiment", None))
        except FieldError:
            raise
        except FTError as error:
            raise FieldError("experiment", error) from None

    def _quantifier(self) -> str:
        known = ", ".join(QUANTIFIERS)
        if "quantifier" not in self.table:
            raise _field("quantifier", "FT205", f"missing key 'quantifier'; one of: {known}")
        name = self._text("quantifier", None)
        if name not in QUANTIFIERS:
            raise _field("quantifier", "FT206", f"unknown quantifier {name!r:.40}; one of: {known}")
        for key, owner in (("level", "probability"), ("limit", "limit"), ("sizes", "limit")):
            if key in self.table and name != owner:
                raise _field(key, "FT233", f"{key} is for quantifier {owner!r}, this claim's is {name!r}")
        return name

    def _quantified(self, name: str, spec: Experiment) -> Quantifier:
        if name == "each":
            return Each()
        if name == "mean":
            return Mean()
        if name == "probability":
            return Probability(self._level(spec))
        if "limit" in self.table:
            raise _field("limit", "FT217", "only limits of growing d at fixed gamma can be checked; leave 'limit' out")
        sizes = self.table.get("sizes")
        if sizes is None:
            return Limit(tolerance=LIMIT_TOLERANCE)
        if not isinstance(sizes, list) or not all(type(d) is int and 1 <= d <= 100_000 for d in sizes):
            raise _field("sizes", "FT234", "expected a list of sizes d, whole numbers in 1..100000")
        try:
            return Limit(tolerance=LIMIT_TOLERANCE, sizes=tuple(sizes))
        except FTError as error:
            raise FieldError("sizes", error) from None

    def _level(self, spec: Experiment) -> Expr:
        value = self.table.get("level")
        if value is None:
            raise _field("level", "FT205", "missing key 'level': a probability claim needs one, as level = 0.95")
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise _field("level", "FT234", f"expected a number or an expression in parameters, got {kind(value)}")
        range_ = "level must be in [0.5, 0.9999]"
        if isinstance(value, Decimal) and not math.isfinite(float(value)):
            raise _field("level", "FT209", range_)
        level = self._expression("level", str(value), _parameters(spec))
        if not level.free_symbols and not Rational(1, 2) <= level <= Rational(9999, 10000):
            raise _field("level", "FT209", f"{range_}, got {value}")
        return level

    def _tolerance(self) -> float | None:
        value = self.table.get("tolerance")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise _field("tolerance", "FT234", f"expected a number, got {kind(value)}")
        number = float(value)
        if not 0 < number <= MAX_TOLERANCE:
            raise _field("tolerance", "FT208", f"tolerance must be a finite number in (0, 0.1], got {value}")
        return number

    def _domain(self, spec: Experiment, quantifier: str) -> Domain:
        if "domain" not in self.table:
            raise _field("domain", "FT205", "missing table [claim.domain]")
        domain = read_domain(self.table["domain"], spec)
        limit = quantifier == "limit"
        sizes = [name for name in ("n", "d") if name in domain]
        if limit and (sizes or "gamma" not in domain):
            found = " and ".join(sizes) or "no gamma"
            raise _field("domain", "FT215", f"a claim about a limit gives gamma and neither n nor d, found {found}")
        absent = missing(spec, domain, limit=limit)
        if absent is not None:
            also = ", or gamma with one of n and d" if absent in ("n", "d") else ""
            meaning = PARAMETERS[absent].meaning
            raise _field("domain", "FT306", f"{spec.name} needs a value for {absent} ({meaning}){also}")
        conditions = []
        for text in self._texts("where", required=False):
            statement = self._relation("where", text, _parameters(spec))
            condition = _RELATIONS[statement.rel](statement.lhs, statement.rhs)
            if condition is not true:
                conditions.append(condition)
        return domain.where(*conditions)

    def _statements(self, spec: Experiment) -> tuple[Statement, ...]:
        if "statement" in self.table and "latex" in self.table:
            raise _field("latex", "FT232", "give either statement or latex, not both")
        names = {name: SYMBOLS[name] for name in (*spec.measurements, *_parameters(spec)) if name in SYMBOLS}
        if "latex" in self.table:
            formulas = self._texts("latex", required=True)
            return tuple(self._relation("latex", self._translated(text, names), names) for text in formulas)
        return tuple(self._relation("statement", text, names) for text in self._texts("statement", required=True))

    def _translated(self, latex: str, names: Mapping[str, Symbol]) -> str:
        if self.translate is None:
            raise _field("latex", "FT237", "formulas in LaTeX are read by ftproofs audit only")
        try:
            return self.translate(latex, list(names))
        except FTError as error:
            raise FieldError("latex", error) from None

    def _texts(self, key: str, *, required: bool) -> list[str]:
        value = self.table.get(key)
        if value is None:
            if required:
                raise _field(key, "FT205", f"missing key {key!r}")
            return []
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) and not isinstance(text, Decimal) for text in texts):
            raise _field(key, "FT234", "expected text or a list of texts")
        if not 1 <= len(texts) <= MAX_STATEMENTS:
            raise _field(key, "FT234", f"expected 1 to {MAX_STATEMENTS} relations, got {len(texts)}")
        return texts

    def _relation(self, key: str, text: str, names: Mapping[str, Symbol]) -> Statement:
        try:
            return read_statement(text, names, _grammar(names))
        except FTError as error:
            raise FieldError(key, error) from None

    def _expression(self, key: str, text: str, names: Mapping[str, Symbol]) -> Expr:
        try:
            return read_expression(text, names, _grammar(names))
        except FTError as error:
            raise FieldError(key, error) from None


def _parameters(spec: Experiment) -> dict[str, Symbol]:
    return {name: SYMBOLS[name] for name in offered(spec) if name in SYMBOLS}


def _grammar(names: Mapping[str, Symbol]) -> Grammar:
    return Grammar(names=tuple(names), exponents=tuple(name for name in names if name in PARAMETERS))


def _check_memory(domain: Domain) -> None:
    """Refuse a domain with a setting whose data could not be held (FT212, exit 75)."""
    largest = {}
    for name in ("n", "d"):
        if name in domain:
            values = domain[name]
            ends = values.values if hasattr(values, "values") else (values.low, values.high)
            largest[name] = max(int(end) for end in ends)
    needed = 8 * max(largest.get("d", 1), 1) * max(largest.get("n", 1000), 1)
    if largest and needed > MAX_BYTES:
        why = f"setting needs {_size(needed)}; limit is {_size(MAX_BYTES)} (per-setting estimate)"
        error = UsageError("FT212", why)
        error.exit_status = 75
        raise FieldError("domain.d" if "d" in largest else "domain.n", error)


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def _field(key: str, code: str, message: str) -> FieldError:
    return FieldError(key, UsageError(code, message))


def _unknown_key(key: str, known: tuple[str, ...]) -> str:
    if key in ("alpha", "seed", "budget"):
        return f"unknown key {key!r} (levels, seeds and budgets are set by the run, never by a claim)"
    if key in ("import", "plugin", "network"):
        return f"unknown key {key!r}; networks are chosen from the built-in list by name"
    near = nearest(key, known)
    return (
        f"unknown key {key!r:.60} ({near.rstrip('?')}?)"
        if near.startswith("did")
        else f"unknown key {key!r:.60}; {near}"
    )
