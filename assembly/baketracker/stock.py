"""Lots of packaging, bakes, and what the counters of units and goods say is left. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from assembly.baketracker.catalogue import Catalogue, Item, long_text
from assembly.baketracker.classify import Standing
from assembly.baketracker.lot_units import PACKS, PIECES, LotPrice, Units, lot_units
from assembly.baketracker.read import Source
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Identities, LotRow, Move, Options, Pool, Row, wanted_ids
from assembly.baketracker.scratch import Pile
from assembly.baketracker.values import (
    MOST_QUANTITY,
    Unreadable,
    count,
    day,
    exact,
    made_uuid,
    moment,
    money,
    name,
    needed,
    or_zero,
    quantity,
    text,
    worth,
)
from bakery.text import fold
from packaging.costs import ZERO, in_words, round3, round4


@dataclass
class Stock:
    """The lots and pools to be, and by the app's ids what lots became."""

    lots: Pile[LotRow]
    pools: list[Pool] = field(default_factory=list)
    lot_of: dict[int, tuple[UUID, UUID, Decimal, Decimal]] = field(default_factory=dict)


def make_stock(source: Source, options: Options, report: Report, ids: Identities, catalogue: Catalogue) -> Stock:
    """Return the stock that the file leads to."""
    stock = Stock(Pile(source.scratch))
    maker = _Lots(source, options, report, ids, catalogue, stock)
    maker.make_lots()
    maker.make_material_lots()
    _make_pools(source, options, report, ids, catalogue, stock)
    return stock


