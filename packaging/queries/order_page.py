"""What the pages of orders show: what a line still needs, what is undecided, or short."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from packaging.availability import Cost, Lot, Makeable
from packaging.costs import ZERO
from packaging.models import AssemblyOrder, Composition, GenericProduct, InventoryItem
from packaging.queries.goods import makeable_with_own, recipe_costs, total_cost
from packaging.queries.lines import LineStatus, status_of
from packaging.queries.recipes import differs
from packaging.queries.shelf import as_part, last_prices, load_lots, whole_shelf


@dataclass(frozen=True)
class OrderLine:
    """One line of an order: what is still needed of it, what there is for it, and what that costs."""

    line: Composition
    needed: Decimal
    have: Decimal
    cost: Cost
    status: LineStatus | None = None  # of a generic line

    @property
    def missing(self) -> Decimal:
        """What is needed and not there."""
        return max(self.needed - self.have, ZERO)

    @property
    def word(self) -> str:
        """Enough, Partly or Missing."""
        if not self.missing:
            return "Enough"
        return "Partly" if self.have else "Missing"


@dataclass(frozen=True)
class OrderOverview:
    """An order's own lines, and what the pieces that are still to assemble will cost."""

    lines: list[OrderLine]
    cost: Cost
    taken_out: list[Composition]  # were used before they were taken out; each with what was `used` of it
    differs: bool  # from the recipe as it is today
    makeable: Makeable  # from what is free and what the order holds itself (R18)

    def short_lines(self, order: AssemblyOrder) -> list[Composition]:
        """Return the lines that were promised pieces that are not there, each with its order (R14)."""
        lines = [row.line for row in self.lines if row.status is not None and row.status.short]
        for line in lines:
            line.order = order
        return lines


@dataclass(frozen=True)
class GenericShortage:
    """A generic product of which less is free than undecided lines need."""

    generic: GenericProduct
    missing: Decimal
    first: Composition  # the soonest line that does not get what it needs


def order_overview(order: AssemblyOrder) -> OrderOverview:
    """Return an order's own lines with what they still need, in three statements."""
    own, recipe = own_and_recipe_lines(order)
    lines = [line for line in own if not line.is_archived]
    parts = [as_part(line) for line in lines]
    lots = whole_shelf(lines)
    prices = last_prices([part.generic_id for part in parts if part.generic_id])
    costs = recipe_costs(lines, order.quantity_left, lots=lots, prices=prices, event_id=order.event_id)
    shown = []
    for cost, part in zip(costs, parts, strict=True):
        if not part.is_generic:
            shown.append(OrderLine(cost.line, cost.needed, cost.free, cost.cost))
            continue
        mine = [lot for lot in lots if lot.generic_id == part.generic_id]
        status = status_of(part.line_id, cost.needed, mine, prices.get(part.generic_id or 0))
        shown.append(OrderLine(cost.line, cost.needed, cost.free + status.kept, status.cost, status))
    return OrderOverview(
        lines=shown,
        cost=total_cost([line.cost for line in shown]),
        taken_out=[line for line in own if line.is_archived],
        differs=bool(recipe) and differs(lines, recipe),
        makeable=makeable_with_own(lines, lots, {line.pk for line in lines}, event_id=order.event_id),
    )


def own_and_recipe_lines(order: AssemblyOrder) -> tuple[list[Composition], list[Composition]]:
    """Return an order's own lines, archived ones too, with what was `used`, and its good's recipe; one statement."""
    wanted = Q(order=order) | Q(order__isnull=True, assembly=order.finished_good_id, is_archived=False)
    lines = list(Composition.objects.filter(wanted).with_names().with_used().order_by("sort_order", "id"))
    return [line for line in lines if line.order_id], [line for line in lines if not line.order_id]


def undecided_counts(orders: Iterable[AssemblyOrder]) -> dict[int, int]:
    """Return how many lines of each order wait for a decision, where any do, in one statement."""
    counts: dict[int, int] = defaultdict(int)
    pks = [order.pk for order in orders if order.is_open]
    for order_id in Composition.objects.undecided().filter(order__in=pks).values_list("order_id", flat=True):
        counts[order_id] += 1
    return dict(counts)


def shortages(lines: Sequence[Composition]) -> list[GenericShortage]:
    """Return the generic products that lines (undecided, soonest due first) need more of than is free; one statement.

    A promise that its lot cannot keep counts as needed; what open debts owe is not free (R14, R17).
    """
    generics: dict[int, list[Composition]] = defaultdict(list)
    for line in lines:
        assert line.packaging_product is not None  # only packaging is generic: packaging_comp_generic_ck
        generics[line.packaging_product.generic_product_id].append(line)
    shelf: dict[int, list[Lot]] = defaultdict(list)
    for lot in load_lots(generics=generics):
        shelf[lot.generic_id or 0].append(lot)
    found = (_shortage(group, shelf[pk]) for pk, group in generics.items())
    return [shortage for shortage in found if shortage is not None]


def _shortage(lines: Sequence[Composition], lots: Sequence[Lot]) -> GenericShortage | None:
    assert lines[0].packaging_product is not None
    generic = lines[0].packaging_product.generic_product
    free = max(sum((lot.free for lot in lots), ZERO) - generic.quantity_owed, ZERO)
    needed, first = ZERO, None
    for line in lines:
        needed += still_needed(line, lots)
        if first is None and needed > free:
            first = line
    return GenericShortage(generic, needed - free, first) if first is not None else None


def still_needed(line: Composition, lots: Iterable[Lot]) -> Decimal:
    """Return what a line needs beyond what its promises get; a promise that its lot cannot keep counts as needed."""
    assert line.order is not None
    kept = sum((lot.kept.get(line.pk, ZERO) for lot in lots), ZERO)
    return max(as_part(line).need(line.order.quantity_left) - kept, ZERO)


def made_for(order: AssemblyOrder) -> list[InventoryItem]:
    """Return the lots of goods that were made for an order and not taken back, the last one first."""
    return list(InventoryItem.objects.made_for(order.pk).not_voided().order_by("-received_on", "-id"))
