"""A stretch of the year as rows of the tables that the services write."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from assembly.demo_large.shelf import VOIDED, Entry, Held, Made, Stretch
from assembly.demo_large.story import Ordered
from assembly.demo_large.tables import Table, count_on
from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    Consumption,
    PackagingDebt,
)
from packaging.availability import Item
from packaging.costs import ZERO, per_unit, round4
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, InventoryItem, StockMovement

NOBODY_KNEW = "Nobody noted which was used"
LOT_COLUMNS = {"product": "product_id", "unit": "finished_unit_id", "good": "finished_good_id"}
USES = {
    "product": AssemblyPackagingConsumption,
    "unit": AssemblyFinishedUnitConsumption,
    "good": AssemblyFinishedGoodConsumption,
}
LINE_COLUMNS = (
    "finished_unit_id",
    "finished_good_id",
    "packaging_product_id",
    "component_quantity",
    "is_generic",
    "component_notes",
    "sort_order",
)


@dataclass(frozen=True)
class Name:
    """What an item is called in the ledger."""

    name: str
    unit: str = "piece"
    design: str = ""


@dataclass
class Writer:
    """Writes stretches: what rows name comes before the rows that name it."""

    recipes: dict[int, Sequence[Composition]]  # the lines of each good's recipe
    names: dict[Item, Name]
    by: int | None  # who did it all
    moment: Any
    tables: dict[Any, Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        models = (AssemblyOrder, Composition, InventoryItem, AssemblyRun, StockMovement, *USES.values())
        self.tables = {model: Table(model) for model in (*models, CompositionAssignment, PackagingDebt)}

    def write(self, stretch: Stretch) -> None:
        """Write everything of a stretch."""
        Pages(self, stretch).fill()
        for table in self.tables.values():
            table.write()

    def begin(self) -> None:
        """What is written from here on is one year."""
        for table in self.tables.values():
            table.begin()

    def finish(self) -> None:
        """Nothing more comes."""
        count_on(self.tables.values())

    def add(self, model: Any, at: datetime, **values: Any) -> int:
        """Add a row and return its number."""
        return self.tables[model].add(at, **values)

    def morning(self, day: date) -> datetime:
        """The moment when the shop opens."""
        moment: datetime = self.moment(day, 6 * 60)
        return moment


@dataclass
class Pages:
    """One stretch, with the numbers of its rows."""

    writer: Writer
    stretch: Stretch
    orders: dict[Ordered, int] = field(default_factory=dict)
    lines: dict[tuple[Ordered, int], int] = field(default_factory=dict)  # by the recipe's line
    lots: dict[Held, int] = field(default_factory=dict)
    movements: dict[Entry, int] = field(default_factory=dict)

    def fill(self) -> None:
        """Add every row to its table."""
        self._orders()
        for held in self.stretch.lots:
            self.lots[held] = self._lot(held)
        runs = {made: self._run(made) for made in self.stretch.runs}
        for entry in self.stretch.entries:
            self.movements[entry] = self._movement(entry)
        for made, run in runs.items():
            for entry in made.took:
                self._consumption(made, run, entry)
            if made.making.unnamed:
                self._debt(made, run)
        self._promises()

    def _orders(self) -> None:
        pieces = dict.fromkeys(self.stretch.days, 0)
        for made in self.stretch.runs:
            pieces[made.making.ordered] += 0 if made.is_voided else made.making.pieces
        for ordered, day in self.stretch.days.items():
            at, good_id = self.writer.morning(day), ordered.recipe.good_id
            order_id = self.orders[ordered] = self.writer.add(
                AssemblyOrder,
                at,
                finished_good_id=good_id,
                quantity=pieces[ordered],
                quantity_assembled=pieces[ordered],
                due_on=day,
                status="closed",
                notes=ordered.customer,
            )
            for line in self.writer.recipes[good_id]:
                same = {name: getattr(line, name) for name in LINE_COLUMNS}
                self.lines[ordered, line.pk] = self.writer.add(
                    Composition, at, assembly_id=good_id, order_id=order_id, **same
                )

    def _lot(self, held: Held) -> int:
        kind, pk = held.item
        made = held.made
        late = -sum((entry.value for entry in made.took if entry.is_late), ZERO) if made else ZERO
        return self.writer.add(
            InventoryItem,
            made.at if made else self.writer.morning(held.received_on),
            uuid=held.uuid,
            order_id=self.orders[made.making.ordered] if made else None,
            lot_code=held.code,
            received_on=held.received_on,
            expires_on=held.expires_on,
            quantity_received=held.received,
            quantity=held.quantity,
            total_cost=held.total_cost + late,
            value=held.value,
            **{LOT_COLUMNS[kind]: pk},
        )

    def _run(self, made: Made) -> int:
        assert made.goods is not None  # every run made a lot
        making, is_unnamed = made.making, bool(made.making.unnamed)
        void = {"voided_at": made.at, "voided_by_id": self.writer.by, "void_reason": VOIDED} if made.is_voided else {}
        return self.writer.add(
            AssemblyRun,
            made.at,
            finished_good_id=making.ordered.recipe.good_id,
            order_id=self.orders[making.ordered],
            quantity_assembled=making.pieces,
            assembled_at=made.at,
            notes="",
            total_component_cost=made.goods.total_cost,
            per_unit_cost=per_unit(made.goods.total_cost, making.pieces),
            packaging_bypassed=is_unnamed,
            packaging_bypass_notes=NOBODY_KNEW if is_unnamed else None,
            recorded_by_id=self.writer.by,
            goods_lot_id=self.lots[made.goods],
            **void,
        )

    def _movement(self, entry: Entry) -> int:
        ordered = entry.made.making.ordered if entry.made else None
        use = entry.reverses.use if entry.reverses else entry.use
        return self.writer.add(
            StockMovement,
            entry.at,
            inventory_item_id=self.lots[entry.held],
            kind=entry.kind,
            quantity=entry.quantity,
            value=entry.value,
            reason=entry.reason,
            created_by_id=self.writer.by,
            order_id=self.orders[ordered] if ordered else None,
            composition_id=self.lines[ordered, use.part.line_id] if ordered and use and use.part else None,
            reverses_id=self.movements[entry.reverses] if entry.reverses else None,
        )

    def _consumption(self, made: Made, run: int, entry: Entry) -> None:
        assert entry.use is not None  # a run takes for a line, or wastes
        kind, pk = entry.held.item
        part, name, cost = entry.use.part, self.writer.names[entry.held.item], -entry.value
        values: dict[str, Any] = {
            "assembly_run_id": run,
            "composition_id": self.lines[made.making.ordered, part.line_id] if part else None,
            "movement_id": self.movements[entry],
            "item_name": name.name,
            "lot_code": entry.held.code or f"#{self.lots[entry.held]}",
            "quantity_consumed": -entry.quantity if kind == "product" else int(-entry.quantity),
            "unit_cost_at_consumption": round4(entry.value / entry.quantity),
            "total_cost": cost,
            LOT_COLUMNS[kind]: pk,
        }
        if kind == "product":
            values |= {"unit": name.unit, "design": name.design}
            if _is_promised(made, entry):
                values["quantity_promised"] = -entry.quantity
        if entry.is_late:
            values |= {"kind": Consumption.Kind.RECONCILED.value, "late_cost": cost}
        elif part is None:
            values |= {"kind": Consumption.Kind.WASTE.value, "reason": entry.reason}
        self.writer.add(USES[kind], entry.at, **values)

    def _promises(self) -> None:
        """What the runs in force took of promises is what was promised, and all of it is consumed."""
        kept: dict[tuple[Ordered, int, Held], Decimal] = {}
        for made in self.stretch.runs:
            for entry in made.took:
                if entry.use and entry.use.part and _is_promised(made, entry) and not made.is_voided:
                    key = made.making.ordered, entry.use.part.line_id, entry.held
                    kept[key] = kept.get(key, ZERO) - entry.quantity
        for (ordered, line_id, held), quantity in kept.items():
            at = self.writer.morning(held.received_on)
            self.writer.add(
                CompositionAssignment,
                at,
                composition_id=self.lines[ordered, line_id],
                inventory_item_id=self.lots[held],
                quantity_assigned=quantity,
                quantity_consumed=quantity,
                assigned_by_id=self.writer.by,
                assigned_at=at,
            )

    def _debt(self, made: Made, run: int) -> None:
        """It was named in the evening, or waived."""
        part = made.making.unnamed[0].part
        assert part is not None  # only lines are left open
        owed = sum((use.quantity for use in made.making.unnamed), ZERO)
        waived = {"waived_at": made.at, "waived_by_id": self.writer.by, "waived_reason": "Sold loose"}
        self.writer.add(
            PackagingDebt,
            made.at,
            assembly_run_id=run,
            composition_id=self.lines[made.making.ordered, part.line_id],
            generic_product_id=part.generic_id,
            quantity_owed=owed,
            **{"quantity_settled": owed} if made.making.is_named_later else waived,
        )


def _is_promised(made: Made, entry: Entry) -> bool:
    """Say whether what was taken had been decided for the order before."""
    part = entry.use.part if entry.use else None
    return part is not None and part.is_generic and made.making.ordered.is_promised and not entry.is_late