class _Lots:
    """Lots of products and of materials."""

    def __init__(
        self, source: Source, options: Options, report: Report, ids: Identities, catalogue: Catalogue, stock: Stock
    ) -> None:
        self.source, self.options, self.report, self.ids = source, options, report, ids
        self.catalogue, self.stock = catalogue, stock
        self.suppliers = {row["id"]: name(row["name"])[:200] for row in source.rows("suppliers")}
        self.earliest = self._earliest()

    def _earliest(self) -> date:
        """Return the day for lots without one: before all others, because the app takes them first."""
        days = []
        for row in self.source.rows("inventory_items"):
            try:
                days.append(day(row["purchase_date"]))
            except Unreadable:
                continue
        return self.options.undated or min((d for d in days if d), default=self.options.today)

    def make_lots(self) -> None:
        """Make the lots of products that come over with their lots."""
        table = "inventory_items"
        wanted = {pk for pk, item in self.catalogue.product_of.items() if item.standing is Standing.PACKAGING}
        receipts = {row["id"]: row for row in self.source.rows("purchases") if row["product_id"] in wanted}
        taken = defaultdict(list)
        for row in self.source.rows("inventory_depletions"):
            taken[row["inventory_item_id"]].append(row)
        rows = []
        for row in self.source.rows(table):
            if row["product_id"] in wanted:
                rows.append(row)
            else:
                self._leave(table, row, "food", "a lot of something that does not come over", row["quantity"])
                self._leave_taken(taken[row["id"]])
        units = self._units(rows, receipts)
        for row in rows:
            item = self.catalogue.product_of[row["product_id"]]
            try:
                self._make_lot(row, item, receipts.get(row["purchase_id"]), units[row["id"]], taken[row["id"]])
            except Unreadable as problem:
                self._leave(table, row, "unreadable", str(problem), row["quantity"])
                self._leave_taken(taken[row["id"]])

    def _leave(self, table: str, row: Any, kind: str, said: str, amount: Any) -> None:
        cost = row["unit_cost"] if table == "inventory_items" else row["cost_per_unit"]
        pieces, value = or_zero(quantity, amount), or_zero(worth, amount, cost)
        self.report.left_out(kind, table, row["id"], said, quantity=pieces, value=value)

    def _leave_taken(self, rows: list[Any]) -> None:
        for row in rows:
            self.report.left_out("food", "inventory_depletions", row["id"], "its lot does not come over")

    def _units(self, rows: list[Any], receipts: dict[int, Any]) -> dict[int, Units]:
        """Return what each lot is counted in: as a person said, else as the prices say."""
        prices = []
        for row in rows:
            item = self.catalogue.product_of[row["product_id"]]
            receipt = receipts.get(row["purchase_id"])
            try:
                cost, price = exact(row["unit_cost"]), exact(receipt["unit_price"]) if receipt else None
            except Unreadable:
                cost = price = None
            prices.append(LotPrice(row["id"], row["product_id"], str(item.kind), cost, price, item.pack))
        units = lot_units(prices)
        known = {key: {row["id"]} for row in rows for key in (f"#{row['id']}", fold(text(row["uuid"])))}
        for choice in self.options.lot_units:
            which, _is, unit = choice.rpartition("=")
            chosen = (
                wanted_ids([which], known, "--lot-units")
                if which
                else {pk for pk, found in units.items() if not found.is_sure}
            )
            units |= {pk: Units(unit, is_sure=True) for pk in chosen}
        return units

    def _make_lot(self, row: Any, item: Item, receipt: Any, units: Units, taken: list[Any]) -> None:
        pk, table = row["id"], "inventory_items"
        factor = item.pack if units.unit == PACKS else Decimal(1)
        raw, cost = needed(row["quantity"]), exact(row["unit_cost"])
        stored = quantity(raw)
        self._tell_number(pk, raw, cost, stored)
        left = quantity(raw * factor)
        value = worth(raw, ZERO if cost is None else cost)
        if raw < 0 and stored:
            said = f"it holds {in_words(stored)}: a lot cannot hold less than 0, it comes over empty"
            self.report.changed("negative_lot", table, pk, said, quantity=stored, value=value)
            left = value = stored = ZERO
        if cost is not None and cost < 0:
            self.report.changed("negative_cost", table, pk, "a cost below 0 is taken as unknown", value=value)
            cost, value = None, ZERO
        self._tell_units(row, item, units, factor, left, stored)
        moves = [move for move in (self._taken(one, factor, cost) for one in taken) if move is not None]
        came = max(self._came(receipt, item, units, cost), left - sum((move.quantity for move in moves), ZERO))
        came = quantity(came) if came > 0 else max(left, Decimal(1))
        total = value if came == left else money(came / factor * (cost or ZERO))
        received, expires = self._days(row, row["purchase_date"], row["expiration_date"])
        self._add(
            row,
            table,
            item,
            {
                "lot_code": name(row["lot_or_batch"])[:100],
                "supplier": self.suppliers.get(receipt["supplier_id"], "") if receipt else "",
                "received_on": received,
                "expires_on": expires,
                "location": name(row["location"])[:200],
                "quantity_received": came,
                "total_cost": total,
                "is_cost_known": cost is not None,
                "notes": long_text(self.report, table, row, "notes"),
            },
            left,
            value,
            moves,
        )

    def _add(
        self, row: Any, table: str, item: Item, values: dict[str, Any], left: Decimal, value: Decimal, moves: list[Move]
    ) -> None:
        uuid = self.ids.of("lot", table, row)
        made = LotRow(Row(uuid, values, {"product": item.uuid}, table, row["id"]), "received", left, value, moves)
        self.stock.lots.put(row["id"], made, table)
        if table == "inventory_items":
            self.stock.lot_of[row["id"]] = (uuid, item.kind, left, Decimal(1))
        self.report.brought[table].append(uuid)

    def _came(self, receipt: Any, item: Item, units: Units, cost: Decimal | None) -> Decimal:
        """Return how many pieces the lot's receipt brought; the app keeps packs there, or what was typed."""
        if receipt is None:
            return ZERO
        try:
            number, price = needed(receipt["quantity_purchased"]), needed(receipt["unit_price"])
        except Unreadable:
            return ZERO
        in_pieces = units.unit == PIECES and (units.is_typed or (not price and not cost))
        return min(round3(number if in_pieces else number * item.pack), MOST_QUANTITY - 1)

    def _taken(self, row: Any, factor: Decimal, cost: Decimal | None) -> Move | None:
        """Return what was taken from a lot by hand, and why."""
        table = "inventory_depletions"
        try:
            pieces = quantity(needed(row["quantity_depleted"]) * factor)
            value = money(ZERO if cost is None else row["cost"])
        except Unreadable as problem:
            self.report.left_out("unreadable", table, row["id"], str(problem))
            return None
        if not pieces:
            self.report.left_out("quantity_zero", table, row["id"], "nothing was taken")
            return None
        words = (name(row["depletion_reason"]), name(row["notes"]), text(row["depletion_date"])[:10])
        uuid = self.ids.of("move", table, row)
        self.report.brought[table].append(uuid)
        return Move(uuid, -pieces, -value, " · ".join(word for word in words if word)[:500])

    def _days(self, row: Any, bought: Any, expires: Any, table: str = "inventory_items") -> tuple[date, date | None]:
        """Return when a lot came and through when it is good; what cannot be is told."""
        pk = row["id"]
        try:
            received = day(bought)
        except Unreadable as problem:
            self.report.changed("no_day", table, pk, str(problem))
            received = None
        if received is None:
            received = self.earliest
            said = f"it has no day; it is taken as received on {received}"
            self.report.decide("null_purchase_date", table, pk, said, "--date-of-undated YYYY-MM-DD")
        if received > self.options.today:
            said = f"it is dated {received}, which is to come; it is taken as received today"
            self.report.changed("future", table, pk, said)
            received = self.options.today
        try:
            through = day(expires)
        except Unreadable as problem:
            self.report.changed("no_day", table, pk, f"good through: {problem}")
            through = None
        if through is not None and through < received:
            said = f"it would be good through {through}, before it came on {received}: the day is left off"
            self.report.changed("expires_early", table, pk, said)
            through = None
        return received, through

    def _tell_number(self, pk: int, raw: Decimal, cost: Decimal | None, stored: Decimal) -> None:
        table = "inventory_items"
        if raw != stored and abs(raw - stored) < Decimal("0.000001"):
            self.report.note("float_dust", table, pk, f"{raw} is {in_words(stored)}")
        elif raw != stored:
            self.report.note("rounded", table, pk, f"{raw} is rounded to {in_words(stored)}")
        elif not raw:
            self.report.note("zero_quantity_lot", table, pk, "it is used up and comes over empty")
        if cost is None:
            self.report.note("null_unit_cost", table, pk, "its cost is unknown, and stays unknown")
        elif not cost:
            self.report.note("zero_cost_lot", table, pk, "it cost nothing: a gift")
        elif cost != round4(cost):
            total = worth(raw, cost)
            self.report.note("repeating_decimal_cost", table, pk, f"a unit cost of {cost}: all of it is {total}")

    def _tell_units(self, row: Any, item: Item, units: Units, factor: Decimal, left: Decimal, stored: Decimal) -> None:
        pk, table = row["id"], "inventory_items"
        here = f"{in_words(left)} {item.unit}"
        if units.unit == PACKS:
            said = f"{in_words(stored)} packs of {in_words(item.pack)} are {here}; the app took them for pieces"
            self.report.changed(
                "packs_not_pieces", table, pk, said, f"--lot-units #{pk}=pieces", quantity=stored - left
            )
        elif not units.is_sure:
            said = f"nothing tells packs from pieces; {here}, as it stands"
            self.report.decide("packs_or_pieces", table, pk, said, f"--lot-units #{pk}=packs")
        elif units.is_typed:
            self.report.note(
                "pieces_via_add_form", table, pk, f"typed in by hand; by its price it is in pieces: {here}"
            )
        if units.is_typed and not units.is_sure:
            self.report.note("pieces_via_add_form", table, pk, "typed in by hand")

    def make_material_lots(self) -> None:
        """Make the lots of materials: they are in base units, never in packs, and say what came."""
        table = "material_inventory_items"
        for row in self.source.rows(table):
            item = self.catalogue.material_of.get(row["material_product_id"])
            if item is None:
                self._leave(table, row, "orphan", "its material does not come over", row["quantity_remaining"])
                continue
            try:
                cost = exact(row["cost_per_unit"])
                left, value = quantity(row["quantity_remaining"]), worth(row["quantity_remaining"], cost or ZERO)
                came = max(quantity(row["quantity_purchased"]), left)
                total = value if came == left else max(money(came * (cost or ZERO)), value)
            except Unreadable as problem:
                self._leave(table, row, "unreadable", str(problem), row["quantity_remaining"])
                continue
            if left < 0 or value < 0 or came <= 0:
                self._leave(table, row, "negative_lot", "a quantity or a cost below 0", row["quantity_remaining"])
                continue
            received, _never = self._days(row, row["purchase_date"], None, table)
            values = {
                "received_on": received,
                "location": name(row["location"])[:200],
                "quantity_received": came,
                "total_cost": total,
                "is_cost_known": cost is not None,
                "notes": long_text(self.report, table, row, "notes"),
            }
            self._add(row, table, item, values, left, value, [])


