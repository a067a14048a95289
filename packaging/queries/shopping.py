"""What is to be bought: the packaging that open orders, debts and minimum stock need and nobody has (R19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from packaging.costs import ZERO, packs, round3, round4
from packaging.demand import Need, Thing
from packaging.models import AssemblyOrder, Composition, GenericProduct, InventoryItem, Product
from packaging.queries.demand import Walk, open_lines, walk_orders
from packaging.queries.shelf import last_receipts


@dataclass(frozen=True)
class ShoppingRow:
    """So much of a generic product, or for specific lines of one product, is to be bought.

    `needed` counts what promises do not cover already; `free` is what of it stock covers. Packs and the estimated
    cost are of what is to be bought; None is unknown.
    """

    generic_product: GenericProduct
    product: Product | None
    needed: Decimal
    free: Decimal
    to_buy: Decimal
    packs: int | None
    estimated_cost: Decimal | None
    first_order: AssemblyOrder | None = None  # the soonest that does not get what it needs; None: debts, minimum stock
    last_receipt: InventoryItem | None = None  # of known cost; says supplier and price
    usual: Product | None = None  # the design to buy unless another is chosen

    @property
    def name(self) -> str:
        """What is to be bought, in words."""
        return str(self.product or self.generic_product)

    @property
    def supplier(self) -> str:
        """Who sold it last, else who is noted for it."""
        last = self.last_receipt.supplier if self.last_receipt else ""
        return last or (self.usual.supplier if self.usual else "")

    @property
    def last_price(self) -> Decimal | None:
        """What one stock unit cost last, to 4 places."""
        return round4(self.last_receipt.total_cost / self.last_receipt.quantity_received) if self.last_receipt else None

    @property
    def pack_size(self) -> Decimal | None:
        """Stock units in one pack of the usual design."""
        return self.usual.pack_size if self.usual else None


def shopping_list(until: date | None = None) -> list[ShoppingRow]:
    """Return what packaging is missing for open orders due by `until`, by name; all open orders without it (R19).

    Six statements at most, however many orders and lines there are.
    """
    lines = open_lines()
    if until is not None:
        lines = lines.filter(order__due_on__lte=until)
    generics = GenericProduct.objects.filter(Q(quantity_owed__gt=0) | Q(minimum_stock__gt=0, is_archived=False))
    asked = {generic.pk: generic for generic in generics}
    walk = walk_orders(
        lines,
        owed={pk: generic.quantity_owed for pk, generic in asked.items()},
        minimum={pk: generic.minimum_stock or ZERO for pk, generic in asked.items() if not generic.is_archived},
    )
    missing = {
        thing: need for thing, need in walk.needs.items() if thing[0] in {"generic", "product"} and need.missing > 0
    }
    things = {thing: _named(thing, walk.names, asked) for thing in missing}
    buyable = _Buyable([generic.pk for generic, _product in things.values()])
    rows = [_row(need, *things[thing], walk, buyable) for thing, need in missing.items()]
    return sorted(rows, key=lambda row: (row.generic_product.name_key, row.product.design_key if row.product else ""))


def _named(
    thing: Thing, names: Mapping[Thing, Composition], generics: Mapping[int, GenericProduct]
) -> tuple[GenericProduct, Product | None]:
    """Return the generic product, and for a specific thing its product."""
    line = names.get(thing)
    if line is None:
        return generics[thing[1]], None
    assert line.packaging_product is not None
    return line.packaging_product.generic_product, line.packaging_product if thing[0] == "product" else None


class _Buyable:
    """What is known about buying some generic products: the latest receipts, and the designs in use."""

    def __init__(self, generic_ids: list[int]) -> None:
        self.receipts = last_receipts(generic_ids)
        self.designs: list[Product] = list(
            Product.objects.in_use().filter(generic_product__in=generic_ids).order_by("design_key", "pk")
        )

    def last_receipt(self, generic: GenericProduct, product: Product | None) -> InventoryItem | None:
        """Return the latest receipt of a product, else of its generic product."""
        mine = [lot for lot in self.receipts if lot.product and lot.product.generic_product_id == generic.pk]
        exact = [lot for lot in mine if product and lot.product_id == product.pk]
        return next(reversed(exact or mine), None)

    def usual(self, generic: GenericProduct, product: Product | None, last: InventoryItem | None) -> Product | None:
        """Return the design to buy: the one asked for, else the one bought last while it is in use, else any."""
        if product is not None:
            return product
        mine = [design for design in self.designs if design.generic_product_id == generic.pk]
        bought = [design for design in mine if last and design.pk == last.product_id]
        return next(iter(bought or mine), None)


def _row(need: Need, generic: GenericProduct, product: Product | None, walk: Walk, buyable: _Buyable) -> ShoppingRow:
    last = buyable.last_receipt(generic, product)
    usual = buyable.usual(generic, product, last)
    to_buy = round3(need.missing)
    return ShoppingRow(
        generic_product=generic,
        product=product,
        needed=round3(need.needed - need.promised),
        free=round3(need.covered),
        to_buy=to_buy,
        packs=packs(to_buy, usual.pack_size) if usual else None,
        estimated_cost=round4(to_buy * last.total_cost / last.quantity_received) if last else None,
        first_order=walk.orders.get(need.first.order_id or 0) if need.first else None,
        last_receipt=last,
        usual=usual,
    )
