"""Derivations: steps closed one by one by a machine, and a conclusion that is the statement itself.

Conventions

- A step's relation holds on the claim's whole domain, or on the part where its
  `Under` condition holds.  It may use only steps named in ``given`` that closed.
- A step of an `Axiom` cites the closed list of theorems; `Means` cites the closed
  list of what an experiment's words mean; `Let` introduces a new symbol.
- A statement is concluded by an unconditional step that is none of these three, and
  whose relation is the statement, side by side, up to the zero ladder.
- Claims about means: steps write expectations out, as ``E(risk)``.  A statement
  ``lhs == rhs`` of such a claim says ``E[lhs] == E[rhs]`` and is concluded by a step
  whose sides are these, expanded by linearity; parameters are constants.  A sign is
  that of a mean: ``sign(gain) == sign(c)`` says ``sign(E[gain]) == sign(c)``.
- Claims about limits: a measurement stands for the number that it tends to, in
  probability, as d grows; what holds in every draw holds of these numbers, and what
  they are comes from theorems about limits.  So a statement is concluded for the
  limits in probability; that means tend to the same is left to the experiment.
- ``<`` and ``>`` are read in one direction, so ``a >= b`` concludes ``b <= a``.
- Claims with a probability: a theorem that may fail, with a probability of its own, counts
  once for each step that cites it; together they may not exceed what the level allows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sympy import Add, And, S, oo, sympify
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean

from ftproofs.claim import Claim, Mean, Probability, Statement, Step
from ftproofs.errors import FTError
from ftproofs.names import PARAMETERS
from ftproofs.symbolic.axioms import AXIOMS, Axiom
from ftproofs.symbolic.calculus import Cases
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import expand_means, mean_of
from ftproofs.symbolic.meanings import Means
from ftproofs.symbolic.methods import Let, Under
from ftproofs.symbolic.rules import Preparation, is_matrix
from ftproofs.symbolic.zero import Finding, box_for, holds, is_zero
from ftproofs.verdict import Derivation, DerivationStatus, StepResult, StepStatus

_PREMISES = (Axiom, Means, Let)
_STATUS: dict[str, StepStatus] = {"proved": "proved", "probable": "probable", "disproved": "false", "undecided": "open"}


@dataclass
class Closed:
    """Steps and how they ended; ``relations`` and ``conditions`` are those of the steps that closed, by id."""

    relations: dict[str, Statement] = field(default_factory=dict)
    conditions: dict[str, Boolean] = field(default_factory=dict)
    earlier: list[Statement] = field(default_factory=list)
    results: list[StepResult] = field(default_factory=list)
    corollaries: list[StepResult] = field(default_factory=list)
    probable: set[str] = field(default_factory=set)


def derive(claim: Claim) -> Derivation:
    """Close the claim's steps and corollaries and compare its statements with what was concluded.

    proved: every step closed by a deciding route and every statement concluded.
    probable: some step closed only at points.  broken: a step is false (named in
    ``detail``).  gap: a step is open, or a statement is not concluded.  disproved: a
    statement contradicts a concluded step at a setting of the domain.  none: no steps.
    """
    if not claim.steps:
        return Derivation("none")
    closed = close_steps(claim)
    axioms = sorted({m.name for m in map(_method, (*claim.steps, *claim.corollaries)) if isinstance(m, Axiom)})
    status, detail = conclude(claim, closed)
    return Derivation(status, tuple(closed.results), tuple(axioms), tuple(closed.corollaries), detail)


def close_steps(claim: Claim) -> Closed:
    """Close the claim's steps and corollaries in order."""
    closed = Closed()
    for step in claim.steps:
        _close(step, claim, closed)
    count = len(closed.results)
    for corollary in claim.corollaries:
        _close(corollary, claim, closed)
    closed.corollaries = closed.results[count:]
    del closed.results[count:]
    return closed