def _make_pools(
    source: Source, options: Options, report: Report, ids: Identities, catalogue: Catalogue, stock: Stock
) -> None:
    """Bring each counter together with the bakes behind it."""
    bakes = _make_bakes(source, options, report, ids, catalogue)
    counted = _last_counts(source)
    for table, ref, known in (
        ("finished_units", "finished_unit", catalogue.unit_of),
        ("finished_goods", "finished_good", catalogue.good_of),
    ):
        for row in source.rows(table):
            if row["id"] not in known:  # it was removed here
                continue
            try:
                counter = count(row["inventory_count"])
            except Unreadable as problem:
                report.changed("counter", table, row["id"], f"its counter: {problem}; it is taken as 0")
                counter = 0
            if counter < 0:
                said = f"its counter says {counter}; there cannot be less than 0"
                report.changed("negative_counter", table, row["id"], said, pieces=counter)
                counter = 0
            last = counted.get((ref, row["id"]))
            if last is not None and last != counter:
                said = f"its counter says {counter}, the last line of its log {last}: the counter counts"
                report.note("count_without_audit", table, row["id"], said)
            uuid = known[row["id"]][0]
            baked = bakes.get(row["id"]) if ref == "finished_unit" else None
            pool = Pool(ref, uuid, counter, _since(row, options), baked or Pile(source.scratch), table, row["id"])
            stock.pools.append(pool)


