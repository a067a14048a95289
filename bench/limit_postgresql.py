"""The limit on PostgreSQL: prepared statements of constant text, arrays instead of rows of placeholders."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from django.utils import timezone

from bench.limit import FIRST_LOTS, Found, Taken, allocate, total
from packaging.costs import per_unit

ORDER = """
SELECT finished_good_id, quantity - quantity_assembled FROM packaging_assemblyorder
WHERE id = %s AND status = 'open' AND NOT EXISTS (SELECT 1 FROM assembly_assemblyrun WHERE uuid = %s)
FOR NO KEY UPDATE
"""
LOCK = """
SELECT count(*) FROM (
  SELECT id FROM (SELECT id FROM packaging_finishedgood WHERE id = %(good)s FOR NO KEY UPDATE) goods
  UNION ALL
  SELECT id FROM (SELECT id FROM packaging_finishedunit WHERE id IN
    (SELECT finished_unit_id FROM packaging_composition WHERE order_id = %(order)s AND NOT is_archived)
    ORDER BY id FOR NO KEY UPDATE) units
  UNION ALL
  SELECT id FROM (SELECT id FROM packaging_product WHERE id IN
    (SELECT packaging_product_id FROM packaging_composition WHERE order_id = %(order)s AND NOT is_archived)
    ORDER BY id FOR NO KEY UPDATE) products
) locked
"""
PROMISED = """(SELECT coalesce(sum(a.quantity_assigned - a.quantity_consumed), 0)
FROM packaging_compositionassignment a JOIN packaging_composition owner ON owner.id = a.composition_id
WHERE a.inventory_item_id = l.id AND a.quantity_assigned > a.quantity_consumed AND owner.order_id IS NOT NULL)"""
PLAN = f"""
SELECT c.id, c.component_quantity, c.finished_unit_id, NULL::bigint, l.id, l.quantity, l.value, l.lot_code,
  u.display_name, 'piece', '', 0::numeric, NULL::bigint, 0::numeric,
  c.sort_order, l.expires_on AS food, l.received_on AS since, NULL::timestamptz AS promised_at
FROM packaging_composition c JOIN packaging_finishedunit u ON u.id = c.finished_unit_id
CROSS JOIN LATERAL (
  SELECT * FROM packaging_inventoryitem i WHERE i.finished_unit_id = c.finished_unit_id AND i.quantity > 0
    AND i.received_on <= %(day)s AND (i.expires_on IS NULL OR i.expires_on >= %(day)s)
  ORDER BY i.expires_on, i.received_on, i.id LIMIT {FIRST_LOTS}) l
WHERE c.order_id = %(order)s AND NOT c.is_archived
UNION ALL
SELECT c.id, c.component_quantity, NULL, c.packaging_product_id, l.id, l.quantity, l.value, l.lot_code,
  g.name, g.unit, p.design, {PROMISED}, NULL, 0, c.sort_order, NULL, l.received_on, NULL
FROM packaging_composition c JOIN packaging_product p ON p.id = c.packaging_product_id
JOIN packaging_genericproduct g ON g.id = p.generic_product_id
CROSS JOIN LATERAL (
  SELECT * FROM packaging_inventoryitem i WHERE i.product_id = c.packaging_product_id AND i.quantity > 0
    AND i.received_on <= %(day)s AND (i.expires_on IS NULL OR i.expires_on >= %(day)s)
  ORDER BY i.received_on, i.id LIMIT {FIRST_LOTS}) l
WHERE c.order_id = %(order)s AND NOT c.is_archived AND NOT c.is_generic
UNION ALL
SELECT c.id, c.component_quantity, NULL, l.product_id, l.id, l.quantity, l.value, l.lot_code,
  g.name, g.unit, p.design, {PROMISED}, o.id, o.quantity_assigned - o.quantity_consumed,
  c.sort_order, NULL, l.received_on, o.assigned_at
