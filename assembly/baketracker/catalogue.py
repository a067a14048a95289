"""Kinds of packaging, their designs, baked units and goods, with names that are unique here. Pure."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from assembly.baketracker.classify import Standing, label
from assembly.baketracker.read import Source
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Identities, Row, Taken, free_name
from assembly.baketracker.schema import LONGEST_TEXT
from assembly.baketracker.values import (
    Unreadable,
    count,
    is_true,
    made_uuid,
    name,
    needed,
    or_zero,
    quantity,
    slug,
    text,
)
from bakery.text import fold
from packaging.costs import is_whole

PIECE_WORDS = {"", "each", "ea", "piece", "pieces", "pc", "pcs", "count", "ct", "unit", "units", "item", "items"}
MEASURES = {"cm", "cm2", "mm", "m", "metre", "meter", "metres", "meters", "inch", "in", "ft", "foot", "feet", "yard"}
MEASURES |= {"yards", "yd", "g", "kg", "oz", "lb", "ml", "l"}
BASE_UNITS = {"linear_cm": "cm", "square_cm": "cm2", "each": "piece"}


@dataclass(slots=True)
class Item:
    """A product as lines, lots and runs know it."""

    uuid: UUID
    kind: UUID
    kind_name: str
    design: str
    unit: str
    pack: Decimal
    standing: Standing
    ingredient: int | None = None


@dataclass
class Catalogue:
    """The catalogue's rows to be, and by the desktop app's ids what became of them."""

    generics: list[Row] = field(default_factory=list)
    products: list[Row] = field(default_factory=list)
    units: list[Row] = field(default_factory=list)
    goods: list[Row] = field(default_factory=list)
    product_of: dict[int, Item] = field(default_factory=dict)
    material_of: dict[int, Item] = field(default_factory=dict)
    per_unit: dict[int, tuple[int, Decimal]] = field(default_factory=dict)  # material unit: its product, base units
    unit_of: dict[int, tuple[UUID, str]] = field(default_factory=dict)
    good_of: dict[int, tuple[UUID, str]] = field(default_factory=dict)


def make_catalogue(
    source: Source, report: Report, ids: Identities, taken: Taken, standings: dict[int, Standing]
) -> Catalogue:
    """Return the catalogue that the file leads to."""
    catalogue = Catalogue()
    suppliers = {row["id"]: name(row["name"])[:200] for row in source.rows("suppliers")}
    for row in source.rows("suppliers"):
        tell_spelling(report, "suppliers", row["id"], row["name"])
    _Kinds(source, report, ids, taken, catalogue, suppliers).make(standings)
    _make_named(source, report, ids, catalogue, "finished_units", taken.units, taken.unit_slugs)
    _make_named(source, report, ids, catalogue, "finished_goods", taken.goods, taken.good_slugs)
    return catalogue


class _Kinds:
    """Products and materials: gathered by kind first, because a kind has one unit and one name."""

    def __init__(
        self,
        source: Source,
        report: Report,
        ids: Identities,
        taken: Taken,
        catalogue: Catalogue,
        suppliers: dict[int, str],
    ) -> None:
        self.source, self.report, self.ids, self.taken = source, report, ids, taken
        self.catalogue, self.suppliers = catalogue, suppliers
        self.ingredients = {row["id"]: name(row["display_name"]) for row in source.rows("ingredients")}
        self.kinds: dict[str, Row] = {}

    def make(self, standings: dict[int, Standing]) -> None:
        """Make the kinds and the designs of products and of materials."""
        rows = [row for row in self.source.rows("products") if self._is_kept(row, standings[row["id"]])]
        by_kind: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            by_kind[fold(self._kind_name(row))].append(row)
        cut = _fractions(self.source)
        for key, members in by_kind.items():
            self._make_kind(key, members, any(("product", row["id"]) in cut for row in members))
        for row in rows:
            self._make_product(row, standings[row["id"]])
        self._tell_shared(rows)
        self._make_materials(cut)
        wanted = {row.refs["generic_product"] for row in self.catalogue.products}
        self.catalogue.generics = [kind for kind in self.catalogue.generics if kind.uuid in wanted]

    def _is_kept(self, row: Any, standing: Standing) -> bool:
        if standing is Standing.FOOD:
            self.report.left_out("food", "products", row["id"], f"{label(row)} is not packaging")
        return standing is not Standing.FOOD

    def _kind_name(self, row: Any) -> str:
        """Return what a product's kind is called: its product name, else its ingredient."""
        return name(row["product_name"]) or self.ingredients.get(row["ingredient_id"], "") or f"Kind {row['id']}"

    def _make_kind(self, key: str, members: list[Any], is_cut: bool) -> None:
        units = Counter(_unit(row["package_unit"]) for row in members)
        unit = units.most_common(1)[0][0]
        spelling = Counter(self._kind_name(row) for row in members).most_common(1)[0][0]
        for row in members:
            if len(units) > 1 and _unit(row["package_unit"]) != unit:
                said = (
                    f"{label(row)} counts in {_unit(row['package_unit'])}, others of its kind in {unit}: one kind here"
                )
                self.report.note("mixed_units", "products", row["id"], said)
        self._add_kind(key, spelling, unit, is_cut, None)

    def _add_kind(self, key: str, title: str, unit: str, is_cut: bool, uuid: UUID | None) -> Row:
        known = self.kinds.get(key) or None
        if known is not None and known.values["unit"] != unit:
            return self._add_kind(f"{key} ({fold(unit)})", f"{title[:180]} ({unit})", unit, is_cut, uuid)
        if known is not None:
            known.values["is_divisible"] |= is_cut or unit in MEASURES
            return known
        here = self.taken.generics.get(fold(title[:200]))
        row = Row(
            uuid=here or uuid or made_uuid("kind", key),
            values={"name": title[:200], "unit": unit, "is_divisible": is_cut or unit in MEASURES},
        )
        self.kinds[key] = row
        self.catalogue.generics.append(row)
        return row

    def _make_product(self, row: Any, standing: Standing) -> None:
        pk, kind = row["id"], self.kinds[fold(self._kind_name(row))]
        pack = _pack(self.report, "products", pk, row["package_unit_quantity"])
        self._tell_product(row)
        item = self._add_design(
            row,
            "products",
            kind,
            name(row["brand"]) or name(row["package_size"]) or "Unbranded",
            sku=name(row["supplier_sku"])[:100],
            supplier=self.suppliers.get(row["preferred_supplier_id"], ""),
            pack_size=pack,
            is_archived=is_true(row["is_hidden"]) or standing is Standing.HISTORY,
        )
        if item is not None:
            item.standing, item.ingredient = standing, row["ingredient_id"]
            self.catalogue.product_of[pk] = item

    def _add_design(self, row: Any, table: str, kind: Row, design: str, **values: Any) -> Item | None:
        """Add a product, if it was not removed here; a second design of the same name is told by its package's size,
        else by a number.
        """
        uuid, wanted = self.ids.of("product", table, row), design
        if self.ids.is_removed(table, row, uuid):
            return None
        names = self.taken.designs[kind.uuid]
        if names.get(fold(design), uuid) != uuid and table == "products" and (size := name(row["package_size"])):
            design = f"{design[:150]}, {size[:40]}"
        free = free_name(design, uuid, names)
        if free != wanted:
            self.report.changed("name_taken", table, row["id"], f"its design is called {free!r} here")
        notes = long_text(self.report, table, row, "notes")
        self.catalogue.products.append(
            Row(uuid, {"design": free, "notes": notes, **values}, {"generic_product": kind.uuid}, table, row["id"])
        )
        self.report.brought[table].append(uuid)
        return Item(
            uuid,
            kind.uuid,
            kind.values["name"],
            free,
            kind.values["unit"],
            values["pack_size"],
            Standing.PACKAGING,
        )

    def _tell_product(self, row: Any) -> None:
        for column, kind in (("product_name", "trailing_space_type"), ("brand", "trailing_space_brand")):
            if text(row[column]) != name(row[column]):
                said = f"spare spaces in {text(row[column])[:80]!r} are taken out"
                self.report.note(kind, "products", row["id"], said)
        if is_true(row["is_provisional"]):
            self.report.note("provisional", "products", row["id"], f"{label(row)} was never reviewed in the app")
        if is_true(row["is_hidden"]):
            self.report.note("hidden_product", "products", row["id"], f"{label(row)} is hidden and comes over archived")
        tell_spelling(self.report, "products", row["id"], row["brand"])

    def _tell_shared(self, rows: list[Any]) -> None:
        """Say which kinds share an ingredient: the app's runs took of both for either."""
        kinds = defaultdict(set)
        for row in rows:
            kinds[row["ingredient_id"]].add(fold(self._kind_name(row)))
        for row in rows:
            if len(kinds[row["ingredient_id"]]) > 1:
                said = f"{label(row)} shares its ingredient with other kinds: the app's runs took of it for them too"
                self.report.note("shared_ingredient", "products", row["id"], said)

    def _make_materials(self, cut: set[tuple[str, int]]) -> None:
        """Materials are packaging too: a material is a kind, its products are designs, counted in base units."""
        materials = {row["id"]: row for row in self.source.rows("materials")}
        for row in self.source.rows("material_products"):
            material = materials.get(row["material_id"])
            title = (name(material["name"]) if material else "") or name(row["name"]) or f"Material {row['id']}"
            base = text(material["base_unit_type"]).strip().casefold() if material else "each"
            unit = BASE_UNITS.get(base, base[:50] or "piece")
            kind = self._add_kind(
                fold(title), title, unit, ("material", row["id"]) in cut, made_uuid("material", fold(title))
            )
            item = self._add_design(
                row,
                "material_products",
                kind,
                name(row["name"]) or name(row["brand"]) or "Unbranded",
                sku=name(row["sku"])[:100],
                supplier=self.suppliers.get(row["supplier_id"], ""),
                pack_size=_pack(self.report, "material_products", row["id"], row["quantity_in_base_units"]),
                is_archived=is_true(row["is_hidden"]),
            )
            if item is not None:
                self.catalogue.material_of[row["id"]] = item
        for row in self.source.rows("material_units"):
            if row["material_product_id"] in self.catalogue.material_of:
                try:
                    self.catalogue.per_unit[row["id"]] = (row["material_product_id"], needed(row["quantity_per_unit"]))
                except Unreadable as problem:
                    self.report.left_out("unreadable", "material_units", row["id"], str(problem))


