"""The answers that pages and services ask for. Each takes a constant number of statements, however many rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from django.db.models import ExpressionWrapper, F, FilteredRelation, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from packaging import availability, strategies
from packaging.availability import Cost, Lot, Makeable, Part, Promise
from packaging.costs import ZERO, round3, round4, take
from packaging.exceptions import NotFound
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    FinishedGood,
    GenericProduct,
    InventoryItem,
    StockMovement,
)
from packaging.querysets import QUANTITY

LOT_COLUMNS = (
    "id",
    "product_id",
    "finished_unit_id",
    "finished_good_id",
    "quantity",
    "value",
    "received_on",
    "expires_on",
    "is_cost_known",
    "quantity_received",
    "total_cost",
    "lot_code",
    "product__generic_product_id",
    "product__generic_product__name",
    "product__design",
    "finished_unit__display_name",
    "finished_good__display_name",
    "order__event_id",
    "order__status",
)
PROMISE_COLUMNS = (
    "promise__id",
    "promise__composition_id",
    "promise__quantity_assigned",
    "promise__quantity_consumed",
    "promise__assigned_at",
    "promise__composition__order_id",
)
HOLDER_COLUMNS = ("promise__composition__order__event__name", "promise__composition__order__notes")


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


@dataclass(frozen=True)
class DesignStock:
    """What is there of one design."""

    product_id: int
    design: str
    on_hand: Decimal
    free: Decimal


@dataclass(frozen=True)
class GenericSummary:
    """The inventory summary of a generic product (R17)."""

    generic: GenericProduct
    on_hand: Decimal
    reserved: Decimal
    owed: Decimal
    free: Decimal
    designs: list[DesignStock]  # largest first
    without_cost: Decimal  # free pieces whose cost is unknown
    short: Decimal  # of the quantity asked for, what is not free
    cost: Cost  # of the quantity asked for, else of one


@dataclass(frozen=True)
class LineCost:
    """What one line of a recipe would take for the quantity asked, with its cost and what is free for it today."""

    line: Composition
    needed: Decimal
    free: Decimal
    cost: Cost
    designs: int = 0  # free designs of a generic line

    @property
    def missing(self) -> Decimal:
        """What is not free."""
        return max(self.needed - self.free, ZERO)


@dataclass(frozen=True)
class Difference:
    """A figure that does not agree with the rows that make it."""

    what: str
    stored: Decimal
    counted: Decimal

    def __str__(self) -> str:
        return f"{self.what}: stored {self.stored}, rows say {self.counted}"


def load_lots(
    *,
    products: Iterable[int] = (),
    units: Iterable[int] = (),
    goods: Iterable[int] = (),
    generics: Iterable[int] = (),
    lots: Iterable[int] = (),
    line_id: int | None = None,
    with_holders: bool = False,
) -> list[Lot]:
    """Return the shelf: lots of these items that hold something or are promised, oldest first, in one statement.

    `lots` adds lots by id and `line_id` those promised to a line, whatever they hold. `with_holders` says of each
    promise whom it is for.
    """
    wanted = Q()
    for column, ids in (
        ("product", set(products)),
        ("finished_unit", set(units)),
        ("finished_good", set(goods)),
        ("product__generic_product", set(generics)),
    ):
        if ids:
            wanted |= Q(**{f"{column}__in": ids})
    wanted = Q(Q(quantity__gt=0) | Q(promise__isnull=False), wanted) if wanted else wanted
    if ids := set(lots):
        wanted |= Q(pk__in=ids)
    if line_id is not None:
        wanted |= Q(pk__in=CompositionAssignment.objects.filter(composition=line_id).values("inventory_item"))
    if not wanted:
        return []
    # Wrapped, because a bare F() here would join the assignments a second time and repeat every promise.
    consumed = ExpressionWrapper(F("assignments__quantity_consumed"), output_field=QUANTITY)
    outstanding = Q(assignments__quantity_assigned__gt=consumed)
    rows = (
        InventoryItem.objects.annotate(promise=FilteredRelation("assignments", condition=outstanding))
        .filter(wanted)
        .order_by("received_on", "id", "promise__id")
        .values_list(*LOT_COLUMNS, *PROMISE_COLUMNS, *(HOLDER_COLUMNS if with_holders else ()))
    )
    return [_lot(list(group)) for _pk, group in groupby(rows, key=lambda row: row[0])]


def _lot(rows: list[tuple]) -> Lot:  # type: ignore[type-arg]
    (
        pk,
        product_id,
        unit_id,
        good_id,
        quantity,
        value,
        received_on,
        expires_on,
        is_cost_known,
        quantity_received,
        total_cost,
        lot_code,
        generic_id,
        generic_name,
        design,
        unit_name,
        good_name,
        event_id,
        order_status,
    ) = rows[0][: len(LOT_COLUMNS)]
    if product_id:
        item = ("product", product_id)
    elif unit_id:
        item = ("unit", unit_id)
    else:
        item = ("good", good_id)
    promises = tuple(  # an assignment on a recipe's own line, which only an import makes, promises nothing (R12)
        _promise(*row[len(LOT_COLUMNS) :]) for row in rows if row[len(LOT_COLUMNS) + 5] is not None
    )
    return Lot(
        id=pk,
        item=item,
        quantity=quantity,
        value=value,
        received_on=received_on,
        generic_id=generic_id,
        label=lot_code or f"#{pk}",
        item_name=generic_name or unit_name or good_name,
        design=design or "",
        expires_on=expires_on,
        is_cost_known=is_cost_known,
        quantity_received=quantity_received,
        total_cost=total_cost,
        event_id=event_id,
        order_is_open=order_status == AssemblyOrder.Status.OPEN,
        promises=promises,
    )


def _promise(
    pk: int,
    line_id: int,
    assigned: Decimal,
    consumed: Decimal,
    assigned_at: datetime,
    order_id: int,
    event_name: str | None = None,
    notes: str | None = None,
) -> Promise:
    holder = "" if notes is None else event_name or AssemblyOrder(pk=order_id, notes=notes).customer
    return Promise(pk, line_id, assigned - consumed, assigned_at, consumed, holder)


def as_part(line: Composition) -> Part:
    """Return a line (with its names loaded) as the pure rules see it."""
    product = line.packaging_product
    if product is not None:
        item = ("product", product.pk)
    elif line.finished_unit_id is not None:
        item = ("unit", line.finished_unit_id)
    else:
        assert line.finished_good_id is not None  # packaging_comp_one_part_ck
        item = ("good", line.finished_good_id)
    return Part(
        line_id=line.pk,
        item=item,
        per_one=line.component_quantity,
        whole=line.is_whole,
        name=line.name,
        unit=line.unit,
        generic_id=product.generic_product_id if product else None,
        is_generic=line.is_generic,
    )


def lots_for(parts: Sequence[Part], lots: Iterable[int] = ()) -> list[Lot]:
    """Return the shelf that these lines can take from, and the given lots besides; one statement."""
    return load_lots(
        products=[part.item[1] for part in parts if part.item[0] == "product" and not part.is_generic],
        units=[part.item[1] for part in parts if part.item[0] == "unit"],
        goods=[part.item[1] for part in parts if part.item[0] == "good"],
        generics=[part.generic_id for part in parts if part.is_generic and part.generic_id],
        lots=lots,
    )


def is_ready(lot: Lot, event_id: int | None = None) -> bool:
    """Say whether a lot of goods may be used for an order of this event: its own, or nobody's (R23)."""
    return not lot.order_is_open or (event_id is not None and lot.event_id == event_id)


