"""Numbers as places in a picture, for charts that the server draws. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 600, 160  # of the picture, which is stretched to the width of the page
Point = tuple[int, int]


@dataclass(frozen=True)
class Line:
    """A line chart: the stretches of its line by the picture's coordinates, and the highest value, at its top."""

    pieces: tuple[tuple[Point, ...], ...]
    most: Decimal

    @property
    def points(self) -> tuple[Point, ...]:
        """All its points."""
        return tuple(point for piece in self.pieces for point in piece)

    @property
    def paths(self) -> list[str]:
        """The stretches as SVG polylines have them; a point alone is no line."""
        return [" ".join(f"{x},{y}" for x, y in piece) for piece in self.pieces if len(piece) > 1]


def line(values: Sequence[Decimal | None]) -> Line | None:
    """Return the line through values at equal distances, from 0 at the bottom; it breaks at None, the unknown.

    Values are 0 or more. There is no line where all is unknown.
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    most, gap = max(known), Decimal(WIDTH) / max(len(values) - 1, 1)
    pieces: list[list[Point]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((_across(place, gap, len(values)), _down(value, most)))
    return Line(tuple(tuple(piece) for piece in pieces if piece), most)


def _across(place: int, gap: Decimal, number: int) -> int:
    """Return how far to the right a value stands; one alone stands in the middle."""
    return int(gap * place) if number > 1 else WIDTH // 2


def _down(value: Decimal, most: Decimal) -> int:
    """Return how far below the top a value stands."""
    return HEIGHT - int(HEIGHT * value / most) if most else HEIGHT
