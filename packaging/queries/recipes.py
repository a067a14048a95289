"""How an order's own lines and its good's recipe compare (R10)."""

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.models import Composition

LineKey = tuple[str, int | None, bool]


def line_key(line: Composition) -> LineKey:
    """Return by what a line is matched and stands once: its component, a generic one by its generic product."""
    if line.packaging_product is not None and line.is_generic:
        return ("generic", line.packaging_product.generic_product_id, True)
    if line.packaging_product_id is not None:
        return ("product", line.packaging_product_id, False)
    if line.finished_unit_id is not None:
        return ("unit", line.finished_unit_id, False)
    return ("good", line.finished_good_id, False)


@dataclass(frozen=True)
class LineMatch:
    """A line of an order beside the line of the recipe that it is matched with; one of them may be missing."""

    line: Composition | None
    wish: Composition | None

    @property
    def shown(self) -> Composition:
        """The line to name: the recipe's, else the order's."""
        shown = self.wish or self.line
        assert shown is not None
        return shown

    @property
    def has_other_quantity(self) -> bool:
        """Whether both have the line, and not with the same quantity."""
        return bool(self.line and self.wish and self.line.component_quantity != self.wish.component_quantity)

    @property
    def has_other_template(self) -> bool:
        """Whether another design stands for any."""
        return bool(self.line and self.wish and self.line.packaging_product_id != self.wish.packaging_product_id)

    @property
    def has_other_notes(self) -> bool:
        """Whether both have the line, and not with the same notes."""
        return bool(self.line and self.wish and self.line.component_notes != self.wish.component_notes)

    @property
    def differs(self) -> bool:
        """Whether accepting the recipe changes anything of this line."""
        return (
            self.line is None
            or self.wish is None
            or self.has_other_quantity
            or self.has_other_template
            or self.has_other_notes
        )


def match_lines(lines: Sequence[Composition], recipe: Sequence[Composition]) -> list[LineMatch]:
    """Put an order's lines beside the recipe's, in the recipe's order, then what is not in the recipe; all with names.

    Lines match by component, generic ones by generic product.
    """
    mine = {line_key(line): line for line in lines}
    wanted = {line_key(wish): wish for wish in recipe}
    matches = [LineMatch(mine.get(key), wish) for key, wish in wanted.items()]
    return matches + [LineMatch(line, None) for key, line in mine.items() if key not in wanted]


def differs(lines: Sequence[Composition], recipe: Sequence[Composition]) -> bool:
    """Say whether an order's lines are not those of the recipe."""
    return any(match.differs for match in match_lines(lines, recipe))
