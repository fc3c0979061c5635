"""The theorems behind the recovery threshold: what they support, and what they refuse."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from flint import arb
from sympy import Derivative, Integer, Rational, Symbol, erfc, sqrt

from ftproofs.catalog import claims
from ftproofs.claim import Claim, Domain, Limit, Source, real_range
from ftproofs.symbolic import balls, recovery
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.recovery import recovery_alpha, recovery_objective, recovery_threshold
from ftproofs.symbolic.recovery_theorems import mills_ratio, recovery_root, threshold
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, less, v

EPS = v.rho_shared
RANGE = real_range(Rational(1, 10), Rational(9, 10))
ID = "replica-recovery-thresholds"


def context(given=None, share=RANGE) -> Context:
    domain = Domain.of(rho_shared=share)
    return Context(Claim("test", "test", Source("test"), "replica.finetune", Limit(), domain, ()), given or {})


@pytest.mark.parametrize("eps", [Rational(1, 10), Rational(1, 2), Rational(9, 10)])
def test_the_root_and_the_ratio_hold_in_numbers(eps):
    root = recovery_root(context(), eps)
    assert balls.enclose(root.lhs - root.rhs, {}, prec=200).contains(0)
    ratio = mills_ratio(context(), recovery_alpha(eps))
    assert balls.enclose(ratio.rhs - ratio.lhs, {}, prec=200) > 0


def test_a_share_outside_the_unit_interval_has_no_root():
    good = recovery_root(context(), EPS)
    assert Axiom("recovery-root", (EPS,)).close(good, context()).status == "proved"
    assert Axiom("recovery-root", (EPS,)).close(good, context(share=real_range(0, 2))).status == "undecided"
    x = Symbol("x", real=True)
    assert Axiom("mills-ratio", (x,)).close(less(0, x), context()).status == "undecided"


ALPHA, OTHER = recovery_alpha(EPS), Integer(2)
GIVEN = {step.id: step.relation for step in claims()[ID].steps}
NAMES = ("shared-slope", "shared-curvature", "shared-convex", "shared-root")


def test_a_convex_function_is_least_where_its_slope_vanishes():
    given = {name: GIVEN[name] for name in NAMES}
    axiom = Axiom("convex-minimum", (*NAMES, OTHER))
    least = at_most(recovery_objective(EPS, ALPHA), recovery_objective(EPS, OTHER))
    assert axiom.close(least, context(given)).status == "proved"
    assert axiom.close(at_least(least.lhs, least.rhs), context(given)).status == "undecided"
    slope, curvature, convex, root = (given[name] for name in NAMES)
    changed = {
        "shared-slope": [equal(Derivative(threshold**3, threshold), slope.rhs), equal(slope.lhs, 2 * slope.rhs)],
        "shared-curvature": [equal(curvature.lhs, 1), equal(Derivative(threshold, threshold), curvature.rhs)],
        "shared-convex": [less(Integer(0), curvature.rhs + 1), at_most(Integer(0), convex.rhs)],
        "shared-root": [equal(root.lhs, 2 * root.rhs), equal(EPS * recovery_alpha(EPS / 2), root.rhs)],
    }
    for name, relations in changed.items():
        for relation in relations:
            found = axiom.close(least, context(given | {name: relation}))
            assert found.status == "undecided", (name, relation)
        assert axiom.close(least, context({k: x for k, x in given.items() if k != name})).status == "undecided"
    negative = Axiom("convex-minimum", (*NAMES, Integer(-1)))
    assert negative.close(least, context(given)).status == "undecided"


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        (less(v.rho_pt * recovery_threshold(EPS), v.rho_pt * EPS), "disproved"),
        (equal(v.rho_pt * recovery_threshold(EPS), v.rho_pt), "disproved"),
        (less(recovery_threshold(v.rho_pt * EPS), v.rho_pt * recovery_threshold(EPS)), "disproved"),
        (less(v.rho_pt * EPS, v.rho_pt * recovery_threshold(EPS)), "gap"),  # true, but no step says so
    ],
)
def test_what_is_false_at_a_setting_is_disproved_and_what_is_true_is_not(statement, status):
    claim = claims()[ID]
    claim = replace(claim, statements=(statement,), steps=claim.steps[:1])
    found = derive(claim)
    assert found.status == status, found.detail
    # A claim that is trained is judged by its training.
    assert derive(replace(claim, untrained="", statements=(less(v.rho_pt, v.rho_pt * EPS),))).status == "gap"


def test_the_objective_s_curvature_is_what_the_derivation_says():
    curvature = GIVEN["shared-curvature"].rhs
    assert curvature == 2 * (EPS + (1 - EPS) * erfc(threshold / sqrt(2)))
    numbers = {EPS: Rational(1, 3), threshold: Rational(3, 2)}
    second = recovery_objective(EPS, threshold).diff(threshold, 2)
    assert float(second.subs(numbers).evalf(30) - curvature.subs(numbers).evalf(30)) == pytest.approx(0, abs=1e-25)


@pytest.mark.parametrize(
    ("enclosed", "exact"), [(recovery.alpha_ball, recovery.alpha_mp), (recovery.alpha_at_ball, recovery.alpha_at_mp)]
)
def test_the_minimiser_is_enclosed_over_narrow_and_wide_balls(enclosed, exact):
    random = np.random.default_rng(0)
    with mpmath.workprec(200), balls.precision(128):
        for low, factor in zip(random.random(60) ** 3 * 0.9 + 1e-9, 10.0 ** random.uniform(-12, 0, 60), strict=True):
            high = min(float(low * (1 + factor)), 0.999)
            found = enclosed(arb(float(low)).union(arb(high)))
            for share in (float(low), high, float(low + (high - low) * random.random())):
                assert found.contains(arb(mpmath.nstr(exact(mpmath.mp, mpmath.mpf(share)), 45)).mid()), (low, high)
        assert enclosed(arb(0.25)).rel_accuracy_bits() > 110  # a point is enclosed to the precision in force
