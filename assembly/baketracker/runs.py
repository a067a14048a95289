"""Assembly runs and their ledgers, as they were recorded: nothing is costed anew. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from assembly.baketracker.catalogue import Catalogue, Item, long_text
from assembly.baketracker.classify import Standing
from assembly.baketracker.read import Source
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Identities, Options, Row, Taken, free_name
from assembly.baketracker.scratch import Pile
from assembly.baketracker.values import (
    MOST_RUN_MONEY,
    MOST_RUN_QUANTITY,
    Unreadable,
    count,
    exact,
    is_true,
    made_uuid,
    moment,
    money,
    name,
    or_zero,
    quantity,
)
from bakery.text import fold
from packaging.costs import ZERO, round4

UNITS = "assembly_finished_unit_consumptions"
GOODS = "assembly_finished_good_consumptions"
PACKAGING = "assembly_packaging_consumptions"
MATERIALS = "material_consumptions"
LEDGERS = (UNITS, GOODS, PACKAGING, MATERIALS)


class Run(NamedTuple):
    """A run that comes over: its uuid, whom it was for, what it made."""

    uuid: UUID
    event: int | None
    good: int
    pieces: int


@dataclass
class Runs:
    """The runs that come over, by the app's ids, and the products that only they know."""

    known: Pile[Run]
    lost_products: dict[tuple[str, str], Item] = field(default_factory=dict)


def survey_runs(
    source: Source, options: Options, report: Report, ids: Identities, catalogue: Catalogue, taken: Taken
) -> Runs:
    """Look at every run once: which come over, and what is strange about them."""
    runs = Runs(Pile(source.scratch))
    sums = _Sums(source)
    for row in source.rows("assembly_runs"):
        try:
            run, when = _read(row, options, catalogue, ids)
        except Unreadable as problem:
            report.left_out("unreadable", "assembly_runs", row["id"], str(problem), **_amounts(row))
            continue
        runs.known.put(row["id"], run)
        report.brought["assembly_runs"].append(run.uuid)
        _tell_run(row, when, sums.of(row["id"]), options, report)
    _tell_templates(source, report, catalogue)
    _keep_lost_materials(source, report, catalogue, runs, taken)
    return runs


def _read(row: Any, options: Options, catalogue: Catalogue, ids: Identities) -> tuple[Run, datetime]:
    if row["finished_good_id"] not in catalogue.good_of:
        raise Unreadable("its finished good is not there")
    pieces = count(row["quantity_assembled"])
    when = moment(row["assembled_at"], options.written_in)
    if pieces <= 0:
        raise Unreadable(f"it made {pieces} pieces")
    for column in ("total_component_cost", "per_unit_cost"):
        if money(row[column], MOST_RUN_MONEY) < 0:
            raise Unreadable(f"its {column} is below 0")
    uuid = ids.of("run", "assembly_runs", row)
    return Run(uuid, row["event_id"], row["finished_good_id"], pieces), when


def _amounts(row: Any) -> dict[str, Decimal]:
    """Return what the sums lose when a run does not come over, as far as it can be read."""
    pieces, cost = row["quantity_assembled"], row["total_component_cost"]
    return {"pieces": or_zero(money, pieces), "cost": or_zero(money, cost)}


class _Sums:
    """What the ledger rows of each run cost together, for one run after the other, in the order of their ids."""

    def __init__(self, source: Source) -> None:
        rows = merge(*(_costs(source, table) for table in LEDGERS), key=itemgetter(0))
        self._groups = groupby(rows, key=itemgetter(0))
        self._next = self._step()

    def _step(self) -> tuple[int, Decimal] | None:
        for pk, rows in self._groups:
            return pk, sum((cost for _pk, cost in rows), ZERO)
        return None

    def of(self, pk: int) -> Decimal | None:
        """Return the sum of a run, None when it has no rows."""
        while self._next is not None and self._next[0] < pk:
            self._next = self._step()
        return self._next[1] if self._next is not None and self._next[0] == pk else None


def _costs(source: Source, table: str) -> Iterator[tuple[int, Decimal]]:
    """Yield what each row of a ledger cost, ordered by run."""
    for row in source.rows(table, by="assembly_run_id"):
        try:
            if isinstance(row["assembly_run_id"], int):
                yield row["assembly_run_id"], exact(row["total_cost"]) or ZERO
        except Unreadable:
            continue