FROM packaging_composition c JOIN packaging_compositionassignment o ON o.composition_id = c.id
JOIN packaging_inventoryitem l ON l.id = o.inventory_item_id AND l.received_on <= %(day)s
JOIN packaging_product p ON p.id = l.product_id JOIN packaging_genericproduct g ON g.id = p.generic_product_id
WHERE c.order_id = %(order)s AND NOT c.is_archived AND c.is_generic AND o.quantity_assigned > o.quantity_consumed
ORDER BY sort_order, 1, promised_at, 13, food, since, 5
"""  # nosec B608 # noqa: S608 - of constants alone
GOODS_LOT = """
INSERT INTO packaging_inventoryitem (uuid, created_at, updated_at, finished_good_id, order_id, lot_code, supplier,
  received_on, location, quantity_received, quantity, total_cost, value, is_cost_known, notes)
VALUES (gen_random_uuid(), %(now)s, %(now)s, %(good)s, %(order)s, '', '', %(day)s, '', %(pieces)s, %(pieces)s,
  %(total)s, %(total)s, true, '')
RETURNING id
"""
RUN = """
INSERT INTO assembly_assemblyrun (uuid, created_at, updated_at, finished_good_id, order_id, quantity_assembled,
  assembled_at, notes, total_component_cost, per_unit_cost, packaging_bypassed, recorded_by_id, goods_lot_id,
  is_imported, void_reason)
VALUES (%(key)s, %(now)s, %(now)s, %(good)s, %(order)s, %(pieces)s, %(now)s, '', %(total)s, %(each)s, false, %(by)s,
  %(lot)s, false, '')
RETURNING id
"""
MOVEMENTS = """
INSERT INTO packaging_stockmovement (uuid, created_at, updated_at, inventory_item_id, kind, quantity, value, reason,
  created_by_id, order_id, composition_id)
SELECT gen_random_uuid(), %(now)s, %(now)s, lot, kind, quantity, value, '', %(by)s, %(order)s, line
FROM unnest(%(lots)s::bigint[], %(kinds)s::text[], %(quantities)s::numeric[], %(values)s::numeric[],
  %(lines)s::bigint[]) AS made (lot, kind, quantity, value, line)
RETURNING id
"""
UNITS = """
INSERT INTO assembly_assemblyfinishedunitconsumption (uuid, created_at, updated_at, kind, reason, composition_id,
  movement_id, item_name, lot_code, is_cost_known, assembly_run_id, finished_unit_id, quantity_consumed,
  unit_cost_at_consumption, total_cost)
SELECT gen_random_uuid(), %(now)s, %(now)s, 'planned', '', line, movement, name, label, true, %(run)s, item, quantity,
  each, cost
FROM unnest(%(lines)s::bigint[], %(movements)s::bigint[], %(names)s::text[], %(labels)s::text[], %(items)s::bigint[],
  %(quantities)s::numeric[], %(eaches)s::numeric[], %(costs)s::numeric[])
  AS used (line, movement, name, label, item, quantity, each, cost)
"""
PACKAGING = """
INSERT INTO assembly_assemblypackagingconsumption (uuid, created_at, updated_at, kind, reason, composition_id,
  movement_id, item_name, lot_code, is_cost_known, assembly_run_id, product_id, quantity_consumed,
  unit_cost_at_consumption, total_cost, unit, late_cost, design, quantity_promised)
SELECT gen_random_uuid(), %(now)s, %(now)s, 'planned', '', line, movement, name, label, true, %(run)s, item, quantity,
  each, cost, unit, 0, design, promised
FROM unnest(%(lines)s::bigint[], %(movements)s::bigint[], %(names)s::text[], %(labels)s::text[], %(items)s::bigint[],
  %(quantities)s::numeric[], %(eaches)s::numeric[], %(costs)s::numeric[], %(units)s::text[], %(designs)s::text[],
  %(promised)s::numeric[])
  AS used (line, movement, name, label, item, quantity, each, cost, unit, design, promised)
"""
LOTS = """
UPDATE packaging_inventoryitem SET quantity = packaging_inventoryitem.quantity - gone.quantity,
  value = packaging_inventoryitem.value - gone.value, updated_at = %(now)s
FROM unnest(%(lots)s::bigint[], %(quantities)s::numeric[], %(values)s::numeric[]) AS gone (lot, quantity, value)
WHERE packaging_inventoryitem.id = gone.lot
"""
PROMISES = """
UPDATE packaging_compositionassignment SET quantity_consumed = quantity_consumed + used.quantity, updated_at = %(now)s
FROM unnest(%(promises)s::bigint[], %(quantities)s::numeric[]) AS used (promise, quantity)
WHERE packaging_compositionassignment.id = used.promise
"""
DONE = """
UPDATE packaging_assemblyorder SET quantity_assembled = quantity_assembled + %(pieces)s, version = version + 1,
  updated_at = %(now)s
