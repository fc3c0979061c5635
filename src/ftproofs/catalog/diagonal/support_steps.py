"""The penalty on the pretrained support, where that can fit, beside its least there (handbook 6.4)."""

from __future__ import annotations

from sympy import Integer

from ftproofs.catalog.diagonal.bias_steps import INTERPOLATION
from ftproofs.catalog.diagonal.limits_steps import STATIONARY
from ftproofs.catalog.linear.endpoint_steps import meaning
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import diagonal_support as s
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.methods import Certificate, Part
from ftproofs.symbolic.vocabulary import at_most, v

_curved = next(step for step in INTERPOLATION if step.id == "curved")
_ENDS = ("residual", "slope-in-span", "slope-at-zero")

SUPPORT = (
    *STATIONARY,
    _curved,
    Step(
        "tangent-at-end",
        "the penalty lies above its tangent at the end",
        s.tangent(s.ending, s.best),
        Axiom("convex-tangent", ("curved", s.ending, s.best)),
        ("curved",),
    ),
    Step(
        "end-least",
        "so the end costs no more than the support's fit",
        at_most(s.support_penalty + s.rest_penalty, s.support_least),
        Axiom("least-of-fits", ("tangent-at-end", *_ENDS)),
        ("tangent-at-end", *_ENDS),
    ),
    meaning("gain-is", "support-gain"),
    Step(
        "gain",
        "nor does its part on the support",
        Statement(v.support_gain, ">=", Integer(0)),
        Certificate((Part(1, ("end-least",)), Part(s.rest_penalty))),
        ("end-least", "gain-is"),
    ),
    meaning("support-slope", "support-slope"),
    meaning("leak", "support-leak"),
    Step(
        "tangent-at-fit",
        "the penalty lies above its tangent at the support's fit",
        s.tangent(s.best, s.ending),
        Axiom("convex-tangent", ("curved", s.best, s.ending)),
        ("curved",),
    ),
    Step(
        "penalties",
        "so over the support",
        at_most(s.support_least + s.pull_sum, s.support_penalty),
        Axiom("sum-of-penalties", ("tangent-at-fit", "support-slope")),
        ("tangent-at-fit", "support-slope"),
    ),
    Step(
        "carried",
        "where both fit, so that the rest carries the difference",
        Statement(s.pull_sum, "==", -s.leak_sum),
        Axiom("fits-differ", ("residual",)),
        ("residual",),
    ),
    Step(
        "leak-bound",
        "so the gain is at most what the rest carries",
        at_most(v.support_gain, v.support_leak),
        Certificate((Part(1, ("penalties",)), Part(1, ("carried",)), Part(1, ("leak",)))),
        ("penalties", "carried", "leak", "gain-is"),
    ),
)
