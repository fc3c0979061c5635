"""What the theorems of the limit problems refuse: ends that are not shown stationary, other bounds and experiments."""

from dataclasses import replace

import pytest
from sympy import E, Integer, Rational, Symbol, asinh, log

from ftproofs.catalog import claims
from ftproofs.claim import Claim, Domain, Each, Source, Statement
from ftproofs.symbolic import diagonal_limits as k
from ftproofs.symbolic import diagonal_support as s
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.diagonal_flow import coefficient
from ftproofs.symbolic.diagonal_training import scale
from ftproofs.symbolic.meanings import Means
from ftproofs.symbolic.penalty import penalty_curvature
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

GIVEN = {
    "fits": equal(m.y, m.X * m.beta),
    "kkt": equal(m.slope_change, m.X.T * m.multiplier),
    "slope": k.SLOPE,
}
ENDS = tuple(GIVEN)


def context(given=None, *, experiment="diagonal.limits", protocol="S", **ranges) -> Context:
    domain = Domain.of(**{"n": (2, 6), "d": (8, 12), "protocol": protocol} | ranges)
    return Context(Claim("test", "test", Source("test"), experiment, Each(), domain, ()), given or {})


@pytest.mark.parametrize(
    ("arguments", "name", "supported", "wrong"),
    [
        (ENDS, "perturbed-minimiser", at_most(k.lazy_square, k.bend_square), at_most(k.bend_square, k.lazy_square)),
        ((*ENDS, "least"), "weighted-l1-minimiser", equal(k.own_norm, k.own_least), equal(k.own_norm, k.own_rival)),
        ((*ENDS, "rival"), "weighted-l1-minimiser", at_most(k.own_norm, k.own_rival), equal(k.own_norm, k.own_rival)),
    ],
)
def test_only_a_stationary_end_is_compared(arguments, name, supported, wrong):
    axiom = Axiom(name, arguments)
    assert axiom.close(supported, context(GIVEN)).status == "proved"
    assert axiom.close(wrong, context(GIVEN)).status == "undecided"
    for missing in ENDS:
        others = {id: s for id, s in GIVEN.items() if id != missing}
        assert axiom.close(supported, context(others)).status == "undecided"
        off = others | {missing: equal(v.prox_gap, 0)}
        assert axiom.close(supported, context(off)).status == "undecided"
    for elsewhere in (context(GIVEN, experiment="diagonal.finetune"), context(GIVEN, protocol="N")):
        assert axiom.close(supported, elsewhere).status == "undecided"


def test_a_norm_is_compared_with_the_least_or_the_rival():
    found = Axiom("weighted-l1-minimiser", (*ENDS, "all")).close(at_most(k.own_norm, k.own_rival), context(GIVEN))
    assert found.status == "undecided"


def test_sums_need_the_same_bound_in_every_coordinate():
    square, z = Axiom("sum-of-squares", ("bound",)), k.ratio
    bend = (z - asinh(z)) ** 2
    total = at_most(k.bend_square, 3 * k.length_square)
    assert square.close(total, context({"bound": at_most(bend, 3 * z**2)})).status == "proved"
    assert square.close(total, context({"bound": at_most(bend, 2 * z**2)})).status == "undecided"
    for wrong in (at_most(bend, 3 * z), at_most(bend, 3 * scale * z**2), at_least(bend, 3 * z**2), at_most(z, 3)):
        assert square.close(total, context({"bound": wrong})).status == "undecided"
    norms = Axiom("sum-of-norms", ("bound",))
    difference = k.size - k.rival
    total = at_most(k.rich_norm - k.rich_least, k.own_norm - k.own_rival + v.d * k.largest)
    given = at_most(k.WEIGHT * difference, k.OWN * difference + k.largest)
    assert norms.close(total, context({"bound": given})).status == "proved"
    nested = at_most(k.on_norm + k.off_norm - k.nested_on - k.nested_off, k.own_norm - k.own_rival + v.d * k.largest)
    by = Axiom("sum-of-norms", ("bound", "nested"))
    assert by.close(nested, context({"bound": given})).status == "proved"
    assert by.close(total, context({"bound": given})).status == "undecided"
    assert Axiom("sum-of-norms", ("bound", "all")).close(nested, context({"bound": given})).status == "undecided"
    for rest in (k.largest / 2, k.size, k.largest * k.rival, scale):
        wrong = at_most(k.WEIGHT * difference, k.OWN * difference + rest)
        assert norms.close(total, context({"bound": wrong})).status == "undecided"
    reverse = at_most(k.OWN * difference, k.WEIGHT * difference + k.largest)
    assert norms.close(total, context({"bound": reverse})).status == "undecided"


