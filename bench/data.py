"""Goods to pack, made fast: so many unit lines and packaging lines, so many lots of each, and orders for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from bakery.roles import set_up_roles
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
    StockMovement,
)
from packaging.models.orders import MOST_PIECES

USER, PASSWORD = "bench", "a-bench-packs-all-day"  # nosec B105 # of a database that is thrown away
MUCH = Decimal(400_000)  # pieces of a lot that no measurement uses up
_numbers = count(1)


@dataclass(frozen=True)
class Shelf:
    """Units and packaging with their lots."""

    units: Sequence[FinishedUnit]
    products: Sequence[Product]
    lots: Sequence[InventoryItem]


@dataclass(frozen=True)
class Good:
    """A good with its recipe, orders for it, and the shelf that it is packed from."""

    good: FinishedGood
    orders: Sequence[AssemblyOrder]
    shelf: Shelf


def somebody() -> User:
    """Return who packs: a manager, who may see everything; made when missing."""
    found = User.objects.filter(username=USER).first()
    if found is not None:
        return found
    set_up_roles()
    user = User.objects.create_user(USER, password=PASSWORD, is_staff=True)
    user.groups.set(Group.objects.all())
    return user


@transaction.atomic
def good_of(lines: int, *, lots: int = 2, orders: int = 1, first: Decimal = MUCH, decided: bool = False) -> Good:
    """Make a good of so many unit lines and as many packaging lines, `lots` of each, and orders for a million pieces.

    `first` is what the oldest lot of each holds. With `decided` each other packaging line is generic, and the orders
    were promised lots for it.
    """
    shelf = shelf_of(lines, lots=lots, first=first)
    return good_from(shelf, range(lines), orders=orders, decided=decided)


def shelf_of(items: int, *, lots: int = 2, first: Decimal = MUCH) -> Shelf:
    """Make so many units and as many packaging products, with lots of each; the books balance."""
    names = [f"bench {next(_numbers)}" for _item in range(items)]
    units = FinishedUnit.objects.bulk_create(
        FinishedUnit(display_name=f"Unit {name}", slug=f"unit-{name.replace(' ', '-')}") for name in names
    )
    generics = GenericProduct.objects.bulk_create(GenericProduct(name=f"Generic {name}") for name in names)
    products = Product.objects.bulk_create(Product(generic_product=generic, design="Plain") for generic in generics)
    held: list[dict[str, Any]] = [{"finished_unit": unit} for unit in units]
    held += [{"product": product} for product in products]
    made = InventoryItem.objects.bulk_create(
        _lot(number, lots, first if number == 0 else MUCH, item) for item in held for number in range(lots)
    )
    StockMovement.objects.bulk_create(
        StockMovement(
            inventory_item=lot,
            kind=StockMovement.Kind.RECEIVED if lot.product_id else StockMovement.Kind.BAKED,
            quantity=lot.quantity,
            value=lot.value,
        )
        for lot in made
    )
    return Shelf(units, products, made)


def _lot(number: int, lots: int, quantity: Decimal, item: dict[str, Any]) -> InventoryItem:
    cost = quantity * Decimal("0.3700")
    return InventoryItem(
        **item,
        received_on=timezone.localdate() - timedelta(days=1 + (lots - number) % 365),
        quantity_received=quantity,
        quantity=quantity,
        total_cost=cost,
        value=cost,
    )


@transaction.atomic
def good_from(shelf: Shelf, places: Sequence[int], *, orders: int = 1, decided: bool = False) -> Good:
    """Make a good of the units and the packaging at these places of a shelf, in this order, and orders for it."""
    number = next(_numbers)
    good = FinishedGood.objects.create(display_name=f"Good bench {number}", slug=f"good-bench-{number}")
    due_on = timezone.localdate() + timedelta(days=7)
    made = AssemblyOrder.objects.bulk_create(
        AssemblyOrder(finished_good=good, quantity=MOST_PIECES, due_on=due_on) for _order in range(orders)
    )
    lines = Composition.objects.bulk_create(
        Composition(assembly=good, order=order, is_generic=is_generic, sort_order=place, **part)
        for order in (None, *made)
        for place, (is_generic, part) in enumerate(_parts(shelf, places, decided=decided))
    )
    by_product: dict[int, list[InventoryItem]] = {}
    for lot in shelf.lots:
        if lot.product_id:
            by_product.setdefault(lot.product_id, []).append(lot)
    CompositionAssignment.objects.bulk_create(
        CompositionAssignment(composition=line, inventory_item=lot, quantity_assigned=lot.quantity / len(made) // 4)
        for line in lines
        if line.order_id and line.is_generic
        for lot in by_product[line.packaging_product_id or 0][:2]
    )
    return Good(good, made, shelf)


def _parts(shelf: Shelf, places: Sequence[int], *, decided: bool) -> list[tuple[bool, dict[str, Any]]]:
    """Return each line's component, and whether it is generic: each other packaging line when lots are decided on."""
    found: list[tuple[bool, dict[str, Any]]] = []
    for number, place in enumerate(places):
        found.append((False, {"finished_unit": shelf.units[place]}))
        found.append((decided and number % 2 == 1, {"packaging_product": shelf.products[place]}))
    return found
