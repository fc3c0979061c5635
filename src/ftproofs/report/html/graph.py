"""Which claim uses which, drawn: families as lanes, what is used left of what uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from ftproofs.claim import Claim
from ftproofs.report.describe import family_title
from ftproofs.verdict import Verdict

PASSED = frozenset({"proved", "supported"})

_ROW, _TOP, _GAP, _LEFT, _COLUMN = 19.0, 28.0, 16.0, 14.0, 180.0
#: A longer label ends in dots; the whole id is said when it is pointed at.
_LABEL = 27


@dataclass(frozen=True, slots=True)
class Node:
    """A claim in the picture.

    ``word`` is its own verdict's, empty where there is none; ``sound`` says whether
    everything it uses, and what that uses, passed as well; ``alone`` whether no line meets it.
    """

    claim: str
    label: str
    x: float
    y: float
    word: str
    sound: bool
    alone: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes, edges as paths, lanes with their names, and the size of it all."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str, str], ...]
    lanes: tuple[tuple[str, float, float], ...]
    width: float
    height: float


def rests_on(claims: Mapping[str, Claim]) -> nx.DiGraph:
    """Edges from what is used to what uses it, among the claims given."""
    found = nx.DiGraph()
    found.add_nodes_from(claims)
    found.add_edges_from((used, claim.id) for claim in claims.values() for used in claim.uses if used in claims)
    return found


def unverified(claim: Claim, everything: Mapping[str, Claim], verdicts: Mapping[str, Verdict]) -> list[str]:
    """What a claim uses, directly or not, that has no verdict in its favour."""
    missing: dict[str, None] = {}
    pending, done = list(claim.uses), set()
    while pending:
        used = pending.pop(0)
        if used in done:
            continue
        done.add(used)
        verdict = verdicts.get(used)
        if verdict is None or verdict.word not in PASSED:
            missing[used] = None
        pending += everything[used].uses if used in everything else ()
    return list(missing)


def graph(
    families: Mapping[str, Sequence[Claim]], everything: Mapping[str, Claim], verdicts: Mapping[str, Verdict]
) -> Graph:
    """The claims in lanes, one a family, each in the column of its longest chain of uses."""
    claims = {claim.id: claim for members in families.values() for claim in members}
    arrows = rests_on(claims)
    if not nx.is_directed_acyclic_graph(arrows):
        raise ValueError("claims use one another in a circle")
    layer = {name: nth for nth, names in enumerate(nx.topological_generations(arrows)) for name in names}
    columns = max(layer.values(), default=0) + 1
    place: dict[str, tuple[float, float]] = {}
    lanes = []
    top = 0.0
    for family, members in families.items():
        cells = _cells([claim.id for claim in members], layer, columns, arrows, place)
        rows = max(map(len, cells), default=0)
        for column, names in enumerate(cells):
            for row, name in enumerate(names):
                place[name] = (_LEFT + column * _COLUMN, top + _TOP + row * _ROW)
        height = _TOP + rows * _ROW
        lanes.append((family_title(family), top, height))
        top += height + _GAP
    nodes = []
    for family, members in families.items():
        for claim in members:
            verdict = verdicts.get(claim.id)
            x, y = place[claim.id]
            label = claim.id.removeprefix(f"{family}-")
            label = label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"
            sound = not unverified(claim, everything, verdicts)
            nodes.append(
                Node(
                    claim.id, label, x, y, "" if verdict is None else verdict.word, sound, arrows.degree(claim.id) == 0
                )
            )
    edges = tuple((a, b, _path(place[a], place[b])) for a, b in arrows.edges)
    return Graph(tuple(nodes), edges, tuple(lanes), _LEFT + columns * _COLUMN, max(top - _GAP, _ROW))


def _cells(
    names: Sequence[str],
    layer: Mapping[str, int],
    columns: int,
    arrows: nx.DiGraph,
    place: Mapping[str, tuple[float, float]],
) -> list[list[str]]:
    """A lane's claims by column, each near the mean height of what it uses; what stands alone fills the gaps."""
    alone = [name for name in names if arrows.degree(name) == 0]
    cells: list[list[str]] = [[] for _ in range(columns)]
    for name in names:
        if name not in alone:
            cells[layer[name]].append(name)
    height: dict[str, float] = {name: y for name, (_, y) in place.items()}
    for cell in cells:
        means = {name: _mean([height[u] for u in arrows.predecessors(name) if u in height]) for name in cell}
        order = {name: _ROW * nth if means[name] is None else means[name] for nth, name in enumerate(cell)}
        cell.sort(key=lambda name, order=order: order[name])  # type: ignore[misc]
        height |= {name: _ROW * nth for nth, name in enumerate(cell)}
    for name in alone:
        min(cells, key=len).append(name)
    return cells


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _path(start: tuple[float, float], end: tuple[float, float]) -> str:
    (a, b), (c, d) = start, end
    bend = min(60.0, (c - a) / 2)
    return f"M{a + 5:g} {b:g}C{a + bend:g} {b:g} {c - bend:g} {d:g} {c - 6:g} {d:g}"
