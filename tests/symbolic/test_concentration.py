"""Theorems about extremes: what they need, what they may fail by, and Gaussian matrices that agree with them."""

from dataclasses import replace

import numpy as np
import pytest
from sympy import Integer, Symbol, exp, sqrt

from ftproofs.catalog.linear import bounds as catalog
from ftproofs.claim import Claim, Domain, Each, Probability, Source, Statement, real_range
from ftproofs.symbolic import bounds, split
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import AXIOMS, Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.derivation import close_steps, conclude, derive
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.meanings import MEANINGS, Means
from ftproofs.symbolic.vocabulary import at_most, equal, v

SIMPLE = {"n": (20, 24), "d": (30, 40), "split": (1, 4), "theta": real_range(0, 3), "deviation": real_range(1, 2)}
LEVEL = Probability(1 - 2 * exp(-(v.deviation**2) / 2))


def context(given=None, quantifier=LEVEL, **ranges) -> Context:
    domain = Domain.of(**SIMPLE | ranges)
    return Context(Claim("test", "test", Source("test"), "linear.bounds", quantifier, domain, ()), given or {})


def supports(axiom, relation, where) -> bool:
    return axiom.close(relation, where).status == "proved"


# -- levels -------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [catalog.GAUSSIAN, catalog.TRACE, catalog.LOCALISED, catalog.VARIANCE])
def test_what_may_fail_is_compared_with_the_level(claim):
    count = sum(isinstance(step.by, Axiom) and AXIOMS[step.by.name].failure != 0 for step in claim.steps)
    assert count in (1, 2, 4)
    failure = exp(-(v.deviation**2) / 2)
    closed = close_steps(claim)
    enough = replace(claim, quantifier=Probability(1 - count * failure))
    assert conclude(enough, closed)[0] == "proved"
    for level in (1 - (count - Integer(1) / 10**6) * failure, Integer(99) / 100, 1 - failure**2):
        status, detail = conclude(replace(claim, quantifier=Probability(level)), closed)
        assert status == "gap"
        assert "may fail" in detail
    assert derive(replace(claim, quantifier=Each())).status == "gap"


def test_a_claim_without_level_cites_nothing_that_may_fail():
    for name in ("gordon-smallest", "chevet", "gordon-tail", "laurent-massart"):
        relation = AXIOMS[name].template(context())
        assert supports(Axiom(name), relation, context())
        assert not supports(Axiom(name), relation, context(quantifier=Each()))
        assert not supports(Axiom(name), relation, context(inputs="sphere"))
        assert not supports(Axiom(name), Statement(relation.lhs, "==", relation.rhs), context())


# -- hypotheses -----------------------------------------------------------------------


def test_concentration_is_one_sided_and_scaled():
    axiom = Axiom("gaussian-concentration", (split.top_tail,))
    good = at_most(split.top_tail, E(split.top_tail) + v.deviation * sqrt(v.tail_eigenvalue))
    assert supports(axiom, good, context())
    assert not supports(axiom, at_most(split.top_tail, E(split.top_tail) + v.deviation), context())
    assert not supports(axiom, at_most(split.top_tail, E(split.top_tail)), context())
    assert not supports(Axiom("gaussian-concentration", (v.risk,)), good, context())


def test_the_split_ratio_needs_cancelling_coordinates_and_fewer_leading_directions():
    null = {"null": Statement(m.X * m.head * m.outside, "==", -m.X * m.tail * m.outside)}
    axiom, good = Axiom("least-squares-norm", ("null",)), at_most(m.head_length, v.split_ratio * m.tail_length)
    assert supports(axiom, good, context(null))
    assert not supports(axiom, good, context())
    assert not supports(axiom, good, context(null, split=(1, 22)))
    assert not supports(axiom, at_most(m.head_length, m.tail_length), context(null))
    other = {"null": Statement(m.X * m.head * m.delta, "==", -m.X * m.tail * m.delta)}
    assert not supports(axiom, good, context(other))


def test_a_product_of_vectors_is_read_as_given():
    pair = {"pair": Statement(m.READINGS[m.tail_product].matrix, "==", (m.tail * m.outside).T * (m.tail * m.delta))}
    good = at_most(m.tail_product, m.tail_length * v.tail_delta_norm)
    arguments = ("pair", m.tail_product, m.tail_length, v.tail_delta_norm)
    assert supports(Axiom("cauchy-schwarz-vectors", arguments), good, context(pair))
    assert not supports(Axiom("cauchy-schwarz-vectors", arguments), good, context())
    other = ("pair", m.tail_product, m.tail_length, v.head_delta_norm)
    shorter = at_most(m.tail_product, m.tail_length * v.head_delta_norm)
    assert not supports(Axiom("cauchy-schwarz-vectors", other), shorter, context(pair))


def test_the_width_needs_a_sum_of_squares_that_forgets_the_point():
    g, u = split.normal, split.point
    axiom = Axiom("gaussian-width", ("height",))
    width = split.width(split.radius) ** 2
    for form, good in (
        (g[0] ** 2 + 3 * g[1] ** 2, 4),
        (g[0] * g[1], None),
        (u[0] ** 2 * g[0] ** 2, None),
        (g[0], None),
    ):
        given = {"height": Statement(split.product() ** 2, "<=", form)}
        for total in (4, 1, 3):
            assert supports(axiom, Statement(width, "<=", Integer(total)), context(given)) == (total == good)