def _unit(value: Any) -> str:
    unit = name(value).casefold()[:50]
    return "piece" if unit in PIECE_WORDS else unit


def _pack(report: Report, table: str, pk: int, value: Any) -> Decimal:
    """Return the stock units in a pack, 1 when the file has no sensible number."""
    try:
        pack = quantity(value)
    except Unreadable:
        pack = Decimal(0)
    if pack <= 0:
        report.changed("pack_size", table, pk, f"a pack of {name(value)[:40] or 'nothing'} is taken as a pack of 1")
        return Decimal(1)
    return pack


# What may be cut: the kind of its owner, the table, the column that names it, the column with the amount.
AMOUNTS = (
    ("product", "products", "id", "package_unit_quantity"),
    ("product", "inventory_items", "product_id", "quantity"),
    ("product", "compositions", "packaging_product_id", "component_quantity"),
    ("product", "assembly_packaging_consumptions", "product_id", "quantity_consumed"),
    ("lot", "composition_assignments", "inventory_item_id", "quantity_assigned"),
    ("material", "material_inventory_items", "material_product_id", "quantity_remaining"),
    ("material", "material_units", "material_product_id", "quantity_per_unit"),
)


def _fractions(source: Source) -> set[tuple[str, int]]:
    """Return the products and the materials that the file cuts: something of them is not whole."""
    cut = {
        (kind, row[owner])
        for kind, table, owner, column in AMOUNTS
        for row in source.rows(table)
        if row[owner] is not None and _is_cut(row[column])
    }
    of_lots = {pk for kind, pk in cut if kind == "lot"}
    return cut | {("product", row["product_id"]) for row in source.rows("inventory_items") if row["id"] in of_lots}


