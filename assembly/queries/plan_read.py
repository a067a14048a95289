"""Everything that a run's plan needs, read in one statement: the order, its lines, and the lots they most likely take.

It is the hot read of the program, so it is written by hand. With the ORM it says:

    order = AssemblyOrder.objects.get(pk=order_id)
    lines = Composition.objects.of_order(order_id)                # or recipe_of(good_id)
    for line in lines:                                            # each lot with its product, unit, good and order
        lots = InventoryItem.objects.on_hand()                    # not for a generic line
            .filter(product=line.packaging_product)               # or the line's unit, or its nested good
            .filter(received_on__lte=on).exclude(expires_on__lt=on)[:FIRST]    # in the order of R5 and R23
        lots |= lots promised to the line, and the lots that were named
        for lot in lots:
            promises = lot.assignments.outstanding()
    is_sent = AssemblyRun.objects.filter(uuid=key).exists()

`assembly/tests/test_plan_read.py` holds it to `lots_for` on random bills of materials, and its plan to the indexes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from json import dumps
from typing import Any
from uuid import UUID

from django.db import connection

from packaging.availability import Item, Lot, Part, Promise
from packaging.models import AssemblyOrder
from packaging.queries.shelf import LOT_COLUMNS, lot_of

FIRST = 16  # lots of each line are looked at; a run that needs more reads the whole shelf

# The first lots of a line as far as it needs them, if nothing of them is promised.
# On SQLite Django writes the predicate of the partial indexes as `quantity > '0'`: another literal scans the table.
ENOUGH = """SELECT lot_id FROM (
        SELECT lot_id, sum(quantity) OVER (ORDER BY {turn}) - quantity AS before FROM (
            SELECT {columns} FROM packaging_inventoryitem free
            WHERE free.{item} AND free.quantity > '0' AND free.received_on <= %(on)s
                AND (free.expires_on IS NULL OR free.expires_on >= %(on)s){allowed}
            ORDER BY {turn} LIMIT %(first)s) first_ones) enough
        WHERE before < line.component_quantity * %(pieces)s"""
# The ids of what each line may take.
THESE = """
    {packaging}
    UNION ALL {units}
    UNION ALL {goods}
    UNION ALL
        SELECT own.inventory_item_id FROM packaging_compositionassignment own
        WHERE own.composition_id = line.id AND own.quantity_assigned > own.quantity_consumed
    UNION ALL
        SELECT {each} FROM {named}
"""
READ = """{first}
SELECT {order}, EXISTS (SELECT 1 FROM assembly_assemblyrun sent WHERE sent.uuid = %(key)s),
    line.id, line.component_quantity, line.is_generic,
    line.packaging_product_id, line.finished_unit_id, line.finished_good_id,
    template.generic_product_id, asked.is_divisible,
    lot.id, lot.product_id, lot.finished_unit_id, lot.finished_good_id, lot.quantity, lot.value, lot.received_on,
    lot.expires_on, lot.is_cost_known, lot.quantity_received, lot.total_cost, lot.lot_code,
    design.generic_product_id, kind.name, kind.unit, kind.is_divisible, design.design, unit.display_name,
    inner_good.display_name, made_for.event_id, made_for.status,
    promise.id, promise.composition_id, promise.quantity_assigned, promise.quantity_consumed, promise.assigned_at