def _tell_run(row: Any, when: datetime, used: Decimal | None, options: Options, report: Report) -> None:
    pk, table = row["id"], "assembly_runs"
    total = exact(row["total_component_cost"]) or ZERO
    if used is None:
        report.note("no_ledger_rows", table, pk, f"nothing says what it used; its total of {round4(total)} stands")
    elif abs(total - used) >= Decimal("0.01"):
        said = f"its total is {round4(total)}, its rows come to {round4(used)}: both as recorded"
        report.note("total_differs_from_ledger", table, pk, said)
    if when.astimezone(options.zone).date() > options.today:
        report.note("future", table, pk, f"it is dated {when:%Y-%m-%d}, which is to come: as recorded")
    early, late = when - timedelta(hours=12), when + timedelta(hours=14)
    if (early.year, early.month) != (late.year, late.month):
        here = when.astimezone(options.zone)
        said = f"{when:%Y-%m-%d %H:%M} UTC is {here:%Y-%m-%d %H:%M} in the shop: the month depends on the time zone"
        report.note("month_boundary", table, pk, said)
    if is_true(row["packaging_bypassed"]):
        report.note("bypassed", table, pk, "its packaging was bypassed: no rows of it, and no debt here")


def _tell_templates(source: Source, report: Report, catalogue: Catalogue) -> None:
    """Note ledger rows whose cost is no lot's of their product: the app took other products of the ingredient."""
    costs: dict[int, set[Decimal]] = defaultdict(set)
    for row in source.rows("inventory_items"):
        try:
            costs[row["product_id"]].add(round4(exact(row["unit_cost"]) or ZERO))
        except Unreadable:
            continue
    siblings: dict[int | None, int] = defaultdict(int)
    for item in catalogue.product_of.values():
        siblings[item.ingredient] += 1
    told = None
    for row in source.rows(PACKAGING, by="assembly_run_id"):
        known = catalogue.product_of.get(row["product_id"])
        if known is None or siblings[known.ingredient] < 2 or row["assembly_run_id"] == told:
            continue
        try:
            pieces, cost = exact(row["quantity_consumed"]) or ZERO, exact(row["total_cost"]) or ZERO
        except Unreadable:
            continue
        if pieces and round4(cost / pieces) not in costs[row["product_id"]]:
            told = row["assembly_run_id"]
            said = f"its ledger says {known.kind_name} {known.design}; by the cost it took other designs too, or others"
            report.note("ledger_product_is_template", "assembly_runs", row["assembly_run_id"], said)


def _keep_lost_materials(source: Source, report: Report, catalogue: Catalogue, runs: Runs, taken: Taken) -> None:
    """Make archived products for materials that only ledger rows know any more."""
    lot_products = {row["id"]: row["material_product_id"] for row in source.rows("material_inventory_items")}
    for row in source.rows(MATERIALS):
        if _material(row, catalogue, runs, lot_products) is not None:
            continue
        title = name(row["material_name"])[:180] or "Material"
        design = name(row["product_name"])[:180] or "Unbranded"
        key = (fold(title), fold(design))
        kind = next((k for k in catalogue.generics if fold(k.values["name"]) == fold(title)), None)
        if kind is None:
            here = taken.generics.get(fold(title))
            values = {"name": title, "unit": "piece", "is_divisible": True}
            kind = Row(here or made_uuid("material", fold(title)), values)
            catalogue.generics.append(kind)
        uuid = made_uuid("lost", *key)
        free = free_name(design, uuid, taken.designs[kind.uuid])
        values = {"design": free, "pack_size": Decimal(1), "is_archived": True}
        catalogue.products.append(Row(uuid, values, {"generic_product": kind.uuid}))
        runs.lost_products[key] = Item(
            uuid, kind.uuid, title, free, str(kind.values["unit"]), Decimal(1), Standing.HISTORY
        )
        report.note("lost_material", MATERIALS, row["id"], f"its material is gone: {title} {free} is made, archived")


def _material(row: Any, catalogue: Catalogue, runs: Runs, lot_products: dict[int, int]) -> Item | None:
    """Return the product of a material's ledger row: named, or its lot's, or kept for its names."""
    for pk in (row["product_id"], lot_products.get(row["inventory_item_id"])):
        if pk in catalogue.material_of:
            return catalogue.material_of[pk]
    return runs.lost_products.get((fold(name(row["material_name"])[:180]), fold(name(row["product_name"])[:180])))