WHERE id = %(order)s
"""


class PostgresqlLimit:
    """Records by hand-written statements on one connection."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Connect to the database that Django's settings name."""
        known: dict[str, Any] = {
            name.lower(): settings[name] for name in ("USER", "PASSWORD", "HOST", "PORT") if settings[name]
        }
        of_django = {
            "pool",
            "server_side_binding",
            "prepare_threshold",
        }  # what the driver itself does not know, or not so
        options = {name: value for name, value in settings["OPTIONS"].items() if name not in of_django}
        self.connection = psycopg.connect(dbname=settings["NAME"], **known, **options, autocommit=True)
        self.cursor = self.connection.cursor()

    def close(self) -> None:
        """Let the connection go."""
        self.connection.close()

    def record(self, order_id: int, quantity: int, by: int, key: UUID) -> int:
        """Record so many pieces for an order, and return the run."""
        with self.connection.transaction():
            return self._record(order_id, quantity, by, key)

    def _record(self, order_id: int, quantity: int, by: int, key: UUID) -> int:
        found = self._do(ORDER, (order_id, key)).fetchone()
        if found is None or found[1] < quantity:
            raise ValueError("The order does not take these pieces.")
        same: dict[str, Any] = {"good": found[0], "order": order_id, "by": by, "now": timezone.now()}
        self._do(LOCK, same)
        same["day"] = timezone.localdate(same["now"])
        taken = allocate((Found(*row[:14]) for row in self._do(PLAN, same).fetchall()), quantity)
        cost = total(taken)
        same |= {"pieces": quantity, "key": key, "total": cost, "each": per_unit(cost, quantity)}
        same["lot"] = self._id(GOODS_LOT, same)
        same["run"] = self._id(RUN, same)
        moved = {
            "lots": [*(row.found.lot_id for row in taken), same["lot"]],
            "kinds": ["consumed"] * len(taken) + ["assembled"],
            "quantities": [*(-row.quantity for row in taken), Decimal(quantity)],
            "values": [*(-row.cost for row in taken), cost],
            "lines": [*(row.found.line_id for row in taken), None],
        }
        numbers = [number for (number,) in self._do(MOVEMENTS, {**same, **moved}).fetchall()]
        used = list(zip(taken, numbers, strict=False))
        self._use(UNITS, same, [(row, number) for row, number in used if row.found.unit_id])
        self._use(PACKAGING, same, [(row, number) for row, number in used if row.found.product_id])
        gone = {
            "lots": moved["lots"][:-1],
            "quantities": [row.quantity for row in taken],
            "values": [row.cost for row in taken],
        }
        self._do(LOTS, {**same, **gone})
        if promised := [row for row in taken if row.found.promise_id]:
            kept = {
                "promises": [row.found.promise_id for row in promised],
                "quantities": [row.quantity for row in promised],
            }
            self._do(PROMISES, {**same, **kept})
        self._do(DONE, same)
        return int(same["run"])

    def _use(self, sql: str, same: dict[str, Any], used: list[tuple[Taken, int]]) -> None:
        """Write the ledger of units or of packaging."""
        rows = [row for row, _number in used]
        columns = {
            "lines": [row.found.line_id for row in rows],
            "movements": [number for _row, number in used],
            "names": [row.found.name for row in rows],
            "labels": [row.found.label or f"#{row.found.lot_id}" for row in rows],
            "items": [row.found.unit_id or row.found.product_id for row in rows],
            "quantities": [row.quantity for row in rows],
            "eaches": [row.each for row in rows],
            "costs": [row.cost for row in rows],
            "units": [row.found.unit for row in rows],
            "designs": [row.found.design for row in rows],
            "promised": [row.quantity if row.found.promise_id else Decimal(0) for row in rows],
        }
        self._do(sql, {**same, **columns})

    def _id(self, sql: str, values: dict[str, Any]) -> int:
        row = self._do(sql, values).fetchone()
        assert row is not None  # an insert returns its row
        return int(row[0])

    def _do(self, sql: str, values: Any) -> psycopg.Cursor[Any]:
        return self.cursor.execute(sql.encode(), values, prepare=True)
