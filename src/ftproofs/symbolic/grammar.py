"""What a text may say: arithmetic over declared names, checked before anything is computed.

Python's own parser builds the tree; nothing is ever compiled or evaluated.  Every
limit is checked on that tree, so that no later step meets a number, a nesting or an
exponent of a size that could hang it.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ftproofs.errors import UsageError, nearest

_OF_ONE = ("sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "Abs", "sign")
#: Functions with the least and the largest number of their arguments.
FUNCTIONS: Mapping[str, tuple[int, int]] = dict.fromkeys(_OF_ONE, (1, 1)) | dict.fromkeys(("Max", "Min"), (2, 8))
CONSTANTS = ("pi", "E")
#: Names that mean something in the grammar or in SymPy.
RESERVED = frozenset({*FUNCTIONS, *CONSTANTS, "I", "oo", "inf", "nan", "zoo"})

#: Names as they may be written; the vocabulary's own may be longer.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}(_[A-Za-z0-9]{1,16}){0,2}")
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)


@dataclass(frozen=True, slots=True)
class Grammar:
    """Which names and functions a text may use, and how large it may be.

    ``offered`` says whose names they are, in the error about another one.  Exponents
    may contain ``exponents``; ``argument`` bounds the numerator and denominator of a
    constant in a function.
    """

    names: Collection[str] = ()
    offered: str = "the experiment offers"
    functions: Collection[str] = tuple(FUNCTIONS)
    constants: Collection[str] = CONSTANTS
    exponents: Collection[str] = ()
    text: int = 4000
    depth: int = 40
    nodes: int = 400
    digits: int = 40
    least_exponent: int = -40
    power: int = 64
    root: int = 12
    argument: int = 4096


#: Plain numbers, as values of parameters are given; scales of networks may be as small as float64 can tell.
NUMBERS = Grammar(offered="known", functions=("sqrt",), constants=("pi",), text=200, depth=20, least_exponent=-300)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text with its tree, in which everything is of the grammar."""

    text: str
    tree: ast.expr

    def number(self, node: ast.Constant) -> Fraction:
        """A literal's exact value, from the text and not from a rounded float."""
        return Fraction(self.text[node.col_offset : node.end_col_offset])


