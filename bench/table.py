"""What was measured, as figures with their goals, and the table of them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

HEADS = ("Goal", "Figure", "Low-high", "Wanted", "Met")


@dataclass(frozen=True)
class Row:
    """One figure: its median, or the count, with the lowest and the highest that was seen."""

    name: str
    figure: float
    goal: str
    met: bool
    low: float
    high: float

    @property
    def code(self) -> str:
        """The goal that it belongs to: P1."""
        return self.name.partition(" ")[0]


def at_most(name: str, figures: Sequence[float], most: float, *, unit: str = "") -> Row:
    """Return the row of figures whose median may be `most`."""
    figure = median(figures)
    return Row(name, figure, f"≤ {most:g}{unit}", figure <= most, min(figures), max(figures))


def at_least(name: str, figures: Sequence[float], least: float) -> Row:
    """Return the row of figures whose median must be `least`."""
    figure = median(figures)
    return Row(name, figure, f"≥ {least:.2f}", figure >= least, min(figures), max(figures))


def counted(name: str, counts: Iterable[float], most: int, *, same: bool = True) -> Row:
    """Return the row of counts of which the highest may be `most`, and which may have to be the same."""
    low, *_rest, high = sorted([*counts] * 2)
    goal = f"≤ {most}, the same" if same else f"≤ {most}"
    return Row(name, high, goal, high <= most and (low == high or not same), low, high)


def within(name: str, figures: Sequence[float], most: float) -> Row:
    """Return the row of figures of which none may be more than `most`."""
    return Row(name, max(figures), f"≤ {most:g}", max(figures) <= most, min(figures), max(figures))


def exactly(name: str, figure: float, wanted: float) -> Row:
    """Return the row of a figure that has to be `wanted`."""
    return Row(name, figure, f"= {wanted:g}", figure == wanted, figure, figure)


def ratios(pairs: Iterable[tuple[float, float]]) -> list[float]:
    """Return first by second of each round."""
    return [first / second for first, second in pairs]


def from_json(found: Any) -> Row:
    """Return the row that was written as an object."""
    return Row(**found)


def to_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the rows as objects."""
    return [asdict(row) for row in rows]


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table for a terminal."""
    cells = [HEADS, *map(_cells, rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(HEADS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    between = "" if row.low == row.high else f"{said(row.low)}-{said(row.high)}"
    return (row.name, said(row.figure), between, row.goal, "yes" if row.met else "NO")


def said(figure: float) -> str:
    """Write a count whole, and a ratio with two places."""
    return f"{figure:.0f}" if figure == int(figure) and abs(figure) >= 3 else f"{figure:.2f}".removesuffix(".00")