def _is_cut(value: Any) -> bool:
    try:
        return not is_whole(quantity(value))
    except Unreadable:
        return False


def _make_named(
    source: Source,
    report: Report,
    ids: Identities,
    catalogue: Catalogue,
    table: str,
    names: dict[str, UUID],
    slugs: dict[str, UUID],
) -> None:
    """Make finished units or goods: each name and each slug once."""
    is_good = table == "finished_goods"
    for row in source.rows(table):
        uuid = ids.of(table, table, row)
        if ids.is_removed(table, row, uuid, pieces=or_zero(count, row["inventory_count"])):
            continue
        wanted = name(row["display_name"]) or name(row["slug"]) or f"No name {row['id']}"
        title = free_name(wanted, uuid, names)
        if title != wanted:
            report.changed("name_taken", table, row["id"], f"another one is called like it; it is {title[:80]!r} here")
        address = slug(row["slug"]) or slug(wanted) or f"{table}-{row['id']}"
        while slugs.get(address, uuid) != uuid:
            address = f"{address}-{row['id']}"[-200:]
        slugs[address] = uuid
        values: dict[str, Any] = {"display_name": title, "slug": address}
        if is_good:
            values["packaging_instructions"] = long_text(report, table, row, "packaging_instructions")
            parts = (long_text(report, table, row, "description"), long_text(report, table, row, "notes"))
            values["notes"] = "\n\n".join(part for part in parts if part.strip())
        tell_spelling(report, table, row["id"], row["display_name"])
        (catalogue.goods if is_good else catalogue.units).append(Row(uuid, values, {}, table, row["id"]))
        (catalogue.good_of if is_good else catalogue.unit_of)[row["id"]] = (uuid, title)
        report.brought[table].append(uuid)


def long_text(report: Report, table: str, row: Any, column: str) -> str:
    """Return a text of any length; one that was cut is told, a very long one too."""
    found = text(row[column])
    if len(found) > LONGEST_TEXT:
        report.changed("text_cut", table, row["id"], f"its {column} is cut to {LONGEST_TEXT} characters")
        return found[:LONGEST_TEXT]
    if len(found) > 4000:
        report.note("very_long_notes", table, row["id"], f"its {column} of {len(found)} characters come over whole")
    return found


def tell_spelling(report: Report, table: str, pk: int, value: Any) -> None:
    """Note a name with characters beyond letters of English, so that somebody looks whether it arrived well."""
    if any(ord(c) > 126 or c in "\"'<>\\`" or ord(c) < 32 for c in text(value)):
        report.note("special_characters", table, pk, f"its name has special characters: {name(value)[:120]}")
