"""Writing what a file leads to: rows that are new, in one transaction, with the names that they had.

Every row of the import is made by `create` and changed by `change`, nowhere else.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils import timezone

from assembly.baketracker.marks import batches
from assembly.baketracker.moving import Moving
from assembly.baketracker.read import Source
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Options, Row
from assembly.baketracker.runs import GOODS, LEDGERS, UNITS, run_rows
from assembly.baketracker.write_stock import StockWriter
from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
)
from bakery.history import tell_added, tell_changed
from packaging.locks import lock_orders, lock_stock
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    Event,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)
from packaging.services.releases import release_surplus

Progress = Callable[[str, int], None]

MODEL_OF: dict[str, type[Any]] = {
    "generic_product": GenericProduct,
    "product": Product,
    "packaging_product": Product,
    "finished_unit": FinishedUnit,
    "finished_good": FinishedGood,
    "assembly": FinishedGood,
    "order": AssemblyOrder,
    "event": Event,
    "composition": Composition,
    "inventory_item": InventoryItem,
    "assembly_run": AssemblyRun,
}
LOOKED_UP = (InventoryItem, AssemblyRun)  # others point at these too, but there may be very many
KEPT = frozenset(MODEL_OF.values()) - set(LOOKED_UP)  # of the others the keys are remembered
# What has a history, and the rows that its names need.
HISTORY: dict[type[Any], tuple[str, ...]] = {
    GenericProduct: (),
    Product: ("generic_product",),
    FinishedUnit: (),
    FinishedGood: (),
    Composition: ("assembly", "finished_unit", "finished_good", "packaging_product__generic_product"),
    Event: (),
    AssemblyOrder: ("finished_good", "event"),
}
PARTS = ("finished_unit", "finished_good", "packaging_product")


def create(model: type[Any], rows: Sequence[Model]) -> None:
    """Insert rows of one table."""
    model._base_manager.bulk_create(rows, batch_size=500)


def change(model: type[Any], rows: Sequence[Any], fields: Sequence[str]) -> None:
    """Save changed columns of rows of one table."""
    now = timezone.now()
    for row in rows:
        row.updated_at = now
    model._base_manager.bulk_update(rows, [*fields, "updated_at"], batch_size=200)


class Writer:
    """Writes the rows that are not here yet, and remembers the keys of all, and which were new."""

    def __init__(self, report: Report, progress: Progress, reason: str) -> None:
        self.report, self.progress, self.reason = report, progress, reason
        self.keys: dict[type[Any], dict[UUID, int]] = defaultdict(dict)
        self.new: dict[str, list[UUID]] = defaultdict(list)
        self.before: dict[type[Any], set[UUID]] = defaultdict(set)

    def add(self, model: type[Any], rows: Iterable[Row], words: str, each: Callable[[Row], None] | None = None) -> None:
        """Insert the rows whose uuid is not here, and tell `each` of them; the others stay as they are here."""
        keeps = model in KEPT
        for part in batches(rows):
            known = model.objects.filter(uuid__in=[row.uuid for row in part]).values_list("uuid", "pk")
            here = dict(known)
            if keeps:
                self.keys[model].update(here)
                self.before[model] |= here.keys()
            for row in part:
                if row.uuid in here and row.table:
                    self.report.take(row.table, **row.amounts)
            fresh = [row for row in part if row.uuid not in here]
            self._look_up(fresh)
            made = [model(uuid=row.uuid, **row.values, **self.refs(row)) for row in fresh]
            create(model, made)
            self._tell(model, made)
            if keeps:
                self.keys[model].update((row.uuid, row.pk) for row in made)
            for row in fresh:
                if row.amounts:
                    self.new[row.table].append(row.uuid)
                if each is not None:
                    each(row)
            self.progress(words, len(part))

    def _tell(self, model: type[Any], rows: Sequence[Any]) -> None:
        """Write down in the history that master data came over; of an order's own copy of lines its order tells."""
        if model in HISTORY:
            own = [row for row in rows if not getattr(row, "order_id", None)]
            tell_added(own, *HISTORY[model], reason=self.reason)

    def _look_up(self, rows: Sequence[Row]) -> None:
        """Find the keys of the lots and runs that these rows point at."""
        for ref in ("inventory_item", "assembly_run"):
            if uuids := {row.refs[ref] for row in rows if ref in row.refs}:
                model = MODEL_OF[ref]
                self.keys[model] = dict(model._base_manager.filter(uuid__in=uuids).values_list("uuid", "pk"))

    def refs(self, row: Row) -> dict[str, int]:
        """Return the keys of the rows that a row points at, by column."""
        return {
            f"{ref}_id": self.keys[MODEL_OF[ref]][uuid] for ref, uuid in row.refs.items() if not ref.startswith("_")
        }

    def model_of(self, ref: str) -> type[Any]:
        """Return the table that a column points at."""
        return MODEL_OF[ref]

    def write(self, source: Source, options: Options, moving: Moving) -> None:
        """Write everything, each table after those that it points at."""
        self._lock(moving)
        catalogue = moving.catalogue
        self.add(GenericProduct, catalogue.generics, "kinds of packaging")
        self.add(Product, catalogue.products, "packaging")
        self.add(FinishedUnit, catalogue.units, "finished units")
        self.add(FinishedGood, catalogue.goods, "finished goods")
        StockWriter(self, options.today).write(moving.stock, create, change)
        left_off = self._add_lines(moving)
        kept = [row for row in moving.recipes.assignments if row.refs["composition"] not in left_off]
        for row in moving.recipes.assignments:
            if row.refs["composition"] in left_off:
                self.report.left_out("line_here", row.table, row.id, "its line is here otherwise", **row.amounts)
        self.add(CompositionAssignment, kept, "assignments")
        self.add(Event, moving.orders.events, "events")
        self._add_orders(moving)
        self._add_runs(source, options, moving)

    def _lock(self, moving: Moving) -> None:
        """Lock what is here already and may change: orders, and the items whose lots the file has."""
        uuids = [row.uuid for row in moving.orders.orders]
        orders: list[int] = []
        for part in batches(uuids):
            orders += AssemblyOrder.objects.filter(uuid__in=part).values_list("pk", flat=True)
        lock_orders(orders)
        here: dict[type[Any], list[int]] = defaultdict(list)
        for model, rows in ((FinishedUnit, moving.catalogue.units), (Product, moving.catalogue.products)):
            for batch in batches(rows):
                found = model.objects.filter(uuid__in=[row.uuid for row in batch])
                here[model] += found.values_list("pk", flat=True)
        lock_stock(all_goods=True, units=here[FinishedUnit], products=here[Product], orders=orders)

    def _add_lines(self, moving: Moving) -> set[UUID]:
        """Add the recipes' lines, but for those whose good has got a line for the same here; return these."""
        lines = moving.recipes.lines
        goods = {row.refs["assembly"] for row in lines} & self.before[FinishedGood]
        taken = self._taken_lines(goods)
        known: set[UUID] = set()
        for batch in batches(row.uuid for row in lines if row.refs["assembly"] in goods):
            known |= set(Composition.objects.filter(uuid__in=batch).values_list("uuid", flat=True))
        left_off = {row.uuid for row in lines if row.uuid not in known and self._line_key(row) in taken}
        for row in lines:
            if row.uuid in left_off:
                said = "its good has got a line for the same here"
                self.report.left_out("line_here", row.table, row.id, said, **row.amounts)
        self.add(Composition, (row for row in lines if row.uuid not in left_off), "recipes' lines")
        return left_off

    def _taken_lines(self, goods: Collection[UUID]) -> set[tuple[UUID, str, UUID]]:
        """Return what the recipes of goods ask for already: a part, or any of a kind."""
        taken: set[tuple[UUID, str, UUID]] = set()
        columns = ("assembly__uuid", "is_generic", "packaging_product__generic_product__uuid")
        parts = [f"{ref}__uuid" for ref in PARTS]
        for batch in batches(goods):
            rows = Composition.objects.filter(assembly__uuid__in=batch, order=None, is_archived=False)
            for good, is_generic, kind, *found in rows.values_list(*columns, *parts):
                if is_generic:
                    taken.add((good, "any", kind))
                else:
                    taken |= {(good, ref, uuid) for ref, uuid in zip(PARTS, found, strict=True) if uuid}
        return taken

    def _line_key(self, row: Row) -> tuple[UUID, str, UUID]:
        if "_kind" in row.refs:
            return row.refs["assembly"], "any", row.refs["_kind"]
        ref = next(ref for ref in PARTS if ref in row.refs)
        return row.refs["assembly"], ref, row.refs[ref]

    def _add_orders(self, moving: Moving) -> None:
        """Add orders, each with its copy of the lines; an event that got its own order here keeps that one."""
        orders = moving.orders.orders
        own: dict[tuple[UUID, UUID], tuple[int, UUID]] = {}
        for batch in batches({row.refs["event"] for row in orders} & self.before[Event]):
            rows = AssemblyOrder.objects.open().filter(event__uuid__in=batch)
            for event, good, pk, uuid in rows.values_list("event__uuid", "finished_good__uuid", "pk", "uuid"):
                own[event, good] = (pk, uuid)
        fresh = []
        for row in orders:
            pk, uuid = own.get((row.refs["event"], row.refs["finished_good"]), (0, row.uuid))
            if uuid != row.uuid and row.values["status"] == "open":
                self.keys[AssemblyOrder][row.uuid] = pk
                said = "its event has got an order for this good here"
                self.report.left_out("order_here", row.table, row.id, said, **row.amounts)
            else:
                fresh.append(row)
        added: set[UUID] = set()
        self.add(AssemblyOrder, fresh, "orders", lambda row: added.add(row.uuid))
        self.add(Composition, (row for row in moving.orders.lines if row.refs["order"] in added), "orders' lines")

    def _add_runs(self, source: Source, options: Options, moving: Moving) -> None:
        """Add runs and their ledgers, and count what the runs made on their orders."""
        made: dict[UUID, int] = defaultdict(int)
        rows = run_rows(source, options, self.report, moving.catalogue, moving.runs, moving.orders.of)

        def count(row: Row) -> None:
            if "order" in row.refs:
                made[row.refs["order"]] += row.values["quantity_assembled"]

        self.add(AssemblyRun, rows, "runs", count)
        for table in LEDGERS:
            model = {UNITS: AssemblyFinishedUnitConsumption, GOODS: AssemblyFinishedGoodConsumption}.get(
                table, AssemblyPackagingConsumption
            )
            self.add(model, moving.ledger.rows(table), "what runs used")
        orders: list[AssemblyOrder] = []
        pieces = {self.keys[AssemblyOrder][uuid]: number for uuid, number in made.items()}
        for batch in batches(pieces):
            orders += AssemblyOrder.objects.filter(pk__in=batch)
        for order in orders:
            before = order.quantity
            order.quantity_assembled += pieces[order.pk]
            order.quantity = max(order.quantity, order.quantity_assembled)
            if order.quantity != before:
                tell_changed(order, [("quantity", before, order.quantity)], reason=self.reason)
            order.version += 1 if order.uuid in self.before[AssemblyOrder] else 0
        change(AssemblyOrder, orders, ["quantity", "quantity_assembled", "version"])
        for order in orders:
            if order.is_open and order.uuid in self.before[AssemblyOrder]:
                release_surplus(order)