def run_rows(
    source: Source,
    options: Options,
    report: Report,
    catalogue: Catalogue,
    runs: Runs,
    orders: dict[tuple[int, int], UUID],
) -> Iterator[Row]:
    """Yield the runs to be, one after the other. `orders` says which order is for an event's good."""
    for row in source.rows("assembly_runs"):
        run = runs.known.get(row["id"])
        if run is None:
            continue
        values = {
            "quantity_assembled": run.pieces,
            "assembled_at": moment(row["assembled_at"], options.written_in),
            "notes": _maybe(report, row, "notes"),
            "total_component_cost": money(row["total_component_cost"], MOST_RUN_MONEY),
            "per_unit_cost": money(row["per_unit_cost"], MOST_RUN_MONEY),
            "packaging_bypassed": is_true(row["packaging_bypassed"]),
            "packaging_bypass_notes": _maybe(report, row, "packaging_bypass_notes"),
            "is_imported": True,
        }
        refs = {"finished_good": catalogue.good_of[run.good][0]}
        if run.event is not None and (run.event, run.good) in orders:
            refs["order"] = orders[run.event, run.good]
        yield Row(run.uuid, values, refs, "assembly_runs", row["id"])


def _maybe(report: Report, row: Any, column: str) -> str | None:
    return None if row[column] is None else long_text(report, "assembly_runs", row, column)


class Ledger:
    """The rows of the four ledgers to be, a table at a time."""

    def __init__(self, source: Source, report: Report, ids: Identities, catalogue: Catalogue, runs: Runs) -> None:
        self.source, self.report, self.ids = source, report, ids
        self.catalogue, self.runs = catalogue, runs
        self.lot_products = {row["id"]: row["material_product_id"] for row in source.rows("material_inventory_items")}

    def rows(self, table: str) -> Iterator[Row]:
        """Yield a ledger's rows; tell of each that does not come over."""
        for row in self.source.rows(table):
            run = self.runs.known.get(row["assembly_run_id"])
            try:
                if run is None:
                    raise Unreadable("its run does not come over")
                made = self._row(table, row)
            except Unreadable as problem:
                self.report.left_out("ledger", table, row["id"], str(problem), **_ledger_amounts(row))
                continue
            made.refs["assembly_run"] = run.uuid
            self.report.brought[table].append(made.uuid)
            yield made

    def _row(self, table: str, row: Any) -> Row:
        pieces = quantity(row["quantity_consumed"], MOST_RUN_QUANTITY)
        raw = exact(row["total_cost"])
        total = money(raw or ZERO, MOST_RUN_MONEY)
        if pieces <= 0 or total < 0:
            raise Unreadable("a quantity of 0 or less, or a cost below 0")
        values: dict[str, Any] = {"quantity_consumed": pieces, "total_cost": total, "is_cost_known": raw is not None}
        uuid_kind = "packaging ledger" if table in (PACKAGING, MATERIALS) else table
        if table in (UNITS, GOODS):
            refs = self._piece_row(table, row, values)
        else:
            refs = self._packaging_row(table, row, values, pieces, total)
        return Row(self.ids.of(uuid_kind, table, row), values, refs, table, row["id"])

    def _piece_row(self, table: str, row: Any, values: dict[str, Any]) -> dict[str, UUID]:
        ref = "finished_unit" if table == UNITS else "finished_good"
        known = (self.catalogue.unit_of if table == UNITS else self.catalogue.good_of).get(row[f"{ref}_id"])
        if known is None:
            raise Unreadable("what it used is not there")
        values["quantity_consumed"] = count(row["quantity_consumed"])
        values["unit_cost_at_consumption"] = self._unit_cost(row["unit_cost_at_consumption"])
        values["item_name"] = known[1]
        return {ref: known[0]}

    def _packaging_row(
        self, table: str, row: Any, values: dict[str, Any], pieces: Decimal, total: Decimal
    ) -> dict[str, UUID]:
        if table == MATERIALS:
            item = _material(row, self.catalogue, self.runs, self.lot_products)
            unit, cost = item.unit if item else "", row["unit_cost"]
        else:
            item = self.catalogue.product_of.get(row["product_id"])
            unit, cost = name(row["unit"])[:50], total / pieces
        if item is None:
            raise Unreadable("what it used is not there")
        values["unit_cost_at_consumption"] = self._unit_cost(cost)
        values |= {"unit": unit or item.unit, "item_name": item.kind_name, "design": item.design}
        return {"product": item.uuid}

    def _unit_cost(self, value: Any) -> Decimal:
        """Return a unit cost that fits its column; it is for showing, what counts is the total."""
        try:
            return max(money(exact(value) or ZERO, MOST_RUN_MONEY), ZERO)
        except Unreadable:
            return ZERO


def _ledger_amounts(row: Any) -> dict[str, Decimal]:
    return {"quantity": or_zero(quantity, row["quantity_consumed"]), "cost": or_zero(money, row["total_cost"])}
