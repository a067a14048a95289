"""Numbers as places in a picture, for charts that the server draws. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 600, 160  # of the picture, which is stretched to the width of the page


@dataclass(frozen=True)
class Line:
    """A line chart: its points by the picture's coordinates, and the highest value, which reaches its top."""

    points: tuple[tuple[int, int], ...]
    most: Decimal

    @property
    def path(self) -> str:
        """The points as an SVG polyline has them."""
        return " ".join(f"{x},{y}" for x, y in self.points)


def line(values: Sequence[Decimal | None]) -> Line | None:
    """Return the line through values at equal distances, from 0 at the bottom; None is left out, and so is no line.

    Values are 0 or more.
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    most, gap = max(known), Decimal(WIDTH) / max(len(values) - 1, 1)
    points = (
        (int(gap * place) if len(values) > 1 else WIDTH // 2, HEIGHT - int(HEIGHT * value / most) if most else HEIGHT)
        for place, value in enumerate(values)
        if value is not None
    )
    return Line(tuple(points), most)