def parse(text: str, grammar: Grammar) -> Parsed:
    """The text's tree, if everything in it is of the grammar and within its limits.

    Raises:
        UsageError: FT102 too long, FT103 empty, FT104 a character, FT105 nesting, FT106
            a number, FT107 '^', FT108 syntax, FT109 too many terms, FT111 a literal,
            FT112 an unknown name, FT113 an exponent, FT114 a division by zero, FT115 an
            operator, FT116 to FT118 a call, FT119 anything else, FT120 an illegal name,
            FT121 a function's argument.
    """
    _check_characters(text, grammar)
    stripped = text.strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the parser warns of what is refused below anyway
            tree = ast.parse(stripped, mode="eval").body
    except SyntaxError as error:
        raise UsageError("FT108", f"syntax error: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UsageError("FT108", f"syntax error: {error}") from None
    parsed = Parsed(stripped, tree)
    lead = len(text) - len(text.lstrip())
    count = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    if count > grammar.nodes:
        raise UsageError("FT109", f"more than {grammar.nodes} nodes")
    check = _Check(parsed, grammar, lead)
    check.constant(tree, 0)
    if check.tower > grammar.power:
        limit = f"|p|<={grammar.power}, q<={grammar.root}"
        raise UsageError("FT113", f"combined exponent {_short(check.tower)} outside {limit}")
    return parsed


def _check_characters(text: str, grammar: Grammar) -> None:
    if len(text) > grammar.text:
        raise UsageError("FT102", f"expression longer than {grammar.text} characters")
    if not text.strip():
        raise UsageError("FT103", "empty expression")
    for place, c in enumerate(text, 1):
        if c in "\r\n":
            raise UsageError("FT104", "line break in expression")
        if not " " <= c <= "~":
            raise UsageError("FT104", f"character U+{ord(c):04X} at column {place} is not allowed (ASCII only)")
    if "#" in text:
        raise UsageError("FT108", "comments are not allowed inside an expression")
    if "^" in text:
        raise UsageError("FT107", "'^' is not a power sign; write '**'")
    depth = 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if depth > grammar.depth:
            raise UsageError("FT105", f"nesting deeper than {grammar.depth}")


@dataclass(frozen=True, slots=True)
class Constant:
    """What is known of a part without names: its exact value if that is rational, or a rational multiple of pi."""

    rational: Fraction | None = None
    of_pi: Fraction | None = None


class _Check:
    """One walk over the tree; the value of a part without names comes back, None for any other."""

    def __init__(self, parsed: Parsed, grammar: Grammar, lead: int) -> None:
        self.parsed = parsed
        self.grammar = grammar
        self.lead = lead
        #: The largest exponent that powers of powers multiply to.
        self.tower = Fraction(0)

    def constant(self, node: ast.expr, depth: int) -> Constant | None:
        if depth > self.grammar.depth:
            raise UsageError("FT105", f"nesting deeper than {self.grammar.depth}")
        match node:
            case ast.Constant():
                return self._literal(node)
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                value = self.constant(operand, depth + 1)
                return _map(value, lambda x: -x) if isinstance(sign, ast.USub) else value
            case ast.UnaryOp():
                raise self._error("FT115", f"operator {type(node.op).__name__!r} not allowed", node)
            case ast.BinOp(op=ast.Pow()):
                return self._power(node, depth)
            case ast.BinOp():
                return self._binary(node, depth)
            case ast.Call():
                return self._call(node, depth)
        raise self._error("FT119", f"{type(node).__name__!r} is not part of the expression grammar", node)

    def _literal(self, node: ast.Constant) -> Constant:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self._error("FT111", f"{type(node.value).__name__} literal not allowed", node)
        text = self.parsed.text[node.col_offset : node.end_col_offset]
        limit = self.grammar.digits
        if not _NUMBER.fullmatch(text):
            raise self._error("FT106", "only plain decimal numbers are allowed", node)
        mantissa, _, exponent = text.lower().partition("e")
        if sum(c.isdigit() for c in mantissa) > limit:
            raise self._error("FT106", f"number with more than {limit} digits", node)
        least = self.grammar.least_exponent
        if exponent and (len(exponent) > 4 or not least <= int(exponent) <= limit):
            where = f"beyond {limit}" if least == -limit else f"outside {least}..{limit}"
            raise self._error("FT106", f"decimal exponent {where}", node)
        return Constant(Fraction(text))

    def _name(self, node: ast.Name) -> Constant | None:
        name, grammar = node.id, self.grammar
        if name in grammar.constants:
            return Constant(of_pi=Fraction(1)) if name == "pi" else Constant()
        if name in grammar.names:
            return None
        if name in grammar.functions:
            raise self._error("FT119", f"{name} is a function; call it, as {name}(...)", node)
        if not NAME.fullmatch(name):
            raise self._error("FT120", f"illegal symbol name {name!r:.60}", node)
        known = sorted(grammar.names) or [*grammar.constants, *grammar.functions]
        near = nearest(name, known)
        hint = f"{near} " if near.startswith("did you mean") else ""
        raise self._error("FT112", f"unknown symbol {name!r}; {hint}{grammar.offered}: {', '.join(known)}", node)

    def _binary(self, node: ast.BinOp, depth: int) -> Constant | None:
        if not isinstance(node.op, _OPERATORS):
            raise self._error("FT115", f"operator {type(node.op).__name__!r} not allowed", node)
        # A long sum is flat: only what stands to the right of a sign is nested deeper.
        left, right = self.constant(node.left, depth), self.constant(node.right, depth + 1)
        if isinstance(node.op, ast.Div) and right is not None and right.rational == 0:
            raise self._error("FT114", "division by zero", node)
        if left is None or right is None:
            return None
        return _combined(node.op, left, right)

    def _power(self, node: ast.BinOp, depth: int) -> Constant | None:
        limit = f"|p|<={self.grammar.power}, q<={self.grammar.root}"
        base, exponent = self.constant(node.left, depth + 1), self.constant(node.right, depth + 1)
        if exponent is None:
            names = {part.id for part in ast.walk(node.right) if isinstance(part, ast.Name)}
            strange = sorted(names - {*self.grammar.exponents, *self.grammar.constants, *self.grammar.functions})
            if strange:
                raise self._error("FT113", f"an exponent may contain parameters, not {strange[0]!r}", node)
            return None
        power = exponent.rational
        if power is None:
            raise self._error("FT113", f"an exponent must be rational; it has to lie in {limit}", node)
        if abs(power) > self.grammar.power or power.denominator > self.grammar.root:
            raise self._error("FT113", f"exponent {_short(power)} outside {limit}", node)
        self.tower = max(self.tower, abs(self._tower(node)))
        if base is not None and base.rational == 0 and power < 0:
            raise self._error("FT114", "division by zero", node)
        if base is None:
            return None
        if base.rational is None or power.denominator != 1 or self.tower > self.grammar.power:
            return Constant()
        return Constant(base.rational ** int(power))

    def _tower(self, node: ast.expr) -> Fraction:
        """The largest exponent that powers of powers of products multiply to."""
        match node:
            case ast.BinOp(op=ast.Pow(), left=base, right=right):
                exponent = _Check(self.parsed, self.grammar, self.lead).constant(right, 0)
                own = exponent.rational if exponent is not None and exponent.rational is not None else Fraction(1)
                return own * self._tower(base)
            case ast.BinOp(op=ast.Mult() | ast.Div(), left=left, right=right):
                return max(self._tower(left), self._tower(right), key=abs)
            case ast.UnaryOp(operand=operand):
                return self._tower(operand)
        return Fraction(1)

    def _call(self, node: ast.Call, depth: int) -> Constant | None:
        if not isinstance(node.func, ast.Name):
            raise self._error("FT116", "only calls of a listed function by name are allowed", node)
        name, functions = node.func.id, self.grammar.functions
        if name not in functions:
            raise self._error("FT117", f"unknown function {name!r:.40}; allowed: {', '.join(functions)}", node)
        if node.keywords:
            raise self._error("FT116", "keyword arguments not allowed", node)
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self._error("FT116", "starred arguments not allowed", node)
        least, most = FUNCTIONS[name]
        if not least <= len(node.args) <= most:
            raise self._error("FT118", f"{name} takes {least}..{most} arguments, got {len(node.args)}", node)
        values = [self.constant(argument, depth + 1) for argument in node.args]
        for value in values:
            if value is not None and not self._plain(value):
                bound = f"with numerator and denominator <= {self.grammar.argument}, or that times pi"
                raise self._error("FT121", f"constant argument of {name} must be a rational {bound}", node)
        return None if any(value is None for value in values) else Constant()

    def _plain(self, value: Constant) -> bool:
        number = value.rational if value.rational is not None else value.of_pi
        return number is not None and max(abs(number.numerator), number.denominator) <= self.grammar.argument

    def _error(self, code: str, why: str, node: ast.expr) -> UsageError:
        return UsageError(code, f"{why} (column {node.col_offset + self.lead + 1})")


def _map(value: Constant | None, change: Callable[[Fraction], Fraction]) -> Constant | None:
    if value is None:
        return None
    return Constant(*(None if part is None else change(part) for part in (value.rational, value.of_pi)))


def _combined(op: ast.operator, left: Constant, right: Constant) -> Constant:
    a, b = left.rational, right.rational
    if a is not None and b is not None:
        match op:
            case ast.Add():
                return Constant(a + b)
            case ast.Sub():
                return Constant(a - b)
            case ast.Mult():
                return Constant(a * b)
            case _:
                return Constant(a / b)
    if isinstance(op, ast.Mult) and a is not None and right.of_pi is not None:
        return Constant(of_pi=a * right.of_pi)
    if isinstance(op, (ast.Mult, ast.Div)) and b is not None and left.of_pi is not None:
        return Constant(of_pi=left.of_pi * b if isinstance(op, ast.Mult) else left.of_pi / b)
    return Constant()


def _short(number: Fraction) -> str:
    text = str(number)
    return text if len(text) <= 40 else f"{text[:37]}..."
