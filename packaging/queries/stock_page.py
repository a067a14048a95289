"""The answers that the stock pages ask for. Each takes a constant number of statements, however many rows."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, Exists, F, OuterRef, Q, QuerySet, Sum, Window
from django.db.models.functions import Round
from django.utils import timezone
from django.utils.translation import gettext as _

from bakery.lookups import Among
from bakery.text import fold
from packaging.availability import Lot, Promise
from packaging.costs import ZERO, round3, round4
from packaging.exceptions import NotFound
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
from packaging.queries.shelf import MAX_PK, load_lots
from packaging.querysets import Unindexed

LOTS_SHOWN, DESIGNS_SHOWN = 6, 8  # of one design, and of one generic product, on the list of everything
KINDS: dict[str, tuple[Any, str]] = {
    "packaging": (GenericProduct, "product__generic_product"),
    "units": (FinishedUnit, "finished_unit"),
    "goods": (FinishedGood, "finished_good"),
}


@dataclass(frozen=True)
class StockRow:
    """One thing and its lots: a generic product with its designs, a design, a finished unit or a finished good."""

    thing: Any
    lots: Sequence[Lot]
    owed: Decimal = ZERO
    designs: Sequence["StockRow"] = ()
    without_stock: Sequence[Product] = ()

    @property
    def design(self) -> str:
        """The name of the design, of a row that is one."""
        return self.lots[0].design

    @property
    def product_id(self) -> int:
        """The number of the design, of a row that is one."""
        return self.lots[0].item[1]

    @cached_property
    def on_hand(self) -> Decimal:
        """What lies on the shelf."""
        return round3(sum((lot.quantity for lot in self.lots), ZERO))

    @cached_property
    def reserved(self) -> Decimal:
        """What of it is promised."""
        return round3(sum((lot.reserved for lot in self.lots), ZERO))

    @property
    def free(self) -> Decimal:
        """What nobody was promised, less what open debts owe (R17)."""
        return max(self.on_hand - self.reserved - self.owed, round3(ZERO))

    @cached_property
    def value(self) -> Decimal:
        """What is on hand is worth, from the exact values of the lots (R2)."""
        return sum((lot.value for lot in self.lots), ZERO)

    @property
    def without_cost(self) -> Decimal:
        """Pieces on hand whose cost is unknown (R3)."""
        return round3(sum((lot.quantity for lot in self.lots if not lot.is_cost_known), ZERO))

    @property
    def oldest(self) -> date | None:
        """When the oldest piece on hand came."""
        return min((lot.received_on for lot in self.lots if lot.quantity), default=None)

    @property
    def is_low(self) -> bool:
        """Whether less is free than the minimum stock."""
        minimum = getattr(self.thing, "minimum_stock", None)
        return minimum is not None and self.free < minimum

    @property
    def is_expired(self) -> bool:
        """Whether a lot on hand is past its day."""
        today = timezone.localdate()
        return any(lot.quantity and lot.is_expired(today) for lot in self.lots)

    @property
    def shown_lots(self) -> Sequence[Lot]:
        """The lots that a list of many things shows of this one."""
        return self.lots[:LOTS_SHOWN]

    @property
    def hidden_lots(self) -> int:
        """How many lots such a list leaves out."""
        return len(self.lots[LOTS_SHOWN:])

    @property
    def shown_designs(self) -> Sequence["StockRow"]:
        """The designs that a list of many things shows of this one."""
        return self.designs[:DESIGNS_SHOWN]

    @property
    def hidden_designs(self) -> int:
        """How many designs such a list leaves out."""
        return len(self.designs[DESIGNS_SHOWN:])

    @property
    def shown_without_stock(self) -> Sequence[Product]:
        """The designs without a lot that such a list names."""
        return self.without_stock[:DESIGNS_SHOWN]

    def meant_by(self, text: str) -> int:
        """Say how well a search means this design: by the code of one of its lots, or by so many words of its name."""
        words, name, code = fold(text).split(), fold(self.design), text.strip().casefold()
        has_lot = any(code in lot.label.casefold() for lot in self.lots)
        return len(words) if has_lot else sum(word in name for word in words)


@dataclass(frozen=True)
class HeldLine:
    """A line of an open order with what it was promised, and what of that is there."""

    line: Composition
    order: AssemblyOrder
    quantity: Decimal
    kept: Decimal

    @property
    def short(self) -> Decimal:
        """What was promised and is not there (R14)."""
        return self.quantity - self.kept


@dataclass(frozen=True)
class LotCard:
    """A lot with every outstanding promise on it."""

    lot: InventoryItem
    shelf: Lot
    promises: list[HeldLine] = field(default_factory=list)

    @property
    def short(self) -> list[HeldLine]:
        """Promises that the lot cannot keep (R14)."""
        return [promise for promise in self.promises if promise.short > 0]


def stocked_things(kind: str, text: str = "") -> QuerySet[Any]:
    """Return generic products, units or goods by name: those in use, and archived ones that still hold stock (R7).

    `text` finds by name, by design, or by a part of the code of a lot on hand.
    """
    model, path = KINDS[kind]
    mine: Any = F(path) if kind == "packaging" else Unindexed(path)  # few designs, but all lots there ever were
    lots = InventoryItem.objects.on_hand().alias(thing=mine).filter(thing=OuterRef("pk"))
    rows = model.objects.filter(Q(is_archived=False) | Exists(lots)).order_by("name_key", "pk")
    if not text.strip():
        return rows  # type: ignore[no-any-return]
    named = Q()
    for word in fold(text).split():
        found = Q(name_key__contains=word)
        if kind == "packaging":
            designs = Product.objects.filter(generic_product=OuterRef("pk"), design_key__contains=word)
            found |= Q(Exists(designs))
        named &= found
    return rows.filter(named | Q(Exists(lots.filter(lot_code__icontains=text.strip()))))  # type: ignore[no-any-return]


def stock_rows(kind: str, things: Sequence[Any], *, with_empty: bool = True, text: str = "") -> list[StockRow]:
    """Return these generic products, units or goods with their lots, in one statement, two `with_empty` designs.

    Designs that `text` means come first.
    """
    ids = [thing.pk for thing in things]
    if kind == "units":
        lots = load_lots(units=ids)
    elif kind == "goods":
        lots = load_lots(goods=ids)
    else:
        products = _products().filter(generic_product__in=ids) if with_empty else []
        rows = _generic_rows(things, load_lots(generics=ids), products)
        if not text.strip():
            return rows
        return [replace(row, designs=sorted(row.designs, key=lambda one: -one.meant_by(text))) for row in rows]
    by_thing = _by(lots, lambda lot: lot.item[1])
    return [StockRow(thing, by_thing[thing.pk]) for thing in things]


def generic_row(generic_product_id: int) -> StockRow:
    """Return one generic product with its designs and lots, in two statements; `NotFound` when it is not there."""
    if generic_product_id > MAX_PK:
        raise NotFound(_("The generic product"))
    products = list(_products().filter(generic_product=generic_product_id))
    generic = products[0].generic_product if products else GenericProduct.objects.filter(pk=generic_product_id).first()
    if generic is None:
        raise NotFound(_("The generic product"))
    return _generic_rows([generic], load_lots(generics=[generic.pk]), products)[0]


def _products() -> QuerySet[Product]:
    products: QuerySet[Product] = Product.objects.select_related("generic_product").order_by("design_key", "pk")
    return products


def _generic_rows(
    generics: Sequence[GenericProduct], lots: Iterable[Lot], products: Iterable[Product]
) -> list[StockRow]:
    """Put lots under their designs, largest first, and designs without a lot aside (R17)."""
    by_generic = _by(lots, lambda lot: lot.generic_id or 0)
    known = {product.pk: product for product in products}
    rows = []
    for generic in generics:
        by_design = _by(by_generic[generic.pk], lambda lot: lot.item[1])
        designs = [StockRow(generic, group) for group in by_design.values()]
        designs.sort(key=lambda row: (-row.on_hand, row.design))
        without = [
            product
            for product in known.values()
            if product.generic_product_id == generic.pk and product.pk not in by_design and not product.is_archived
        ]
        rows.append(StockRow(generic, by_generic[generic.pk], generic.quantity_owed, designs, without))
    return rows


def _by(lots: Iterable[Lot], key: Any) -> dict[int, list[Lot]]:
    groups: dict[int, list[Lot]] = defaultdict(list)
    for lot in lots:
        groups[key(lot)].append(lot)
    return groups


def asking_lines(generic_product_id: int) -> list[Composition]:
    """Return the lines in force that ask for a generic product or one of its designs: recipes, then open orders."""
    in_force = Composition.objects.filter(is_archived=False).order_by().values("pk")
    designs = Product.objects.filter(generic_product=generic_product_id).order_by().values("pk")
    mine = in_force.alias(product=Unindexed("packaging_product")).filter(product__in=designs)
    of_recipes = mine.filter(order__isnull=True, assembly__is_archived=False)
    lines = Composition.objects.filter(
        Among("pk", of_recipes.union(mine.filter(order__status=AssemblyOrder.Status.OPEN)))
    )
    return list(
        lines.select_related(
            "assembly", "order__event", "order__finished_good", "packaging_product__generic_product"
        ).order_by("order__due_on", "assembly__name_key", "sort_order", "pk")
    )


def held_lines(lots: Iterable[Lot], lines: Iterable[Composition]) -> list[HeldLine]:
    """Return which of these lines hold pieces of these lots, soonest due first."""
    lots = list(lots)
    held = []
    for line in lines:
        promised = sum((lot.promised_to(line.pk) for lot in lots), ZERO)
        if line.order is not None and promised:
            kept = sum((lot.kept.get(line.pk, ZERO) for lot in lots), ZERO)
            held.append(HeldLine(line, line.order, round3(promised), round3(kept)))
    return held


def lot_card(lot_id: int) -> LotCard:
    """Return a lot with its promises, oldest first, in two statements; `NotFound` when it is not there."""
    lot: InventoryItem | None = InventoryItem.objects.with_items().filter(pk=lot_id).first()
    if lot is None:
        raise NotFound(_("The lot"))
    assignments = list(
        CompositionAssignment.objects.outstanding()
        .filter(inventory_item=lot, composition__order__isnull=False)
        .select_related(
            "composition__order__event",
            "composition__order__finished_good",
            "composition__packaging_product__generic_product",
        )
        .order_by("assigned_at", "pk")
    )
    promises = tuple(
        Promise(row.pk, row.composition_id, row.outstanding, row.assigned_at, row.quantity_consumed)
        for row in assignments
    )
    shelf = Lot(lot.pk, ("lot", lot.pk), lot.quantity, lot.value, lot.received_on, promises=promises)
    held = [
        HeldLine(row.composition, row.composition.order, row.outstanding, shelf.kept[row.composition_id])
        for row in assignments
    ]
    return LotCard(lot, shelf, held)


def movements_of(lot: InventoryItem) -> QuerySet[StockMovement]:
    """Return a lot's movements with `balance`, what was on hand after each; right on every page of them."""
    quantity: DecimalField[Any, Any] = DecimalField(max_digits=12, decimal_places=3)
    so_far = Window(Sum("quantity"), order_by=["created_at", "pk"], output_field=quantity)
    return (
        lot.movements.select_related("created_by", "order__event", "order__finished_good", "reverses", "reversed_by")
        .annotate(balance=Round(so_far, 3, output_field=quantity))
        .order_by("created_at", "pk")
    )


