"""From a domain to settings: Hypothesis draws them, in batches of one shape, and shrinks what fails.

Values lie on short grids, with edges and simple values included on purpose.  What
is drawn are positions, shifted far from 0: there Hypothesis draws uniformly and
knows no favourite constants, so that coverage is the domain's own and the same
seed draws the same settings whatever else is imported.  Nothing statistical may
fail inside Hypothesis; `explore` asks its test for facts and records them.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, given, settings, target
from hypothesis import seed as seeded
from hypothesis import strategies as st

from ftproofs.claim import Domain
from ftproofs.errors import UsageError
from ftproofs.names import PARAMETERS, Value, complete
from ftproofs.numeric.axes import Axis, axis

Values: TypeAlias = dict[str, Value]
Accept: TypeAlias = Callable[[Mapping[str, Value]], bool]

#: Tries before the constraints count as contradictory.
TRIES = 10_000

# Shapes to choose from, and tries without a new one after which there are no more.
_SHAPES = 256
_STALE = 2000
_ATTEMPTS = 16
_REDRAWS = 20
_TICKS = 1 << 16
_SEARCH = 200
_SHIFT = 7_310_579 * 10**12
#: Values of a parameter that are tried in turn where the constraints refuse a corner.
_MOVES = 40


@dataclass(frozen=True)
class Batches:
    """Batches of ``size`` settings that share one shape, drawn from a domain.

    ``strategy`` is the Hypothesis strategy; its examples are tuples of complete
    parameter dictionaries (`names.complete`) that satisfy the constraints.
    """

    axes: tuple[Axis, ...]
    experiment: str
    accept: Accept
    size: int
    _raw: dict[tuple[tuple[str, Value], ...], Values] = field(default_factory=dict, repr=False, compare=False)

    def settle(self, drawn: Mapping[str, Value]) -> Values | None:
        """The complete setting, or None if the constraints refuse it.

        The constraints see the realised ratio n/d as ``gamma``.
        """
        try:
            values = complete(self.experiment, drawn)
        except UsageError as error:
            if error.code in ("FT304", "FT305"):
                return None
            raise
        seen = dict(values)
        if "n" in seen and "d" in seen:
            seen["gamma"] = float(seen["n"]) / float(seen["d"])
        if not self.accept(seen):
            return None
        self._raw.setdefault(key(values), dict(drawn))
        return values

    @cached_property
    def _shaping(self) -> tuple[Axis, ...]:
        # The ratio decides n or d, and with it the shape; what is fixed is shared as well.
        return tuple(a for a in self.axes if PARAMETERS[a.name].shapes or a.name == "gamma" or len(a.values) == 1)

    @cached_property
    def _free(self) -> tuple[Axis, ...]:
        return tuple(a for a in self.axes if a not in self._shaping)

    @cached_property
    def shapes(self) -> tuple[Values, ...]:
        """Admissible draws with distinct shapes, simplest shape first.

        Raises:
            UsageError: FT204 when the constraints refuse all tries.
        """
        rng = _generator("shapes")
        found: dict[tuple[Value, ...], Values] = {}
        drawn: Values = {}
        held: Values = {}
        stale = refused = 0
        turn = itertools.cycle([a.name for a in self._shaping if len(a.values) > 1] or [None])
        for _ in range(TRIES):
            shares = rng.random(len(self.axes))
            drawn = {a.name: a.at(share) for a, share in zip(self.axes, shares, strict=True)} | held
            stale += 1
            if self.settle(drawn) is not None:
                shape = tuple(drawn[a.name] for a in self._shaping)
                if shape not in found:
                    found[shape], stale = drawn, 0
                held, refused = {}, 0
            elif refused < _REDRAWS:
                # Redrawn around one of its values, each parameter in turn: constraints must not thin out any value.
                name = None if held else next(turn)
                held, refused = held if name is None else {name: drawn[name]}, refused + 1
            else:
                held, refused = {}, 0
            if found and (len(found) == _SHAPES or stale == _STALE):
                break
        if not found:
            complete(self.experiment, drawn)  # A value that is never in range says so itself.
            raise UsageError("FT204", f"the constraints admit no setting (0 of {TRIES} tried)")
        return tuple(sorted(found.values(), key=self._simplicity))

    def _simplicity(self, drawn: Mapping[str, Value]) -> tuple[float, tuple[int, ...]]:
        places = tuple(a.values.index(drawn[a.name]) for a in self._shaping)
        return sum(math.log2(1 + place) for place in places), places

    def complexity(self, setting: Values) -> tuple[float, tuple[int, ...]]:
        """Smaller for settings with smaller shapes and simpler values."""
        drawn = self._raw[key(setting)]
        places = tuple(a.values.index(drawn[a.name]) for a in self.axes)
        return sum(math.log2(1 + place) for place in places), places

    def corners(self, count: int) -> tuple[Values, ...]:
        """Settings at the ends of all ranges at once, of at most so many corners spread over all of them.

        Where the constraints refuse a corner, each parameter by itself is moved from its end
        until they do not.
        """
        ends = [a.spread if not a.edges else tuple(dict.fromkeys((a.spread[0], a.spread[-1]))) for a in self.axes]
        lengths = [len(values) for values in ends]
        total = math.prod(lengths)
        every = range(total) if total <= count else sorted(_generator("corners").choice(total, count, replace=False))
        found: dict[tuple[tuple[str, Value], ...], Values] = {}
        for number in every:
            places = np.unravel_index(int(number), lengths)
            corner = {a.name: ends[i][int(places[i])] for i, a in enumerate(self.axes)}
            for drawn in itertools.chain([corner], self._moved(corner)):
                setting = self.settle(drawn)
                if setting is not None:
                    found.setdefault(key(setting), setting)
                    if drawn is corner:
                        break
        return tuple(found.values())

    def _moved(self, corner: Values) -> Iterator[Values]:
        """The corner with one parameter moved, each in turn, to the first value that the constraints allow."""
        for a in self.axes:
            if a.edges:
                values = a.spread if corner[a.name] == a.spread[0] else a.spread[::-1]
                moved = ({**corner, a.name: value} for value in values[:: max(1, len(values) // _MOVES)])
                accepted = next((drawn for drawn in moved if self.settle(drawn) is not None), None)
                if accepted is not None:
                    yield accepted

    @property
    def strategy(self) -> st.SearchStrategy[tuple[Values, ...]]:
        """Batches of the full size."""
        return _batch(self, self.shapes, _generator("turns").random((self.size, _ATTEMPTS, len(self._free))))

    def fill(self, example: Mapping[str, Value], shares: np.ndarray, turns: np.ndarray, taken: set) -> Values:
        """A setting of the example's shape: the first admissible and new one of several turns of the shares."""
        shape = {a.name: example[a.name] for a in self._shaping}
        fallback = None
        for turn in turns:
            free = {a.name: a.at(share) for a, share in zip(self._free, (shares + turn) % 1.0, strict=True)}
            values = self.settle(shape | free)
            if values is not None and key(values) not in taken:
                return values
            fallback = fallback or values
        found = fallback or self.settle(example)
        assert found is not None
        return found

    def simpler(self, setting: Values) -> st.SearchStrategy[Values | None]:
        """That setting, mostly; shrinks to settings each of whose values is at most as complicated.

        None where the constraints refuse what was drawn.
        """
        return _simpler(self, self._raw[key(setting)])