def free_stock(
    lots: Iterable[Lot], owed: dict[int, Decimal]
) -> tuple[dict[availability.Item, Decimal], dict[int, Decimal]]:
    """Return what is free today by item and by generic product, less what open debts owe (R17, R18)."""
    today = timezone.localdate()
    items: dict[availability.Item, Decimal] = defaultdict(lambda: ZERO)
    generics: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for lot in lots:
        if lot.item[0] == "good" and not is_ready(lot):
            continue
        if lot.is_expired(today):
            continue
        items[lot.item] += lot.free
        if lot.generic_id is not None:
            generics[lot.generic_id] += lot.free
    return dict(items), {pk: max(free - owed.get(pk, ZERO), ZERO) for pk, free in generics.items()}


def last_prices(generic_ids: Iterable[int]) -> dict[int, Decimal]:
    """Return the last price paid per unit by generic product: the latest receipt of known cost above 0 (R16)."""
    paid = (
        InventoryItem.objects.filter(
            product__generic_product__in=set(generic_ids), is_cost_known=True, total_cost__gt=0
        )
        .not_voided()
        .order_by("product__generic_product", "received_on", "id")
        .values_list("product__generic_product_id", "total_cost", "quantity_received")
    )
    return {generic_id: total / received for generic_id, total, received in paid}


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
    actual = sum((take(quantity, lot.quantity, lot.value) for lot, quantity in decided), ZERO)
    if to_decide <= 0:
        return Cost(round4(actual), round4(actual), round4(actual), "Actual")
    label = "Partly estimated" if decided else "Estimated"
    low, likely, high = (None if x is None else round4(actual + x) for x in (rest.low, rest.likely, rest.high))
    return Cost(low, likely, high, label)


