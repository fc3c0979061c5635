"""What the methods and theorems of diagonal networks refuse: factors, starts, arguments and hypotheses that are off."""

from dataclasses import replace

import pytest
from sympy import Derivative, Integer, Rational, Symbol, asinh

from ftproofs.catalog import claims
from ftproofs.claim import Claim, Domain, Each, Limit, Source, Statement
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import diagonal_training as g
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import replica_theorems as q
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.growth import At, FromZero, Recursion, SameGrowth
from ftproofs.symbolic.meanings import Means
from ftproofs.symbolic.penalty import penalty_curvature
from ftproofs.symbolic.replica import replica_mse
from ftproofs.symbolic.trajectory import end_time, loss, step_number, t
from ftproofs.symbolic.vocabulary import equal, v

k, T, zero = step_number, f.T, Integer(0)
STEPS = {name: f.WORDS[f"diagonal-step-{name}"].relation for name in ("w-plus", "v-plus", "w-minus", "v-minus")}


def context(given=None, *, experiment="diagonal.scratch", quantifier=None, **ranges) -> Context:
    domain = Domain.of(**{"n": (2, 6), "d": (8, 12)} | ranges)
    return Context(Claim("test", "test", Source("test"), experiment, quantifier or Each(), domain, ()), given or {})


def limit(given=None, **ranges) -> Context:
    fixed = {"gamma": (Rational(3, 10), Rational(1, 2)), "protocol": "S", "amplitude": "gauss"} | ranges
    one = Claim("test", "test", Source("test"), "replica.finetune", Limit(), Domain.of(**fixed), ())
    return Context(one, given or {})


def test_a_recursion_is_expanded_by_the_steps():
    kept = equal(f.bilinear(k + 1), (1 - f.kick(k) ** 2) * f.bilinear(k))
    assert Recursion(tuple(STEPS)).close(kept, context(STEPS)).status == "proved"
    for factor in (1 + f.kick(k) ** 2, 1, 1 - f.kick(k)):
        wrong = equal(f.bilinear(k + 1), factor * f.bilinear(k))
        assert Recursion(tuple(STEPS)).close(wrong, context(STEPS)).status == "disproved"
    unkept = equal(
        f.w_plus(k + 1) * f.w_minus(k + 1) - f.v_plus(k + 1) * f.v_minus(k + 1),
        (1 - f.kick(k) ** 2) * (f.w_plus(k) * f.w_minus(k) - f.v_plus(k) * f.v_minus(k)),
    )
    assert Recursion(tuple(STEPS)).close(unkept, context(STEPS)).status == "disproved"
    few = {name: STEPS[name] for name in ("w-plus", "v-plus")}
    assert Recursion(tuple(few)).close(kept, context(few)).status == "undecided"
    assert Recursion(tuple(STEPS)).close(kept, context(few)).status == "undecided"


def test_growth_needs_the_same_factor_and_a_start_at_one():
    law = Statement(f.bilinear(T), "==", f.kept(T) * f.bilinear(zero))
    given = {
        "step": equal(f.bilinear(k + 1), (1 - f.kick(k) ** 2) * f.bilinear(k)),
        "product": f.WORDS["diagonal-kept"].relation,
        "start": f.WORDS["diagonal-kept-start"].relation,
        "grown": f.WORDS["diagonal-grown"].relation,
    }
    by = SameGrowth("step", "product", "start")
    assert by.close(law, context(given)).status == "proved"
    assert SameGrowth("step", "grown", "start").close(law, context(given)).status == "undecided"
    assert by.close(law, context(given | {"start": equal(f.kept(zero), 2)})).status == "undecided"
    assert by.close(replace(law, rhs=f.kept(T)), context(given)).status == "undecided"
    assert by.close(law, context({"step": given["step"]})).status == "undecided"


def test_a_function_that_rises_from_zero_is_not_negative():
    x = Symbol("x_1", nonnegative=True)
    rising = {"slope": Statement(Derivative(x - asinh(x), x), ">=", zero)}
    good = Statement(zero, "<=", x - asinh(x))
    assert FromZero("slope", x).close(good, context(rising)).status == "proved"
    assert FromZero("other", x).close(good, context(rising)).status == "undecided"
    assert FromZero("slope", x).close(Statement(zero, "<=", x - asinh(x) - 1), context(rising)).status == "undecided"
    shifted = {"slope": Statement(Derivative(x - 1, x), ">=", zero)}
    assert FromZero("slope", x).close(Statement(zero, "<=", x - 1), context(shifted)).status != "proved"
    # A derivative on a part of the half-line says nothing of what comes before it.
    for known in (v.c, Symbol("x_3", positive=True)):
        part = {"slope": Statement(Derivative(known - 1, known), ">=", zero)}
        assert FromZero("slope", known).close(Statement(zero, "<=", known - 1), context(part)).status != "proved"
        whole = {"slope": Statement(Derivative(known, known), ">=", zero)}
        assert FromZero("slope", known).close(Statement(zero, "<=", known), context(whole)).status == "undecided"
    there = {"good": good}
    assert At("good", x, v.c).close(Statement(zero, "<=", v.c - asinh(v.c)), context(there)).status == "proved"
    assert (
        At("good", x, v.r).close(Statement(zero, "<=", v.r - asinh(v.r)), context(there, r=(-1, 1))).status != "proved"
    )
    assert At("good", x, v.c).close(Statement(zero, "<=", v.c), context(there)).status == "undecided"
    signed = Symbol("x_2", real=True)
    given = {"slope": Statement(Derivative(signed, signed), ">=", zero)}
    assert FromZero("slope", signed).close(Statement(zero, "<=", signed), context(given)).status != "proved"


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("diagonal-w-plus", {"engine": "descent"}),
        ("diagonal-w-plus", {"experiment": "linear.finetune"}),
        ("diagonal-w-plus", {"experiment": "diagonal.finetune", "protocol": "readout"}),
        ("diagonal-step-w-plus", {}),
        ("diagonal-start-w-plus", {"experiment": "diagonal.finetune"}),
        ("reinit-S", {"experiment": "diagonal.finetune", "protocol": ["S", "M"]}),
        ("training-bregman-penalty", {"experiment": "diagonal.finetune", "protocol": "N"}),
        ("orders-order", {"experiment": "diagonal.finetune"}),
        ("readout-speed", {"experiment": "diagonal.finetune", "protocol": "S"}),
        ("least-weights", {}),
    ],
)
def test_words_apply_to_their_experiments_only(name, where):
    from ftproofs.symbolic.meanings import MEANINGS

    assert Means(name).close(MEANINGS[name].relation, context(**where)).status == "undecided"


