"""Theorems of the closed list: they support what they say, under their hypotheses, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sympy import Derivative, Integer, Limit, Symbol, exp, oo

from ftproofs.catalog import claims
from ftproofs.claim import Claim, Domain, Each, Source, Statement, Step, log_range, real_range
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.axioms import AXIOMS, Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.instances import Coordinate, Instance, Outside, Setting
from ftproofs.symbolic.meanings import MEANINGS, Means
from ftproofs.symbolic.methods import Let, Under
from ftproofs.symbolic.quadrature import quadrature
from ftproofs.symbolic.theorems import inverse_chi_square_mean, null_fraction_moment, root_equation
from ftproofs.symbolic.vocabulary import equal, v

BASE = {
    "n": (2, 12),
    "d": (13, 24),
    "theta": real_range(0, 3),
    "source_norm": log_range(1, 2),
    "sigma": real_range(0, 1),
}


def context(*constraints, experiment="linear.finetune", given=None, **ranges) -> Context:
    domain = Domain.of(**BASE | ranges).where(*constraints)
    return Context(Claim("test", "test", Source("test"), experiment, Each(), domain, ()), given or {})


def same(lhs, rhs) -> Statement:
    return Statement(lhs, "==", rhs)


def supports(axiom: Axiom, relation: Statement, where: Context) -> bool:
    return axiom.close(relation, where).status == "proved"


def test_every_theorem_has_a_citation_with_a_year():
    for name, theorem in AXIOMS.items():
        assert any(c.isdigit() for c in theorem.citation), name
        assert theorem.says


def test_a_name_that_is_not_in_the_list_supports_nothing():
    assert not supports(Axiom("wishful-thinking"), equal(v.risk, 0), context())


# -- analysis -------------------------------------------------------------------

MOVES = {"flow": same(Derivative(w.e(w.t) * exp(w.t), w.t), Integer(0))}


def test_a_vanishing_derivative_means_a_constant():
    axiom = Axiom("constant-of-motion", ("flow",))
    good = same(w.e(w.t) * exp(w.t), w.e(Integer(0)))
    assert supports(axiom, good, context(given=MOVES))
    assert not supports(axiom, same(w.e(w.t), w.e(Integer(0))), context(given=MOVES))
    assert not supports(axiom, good, context())
    moving = {"flow": same(Derivative(w.e(w.t), w.t), Integer(1))}
    assert not supports(axiom, same(w.e(w.t), w.e(Integer(0))), context(given=moving))


def test_gronwall_needs_a_constant_rate():
    c = Symbol("rate", positive=True)
    decays = {"decay": Statement(Derivative(w.loss(w.t), w.t), "<=", -c * w.loss(w.t))}
    axiom = Axiom("gronwall", ("decay",))
    good = Statement(w.loss(w.t), "<=", w.loss(Integer(0)) * exp(-c * w.t))
    assert supports(axiom, good, context(given=decays))
    assert not supports(axiom, replace(good, rhs=w.loss(Integer(0)) * exp(-2 * c * w.t)), context(given=decays))
    for rate in (w.t, w.N(w.t), w.loss(w.t)):
        varying = {"decay": Statement(Derivative(w.loss(w.t), w.t), "<=", -rate * w.loss(w.t))}
        assert "constant" in axiom.close(good, context(given=varying)).detail


def test_roots_converge_only_with_every_premise():
    z, later = Symbol("z", positive=True), Symbol("later_layers", positive=True)
    root = depth_root(v.L, v.min_norm, v.perp_source_norm, v.source_norm)
    f = root_equation(z, later, root)
    claim = claims()["deep-linear-infinite-depth"]
    steps = {step.id: step for step in claim.steps}
    axiom, ids = steps["root-limit"].by, steps["root-limit"].given
    given = {id: steps[id].relation for id in ids}
    full = Context(claim, given)
    assert supports(axiom, steps["root-limit"].relation, full)
    for missing in ids:
        fewer = {id: relation for id, relation in given.items() if id != missing}
        assert not supports(axiom, steps["root-limit"].relation, Context(claim, fewer)), missing
    value = v.min_norm / v.source_norm
    wrong = Axiom("monotone-roots", (root, z, later, value, "rising", "pointwise"))
    assert "no zero" in wrong.close(same(Limit(root, v.L, oo), value), full).detail
    falling = given | {"rising": Statement(Derivative(f, z), "<", Integer(0))}
    assert not supports(axiom, steps["root-limit"].relation, Context(claim, falling))


# -- optimization and linear algebra ----------------------------------------------


def test_the_span_is_kept_by_gradient_methods_only():
    gradient = m.P_perp * (m.X.T * (m.X * w.theta - m.y))
    given = {"span": same(gradient, m.ZERO)}
    axiom, stays = Axiom("gradient-span", ("span",)), same(m.P_perp * (m.beta - m.theta_S), m.ZERO)
    assert supports(axiom, stays, context(given=given))
    assert supports(axiom, stays, context(given=given, experiment="linear.stability", optimizer=["gd", "sgd", "flow"]))
    for ranges in ({"optimizer": "adam"}, {"optimizer": ["gd", "adam"]}, {"weight_decay": real_range(0, 1)}):
        assert not supports(axiom, stays, context(given=given, experiment="linear.stability", **ranges))
    assert not supports(axiom, stays, context(given=given, experiment="deep-linear.finetune"))
    assert not supports(axiom, same(m.beta, m.theta_S), context(given=given))
    assert not supports(axiom, stays, context(given={"span": same(m.P_perp * m.theta_S, m.ZERO)}))


def test_convergence_on_quadratics_needs_the_contraction_and_data_that_one_sample_steps_can_fit():
    given = {"contraction": Statement((1 - w.rate) ** 2, "<", Integer(1))}
    axiom = Axiom("quadratic-convergence", ("contraction",))
    rests = same(m.X.T * (m.X * m.beta - m.y), m.ZERO)
    assert supports(axiom, rests, context(given=given))
    assert supports(axiom, rests, context(given=given, optimizer=["gd", "sgd"]))
    assert not supports(axiom, rests, context(given=given, optimizer=["gd", "sgd"], n=(2, 40)))
    assert not supports(axiom, rests, context(given=given, experiment="linear.stability", optimizer="gd"))
    weaker = {"contraction": Statement((1 - w.rate) ** 2, "<", Integer(2))}
    assert not supports(axiom, rests, context(given=weaker))


def test_the_worst_mode_is_not_the_drawn_one():
    factor = (1 - v.learning_rate * v.mode_eigenvalue) ** v.steps
    given = {"form": equal(w.e(v.steps), factor * w.e(Integer(0)))}
    axiom = Axiom("spectral-bound", ("form",))
    drawn = Statement(v.error_growth**2, "<=", factor**2)
    worst = Statement(v.error_growth**2, "<=", (factor**2).subs(v.mode_eigenvalue, w.worst))
    assert supports(axiom, worst, context(given=given))
    assert not supports(axiom, drawn, context(given=given))


def test_general_position_needs_fewer_random_rows_than_dimensions():
    axiom = Axiom("general-position", (v.perp_source_norm,))
    outside = Statement(v.perp_source_norm, ">", Integer(0))
    assert supports(axiom, outside, context())
    assert not supports(axiom, outside, context(n=(2, 13)))
    assert not supports(axiom, outside, context(inputs="population"))
    assert not supports(axiom, outside, context(inputs=["gaussian", "population"]))
    assert not supports(Axiom("general-position", (v.risk,)), Statement(v.risk, ">", Integer(0)), context())


def test_balanced_layers_are_a_chain_only_if_they_start_balanced():
    ids = ("one", "two", "three")
    given = dict(zip(ids, w.TANGENT, strict=True))
    axiom = Axiom("invariant-family", ("first-layer", *ids))
    deep = {"experiment": "deep-linear.finetune", "L": [2, 3]}
    assert supports(axiom, w.CHAIN["first-layer"], context(given=given, **deep))
    assert not supports(axiom, w.CHAIN["first-layer"], context(given=given, imbalance=2, **deep))
    assert not supports(axiom, w.CHAIN["first-layer"], context(given=given, imbalance=real_range(1, 2), **deep))
    assert not supports(axiom, w.CHAIN["later-layers"], context(given=given, **deep))
    assert not supports(axiom, w.CHAIN["first-layer"], context(given={"one": w.TANGENT[0]}, **deep))


# -- random matrices -----------------------------------------------------------------


def draws(n: int, d: int, count: int) -> np.ndarray:
    return np.random.default_rng([11, n, d]).standard_normal((count, n, d))


@pytest.mark.parametrize("order", [1, 2])
def test_the_null_fraction_law_is_what_gaussian_rows_do(order):
    n, d, count = 4, 9, 20000
    q = np.linalg.qr(draws(n, d, count).transpose(0, 2, 1))[0]
    share = 1 - (q[:, 0, :] ** 2).sum(axis=1)
    moment = float(quadrature(null_fraction_moment(order), {v.n: Integer(n), v.d: Integer(d)}).mid())
    spread = (share**order).std() / count**0.5
    assert abs((share**order).mean() - moment) < 5 * spread


@pytest.mark.parametrize(("n", "d"), [(3, 12), (12, 3)])
def test_the_inverse_wishart_trace_is_what_gaussian_rows_do(n, d):
    x = draws(n, d, 20000)
    gram = x @ x.transpose(0, 2, 1) if n < d else x.transpose(0, 2, 1) @ x
    trace = np.trace(np.linalg.inv(gram), axis1=1, axis2=2)
    here = context(n=n, d=d)
    p, k = min(n, d), abs(n - d) + 1
    symbol, degrees = (v.n, v.d - v.n + 1) if n < d else (v.d, v.n - v.d + 1)
    relation = same(E(m.gram_inverse_trace), symbol * inverse_chi_square_mean(degrees))
    assert supports(Axiom("wishart-inverse-trace"), relation, here)
    predicted = p * float(quadrature(inverse_chi_square_mean(Integer(k)), {}).mid())
    assert abs(trace.mean() - predicted) < 5 * trace.std() / len(trace) ** 0.5


def test_random_matrix_laws_need_isotropic_inputs_of_the_right_kind():
    share = same(E(v.perp_delta_norm**2), v.delta_norm**2 * null_fraction_moment(1))
    haar, wishart = Axiom("haar-null-fraction", (1,)), Axiom("wishart-inverse-trace")
    trace = same(E(m.gram_inverse_trace), v.n * inverse_chi_square_mean(v.d - v.n + 1))
    assert supports(haar, share, context())
    assert supports(haar, share, context(inputs=["gaussian", "sphere"]))
    assert supports(wishart, trace, context())
    assert not supports(wishart, trace, context(inputs=["gaussian", "sphere"]))
    for axiom, relation in ((haar, share), (wishart, trace)):
        assert not supports(axiom, relation, context(spectrum="power-law"))
        assert not supports(axiom, relation, context(inputs="population"))
        assert not supports(axiom, relation, context(n=(2, 40)))
        assert not supports(axiom, replace(relation, rhs=2 * relation.rhs), context())


def test_noise_means_are_checked_and_not_believed():
    mean = same(E(v.noise_risk), v.sigma**2 * E(v.noise_trace))
    axiom = Axiom("white-noise", (v.noise_risk, v.sigma**2 * v.noise_trace))
    here = context(spectrum=["power-law", "isotropic"])
    assert supports(axiom, mean, here)
    assert not supports(Axiom("white-noise", (v.noise_risk, v.sigma**2)), same(E(v.noise_risk), v.sigma**2), here)
    assert not supports(axiom, same(E(v.noise_risk), E(v.noise_trace)), here)
    wrong = Axiom("white-noise", (v.risk, v.sigma**2 * v.noise_trace))
    assert not supports(wrong, same(E(v.risk), v.sigma**2 * E(v.noise_trace)), here)


# -- meanings and instances -----------------------------------------------------------


def test_meanings_are_the_listed_equations_where_they_apply():
    deep = context(experiment="deep-linear.finetune", L=[2])
    start = MEANINGS["start"].relation
    assert Means("start").close(start, deep).status == "proved"
    assert Means("start").close(replace(start, rhs=2 * start.rhs), deep).status == "undecided"
    assert Means("start").close(start, context()).status == "undecided"
    assert Means("elsewhere").close(start, deep).status == "undecided"
    descent = MEANINGS["gradient-descent"].relation
    stability = {"experiment": "linear.stability"}
    assert Means("gradient-descent").close(descent, context(**stability)).status == "proved"
    assert Means("gradient-descent").close(descent, context(optimizer="flow", **stability)).status == "undecided"
    assert Means("stable-step").close(MEANINGS["stable-step"].relation, context(**stability)).status == "undecided"


def test_each_reading_in_time_has_a_time_of_its_own():
    times = [w.gap_time, w.layer_time, w.norm_time, w.rate_time, w.end_time, w.t]
    assert len(set(times)) == len(times)
    for name in ("path-gap", "smallest-norm", "decay-rate", "first-layer-gap", "end-norm"):
        relation = MEANINGS[name].relation
        assert w.t not in (relation.lhs - relation.rhs).free_symbols, name


def test_instances_change_times_and_directions_only():
    given = {"path": same(w.p(w.t), w.N(w.t) * w.p(Integer(0)))}
    there = Instance("path", ((w.t, w.end_time),))
    assert (
        there.close(same(w.p(w.end_time), w.N(w.end_time) * w.p(Integer(0))), context(given=given)).status == "proved"
    )
    assert there.close(same(w.p(w.end_time), w.N(w.t) * w.p(Integer(0))), context(given=given)).status == "undecided"
    norm = Instance("path", ((w.N(w.t), Integer(1)),))
    assert norm.close(same(w.p(w.t), w.p(Integer(0))), context(given=given)).status == "undecided"
    back = Instance("path", ((w.t, -w.end_time),))
    relation = same(w.p(-w.end_time), w.N(-w.end_time) * w.p(Integer(0)))
    assert back.close(relation, context(given=given)).status == "undecided"


def test_coordinates_need_their_matrix_equation():
    assert Outside("span").close(same(w.g_perp(w.t), Integer(0)), context()).status == "undecided"
    given = {"span": same(m.P_perp * (m.X.T * (m.X * w.theta - m.y)), m.ZERO)}
    assert Outside("span").close(same(w.g_perp(w.t), Integer(0)), context(given=given)).status == "proved"
    assert Outside("span").close(same(w.g(w.t), Integer(0)), context(given=given)).status == "undecided"
    t = w.step_number
    assert Coordinate("x").close(same(w.slope(t), 2 * w.e(t)), context(given=given)).status == "undecided"


def test_a_setting_stands_under_its_condition():
    given = {"root": equal(v.perp_ratio, v.L)}
    at = Setting("root", v.L, Integer(1))
    assert at.close(equal(v.perp_ratio, 1), context(given=given)).status == "undecided"


# -- no theorem is a claim's statement ---------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(claim, marks=[pytest.mark.slow] if claim.id == "replica-recovery-thresholds" else [])
        for claim in claims().values()
    ],
    ids=lambda c: c.id,
)
def test_no_statement_is_concluded_by_premises_alone(claim):
    premises = tuple(
        step
        for step in claim.steps
        if isinstance(step.by, (Axiom, Means, Let)) and not set(step.given) & open_ids(claim)
    )
    assert derive(replace(claim, steps=premises, corollaries=())).status in ("gap", "none")


@pytest.mark.parametrize(
    "id", ["linear-mean-risk", "linear-bias-mean", "deep-linear-norm-floor", "deep-linear-infinite-depth"]
)
def test_a_theorem_step_concludes_nothing_even_if_it_reads_like_the_statement(id):
    claim = claims()[id]
    number, step = [(i, s) for i, s in enumerate(claim.steps) if isinstance(unwrapped(s), Axiom)][-1]
    found = derive(replace(claim, statements=(step.relation,), steps=claim.steps[: number + 1], corollaries=()))
    assert found.status == "gap"
    assert "no step concludes" in found.detail


def unwrapped(step: Step) -> object:
    return step.by.method if isinstance(step.by, Under) else step.by


def open_ids(claim: Claim) -> set[str]:
    """Steps that are no premises, and those that rest on them."""
    found: set[str] = set()
    for step in claim.steps:
        if not isinstance(unwrapped(step), (Axiom, Means, Let)) or set(step.given) & found:
            found.add(step.id)
    return found


def test_a_step_without_a_method_closes_nothing():
    claim = claims()["linear-risk"]
    silent = Step("risk", "says so", claim.statements[0], by=None)
    assert derive(replace(claim, steps=(silent,))).status == "gap"
