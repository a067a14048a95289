"""Where the generic lines of orders stand: required, assigned, undecided, and at what cost."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Round
from django.utils import timezone
from django.utils.translation import gettext as _

from packaging import availability, strategies
from packaging.availability import Cost, Lot
from packaging.costs import ZERO, round4, take
from packaging.exceptions import NotFound
from packaging.models import Composition, StockMovement
from packaging.queries.shelf import MAX_PK, as_part, last_prices, load_lots
from packaging.querysets import QUANTITY
from packaging.strategies import Shares


@dataclass(frozen=True)
class LineStatus:
    """Where a generic line of an order stands, of what is still required (R14, R16)."""

    required: Decimal
    assigned: Decimal  # outstanding promises
    kept: Decimal  # what their lots can keep
    state: str
    cost: Cost

    @property
    def undecided(self) -> Decimal:
        """The part of the requirement that outstanding assignments do not cover."""
        return max(self.required - self.assigned, ZERO)

    @property
    def short(self) -> Decimal:
        """What was promised and is not there."""
        return self.assigned - self.kept


def line_statuses(lines: Sequence[Composition]) -> dict[int, LineStatus]:
    """Return the status of each generic order line, by line id; lines come with names and order. Two statements."""
    parts = {line.pk: as_part(line) for line in lines if line.is_generic}
    lots_by_generic: dict[int, list[Lot]] = defaultdict(list)
    for lot in load_lots(generics=[part.generic_id for part in parts.values() if part.generic_id]):
        lots_by_generic[lot.generic_id or 0].append(lot)
    prices = last_prices(part.generic_id for part in parts.values() if part.generic_id) if parts else {}
    statuses = {}
    for line in lines:
        if line.pk in parts:
            assert line.order is not None
            part = parts[line.pk]
            generic_id = part.generic_id or 0
            required = part.need(line.order.quantity_left)
            statuses[line.pk] = status_of(line.pk, required, lots_by_generic[generic_id], prices.get(generic_id))
    return statuses


def status_of(line_id: int, required: Decimal, lots: Sequence[Lot], last_price: Decimal | None) -> LineStatus:
    """Return where a line stands, given the lots of its generic product."""
    assigned = sum((lot.promised_to(line_id) for lot in lots), ZERO)
    kept = sum((lot.kept.get(line_id, ZERO) for lot in lots), ZERO)
    cost = mixed_cost(
        [(lot, lot.kept.get(line_id, ZERO)) for lot in lots],
        availability.estimate(lots, max(required - kept, ZERO), last_price),
        to_decide=required - kept,
    )
    return LineStatus(required, assigned, kept, availability.line_state(required, assigned, kept), cost)


def mixed_cost(taken: Iterable[tuple[Lot, Decimal]], rest: Cost, to_decide: Decimal) -> Cost:
    """Add the actual cost of decided lots to the estimate of the rest, and label the sum (R16).

    A decided lot of unknown cost makes the sum unknown.
    """
    decided = [(lot, quantity) for lot, quantity in taken if quantity > 0]
    if not all(lot.is_cost_known for lot, _quantity in decided):
        return Cost(None, None, None, "Actual" if to_decide <= 0 else "Partly estimated")
    actual = sum((cost for _lot, _quantity, cost in decided_costs(decided)), ZERO)
    if to_decide <= 0:
        return Cost(round4(actual), round4(actual), round4(actual), "Actual")
    label = "Partly estimated" if decided else "Estimated"
    low, likely, high = (None if x is None else round4(actual + x) for x in (rest.low, rest.likely, rest.high))
    return Cost(low, likely, high, label)


def decided_costs(taken: Iterable[tuple[Lot, Decimal]]) -> list[tuple[Lot, Decimal, Decimal]]:
    """Return decided lots, each with its quantity and what that costs (R2)."""
    return [(lot, quantity, take(quantity, lot.quantity, lot.value)) for lot, quantity in taken if quantity > 0]


def order_line(composition_id: int) -> Composition:
    """Return a line with its names, order and event; `NotFound` when it is not there."""
    (line,) = order_lines([composition_id])
    return line


def order_lines(composition_ids: Collection[int]) -> list[Composition]:
    """Return lines as `order_line` does, soonest due first, in one statement; `NotFound` when one is not there."""
    lines = Composition.objects.with_names().select_related("order__event", "assembly")
    wanted = {pk for pk in composition_ids if pk <= MAX_PK}
    found = list(lines.filter(pk__in=wanted).soonest_first())
    if len(found) < len(set(composition_ids)):
        raise NotFound(_("The line"))
    return found


def line_status(composition_id: int) -> LineStatus:
    """Return where a generic line of an order stands, of what is still required (R14, R16)."""
    line = order_line(composition_id)
    if line.order is None or not line.is_generic:
        raise NotFound(_("The generic line of an order"))
    return line_statuses([line])[line.pk]


def pending_lines(event_id: int | None = None) -> QuerySet[Composition]:
    """Return the PENDING, PARTIAL or SHORT lines of open orders, soonest due first, with `required` and `assigned`."""
    lines = Composition.objects.undecided().with_names().select_related("order__event", "order__finished_good")
    return lines if event_id is None else lines.filter(order__event=event_id)


def propose(
    line: Composition, lots: Sequence[Lot], strategy: str, quantity: Decimal, shares: Shares | None = None
) -> strategies.Proposal:
    """Return a proposal for a line over lots that are already loaded; `shares` for a strategy that follows a mix."""
    line_id = line.pk if line.order_id is not None else None
    ask = strategies.Ask(lots, line_id, quantity, line.is_whole, timezone.localdate(), shares or {})
    return strategies.STRATEGIES[strategy](ask)


def mixes_of(line_ids: Iterable[int | None]) -> dict[int, Shares]:
    """Return how much of each design, by product id, runs took for lines and did not give back; one statement.

    Asked for the `last_line` of lines, it tells the mix of the last time (R15).
    """
    wanted = {pk for pk in line_ids if pk is not None}
    if not wanted:
        return {}
    generic = "inventory_item__product__generic_product"
    taken = (
        StockMovement.objects.filter(composition__in=wanted, kind=StockMovement.Kind.CONSUMED, reversed_by__isnull=True)
        .filter(**{generic: F("composition__packaging_product__generic_product")})
        .order_by()
        .values_list("composition", "inventory_item__product")
        .annotate(taken=Round(-Sum("quantity", output_field=QUANTITY), 3, output_field=QUANTITY))
    )
    mixes: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for line_id, product_id, quantity in taken:
        mixes[line_id][product_id] = quantity
    return dict(mixes)


def last_mixes(lines: Iterable[Composition]) -> dict[int, Shares]:
    """Return the mix of the last time for lines, by line id, where there was one; two statements (R15)."""
    found = Composition.objects.filter(pk__in=[line.pk for line in lines]).with_last_line()
    last = dict(found.order_by().values_list("pk", "last_line"))
    mixes = mixes_of(last.values())
    return {pk: mixes[line_id] for pk, line_id in last.items() if line_id in mixes}
