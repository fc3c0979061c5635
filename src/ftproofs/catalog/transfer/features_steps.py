"""The steps to the features that pretraining leaves: what is conserved fixes their singular values (handbook B2)."""

from __future__ import annotations

from sympy import Rational

from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import pretraining as p
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.methods import Monotone
from ftproofs.symbolic.vocabulary import SYMBOLS, equal, v

GRAM = (
    Step(
        "imbalance",
        "W_1'W_1 - W_2W_2' does not move, whatever the gradient",
        same(p.imbalance_velocity, p.ZERO),
        Generic(),
    ),
    Step(
        "gram",
        "so at the end the first layer's Gram matrix is what it was, and the readout's square",
        p.GRAM,
        Axiom("conserved-matrix", ("imbalance",)),
        ("imbalance",),
    ),
)


def _value(k: int) -> tuple[Step, ...]:
    one, other = SYMBOLS[f"singular_value_{k}"], SYMBOLS[f"conserved_value_{k}"]
    return (
        Step(
            f"square-{k}",
            f"eigenvalue {k} of both sides",
            equal(one**2, other**2),
            Axiom("equal-spectra", ("gram", k)),
            ("gram",),
        ),
        Step(
            f"value-{k}",
            f"singular value {k}",
            equal(one, other),
            Monotone(f"square-{k}", power=Rational(1, 2)),
            (f"square-{k}",),
        ),
    )


_END = (
    meaning("pretrained", "pretrained"),
    Step(
        "gram-start",
        "the same, read the other way",
        Statement(p.D_0, "==", p.GRAM.lhs - p.V * p.V.T),
        Generic((Term("gram", -1),)),
        ("gram",),
    ),
    Step(
        "norms",
        "the source's norm, by readout and imbalance",
        equal(v.readout_norm**4 + v.readout_form, v.source_norm**2),
        Generic(),
        ("pretrained", "gram-start"),
    ),
)

IDENTITIES = (
    *GRAM,
    *_value(1),
    *_value(2),
    *_value(3),
    meaning("off", "off-readout"),
    Step(
        "spurious-gram",
        "off the readout only the start's imbalance is left",
        p.SPURIOUS,
        Generic((Term("gram", p.Q.T, p.Q), Term("off", p.Q.T * p.V))),
        ("gram", "off"),
    ),
    Step(
        "spurious-square",
        "its largest eigenvalue",
        equal(v.spurious_value**2, v.conserved_spurious_value**2),
        Axiom("equal-spectra", ("spurious-gram", 0)),
        ("spurious-gram",),
    ),
    Step(
        "spurious",
        "the spurious features' largest singular value",
        equal(v.spurious_value, v.conserved_spurious_value),
        Monotone("spurious-square", power=Rational(1, 2)),
        ("spurious-square",),
    ),
    *_END,
)

ORTHONORMAL = (
    *GRAM,
    Step(
        "square",
        "an orthonormal start: all but the extreme two eigenvalues are the scale's square",
        equal(v.singular_value_2**2, v.init_scale**2),
        Axiom("interlacing", ("gram",)),
        ("gram",),
    ),
    Step(
        "second",
        "so the second singular value is the scale",
        equal(v.singular_value_2, v.init_scale),
        Monotone("square", power=Rational(1, 2)),
        ("square",),
    ),
)
