"""Every row lock of the program, in one order (design: Concurrency).

An event first (only where it ends, or gets an order); then orders; then, their lines and promises standing still, all
items at once: finished goods, finished units, products, generic products (only where a debt changes: there the change
itself may lock them), each by primary key. An item's row guards all its lots, an event's row which open orders it has.
A lock works only inside a transaction and is taken at once: a lazy lock locks nothing. On SQLite the transaction
itself is the lock (BEGIN IMMEDIATE); the same reads then only look.
"""

from collections.abc import Collection, Iterable
from typing import TypeVar

from django.db import connection, models, transaction
from django.db.models import Q

from bakery.lookups import Among
from packaging.availability import Item
from packaging.models import (
    AssemblyOrder,
    CompositionAssignment,
    Event,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)

M = TypeVar("M", bound=models.Model)
IMPORTS = 7_236_837_401  # a number of ours among the locks of the database


def lock_imports() -> None:
    """Let one table come in at a time, before any row is locked: the second of two sees what the first one wrote.

    No row stands for a name that is not there yet, so PostgreSQL's lock by number does.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Imports are locked inside a transaction only.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORTS])


LOCK_ORDER = "SELECT id FROM packaging_assemblyorder WHERE id = %(order)s FOR NO KEY UPDATE"
# Each kind waits for the one before it: it asks how many that locked. What grows without end is found by lists of keys,
# not by joins, which PostgreSQL may read from end to end when its statistics are old.
LOCK_ITEMS = """
WITH line AS MATERIALIZED (
    SELECT assembly_id, finished_good_id, finished_unit_id, CASE WHEN NOT is_generic THEN packaging_product_id END
        AS product_id
    FROM packaging_composition WHERE order_id = %(order)s::bigint AND NOT is_archived
    UNION ALL
    SELECT assembly_id, finished_good_id, finished_unit_id, CASE WHEN NOT is_generic THEN packaging_product_id END
    FROM packaging_composition WHERE assembly_id = %(good)s::bigint AND order_id IS NULL AND NOT is_archived
    UNION ALL
    SELECT NULL, finished_good_id, finished_unit_id, product_id
    FROM packaging_inventoryitem WHERE id = ANY (%(lots)s::bigint[])
    UNION ALL
    SELECT NULL, NULL, NULL, product_id FROM packaging_inventoryitem WHERE id = ANY (ARRAY(
        SELECT inventory_item_id FROM packaging_compositionassignment
        WHERE quantity_assigned > quantity_consumed AND composition_id = ANY (ARRAY(
            SELECT id FROM packaging_composition WHERE order_id = %(order)s::bigint))))
), good AS MATERIALIZED (
    SELECT id FROM packaging_finishedgood
    WHERE id = ANY (ARRAY(SELECT assembly_id FROM line UNION SELECT finished_good_id FROM line))
    ORDER BY id FOR NO KEY UPDATE
), unit AS MATERIALIZED (
    SELECT id FROM packaging_finishedunit
    WHERE id = ANY (ARRAY(SELECT finished_unit_id FROM line)) AND (SELECT count(*) FROM good) >= 0
    ORDER BY id FOR NO KEY UPDATE
), product AS MATERIALIZED (
    SELECT id FROM packaging_product
    WHERE id = ANY (ARRAY(SELECT product_id FROM line)) AND (SELECT count(*) FROM unit) >= 0
    ORDER BY id FOR NO KEY UPDATE
)
SELECT 'product', id FROM product UNION ALL SELECT 'unit', id FROM unit UNION ALL SELECT 'good', id FROM good
"""


def lock_event(event_id: int) -> Event | None:
    """Lock an event and return it; None when it is not there."""
    return _lock(Event.objects.filter(pk=event_id)).get(event_id)


def lock_orders(order_ids: Iterable[int]) -> dict[int, AssemblyOrder]:
    """Lock orders and return them by id, with their good and event; an id that is not there is left out."""
    return _lock(AssemblyOrder.objects.select_related("finished_good", "event").filter(pk__in=set(order_ids)))


def lock_stock(
    *,
    goods: Collection[int] = (),
    units: Collection[int] = (),
    products: Collection[int] = (),
    lots: Collection[int] = (),
    order: int | None = None,
    orders: Collection[int] = (),
    generics: Collection[int] = (),
    all_goods: bool = False,
) -> None:
    """Lock the rows of items in the fixed order: those named, whatever the given lots hold, what orders were promised.

    What a lot holds never changes, and the promises of a locked order stand still, so neither is read beforehand.
    `all_goods` locks every finished good: whoever looks for a cycle of recipes must see all of them stand still.
    """
    lot_ids = set(lots)
    holders = InventoryItem.objects.filter(pk__in=lot_ids)

    def wanted(ids: Iterable[int], column: str) -> Q:
        found = Q(pk__in=set(ids))
        if lot_ids:
            found |= Q(Among("pk", holders.values(column)))
        return found

    products_wanted = wanted(products, "product_id")
    promised_to = set(orders) if order is None else {order, *orders}
    if promised_to:
        promises = CompositionAssignment.objects.outstanding().of_orders(promised_to)
        promised = InventoryItem.objects.filter(Among("pk", promises.values("inventory_item")))
        products_wanted |= Q(Among("pk", promised.values("product_id")))
    if all_goods or goods or lot_ids:
        _lock(
            FinishedGood.objects.all() if all_goods else FinishedGood.objects.filter(wanted(goods, "finished_good_id"))
        )
    if units or lot_ids:
        _lock(FinishedUnit.objects.filter(wanted(units, "finished_unit_id")))
    if products or lot_ids or promised_to:
        _lock(Product.objects.filter(products_wanted))
    if generics:
        _lock(GenericProduct.objects.filter(pk__in=set(generics)))


def lock_run(
    *, order_id: int | None = None, good_id: int | None = None, lots: Collection[int] = ()
) -> set[Item] | None:
    """Lock what a run of an order, or of a good by its recipe, touches: what `lock_orders` and `lock_stock` would lock.

    The hot lock of the program, in two statements however much there is: the order, then every item that its lines, its
    promises and the given lots hold, and the good itself. Returns the items, so that the caller sees whether the lines
    it reads then are those that were locked; None on SQLite, where the transaction is the lock and nothing is read.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Rows are locked inside a transaction only.")
    if connection.vendor == "sqlite":
        return None
    with connection.cursor() as cursor:
        if order_id is not None:
            cursor.execute(LOCK_ORDER, {"order": order_id})
        cursor.execute(LOCK_ITEMS, {"order": order_id, "good": good_id, "lots": list(lots)})
        return set(cursor.fetchall())


def locked_as_changed(rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """Return the same rows for one `update` that locks them in the fixed order itself.

    For numbers that are only counted up or down, and never read to decide.
    """
    in_order = rows.order_by("pk").select_for_update(no_key=True).values("pk")
    return rows.model._default_manager.filter(pk__in=in_order)


def _lock(rows: models.QuerySet[M]) -> dict[int, M]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Rows are locked inside a transaction only.")
    return {row.pk: row for row in rows.order_by("pk").select_for_update(of=("self",), no_key=True)}
