"""What was found, and how findings combine into one word.

A verdict stands on two legs that are always shown apart: the derivation and the
experiment.  The word is their join::

    experiment    derivation   word
    ------------  -----------  ---------------------------------------------------
    any           disproved    refuted
    refuted       any          refuted
    error         other        error
    undecided     other        undecided
    none          proved       proved
    none          probable     supported
    none          other        undecided
    certified     proved       proved
    supported     proved       proved
    certified     other        supported   (flag broken-proof if a step is false)
    supported     other        supported   (likewise)

Rows are tried from the top.  A derivation that rests on a conjectural axiom
(`CONJECTURAL`) counts as ``probable`` at most.  Undecided never counts as a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ftproofs.settings import Setting

DerivationStatus = Literal["proved", "probable", "broken", "gap", "none", "disproved"]
ExperimentStatus = Literal["certified", "supported", "refuted", "undecided", "error", "none"]
Word = Literal["proved", "supported", "refuted", "undecided", "error"]
StepStatus = Literal["proved", "probable", "axiom", "false", "open"]

DERIVATION_STATUSES: tuple[DerivationStatus, ...] = ("proved", "probable", "broken", "gap", "none", "disproved")
EXPERIMENT_STATUSES: tuple[ExperimentStatus, ...] = (
    "certified",
    "supported",
    "refuted",
    "undecided",
    "error",
    "none",
)

#: Axioms that are conjectures or limits without a rate: claims on them are supported at most.
CONJECTURAL = frozenset({"replica", "deterministic-equivalent"})


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step of a derivation ended: by which route, and the point that disproves it if any."""

    id: str
    status: StepStatus
    route: str
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """The derivation leg: its steps, the axioms it rests on, the steps of corollaries."""

    status: DerivationStatus
    steps: tuple[StepResult, ...] = ()
    axioms: tuple[str, ...] = ()
    corollaries: tuple[StepResult, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """A setting at which a statement was compared with a trained network.

    ``bound`` is the a-posteriori bound on ``observed - predicted`` (each), or the
    half-width of the confidence interval (mean); ``error`` is relative, as
    defined in the design; ``id`` replays it.
    """

    setting: Setting
    id: str
    statement: int
    predicted: float
    observed: float
    bound: float
    error: float


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the experiment: its status, its counts and its figures."""

    status: ExperimentStatus
    trainings: int = 0
    draws: int = 0
    worst: float | None = None
    bound: float | None = None
    interval: tuple[float, float] | None = None
    evidence: float | None = None


@dataclass(frozen=True, slots=True)
class SizeMean:
    """The mean relative error at one size of a ladder, with its standard error."""

    d: int
    draws: int
    error: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Slack:
    """How much a bound that holds with probability ``level`` could be divided by, with a 99.8 % interval.

    The bound over the (level)-quantile of what it bounds, at the tightest setting.
    """

    level: float
    factor: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a boundary was predicted along one parameter, and where the measured sign changed.

    ``low`` and ``high`` are the settings' values on both sides of it; ``bracketed`` says
    that both have the sign claimed, so that what is measured crosses 0 between them.
    """

    parameter: str
    predicted: float
    low: float
    high: float
    bracketed: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """The experiment leg.

    ``interval`` and ``estimate`` are relative errors of the least certain
    statement (limit: of its limit; probability: the probability of a violation, of
    which ``1 - level`` is allowed; sign: the mean over its scale, positive where it has
    the sign claimed);
    ``smallest_error_seen`` is the smallest relative error of the statement that this
    check would have noticed (probability: the smallest probability of a violation).
    ``sizes`` are the means behind the limit, ``slack`` is that of a bound, ``crossings``
    are those of a boundary at which a sign changes.
    """

    status: ExperimentStatus
    quantifier: str
    tolerance: float
    scale: str = "1"
    settings: int = 0
    trainings: int = 0
    links: Mapping[str, Link] = field(default_factory=dict)
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    smallest_error_seen: float | None = None
    worst: Observation | None = None
    simplest: Observation | None = None
    flags: tuple[str, ...] = ()
    detail: str = ""
    needed: int | None = None
    sizes: tuple[SizeMean, ...] = ()
    slack: Slack | None = None
    level: float | None = None
    crossings: tuple[Crossing, ...] = ()


@dataclass(frozen=True, slots=True)
class Power:
    """Which wrong variants of a claim its check would have refuted.

    ``score`` is killed over killed and survived, ``strict`` the same without the fine
    operators; None when there is nothing to kill.  ``survivors`` are the statements left
    with the largest relative error each makes where the claim holds, largest first.
    """

    score: float | None
    strict: float | None
    killed: int
    survived: int
    equivalent: int
    below_tolerance: int
    survivors: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Assumed:
    """What became of a claim without one of its assumptions.

    ``kind``, ``outcome``: as of `ftproofs.check.assumptions`.  ``assumed`` and ``instead``
    say what held and what held in its place; where the claim fails without it, ``error`` is that of
    a counterexample and ``replay`` its setting id.
    """

    kind: str
    assumed: str
    instead: str
    outcome: str
    detail: str = ""
    error: float | None = None
    replay: str | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A setting in a picture: its two coordinates, and whether the statement held there.

    ``outcome`` is ``holds``, ``fails`` or ``unclear``; ``error`` the relative error seen (NaN without a number).
    """

    x: float
    y: float
    outcome: str
    error: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a refuted claim holds and where it fails, over the two parameters that tell it best."""

    x: str
    y: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """What the experiment leg was decided on (`ftproofs.check.trail.Decided`), and which training was lost."""

    decisions: tuple[Any, ...] = ()
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word about a claim, with both legs it stands on.

    ``hints`` say why a refuted claim may have failed, ``picture`` where; ``power`` says what
    the check would have refuted, ``assumed`` which assumptions are needed (where that was
    asked); the word never depends on them.  ``account`` is there where it was asked for.
    """

    claim: str
    word: Word
    derivation: Derivation
    experiment: Evidence
    expected: str | None = None
    flags: tuple[str, ...] = ()
    seconds: float = 0.0
    hints: tuple[str, ...] = ()
    power: Power | None = None
    assumed: tuple[Assumed, ...] | None = None
    picture: Picture | None = None
    account: Account | None = field(default=None, compare=False, repr=False)

    @property
    def as_expected(self) -> bool:
        """Whether the word is what the catalog expects (None: proved or supported)."""
        if self.expected is None:
            return self.word in ("proved", "supported")
        return self.word == self.expected


def join(derivation: Derivation, experiment: ExperimentStatus) -> tuple[Word, tuple[str, ...]]:
    """The word and its flags; the table stands in the module's docstring."""
    status = derivation.status
    if status == "proved" and CONJECTURAL.intersection(derivation.axioms):
        status = "probable"
    if status == "disproved" or experiment == "refuted":
        return "refuted", ()
    if experiment == "error":
        return "error", ()
    if experiment == "undecided":
        return "undecided", ()
    if experiment == "none":
        if status == "proved":
            return "proved", ()
        return ("supported" if status == "probable" else "undecided"), ()
    if status == "proved":
        return "proved", ()
    return "supported", ("broken-proof",) if status == "broken" else ()


def exit_status(verdicts: list[Verdict]) -> int:
    """The exit code of a run: 1 against expectation, 3 undecided or error, 0 otherwise."""
    against = [
        v
        for v in verdicts
        if not v.as_expected
        and (v.word == "refuted" or (v.expected == "refuted" and v.word in ("proved", "supported")))
    ]
    if against:
        return 1
    return 3 if any(not v.as_expected for v in verdicts) else 0


def as_json(value: Any) -> Any:
    """A JSON-ready copy: infinities and NaN become strings, tuples become lists."""
    if isinstance(value, float):
        if value != value:
            return "nan"
        if value in (float("inf"), float("-inf")):
            return "inf" if value > 0 else "-inf"
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value
