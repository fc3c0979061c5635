"""The compiled loops do what the engines in torch do: same steps, same readings, same certificates."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diagonals import rows
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ftproofs.numeric.diagonal import compiled, dual, multitask
from ftproofs.numeric.diagonal.descent import train_descent
from ftproofs.numeric.diagonal.ended import Ended
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.diagonal.train import train_flow
from ftproofs.numeric.training.flow import ARRIVED

#: Pairs whose tighter one is far above rounding, so that both engines choose the same steps, and the default.
LOOSE = (1e-8, 1e-6)

#: Numbers of a network that are estimated for itself; those of a coordinate are judged by the worst coordinate.
COORDINATES = {"phase", "mu"}


def problem_of(
    seed: int, n: int, d: int, scale: float, labels: float = 1.0, *, frozen: bool = False, identity: bool = False
) -> tuple[Regression, Weights]:
    """Three networks with unbalanced random starts of about this scale."""
    rng = np.random.default_rng(seed)
    wp, vp, wm, vm = (torch.tensor(scale**0.5 * rng.uniform(0.3, 1.0, (3, d))) for _ in range(4))
    y = labels * torch.tensor(rng.standard_normal((3, d if identity else n)))
    X = None if identity else torch.tensor(rng.standard_normal((3, n, d))) / n**0.5
    return Regression.of(X, y), Weights(wp, vp, wm, vm, frozen)


def same(a: Ended, b: Ended, *, exact: bool) -> None:
    """Ends within their bounds, the same readings within theirs; ``exact``: step for step the same."""
    assert a.status == b.status
    if exact:
        # Rounding may turn a look at the bound, which comes every few steps.
        assert float((a.steps - b.steps).abs().max()) <= 6
    gap = torch.linalg.vector_norm(a.beta - b.beta, dim=1)
    assert (gap <= a.radius + b.radius).all()
    assert set(a.path) == set(b.path)
    # What was given up in the middle of an oscillation is compared in its certificate alone.
    ok = torch.tensor([status == "ok" for status in a.status])
    for name in a.path:
        (value, bound), (other, loose) = a.path[name], b.path[name]
        assert value.shape == other.shape
        assert bound.shape == loose.shape
        known = torch.isfinite(value) & torch.isfinite(other) & torch.isfinite(bound) & torch.isfinite(loose)
        assert torch.equal(torch.isfinite(value)[ok], torch.isfinite(other)[ok]), name
        known &= ok if value.ndim == 1 else ok[:, None]
        if value.ndim == 1:
            # A decay that is slowest at once has no other error than its rounding.
            assert ((value - other).abs() <= bound + loose + 1e-13 * value.abs())[known].all(), (name, value, other)
            continue
        size = torch.maximum(value.abs(), other.abs()).clamp_min(1e-300)
        off, allowed = ((value - other).abs() / size), ((bound + loose) / size)
        off, allowed = (torch.where(known, z, 0.0).amax(dim=1) for z in (off, allowed))
        assert (off <= 2 * allowed + 1e-13).all(), (name, off, allowed)
    for part in ("wp", "vp", "wm", "vm"):
        end, other = getattr(a.end, part), getattr(b.end, part)
        far = (a.radius + b.radius + 1e-12) * (1 + 10 / a.start.scale.amin(dim=1).sqrt())
        assert ((end - other).abs().amax(dim=1) <= far)[ok].all(), part


#: Shrinking would train what failed hundreds of times.
PHASES = (Phase.explicit, Phase.generate)

networks = st.tuples(
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.integers(3, 9),
    st.floats(-2.0, 1.0),
    st.sampled_from(["dense", "identity", "frozen"]),
)


@given(networks)
@settings(max_examples=8, phases=PHASES)
def test_flow_ends_where_torch_ends(drawn: tuple[int, int, int, float, str]) -> None:
    seed, n, extra, power, kind = drawn
    problem, start = problem_of(seed, n, n + extra, 10.0**power, frozen=kind == "frozen", identity=kind == "identity")
    unit = torch.ones(3, dtype=torch.float64)
    options = {"tolerances": LOOSE, "aim": 1e-6, "max_steps": 400} if kind != "frozen" else {"max_steps": 400}
    (fast,) = train_flow(problem, [start], unit, **options)
    (slow,) = train_flow(problem, [start], unit, **options, engine="torch")
    assert compiled.suits(problem)
    same(fast, slow, exact=kind != "frozen")
    if kind == "dense":
        exact = dual.solve(problem.X, problem.y, start.scale, start.phase)
        assert (torch.linalg.vector_norm(fast.beta - exact.beta, dim=1) <= fast.radius + exact.bound).all()


EXTREMES = {
    "no labels": (problem_of(1, 3, 7, 0.5, labels=0.0), {}),
    "tiny scale": (problem_of(2, 3, 7, 1e-5), {"tolerances": LOOSE, "aim": 1e-6}),
    "large scale": (problem_of(3, 3, 7, 1e3), {}),
    "large labels": (problem_of(4, 3, 7, 0.5, labels=1e4), {}),
    "square": (problem_of(5, 6, 6, 0.5), {"tolerances": LOOSE, "aim": 1e-6}),
    "more samples": (problem_of(6, 12, 5, 0.5), {}),
    "given up": (problem_of(7, 4, 9, 0.5), {"max_steps": 5}),
    "not begun": (problem_of(8, 4, 9, 0.5), {"max_steps": 0}),
    "still": (problem_of(9, 4, 9, 0.5), {"rate": 0.0, "max_steps": 20}),
    "half speed": (problem_of(10, 4, 9, 0.5), {"rate": 0.5}),
    "one of each": (problem_of(11, 1, 1, 0.5), {}),
    "population, no labels": (problem_of(12, 1, 5, 0.5, labels=0.0, identity=True), {}),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_flow_of_extreme_settings(name: str) -> None:
    (problem, start), options = EXTREMES[name]
    other = Weights(start.wp, 2 * start.vp, start.wm, start.vm)
    unit = torch.ones(3, dtype=torch.float64)
    fast = train_flow(problem, [start, other], unit, **options)
    slow = train_flow(problem, [start, other], unit, **options, engine="torch")
    for a, b in zip(fast, slow, strict=True):
        same(a, b, exact=False)
        both = torch.isfinite(a.tail) & torch.isfinite(b.tail)
        assert torch.equal(torch.isfinite(a.tail), torch.isfinite(b.tail))
        # Certificates are the same but for where the last look fell and for rounding.
        assert (a.tail[both] <= 30 * b.tail[both] + 1e-13).all()
        assert (b.tail[both] <= 30 * a.tail[both] + 1e-13).all()


@given(networks.filter(lambda drawn: drawn[3] > -1.5), st.booleans())
@settings(max_examples=6, phases=PHASES)
def test_descent_takes_the_steps_that_torch_takes(drawn: tuple[int, int, int, float, str], alone: bool) -> None:
    seed, n, extra, power, kind = drawn
    problem, start = problem_of(seed, n, n + extra, 10.0**power, frozen=kind == "frozen", identity=kind == "identity")
    unit = torch.ones(3, dtype=torch.float64)
    teacher = start.beta + torch.linalg.vector_norm(problem.y, dim=1)[:, None]
    common = {"teacher": teacher, "share": 0.2 * unit, "alone": alone, "max_steps": 300, "aim": 1e-4}
    other = Weights(start.wp, 2 * start.vp, start.wm, start.vm, start.frozen)
    fast = train_descent(problem, [start, other], unit, **common)
    slow = train_descent(problem, [start, other], unit, **common, engine="torch")
    for a, b in zip(fast, slow, strict=True):
        assert torch.equal(a.steps, b.steps)
        same(a, b, exact=True)
        assert torch.allclose(a.beta, b.beta, rtol=1e-9, atol=1e-11)
        assert torch.allclose(a.tail, b.tail, rtol=1e-4, atol=1e-12)
        for name, (value, _) in a.path.items():
            assert torch.allclose(value, b.path[name][0], rtol=1e-6, atol=1e-8), name


def test_a_step_past_the_last_factor_is_no_number() -> None:
    problem, start = problem_of(1, 3, 6, 0.5)
    unit = torch.ones(3, dtype=torch.float64)
    common = {"teacher": start.beta, "share": 40 * unit, "alone": True, "max_steps": 64}
    (fast,) = train_descent(problem, [start], unit, **common)
    (slow,) = train_descent(problem, [start], unit, **common, engine="torch")
    assert fast.status == slow.status
    assert set(fast.status) <= {"diverged", "not-converged"}


def test_bits_depend_on_the_network_alone() -> None:
    problem, start = problem_of(5, 5, 12, 0.3)
    unit = torch.ones(3, dtype=torch.float64)
    (three,) = train_flow(problem, [start], unit)
    for i in range(3):
        index = torch.tensor([i])
        (one,) = train_flow(problem.select(index), [start.select(index)], unit[index])
        assert torch.equal(one.beta[0], three.beta[i])
        assert torch.equal(one.tail[0], three.tail[i])
        for name, (value, bound) in one.path.items():
            assert torch.equal(value[0], three.path[name][0][i]), name
            assert torch.equal(bound[0], three.path[name][1][i]), name


def test_large_designs_and_other_numbers_stay_with_torch() -> None:
    big = torch.zeros(1, 300, 500, dtype=torch.float64)
    assert not compiled.suits(Regression.of(big, big[:, :, 0]))
    small = torch.zeros(1, 3, 5)
    assert not compiled.suits(Regression.of(small, small[:, :, 0]))
    assert compiled.suits(Regression.of(small.double(), small[:, :, 0].double()))


def test_rows_say_which_engine_made_them() -> None:
    given = {"n": 4, "d": 9, "c": 0.5}
    assert (rows("diagonal.scratch", "flow", **given).info["compiled"] == 1).all()
    assert (rows("diagonal.scratch", "flow", method=1, **given).info["compiled"] == 0).all()
    assert (rows("diagonal.scratch", "reduced", **given).info["compiled"] == 0).all()


AGAIN = """
from ftproofs.numeric.loops import flow
from numpy import ones
weights = ones((2, 4, 3)) * 0.5
flow.trained(ones((1, 1, 3)), ones((1, 3, 1)) / 3**0.5, ones((1, 1)), weights, ones(2) * 1e-6, ones(2) * 1e-8,
             False, True, 1.0, 100, 2)
