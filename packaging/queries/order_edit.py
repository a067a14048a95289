"""What the pages show that edit an order: what an edit means before it is done (R10, R11, R16)."""

from copy import copy
from dataclasses import dataclass

from packaging.costs import ZERO
from packaging.models import AssemblyOrder, Composition, GenericProduct
from packaging.queries.generics import generic_summary
from packaging.queries.good_page import Choice
from packaging.queries.goods import recipe_costs
from packaging.queries.lines import status_of
from packaging.queries.order_page import own_and_recipe_lines
from packaging.queries.recipes import LineMatch, line_key, match_lines
from packaging.queries.releases import Release, ReleasedLine, accepted, by_line, releases_of, relieved
from packaging.queries.shelf import as_part, last_prices, load_lots


@dataclass(frozen=True)
class LineEdit:
    """What adding, changing or taking out a line of an order means for what it holds, and for stock and cost."""

    releases: list[ReleasedLine]
    choice: Choice | None = None  # of the line as it would be
    gone: Composition | None = None  # the line that goes, with what was `used` of it


@dataclass(frozen=True)
class NewRecipe:
    """What accepting the recipe as it is today changes in an order."""

    differences: list[LineMatch]
    releases: list[ReleasedLine]
    has_lines: bool  # whether there is a recipe at all


def quantity_releases(order: AssemblyOrder, quantity: int) -> list[ReleasedLine]:
    """Return what an order would release with another quantity."""
    after = copy(order)
    after.quantity = quantity
    return by_line(releases_of(after))


def end_releases(order: AssemblyOrder) -> list[ReleasedLine]:
    """Return what an order releases when it ends."""
    after = copy(order)
    after.status = AssemblyOrder.Status.CLOSED
    return by_line(releases_of(after))


def line_edit(
    order: AssemblyOrder, line: Composition | None, after: Composition | None, generic: GenericProduct | None = None
) -> LineEdit:
    """Return what it means that `line` (with `used`; None: a new one) becomes `after` (None: is taken out).

    `generic` is the generic product of a line for which any design will do.
    """
    if line is None:
        return LineEdit([], order_choice(order, None, after, generic, []) if after else None)
    releases = releases_of(order, {line.pk: after})
    is_other = after is None or line_key(after) != line_key(line)
    return LineEdit(
        releases=by_line(releases),
        choice=order_choice(order, None if is_other else line.pk, after, generic, releases) if after else None,
        gone=line if is_other else None,
    )


def order_choice(
    order: AssemblyOrder,
    line_id: int | None,
    after: Composition,
    generic: GenericProduct | None,
    releases: list[Release],
) -> Choice:
    """Return stock and cost of a line as it would be, for what the order has left; a line keeps what it holds."""
    part = as_part(after)
    needed = part.need(order.quantity_left)
    if generic is None:
        (cost,) = recipe_costs([after], order.quantity_left, event_id=order.event_id)
        return Choice(after, cost.needed, cost.free, cost.cost, pieces=order.quantity_left)
    lots = relieved(load_lots(generics=[generic.pk]), releases)
    status = status_of(line_id or 0, needed, lots, last_prices([generic.pk]).get(generic.pk))
    summary = generic_summary(generic.pk, needed)
    free = sum((lot.free for lot in lots), ZERO) - generic.quantity_owed
    return Choice(after, needed, max(free, ZERO) + status.kept, status.cost, summary, order.quantity_left)


def new_recipe(order: AssemblyOrder) -> NewRecipe:
    """Return how an order's lines differ from the recipe, and what accepting it releases, in two statements (R10)."""
    mine, recipe = own_and_recipe_lines(order)
    matches = match_lines([line for line in mine if not line.is_archived], recipe)
    return NewRecipe(
        differences=[match for match in matches if match.differs],
        releases=by_line(releases_of(order, accepted(matches))) if recipe else [],
        has_lines=bool(recipe),
    )