def lot_by_code(code: str) -> InventoryItem | None:
    """Return the lot that a scanned or typed code names: its exact code, or # and its number; None if several do."""
    code = code.strip()
    if re.fullmatch(r"#\d{1,18}", code, re.ASCII):
        return InventoryItem.objects.filter(pk=int(code[1:])).first()
    if not code:
        return None
    found = list(InventoryItem.objects.coded(code).order_by()[:20])
    if len(found) > 1:
        found = [lot for lot in found if lot.quantity]
    return found[0] if len(found) == 1 else None


def other_lot_with_code(code: str, key: UUID | None) -> InventoryItem | None:
    """Return another lot that bears this code already; a voided receipt does not count, nor what `key` made."""
    if not code.strip():
        return None
    lots = InventoryItem.objects.coded(code.strip()).with_items().not_voided()
    found: InventoryItem | None = lots.exclude(uuid=key).first() if key else lots.first()
    return found


def next_code(kind: str) -> str:
    """Propose the code of the next lot: the latest one of its kind, counted on; "" where codes do not count."""
    lots = InventoryItem.objects.filter(**{f"{kind}__isnull": False}, lot_code__gt="").order_by("-pk")
    latest = re.fullmatch(r"(.*?)(\d{1,9})", lots.values_list("lot_code", flat=True).first() or "")
    if latest is None:
        return ""
    start, number = latest[1], int(latest[2])
    proposals = [f"{start}{n:0{len(latest[2])}d}" for n in range(number + 1, number + 100)]
    coded = InventoryItem.objects.coded(*proposals).values_list("lot_code", flat=True)
    taken = {code.casefold() for code in coded}
    return next((code for code in proposals if code.casefold() not in taken), "")


def baked_value(finished_unit_id: int, quantity: Decimal) -> Decimal | None:
    """Return what a bake is worth at the last known value per piece; None when nothing is known (R16)."""
    last = (
        InventoryItem.objects.filter(finished_unit=finished_unit_id, is_cost_known=True, total_cost__gt=0)
        .not_voided()
        .order_by("-received_on", "-pk")
        .values_list("total_cost", "quantity_received")
        .first()
    )
    return round4(last[0] * quantity / last[1]) if last else None