def order_line(composition_id: int) -> Composition:
    """Return a line with its names, order and event; `NotFound` when it is not there."""
    lines = Composition.objects.with_names().select_related("order__event", "assembly")
    line: Composition | None = lines.filter(pk=composition_id).first()
    if line is None:
        raise NotFound(_("The line"))
    return line


def line_status(composition_id: int) -> LineStatus:
    """Return where a generic line of an order stands, of what is still required (R14, R16)."""
    line = order_line(composition_id)
    if line.order is None or not line.is_generic:
        raise NotFound(_("The generic line of an order"))
    return line_statuses([line])[line.pk]


def generic_summary(generic_product_id: int, quantity: Decimal | None = None) -> GenericSummary:
    """Return the inventory summary of a generic product, and what `quantity` of it would cost (R16, R17)."""
    try:
        generic = GenericProduct.objects.get(pk=generic_product_id)
    except GenericProduct.DoesNotExist:
        raise NotFound(_("The generic product")) from None
    return summaries([generic], quantity)[generic.pk]


def summaries(generics: Iterable[GenericProduct], quantity: Decimal | None = None) -> dict[int, GenericSummary]:
    """Return the inventory summaries of several generic products by id, in two statements."""
    generics = list(generics)
    lots_by_generic: dict[int, list[Lot]] = defaultdict(list)
    for lot in load_lots(generics=[generic.pk for generic in generics]):
        lots_by_generic[lot.generic_id or 0].append(lot)
    prices = last_prices([generic.pk for generic in generics])
    return {
        generic.pk: _summary(generic, lots_by_generic[generic.pk], prices.get(generic.pk), quantity)
        for generic in generics
    }


def _summary(
    generic: GenericProduct, lots: Sequence[Lot], last_price: Decimal | None, quantity: Decimal | None
) -> GenericSummary:
    designs: dict[int, DesignStock] = {}
    for lot in lots:
        seen = designs.get(lot.item[1], DesignStock(lot.item[1], lot.design, ZERO, ZERO))
        designs[lot.item[1]] = DesignStock(lot.item[1], lot.design, seen.on_hand + lot.quantity, seen.free + lot.free)
    on_hand = round3(sum((lot.quantity for lot in lots), ZERO))
    reserved = round3(sum((lot.reserved for lot in lots), ZERO))
    free = max(on_hand - reserved - generic.quantity_owed, round3(ZERO))
    return GenericSummary(
        generic=generic,
        on_hand=on_hand,
        reserved=reserved,
        owed=generic.quantity_owed,
        free=free,
        designs=sorted(designs.values(), key=lambda design: (-design.on_hand, design.design)),
        without_cost=round3(sum((lot.free for lot in lots if not lot.is_cost_known), ZERO)),
        short=max((quantity or ZERO) - free, ZERO),
        cost=availability.estimate(lots, Decimal(1) if quantity is None else quantity, last_price),
    )


def pending_lines(event_id: int | None = None) -> QuerySet[Composition]:
    """Return the PENDING, PARTIAL or SHORT lines of open orders, soonest due first, with `required` and `assigned`."""
    lines = Composition.objects.undecided().with_names().select_related("order__event", "order__finished_good")
    return lines if event_id is None else lines.filter(order__event=event_id)


def pending_count() -> int:
    """Return how many lines wait for a decision."""
    return Composition.objects.undecided().count()


def owed_by_generic(lines: Iterable[Composition]) -> dict[int, Decimal]:
    """Return what open debts owe by generic product, as the lines (with names) were read."""
    products = [line.packaging_product for line in lines if line.packaging_product is not None]
    return {product.generic_product_id: product.generic_product.quantity_owed for product in products}


def most_makeable(finished_good_id: int) -> Makeable:
    """Return how many of a good today's free stock makes, each piece counted once, and what runs out first (R18)."""
    return makeable_goods([finished_good_id])[finished_good_id]


def makeable_goods(good_ids: Iterable[int]) -> dict[int, Makeable]:
    """Return for each good on its own how many can be made, in two statements."""
    good_ids = list(good_ids)
    lines: dict[int, list[Composition]] = {good_id: [] for good_id in good_ids}
    for line in Composition.objects.with_names().filter(assembly__in=good_ids, order__isnull=True, is_archived=False):
        lines[line.assembly_id].append(line)
    every = [line for group in lines.values() for line in group]
    free, free_generic = free_stock(whole_shelf(every), owed_by_generic(every))
    return {
        good_id: availability.makeable([as_part(line) for line in group], free, free_generic)
        for good_id, group in lines.items()
    }


