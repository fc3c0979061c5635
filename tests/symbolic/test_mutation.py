"""Mutants: every operator at every place, and which of them are wrong at all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sympy import I, Piecewise, Rational, S, sign, sqrt

from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Source, Statement, real_range
from ftproofs.symbolic import replica
from ftproofs.symbolic.equivalence import Compared, Comparison, Errors, natural_scale, spoken
from ftproofs.symbolic.mutation import FINE, Mutant, mutants, places, strict_mutants
from ftproofs.symbolic.replica import replica_mse
from ftproofs.symbolic.vocabulary import equal, less, v

DOMAIN = Domain.of(n=(2, 20), d=(24, 40), sigma=real_range(0, 1), theta=1)


def claim(
    *statements: Statement, domain: Domain = DOMAIN, quantifier: object = None, experiment: str = "linear.finetune"
) -> Claim:
    return Claim("test", "test", Source("test"), experiment, quantifier or Each(), domain, statements)


def right_sides(*statements: Statement, domain: Domain = DOMAIN) -> dict[object, str]:
    return {m.statement.rhs: m.operator for m in mutants(claim(*statements, domain=domain))}


@pytest.mark.parametrize(
    ("operator", "result"),
    [
        ("sign", v.delta_risk - v.sigma**2 * v.n / v.d),
        ("drop-term", v.delta_risk),
        ("drop-factor", v.delta_risk + v.sigma**2 * v.n),
        ("sum-to-product", v.delta_risk * v.sigma**2 * v.n / v.d),
        ("exponent+1", v.delta_risk + v.sigma**3 * v.n / v.d),
        ("exponent-1", v.delta_risk + v.sigma * v.n / v.d),
        ("exponent-negated", v.delta_risk + v.sigma**2 * v.n * v.d),
        ("exponent-halved", v.delta_risk + v.sigma**2 * v.n / sqrt(v.d)),
        ("exponent-doubled", v.delta_risk + v.sigma**4 * v.n / v.d),
        ("symbol-renamed", v.delta_risk + v.sigma**2 * v.n / v.risk),
        ("symbol-complement", v.delta_risk + v.sigma**2 * (1 - v.n) / v.d),
        ("symbol+1", v.delta_risk + v.sigma**2 * v.n / (v.d + 1)),
        ("symbol-1", v.delta_risk + v.sigma**2 * v.n / (v.d - 1)),
        ("times-2", v.delta_risk + 2 * v.sigma**2 * v.n / v.d),
        ("times-1.05", Rational(21, 20) * v.delta_risk + v.sigma**2 * v.n / v.d),
        ("times-1.02", Rational(51, 50) * v.delta_risk + v.sigma**2 * v.n / v.d),
        ("inverted", v.delta_risk + v.d / (v.sigma**2 * v.n)),
        ("root", v.delta_risk + v.sigma * sqrt(v.n / v.d)),
        ("square", v.delta_risk**2 + v.sigma**2 * v.n / v.d),
        ("swap", v.delta_risk + v.sigma**2 * v.d / v.n),
        ("complement", v.delta_risk + v.sigma**2 * (v.d - v.n) / v.d),
    ],
)
def test_every_operator_writes_its_mutant(operator: str, result: object) -> None:
    found = right_sides(equal(v.risk, v.delta_risk + v.sigma**2 * v.n / v.d))
    assert result in found
    assert found[result] == operator


def test_maxima_of_sums_and_both_sides() -> None:
    found = mutants(claim(equal(v.perp_gap**2, v.sigma + v.n)))
    assert {"sum-to-max", "sum-to-min"} <= {m.operator for m in found}
    assert any(m.statement.lhs == v.perp_gap**3 for m in found)
    assert {m.statement.rel for m in found} == {"=="}


def test_structural_duplicates_and_the_claim_itself_are_left_out() -> None:
    found = mutants(claim(equal(v.fit_gap, v.sigma), equal(v.perp_gap, v.sigma)))
    keys = [(m.number, m.statement.lhs, m.statement.rhs) for m in found]
    assert len(set(keys)) == len(keys)
    # The gap over its half is the same statement as the double of the other side.
    assert (
        sum((m.statement.lhs, m.statement.rhs) in ((2 * v.fit_gap, v.sigma), (v.fit_gap, v.sigma / 2)) for m in found)
        == 1
    )
    # Another statement of the claim is no mutant of this one.
    assert not any((m.statement.lhs, m.statement.rhs) == (v.perp_gap, v.sigma) for m in found)
    assert not any(m.statement.lhs == -v.fit_gap and m.statement.rhs == -v.sigma for m in found)


def test_a_mutant_that_a_strict_operator_writes_is_strict() -> None:
    found = {m.statement.rhs: m for m in mutants(claim(equal(v.risk, v.sigma**2)))}
    assert found[v.sigma**3].operator == "exponent+1"  # also the exponent's number, plus one
    assert not found[v.sigma**3].fine
    assert all(m.fine == (m.operator in FINE) for m in found.values())


def test_inequalities_have_none_and_symbols_come_from_the_statement_or_what_varies() -> None:
    assert mutants(claim(less(v.risk, 1))) == ()
    names = {s.name for m in mutants(claim(equal(v.fit_gap, 0))) for s in m.statement.lhs.free_symbols}
    assert names == {"fit_gap", "n", "d", "sigma"}  # theta is fixed


def test_conditions_are_places_too() -> None:
    expr = Piecewise((v.n, v.n <= v.d), (S.Zero, True))
    assert {str(part) for part, _ in places(expr)} >= {"n", "d", "0"}
    part, rebuild = next((p, r) for p, r in places(expr) if p == v.d)
    assert rebuild(v.d - 1) == Piecewise((v.n, v.n <= v.d - 1), (S.Zero, True))
    assert part == v.d


# -- which are wrong ------------------------------------------------------------------


def compared(asked: Claim, statement: Statement, *, number: int = 0, tolerance: float | None = None, measured=()):
    mutant = Mutant(number, statement, "test")
    return Comparison(asked, [mutant], measured, tolerance or asked.margin)(mutant)


def test_multiples_of_a_mean_are_known_and_other_functions_of_it_are_not() -> None:
    asked = claim(equal(v.risk**2, v.n / v.d), quantifier=Mean())
    twice = compared(asked, equal(v.n * v.risk**2, v.n**2 / v.d))
    assert (twice.label, twice.difference) == ("equivalent", 0)
    assert compared(asked, equal(Rational(11, 10) * v.risk**2, v.n / v.d)).difference == pytest.approx(0.1)
    assert compared(asked, equal((v.risk - v.n) ** 2, (sqrt(v.n / v.d) - v.n) ** 2)).label == "different"


def test_an_equation_between_a_sum_and_a_constant_is_put_into_its_mutants() -> None:
    asked = claim(equal(v.fit_gap + v.n * v.perp_gap, v.d))
    total = v.fit_gap + v.n * v.perp_gap
    assert compared(asked, equal(sqrt(total), sqrt(v.d))).label == "equivalent"
    assert compared(asked, equal(1 / total, 1 / v.d)).label == "equivalent"
    assert compared(asked, equal(v.fit_gap + v.d * v.perp_gap, v.d)).label == "different"
    # Of means only multiples are known.
    mean = claim(equal(total, v.d), quantifier=Mean())
    assert compared(mean, equal(sqrt(total), sqrt(v.d))).label == "different"


def test_where_a_claims_own_equations_have_no_value_nothing_is_compared() -> None:
    """The energy may be 0 on a box, never in a network: there nothing has a value."""
    asked = claim(
        equal(v.along_source, v.feature_product / v.feature_energy),
        equal(v.risk, (v.along_source - v.target_norm) ** 2),
        experiment="transfer.linear",
    )
    turned = compared(asked, equal(v.risk, (v.target_norm - v.along_source) ** 2), number=1)
    assert turned.label == "equivalent"


def test_equivalents_are_found_by_the_ladder_or_by_points() -> None:
    asked = claim(equal(v.risk, v.n / v.d))
    assert compared(asked, equal(v.risk, 1 - (v.d - v.n) / v.d)).label == "equivalent"
    assert compared(asked, equal(v.risk, 1 - (v.d - v.n) / v.d)).route == "normal-form"
    # On the domain n < d, so the other branch is never reached; cases are left to the points.
    cases = compared(asked, equal(v.risk, Piecewise((v.n / v.d, v.n <= v.d), (S.Zero, True))))
    assert (cases.label, cases.route) == ("equivalent", "points")
    # A tautology, and what another statement of the claim implies, are not wrong.
    assert compared(asked, equal(v.risk, v.risk)).label == "equivalent"
    both = claim(equal(v.fit_gap, 0), equal(v.perp_gap, 0))
    assert compared(both, equal(v.fit_gap, v.perp_gap)).label == "equivalent"
    assert compared(both, equal(v.fit_gap**2, 0)).label == "equivalent"


@pytest.mark.parametrize("tiny", [Rational(1, 10**13), Rational(1, 10**9)])
def test_a_tiny_difference_is_never_equivalent(tiny: Rational) -> None:
    """Points agree to 1e-12 with the first, but the ladder disproves it."""
    asked = claim(equal(v.risk, v.n / v.d))
    assert compared(asked, equal(v.risk, v.n / v.d + tiny)).label == "sub-tolerance"


def test_a_difference_is_relative_and_judged_by_the_tolerance() -> None:
    asked = claim(equal(v.risk, v.n / v.d))
    found = compared(asked, equal(v.risk, v.n / v.d * Rational(51, 50)), tolerance=0.03)
    assert found.label == "sub-tolerance"
    assert 1 - 50 / 51 - 1e-9 <= found.difference <= 1 - 50 / 51 + 1e-9
    found = compared(asked, equal(v.risk, v.n / v.d * Rational(51, 50)), tolerance=0.01)
    assert found.label == "different"


def test_a_large_difference_in_a_corner_is_found() -> None:
    """Below the tolerance nearly everywhere: 1/d**3 matters at the smallest d alone."""
    asked = claim(equal(v.delta_norm, v.source_norm), domain=Domain.of(d=(2, 4000), source_norm=1))
    found = compared(asked, equal(v.delta_norm, 1 + 1 / v.d**3), tolerance=0.05)
    assert found.label == "different"
    assert found.difference == pytest.approx(1 / 9, rel=0.01)


def test_no_real_value_on_the_domain() -> None:
    asked = claim(equal(v.risk, v.n / v.d))
    assert compared(asked, equal(v.risk, sqrt(v.n - v.d))).label == "undefined"
    assert compared(asked, equal(v.risk, S.ComplexInfinity)).label == "undefined"
    assert compared(asked, equal(v.risk, 1 / (v.n - 5) + 1 / (v.n - 6) + 1 / (v.n - 7))).label == "undefined"
    # Where only measurements that never occur give no value, nothing is said ...
    measured = claim(equal(v.risk, v.delta_risk))
    root = equal(v.risk, v.delta_risk + sqrt(v.source_norm - v.perp_source_norm))
    assert compared(measured, root).label == "different"
    # ... but what was measured did occur.
    point = {v.risk: 1.0, v.delta_risk: 1.0, v.source_norm: 1.0, v.perp_source_norm: 1.5}
    assert compared(measured, root, measured=[point]).label == "undefined"


def test_a_mean_of_another_power_is_never_called_equivalent() -> None:
    asked = claim(equal(v.perp_delta_norm**2, v.n / v.d), quantifier=Mean())
    assert compared(asked, equal(v.perp_delta_norm, sqrt(v.n / v.d))).label == "different"
    assert compared(asked, equal(v.perp_delta_norm**2, v.n * v.d / v.d**2)).label == "equivalent"


def test_scales_and_symbols() -> None:
    assert natural_scale(v.risk * v.n, "linear.finetune") == v.target_norm**2 * v.n
    assert natural_scale(v.beta_norm, "linear.scratch") == v.target_norm  # no source: against the target
    asked = claim(equal(v.train_loss, 0))
    assert spoken(asked, []) == {v.train_loss, v.initial_loss}


def test_errors_at_points() -> None:
    asked = claim(equal(v.risk, v.n / v.d), quantifier=Mean())
    made = [
        Mutant(0, equal(v.risk, 2 * v.n / v.d), "x"),
        Mutant(0, equal(v.risk, 1 / (v.n - 2)), "x"),
        Mutant(0, equal(2 * v.risk, v.n / v.d), "x"),
        Mutant(0, equal(v.risk**2, v.n / v.d), "x"),
        Mutant(0, equal(v.risk, Piecewise((I * v.n, v.n < 3), (v.n / v.d, True))), "x"),
    ]
    points = [{v.n: float(n), v.d: 10.0, v.target_norm: 1.0, v.risk: 0.3} for n in (2, 6)]
    found = Errors(asked, made)(points)
    assert found.shape == (5, 2)
    assert found[0] == pytest.approx([0.5, 0.5])
    assert math.isinf(found[1, 0])
    assert found[2] == pytest.approx([1, 1])  # twice what is known
    assert np.isnan(found[3]).all()
    assert math.isinf(found[4, 0])  # no real value in the branch of the first point; the other one is the claim's
    assert found[4, 1] < 1e-15


# -- limits and signs -----------------------------------------------------------------


def at(d: int, **more: float) -> dict[object, float]:
    n = d // 2
    return {v.n: float(n), v.d: float(d), v.gamma: 0.5, v.df2: d / 6, v.target_norm: 1.0} | {
        getattr(v, name): value for name, value in more.items()
    }


def limit_of(statement: Statement) -> Claim:
    return claim(statement, domain=Domain.of(gamma=real_range(Rational(1, 4), Rational(3, 4))), quantifier=Limit())


def compared_in_the_limit(asked: Claim, statement: Statement):
    mutant = Mutant(0, statement, "test")
    return Comparison(asked, [mutant], [at(512)] * 3, asked.margin, [at(256)] * 3)(mutant)


def test_what_vanishes_like_one_over_d_is_no_error_of_a_limit() -> None:
    asked = limit_of(equal(v.noise_trace, v.df2 / (v.n - v.df2)))
    found = compared_in_the_limit(asked, equal(v.noise_trace, (v.df2 + 3) / (v.n - v.df2)))
    assert found.label == "sub-tolerance"  # 3/df2 is 3.5 % at the largest size
    assert found.difference < 5e-3
    for wrong in (v.df2 / v.n, v.df2, Rational(21, 20) * v.df2 / (v.n - v.df2)):
        assert compared_in_the_limit(asked, equal(v.noise_trace, wrong)).label == "different"


def two_kinds(share: object, source: object, strange: object) -> Statement:
    return equal(v.mse, replica_mse(v.gamma, 1, 0, 1 - share, source, 1, 0, share, source, strange, 0))


def test_groups_that_no_setting_has_are_left_out_before_anything_is_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = limit_of(two_kinds(v.share_new, v.c, 2))
    mutant = Mutant(0, two_kinds(2 * v.share_new, v.c, 3), "test")

    def compared(share: float, at_half: float) -> Compared:
        large = [at(512, share_new=0.0, c=0.1), at(512, share_new=share, c=0.2)]
        small = [at(256, share_new=0.0, c=0.1), at(256, share_new=at_half, c=0.2)]
        return Comparison(asked, [mutant], large, asked.margin, small)(mutant)

    # A share that is not 0 at some place, be it at half the size, tells them apart.
    assert compared(0.25, 0.0).label == compared(0.0, 0.25).label == "different"
    monkeypatch.setattr(replica_mse, "multiprecision", None)
    assert (compared(0.0, 0.0).label, compared(0.0, 0.0).route) == ("equivalent", "identical")


def test_what_is_solved_for_is_solved_for_at_all_places_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = limit_of(two_kinds(v.share_new, v.c, 2))
    mutant = Mutant(0, two_kinds(v.share_new, v.c + Rational(1, 2) - v.gamma, 2), "test")
    large, small = ([at(d, share_new=0.25, c=c) for c in (0.31, 0.32, 0.33)] for d in (512, 256))
    cases: list[int] = []
    solved = replica._solve
    monkeypatch.setattr(replica, "_solve", lambda points: cases.append(len(points)) or solved(points))
    assert Comparison(asked, [mutant], large, asked.margin, small)(mutant).difference < 1e-12
    assert cases == [3]  # sizes have no part in it, and both formulas ask the same


def test_formulas_without_a_value_are_not_the_same() -> None:
    asked = limit_of(equal(v.noise_trace, v.df2 / v.share_new))
    mutant = Mutant(0, equal(v.noise_trace, v.df2 / v.share_new + v.share_new), "test")
    places = [at(512, share_new=0.0)], [at(256, share_new=0.0)]
    assert Comparison(asked, [mutant], places[0], asked.margin, places[1])(mutant).label == "different"


def test_in_a_limit_a_measurement_stands_for_its_own() -> None:
    asked = limit_of(equal(v.kappa * v.pinv_trace, 1))
    points = [at(512, kappa=0.3, pinv_trace=1 / 0.3)] * 3
    same = Mutant(0, equal(1 / (v.kappa * v.pinv_trace), 1), "inverted")
    other = Mutant(0, equal(2 * v.kappa * v.pinv_trace, 1), "times-2")
    compare = Comparison(asked, [same, other], points, asked.margin, points)
    assert compare(same).label == "equivalent"
    assert compare(other).label == "different"


def test_a_sign_is_reversed_or_its_boundary_moved() -> None:
    asked = claim(equal(sign(v.risk - v.start_risk), sign(v.n - v.d / 2)), domain=Domain.of(n=(2, 30), d=(24, 40)))
    found = {m.statement.rhs: m for m in mutants(asked)}
    assert {m.operator for m in found.values()} == {"direction-reversed", "boundary-moved-10%"}
    assert -sign(v.n - v.d / 2) in found
    moved = found[sign(v.n - Rational(11, 20) * v.d)]
    compare = Comparison(asked, found.values(), (), asked.margin)
    assert compare(moved).label == "different"
    assert compare(moved).difference == 2
    # Between whole numbers a boundary can be moved without being another one.
    between = claim(equal(asked.statements[0].lhs, sign(4 * v.n - 2 * v.d + 1)), domain=asked.domain)
    barely = Mutant(0, equal(asked.statements[0].lhs, sign(8 * v.n - 4 * v.d + 3)), "test")
    assert Comparison(between, [barely], (), 1e-6)(barely).label == "equivalent"


def test_mutants_of_the_left_side_say_where_to_look_as_well() -> None:
    formula = v.sigma**2 + v.delta_norm**2
    statement = equal(v.risk / formula, 1)
    assert strict_mutants(claim(statement, quantifier=Mean()), 1000) == strict_mutants(claim(statement), 1000)
    limit = claim(statement, quantifier=Limit())
    found = [m for m in strict_mutants(limit, 1000) if m.statement.lhs != statement.lhs]
    larger = [m for m in found if m.statement.lhs == Rational(21, 20) * v.risk / formula]
    dropped = [m for m in found if m.statement.lhs == v.risk / v.sigma**2]
    assert len(larger) == len(dropped) == 1
    points = [
        {v.sigma: sigma, v.delta_norm: 3.0, v.risk: 7.0, v.target_norm: 2.0, v.source_norm: 1.0} for sigma in (1.0, 3.0)
    ]
    np.testing.assert_allclose(Errors(limit, [*larger, *dropped])(points), [[0.05, 0.05], [9.0, 1.0]])
    # Of a mean multiples of the left side are known, and no more.
    mean = Errors(claim(statement, quantifier=Mean()), [*larger, *dropped])(points)
    np.testing.assert_allclose(mean[0], [0.05, 0.05])
    assert np.isnan(mean[1]).all()
