"""Lots come in through Receive, so that each has its movement (R4). A file adds lots and changes none."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.forms import plain_number
from bakery.text import fold
from packaging.admin.sheets.cells import Cell, refuse, to_text
from packaging.admin.sheets.lookups import Lookups
from packaging.admin.sheets.resources import Column, SheetResource, amount, day, money, text
from packaging.locks import lock_stock
from packaging.models import FinishedGood, FinishedUnit, InventoryItem, Product
from packaging.services import receive_lots
from packaging.services.stock import came_before, new_lot

LOTS_OF_FILES = UUID("4f4e0f52-6a0d-4a52-9f0c-9d9d8f6f7b11")  # the space of the keys that are made from what a row says
ITEM_COLUMNS = ("Generic product", "Design", "Finished unit", "Finished good")
TEXTS = ("lot_code", "supplier", "location", "notes")


class LotResource(SheetResource):
    """Receipts of packaging, bakes of units, opening stock of goods."""

    model = InventoryItem
    cost_columns = ("total_cost",)
    intro = gettext_lazy(
        "Each row comes in as one lot, as on the page Receive. Lots that came in already are left as they are."
    )

    reference = Column(
        "reference",
        "Reference",
        gettext_lazy("What is yours alone for this lot, such as the delivery note with its line; better than none."),
        text(200),
    )
    generic = Column("generic", "Generic product", gettext_lazy("Of packaging: its name."), text(200))
    design = Column("design", "Design", gettext_lazy("Of packaging: which one came."), text(200))
    unit = Column("unit", "Finished unit", gettext_lazy("Or what was baked."), text(200))
    good = Column("good", "Finished good", gettext_lazy("Or what is packed already."), text(200))
    quantity = Column("quantity", "Quantity", gettext_lazy("In stock units, not in packs."), amount, needed=True)
    total_cost = Column("total_cost", "Cost", gettext_lazy("For the whole lot: 0 is a gift, empty is unknown."), money)
    received_on = Column("received_on", "Received", gettext_lazy("A date: 2026-11-20."), day, needed=True)
    expires_on = Column("expires_on", "Good through", gettext_lazy("A date, or empty."), day)
    lot_code = Column("lot_code", "Lot code", gettext_lazy("What is written on it."), text(100))
    supplier = Column("supplier", "Supplier", gettext_lazy("Who it came from."), text(200))
    location = Column("location", "Location", gettext_lazy("Where it lies."), text(200))
    notes = Column("notes", "Notes", gettext_lazy("Anything."), text())

    def prepare(self, dataset: Any) -> None:
        """Lock everything that the file names at once, in the one order (design: Concurrency)."""
        self.names, self.times = Lookups(), dict[Any, int]()
        items: dict[type[models.Model], set[int]] = {Product: set(), FinishedUnit: set(), FinishedGood: set()}
        columns = [dataset[name] if name in dataset.headers else [""] * len(dataset) for name in ITEM_COLUMNS]
        for cells in set(zip(*columns, strict=True)):
            try:
                item = self._item(*map(to_text, cells))
            except ValidationError:  # the row says so
                continue
            items[type(item)].add(item.pk)
        lock_stock(products=items[Product], units=items[FinishedUnit], goods=items[FinishedGood])
        self.there = came_before(self._keys(dataset))
        self.seen, self.times = {}, {}

    def _keys(self, dataset: Any) -> Iterator[UUID]:
        """Yield the keys of all rows that can be read, so that the lots that came in before are read at once."""
        for number, cells in enumerate(dataset, 1):
            instance, row = self.get_or_init_instance(None, {})[0], dict(zip(dataset.headers, cells, strict=True))
            try:
                self.import_instance(instance, row, row_number=number)
            except ValidationError:  # the row says so
                continue
            yield instance.key

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Cell]) -> tuple[Any, bool]:
        empty = dict.fromkeys(("reference", "generic", "design", "unit", "good", *TEXTS), "")
        return SimpleNamespace(**empty, total_cost=None, expires_on=None, key=None, pk=None), True

    def settle(self, instance: Any, number: int) -> None:
        """Find what the row is about, and the key that makes a second sending return the first lot (R30)."""
        instance.item = self._item(instance.generic, instance.design, instance.unit, instance.good)
        if isinstance(instance.item, FinishedUnit) and not self.by.has_perm("packaging.bake_stock"):
            raise refuse(_("You may not bake in: ask somebody who may."), "forbidden")
        if instance.reference:
            said: Any = instance.reference
            self.once(said, number)
        else:
            facts = (instance.quantity, instance.received_on, instance.expires_on)
            item = f"{type(instance.item).__name__} {instance.item.uuid}"
            said = (
                item,
                plain_number(facts[0]),
                *map(str, facts[1:]),
                fold(instance.lot_code),
                fold(instance.supplier),
            )
            times = self.times[said] = self.times.get(said, 0) + 1
            said = "\n".join((*said, str(times)))
        instance.key = _key(said)

    def _item(self, generic: str, design: str, unit: str, good: str) -> Product | FinishedUnit | FinishedGood:
        if bool(generic or design) + bool(unit) + bool(good) != 1:
            raise refuse(_("A row is about packaging, or a finished unit, or a finished good: fill one of them."))
        if unit:
            return self.names.unit(unit)
        if good:
            return self.names.good(good)
        if not (generic and design):
            raise refuse(_("Packaging is named by generic product and design: fill both."))
        return self.names.product(generic, design)

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """Leave a lot alone that came in before; refuse another one under its reference."""
        if import_validation_errors:
            return False
        lot = self.there.get(instance.key)
        if lot is None:
            return False
        if (lot.item, lot.quantity_received, lot.received_on) != (
            instance.item,
            instance.quantity,
            instance.received_on,
        ):
            sentence = _("This reference is that of lot %(lot)s already, which is another one.") % {"lot": lot}
            raise ValidationError({"reference": refuse(sentence, "taken")})
        instance.pk = lot.pk
        return True

    def check(self, instance: Any) -> None:
        names = ("item", "quantity", "total_cost", "received_on", "expires_on", *TEXTS, "key")
        instance.lot = new_lot(**{name: getattr(instance, name) for name in names})

    def write(self) -> None:
        """Receive them."""
        receive_lots(lots=[row.lot for row in self.new], by=self.by)

    def rows(self, found: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return found.select_related("product__generic_product", "finished_unit", "finished_good")

    def of(self, row: InventoryItem) -> Any:
        """Return a lot as it came in; its own name is its reference."""
        return SimpleNamespace(
            reference=str(row.uuid),
            generic=row.product.generic_product.name if row.product else "",
            design=row.product.design if row.product else "",
            unit=row.finished_unit.display_name if row.finished_unit else "",
            good=row.finished_good.display_name if row.finished_good else "",
            quantity=row.quantity_received,
            total_cost=row.total_cost if row.is_cost_known else None,
            received_on=row.received_on,
            expires_on=row.expires_on,
            **{name: getattr(row, name) for name in TEXTS},
        )


def _key(said: str) -> UUID:
    """Return the key of a reference: what our own files say is the lot's own."""
    try:
        return UUID(said)
    except ValueError:
        return uuid5(LOTS_OF_FILES, said)
