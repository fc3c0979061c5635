"""Phase diagrams: what is put on the grid, what networks say in every cell, and what an interrupt leaves."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from sympy import Rational, cos, pi, sign

from ftproofs.check import MemoryStore
from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Probability, Quantifier, Source, real_range
from ftproofs.errors import UsageError
from ftproofs.names import experiment
from ftproofs.numeric import experiments
from ftproofs.run import phase as phase_module
from ftproofs.run.phase import FINE, Diagram, compute
from ftproofs.run.phase_cells import interval
from ftproofs.run.phase_plan import Plan, plan
from ftproofs.settings import Block
from ftproofs.symbolic.vocabulary import at_most, equal, v

RATIO = v.n / v.d
DELTA2 = 2 - 2 * cos(v.theta)
GAIN = v.risk - v.start_risk
SIZES = Domain.of(n=(4, 24), d=(20, 40), theta=real_range(0, pi), sigma=real_range(0, 1))
RISK = (1 - RATIO) * DELTA2 + v.sigma**2 * v.n / (v.d - v.n - 1)


def claim(
    *statements: object,
    experiment: str = "linear.finetune",
    quantifier: Quantifier | None = None,
    domain: Domain = SIZES,
    **more: object,
) -> Claim:
    return Claim("drawn", "Drawn", Source("test"), experiment, quantifier or Mean(), domain, statements, **more)  # type: ignore[arg-type]


TRUE = claim(equal(v.risk, RISK))


def drawn(asked: Claim, store: MemoryStore | None = None, **more: object) -> Diagram:
    options = {"grid": (4, 4), "trained": 6, "at": {"d": 30}} | more
    return compute(plan(asked, **options), store=store or MemoryStore())  # type: ignore[arg-type]


def outcomes(found: Diagram) -> Counter[str]:
    return Counter(cell.outcome for cell in found.cells.values())


# -- what is put on the grid ---------------------------------------------------


def test_the_axes_are_the_ratio_and_the_angle_where_they_vary() -> None:
    made = plan(TRUE, grid=(5, 3))
    assert (made.x.name, made.y.name) == ("gamma", "theta")
    assert (made.x.low, made.x.high) == (4 / 40, 24 / 40)
    assert made.fixed == {"d": 40, "sigma": 0.0}
    assert len(made.cells) == 15
    for (i, j), cell in made.cells.items():
        assert cell["n"] == round(made.x.values[i] * 40)
        assert cell["theta"] == made.y.values[j]
        assert set(cell) == set(experiment("linear.finetune").parameters)
    assert made.x.values[0] - made.x.low == pytest.approx(made.x.high - made.x.values[-1])


def test_a_limit_is_drawn_at_one_large_dimension() -> None:
    asked = claim(
        equal(v.risk, v.sigma**2),
        quantifier=Limit(),
        domain=Domain.of(gamma=real_range(Rational(1, 10), Rational(1, 2)), theta=real_range(0, pi), sigma=1),
    )
    made = plan(asked)
    assert made.fixed == {"d": 500, "sigma": 1.0}
    assert len(made.cells) == 400
    assert plan(asked, at={"d": 60}).fixed["d"] == 60
    assert plan(asked, x="theta", y="source_norm=0.5:2", grid=(2, 2)).cells[0, 0]["n"] == 150


def test_other_axes_and_ranges_are_taken_as_given() -> None:
    made = plan(TRUE, x="sigma=0.1:0.9", y="target_norm=1:3", at={"d": 30, "n": 10, "theta": 1.0}, grid=(2, 2))
    assert (made.x.name, made.x.low, made.x.high) == ("sigma", 0.1, 0.9)
    assert all(cell["n"] == 10 and cell["theta"] == 1.0 for cell in made.cells.values())
    assert sorted({cell["target_norm"] for cell in made.cells.values()}) == [1.5, 2.5]


def test_constraints_leave_cells_out() -> None:
    narrow = claim(equal(v.risk, RISK), domain=SIZES.where(v.n <= v.d / 2))
    made = plan(narrow, at={"d": 30}, grid=(8, 2))
    assert 0 < len(made.cells) < 16
    assert all(cell["n"] <= 15 for cell in made.cells.values())
    with pytest.raises(UsageError, match="FT311"):
        plan(claim(equal(v.risk, RISK), domain=SIZES.where(v.n > v.d)), x="gamma=0.1:0.5", at={"d": 30})


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ({"x": "nonsense"}, "FT311", "nonsense"),
        ({"x": "d"}, "FT311", "no real parameter"),
        ({"x": "theta", "y": "theta"}, "FT311", "both axes"),
        ({"x": "target_norm"}, "FT311", "LOW:HIGH"),
        ({"x": "theta=1"}, "FT311", "LOW:HIGH"),
        ({"x": "theta=2:1"}, "FT311", "LOW < HIGH"),
        ({"x": "theta=0:9"}, "FT304", "theta"),
        ({"at": {"theta": 1.0}}, "FT311", "axis"),
        ({"at": {"n": 5}}, "FT311", "axis"),
        ({"at": {"L": 2}}, "FT303", "L"),
        ({"engine": "flow"}, "FT308", "engine"),
        ({"statement": 2}, "FT311", "1 statements"),
        ({"x": "gamma=0.001:0.002"}, "FT304", "n"),
    ],
)
def test_a_diagram_that_cannot_be_drawn_says_why(options: dict[str, object], code: str, says: str) -> None:
    with pytest.raises(UsageError) as info:
        plan(TRUE, **options)  # type: ignore[arg-type]
    assert info.value.code == code
    assert says in info.value.message


def test_claims_that_cannot_be_drawn() -> None:
    with pytest.raises(UsageError, match="FT311"):
        plan(claim(equal(v.sigma, 1)))
    with pytest.raises(UsageError, match="FT311"):
        plan(claim(at_most(v.risk, 1), quantifier=Probability(Rational(9, 10))))
    with pytest.raises(UsageError, match="FT311"):
        plan(claim(equal(v.risk, RISK), domain=Domain.of(n=10, d=20, theta=1)))


def test_networks_of_equal_shape_are_trained_together_and_cells_are_whole() -> None:
    made = plan(TRUE, at={"d": 30}, grid=(3, 4), trained=5)
    blocks = made.blocks()
    assert sorted(cell for _, cells in blocks for cell in cells) == sorted(made.cells)
    for block, cells in blocks:
        assert len(block) == 5 * len(cells)
        assert len({setting.parameters["n"] for setting in block.settings}) == 1
        for number, cell in enumerate(cells):
            part = block.settings[5 * number : 5 * number + 5]
            assert [setting.index for setting in part] == [0, 1, 2, 3, 4]
            assert all(setting.parameters == made.cells[cell] for setting in part)


# -- what networks say ---------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_networks_never_contradict_a_true_claim(seed: int) -> None:
    found = drawn(TRUE, seed=seed)
    assert found.complete
    assert outcomes(found)["disagrees"] == 0
    for cell in found.cells.values():
        assert cell.low <= cell.mean <= cell.high
        assert (cell.trained, cell.failed) == (6, 0)
        assert cell.predicted == pytest.approx(
            (1 - cell.parameters["n"] / 30) * (2 - 2 * math.cos(cell.parameters["theta"]))
        )


def test_networks_contradict_a_wrong_claim_where_it_is_wrong() -> None:
    """The squared angle for the squared chord: wrong at large angles, unnoticeable at small ones."""
    found = drawn(claim(equal(v.risk, (1 - RATIO) * v.theta**2)), trained=12)
    wrong = {cell.parameters["theta"] for cell in found.cells.values() if cell.outcome == "disagrees"}
    assert wrong
    assert min(wrong) > 0.5
    assert max(wrong) > 2.5
    assert outcomes(found)["disagrees"] < len(found.cells)


def test_an_inequality_is_contradicted_on_one_side_only() -> None:
    assert outcomes(drawn(claim(at_most(v.risk, RISK + 1))))["disagrees"] == 0
    assert outcomes(drawn(claim(at_most(v.risk, RISK - 1))))["disagrees"] >= 6


def test_each_network_is_judged_by_its_own_bound() -> None:
    deep = Domain.of(n=(4, 20), d=30, L=[2], theta=real_range(0, pi), sigma=0)
    exact = claim(equal(v.fit_gap, 0), experiment="deep-linear.finetune", quantifier=Each(), domain=deep)
    assert set(outcomes(drawn(exact, trained=1, grid=(2, 2)))) == {"agrees"}
    wrong = claim(
        equal(v.perp_ratio, Rational(9, 10)), experiment="deep-linear.finetune", quantifier=Each(), domain=deep
    )
    found = drawn(wrong, trained=1, grid=(2, 2))
    assert set(outcomes(found)) == {"disagrees"}
    assert found.plan.engine == "reduced"


def test_the_boundary_of_a_sign_is_drawn_and_its_sides_are_those_of_the_networks() -> None:
    """Training beats the untrained source where sigma^2 < |delta|^2 (d - n - 1)/d."""
    quotient = v.sigma**2 / (v.d - v.n - 1) - DELTA2 / v.d
    asked = claim(equal(sign(GAIN), sign(quotient)))
    options = {"x": "sigma=0.1:2", "y": "theta=0.3:2", "at": {"n": 10, "d": 30}, "grid": (5, 5), "trained": 16}
    found = drawn(asked, **options)
    assert found.plan.sign is not None
    (line,) = found.boundary
    off = line[:, 0] ** 2 / 19 - (2 - 2 * np.cos(line[:, 1])) / 30
    assert np.abs(off).max() < 1e-3
    assert outcomes(found)["disagrees"] == 0
    assert outcomes(found)["agrees"] > 8
    for cell in found.cells.values():
        assert cell.predicted in (-1, 1)
        assert cell.sign in (0, cell.predicted)
    turned = drawn(claim(equal(sign(GAIN), sign(-quotient))), **options)
    assert outcomes(turned)["agrees"] == 0
    assert outcomes(turned)["disagrees"] > 8


def test_a_formula_in_measurements_has_no_boundary_and_is_compared_all_the_same() -> None:
    found = drawn(claim(equal(v.risk, v.delta_risk), domain=SIZES.with_ranges(sigma=0)))
    assert found.prediction is None
    assert found.boundary == []
    assert set(outcomes(found)) == {"agrees"}


def test_the_prediction_alone_trains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phase_module.experiments, "run", None)
    found = drawn(TRUE, trained=0)
    assert found.complete
    assert found.prediction is not None
    assert found.prediction.shape == (FINE, FINE)
    assert set(outcomes(found)) == {"untrained"}
    assert all(math.isfinite(cell.predicted) for cell in found.cells.values())


def test_intervals_share_one_level() -> None:
    few, many = (plan(TRUE, at={"d": 30}, grid=(k, k)) for k in (2, 10))
    values = np.array([0.1, 0.3, 0.2, 0.25, 0.15, 0.35])
    assert interval(values, few)[0] == pytest.approx(values.mean())
    assert interval(values, few)[1] < interval(values, many)[1]
    assert interval(values[:1], few) == (0.1, math.inf)
    assert math.isnan(interval(values[:0], few)[0])


def test_networks_without_numbers_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = experiments.run

    def broken(block: Block, *, device: str = "cpu"):
        rows = real(block, device=device)
        rows.values["risk"][::6] = np.nan
        return rows

    monkeypatch.setattr(phase_module.experiments, "run", broken)
    found = drawn(TRUE)
    assert all((cell.trained, cell.failed) == (5, 1) for cell in found.cells.values())


# -- two ways to the same numbers ----------------------------------------------


def test_networks_end_where_the_oracle_says_and_the_reduction_where_the_flow_does() -> None:
    deep = Domain.of(n=(4, 20), d=30, L=[2, 3], theta=real_range(0, pi), sigma=real_range(0, 1))
    found = drawn(claim(equal(v.risk, RISK), experiment="deep-linear.finetune", domain=deep), trained=3)
    assert found.oracle is not None
    assert (found.oracle.networks, found.oracle.second) == (48, "solver")
    assert 0 < found.oracle.worst < 1e-8
    assert found.agreement is not None
    assert (found.agreement.first, found.agreement.second, found.agreement.networks) == ("flow", "reduced", 16)
    assert 0 < found.agreement.worst < 1e-8
    assert found.agreement.worst <= found.agreement.bound
    assert drawn(TRUE).agreement is None  # descent is raw


def test_a_number_that_only_one_way_has_is_as_wrong_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    real = experiments.run

    def broken(block: Block, *, device: str = "cpu"):
        rows = real(block, device=device)
        if block.engine == "solver":
            rows.values["risk"][0] = np.nan
        return rows

    monkeypatch.setattr(phase_module.experiments, "run", broken)
    assert drawn(TRUE, grid=(2, 2)).oracle.worst == math.inf


def test_a_broken_engine_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    real = experiments.run

    def broken(block: Block, *, device: str = "cpu"):
        rows = real(block, device=device)
        if block.engine == "reduced":
            rows.values["beta_norm"][:] *= 1 + 1e-6
        return rows

    monkeypatch.setattr(phase_module.experiments, "run", broken)
    deep = Domain.of(n=(4, 20), d=30, L=[2], theta=real_range(0, pi), sigma=0)
    found = drawn(claim(equal(v.risk, RISK), experiment="deep-linear.finetune", domain=deep), trained=1, grid=(2, 2))
    assert found.oracle.worst > 1e-7
    assert found.agreement.worst > 1e-7


# -- stores, processes, interrupts ---------------------------------------------


def same(one: Diagram, other: Diagram) -> bool:
    return one.cells == other.cells


def test_rows_are_reused_and_processes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    first = drawn(TRUE, store)
    parallel = compute(plan(TRUE, grid=(4, 4), trained=6, at={"d": 30}), store=MemoryStore(), processes=2)
    assert same(first, parallel)
    monkeypatch.setattr(phase_module.experiments, "run", None)
    assert same(first, drawn(TRUE, store))


class Stopped(MemoryStore):
    """Raises as an interrupt does, at the so-many-th look."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def get(self, block: Block):
        self.looks -= 1
        if self.looks < 0:
            raise KeyboardInterrupt
        return super().get(block)


def test_an_interrupt_keeps_what_was_computed() -> None:
    looks = 2 * 4 + 2  # both rows of four blocks are looked for first, then one look after each block
    store = Stopped(looks)
    cut = drawn(TRUE, store)
    assert not cut.complete
    assert 0 < len(cut.cells) < len(cut.plan.cells)
    store.looks = 10**6
    whole = drawn(TRUE, store)
    assert whole.complete
    assert {place: whole.cells[place] for place in cut.cells} == cut.cells


def test_progress_counts_networks() -> None:
    seen: list[tuple[int, int]] = []
    made: Plan = plan(TRUE, grid=(4, 4), trained=6, at={"d": 30})
    compute(made, store=MemoryStore(), progress=lambda label, done, total: seen.append((done, total)))
    assert seen[0] == (0, 96)
    assert seen[-1] == (96, 96)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