print(sum(flow.trained.stats.cache_hits.values()))
"""


def test_another_process_finds_the_loop_compiled(tmp_path: Path) -> None:
    """The cache that this process filled serves the next one."""
    problem, start = problem_of(5, 1, 3, 0.3)
    train_flow(problem, [start], torch.ones(3, dtype=torch.float64))
    out = subprocess.run(
        [sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert int(out.stdout) >= 1


def test_where_nothing_can_be_kept_loops_are_compiled_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftproofs.numeric.loops import compiling

    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    compiling.folder.cache_clear()
    try:
        assert compiling.folder() is None
        assert compiling.loop(lambda x: x + 1)(2) == 3
    finally:
        compiling.folder.cache_clear()


@pytest.mark.parametrize(("auxiliary", "main", "d"), [(0, 3, 7), (4, 3, 9), (2, 0, 6), (9, 5, 7)])
def test_two_tasks_at_once_end_where_torch_ends(auxiliary: int, main: int, d: int) -> None:
    """No samples stand for the population."""
    rng = np.random.default_rng(d)
    problems = tuple(problem_of(n, max(n, 1), d, 1.0, identity=n == 0)[0] for n in (auxiliary, main))
    z = torch.tensor(rng.uniform(0.3, 1.0, (3, 6 * d)))
    twice = torch.arange(3).repeat(2)
    goal = torch.full((6,), 1e-5, dtype=torch.float64)
    tolerance = torch.tensor([1e-11, 1e-9], dtype=torch.float64).repeat_interleave(3)
    ends = []
    for engine in ("", "torch"):
        system = multitask.SharedFlow(tuple(p.select(twice) for p in problems), d, goal)
        end, code, steps = multitask.follow(system, z[twice], 1 + 0 * goal, tolerance, 3, engine=engine)
        system.attend(torch.arange(6))
        left = system.left(end)
        assert (code == ARRIVED).all()
        assert (left <= 1.001 * goal).all()
        ends.append((end, left, steps))
    (fast, near, few), (slow, far, many) = ends
    # The looser tolerance says how far integration may be off.
    loose = torch.linalg.vector_norm(slow[:3] - slow[3:], dim=1)
    assert (torch.linalg.vector_norm(fast - slow, dim=1)[:3] <= near[:3] + far[:3] + loose).all()
    assert float((few - many).abs().max()) <= 6
    one = multitask.SharedFlow(tuple(p.select(torch.tensor([1, 1])) for p in problems), d, goal[:2])
    alone, _, _ = multitask.follow(one, z[[1, 1]], torch.ones(2).double(), tolerance[[1, 4]], 1)
    assert torch.equal(alone, fast[[1, 4]])
