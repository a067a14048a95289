"""The rows of a run, written as sets: the same text for both databases, one statement for each table.

It is the hot write of the program, so it is written by hand. With the ORM it says, in this order:

    InventoryItem(finished_good=…, order=…, quantity=pieces, value=total, …).save()          # GOODS_LOT
    AssemblyRun(uuid=key, order=…, quantity_assembled=pieces, goods_lot=…, …).save()         # RUN
    StockMovement.objects.bulk_create([*one for each thing taken, the goods])                # MOVEMENTS
    AssemblyFinishedUnitConsumption.objects.bulk_create(…)                                   # UNITS
    AssemblyPackagingConsumption.objects.bulk_create(…)                                      # PACKAGING
    AssemblyFinishedGoodConsumption.objects.bulk_create(…)                                   # GOODS
    InventoryItem.objects.bulk_update(lots, ["quantity", "value", "updated_at"])             # LOTS
    CompositionAssignment.objects.bulk_update(promises, ["quantity_assigned", …])            # PROMISES
    order.save(update_fields=["quantity_assembled", "version", "updated_at"])                # ORDER

SQLite runs one after another, and finds what an earlier one wrote by its uuid. PostgreSQL takes all of them as one
statement, each handing its new ids to the next. `assembly/tests/test_write_sql.py` compares every row and its stored
type with what the ORM writes.
"""

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from django.db import connection

# What stands in each row of a list, and what PostgreSQL is to make of it.
TAKEN = {
    "uuid": "uuid",
    "movement": "uuid",  # its uuid
    "item": "text",  # "unit", "product" or "good"
    "item_id": "bigint",
    "lot": "bigint",
    "line": "bigint",
    "moved": "text",  # the movement's kind
    "kind": "text",
    "reason": "text",
    "item_name": "text",
    "lot_code": "text",
    "is_cost_known": "boolean",
    "quantity": "numeric",
    "unit_cost": "numeric",
    "cost": "numeric",
    "unit": "text",
    "design": "text",
    "promised": "numeric",
}
REMAINS = {"id": "bigint", "quantity": "numeric", "value": "numeric"}
KEPT = {"id": "bigint", "assigned": "numeric", "consumed": "numeric"}
ITEM = list(TAKEN).index("item")
# What is said once.
ONCE = {
    "now": "timestamptz",
    "good": "bigint",
    "order": "bigint",
    "by": "integer",
    "pieces": "integer",
    "total": "numeric",
    "per_unit": "numeric",
    "is_cost_known": "boolean",
    "on": "date",
    "goods_uuid": "uuid",
    "made_uuid": "uuid",
    "key": "uuid",
    "assembled_at": "timestamptz",
    "notes": "text",
    "is_bypassed": "boolean",
    "anyway_notes": "text",
    "replaces": "bigint",
    "sheet": "uuid",
    "assembled": "integer",
    "version": "integer",
    "counted": "bigint",  # the order again, or NULL when it counts these pieces already
}

GOODS_LOT = """
INSERT INTO packaging_inventoryitem (uuid, created_at, updated_at, finished_good_id, order_id, lot_code, supplier,
    received_on, location, quantity_received, quantity, total_cost, value, is_cost_known, notes)
VALUES (%(goods_uuid)s, %(now)s, %(now)s, %(good)s, %(order)s, '', '',
    %(on)s, '', %(pieces)s, %(pieces)s, %(total)s, %(total)s, %(is_cost_known)s, '')
"""
RUN = """
INSERT INTO assembly_assemblyrun (uuid, created_at, updated_at, finished_good_id, order_id, quantity_assembled,
    assembled_at, notes, total_component_cost, per_unit_cost, packaging_bypassed, packaging_bypass_notes,
    recorded_by_id, goods_lot_id, replaces_id, is_imported, sheet, void_reason)
SELECT %(key)s, %(now)s, %(now)s, %(good)s, %(order)s, %(pieces)s,
    %(assembled_at)s, %(notes)s, %(total)s, %(per_unit)s, %(is_bypassed)s, %(anyway_notes)s,
    %(by)s, goods_lot.id, %(replaces)s, FALSE, %(sheet)s, ''
FROM goods_lot
"""
MOVEMENTS = """
INSERT INTO packaging_stockmovement (uuid, created_at, updated_at, inventory_item_id, kind, quantity, value, reason,
    created_by_id, order_id, composition_id)
SELECT uuid, %(now)s, %(now)s, lot, kind, quantity, value, reason, %(by)s, %(order)s, line
FROM (
    SELECT n, movement AS uuid, lot, moved AS kind, -quantity AS quantity, -cost AS value, reason, line FROM taken
    UNION ALL
    SELECT 1000000, %(made_uuid)s, goods_lot.id, 'assembled', %(pieces)s, %(total)s, '', NULL FROM goods_lot
) moved ORDER BY n
"""
CONSUMPTION = """
INSERT INTO {table} (uuid, created_at, updated_at, assembly_run_id, movement_id, kind, reason, composition_id,
    item_name, lot_code, is_cost_known, quantity_consumed, unit_cost_at_consumption, total_cost, {columns})
SELECT taken.uuid, %(now)s, %(now)s, run.id, movements.id, taken.kind, taken.reason, taken.line,
    taken.item_name, taken.lot_code, taken.is_cost_known, taken.quantity, taken.unit_cost, taken.cost, {values}
FROM taken CROSS JOIN run JOIN movements ON movements.uuid = taken.movement
WHERE taken.item = '{item}' ORDER BY taken.n
"""
LOTS = """
UPDATE packaging_inventoryitem AS lot SET quantity = remains.quantity, value = remains.value, updated_at = %(now)s
FROM remains WHERE lot.id = remains.id
"""
PROMISES = """
UPDATE packaging_compositionassignment AS promise
SET quantity_assigned = kept.assigned, quantity_consumed = kept.consumed, updated_at = %(now)s
FROM kept WHERE promise.id = kept.id
"""
ORDER = """
UPDATE packaging_assemblyorder SET quantity_assembled = %(assembled)s, version = %(version)s, updated_at = %(now)s
WHERE id = %(counted)s
"""
UNITS = CONSUMPTION.format(
    table="assembly_assemblyfinishedunitconsumption", item="unit", columns="finished_unit_id", values="taken.item_id"
)
GOODS = CONSUMPTION.format(
    table="assembly_assemblyfinishedgoodconsumption", item="good", columns="finished_good_id", values="taken.item_id"
)
PACKAGING = CONSUMPTION.format(
    table="assembly_assemblypackagingconsumption",
    item="product",
    columns="product_id, unit, design, quantity_promised, late_cost",
    values="taken.item_id, taken.unit, taken.design, taken.promised, 0",
)
STEPS = {  # each with what it asks for: the lists, and the ids of rows that steps before it wrote
    "goods_lot": (GOODS_LOT, ()),
    "run": (RUN, ("goods_lot",)),
    "movements": (MOVEMENTS, ("taken", "goods_lot")),
    "units": (UNITS, ("taken", "run", "movements")),
    "packaging": (PACKAGING, ("taken", "run", "movements")),
    "goods": (GOODS, ("taken", "run", "movements")),
    "lots": (LOTS, ("remains",)),
    "promises": (PROMISES, ("kept",)),
    "counts": (ORDER, ()),
}
LISTS = {"taken": TAKEN, "remains": REMAINS, "kept": KEPT}


