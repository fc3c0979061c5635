"""What the words of the transfer experiments mean, and steps about where fine-tuning starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

from sympy import Expr, Integer, Integral, MatrixSymbol, S, Symbol, ZeroMatrix, sign

from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.chi_square import inverse_moment
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.integrals import reduce_gammas
from ftproofs.symbolic.methods import _open, decide, weakest
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import Finding, box_for, is_zero

#: A readout's one number: the trained predictor as a multiple of the start; and its ridge in predictor space.
multiple = MatrixSymbol("Z", 1, 1)
penalty = Symbol("nu", nonnegative=True)
ZERO = ZeroMatrix(1, 1)


def feature_norm() -> Expr:
    """Norm of the features of a balanced network whose predictor has norm s: ``s^((L-1)/L)``."""
    return v.source_norm ** ((v.L - 1) / v.L)


def _limit_of_small_starts(context: Context) -> str | None:
    return None if context.only("init_scale", 0, 0.0) else "pretraining may start at a finite scale"


def _from_scratch(context: Context) -> str | None:
    if context.claim.experiment not in ("transfer.finetune", "transfer.linear"):
        return "nothing is trained from scratch beside"
    return _limit_of_small_starts(context)


def _scratch(context: Context) -> str | None:
    if context.claim.experiment != "transfer.scratch":
        return "training does not start from scratch"
    return _limit_of_small_starts(context)


def _readout(context: Context) -> str | None:
    if context.claim.experiment != "transfer.linear":
        return "more than the readout trains"
    if context.only("L", 1) or not context.only("L", 2, 3, 4, 5):
        return "there may be no features below the readout"
    return _limit_of_small_starts(context)


def _readout_from_the_teacher(context: Context) -> str | None:
    if context.start_is_fitted:
        return "the features' norm is not that of the teacher"
    return _readout(context)


#: What the meanings say, the equation, and when they apply.
MEANINGS: Mapping[str, tuple[str, Statement, Callable[[Context], str | None]]] = MappingProxyType(
    {
        "from-scratch": (
            "from scratch, at vanishing initialisation: regression from zero, which ends at the minimum-norm fit",
            Statement(m.scratch, "==", m.Xp * m.y),
            _from_scratch,
        ),
        "scratch": (
            "at vanishing initialisation this is regression from zero, which ends at the minimum-norm fit",
            Statement(m.beta, "==", m.Xp * m.y),
            _scratch,
        ),
        "readout-line": (
            "features of rank one: with the readout alone the predictor stays a multiple of the start",
            Statement(m.beta, "==", m.theta_S * multiple),
            _readout,
        ),
        "readout-ridge": (
            "the readout's ridge is one on the predictor, over the features' squared norm",
            Statement(penalty, "==", v.ridge / feature_norm() ** 2),
            _readout_from_the_teacher,
        ),
        "readout-stationary": (
            "one number trains on a convex quadratic: at the limit the penalised loss has no slope along the start",
            Statement(m.theta_S.T * (m.X.T * (m.X * m.beta - m.y)) + m.n * penalty * m.theta_S.T * m.beta, "==", ZERO),
            _readout,
        ),
    }
)


# -- fine-tuning from a fit ---------------------------------------------------


def from_the_start(statement: Statement) -> Statement:
    """The statement with the source's norm read as that of the predictor fine-tuning starts from."""
    return Statement(_renamed(statement.lhs), statement.rel, _renamed(statement.rhs))


def _renamed(value: Any) -> Any:
    return value.xreplace({v.source_norm: v.start_norm}) if hasattr(value, "xreplace") else value


def steps_from_the_start(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same steps for a start of any norm: `from_the_start` in every relation and in what closes it."""
    return tuple(replace(step, relation=from_the_start(step.relation), by=_inside(step.by)) for step in steps)


def _inside(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_inside, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _inside(getattr(value, f.name)) for f in fields(value)})
    return _renamed(value)


# -- moments ------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """``Integral(f, (x, 0, oo)) == C inverse_moment(k, n, a)``: f is C times the density over ``(x + a)**k``.

    That is the moment's definition; gamma functions are compared by their recurrence.
    """

    def close(self, relation: Statement, context: Context) -> Finding:
        """Compare the integrands."""
        integral, claimed = relation.lhs, relation.rhs
        moments = sorted(claimed.atoms(inverse_moment), key=str)
        if relation.rel != "==" or not isinstance(integral, Integral) or len(moments) != 1:
            return _open("moment", "the relation reads: one integral == a multiple of one moment")
        written = moments[0].integral()
        (variable, low, high), (x, *_) = integral.limits[0], written.limits[0]
        if (low, high) != written.limits[0][1:]:
            return _open("moment", "the integral is not over the positive numbers")
        constant = claimed / moments[0]
        if constant.has(variable) or constant.has(inverse_moment):
            return _open("moment", "not a constant multiple")
        ratio = (integral.function.subs(variable, x) / (written.function * constant)).powsimp(force=False)
        difference = reduce_gammas(ratio.expand(power_exp=True).powsimp() - 1)
        found = is_zero(difference, box_for([difference], context.domain))
        if found.status == "disproved":
            return Finding("disproved", "moment", found.detail)
        return Finding("proved", "moment", "") if found.status == "proved" else _open("moment", found.detail)


@dataclass(frozen=True)
class SameSign:
    """``sign(x) == sign(e)`` from a given ``x == factor e`` with a positive factor."""

    of: str
    factor: Any = S.One

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the given equation and the factor's sign."""
        given = context.given.get(self.of)
        lhs, rhs = relation.lhs, relation.rhs
        if given is None or given.rel != "==" or relation.rel != "==":
            return _open("sign", f"step {self.of!r} is not given")
        if not isinstance(lhs, sign) or not isinstance(rhs, sign) or lhs.args[0] != given.lhs:
            return _open("sign", "the relation reads: sign(what is given) == sign(expression)")
        gap = given.rhs - self.factor * rhs.args[0]
        same = is_zero(gap, box_for([gap], context.domain))
        if same.status == "disproved":
            return _open("sign", f"the given value is another multiple: {same.detail}")
        return weakest("sign", [same, decide(self.factor, ">", Integer(0), context)])