def whole_shelf(lines: Iterable[Composition], goods: Iterable[int] = ()) -> list[Lot]:
    """Return the shelf that decides how many can be made of lines, and the lots of `goods` besides; one statement.

    Specific packaging competes with generic lines, so all of its generic product is on it (R18).
    """
    parts = [as_part(line) for line in lines]
    return load_lots(
        generics=[part.generic_id for part in parts if part.generic_id],
        units=[part.item[1] for part in parts if part.item[0] == "unit"],
        goods=[*(part.item[1] for part in parts if part.item[0] == "good"), *goods],
    )


def recipe_costs(
    lines: Sequence[Composition],
    pieces: int = 1,
    *,
    lots: Sequence[Lot] | None = None,
    prices: Mapping[int, Decimal] | None = None,
    event_id: int | None = None,
) -> list[LineCost]:
    """Return what each line (with names) would take for `pieces` goods and cost today (R16).

    Units, goods and specific packaging are valued oldest first, a generic line by the average of what is free.
    Two statements, none for what is given: the shelf `lots`, the last `prices`. `event_id` is of the order (R23).
    """
    parts = [as_part(line) for line in lines]
    if lots is None:
        lots = lots_for(parts)
    if prices is None:
        prices = last_prices([part.generic_id for part in parts if part.generic_id])
    today = timezone.localdate()
    costs = []
    for line, part in zip(lines, parts, strict=True):
        needed = part.need(pieces)
        if part.is_generic:
            mine = [lot for lot in lots if lot.generic_id == part.generic_id]
            cost = availability.estimate(mine, needed, prices.get(part.generic_id or 0))
        else:
            mine = [
                lot
                for lot in lots
                if lot.item == part.item
                and not lot.is_expired(today)
                and not (part.item[0] == "good" and not is_ready(lot, event_id))
            ]
            cost = _fifo_cost(mine, needed, prices.get(part.generic_id or 0))
        free = sum((lot.free for lot in mine), ZERO)
        designs = len({lot.item for lot in mine if lot.free > 0}) if part.is_generic else 0
        costs.append(LineCost(line, needed, free, cost, designs))
    return costs


def _fifo_cost(lots: Iterable[Lot], needed: Decimal, last_price: Decimal | None) -> Cost:
    total, price, left = ZERO, last_price, needed
    for lot in sorted(lots, key=availability.fifo):
        taken = min(left, lot.free)
        if taken > 0:
            total += take(taken, lot.quantity, lot.value)
            left -= taken
        if lot.is_cost_known:
            price = lot.unit_cost
    if left > 0 and price is None:
        return Cost(None, None, None, "Estimated")
    total = round4(total + left * (price or ZERO))
    return Cost(total, total, total, "Estimated")


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Add costs up: unknown as soon as one is unknown, and as sure as the least sure."""
    costs = list(costs)

    def add(amounts: list[Decimal | None]) -> Decimal | None:
        known = [amount for amount in amounts if amount is not None]
        return round4(sum(known, ZERO)) if len(known) == len(amounts) else None

    labels = {cost.label for cost in costs}
    label = labels.pop() if len(labels) == 1 else "Partly estimated"
    return Cost(add([c.low for c in costs]), add([c.likely for c in costs]), add([c.high for c in costs]), label)


def check_stock() -> list[Difference]:
    """Recompute every lot's quantity and value from its movements, and name what differs (R4)."""
    sums = {
        row["inventory_item"]: (round3(row["quantity"]), round4(row["worth"]))
        for row in StockMovement.objects.order_by()
        .values("inventory_item")
        .annotate(quantity=Sum("quantity"), worth=Sum("value"))
    }
    differences = []
    for lot in InventoryItem.objects.all():
        quantity, value = sums.get(lot.pk, (ZERO, ZERO))
        if lot.quantity != quantity:
            differences.append(Difference(f"Lot {lot.label} quantity", lot.quantity, quantity))
        if lot.value != value:
            differences.append(Difference(f"Lot {lot.label} value", lot.value, value))
    return differences


def good_or_not_found(finished_good_id: int) -> FinishedGood:
    """Return a good; `NotFound` when it is not there."""
    try:
        return FinishedGood.objects.get(pk=finished_good_id)
    except FinishedGood.DoesNotExist:
        raise NotFound(_("The good")) from None


def propose(line: Composition, lots: Sequence[Lot], strategy: str, quantity: Decimal) -> strategies.Proposal:
    """Return a proposal for a line over lots that are already loaded."""
    line_id = line.pk if line.order_id is not None else None
    return strategies.STRATEGIES[strategy](lots, line_id, quantity, line.is_whole, timezone.localdate())