def _method(step: Step) -> object:
    method = step.by
    while isinstance(method, Under):
        method = method.method
    return method


def _condition(step: Step) -> Boolean:
    method, condition = step.by, S.true
    while isinstance(method, Under):
        method, condition = method.method, And(condition, method.condition)
    return condition


def _close(step: Step, claim: Claim, closed: Closed) -> None:
    start = time.perf_counter()
    finding = _attempt(step, claim, closed)
    seconds = time.perf_counter() - start
    method = _method(step)
    status = _STATUS[finding.status]
    if status == "proved" and isinstance(method, (Axiom, Means)):
        status = "axiom"
    closed.results.append(StepResult(step.id, status, finding.route, seconds, finding.detail))
    closed.earlier.append(step.relation)
    if status in ("proved", "probable", "axiom"):
        closed.relations[step.id] = step.relation
        closed.conditions[step.id] = _condition(step)
    if status == "probable" or set(step.given) & closed.probable:
        closed.probable.add(step.id)


def _attempt(step: Step, claim: Claim, closed: Closed) -> Finding:
    if any(step.id == result.id for result in closed.results):
        return Finding("undecided", "steps", f"two steps have the id {step.id!r}")
    missing = [id for id in step.given if id not in closed.relations]
    if missing:
        return Finding("undecided", "steps", f"not closed: {', '.join(missing)}")
    condition, method = _condition(step), _method(step)
    if not isinstance(method, Cases):
        loose = [id for id in step.given if not _implies(condition, closed.conditions[id])]
        if loose:
            return Finding("undecided", "steps", f"{', '.join(loose)} hold under a condition only")
    given = {id: closed.relations[id] for id in step.given}
    context = Context(claim, given, tuple(closed.earlier), condition)
    if isinstance(method, Cases):
        wrong = [
            id
            for branch, ids in method.branches
            for id in ids
            if id in given and not _implies(And(condition, branch), closed.conditions[id])
        ]
        if wrong:
            return Finding("undecided", "steps", f"{', '.join(wrong)} hold under another condition")
    if not hasattr(method, "close"):
        return Finding("undecided", "steps", f"{type(method).__name__} closes nothing")
    try:
        return method.close(step.relation, context)
    except FTError as error:
        return Finding("undecided", "error", error.message)
    except (ValueError, TypeError, ArithmeticError, NotImplementedError, RecursionError) as error:
        return Finding("undecided", "error", f"{type(error).__name__}: {error}")


def _implies(condition: Boolean, other: Boolean) -> bool:
    """Whether the first condition contains every part of the second."""
    return set(And.make_args(other)) <= {S.true, *And.make_args(condition)}


# -- the conclusion -----------------------------------------------------------


def conclude(claim: Claim, closed: Closed) -> tuple[DerivationStatus, str]:
    """What the closed steps say of the claim's statements, and why if that is not ``proved``."""
    results = (*closed.results, *closed.corollaries)
    for result in results:
        if result.status == "false":
            return "broken", f"step {result.id}: {result.detail}"
    for result in results:
        if result.status == "open":
            return "gap", f"step {result.id}: {result.detail}"
    for number, statement in enumerate(claim.statements):
        concluded = any(_concludes(step, statement, claim, closed) for step in claim.steps)
        if concluded:
            continue
        contradiction = _contradiction(statement, claim, closed)
        if contradiction:
            return "disproved", f"statement {number + 1}: {contradiction}"
        return "gap", f"no step concludes statement {number + 1}, {statement}"
    overdrawn = _overdrawn(claim)
    if overdrawn:
        return "gap", overdrawn
    if any(result.status == "probable" for result in results):
        return "probable", "a step closed only at points"
    return "proved", ""


