"""What is to be bought: the packaging that open orders, debts and minimum stock need and nobody has (R19)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from packaging.costs import ZERO, packs, round3, round4
from packaging.demand import Need, Thing, key_of
from packaging.models import AssemblyOrder, Composition, GenericProduct, InventoryItem, Product
from packaging.queries.demand import Walk, open_lines, walk_orders
from packaging.queries.shelf import designs_with_receipts


@dataclass(frozen=True)
class ShoppingRow:
    """So much of a generic product, or for specific lines of one product, is to be bought.

    `needed` counts what promises do not cover already; `free` is what of it stock covers. `packs` hold at least what
    is to be bought, `estimated_cost` is of exactly that; None is unknown.
    """

    generic_product: GenericProduct
    product: Product | None
    needed: Decimal
    free: Decimal
    to_buy: Decimal
    packs: int | None
    estimated_cost: Decimal | None
    first_order: AssemblyOrder | None = None  # the soonest that does not get what it needs; None: debts, minimum stock
    last_receipt: InventoryItem | None = None  # of known cost; says the price
    usual: Product | None = None  # the design to buy unless another is chosen
    usual_receipt: InventoryItem | None = None  # the latest of that design; says the supplier
    owed: Decimal = ZERO  # what of `to_buy` runs used already and nobody named
    minimum: Decimal = ZERO  # what of `to_buy` the minimum stock asks for

    @property
    def key(self) -> str:
        """Which thing, in the address of its figures."""
        return key_of(("product", self.product.pk) if self.product else ("generic", self.generic_product.pk))

    @property
    def name(self) -> str:
        """What is to be bought, in words."""
        return str(self.product or self.generic_product)

    @property
    def supplier(self) -> str:
        """Who sold the usual design last, else who is noted for it, else who sold any."""
        known = (self.usual_receipt, self.usual, self.last_receipt)
        return next((thing.supplier for thing in known if thing is not None and thing.supplier), "")

    @property
    def last_price(self) -> Decimal | None:
        """What one stock unit cost last, to 4 places."""
        return round4(self.last_receipt.total_cost / self.last_receipt.quantity_received) if self.last_receipt else None

    @property
    def pack_size(self) -> Decimal | None:
        """Stock units in one pack of the usual design."""
        return self.usual.pack_size if self.usual else None

    @property
    def is_packed(self) -> bool:
        """Whether it is bought in packs of more or less than one stock unit."""
        return self.pack_size is not None and self.pack_size != 1

    @property
    def buying(self) -> Decimal:
        """What the whole packs hold; without a design what is missing."""
        return self.packs * self.pack_size if self.packs and self.pack_size else self.to_buy

    @property
    def buying_cost(self) -> Decimal | None:
        """What the whole packs cost at the last price."""
        return _cost(self.buying, self.last_receipt)


def shopping_list(until: date | None = None) -> list[ShoppingRow]:
    """Return what packaging is missing for open orders due by `until`, by name; all open orders without it (R19).

    Four statements at most, however many orders and lines there are.
    """
    _walk, rows = walked_list(until)
    return sorted(
        rows.values(), key=lambda row: (row.generic_product.name_key, row.product.design_key if row.product else "")
    )


def walked_list(until: date | None = None) -> tuple[Walk, dict[Thing, ShoppingRow]]:
    """Return the rows of the list by thing, and the walk over the orders that they come from."""
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
    return walk, {thing: _row(need, *things[thing], walk, buyable) for thing, need in missing.items()}


@dataclass(frozen=True)
class Bill:
    """What a list costs at the last prices, as far as they are known."""

    known: Decimal
    unknown: int  # rows for which nothing was ever paid


def bill_of(rows: Iterable[ShoppingRow]) -> Bill:
    """Add up what the whole packs of a list cost."""
    costs = [row.buying_cost for row in rows]
    known = [cost for cost in costs if cost is not None]
    return Bill(round4(sum(known, ZERO)), len(costs) - len(known))


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
        self._of_product: dict[int, InventoryItem] = {}
        self._of_generic: dict[int, InventoryItem] = {}
        self._designs: dict[int, list[Product]] = defaultdict(list)
        for design, receipt in designs_with_receipts(generic_ids):
            if not design.is_archived:
                self._designs[design.generic_product_id].append(design)
            if receipt is not None:
                self._of_product[design.pk] = receipt
                of_generic = self._of_generic.setdefault(design.generic_product_id, receipt)
                self._of_generic[design.generic_product_id] = max(of_generic, receipt, key=_age)

    def last_receipt(self, generic: GenericProduct, product: Product | None) -> InventoryItem | None:
        """Return the latest receipt of a product, else of its generic product."""
        exact = self.receipt_of(product)
        return exact or self._of_generic.get(generic.pk)

    def receipt_of(self, product: Product | None) -> InventoryItem | None:
        """Return the latest receipt of exactly this product."""
        return self._of_product.get(product.pk) if product else None

    def usual(self, generic: GenericProduct, product: Product | None) -> Product | None:
        """Return the design to buy: the one asked for, else of those in use the one bought last, else any."""
        if product is not None:
            return product
        mine = self._designs[generic.pk]
        bought = [lot for lot in map(self.receipt_of, mine) if lot is not None]
        last = max(bought, key=_age, default=None)
        return next((design for design in mine if last and design.pk == last.product_id), next(iter(mine), None))


def _age(lot: InventoryItem) -> tuple[date, int]:
    """Return by what the latest receipt comes last."""
    return lot.received_on, lot.pk


def _cost(quantity: Decimal, last: InventoryItem | None) -> Decimal | None:
    """Return what a quantity costs at the price of a receipt; None when nothing was ever paid."""
    return round4(quantity * last.total_cost / last.quantity_received) if last else None


def _row(need: Need, generic: GenericProduct, product: Product | None, walk: Walk, buyable: _Buyable) -> ShoppingRow:
    last = buyable.last_receipt(generic, product)
    usual = buyable.usual(generic, product)
    to_buy = round3(need.missing)
    first = need.first_of_order
    return ShoppingRow(
        generic_product=generic,
        product=product,
        needed=round3(need.needed - need.promised),
        free=round3(need.covered),
        to_buy=to_buy,
        packs=packs(to_buy, usual.pack_size) if usual else None,
        estimated_cost=_cost(to_buy, last),
        first_order=walk.orders[first.order_id] if first and first.order_id else None,
        last_receipt=last,
        usual=usual,
        usual_receipt=buyable.receipt_of(usual),
        owed=round3(need.missing_for("owed")),
        minimum=round3(need.missing_for("minimum")),
    )
