"""A catalogue of thousands beside the demo's, for the lists and the choices that grow with it."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from packaging.models import (
    Composition,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
    StockMovement,
)

DESIGNS = 4  # of one generic product
AT_ONCE = 2_000  # rows of one statement, as far as the database takes them
NAMES = ("Almond", "Barley", "Cherry", "Date", "Elder", "Fig", "Ginger", "Honey", "Iris", "Juniper")
Lots = list[InventoryItem]


@transaction.atomic
def widen(products: int) -> None:
    """Add so many products, a quarter as many generic ones, and as many units and goods, with a lot of each.

    A good has a recipe of a unit, a design, and packaging that is decided on later. The books balance.
    """
    names = [f"{NAMES[number % len(NAMES)]} {number:05}" for number in range(products)]
    generics = GenericProduct.objects.bulk_create(
        (GenericProduct(name=f"Box {name}") for name in names[::DESIGNS]), batch_size=AT_ONCE
    )
    designs = Product.objects.bulk_create(
        (
            Product(generic_product=generics[place // DESIGNS], design=f"Design {name}")
            for place, name in enumerate(names)
        ),
        batch_size=AT_ONCE,
    )
    units = FinishedUnit.objects.bulk_create(
        (FinishedUnit(display_name=f"Bun {name}", slug=f"bun-{place}") for place, name in enumerate(names)),
        batch_size=AT_ONCE,
    )
    goods = FinishedGood.objects.bulk_create(
        (FinishedGood(display_name=f"Hamper {name}", slug=f"hamper-{place}") for place, name in enumerate(names)),
        batch_size=AT_ONCE,
    )
    parts: Sequence[dict[str, Any]] = [{"product": row} for row in designs]
    _shelve([*parts, *({"finished_unit": row} for row in units), *({"finished_good": row} for row in goods)])
    Composition.objects.bulk_create(
        (
            line
            for place, good in enumerate(goods)
            for line in (
                Composition(assembly=good, finished_unit=units[place], component_quantity=2),
                Composition(assembly=good, packaging_product=designs[place], sort_order=1),
                Composition(assembly=good, packaging_product=designs[place - DESIGNS], is_generic=True, sort_order=2),
            )
        ),
        batch_size=AT_ONCE,
    )


def _shelve(items: Sequence[dict[str, Any]]) -> None:
    """Put a lot of each on the shelf."""
    day, quantity, cost = timezone.localdate() - timedelta(days=3), Decimal(40), Decimal("10.0000")
    lots = InventoryItem.objects.bulk_create(
        (
            InventoryItem(
                **item,
                received_on=day,
                lot_code=f"W{place:05}",
                quantity_received=quantity,
                quantity=quantity,
                total_cost=cost,
                value=cost,
            )
            for place, item in enumerate(items)
        ),
        batch_size=AT_ONCE,
    )
    StockMovement.objects.bulk_create(
        (
            StockMovement(
                inventory_item=lot,
                kind=StockMovement.Kind.BAKED if lot.finished_unit_id else StockMovement.Kind.RECEIVED,
                quantity=quantity,
                value=cost,
            )
            for lot in lots
        ),
        batch_size=AT_ONCE,
    )