def batches(domain: Domain, experiment: str, accept: Accept, *, size: int) -> Batches:
    """Batches of ``size`` settings of an experiment, drawn from a domain.

    Args:
        domain: ranges and choices; its constraints are not looked at.
        experiment: name of the experiment.
        accept: the constraints, as a predicate on complete settings (and ``gamma``).
        size: settings in a batch.

    Raises:
        UsageError: FT204 when no setting satisfies the constraints; FT302, FT303, FT306 as `names.complete`.
    """
    found = Batches(tuple(axis(name, values) for name, values in domain.ranges), experiment, accept, size)
    _ = found.shapes
    return found


def key(setting: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    """A hashable form of a setting."""
    return tuple(sorted(setting.items()))


def _generator(stream: str) -> np.random.Generator:
    words = np.frombuffer(f"ftproofs sampling {stream}".encode().ljust(64, b"\0"), dtype=np.uint32)
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(words.tolist())))


def _position(count: int) -> st.SearchStrategy[int]:
    return st.integers(_SHIFT, _SHIFT + count - 1)


@st.composite
def _batch(draw: st.DrawFn, source: Batches, shapes: Sequence[Values], turns: np.ndarray) -> tuple[Values, ...]:
    free = turns.shape[2]
    # As one collection without repetition: else Hypothesis follows each example with five
    # that differ from it by a position copied to another, which teach nothing here.
    wanted = 1 + source.size * free
    positions = draw(st.lists(_position(_TICKS), min_size=wanted, max_size=wanted, unique=True))
    shares = (np.array(positions) - _SHIFT) / _TICKS
    example = shapes[int(shares[0] * len(shapes))]
    members: list[Values] = []
    taken: set[tuple[tuple[str, Value], ...]] = set()
    for case, own in enumerate(shares[1:].reshape(source.size, free)):
        # The first case as drawn, so that the simplest one occurs; the others turned apart.
        member = source.fill(example, own, turns[case] if case else np.vstack([0 * turns[0, :1], turns[0]]), taken)
        taken.add(key(member))
        members.append(member)
    return tuple(members)


@st.composite
def _simpler(draw: st.DrawFn, source: Batches, drawn: Values) -> Values | None:
    values: Values = {}
    for a in source.axes:
        last = a.values.index(drawn[a.name])
        # Almost all positions stand for the value itself, so that it is found at once.
        values[a.name] = a.values[min(last, draw(_position(64 * (last + 1))) - _SHIFT) if last else 0]
    return source.settle(values)


# -- exploring ----------------------------------------------------------------

#: What a test says about a batch: a score to climb, and the indices of settings that fail.
Outcome: TypeAlias = tuple[float, Sequence[int]]


