"""The limit on SQLite: WAL, IMMEDIATE, one connection, rows of placeholders."""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from bench.limit import FIRST_LOTS, Found, Taken, allocate, total
from packaging.costs import per_unit, round3, round4

ORDER = """
SELECT finished_good_id, quantity - quantity_assembled FROM packaging_assemblyorder
WHERE id = ? AND status = 'open' AND NOT EXISTS (SELECT 1 FROM assembly_assemblyrun WHERE uuid = ?)
"""
PROMISED = """(SELECT coalesce(sum(a.quantity_assigned - a.quantity_consumed), 0)
FROM packaging_compositionassignment a JOIN packaging_composition owner ON owner.id = a.composition_id
WHERE a.inventory_item_id = l.id AND a.quantity_assigned > a.quantity_consumed AND owner.order_id IS NOT NULL)"""
# Django writes the predicate of the partial indexes with a text, '0': another literal would scan the table.
PLAN = f"""
SELECT c.id, c.component_quantity, c.finished_unit_id, NULL, l.id, l.quantity, l.value, l.lot_code,
  u.display_name, 'piece', '', 0, NULL, 0,
  c.sort_order, NULL AS promised_at, coalesce(l.expires_on, '9') AS food, l.received_on AS since
FROM packaging_composition c JOIN packaging_finishedunit u ON u.id = c.finished_unit_id
JOIN packaging_inventoryitem l ON l.id IN (
  SELECT i.id FROM packaging_inventoryitem i WHERE i.finished_unit_id = c.finished_unit_id AND i.quantity > '0'
    AND i.received_on <= :day AND (i.expires_on IS NULL OR i.expires_on >= :day)
  ORDER BY i.expires_on NULLS LAST, i.received_on, i.id LIMIT {FIRST_LOTS})
WHERE c.order_id = :order AND NOT c.is_archived
UNION ALL
SELECT c.id, c.component_quantity, NULL, c.packaging_product_id, l.id, l.quantity, l.value, l.lot_code,
  g.name, g.unit, p.design, {PROMISED}, NULL, 0, c.sort_order, NULL, '', l.received_on
FROM packaging_composition c JOIN packaging_product p ON p.id = c.packaging_product_id
JOIN packaging_genericproduct g ON g.id = p.generic_product_id
JOIN packaging_inventoryitem l ON l.id IN (
  SELECT i.id FROM packaging_inventoryitem i WHERE i.product_id = c.packaging_product_id AND i.quantity > '0'
    AND i.received_on <= :day AND (i.expires_on IS NULL OR i.expires_on >= :day)
  ORDER BY i.received_on, i.id LIMIT {FIRST_LOTS})
WHERE c.order_id = :order AND NOT c.is_archived AND NOT c.is_generic
UNION ALL
SELECT c.id, c.component_quantity, NULL, l.product_id, l.id, l.quantity, l.value, l.lot_code,
  g.name, g.unit, p.design, {PROMISED}, o.id, o.quantity_assigned - o.quantity_consumed,
  c.sort_order, o.assigned_at, '', l.received_on
FROM packaging_composition c JOIN packaging_compositionassignment o ON o.composition_id = c.id
JOIN packaging_inventoryitem l ON l.id = o.inventory_item_id AND l.received_on <= :day
JOIN packaging_product p ON p.id = l.product_id JOIN packaging_genericproduct g ON g.id = p.generic_product_id
WHERE c.order_id = :order AND NOT c.is_archived AND c.is_generic AND o.quantity_assigned > o.quantity_consumed
ORDER BY sort_order, 1, promised_at, 13, food, since, 5
"""  # nosec B608 # noqa: S608 - of constants alone
GOODS_LOT = """
INSERT INTO packaging_inventoryitem (uuid, created_at, updated_at, finished_good_id, order_id, lot_code, supplier,
  received_on, location, quantity_received, quantity, total_cost, value, is_cost_known, notes)
VALUES (:uuid, :now, :now, :good, :order, '', '', :day, '', :pieces, :pieces, :total, :total, 1, '')
"""
RUN = """
INSERT INTO assembly_assemblyrun (uuid, created_at, updated_at, finished_good_id, order_id, quantity_assembled,
  assembled_at, notes, total_component_cost, per_unit_cost, packaging_bypassed, recorded_by_id, goods_lot_id,
  is_imported, void_reason)
VALUES (:key, :now, :now, :good, :order, :pieces, :now, '', :total, :each, 0, :by, :lot, 0, '')
"""
MOVEMENTS = """
INSERT INTO packaging_stockmovement (uuid, created_at, updated_at, inventory_item_id, kind, quantity, value, reason,
  created_by_id, order_id, composition_id)
VALUES {} RETURNING id
"""
UNITS = """
INSERT INTO assembly_assemblyfinishedunitconsumption (uuid, created_at, updated_at, kind, reason, is_cost_known,
  assembly_run_id, composition_id, movement_id, item_name, lot_code, finished_unit_id,
  quantity_consumed, unit_cost_at_consumption, total_cost)
VALUES {}
"""
PACKAGING = """
INSERT INTO assembly_assemblypackagingconsumption (uuid, created_at, updated_at, kind, reason, is_cost_known,
  assembly_run_id, composition_id, movement_id, item_name, lot_code, product_id, quantity_consumed,
  unit_cost_at_consumption, total_cost, late_cost, unit, design, quantity_promised)
VALUES {}
"""
LOTS = """
WITH gone (lot, quantity, value) AS (VALUES {})
UPDATE packaging_inventoryitem SET quantity = gone.quantity, value = gone.value, updated_at = ?
FROM gone WHERE packaging_inventoryitem.id = gone.lot
"""
PROMISES = """
WITH used (promise, quantity) AS (VALUES {})
UPDATE packaging_compositionassignment
SET quantity_consumed = round(quantity_consumed + used.quantity, 3), updated_at = ?
FROM used WHERE packaging_compositionassignment.id = used.promise
"""
DONE = """
UPDATE packaging_assemblyorder SET quantity_assembled = quantity_assembled + :pieces, version = version + 1,
  updated_at = :now
WHERE id = :order
"""


