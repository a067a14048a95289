"""The shelf as it is now: lots with their promises, and what is free of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import ExpressionWrapper, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from bakery.lookups import Among
from packaging import availability
from packaging.availability import Lot, Part, Promise
from packaging.costs import ZERO
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    InventoryItem,
    Product,
)
from packaging.querysets import QUANTITY, Unindexed

MAX_PK = 2**63 - 1  # SQLite fails on a larger number, where PostgreSQL finds nothing
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
    "product__generic_product__unit",
    "product__generic_product__is_divisible",
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
    products, generics = set(products), set(generics)
    wanted = _held("product", products) + _held("finished_unit", set(units)) + _held("finished_good", set(goods))
    wanted += _promised(products)
    if generics:
        designs = Product.objects.filter(generic_product__in=generics).order_by().values("pk")
        wanted += _held("product", designs) + _promised(designs)
    if ids := set(lots):
        wanted.append(InventoryItem.objects.filter(pk__in=ids).order_by().values("pk"))
    if line_id is not None:
        wanted.append(CompositionAssignment.objects.filter(composition=line_id).order_by().values("inventory_item"))
    if not wanted:
        return []
    # Wrapped, because a bare F() here would join the assignments a second time and repeat every promise.
    consumed = ExpressionWrapper(F("assignments__quantity_consumed"), output_field=QUANTITY)
    outstanding = Q(assignments__quantity_assigned__gt=consumed)
    rows = (
        InventoryItem.objects.annotate(promise=FilteredRelation("assignments", condition=outstanding))
        .filter(Among("pk", wanted[0].union(*wanted[1:]) if len(wanted) > 1 else wanted[0]))
        .order_by("received_on", "id", "promise__id")
        .values_list(*LOT_COLUMNS, *PROMISE_COLUMNS, *(HOLDER_COLUMNS if with_holders else ()))
    )
    return [_lot(list(group)) for _pk, group in groupby(rows, key=lambda row: row[0])]


def _held(column: str, ids: Any) -> "list[QuerySet[Any, Any]]":
    """Return the ids of lots of these items that hold something; nothing for no ids."""
    if isinstance(ids, set) and not ids:
        return []
    held = InventoryItem.objects.on_hand().order_by().values("pk")
    if column == "product":  # its partial index is narrow enough to be taken
        return [held.filter(product__in=ids)]
    return [held.alias(item=Unindexed(column)).filter(item__in=ids)]


def _promised(products: Any) -> "list[QuerySet[Any, Any]]":
    """Return the ids of lots of these products that are promised to a line, found among all promises that stand."""
    if isinstance(products, set) and not products:
        return []
    promises = CompositionAssignment.objects.filter(quantity_assigned__gt=F("quantity_consumed"))
    promised = InventoryItem.objects.filter(Among("pk", promises.order_by().values("inventory_item")))
    return [promised.alias(item=Unindexed("product")).filter(item__in=products).order_by().values("pk")]


def _lot(rows: list[tuple]) -> Lot:  # type: ignore[type-arg]
    promises = tuple(  # an assignment on a recipe's own line, which only an import makes, promises nothing (R12)
        _promise(*row[len(LOT_COLUMNS) :]) for row in rows if row[len(LOT_COLUMNS) + 5] is not None
    )
    return lot_of(rows[0][: len(LOT_COLUMNS)], promises)


def lot_of(values: Sequence[Any], promises: tuple[Promise, ...]) -> Lot:
    """Return a lot as the pure rules see it from the values of `LOT_COLUMNS`."""
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
        unit,
        is_divisible,
        design,
        unit_name,
        good_name,
        event_id,
        order_status,
    ) = values
    if product_id:
        item = ("product", product_id)
    elif unit_id:
        item = ("unit", unit_id)
    else:
        item = ("good", good_id)
    return Lot(
        id=pk,
        item=item,
        quantity=quantity,
        value=value,
        received_on=received_on,
        generic_id=generic_id,
        label=lot_code or f"#{pk}",
        unit=unit or "piece",
        is_whole=not is_divisible,
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


def is_ready(lot: Lot, event_id: int | None = None) -> bool:
    """Say whether a lot of goods may be used for an order of this event: its own, or nobody's (R23)."""
    return not lot.order_is_open or (event_id is not None and lot.event_id == event_id)


def free_stock(
    lots: Iterable[Lot], owed: dict[int, Decimal], event_id: int | None = None
) -> tuple[dict[availability.Item, Decimal], dict[int, Decimal]]:
    """Return what is free today by item and by generic product, less what open debts owe (R17, R18).

    Goods that were made for an event are free for its own orders (`event_id`) alone (R23).
    """
    today = timezone.localdate()
    items: dict[availability.Item, Decimal] = defaultdict(lambda: ZERO)
    generics: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for lot in lots:
        if lot.item[0] == "good" and not is_ready(lot, event_id):
            continue
        if lot.is_expired(today):
            continue
        items[lot.item] += lot.free
        if lot.generic_id is not None:
            generics[lot.generic_id] += lot.free
    return dict(items), {pk: max(free - owed.get(pk, ZERO), ZERO) for pk, free in generics.items()}


def owed_by_generic(lines: Iterable[Composition]) -> dict[int, Decimal]:
    """Return what open debts owe by generic product, as the lines (with names) were read."""
    products = [line.packaging_product for line in lines if line.packaging_product is not None]
    return {product.generic_product_id: product.generic_product.quantity_owed for product in products}


def last_receipts(generic_ids: Iterable[int]) -> list[InventoryItem]:
    """Return the latest receipt of known cost above 0 of each product of these generic products, the oldest first.

    Lots come with their product. One statement, however long the history.
    """
    products = Product.objects.filter(generic_product__in=set(generic_ids)).order_by()
    lots = InventoryItem.objects.filter(pk__in=products.values_list(Subquery(_latest_receipt())))
    return list(lots.select_related("product").order_by("received_on", "pk"))


def designs_with_receipts(generic_ids: Iterable[int]) -> list[tuple[Product, InventoryItem | None]]:
    """Return all products of these generic products, each with its latest receipt as in `last_receipts`, by design."""
    latest = FilteredRelation("lots", condition=Q(lots__pk=F("latest_pk")))
    designs = Product.objects.filter(generic_product__in=set(generic_ids)).alias(latest_pk=Subquery(_latest_receipt()))
    found = designs.annotate(latest=latest).select_related("latest").order_by("design_key", "pk")
    return [(design, getattr(design, "latest", None)) for design in found]


def _latest_receipt() -> "QuerySet[Any, Any]":
    """Return the latest receipt of known cost above 0 of a product, for a subquery."""
    paid = InventoryItem.objects.filter(is_cost_known=True, total_cost__gt=0).not_voided()
    latest: QuerySet[Any, Any] = paid.filter(product=OuterRef("pk")).order_by("-received_on", "-pk").values("pk")[:1]
    return latest


def last_prices(generic_ids: Iterable[int]) -> dict[int, Decimal]:
    """Return the last price paid per unit by generic product: the latest receipt of known cost above 0 (R16)."""
    return {
        lot.product.generic_product_id: lot.total_cost / lot.quantity_received
        for lot in last_receipts(generic_ids)
        if lot.product is not None
    }
