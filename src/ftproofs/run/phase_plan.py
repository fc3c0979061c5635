"""What a phase diagram shows: two parameters on a grid, the others fixed, and the networks of every cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ftproofs.check.judge import measured
from ftproofs.claim import Choices, Claim, Limit, Range
from ftproofs.errors import UsageError, nearest
from ftproofs.names import INFINITE, PARAMETERS, Value, check_value, complete, experiment
from ftproofs.settings import Block, Setting
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.boundary import SignStatement, sign_statements
from ftproofs.symbolic.kernels import solves
from ftproofs.symbolic.vocabulary import symbol_names

#: The dimension of a claim about a limit, unless another is asked for; where curves are drawn, less: their
#: networks have no reduction that makes them cheap.
DIMENSION = 500
CURVES_DIMENSION = 96

#: The stage of a diagram's networks, and of those that compare two engines.
STAGE = "phase"
AGREEMENT = "phase-agreement"

#: A block holds this many numbers of designs at most.
NUMBERS = 1 << 23


@dataclass(frozen=True, slots=True)
class Regions:
    """How the values of two statements' left sides name the regions of a plane, where the parameters are ``at``."""

    levels: tuple[float, float]
    names: Mapping[tuple[bool, bool], str]
    at: Mapping[str, Value]


#: Taken for the horizontal and the vertical axis where the claim lets them vary.
USUAL = ("gamma", "theta")
USUAL_OF = {"replica": ("r", "gamma"), "diagonal": ("c", "beta_main")}

#: Claims of which two statements together tell regions apart: the value at which each of the two changes side,
#: and the regions' names by (first at least that, second at least that).
REGIONS: Mapping[str, Regions] = MappingProxyType(
    {
        "diagonal-regimes": Regions(
            (1.5, 1.5),
            {
                (False, False): "I: rich, independent",
                (True, True): "II: lazy, dependent",
                (True, False): "III: lazy, independent",
                (False, True): "IV: rich, dependent",
            },
            {"r": -0.8, "reinit": 0.1, "beta_aux": 1.0, "rescale": 1.0},
        )
    }
)


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter with the interval shown, cut into cells of equal width (or of equal ratio)."""

    name: str
    low: float
    high: float
    count: int
    log: bool = False

    @property
    def edges(self) -> np.ndarray:
        """The ends of the cells, shape (count + 1,)."""
        cut = np.geomspace if self.log else np.linspace
        return cut(self.low, self.high, self.count + 1)

    @property
    def values(self) -> np.ndarray:
        """The cells' middles, shape (count,)."""
        return self.points(self.edges)

    def points(self, edges: np.ndarray) -> np.ndarray:
        """The middles between neighbours."""
        return np.sqrt(edges[:-1] * edges[1:]) if self.log else (edges[:-1] + edges[1:]) / 2

    def fine(self, count: int) -> np.ndarray:
        """Points of the whole interval, ends included."""
        return np.geomspace(self.low, self.high, count) if self.log else np.linspace(self.low, self.high, count)


