"""The lines of each good's recipe and the lots assigned to them. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from assembly.baketracker.catalogue import Catalogue, Item, long_text
from assembly.baketracker.classify import Standing
from assembly.baketracker.read import Source
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Identities, Options, Row
from assembly.baketracker.values import Unreadable, count, is_true, moment, needed, or_zero, quantity
from packaging.costs import ZERO, in_words, is_whole


@dataclass
class Recipes:
    """Lines and assignments to be; `line_of` says into which line each of the app's went, `held` for whom."""

    lines: list[Row] = field(default_factory=list)
    assignments: list[Row] = field(default_factory=list)
    line_of: dict[int, Row] = field(default_factory=dict)
    of_good: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))


def make_recipes(
    source: Source,
    options: Options,
    report: Report,
    ids: Identities,
    catalogue: Catalogue,
    lots: dict[int, tuple[UUID, UUID, Decimal, Decimal]],
    nested: dict[UUID, set[UUID]],
) -> Recipes:
    """Return the recipes' rows. `lots` are the lots that come over: uuid, kind, quantity, pieces in each unit of the
    app's; `nested` is which goods are in which by the recipes that are here already.
    """
    maker = _Lines(source, report, ids, catalogue, nested)
    maker.make()
    _assign(source, options, report, ids, maker.made, lots)
    return maker.made


class _Lines:
    """One line of the app's after the other; what fits no line here is told."""

    def __init__(
        self, source: Source, report: Report, ids: Identities, catalogue: Catalogue, nested: dict[UUID, set[UUID]]
    ) -> None:
        self.source, self.report, self.ids, self.catalogue = source, report, ids, catalogue
        self.nested = nested
        self.made = Recipes()
        self.seen: dict[tuple[UUID, str, UUID], Row] = {}
        self.bare = {
            row["id"] for row in source.rows("finished_goods") if str(row["assembly_type"]).strip().upper() == "BARE"
        }

    def make(self) -> None:
        """Make the lines in the order of their ids, and tell of goods that reach another good twice."""
        for row in self.source.rows("compositions"):
            try:
                self._make_line(row)
            except Unreadable as problem:
                self._leave(row, "unreadable", str(problem))
        self._tell_diamonds()

    def _leave(self, row: Any, kind: str, said: str) -> None:
        amount = or_zero(quantity, row["component_quantity"])
        self.report.left_out(kind, "compositions", row["id"], said, quantity=amount)

    def _make_line(self, row: Any) -> None:
        parts = [
            column
            for column in ("finished_unit_id", "finished_good_id", "packaging_product_id", "material_unit_id")
            if row[column] is not None
        ]
        if row["package_id"] is not None:
            return self._leave(row, "package_level_packaging", "a line of a basket: the app never used any of it")
        good = self.catalogue.good_of.get(row["assembly_id"])
        if good is None:
            return self._leave(row, "orphan", "its finished good is not there")
        if len(parts) != 1:
            return self._leave(row, "not_one_component", f"a line has one component, this one has {len(parts)}")
        ref, part, amount, item = self._component(row, parts[0])
        if part is None:
            return self._leave(row, "component_missing", "its component does not come over")
        if amount <= 0:
            return self._leave(row, "quantity_zero", "it asks for nothing")
        if ref == "finished_good" and (path := self._cycle(good[0], part)):
            return self._leave(row, "cycle", f"the recipe would contain itself: {path}")
        self._tell(row, ref, item, amount)
        self._add(row, good[0], ref, part, amount, item)
        return None

    def _component(self, row: Any, column: str) -> tuple[str, UUID | None, Decimal, Item | None]:
        """Return what a line asks for: the column here, the row, the quantity in stock units, the product."""
        amount = needed(row["component_quantity"])
        if column == "material_unit_id":
            product, each = self.catalogue.per_unit.get(row[column], (0, ZERO))
            item = self.catalogue.material_of.get(product)
            return "packaging_product", item.uuid if item else None, quantity(amount * each), item
        if column == "packaging_product_id":
            item = self.catalogue.product_of.get(row[column])
            if item is not None and item.standing is Standing.HISTORY:
                item = None
            return "packaging_product", item.uuid if item else None, quantity(amount), item
        known = self.catalogue.unit_of if column == "finished_unit_id" else self.catalogue.good_of
        found = known.get(row[column])
        return column.removesuffix("_id"), found[0] if found else None, quantity(amount), None

    def _cycle(self, good: UUID, part: UUID) -> str:
        """Return the way from `part` back to `good` in words; "" when there is none, and then nest them."""
        names = dict(self.catalogue.good_of.values())
        came_from: dict[UUID, UUID | None] = {part: None}
        todo = [part]
        while todo:
            here = todo.pop()
            if here == good:
                path: list[UUID] = []
                step: UUID | None = here
                while step is not None:
                    path.append(step)
                    step = came_from[step]
                return " > ".join(names.get(uuid, "another good") for uuid in [good, *reversed(path)])
            for inner in self.nested.get(here, ()):
                if inner not in came_from:
                    came_from[inner] = here
                    todo.append(inner)
        self.nested.setdefault(good, set()).add(part)
        return ""

    def _tell(self, row: Any, ref: str, item: Item | None, amount: Decimal) -> None:
        pk, is_generic = row["id"], is_true(row["is_generic"])
        if is_generic and row["packaging_product_id"] is None:
            self.report.note("generic_flag", "compositions", pk, "only packaging can be generic: the mark is left off")
        if ref != "packaging_product" and not is_whole(amount):
            said = f"it asks for {in_words(amount)} pieces for one; a run takes whole ones, rounded up"
            self.report.note("fraction", "compositions", pk, said)
        if item is not None and item.standing is Standing.NEEDED:
            said = f"it asks for {item.kind_name}, which is food too: its stock is not kept here"
            self.report.note("food_as_packaging", "compositions", pk, said)
        if row["assembly_id"] in self.bare and ref == "packaging_product":
            said = "its good is marked as a single unit, and has packaging all the same"
            self.report.note("packaging_on_bare", "compositions", pk, said)

    def _add(self, row: Any, good: UUID, ref: str, part: UUID, amount: Decimal, item: Item | None) -> None:
        """Add the line, or add its quantity to a line that asks for the same."""
        is_generic = item is not None and is_true(row["is_generic"]) and row["packaging_product_id"] is not None
        key = (good, "any" if is_generic else ref, item.kind if is_generic and item else part)
        shown = quantity(row["component_quantity"])
        uuid = self.ids.of("line", "compositions", row)
        if self.ids.is_removed("compositions", row, uuid, quantity=shown):
            return
        if (other := self.seen.get(key)) is not None:
            other.values["component_quantity"] += amount
            other.amounts["quantity"] += amount
            said = f"it asks for the same as line {other.id}: one line here, for both together"
            self.report.changed("lines_joined", "compositions", row["id"], said, rows=1, quantity=shown - amount)
            self.made.line_of[row["id"]] = other
            return
        if amount != shown:
            said = f"{in_words(shown)} of the material's unit are {in_words(amount)} {item.unit if item else ''}"
            self.report.changed("base_units", "compositions", row["id"], said.strip(), quantity=shown - amount)
        try:
            place = max(count(row["sort_order"]), 0)
        except Unreadable:
            place = 0
        made = Row(
            uuid,
            {
                "component_quantity": amount,
                "is_generic": is_generic,
                "component_notes": long_text(self.report, "compositions", row, "component_notes"),
                "sort_order": place,
            },
            {"assembly": good, ref: part},
            "compositions",
            row["id"],
            {"quantity": amount},
        )
        if is_generic and item is not None:
            made.refs["_kind"] = item.kind
        self.seen[key] = made
        self.made.lines.append(made)
        self.made.of_good[good].append(made)
        self.made.line_of[row["id"]] = made
        self.report.brought["compositions"].append(uuid)

    def _tell_diamonds(self) -> None:
        """Note goods that contain another good on two ways: the app could not record them."""
        for pk, (uuid, _title) in self.catalogue.good_of.items():
            seen: set[UUID] = set()
            todo, is_diamond = list(self.nested.get(uuid, ())), False
            while todo:
                here = todo.pop()
                if here in seen:
                    is_diamond = True
                    continue
                seen.add(here)
                todo += self.nested.get(here, ())
            if is_diamond:
                said = "it contains another good on two ways: the app could not record it, this program can"
                self.report.note("diamond", "finished_goods", pk, said)


