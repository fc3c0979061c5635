"""How a step is closed by algebra: identities, inequalities with certificates, monotone functions.

Every method has ``close(relation, context) -> Finding``.  What is given enters as
rewrite rules (`ftproofs.symbolic.rules`) or in certificates; the zero ladder decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sympy import Expr, Integer, MatrixSymbol, S, Symbol, exp, fraction, log, sympify, together
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean

from ftproofs.claim import Relation, Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.rules import Preparation, gap, is_matrix, is_strict
from ftproofs.symbolic.vocabulary import SYMBOLS
from ftproofs.symbolic.zero import Finding, box_for, holds, is_zero


class Method(Protocol):
    """Closes a step, or says why not."""

    def close(self, relation: Statement, context: Context) -> Finding:
        """Whether the relation follows from what is given."""


@dataclass(frozen=True)
class Under:
    """The method, with the claim's domain restricted to a condition (a branch of `Cases`)."""

    condition: Boolean
    method: Any


def _open(route: str, detail: str) -> Finding:
    return Finding("undecided", route, detail)


@dataclass(frozen=True)
class Algebra:
    """An equation or inequality that the zero ladder decides after rewriting with what is given."""

    def close(self, relation: Statement, context: Context) -> Finding:
        """Decide it on the claim's domain."""
        if is_matrix(relation):
            return _open("algebra", "a relation between matrices needs Generic")
        prepare = Preparation(context.given)
        try:
            lhs, rhs = prepare(relation.lhs), prepare(relation.rhs)
        except ZeroDivisionError as error:
            return _open("algebra", str(error))
        return decide(lhs, relation.rel, rhs, context)


def decide(lhs: Expr, rel: Relation, rhs: Expr, context: Context) -> Finding:
    """The ladder's finding for prepared sides, on the claim's domain."""
    box = box_for([lhs, rhs], context.domain)
    return is_zero(lhs - rhs, box) if rel == "==" else holds(lhs, rel, rhs, box)


@dataclass(frozen=True)
class Let:
    """A definition: the left side is a new symbol or function, used nowhere before."""

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check that the name is new."""
        name = relation.lhs
        if relation.rel != "==" or not isinstance(name, (Symbol, MatrixSymbol, AppliedUndef)):
            return _open("definition", "a definition reads: new symbol == expression")
        used: set[Any] = set(SYMBOLS.values())
        for statement in (*context.earlier, *context.claim.statements, Statement(0, "==", relation.rhs)):
            for side in (statement.lhs, statement.rhs):
                used |= sympify(side).free_symbols | {f.func for f in sympify(side).atoms(AppliedUndef)}
        mine = name.func if isinstance(name, AppliedUndef) else name
        if mine in used:
            return _open("definition", f"{mine} is not new")
        if isinstance(name, MatrixSymbol):
            return Finding("proved", "definition", "")
        if name.is_positive and not sympify(relation.rhs).is_positive:
            return _open("definition", f"{name} is declared positive and its value is not known to be")
        if name.is_nonnegative and not sympify(relation.rhs).is_nonnegative:
            return _open("definition", f"{name} is declared nonnegative and its value is not known to be")
        return Finding("proved", "definition", "")


@dataclass(frozen=True)
class Part:
    """A summand of a certificate: coefficient times the product of what the named steps say is >= 0 (or == 0)."""

    coefficient: Any
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """A relation as a combination of given ones: its gap equals the sum of the parts.

    The gap of ``a <= b`` is ``b - a``, of ``a == b`` it is ``a - b``.  A part with an
    equation among its steps is zero; every other needs a coefficient that is
    nonnegative; a strict conclusion needs one part that is strictly positive.
    """

    parts: tuple[Part, ...]

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the combination and the signs of the coefficients."""
        named = {id for part in self.parts for id in part.ids}
        unknown = named - set(context.given)
        if unknown:
            return _open("certificate", f"not given: {', '.join(sorted(unknown))}")
        prepare = Preparation({id: s for id, s in context.given.items() if id not in named})
        findings: list[Finding] = []
        strict = False
        total: Expr = Integer(0)
        for part in self.parts:
            statements = [context.given[id] for id in part.ids]
            zero = any(s.rel == "==" for s in statements)
            if relation.rel == "==" and not zero:
                return _open("certificate", "an equation follows from equations only")
            coefficient = prepare(part.coefficient)
            total += coefficient * _product(prepare(gap(s)) for s in statements)
            findings.append(_finite(coefficient, context))
            if not zero:
                sharp = all(is_strict(s) for s in statements)
                sign = decide(coefficient, ">", Integer(0), context) if sharp and is_strict(relation) else None
                if sign is not None and sign.status == "proved":
                    strict = True
                else:
                    findings.append(decide(coefficient, ">=", Integer(0), context))
        if is_strict(relation) and not strict:
            return _open("certificate", "no part is strictly positive")
        difference = prepare(gap(relation)) - total
        identity = is_zero(difference, box_for([difference], context.domain))
        if identity.status == "disproved":  # the combination is wrong, which says nothing about the relation
            return _open("certificate", f"the parts do not add up: {identity.detail}")
        return weakest("certificate", [identity, *findings])


