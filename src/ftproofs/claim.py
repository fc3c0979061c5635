"""What is asserted: claims, their domains, quantifiers, steps and variants.

Frozen data; nothing happens on import.  Expressions and exact numbers are SymPy
objects, but this module treats them as opaque and does not import SymPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, SupportsFloat, TypeAlias

from ftproofs.errors import UsageError
from ftproofs.settings import Block

if TYPE_CHECKING:
    import numpy as np

#: A SymPy expression or relation; the core never looks inside.
Expr: TypeAlias = Any
Relation = Literal["==", "<=", ">=", "<", ">"]

RELATIONS: tuple[Relation, ...] = ("==", "<=", ">=", "<", ">")


# -- domains ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval of values; ``log`` draws it log-uniformly."""

    low: SupportsFloat
    high: SupportsFloat
    log: bool = False
    integer: bool = False

    def __post_init__(self) -> None:
        if not float(self.low) < float(self.high):
            raise UsageError("FT202", f"a range needs low < high, got [{self.low}, {self.high}]")


@dataclass(frozen=True, slots=True)
class Choices:
    """A finite set of values, simplest first."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """The settings a claim quantifies over: ranges, choices and constraints.

    ``constraints`` are SymPy relations between parameters.
    """

    ranges: tuple[tuple[str, Range | Choices], ...]
    constraints: tuple[Expr, ...] = ()

    @classmethod
    def of(cls, **ranges: Any) -> Domain:
        """A domain from keywords.

        ``d=(8, 80)`` is an interval (of integers when both ends are ``int``),
        ``L=[1, 2]`` are choices, anything else is fixed.
        """
        return cls(tuple((name, _as_range(value)) for name, value in ranges.items()))

    def where(self, *constraints: Expr) -> Domain:
        """The same domain with further constraints."""
        return replace(self, constraints=self.constraints + constraints)

    def with_ranges(self, **ranges: Any) -> Domain:
        """The same domain with some ranges replaced or added."""
        changed = dict(self.ranges) | {name: _as_range(value) for name, value in ranges.items()}
        return replace(self, ranges=tuple(changed.items()))

    def without_constraints(self) -> Domain:
        """The same ranges, no constraints."""
        return replace(self, constraints=())

    def __getitem__(self, name: str) -> Range | Choices:
        return dict(self.ranges)[name]

    def __contains__(self, name: str) -> bool:
        return name in dict(self.ranges)


def _as_range(value: Any) -> Range | Choices:
    if isinstance(value, (Range, Choices)):
        return value
    if isinstance(value, list):
        return Choices(tuple(value))
    if isinstance(value, tuple):
        low, high = value
        return Range(low, high, integer=isinstance(low, int) and isinstance(high, int))
    return Choices((value,))


def log_range(low: SupportsFloat, high: SupportsFloat) -> Range:
    """An interval of positive reals, drawn log-uniformly."""
    return Range(low, high, log=True)


def real_range(low: SupportsFloat, high: SupportsFloat) -> Range:
    """An interval of reals, also when both ends are integers."""
    return Range(low, high)


# -- what is asserted ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Statement:
    """One relation ``lhs REL rhs`` over names."""

    lhs: Expr
    rel: Relation
    rhs: Expr

    def __str__(self) -> str:
        return f"{self.lhs} {self.rel} {self.rhs}"


@dataclass(frozen=True, slots=True)
class Each:
    """The statement holds for each trained network."""

    name: str = "each"
    tolerance: float = 1e-6


@dataclass(frozen=True, slots=True)
class Mean:
    """The statement holds for the means over data at finite size: E[lhs - rhs] = 0.

    ``tolerance`` is the margin of link B, ``end_to_end`` that of real trainings.
    """

    name: str = "mean"
    tolerance: float = 0.02
    end_to_end: float = 0.05


#: A ladder of sizes needs this many, and this factor between the largest and the smallest.
LADDER_SIZES = 4
LADDER_SPAN = 8


@dataclass(frozen=True, slots=True)
class Limit:
    """The statement holds for the means over data as d grows at a fixed ratio ``gamma`` = n/d.

    The domain has ``gamma`` and neither n nor d: ``sizes`` are the values of d, by
    default a ladder that depends on gamma and begins where n is at least ``samples``.  At
    each size n = round(gamma d), and ``gamma`` in the statement is the realised ratio n/d.

    Raises:
        UsageError: FT210 fewer than 4 sizes, or a span below 8.
    """

    name: str = "limit"
    tolerance: float = 0.02
    end_to_end: float = 0.05
    sizes: tuple[int, ...] | None = None
    samples: int = 2

    def __post_init__(self) -> None:
        if self.sizes is None:
            return
        given = sorted(set(self.sizes))
        if len(given) < LADDER_SIZES or given[0] < 1 or given[-1] < LADDER_SPAN * given[0]:
            raise UsageError(
                "FT210",
                f"an asymptotic claim needs at least {LADDER_SIZES} sizes spanning a factor of {LADDER_SPAN}, "
                f"got {list(self.sizes)}",
            )


@dataclass(frozen=True, slots=True)
class Probability:
    """The statement holds with probability at least ``level`` over data, at every setting.

    ``level`` is a number or an expression in parameters.  A draw violates the
    statement when it does by more than ``tolerance`` (rounding), relative.
    """

    level: Expr
    name: str = "probability"
    tolerance: float = 1e-6


@dataclass(frozen=True, slots=True)
class Trend:
    """The statement says on which side networks lie when one parameter is changed, in pairs on the same data.

    Its sides are measurements, each by itself or ``At`` a value of a parameter, and its relation is ``<`` or ``>``: the
    direction.  The two networks of a pair share data and random numbers (``paired``
    parameters of the experiment change neither).  What a pair shows is the difference of the
    sides over the larger of them.  The statement says that in more than half of the pairs it has the
    direction and is at least ``effect``; the test is the sign test, as an e-process.
    """

    effect: float
    name: str = "trend"

    @property
    def tolerance(self) -> float:
        """The smallest relative difference that counts for the statement."""
        return self.effect


Quantifier: TypeAlias = Each | Mean | Limit | Probability | Trend


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim is made: a reference and the place in it."""

    reference: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.reference}, {self.place}" if self.place else self.reference


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation.

    ``relation`` is what the step establishes.  ``by`` is the method that closes it
    (an object of the symbolic wing), ``given`` the ids of earlier steps whose
    relations may be used.  A step of kind ``axiom`` gets its relation from the
    closed list of axioms.
    """

    id: str
    says: str
    relation: Statement
    by: Any
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """A false variant of a claim: the same experiment with something changed.

    ``statements`` or ``domain`` replaces the claim's own; ``says`` names the error
    in a few words; ``tell`` says where it can be told apart.
    """

    id: str
    says: str
    statements: tuple[Statement, ...] = ()
    domain: Domain | None = None
    quantifier: Quantifier | None = None
    tell: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A theorem with everything needed to check it.

    ``expected`` is the word the catalog expects (None: proved or supported).
    A claim without steps has no derivation.  A published form that fails is expected
    ``refuted``, and ``corrected`` is the id of the statement it should have been, on the
    same experiment and on its domain or a larger one.
    """

    id: str
    title: str
    source: Source
    experiment: str
    quantifier: Quantifier
    domain: Domain
    statements: tuple[Statement, ...]
    steps: tuple[Step, ...] = ()
    corollaries: tuple[Step, ...] = ()
    variants: tuple[Variant, ...] = ()
    uses: tuple[str, ...] = ()
    expected: str | None = None
    tolerance: float | None = None
    untrained: str = ""
    corrected: str | None = None

    @property
    def published_refuted(self) -> bool:
        """Whether this is a published form that fails, kept with the statement that holds."""
        return self.corrected is not None

    @property
    def margin(self) -> float:
        """The tolerance in force: the claim's own or its quantifier's."""
        return self.tolerance if self.tolerance is not None else self.quantifier.tolerance

    def variant(self, variant: Variant) -> Claim:
        """The false variant as a claim of its own, expected refuted.

        Without derivation, but where nothing can be trained: there the claim's own steps disprove it.
        """
        return Claim(
            id=f"{self.id}-not-{variant.id}",
            title=f"False: {variant.says}",
            source=self.source,
            experiment=self.experiment,
            quantifier=variant.quantifier or self.quantifier,
            domain=variant.domain or self.domain,
            statements=variant.statements or self.statements,
            steps=self.steps if self.untrained else (),
            expected="refuted",
            tolerance=self.tolerance,
            untrained=self.untrained,
        )

    def false_variants(self) -> tuple[Claim, ...]:
        """All its false variants as claims."""
        return tuple(self.variant(v) for v in self.variants)


# -- what was measured --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """What was measured on a block: facts, independent of any claim.

    ``values[name]`` and ``bounds[name]`` have shape ``(case,)`` and dtype float64:
    a measurement and a bound on its distance from its value at the limit that
    training approaches.  ``status[i]`` is ``"ok"``, ``"saddle"``, or says why there
    is no number.  ``flags`` hold for the block (``estimated-integration``).
    ``info`` has engine facts by case (steps, drift), same shape.
    """

    block: Block
    values: Mapping[str, np.ndarray]
    bounds: Mapping[str, np.ndarray]
    status: tuple[str, ...]
    flags: tuple[str, ...] = ()
    info: Mapping[str, np.ndarray] = field(default_factory=dict)
    device: str = "cpu"
    seconds: float = 0.0


class Store(Protocol):
    """Where rows are kept.  In memory by default; the ledger is another one."""

    def get(self, block: Block) -> Rows | None:
        """The rows of that block if it was measured before by the same code."""

    def put(self, rows: Rows) -> None:
        """Keep the rows; when this returns they are safe."""