def test_escaping_needs_a_width_that_is_small_enough_there():
    gap = bounds.escape_gap(v.n, v.deviation)
    width = Statement(split.width(split.radius) ** 2, "<=", 1 / split.radius)
    given = {"width": width, "value": Statement(gap**2, "==", gap**2)}
    good, axiom = Statement(split.null_form, ">=", gap**2), Axiom("gordon-escape", ("width", 1 / gap**2, "value"))
    assert supports(axiom, good, context(given))
    assert not supports(axiom, good, context(given, deviation=real_range(1, 5)))
    assert not supports(axiom, good, context(given | {"value": Statement(gap**2, "==", 2 * gap**2)}))
    assert not supports(axiom, good, context(given, quantifier=Each()))
    wrong = Axiom("gordon-escape", ("width", 1 / (2 * gap**2), "value"))
    assert not supports(wrong, Statement(split.null_form, ">=", 2 * gap**2), context(given))


def test_a_rank_bound_is_for_every_vector():
    low, top = split.low_tail, split.top_tail
    axiom = Axiom("frobenius-rank", ("lead",))
    good = at_most(low**2 * m.head_share, v.split * top)
    assert supports(axiom, good, context({"lead": at_most(low**2 * m.lead_length**2, top * m.probe_length**2)}))
    varying = {"lead": at_most(low**2 * m.lead_length**2, top * m.image_length * m.probe_length)}
    assert not supports(axiom, good, context(varying))


def test_meanings_of_the_split_say_where_they_apply():
    for name, bad in (("split-ratio", {"split": (0, 4)}), ("spiked-tail", {"spectrum": "power-law"})):
        relation = MEANINGS[name].relation
        spiked = {"spectrum": "spiked", "spikes": 1, "spike_ratio": 4}
        assert Means(name).close(relation, context(**spiked)).status == "proved"
        assert Means(name).close(relation, context(**spiked | bad)).status == "undecided"
    relation = MEANINGS["spiked-trace"].relation
    for more in ({"spikes": 2}, {"spike_ratio": real_range(0.5, 4)}):
        assert Means("spiked-trace").close(relation, context(spectrum="spiked", **more)).status == "undecided"


# -- generic matrices with leading directions -------------------------------------------


def test_leading_directions_on_generic_matrices():
    where = context()
    assert Generic().close(equal(v.delta_risk, m.head_length**2 + m.tail_risk), where).status == "proved"
    found = Generic().close(equal(v.delta_risk, m.head_length**2), where)
    assert found.status == "disproved"
    assert "split = " in found.detail
    assert Generic().close(equal(v.perp_delta_norm**2, m.tail_length**2), where).status == "disproved"


def test_numbers_with_a_certificate():
    solution = {"solution": MEANINGS["tail-solution"].relation}
    good = equal(m.probe_product - m.solution_product, m.bare_lead_length**2)
    multiple = (m.Xp.T * m.Xp * m.probe).T
    assert Generic((Term("solution", multiple),)).close(good, context(solution)).status == "proved"
    assert Generic((Term("solution", -multiple),)).close(good, context(solution)).status == "disproved"
    assert Generic().close(good, context(solution)).status == "disproved"
    assert Generic((Term("solution", multiple),)).close(good, context()).status == "undecided"
    assert Generic((Term("solution", m.Xp),)).close(good, context(solution)).status == "undecided"
    quotient = equal(m.probe_product / m.probe_length**2, 1)
    assert Generic((Term("solution", multiple),)).close(quotient, context(solution)).status == "undecided"


# -- the theorems on drawn matrices -----------------------------------------------------


def test_gaussian_matrices_keep_the_means_and_the_deviations():
    """300 drawn matrices: means on the right side of each theorem, and no more deviations than it allows."""
    stream, (n, d, k, t) = np.random.default_rng(5), (20, 60, 4, 1.5)
    l = np.arange(1.0, d + 1) ** -0.7
    values = {v.n: n, v.split: k, v.deviation: t, v.tail_eigenvalue: l[k], v.tail_trace: l[k:].sum()}
    values |= {v.tail_square: (l[k:] ** 2).sum(), v.tail_fourth: (l[k:] ** 4).sum()}
    z = stream.standard_normal((300, n, d))
    tail = np.linalg.svd(z[:, :, k:] * np.sqrt(l[k:]), compute_uv=False)
    drawn = {
        split.low_head: np.linalg.svd(z[:, :, :k], compute_uv=False)[:, -1],
        split.top_tail: tail[:, 0],
        split.low_tail: tail[:, -1],
        m.tail_energy: ((z[:, :, k:] * l[k:]) ** 2).sum(axis=(1, 2)),
    }
    allowed = np.exp(-(t**2) / 2)
    where = context()
    for name, axiom in (
        (split.low_head, "gordon-smallest"),
        (split.top_tail, "chevet"),
        (split.low_tail, "gordon-tail"),
    ):
        mean = AXIOMS[axiom].template(where)
        side = 1 if mean.rel == "<=" else -1
        bound = float(mean.rhs.subs(values))
        assert side * drawn[name].mean() <= side * bound, axiom
        near = AXIOMS["gaussian-concentration"].template(where, name).rhs
        near = float(near.subs(values | {E(name): Symbol("mean")}).subs(Symbol("mean"), drawn[name].mean()))
        assert np.mean(side * drawn[name] > side * near) <= allowed, axiom
    assert np.mean(drawn[m.tail_energy] > float(AXIOMS["laurent-massart"].template(where).rhs.subs(values))) <= allowed
