"""The steps about modes of gradient descent, and when its step is stable (handbook A1)."""

from __future__ import annotations

from sympy import Derivative, Integer, Limit, Rational, Sum, Symbol, exp, oo

from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.calculus import Induction, Telescope
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.instances import Coordinate, Instance
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Monotone, Part
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, greater, less, v

# -- modes of descent (A1) ----------------------------------------------------

_t, _T = w.step_number, v.steps
_factor = 1 - v.learning_rate * v.mode_eigenvalue
_start = w.e(Integer(0))

SLOPE = (
    meaning("eigenvector", "eigenvector"),
    meaning("limit", "stationary-limit"),
    Step(
        "slope-in-mode",
        "along an eigenvector the gradient is the eigenvalue times the distance to the limit",
        same(
            w.mode.T * (m.X.T * (m.X * w.theta - m.y)),
            m.n * v.mode_eigenvalue * w.mode.T * (w.theta - w.limit),
        ),
        Generic((Term("eigenvector", right=w.theta - w.limit), Term("limit", w.mode.T))),
        ("eigenvector", "limit"),
    ),
    Step(
        "slope",
        "in coordinates",
        equal(w.slope(_t), v.mode_eigenvalue * w.e(_t)),
        Coordinate("slope-in-mode"),
        ("slope-in-mode",),
    ),
)

DESCENT = (
    *SLOPE,
    meaning("descent", "gradient-descent"),
    Step(
        "recursion",
        "each step multiplies the error by 1 - eta lambda",
        equal(w.e(_t + 1), _factor * w.e(_t)),
        Algebra(),
        ("descent", "slope"),
    ),
    Step(
        "closed-form",
        "after T steps by its T-th power",
        equal(w.e(_T), _factor**_T * _start),
        Induction("recursion"),
        ("recursion",),
    ),
)

_j = Symbol("j", integer=True, nonnegative=True)
_geometric = Sum(v.learning_rate * _factor**_j, (_j, 0, _T - 1))
_x = Symbol("x", positive=True)
_forever = Symbol("k", integer=True, positive=True)

EARLY_STOPPING = (
    *DESCENT,
    Step(
        "slope-at-start",
        "the first gradient",
        equal(w.slope(Integer(0)), v.mode_eigenvalue * _start),
        Coordinate("slope-in-mode"),
        ("slope-in-mode",),
    ),
    meaning("contraction-means", "contraction"),
    Step(
        "contraction-factor",
        "the error's factor",
        equal(v.mode_contraction, _factor**_T),
        Algebra(),
        ("contraction-means", "closed-form"),
    ),
    meaning("filter-means", "filter"),
    Step(
        "filter",
        "the movement over the first gradient",
        equal(v.mode_filter, (1 - _factor**_T) / v.mode_eigenvalue),
        Algebra(),
        ("filter-means", "closed-form", "slope-at-start"),
    ),
)

EARLY_STOPPING_COROLLARIES = (
    Step(
        "geometric-sum",
        "the filter is the sum of the steps' contributions",
        equal(_geometric, (1 - _factor**_T) / v.mode_eigenvalue),
        Telescope(),
    ),
    Step(
        "forever",
        "with learning rate times eigenvalue 2x/(1 + x) in (0, 2) the filter tends to 1/lambda",
        equal(Limit((1 - ((1 - _x) / (1 + _x)) ** _forever) / v.mode_eigenvalue, _forever, oo), 1 / v.mode_eigenvalue),
        TakeLimit(),
    ),
)

_time = v.learning_rate * v.steps
_decay = exp(-v.mode_eigenvalue * _time)
_grown = w.e(w.t) * exp(v.mode_eigenvalue * w.t)