def _sqlite_list(name: str) -> str:
    columns = (f"json_extract(value, '$[{place}]') AS {column}" for place, column in enumerate(LISTS[name]))
    return f"{name} AS (SELECT key AS n, {', '.join(columns)} FROM json_each(%({name})s))"  # nosec B608 # noqa: S608 - names of ours


def _postgres_list(name: str) -> str:
    columns = (f"(value->>{place})::{kind} AS {column}" for place, (column, kind) in enumerate(LISTS[name].items()))
    rows = f"jsonb_array_elements(%({name})s::jsonb) WITH ORDINALITY AS list(value, n)"
    return f"{name} AS (SELECT n, {', '.join(columns)} FROM {rows})"  # nosec B608 # noqa: S608 - names of ours


def _sqlite_step(name: str) -> str:
    found = {
        **{word: _sqlite_list(word) for word in LISTS},
        "goods_lot": "goods_lot AS (SELECT id FROM packaging_inventoryitem WHERE uuid = %(goods_uuid)s)",
        "run": "run AS (SELECT id FROM assembly_assemblyrun WHERE uuid = %(key)s)",
        "movements": "movements AS (SELECT id, uuid FROM packaging_stockmovement)",
    }
    text, asked = STEPS[name]
    return f"WITH {', '.join(found[word] for word in asked)} {text}" if asked else text


def _postgres_steps() -> str:
    typed = {name: f"%({name})s::{kind}" for name, kind in ONCE.items()}
    # Updates name the keys once more: by the join alone a table may be read from end to end, for an empty list too.
    more = {
        "goods_lot": "RETURNING id",
        "run": "RETURNING id",
        "movements": "RETURNING id, uuid",
        "lots": "AND lot.id = ANY (ARRAY(SELECT id FROM remains))",
        "promises": "AND promise.id = ANY (ARRAY(SELECT id FROM kept))",
    }
    lists = ", ".join(map(_postgres_list, LISTS))
    steps = ", ".join(f"{name} AS ({text % typed} {more.get(name, '')})" for name, (text, _asked) in STEPS.items())
    ids = "SELECT run.id, goods_lot.id FROM run CROSS JOIN goods_lot"
    return f"WITH {lists}, {steps} {ids}"


SQLITE = {name: _sqlite_step(name) for name in STEPS}
POSTGRESQL = _postgres_steps()


def write_rows(
    once: Mapping[str, Any],
    taken: Sequence[Sequence[Any]],
    remains: Sequence[Sequence[Any]],
    kept: Sequence[Sequence[Any]],
) -> tuple[int, int]:
    """Write a run, and return the ids of it and of its lot of goods.

    `once` has the values of `ONCE`, each list its rows; uuids as hex, amounts in lists as text.
    """
    values = {**once, "taken": dumps(taken), "remains": dumps(remains), "kept": dumps(kept)}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL, values)
            run_id, lot_id = cursor.fetchone()
            return run_id, lot_id
        ids = {}
        for name in _needed(once, taken, remains, kept):
            cursor.execute(SQLITE[name], values)
            ids[name] = cursor.lastrowid
        return ids["run"], ids["goods_lot"]


def _needed(
    once: Mapping[str, Any],
    taken: Sequence[Sequence[Any]],
    remains: Sequence[Sequence[Any]],
    kept: Sequence[Sequence[Any]],
) -> list[str]:
    """Return the steps that write anything, in their order."""
    items = {row[ITEM] for row in taken}
    idle = {
        "units": "unit" not in items,
        "packaging": "product" not in items,
        "goods": "good" not in items,
        "lots": not remains,
        "promises": not kept,
        "counts": once["counted"] is None,
    }
    return [name for name in STEPS if not idle.get(name)]