@dataclass(frozen=True, slots=True)
class Plan:
    """A diagram to be made.

    ``cells[(i, j)]`` is the setting of the i-th value of x and the j-th of y, without those
    that the claim's constraints leave out.  ``fixed`` are the parameters that all cells
    share.  ``sign`` is the claim's statement about a sign, if it makes one.
    """

    claim: Claim
    number: int
    x: Axis
    y: Axis
    fixed: dict[str, Value]
    cells: dict[tuple[int, int], dict[str, Value]]
    trained: int
    seed: int
    engine: str
    sign: SignStatement | None

    @property
    def curves(self) -> bool:
        """Whether the prediction is drawn as a curve for each value of y: where a map of it takes too long."""
        statement = self.claim.statements[self.number]
        return self.sign is None and solves(statement.rhs)

    @property
    def regions(self) -> Regions | None:
        """The regions that the claim's first two statements tell apart, if they do."""
        return REGIONS.get(self.claim.id)

    def blocks(self) -> list[tuple[Block, list[tuple[int, int]]]]:
        """The networks to train, cells of equal shape together, the dearest first; each with its cells in order.

        A cell's networks are never in two blocks.
        """
        shapes: dict[tuple[Value, ...], list[tuple[int, int]]] = {}
        for cell, parameters in self.cells.items():
            shape = tuple(parameters[name] for name in sorted(parameters) if PARAMETERS[name].shapes)
            shapes.setdefault(shape, []).append(cell)
        found = []
        for cells in shapes.values():
            room = max(1, NUMBERS // (_numbers(self.cells[cells[0]]) * self.trained))
            for first in range(0, len(cells), room):
                part = cells[first : first + room]
                settings = [s for cell in part for s in self.settings(self.cells[cell], STAGE, self.trained)]
                found.append((Block(tuple(settings), self.engine), part))
        return sorted(found, key=lambda pair: -_cost(pair[0]))

    def settings(self, parameters: dict[str, Value], stage: str, count: int) -> list[Setting]:
        """That many settings at the same parameters, with consecutive indices."""
        one = Setting.of(self.claim.experiment, parameters, root=self.seed, stage=stage)
        return [Setting(one.experiment, one.values, self.seed, stage, index) for index in range(count)]


def _numbers(parameters: Mapping[str, Value]) -> int:
    return int(parameters.get("n", 1)) * int(parameters.get("d", 1))


def _cost(block: Block) -> float:
    parameters = block.settings[0].parameters
    n, d = int(parameters.get("n", 1)), int(parameters.get("d", 1))
    return len(block) * n * d * min(n, d)


def plan(
    claim: Claim,
    *,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Value] | None = None,
    grid: tuple[int, int] | None = None,
    trained: int | None = None,
    seed: int = 0,
    engine: str | None = None,
    statement: int = 1,
) -> Plan:
    """Settle the axes, the fixed parameters and the cells.

    Args:
        claim: with a statement that compares a measurement with a formula, or about a sign.
        x, y: a parameter's name, or ``name=low:high``; by default the ratio n/d and the angle,
            where the claim lets them vary, on the ranges of its domain.
        at: values of other parameters; by default the experiment's own where the domain has
            it, else the middle of the domain, the largest d (500 for a limit).
        grid: cells along x and y; by default 20 by 20, 12 by 12 for regions, 8 by 3 for curves.
        trained: networks in a cell; by default 20, one for regions, 32 for curves.
        engine: by default ``reduced`` where the experiment has it, else its first.
        statement: which one of several, counted from 1.

    Raises:
        UsageError: FT311 a claim that cannot be drawn, or axes it does not have; FT303 to
            FT306 values that the experiment does not take; FT308 no such engine.
    """
    number, sign = _statement(claim, statement)
    given = dict(at or {})
    curves = sign is None and solves(claim.statements[number].rhs)
    usual = ((12, 12), 1) if claim.id in REGIONS else ((8, 3), 32) if curves else ((20, 20), 20)
    grid, trained = usual[0] if grid is None else grid, usual[1] if trained is None else trained
    axes = _axes(claim, x, y, grid, given)
    _check_given(claim, given, axes)
    if claim.id in REGIONS:
        shown = (axes[0].name, axes[1].name)
        given = {name: value for name, value in REGIONS[claim.id].at.items() if name not in shown} | given
    fixed = _fixed(claim, given, axes, CURVES_DIMENSION if curves else DIMENSION)
    accept = acceptor(claim.domain)
    cells = {}
    for i, first in enumerate(axes[0].values):
        for j, second in enumerate(axes[1].values):
            wanted = fixed | {axes[0].name: float(first), axes[1].name: float(second)}
            values = complete(claim.experiment, wanted)
            ratio = {"gamma": values["n"] / values["d"]} if {"n", "d"} <= set(values) else {}  # type: ignore[operator]
            if accept({**values, **ratio}):
                cells[i, j] = values
    if not cells:
        raise UsageError("FT311", f"the constraints of {claim.id} leave no cell of the diagram")
    return Plan(claim, number, *axes, fixed, cells, trained, seed, _engine(claim, engine, cells), sign)


def _statement(claim: Claim, number: int) -> tuple[int, SignStatement | None]:
    if not 1 <= number <= len(claim.statements):
        raise UsageError("FT311", f"{claim.id} has {len(claim.statements)} statements, asked for number {number}")
    if claim.quantifier.name == "probability":
        raise UsageError("FT311", f"{claim.id} is about a probability; a diagram shows networks or their means")
    if claim.untrained or not measured(claim.statements[number - 1]):
        raise UsageError("FT311", f"{claim.id} cannot be drawn: {claim.untrained or 'nothing in it is measured'}")
    signs = sign_statements(claim)
    return number - 1, signs[number - 1] if signs else None


def _reals(claim: Claim) -> list[str]:
    """The parameters that can be an axis: the experiment's reals, and the ratio n/d."""
    spec = experiment(claim.experiment)
    found = [name for name in spec.parameters if PARAMETERS[name].kind == "real"]
    return ["gamma", *found] if {"n", "d"} <= set(spec.parameters) else found


def _axes(
    claim: Claim, x: str | None, y: str | None, grid: tuple[int, int], given: Mapping[str, Value]
) -> tuple[Axis, Axis]:
    reals = _reals(claim)
    varying = [name for name in reals if isinstance(_extent(claim, name, given), Range)]
    said = [None if text is None else text.partition("=")[0].strip() for text in (x, y)]
    chosen: list[str] = []
    for wanted, usual in zip(said, USUAL_OF.get(claim.experiment.partition(".")[0], USUAL), strict=True):
        free = [name for name in (usual, *varying) if name in varying and name not in (*chosen, *said)]
        if wanted is None and not free:
            raise UsageError("FT311", f"{claim.id} has no two real parameters that vary; name them with --x and --y")
        chosen.append(wanted if wanted is not None else free[0])
    for name in chosen:
        if name not in reals:
            raise UsageError("FT311", f"{name!r} is no real parameter of {claim.experiment}; {nearest(name, reals)}")
    if chosen[0] == chosen[1]:
        raise UsageError("FT311", f"both axes are {chosen[0]}; expected two different parameters")
    first, second = (
        _axis(claim, name, text, count, given) for name, text, count in zip(chosen, (x, y), grid, strict=True)
    )
    return first, second