def _product(factors: Iterable[Expr]) -> Expr:
    total: Expr = Integer(1)
    for factor in factors:
        total *= factor
    return total


def _finite(coefficient: Expr, context: Context) -> Finding:
    """That a coefficient's denominator has no zero."""
    denominator = fraction(together(coefficient))[1]
    if denominator.is_positive or denominator.is_nonzero:
        return Finding("proved", "assumptions", "")
    found = decide(denominator**2, ">", Integer(0), context)
    return found if found.status != "disproved" else _open("certificate", f"{denominator} may vanish")


def weakest(route: str, findings: Iterable[Finding]) -> Finding:
    """Proved if all are, probable if all are at least that; a sign that is disproved leaves it open."""
    worst = Finding("proved", route, "")
    for finding in findings:
        if finding.status in ("undecided", "disproved"):
            return _open(route, f"{finding.route}: {finding.detail}")
        if finding.status == "probable":
            worst = Finding("probable", route, finding.detail)
    return worst


@dataclass(frozen=True)
class Monotone:
    """A given relation with an increasing function applied to both sides.

    Both sides are multiplied by the positive ``factor``, raised to ``power``, then
    mapped by ``function``.  The power is positive and the sides nonnegative, or (for
    ``<=`` and ``==``) the power is nonnegative and the sides positive.
    """

    of: str
    factor: Any = S.One
    power: Any = S.One
    function: Literal["", "log", "exp"] = ""

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the signs that make the function increasing, and the result."""
        if self.of not in context.given:
            return _open("monotone", f"step {self.of!r} is not given")
        source = context.given[self.of]
        if is_strict(relation) != is_strict(source) or (relation.rel == "==") != (source.rel == "=="):
            return _open("monotone", "the relations are of different kinds")
        prepare = Preparation({id: s for id, s in context.given.items() if id != self.of})
        small, large = (prepare(side) for side in _ordered(source))
        target_small, target_large = (prepare(side) for side in _ordered(relation))
        factor, power = prepare(self.factor), prepare(self.power)
        findings = [decide(factor, ">", Integer(0), context)]
        if power != 1:
            growing = decide(power, ">", Integer(0), context)
            weak = growing.status != "proved" and not is_strict(relation)
            findings.append(decide(power, ">=", Integer(0), context) if weak else growing)
            findings += [decide(side * factor, ">" if weak else ">=", Integer(0), context) for side in (small, large)]
        small, large = (small * factor) ** power, (large * factor) ** power
        if self.function == "log":
            findings += [decide(small, ">", Integer(0), context), decide(large, ">", Integer(0), context)]
            small, large = log(small), log(large)
        elif self.function == "exp":
            small, large = exp(small), exp(large)
        for mine, target in ((small, target_small), (large, target_large)):
            same = is_zero(mine - target, box_for([mine, target], context.domain))
            if same.status == "disproved":
                return _open("monotone", f"a side is another one: {same.detail}")
            findings.append(same)
        return weakest("monotone", findings)


def _ordered(statement: Statement) -> tuple[Any, Any]:
    """Smaller side first."""
    return (statement.rhs, statement.lhs) if statement.rel in (">", ">=") else (statement.lhs, statement.rhs)
