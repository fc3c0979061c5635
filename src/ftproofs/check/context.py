"""What a check works with: a store of rows, a device, a root seed, a budget, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ftproofs.check.memory import within_memory
from ftproofs.check.trail import Trail
from ftproofs.claim import Rows, Store
from ftproofs.errors import UsageError, unknown
from ftproofs.ids import encode
from ftproofs.names import PARAMETERS, Value
from ftproofs.numeric import experiments
from ftproofs.numeric.seeds import code_hash
from ftproofs.settings import Block, Draws, Setting

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Budget:
    """Counts of trainings and draws; a clock never changes a verdict.

    ``settings`` networks are trained for a claim about each; ``explored``
    settings are looked at for a claim about means, ``anchors`` of them decided;
    ``draws`` and ``trainings`` cap link B and the end-to-end link per anchor.
    Anchors are picked by what ``asked`` wrong variants say at most, and more are added for those
    that these leave of ``completed`` (`check.anchors`).
    ``scaling`` caps the draws at the largest size of a limit's ladder, ``outcomes`` those
    of a claim about a probability, per anchor.
    ``pairs`` caps those of a trend, per setting.
    """

    settings: int
    batch: int
    shrink: int
    explored: int
    anchors: int
    asked: int
    completed: int
    draws: int
    trainings: int
    end_to_end: int
    scaling: int
    outcomes: int
    pairs: int


BUDGETS = {
    "low": Budget(16, 4, 40, 8, 2, 60, 60, 65_536, 1024, 1, 8000, 16_384, 64),
    "default": Budget(64, 4, 60, 12, 4, 240, 1200, 131_072, 2048, 2, 8000, 32_768, 128),
    "high": Budget(256, 8, 120, 32, 8, 240, 1200, 131_072, 2048, 4, 16_000, 131_072, 512),
}


class MemoryStore:
    """Rows kept in memory: the default store."""

    def __init__(self) -> None:
        self._rows: dict[str, Rows] = {}

    def get(self, block: Block) -> Rows | None:
        """The rows of that block, if it was measured before."""
        return self._rows.get(block.canonical())

    def put(self, rows: Rows) -> None:
        """Keep the rows."""
        self._rows[rows.block.canonical()] = rows

    def rows(self) -> tuple[Rows, ...]:
        """Everything kept, in the order in which it was measured."""
        return tuple(self._rows.values())


@dataclass
class Context:
    """One check's surroundings; counts what was trained on the way, and says which training was ``lost`` (FT603).

    ``flags`` has what rows say that no decision carries along: means take networks without a bound as they stand.
    """

    store: Store
    budget: Budget
    seed: int = 0
    device: str = "cpu"
    progress: Progress = lambda label, done, total: None
    trained: int = 0
    reused: int = 0
    flags: set[str] = field(default_factory=set)
    lost: str = ""
    trail: Trail = field(default_factory=Trail)

    def rows(self, block: Block) -> Rows:
        """The block's rows, from the store or measured now and stored."""
        return self._noted(self._measured(block, experiments.run))

    def draws(self, block: Block) -> Rows:
        """The block's rows without bounds: for means, where rounding does not matter and draws are many."""

        def run(block: Block, *, device: str) -> Rows:
            return replace(experiments.run(block, device=device), bounds={}, info={})

        return self._noted(self._measured(block, run))

    def _measured(self, block: Block, run: Callable[..., Rows]) -> Rows:
        found = self.store.get(block)
        if found is not None:
            self.reused += len(block)
            return found
        rows = within_memory(partial(run, device=self.device), block)
        self.store.put(rows)
        self.trained += len(block)
        return rows

    def _noted(self, rows: Rows) -> Rows:
        """The rows; the first that training lost is remembered, as what an error says, and that some have no bound."""
        self.flags |= experiments.WITHOUT_BOUND.intersection(rows.flags)
        if not self.lost and experiments.DIVERGED in rows.status:
            case = rows.status.index(experiments.DIVERGED)
            self.lost = f"FT603: training diverged: no finite number, setting id {self.identify(rows, case)}"
        return rows

    def block(
        self,
        experiment: str,
        values: Sequence[dict[str, Value]],
        *,
        engine: str,
        stage: str,
        start: int = 0,
        method: int = 0,
    ) -> Block:
        """Settings with consecutive indices from ``start``, to be measured together."""

        # Draws of one setting share its values.
        shared: dict[int, Setting] = {}
        for parameters in values:
            if id(parameters) not in shared:
                shared[id(parameters)] = Setting.of(experiment, parameters, root=self.seed, stage=stage, index=start)
        settings: Sequence[Setting]
        if len(shared) == 1:
            settings = Draws(shared[id(values[0])], len(values))
        else:
            settings = tuple(
                Setting(experiment, shared[id(parameters)].values, self.seed, stage, start + i)
                for i, parameters in enumerate(values)
            )
        return Block(settings, engine, method)

    def identify(self, rows: Rows, case: int) -> str:
        """The id that replays one row."""
        block = rows.block
        return encode(
            block.settings[case],
            engine=block.engine,
            method=block.method,
            batch=len(block),
            dtype="float64",
            code=code_hash(),
        )


def by_shape(values: Iterable[dict[str, Value]]) -> list[list[dict[str, Value]]]:
    """Parameter sets grouped by the parameters that decide array shapes, in order of appearance."""
    groups: dict[tuple[Value, ...], list[dict[str, Value]]] = {}
    for parameters in values:
        shape = tuple(parameters[name] for name in sorted(parameters) if PARAMETERS[name].shapes)
        groups.setdefault(shape, []).append(parameters)
    return list(groups.values())


def budget_of(name: str, settings: int | None = None) -> Budget:
    """The budget of that name, with another number of settings to explore if one is given.

    Raises:
        UsageError: FT309 an unknown budget, or a number of settings that is not in 1..100000.
    """
    if name not in BUDGETS:
        raise unknown("budget", name, BUDGETS, code="FT309")
    budget = BUDGETS[name]
    if settings is None:
        return budget
    if isinstance(settings, bool) or not isinstance(settings, int) or not 1 <= settings <= 100_000:
        raise UsageError("FT309", f"settings must be an integer in 1..100000, got {settings!r}")
    return replace(budget, settings=settings, batch=min(budget.batch, settings), explored=max(budget.anchors, settings))


def check_seed(seed: int) -> int:
    """The seed itself.

    Raises:
        UsageError: FT211 when it is no integer in 0..2**64 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**64:
        raise UsageError("FT211", f"seed must be an integer 0..2**64-1, got {seed!r}")
    return seed