@dataclass(frozen=True)
class Exploration:
    """What exploring found: the batches in the order they were tested, with their scores and failing cases.

    ``minimal`` is a batch of one, the simplest failing setting that shrinking reached;
    None if no setting fails (alone). ``shrink_calls`` counts the tests that shrinking took.
    """

    batches: tuple[tuple[Values, ...], ...]
    scores: tuple[float, ...]
    failing: tuple[tuple[int, ...], ...]
    minimal: tuple[Values] | None = None
    shrink_calls: int = 0


def explore(
    source: Batches,
    test: Callable[[tuple[Values, ...]], Outcome],
    *,
    seed: int,
    examples: int,
    shrink_calls: int,
) -> Exploration:
    """Run a test on batches that Hypothesis draws, climbs and shrinks; the same seed does the same.

    Three quarters of the ``examples`` are drawn, the rest climb toward higher scores. If
    some setting failed, the simplest such is tested alone and shrunk by Hypothesis. Each
    batch is tested once; an exception of the test ends the exploration and is raised.

    Args:
        source: where batches come from.
        test: its outcome may depend on the batch alone.
        seed: of Hypothesis's choices.
        examples: batches to test.
        shrink_calls: tests that shrinking may add, at most.
    """
    memory = _Memory(test, examples)

    def climb(batch: tuple[Values, ...]) -> None:
        score, _ = memory(batch)
        if math.isfinite(score):
            target(float(np.clip(score, -1e12, 1e12)), label="score")

    # Hypothesis begins to climb after half of what it is allowed; what climbing left is drawn.
    draws = given(source.strategy)
    with contextlib.suppress(_Enough):
        _run(2 * seed, max(1, 3 * examples // 2), Phase.generate, Phase.target)(draws(climb))()
        _run(2 * seed + 1, 2 * examples, Phase.generate)(draws(climb))()
    memory.reraise()
    tested = tuple(memory.outcomes.items())
    failing = [memory.batches[name][i] for name, (_, cases) in tested for i in cases]
    minimal, spent = _shrink(source, memory, failing, seed, shrink_calls) if failing else (None, 0)
    return Exploration(
        tuple(memory.batches[name] for name, _ in tested),
        tuple(float(score) for _, (score, _) in tested),
        tuple(tuple(cases) for _, (_, cases) in tested),
        None if minimal is None else (minimal,),
        spent,
    )


def shrink(
    source: Batches,
    test: Callable[[tuple[Values, ...]], Outcome],
    start: Values,
    *,
    seed: int,
    calls: int,
) -> Values | None:
    """The simplest setting that fails the test alone, reached from one drawn from the source.

    None if the start itself passes.  At most ``calls`` settings are tested.
    """
    return _shrink(source, _Memory(test, 0), [start], seed, calls)[0]


def _run(seed: int, examples: int, *phases: Phase) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Hypothesis with nothing left to its environment."""
    configured = settings(
        max_examples=examples,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
        backend="hypothesis",
    )
    return lambda function: configured(seeded(seed)(function))


class _Failing(Exception):
    """Tells Hypothesis that a setting fails."""


class _Enough(BaseException):
    """Ends a run of Hypothesis from within; no `Exception`, which it would take for a failure and shrink."""


class _Memory:
    """A test that is asked once about each batch, and about so many at most."""

    def __init__(self, test: Callable[[tuple[Values, ...]], Outcome], limit: int) -> None:
        self.test = test
        self.limit = limit
        self.batches: dict[tuple, tuple[Values, ...]] = {}
        self.outcomes: dict[tuple, tuple[float, tuple[int, ...]]] = {}
        self.raised: Exception | None = None

    def __call__(self, batch: tuple[Values, ...]) -> tuple[float, tuple[int, ...]]:
        name = tuple(key(setting) for setting in batch)
        if name not in self.outcomes:
            if len(self.outcomes) >= self.limit:
                raise _Enough
            try:
                score, cases = self.test(batch)
            except Exception as error:
                self.raised = error
                raise _Enough from error
            self.batches[name], self.outcomes[name] = batch, (float(score), tuple(int(i) for i in cases))
        return self.outcomes[name]

    def reraise(self) -> None:
        if self.raised is not None:
            raise self.raised


def _shrink(
    source: Batches, memory: _Memory, failing: Sequence[Values], seed: int, calls: int
) -> tuple[Values | None, int]:
    """The simplest setting found that fails alone, from the simplest that failed in company."""
    before = len(memory.outcomes)
    memory.limit = before + max(0, calls)
    start = min(failing, key=source.complexity)
    reached = start

    @_run(seed, _SEARCH, Phase.generate, Phase.shrink)
    @given(source.simpler(start))
    def simplify(setting: Values | None) -> None:
        nonlocal reached
        if setting is not None and memory((setting,))[1]:
            reached = min(reached, setting, key=source.complexity)
            raise _Failing

    alone = False
    with contextlib.suppress(_Enough, _Failing):
        alone = bool(memory((start,))[1])
        if alone:
            simplify()
    memory.reraise()
    return (reached if alone else None), len(memory.outcomes) - before