def _assign(
    source: Source,
    options: Options,
    report: Report,
    ids: Identities,
    recipes: Recipes,
    lots: dict[int, tuple[UUID, UUID, Decimal, Decimal]],
) -> None:
    """Make the assignments on the recipes' lines, for one good each as the app has them: they reserve nothing."""
    table = "composition_assignments"
    made: dict[tuple[UUID, UUID], Row] = {}
    sums: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for row in source.rows(table):
        line, lot = recipes.line_of.get(row["composition_id"]), lots.get(row["inventory_item_id"])
        try:
            shown = quantity(row["quantity_assigned"])
            when = moment(row["assigned_at"], options.written_in)
        except Unreadable as problem:
            report.left_out("unreadable", table, row["id"], str(problem))
            continue
        if line is None or lot is None or shown <= 0:
            what = "its line" if line is None else "its lot" if lot is None else "a quantity above 0"
            report.left_out("orphan", table, row["id"], f"{what} does not come over", quantity=shown)
            continue
        uuid = ids.of("assignment", table, row)
        sums[line.uuid] += shown
        if (other := made.get((line.uuid, lot[0]))) is not None:
            other.values["quantity_assigned"] += shown
            other.amounts["quantity"] += shown
            report.changed("lines_joined", table, row["id"], f"joined with assignment {other.id}", rows=1)
            continue
        if shown > lot[2]:
            said = f"{in_words(shown)} are assigned, the lot has {in_words(lot[2])} left"
            report.note("assignment_exceeds_lot", table, row["id"], said)
        if not line.values["is_generic"]:
            report.note("not_generic", table, row["id"], "its line is not generic any more")
        elif line.refs["_kind"] != lot[1]:
            report.note("other_kind", table, row["id"], "its lot is of another kind than its line asks for")
        made[line.uuid, lot[0]] = Row(
            uuid,
            {"quantity_assigned": shown, "assigned_at": when},
            {"composition": line.uuid, "inventory_item": lot[0]},
            table,
            row["id"],
            {"quantity": shown},
        )
        report.brought[table].append(uuid)
    recipes.assignments = list(made.values())
    _tell_assigned(report, recipes, sums)


def _tell_assigned(report: Report, recipes: Recipes, sums: dict[UUID, Decimal]) -> None:
    """Note lines whose assignments are not what they ask for, and those that are split over lots."""
    split: dict[UUID, list[Row]] = defaultdict(list)
    for row in recipes.assignments:
        split[row.refs["composition"]].append(row)
    for line in recipes.lines:
        asked, held = line.values["component_quantity"], sums.get(line.uuid, ZERO)
        if held and held != asked:
            kind = "partial_assignment" if held < asked else "over_assignment"
            report.note(kind, "compositions", line.id, f"{in_words(held)} of {in_words(asked)} are assigned")
        for row in split[line.uuid] if len(split[line.uuid]) > 1 else ():
            said = f"line {line.id} is assigned from {len(split[line.uuid])} lots"
            report.note("split_assignment", row.table, row.id, said)