def test_a_logarithm_has_a_tangent_where_it_is_defined():
    u, x = k.largest / E, Symbol("x", real=True)
    assert Axiom("log-tangent", (u,)).close(at_most(log(u), u - 1), context()).status == "proved"
    assert Axiom("log-tangent", (u,)).close(at_most(log(u), u - 2), context()).status == "undecided"
    assert Axiom("log-tangent", (x,)).close(at_most(log(x), x - 1), context()).status == "undecided"


@pytest.mark.parametrize("name", sorted(k.WORDS))
def test_words_speak_of_their_experiment(name):
    relation = k.WORDS[name].relation
    assert Means(name).close(relation, context()).status == "proved"
    for elsewhere in (context(experiment="diagonal.finetune"), context(protocol="N"), context(engine="descent")):
        assert Means(name).close(relation, elsewhere).status == "undecided"


# -- the support alone ----------------------------------------------------------------

CURVED = Statement(penalty_curvature(coefficient(t), scale), ">", Integer(0))
ON = {"rho_pt": Rational(3, 4), "d": (12, 16)}


def test_tangents_need_a_convex_penalty():
    by = Axiom("convex-tangent", ("curved", s.best, s.ending))
    assert by.close(s.tangent(s.best, s.ending), context({"curved": CURVED})).status == "proved"
    assert by.close(s.tangent(s.ending, s.best), context({"curved": CURVED})).status == "undecided"
    assert by.close(s.tangent(s.best, s.ending), context()).status == "undecided"
    flat = Statement(CURVED.lhs, ">=", Integer(0))
    assert by.close(s.tangent(s.best, s.ending), context({"curved": flat})).status == "undecided"


@pytest.mark.parametrize(
    ("name", "given", "supported"),
    [
        (
            "sum-of-penalties",
            {"at-fit": s.tangent(s.best, s.ending), "pull": s.WORDS["support-slope"].relation},
            at_most(s.support_least + s.pull_sum, s.support_penalty),
        ),
        ("fits-differ", {"fits": GIVEN["fits"]}, equal(s.pull_sum, -s.leak_sum)),
        (
            "least-of-fits",
            {"at-end": s.tangent(s.ending, s.best)} | GIVEN,
            at_most(s.support_penalty + s.rest_penalty, s.support_least),
        ),
    ],
)
def test_sums_over_the_support_need_their_terms_and_a_support_that_fits(name, given, supported):
    by = Axiom(name, tuple(given))
    assert by.close(supported, context(given, **ON)).status == "proved"
    assert (
        by.close(Statement(supported.lhs, supported.rel, supported.rhs + 1), context(given, **ON)).status == "undecided"
    )
    for missing in given:
        others = {id: one for id, one in given.items() if id != missing}
        assert by.close(supported, context(others, **ON)).status == "undecided"
        assert by.close(supported, context(others | {missing: equal(v.prox_gap, 0)}, **ON)).status == "undecided"
    for off in ({"rho_pt": Rational(1, 4)}, {"rho_pt": (0, 1)}, {"protocol": "N"}, {"experiment": "diagonal.finetune"}):
        assert by.close(supported, context(given, **ON | off)).status == "undecided", off


@pytest.mark.parametrize("name", sorted(s.WORDS))
def test_words_of_the_support_speak_of_one_that_fits(name):
    relation = s.WORDS[name].relation
    assert Means(name).close(relation, context(**ON)).status == "proved"
    for off in ({"rho_pt": [Rational(1, 4), 1]}, {"protocol": "N"}, {"engine": "descent"}):
        assert Means(name).close(relation, context(**ON | off)).status == "undecided", off


@pytest.mark.parametrize(
    ("id", "statement"),
    [
        ("diagonal-nested-support", at_most(v.support_gain, v.support_leak / 2)),
        ("diagonal-nested-support", at_most(v.support_leak, v.support_gain)),
        ("diagonal-nested-support", at_most(v.support_gain, 0)),
        ("diagonal-lazy-limit", at_most(v.lazy_share / v.largest_ratio**2, Rational(1, 7))),
        ("diagonal-lazy-limit", at_most(v.lazy_root_share / v.largest_ratio**2, Rational(1, 6))),
        ("diagonal-own-weights", equal(v.plain_excess, 0)),
        ("diagonal-rich-limit", at_most(v.rich_excess, v.d / 6)),
        ("diagonal-rich-limit", at_most(v.plain_excess, v.d / (2 * E))),
        ("diagonal-nested-limit", at_most(v.nested_excess, v.nested_price)),
        ("diagonal-nested-limit", at_most(v.nested_excess, v.d / (2 * E))),
        ("diagonal-nested-limit", at_most(v.nested_norm, v.nested_price + v.d / (2 * E))),
    ],
)
def test_another_statement_is_not_concluded(id, statement):
    claim = claims()[id]
    assert derive(replace(claim, statements=(statement,))).status != "proved"