EARLY_STOPPING_FLOW = (
    *SLOPE,
    Step(
        "slope-in-time",
        "in coordinates, at any time",
        equal(w.slope(w.t), v.mode_eigenvalue * w.e(w.t)),
        Coordinate("slope-in-mode"),
        ("slope-in-mode",),
    ),
    Step(
        "slope-at-start",
        "the first gradient",
        equal(w.slope(Integer(0)), v.mode_eigenvalue * _start),
        Coordinate("slope-in-mode"),
        ("slope-in-mode",),
    ),
    meaning("flow", "gradient-flow"),
    Step(
        "conserved",
        "the error times exp(lambda t) does not change",
        Statement(Derivative(_grown, w.t), "==", Integer(0)),
        Differentiate(),
        ("flow", "slope-in-time"),
    ),
    Step(
        "constant",
        "so it is what it was at the start",
        equal(_grown, _start),
        Axiom("constant-of-motion", ("conserved",)),
        ("conserved",),
    ),
    Step(
        "in-time",
        "at the time of the steps",
        equal(_grown.subs(w.t, _time), _start),
        Instance("constant", ((w.t, _time),)),
        ("constant",),
    ),
    Step(
        "closed-form",
        "the error then",
        equal(w.e(_time), _decay * _start),
        Certificate((Part(_decay, ("in-time",)),)),
        ("in-time",),
    ),
    meaning("contraction-means", "flow-contraction"),
    Step(
        "contraction-factor",
        "the error's factor",
        equal(v.mode_contraction, _decay),
        Algebra(),
        ("contraction-means", "closed-form"),
    ),
    meaning("filter-means", "flow-filter"),
    Step(
        "filter",
        "the movement over the first gradient",
        equal(v.mode_filter, (1 - _decay) / v.mode_eigenvalue),
        Algebra(),
        ("filter-means", "closed-form", "slope-at-start"),
    ),
)

# -- the step bound (A1) ------------------------------------------------------

_worst = 1 - 2 * v.step * w.worst / w.top

STEP_SUFFICIENT = (
    *DESCENT,
    meaning("unit", "step-unit"),
    meaning("largest", "top-eigenvalue"),
    Step("below", "the step is below 2n/s_max^2", less(v.step, 1), Algebra()),
    Step(
        "factor-below-one",
        "then every factor lies between -1 and 1",
        less(_worst**2, 1),
        Certificate(
            (
                Part(4 * v.step * w.worst / w.top, ("below",)),
                Part(4 * v.step**2 * w.worst / w.top**2, ("largest",)),
            )
        ),
        ("below", "largest"),
    ),
    Step(
        "power-below-one",
        "and so does its T-th power",
        less((_worst**2) ** _T, 1),
        Monotone("factor-below-one", power=_T),
        ("factor-below-one",),
    ),
    Step(
        "worst-mode",
        "the whole error falls at least like the worst mode's",
        at_most(v.error_growth**2, (1 - v.learning_rate * w.worst) ** (2 * _T)),
        Axiom("spectral-bound", ("closed-form",)),
        ("closed-form",),
    ),
    Step(
        "square-below-one",
        "the squared error falls",
        less(v.error_growth**2, 1),
        Certificate((Part(1, ("worst-mode",)), Part(1, ("power-below-one",)))),
        ("worst-mode", "power-below-one", "unit"),
    ),
    Step(
        "falls",
        "the error falls",
        less(v.error_growth, 1),
        Monotone("square-below-one", power=Rational(1, 2)),
        ("square-below-one",),
    ),
)

_above = 1 - 2 * v.step

STEP_NECESSARY = (
    *DESCENT,
    meaning("unit", "step-unit"),
    Step(
        "top-part",
        "the whole error is at least its part along the top eigenvector",
        at_least(v.error_growth**2, v.top_share * (1 - v.learning_rate * w.top) ** (2 * _T)),
        Axiom("spectral-part", ("closed-form",)),
        ("closed-form",),
    ),
    Step(
        "grows",
        "which every step multiplies by 1 - 2 step",
        at_least(v.error_growth**2, v.top_share * _above ** (2 * _T)),
        Certificate((Part(1, ("top-part",)),)),
        ("top-part", "unit"),
    ),
)

#: A step above the bound is 1 + h/2, and the factor's square (1 + h)^2.
_excess = Symbol("h_step", positive=True)

STEP_NECESSARY_COROLLARIES = (
    Step("above", "the step is above 2n/s_max^2", greater(v.step, 1), Algebra()),
    Step(
        "top-mode-grows",
        "so that factor is more than 1 in size",
        greater(_above**2, 1),
        Certificate((Part(4 * v.step, ("above",)),)),
        ("above",),
    ),
    Step(
        "diverges",
        "and the bound grows without end, unless the initial error has no part in the top mode",
        equal(Limit(((1 / (1 + _excess)) ** 2) ** _forever, _forever, oo), 0),
        TakeLimit(),
    ),
)