def _overdrawn(claim: Claim) -> str:
    """Why the theorems the steps cite may fail more often than the claim's level allows; empty if they may not."""
    cited = [AXIOMS[m.name] for m in map(_method, claim.steps) if isinstance(m, Axiom) and m.name in AXIOMS]
    failure = Add(*(theorem.failure for theorem in cited))
    if failure == 0:
        return ""
    if not isinstance(claim.quantifier, Probability):
        return f"the steps may fail with probability {failure}, and the claim has no level"
    spare = 1 - sympify(claim.quantifier.level, rational=True) - failure
    enough = holds(spare, ">=", S.Zero, box_for([spare], claim.domain))
    return "" if enough.status == "proved" else f"the steps may fail with probability {failure}: {enough.detail}"


def _concludes(step: Step, statement: Statement, claim: Claim, closed: Closed) -> bool:
    if step.id not in closed.relations or closed.conditions[step.id] is not S.true:
        return False
    if isinstance(_method(step), _PREMISES) or is_matrix(step.relation):
        return False
    mine, theirs = _sides(step.relation, False), _sides(statement, isinstance(claim.quantifier, Mean))
    return mine.rel == theirs.rel and _equal(mine.lhs, theirs.lhs, claim) and _equal(mine.rhs, theirs.rhs, claim)


def _sides(statement: Statement, mean: bool) -> Statement:
    """The relation with ``>`` turned round and expectations taken and expanded."""
    lhs, rhs = sympify(statement.lhs), sympify(statement.rhs)
    if mean:
        lhs, rhs = (side if side is oo else mean_of(side) for side in (lhs, rhs))
    lhs, rhs = (side if side is oo else expand_means(side) for side in (lhs, rhs))
    if statement.rel == ">":
        return Statement(rhs, "<", lhs)
    if statement.rel == ">=":
        return Statement(rhs, "<=", lhs)
    return Statement(lhs, statement.rel, rhs)


def _equal(one: object, other: object, claim: Claim) -> bool:
    """Whether two sides are the same on the domain, proved by the ladder."""
    if one == other:
        return True
    if one in (oo, -oo) or other in (oo, -oo):
        return False
    try:
        prepare = Preparation({})
        difference = prepare(one) - prepare(other)
    except ZeroDivisionError:
        return False
    return is_zero(difference, box_for([difference], claim.domain)).status == "proved"


def _fails(statement: Statement, claim: Claim) -> str:
    """A setting of the domain at which a statement of an untrained claim, in parameters alone, is false by itself."""
    sides = [sympify(statement.lhs), sympify(statement.rhs)]
    if not claim.untrained or any(side in (oo, -oo) or side.atoms(AppliedUndef) for side in sides):
        return ""
    if any(s.name not in PARAMETERS for side in sides for s in side.free_symbols):
        return ""
    found = holds(sides[0], statement.rel, sides[1], box_for(sides, claim.domain))
    return f"its sides differ {found.detail}" if found.status == "disproved" else ""


def _contradiction(statement: Statement, claim: Claim, closed: Closed) -> str:
    """A setting of the domain at which the statement and a concluded equation differ, if both speak of one quantity.

    Only differences in parameters count: every value of theirs in the domain occurs,
    while measurements do not take every value.
    """
    theirs = _sides(statement, isinstance(claim.quantifier, Mean))
    wrong = _fails(theirs, claim)
    if wrong or theirs.rel != "==":
        return wrong
    for step in claim.steps:
        if step.id not in closed.relations or closed.conditions[step.id] is not S.true or step.id in closed.probable:
            continue
        if step.relation.rel != "==" or is_matrix(step.relation):
            continue
        mine = _sides(step.relation, False)
        if mine.lhs != theirs.lhs or mine.rhs in (oo, -oo) or theirs.rhs in (oo, -oo):
            continue
        difference = mine.rhs - theirs.rhs
        if difference.atoms(AppliedUndef) or any(s.name not in PARAMETERS for s in difference.free_symbols):
            continue
        found = is_zero(difference, box_for([difference], claim.domain))
        if found.status == "disproved":
            return f"step {step.id} says {step.relation}; they differ {found.detail}"
    return ""