FROM {owner}
LEFT JOIN {template} ON template.id = line.packaging_product_id
LEFT JOIN {asked} ON asked.id = template.generic_product_id
LEFT JOIN {lot}
LEFT JOIN {design} ON design.id = lot.product_id
LEFT JOIN {kind} ON kind.id = design.generic_product_id
LEFT JOIN {unit} ON unit.id = lot.finished_unit_id
LEFT JOIN {inner_good} ON inner_good.id = lot.finished_good_id
LEFT JOIN {made_for} ON made_for.id = lot.order_id
LEFT JOIN {promise}
ORDER BY line.sort_order, line.id, lot.received_on, lot.id, promise.id
"""
# On PostgreSQL each table is asked once, by a list of keys, before anything is joined. In a join of the tables its
# planner may read one from end to end, or once for each row, when its statistics are old or missing.
BY_KEYS = """
WITH line AS MATERIALIZED (
    SELECT * FROM packaging_composition line WHERE {lines}
), chosen AS MATERIALIZED (
    SELECT line.id AS line_id, these.id
    FROM line CROSS JOIN LATERAL (SELECT DISTINCT id FROM ({these}) any_of(id)) these
), lot AS MATERIALIZED (
    SELECT * FROM packaging_inventoryitem WHERE id = ANY (ARRAY(SELECT id FROM chosen))
), promise AS MATERIALIZED (
    SELECT * FROM packaging_compositionassignment promise
    WHERE inventory_item_id = ANY (ARRAY(SELECT id FROM lot)) AND {is_promised}
), made_for AS MATERIALIZED (
    SELECT id, event_id, status FROM packaging_assemblyorder WHERE id = ANY (ARRAY(SELECT order_id FROM lot))
), product AS MATERIALIZED (
    SELECT id, generic_product_id, design FROM packaging_product
    WHERE id = ANY (ARRAY(SELECT product_id FROM lot UNION ALL SELECT packaging_product_id FROM line))
), generic AS MATERIALIZED (
    SELECT id, name, unit, is_divisible FROM packaging_genericproduct
    WHERE id = ANY (ARRAY(SELECT generic_product_id FROM product))
), unit AS MATERIALIZED (
    SELECT id, display_name FROM packaging_finishedunit WHERE id = ANY (ARRAY(SELECT finished_unit_id FROM lot))
), good AS MATERIALIZED (
    SELECT id, display_name FROM packaging_finishedgood WHERE id = ANY (ARRAY(SELECT finished_good_id FROM lot))
)"""
IS_PROMISED = """promise.quantity_assigned > promise.quantity_consumed
    AND (SELECT order_id FROM packaging_composition holder WHERE holder.id = promise.composition_id) IS NOT NULL"""
TABLES = {
    "sqlite": {
        "line": "packaging_composition line",
        "template": "packaging_product template",
        "asked": "packaging_genericproduct asked",
        "lot": "packaging_inventoryitem lot ON lot.id IN ({these})",
        "design": "packaging_product design",
        "kind": "packaging_genericproduct kind",
        "unit": "packaging_finishedunit unit",
        "inner_good": "packaging_finishedgood inner_good",
        "made_for": "packaging_assemblyorder made_for",
        "promise": "packaging_compositionassignment promise ON promise.inventory_item_id = lot.id AND {is_promised}",
    },
    "postgresql": {
        "line": "line",
        "template": "product template",
        "asked": "generic asked",
        "lot": "chosen ON chosen.line_id = line.id LEFT JOIN lot ON lot.id = chosen.id",
        "design": "product design",
        "kind": "generic kind",
        "unit": "unit",
        "inner_good": "good inner_good",
        "made_for": "made_for",
        "promise": "promise ON promise.inventory_item_id = lot.id",
    },
}
ORDER = ("id", "finished_good_id", "event_id", "quantity", "quantity_assembled", "due_on", "status", "version", "notes")
AMOUNTS = [LOT_COLUMNS.index(name) for name in ("quantity", "value", "quantity_received", "total_cost")]
PACKAGING = ENOUGH.format(
    columns="free.id AS lot_id, free.quantity, free.received_on",
    item="product_id = line.packaging_product_id AND NOT line.is_generic",
    allowed="",
    turn="received_on, lot_id",
)
UNITS = ENOUGH.format(
    columns="free.id AS lot_id, free.quantity, free.received_on, free.expires_on",
    item="finished_unit_id = line.finished_unit_id",
    allowed="",
    turn="expires_on NULLS LAST, received_on, lot_id",
)
# Goods of the same event come first, those of other open orders last, and only when they may be taken.
TURN = """coalesce((SELECT CASE WHEN made.event_id = {event} THEN 0 WHEN made.status = 'open' THEN 2 ELSE 1 END
                FROM packaging_assemblyorder made WHERE made.id = free.order_id), 1)"""
GOODS = ENOUGH.format(
    columns=f"free.id AS lot_id, free.quantity, free.received_on, free.expires_on, {TURN} AS turn",
    item="finished_good_id = line.finished_good_id",
    allowed=f" AND (%(others)s OR {TURN} < 2)",
    turn="turn, expires_on NULLS LAST, received_on, lot_id",
)
EVENT = "(SELECT event_id FROM packaging_assemblyorder WHERE id = %(owner)s)"
OF_ORDER = {
    "order": ", ".join(f"owner.{name}" for name in ORDER),
    "owner": "(SELECT * FROM packaging_assemblyorder WHERE id = %(owner)s) owner LEFT JOIN {line} ON {lines}",
    "lines": "line.order_id = %(owner)s AND NOT line.is_archived",
    "goods": GOODS.format(event=EVENT),
}
OF_RECIPE = {
    "order": ", ".join("NULL" for _name in ORDER),
    "owner": "(SELECT * FROM {line} WHERE {lines}) line",
    "lines": "line.assembly_id = %(owner)s AND line.order_id IS NULL AND NOT line.is_archived",
    "goods": GOODS.format(event="NULL"),
}
NAMED = {
    "sqlite": {"each": "value", "named": "json_each(%(named)s)"},
    "postgresql": {"each": "named.value::bigint", "named": "jsonb_array_elements_text(%(named)s::jsonb) named"},
}


def _text(vendor: str, subject: dict[str, str]) -> str:
    these = THESE.format(packaging=PACKAGING, units=UNITS, **subject, **NAMED[vendor])
    tables = {name: table.format(these=these, is_promised=IS_PROMISED) for name, table in TABLES[vendor].items()}
    owner = subject["owner"].format(**subject, **tables)
    first = BY_KEYS.format(these=these, is_promised=IS_PROMISED, **subject) if vendor == "postgresql" else ""
    return READ.format(**{**subject, **tables, "owner": owner, "first": first})


TEXTS = {
    (vendor, what): _text(vendor, subject)
    for vendor in TABLES
    for what, subject in (("order", OF_ORDER), ("recipe", OF_RECIPE))
}


@dataclass(frozen=True)
class PlanRead:
    """What was found: `parts` are the lines in force, without names, and `lots` the beginning of the shelf.

    `lots` holds all promises of the lines, and whatever else was promised of the lots on it; what more lots there are
    of an item comes after these. Of a recipe there is no `order`, nor of one that is not there.
    """

    order: AssemblyOrder | None
    is_sent: bool  # a run with this key was there before (R30)
    parts: Sequence[Part]
    lots: Sequence[Lot]


def read_plan(
    *,
    order_id: int | None = None,
    good_id: int | None = None,
    pieces: int,
    on: date,
    key: UUID,
    named: Collection[int] = (),
    from_other_orders: bool = False,
) -> PlanRead:
    """Read what a run of an order, or by the recipe of a good, needs to be planned; the caller holds the locks.

    `named` are lots that are on the shelf besides, whatever they hold.
    """
    words = {
        "owner": good_id if order_id is None else order_id,
        "on": on,
        "key": key.hex,
        "named": dumps(list(named)),
        "others": from_other_orders,
        "pieces": pieces,
        "first": FIRST,
    }
    with connection.cursor() as cursor:
        cursor.execute(TEXTS[connection.vendor, "recipe" if order_id is None else "order"], words)
        rows = cursor.fetchall()
    if not rows:
        return PlanRead(None, False, (), ())
    order = None if order_id is None else AssemblyOrder.from_db(connection.alias, ORDER, rows[0][: len(ORDER)])
    parts, lots = _picture([row[len(ORDER) + 1 :] for row in rows])
    return PlanRead(order, bool(rows[0][len(ORDER)]), parts, lots)


def _picture(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Part], list[Lot]]:
    """Return lines and lots, each once: a lot comes with every line that may take it, and once for each promise."""
    parts: dict[int, Part] = {}
    shown: dict[int, tuple[int, tuple[Any, ...], list[Promise]]] = {}  # by lot: the line it came with first, and more
    for row in rows:
        line_id, lot_id, promise_id = row[0], row[8], row[29]
        if line_id is None:
            continue
        if line_id not in parts:
            parts[line_id] = _part(row)
        if lot_id is None:
            continue
        if lot_id not in shown:
            shown[lot_id] = (line_id, row, [])
        first_line, _row, promises = shown[lot_id]
        if promise_id is not None and first_line == line_id:
            assigned, consumed = _amount(row[31]), _amount(row[32])
            promises.append(Promise(promise_id, row[30], assigned - consumed, _moment(row[33]), consumed))
    return list(parts.values()), [_lot(row, promises) for _line_id, row, promises in shown.values()]


def _part(row: tuple[Any, ...]) -> Part:
    line_id, per_one, is_generic, product_id, unit_id, good_id, generic_id, is_divisible = row[:8]
    return Part(
        line_id,
        _item(product_id, unit_id, good_id),
        _amount(per_one),
        not is_divisible,
        generic_id=generic_id,
        is_generic=bool(is_generic),
    )


def _lot(row: tuple[Any, ...], promises: list[Promise]) -> Lot:
    values = list(row[8:29])
    for place in AMOUNTS:
        values[place] = _amount(values[place])
    return lot_of(values, tuple(promises))


def _item(product_id: int | None, unit_id: int | None, good_id: int | None) -> Item:
    if product_id is not None:
        return ("product", product_id)
    if unit_id is not None:
        return ("unit", unit_id)
    assert good_id is not None  # the constraints packaging_comp_one_part_ck and packaging_lot_one_item_ck
    return ("good", good_id)


_fifteen_digits = Context(prec=15).create_decimal_from_float  # as many as SQLite keeps; Django reads it so, too


def _amount(value: Decimal | int | float) -> Decimal:
    """Return a number as it was written: SQLite keeps whole ones as integers, all others as floats."""
    return _fifteen_digits(value) if isinstance(value, float) else Decimal(value)


def _moment(value: datetime) -> datetime:
    """Return a moment with its time zone, which SQLite does not keep."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)
