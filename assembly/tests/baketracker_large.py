"""Large files of the desktop app: the real one, its runs, bakes, lots and their ledgers many times over."""

import lzma
import sqlite3
from pathlib import Path

SMALL = Path(__file__).parent / "data" / "baketracker_small.db.xz"
RUNS = 8  # in the real file

# Table: after how many copies of the runs it is copied once, the columns that move with it, its times.
COPIED: dict[str, tuple[int, tuple[str, ...], str]] = {
    "assembly_runs": (1, (), "assembled_at"),
    "assembly_finished_unit_consumptions": (1, ("assembly_run_id",), ""),
    "assembly_finished_good_consumptions": (1, ("assembly_run_id",), ""),
    "assembly_packaging_consumptions": (1, ("assembly_run_id",), ""),
    "material_consumptions": (1, ("assembly_run_id",), ""),
    "production_runs": (4, (), "produced_at"),
    "production_consumptions": (4, ("production_run_id",), ""),
    "production_losses": (4, ("production_run_id",), ""),
    "finished_goods_adjustments": (4, (), ""),
    "purchases": (100, (), ""),
    "inventory_items": (100, ("purchase_id",), ""),
}
STEP = 1000  # between the ids of two copies of a table: more than the real file has


def large_file(path: Path, runs: int) -> Path:
    """Write a file with so many runs; everything else that grows with the years grows with them."""
    path.write_bytes(lzma.decompress(SMALL.read_bytes()))
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF")
    for number, table in enumerate(COPIED):
        _copy(connection, number, table, runs // RUNS)
    connection.commit()
    connection.close()
    return path


def _copy(connection: sqlite3.Connection, number: int, table: str, copies: int) -> None:
    """Copy the rows of a table, each copy under ids and uuids of its own, two hours earlier than the one before."""
    every, moving, moment = COPIED[table]
    values = []
    for column in [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]:
        value = f't."{column}"'
        if column == "uuid":
            value = f"printf('%08x-%04x-4000-8000-%012x', t.id, {number}, copy)"
        elif column == "id" or column in moving:
            value += f" + copy * {STEP}"
        elif column == moment:
            value = f"""strftime('%Y-%m-%d %H:%M:%S.000000', {value}, (-2 * copy) || ' hours')"""
        values.append(value)
    counted = (
        f"WITH RECURSIVE c(copy) AS (SELECT 1 UNION ALL SELECT copy + 1 FROM c WHERE copy < {copies // every - 1})"
    )
    if copies // every > 1:
        connection.execute(f"INSERT INTO {table} {counted} SELECT {', '.join(values)} FROM c, {table} AS t")