def _axis(claim: Claim, name: str, text: str | None, count: int, given: Mapping[str, Value]) -> Axis:
    extent = _extent(claim, name, given)
    if text is not None and "=" in text:
        low, high = _interval(name, text.partition("=")[2])
        log = isinstance(extent, Range) and extent.log and low > 0
    elif isinstance(extent, Range):
        low, high, log = float(extent.low), float(extent.high), extent.log
    else:
        raise UsageError("FT311", f"{name} is fixed in the domain of {claim.id}; give its range, {name}=LOW:HIGH")
    return Axis(name, low, high, count, log)


def _interval(name: str, text: str) -> tuple[float, float]:
    ends = text.split(":")
    try:
        low, high = (float(end) for end in ends)
    except ValueError:
        raise UsageError("FT311", f"{name}={text!r:.60}: expected LOW:HIGH, two numbers") from None
    if not (low < high and math.isfinite(low) and math.isfinite(high)):
        raise UsageError("FT311", f"{name}={text!r:.60}: expected LOW:HIGH with LOW < HIGH")
    for end in (low, high):
        if name != "gamma" and not PARAMETERS[name].low <= end <= PARAMETERS[name].high:
            check_value(name, end)  # says what is expected
    return low, high


def _extent(claim: Claim, name: str, given: Mapping[str, Value]) -> Range | Choices | None:
    """What the domain says of a parameter; of the ratio n/d, what n leaves it at the d that is shown."""
    if name in claim.domain:
        return claim.domain[name]
    if name == "gamma" and "n" in claim.domain and "d" in claim.domain:
        n, d = _ends(claim.domain["n"]), float(given.get("d", _ends(claim.domain["d"])[1]))
        low, high = n[0] / d, n[1] / d
        return Range(low, high) if low < high else None
    return None


def _ends(extent: Range | Choices) -> tuple[float, float]:
    if isinstance(extent, Range):
        return float(extent.low), float(extent.high)
    numbers = [float(value) for value in extent.values]
    return min(numbers), max(numbers)


def _check_given(claim: Claim, given: Mapping[str, Value], axes: tuple[Axis, Axis]) -> None:
    names = [axis.name for axis in axes]
    for name in given:
        if name in names or (name in ("n", "gamma") and "gamma" in names):
            raise UsageError("FT311", f"{name} varies along an axis and cannot be fixed")


def _fixed(claim: Claim, given: dict[str, Value], axes: tuple[Axis, Axis], dimension: int) -> dict[str, Value]:
    """A value for every parameter that is on no axis, as far as the domain says one."""
    shown = {axis.name for axis in axes}
    defaults = experiment(claim.experiment).parameters
    found: dict[str, Value] = {}
    for name, extent in claim.domain.ranges:
        if name not in shown and name not in given:
            found[name] = _representative(name, extent, defaults.get(name))
    found |= given
    if isinstance(claim.quantifier, Limit) and "d" not in found:
        found["d"] = dimension
    if "gamma" in shown:
        found.pop("n", None)
    elif "gamma" in found and {"n", "d"} <= set(found):
        # Two of the three are enough: what was asked for stays.
        found.pop("gamma" if "n" in given else "n")
    return found


def _representative(name: str, extent: Range | Choices, default: Value | None) -> Value:
    if isinstance(extent, Choices):
        value = extent.values[0]
        if PARAMETERS[name].kind == "choice" or value == INFINITE:
            return str(value)
        return check_value(name, float(value))
    low, high = _ends(extent)
    if isinstance(default, (int, float)) and low <= default <= high:
        return default
    if name == "d":
        return int(high)
    middle = math.sqrt(low * high) if extent.log else (low + high) / 2
    return round(middle) if PARAMETERS[name].kind == "integer" else middle


def _engine(claim: Claim, wanted: str | None, cells: Mapping[tuple[int, int], Mapping[str, Value]]) -> str:
    engines = experiment(claim.experiment).engines
    if wanted is not None:
        if wanted not in engines:
            raise UsageError("FT308", f"{claim.experiment} has no engine {wanted!r}; {nearest(wanted, engines)}")
        return wanted
    small = all(float(cell.get("init_scale", 0)) == 0 for cell in cells.values())
    balanced = all(float(cell.get("imbalance", 1)) == 1 for cell in cells.values())
    return "reduced" if "reduced" in engines and small and balanced else engines[0]


def spoken(plan: Plan) -> set[str]:
    """The names of the statement's two sides."""
    statement = plan.claim.statements[plan.number]
    return symbol_names(statement.lhs) | symbol_names(statement.rhs)
