"""Every row lock of the program, in one order (design: Concurrency).

Orders first; then, their lines and promises standing still, all items at once: finished goods, finished units,
products, generic products (only where a debt changes), each by primary key. An item's row guards all its lots.
A lock works only inside a transaction and is taken at once: a lazy lock locks nothing. On SQLite the transaction
itself is the lock (BEGIN IMMEDIATE); the same reads then only look.
"""

from collections.abc import Iterable
from typing import TypeVar

from django.db import connection, models, transaction
from django.db.models import Q

from packaging.models import AssemblyOrder, FinishedGood, FinishedUnit, GenericProduct, InventoryItem, Product

M = TypeVar("M", bound=models.Model)


def lock_orders(order_ids: Iterable[int]) -> dict[int, AssemblyOrder]:
    """Lock orders and return them by id, with their good and event; an id that is not there is left out."""
    return _lock(AssemblyOrder.objects.select_related("finished_good", "event").filter(pk__in=set(order_ids)))


def lock_stock(
    *,
    goods: Iterable[int] = (),
    units: Iterable[int] = (),
    products: Iterable[int] = (),
    lots: Iterable[int] = (),
    generics: Iterable[int] = (),
    all_goods: bool = False,
) -> None:
    """Lock the rows of items, and of whatever the given lots hold, in the fixed order.

    `all_goods` locks every finished good: whoever looks for a cycle of recipes must see all of them stand still.
    """
    lot_ids = set(lots)
    holders = InventoryItem.objects.filter(pk__in=lot_ids)

    def chosen(ids: Iterable[int], column: str) -> Q:
        mine = Q(pk__in=set(ids))
        return mine | Q(pk__in=holders.filter(**{f"{column}__isnull": False}).values(column)) if lot_ids else mine

    if all_goods:
        _lock(FinishedGood.objects.all())
    elif (wanted := set(goods)) or lot_ids:
        _lock(FinishedGood.objects.filter(chosen(wanted, "finished_good_id")))
    if (wanted := set(units)) or lot_ids:
        _lock(FinishedUnit.objects.filter(chosen(wanted, "finished_unit_id")))
    if (wanted := set(products)) or lot_ids:
        _lock(Product.objects.filter(chosen(wanted, "product_id")))
    if wanted := set(generics):
        _lock(GenericProduct.objects.filter(pk__in=wanted))


def _lock(rows: models.QuerySet[M]) -> dict[int, M]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Rows are locked inside a transaction only.")
    return {row.pk: row for row in rows.order_by("pk").select_for_update(of=("self",), no_key=True)}
