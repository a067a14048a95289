"""`python -m bench`: measure the goals on both databases, and print them as a table or as JSON (docs/benchmark.md)."""

import argparse
import json
import os
import subprocess  # nosec B404 # it starts the measurements
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.table import Row, from_json, table, to_json

GOALS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8")
RUNS, QUICK_RUNS = (1_000, 1_000_000), (250, 5_000)  # past runs of the small and the big database
ROOT = Path(__file__).resolve().parent.parent
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 0; with --strict 1 when a goal is missed or was not measured."""
    given = parser().parse_args(arguments)
    goals = given.only or list(GOALS)
    small, big = QUICK_RUNS if given.quick else RUNS
    runs = small, given.runs or big
    rows: list[Row] = []
    missing: list[str] = []
    databases = given.database or list(NAMES)
    for database in databases:
        # What a page weighs does not hang on the database.
        mine = [goal for goal in goals if goal != "P8" or database == databases[0]]
        if not mine:
            continue
        found, why = measured(database, mine, runs, is_quick=given.quick)
        rows += found
        if why:
            missing.append(f"NOT MEASURED on {NAMES[database]}: {why}")
    rows.sort(key=lambda row: row.code)
    print(json.dumps(to_json(rows), indent=2) if given.json else table(rows))
    for line in missing:
        print(line, file=sys.stderr if given.json else sys.stdout)
    if not rows:
        return 1
    return int(given.strict and (bool(missing) or not all(row.met for row in rows)))


def parser() -> argparse.ArgumentParser:
    """Return what can be asked for."""
    asked = argparse.ArgumentParser(prog="start.py bench", description="Measure the goals P1-P8 (docs/benchmark.md).")
    asked.add_argument("--quick", action="store_true", help="under a minute: short slices, short histories")
    asked.add_argument("--only", nargs="+", choices=GOALS, metavar="P1", help="only these goals")
    asked.add_argument("--database", nargs="+", choices=list(NAMES), help="only this database")
    asked.add_argument(
        "--runs", type=int, help=f"past runs of the big database ({RUNS[1]:,}; quick: {QUICK_RUNS[1]:,})"
    )
    asked.add_argument("--json", action="store_true", help="a list of objects instead of a table")
    asked.add_argument("--strict", action="store_true", help="exit code 1 when a goal is missed")
    return asked


def measured(database: str, goals: Sequence[str], runs: tuple[int, int], *, is_quick: bool) -> tuple[list[Row], str]:
    """Return the figures of one database, and why there are none or not all."""
    print(f"{NAMES[database]}: {', '.join(goals)} …", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="bakery-bench-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-W", "ignore", "-m", "bench.measure", "--goals", *goals, "--runs", *map(str, runs)]
        command += ["--quick"] if is_quick else []
        url = os.environ.get("DATABASE_URL", "")
        if database == "sqlite":
            url = f"sqlite:///{folder}/server.sqlite3"
        elif not url.startswith("postgres"):
            command = [sys.executable, "-W", "ignore", "-m", "bakery.tests.postgres", *command]
        env = {**os.environ, "DATABASE_URL": url, "BENCH_FOLDER": folder}
        done = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)  # nosec B603 # ours
        assert done.stdout is not None  # a pipe
        rows, has_started = [], False
        for line in done.stdout:
            said = json.loads(line)
            if "started" in said:
                has_started = True
                continue
            row = from_json({**said, "name": f"{said['name']} ({NAMES[database]})"})
            print(f"  {row.name}: {row.figure:.2f}", file=sys.stderr, flush=True)
            rows.append(row)
        if done.wait() == 0:
            return rows, ""
        if has_started:
            return rows, "the measurement failed (see above)."
        return rows, "its server does not start here. Name one: DATABASE_URL=postgres://…"


if __name__ == "__main__":
    sys.exit(main())