class SqliteLimit:
    """Records by hand-written statements on one connection."""

    def __init__(self, path: str | Path) -> None:
        """Connect with the settings that the program has."""
        self.connection = sqlite3.connect(path, timeout=20, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.execute("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        """Let the connection go."""
        self.connection.close()

    def record(self, order_id: int, quantity: int, by: int, key: UUID) -> int:
        """Record so many pieces for an order, and return the run."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            run = self._record(order_id, quantity, by, key)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return run

    def _record(self, order_id: int, quantity: int, by: int, key: UUID) -> int:
        do = self.connection.execute
        found = do(ORDER, (order_id, key.hex)).fetchone()
        if found is None or found[1] < quantity:
            raise ValueError("The order does not take these pieces.")
        moment = timezone.now()
        now, day = str(moment.replace(tzinfo=None)), str(timezone.localdate(moment))
        same: dict[str, Any] = {"good": found[0], "order": order_id, "by": by, "now": now, "day": day}
        taken = allocate(map(_found, do(PLAN, same).fetchall()), quantity)
        cost = total(taken)
        same |= {"pieces": quantity, "key": key.hex, "total": str(cost), "each": str(per_unit(cost, quantity))}
        lot = do(GOODS_LOT, {**same, "uuid": uuid4().hex}).lastrowid
        run = do(RUN, {**same, "lot": lot}).lastrowid
        assert run is not None  # an insert has a row
        moved: list[Any] = []
        for row in taken:
            moved += (uuid4().hex, now, now, row.found.lot_id, "consumed", str(-row.quantity), str(-row.cost), "")
            moved += (by, order_id, row.found.line_id)
        moved += (uuid4().hex, now, now, lot, "assembled", quantity, str(cost), "", by, order_id, None)
        numbers = [number for (number,) in do(_rows(MOVEMENTS, 11, len(taken) + 1), moved).fetchall()]
        used = list(zip(taken, numbers, strict=False))
        self._use(UNITS, now, run, [(row, number) for row, number in used if row.found.unit_id])
        self._use(PACKAGING, now, run, [(row, number) for row, number in used if row.found.product_id])
        left: list[Any] = []
        for row in taken:
            left += (row.found.lot_id, str(row.found.quantity - row.quantity), str(row.found.value - row.cost))
        do(_rows(LOTS, 3, len(taken)), [*left, now])
        if promised := [(row.found.promise_id, str(row.quantity)) for row in taken if row.found.promise_id]:
            do(_rows(PROMISES, 2, len(promised)), [*(value for pair in promised for value in pair), now])
        do(DONE, same)
        return run

    def _use(self, sql: str, now: str, run: int, used: Sequence[tuple[Taken, int]]) -> None:
        """Write the ledger of units or of packaging."""
        values: list[Any] = []
        for row, number in used:
            of = row.found
            values += (uuid4().hex, now, now, "planned", "", 1, run, of.line_id, number, of.name)
            values += (of.label or f"#{of.lot_id}", of.unit_id or of.product_id)
            values += (str(row.quantity), str(row.each), str(row.cost))
            if of.product_id:
                values += (0, of.unit, of.design, str(row.quantity) if of.promise_id else 0)
        if used:
            self.connection.execute(_rows(sql, len(values) // len(used), len(used)), values)


@cache
def _rows(sql: str, columns: int, rows: int) -> str:
    """Return the statement for so many rows: the same text each time, so that it is prepared once."""
    row = f"({', '.join('?' * columns)})"
    return sql.format(", ".join([row] * rows))


def _found(row: Any) -> Found:
    """Return a row of the plan with exact amounts: SQLite keeps them as numbers of its own."""
    (line, per_one, unit, product, lot, quantity, value, label, name, piece, design, promised, promise, own, *_) = row
    return Found(
        line,
        round3(Decimal(per_one)),
        unit,
        product,
        lot,
        round3(Decimal(quantity)),
        round4(Decimal(value)),
        label,
        name,
        piece,
        design,
        round3(Decimal(promised)),
        promise,
        round3(Decimal(own)),
    )
