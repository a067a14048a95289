"""One database's measurements, in a process of its own: `python -m bench.measure`; its rows come out as JSON lines."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from time import perf_counter

import django

from bench.table import Row, to_json

NEEDED = {"P1": ("small",), "P2": ("small", "big"), "P4": ("big",), "P7": ("small", "big"), "P8": ("small",)}


def main() -> None:
    """Measure the goals that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--goals", nargs="+", required=True)
    parser.add_argument("--runs", type=int, nargs=2, required=True)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    print(json.dumps("started"), flush=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    django.setup()
    measure(given.goals, runs=given.runs, is_quick=given.quick)


def measure(goals: list[str], *, runs: tuple[int, int], is_quick: bool) -> None:
    """Make the databases, wait for a word, print each figure as it is known, and clean up."""
    # Local: Django has to be ready.
    from bench.databases import Databases
    from bench.plan import Bench
    from bench.rounds import FULL, QUICK

    databases = Databases(dict(zip(("small", "big"), runs, strict=True)), say)
    try:
        databases.prepare()
        for size in ("small", "big"):
            if any(size in NEEDED.get(goal, ()) for goal in goals):
                with databases.using(size):
                    pass
        print(json.dumps("ready"), flush=True)
        if not sys.stdin.readline():
            return
        bench = Bench(databases, QUICK if is_quick else FULL, is_quick)
        for goal, measured in measurements().items():
            if goal in goals:
                start = perf_counter()
                for row in measured(bench):
                    print(json.dumps(to_json([row])[0]), flush=True)
                say(f"{goal} took {perf_counter() - start:.0f} s")
    finally:
        databases.remove()


def measurements() -> "dict[str, Callable[..., Iterator[Row]]]":
    """Return what measures each goal."""
    from bench import growth, speed, statements, web, writers

    return {
        "P7": growth.measure_p7,  # first: it compares databases in which nothing else was done
        "P8": web.measure_p8,
        "P1": statements.measure_p1,
        "P2": statements.measure_p2,
        "P3": speed.measure_p3,
        "P4": speed.measure_p4,
        "P5": web.measure_p5,
        "P6": writers.measure_p6,
    }


def say(words: str) -> None:
    """Tell whoever waits what takes so long."""
    print(f"  … {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