def test_the_minimiser_needs_a_fit_a_slope_in_the_span_and_convexity():
    relation = Statement(m.beta, "==", m.dual)
    given = {
        "fits": Statement(m.y, "==", m.X * m.beta),
        "kkt": Statement(m.slope_change, "==", m.X.T * m.multiplier),
        "curved": Statement(penalty_curvature(f.coefficient(t), g.scale), ">", zero),
    }
    by = Axiom("strictly-convex-minimiser", ("fits", "kkt", "curved"))
    assert by.close(relation, context(given)).status == "proved"
    assert by.close(relation, context(given, engine="descent")).status == "undecided"
    for id in given:
        assert by.close(relation, context({x: s for x, s in given.items() if x != id})).status == "undecided"
    weak = given | {"curved": replace(given["curved"], rel=">=")}
    assert by.close(relation, context(weak)).status == "undecided"


def test_a_slope_at_one_time_says_nothing_of_another():
    given = {"slope": equal(g.slope(end_time), f.phase(end_time))}
    at_end = Statement(m.slope_change, "==", m.X.T * m.multiplier)
    assert Axiom("vector-of-coordinates", ("slope", "end")).close(at_end, context(given)).status == "proved"
    on_path = replace(at_end, lhs=m.slope_path)
    assert Axiom("vector-of-coordinates", ("slope", "path")).close(on_path, context(given)).status == "undecided"


def test_an_average_bounds_only_what_falls():
    words = {name: g.WORDS[f"training-{name}"].relation for name in ("work", "work-start")}
    falls = {"falls": Statement(Derivative(loss(t), t), "<=", zero)}
    relation = Statement(t * loss(t), "<=", g.work(t) / 2)
    by = Axiom("falling-average", ("falls", "work", "work-start"))
    assert by.close(relation, context(words | falls)).status == "proved"
    assert by.close(replace(relation, rhs=g.work(t)), context(words | falls)).status == "undecided"
    grows = {"falls": Statement(Derivative(loss(t), t), ">=", zero)}
    assert by.close(relation, context(words | grows)).status == "undecided"


# -- the replica ----------------------------------------------------------------------


def test_the_replica_speaks_of_limits_of_centred_fine_tuning_on_good_features():
    noise = q.EQUATIONS["noise"]
    by = Axiom("replica", ("noise",))
    assert by.close(noise, limit()).status == "proved"
    assert by.close(replace(noise, rhs=v.sigma**2 + v.gamma * q.error(q.theta, q.tau)), limit()).status == "undecided"
    for change in ({"protocol": "N"}, {"protocol": ["S", "M"]}, {"gamma_s": 2}, {"sigma_s": Rational(1, 10)},
                   {"gamma": (Rational(1, 2), 2)}, {"amplitude": ["atom", "gauss"]}):  # fmt: skip
        assert by.close(noise, limit(**change)).status == "undecided", change
    assert by.close(noise, context(experiment="replica.finetune", protocol="S")).status == "undecided"


def test_the_solution_has_the_arguments_of_the_tasks():
    given = {"noise": q.EQUATIONS["noise"], "strength": q.EQUATIONS["strength"]}
    by, what = q.Solution(("noise", "strength")), q.error(q.theta, q.tau)
    args = q.arguments("S", "gauss")
    assert by.close(equal(what, replica_mse(*args)), limit(given)).status == "proved"
    for wrong in (q.arguments("M", "gauss"), q.arguments("S", "atom"), (args[0], 2 * args[1], *args[2:])):
        assert by.close(equal(what, replica_mse(*wrong)), limit(given)).status == "undecided"
    assert by.close(equal(q.tau, replica_mse(*args)), limit(given)).status == "undecided"
    swapped = {"noise": given["strength"], "strength": given["noise"]}
    assert by.close(equal(what, replica_mse(*args)), limit(swapped)).status == "undecided"


@pytest.mark.parametrize("id", ["diagonal-scale-sum", "diagonal-order", "diagonal-trajectory", "replica-risk"])
def test_a_changed_statement_is_not_proved(id):
    one = claims()[id]
    for factor in (2, Rational(101, 100)):
        wrong = replace(one.statements[-1], rhs=factor * one.statements[-1].rhs + Rational(1, 7))
        assert derive(replace(one, statements=(wrong,))).status in ("gap", "disproved")