def _since(row: Any, options: Options) -> date:
    """Return the day that a counter stands for: when its row changed last, at most today."""
    try:
        return min(day(row["updated_at"]) or options.today, options.today)
    except Unreadable:
        return options.today


def _last_counts(source: Source) -> dict[tuple[str, int], int]:
    counted = {}
    for row in source.rows("finished_goods_adjustments"):
        key = ("finished_unit", row["finished_unit_id"])
        if row["finished_unit_id"] is None:
            key = ("finished_good", row["finished_good_id"])
        try:
            counted[key] = count(row["new_count"])
        except Unreadable:
            continue
    return counted


def _make_bakes(
    source: Source, options: Options, report: Report, ids: Identities, catalogue: Catalogue
) -> dict[int, Pile[LotRow]]:
    """Return the bakes of each unit, oldest first; what was lost in baking is in their cost already."""
    table = "production_runs"
    lost = defaultdict(list)
    for row in source.rows("production_losses"):
        lost[row["production_run_id"]].append(row)
    costed = {row["production_run_id"] for row in source.rows("production_consumptions")}
    bakes: dict[int, Pile[LotRow]] = defaultdict(lambda: Pile(source.scratch))
    for row in source.rows(table):
        try:
            lot = _make_bake(row, options, report, ids, catalogue, lost[row["id"]], row["id"] in costed)
        except Unreadable as problem:
            report.left_out("unreadable", table, row["id"], str(problem), **_bake_amounts(row))
            lot = None
        if lot is not None:
            bakes[row["finished_unit_id"]].put(row["id"], lot, lot.row.values["received_on"].isoformat())
        for one in lost[row["id"]]:
            said = "it is told in the notes of its bake" if lot else "its bake does not come over"
            report.left_out("loss", "production_losses", one["id"], said)
    return bakes


def _bake_amounts(row: Any) -> dict[str, Decimal]:
    return {"pieces": or_zero(quantity, row["actual_yield"]), "cost": or_zero(money, row["total_ingredient_cost"])}


def _make_bake(
    row: Any,
    options: Options,
    report: Report,
    ids: Identities,
    catalogue: Catalogue,
    lost: list[Any],
    has_ingredients: bool,
) -> LotRow | None:
    table, unit = "production_runs", catalogue.unit_of.get(row["finished_unit_id"])
    if unit is None:
        report.left_out("orphan", table, row["id"], "its finished unit is not there", **_bake_amounts(row))
        return None
    pieces = count(row["actual_yield"])
    cost = exact(row["total_ingredient_cost"])
    total = money(cost or ZERO)
    if pieces <= 0 or total < 0:
        report.left_out("empty_bake", table, row["id"], "nothing came of it", **_bake_amounts(row))
        return None
    when = moment(row["produced_at"], options.written_in).astimezone(options.zone).date()
    if when > options.today:
        report.changed("future", table, row["id"], f"it is dated {when}, which is to come; it is taken as baked today")
        when = options.today
    is_known = cost is not None and (bool(total) or has_ingredients)
    if not is_known:
        report.note("unknown_cost", table, row["id"], "no ingredient of it was kept: its cost is unknown")
    parts = [long_text(report, table, row, "notes")]
    parts += [
        f"{name(one['loss_quantity'])} lost: {name(one['loss_category'])} {name(one['notes'])}".strip() for one in lost
    ]
    uuid = ids.of("lot", table, row)
    report.brought[table].append(uuid)
    values = {
        "received_on": when,
        "quantity_received": Decimal(pieces),
        "total_cost": total,
        "is_cost_known": is_known,
        "notes": "\n".join(part for part in parts if part.strip()),
    }
    refs = {"finished_unit": unit[0]}
    return LotRow(Row(uuid, values, refs, table, row["id"]), "baked", Decimal(pieces), total)


def opening_uuid(pool: Pool, number: int) -> UUID:
    """Return the uuid of the lot that brings in what a counter has beyond all bakes."""
    return made_uuid("stock", pool.item, number)


def move_uuid(lot: UUID, number: int) -> UUID:
    """Return the uuid of a lot's movement by its number: what the import writes is known by it later."""
    return made_uuid("move", lot, number)
