"""`python -m bench`: measure the goals on both databases, and print them as a table or as JSON (docs/benchmark.md)."""

import argparse
import json
import os
import subprocess  # nosec B404 # it starts the measurements
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from bench.table import Row, from_json, said, table, to_json

GOALS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8")
RUNS, QUICK_RUNS = (1_000, 1_000_000), (100, 2_000)  # past runs of the small and the big database
ROOT = Path(__file__).resolve().parent.parent
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 0; with --strict 1 when a goal is missed or was not measured."""
    given = parser().parse_args(arguments)
    names = given.database or list(NAMES)
    small, big = QUICK_RUNS if given.quick else RUNS
    asked = ["--runs", str(small), str(given.runs or big), *(["--quick"] if given.quick else [])]
    rows: list[Row] = []
    missing: list[str] = []
    with ExitStack() as stack:
        started = []
        for name in names:
            # What a page weighs does not hang on the database.
            goals = [goal for goal in given.only or GOALS if goal != "P8" or name == names[0]]
            started += [stack.enter_context(Measurement(name, ["--goals", *goals, *asked]))] if goals else []
        # The databases are made at the same time, and measured one after the other.
        for measurement in started:
            measurement.wait()
        for measurement in started:
            rows += measurement.rows()
            missing += [f"NOT MEASURED on {measurement.title}: {measurement.why}"] if measurement.why else []
    rows.sort(key=lambda row: row.code)
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    print(json.dumps(to_json(rows), indent=2) if given.json else table(rows))
    beside = sys.stderr if given.json else sys.stdout
    for line in [f"Load of this machine with {os.cpu_count()} cores: {load}.", *missing]:
        print(line, file=beside)
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


class Measurement:
    """One database, measured by a process of its own that first makes what it needs and then waits for its turn."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        """Say which database, and what `bench.measure` is asked for."""
        self.title, self.why = NAMES[name], ""
        self._is_sqlite, self._arguments = name == "sqlite", arguments
        self._folder = tempfile.TemporaryDirectory(prefix="bakery-bench-", ignore_cleanup_errors=True)

    def __enter__(self) -> "Measurement":
        command = [sys.executable, "-W", "ignore", "-m", "bench.measure", *self._arguments]
        url = os.environ.get("DATABASE_URL", "")
        if self._is_sqlite:
            url = f"sqlite:///{self._folder.name}/server.sqlite3"
        elif not url.startswith("postgres"):
            command = [sys.executable, "-W", "ignore", "-m", "bakery.tests.postgres", *command]
        self._process = subprocess.Popen(  # nosec B603 # a module of ours
            command,
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "BENCH_FOLDER": self._folder.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None  # a pipe
        with suppress(BrokenPipeError):
            self._process.stdin.close()  # who waits for its turn then stops
        self._process.wait()
        self._folder.cleanup()

    def wait(self) -> None:
        """Wait until it could begin."""
        assert self._process.stdout is not None  # a pipe
        begun = [self._process.stdout.readline() for _line in ("started", "ready")]
        if not begun[0]:
            self.why = "its server does not start here. Name one: DATABASE_URL=postgres://…"
        elif not begun[1]:
            self.why = "its database could not be made (see above)."

    def rows(self) -> list[Row]:
        """Let it measure, and return what it found."""
        if self.why:
            return []
        assert self._process.stdin is not None  # pipes
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        rows = []
        for line in self._process.stdout:
            found = json.loads(line)
            rows.append(from_json({**found, "name": f"{found['name']} ({self.title})"}))
            print(f"  {rows[-1].name}: {said(rows[-1].figure)}", file=sys.stderr, flush=True)
        if self._process.wait():
            self.why = "the measurement failed (see above)."
        return rows


if __name__ == "__main__":
    sys.exit(main())
