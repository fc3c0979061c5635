"""A picture as lines of characters."""

from __future__ import annotations

from ftproofs.verdict import Picture

#: What a setting's character says; in this order one hides another in the same place.
MARKS = {"fails": "x", "unclear": "?", "holds": "o"}

#: Two settings in one place that ended differently.
BOTH = "*"

COLUMNS = 40
ROWS = 12


def character_map(picture: Picture) -> list[str]:
    """The settings as characters, y upwards, with the ends of both axes and a legend."""
    xs, ys = [spot.x for spot in picture.spots], [spot.y for spot in picture.spots]
    cells: dict[tuple[int, int], set[str]] = {}
    for spot in picture.spots:
        place = _place(spot.x, xs, COLUMNS), _place(spot.y, ys, ROWS)
        cells.setdefault(place, set()).add(spot.outcome)
    names = f"{max(ys):.3g}", f"{min(ys):.3g}"
    margin = max(map(len, (*names, picture.y)))
    lines = [f"{picture.y:>{margin}}"]
    for row in reversed(range(ROWS)):
        label = names[0] if row == ROWS - 1 else names[1] if row == 0 else ""
        text = "".join(_character(cells.get((column, row), set())) for column in range(COLUMNS))
        lines.append(f"{label:>{margin}} |{text}".rstrip())
    low, high = f"{min(xs):.3g}", f"{max(xs):.3g}"
    lines.append(" " * margin + " +" + "-" * COLUMNS)
    lines.append(" " * (margin + 2) + low + f"{high:>{COLUMNS - len(low)}}  {picture.x}")
    counts = {name: sum(spot.outcome == name for spot in picture.spots) for name in MARKS}
    said = [f"{MARKS[name]} {name} ({count})" for name, count in counts.items() if count]
    return [*lines, ", ".join([*said, *([f"{BOTH} both"] if any(len(c) > 1 for c in cells.values()) else [])])]


def _place(value: float, values: list[float], count: int) -> int:
    low, high = min(values), max(values)
    return min(count - 1, int((value - low) / (high - low) * count)) if high > low else 0


def _character(found: set[str]) -> str:
    if not found:
        return " "
    return BOTH if len(found) > 1 else MARKS[next(iter(found))]
