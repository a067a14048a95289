"""P3 and P4: recordings a second against the limit, and against more lines, more lots, more history."""

from collections.abc import Callable, Iterator
from uuid import uuid4

from django.apps import apps
from django.db import connection

from assembly.queries import check_books
from bench.data import Good, good_of, somebody
from bench.limit import Limit
from bench.plan import Bench
from bench.rounds import SINGLES
from bench.statements import recording
from bench.table import Row, at_least, at_most, ratios

KINDS = ((3, False), (3, True), (10, False), (30, False))  # lines of each kind; whether lots are promised
SHARE, LINES, MORE = 0.50, 6, 1.3


def measure_p3(bench: Bench) -> Iterator[Row]:
    """The service against the limit, on the same goods by turns; before, that both write the same."""
    limit = bench.databases.limit()
    try:
        for lines, decided in KINDS[:: 3 if bench.is_quick else 1]:
            good = good_of(lines, decided=decided, orders=2)
            refuse_unequal(good, limit)
            bench.databases.analyze()
            pairs = bench.effort.slices(recording(good), recording_by_hand(limit, good))
            words = f"{lines}+{lines} lines{', promised' if decided else ''}"
            yield at_least(f"P3 recordings against the limit, {words}", ratios(pairs), SHARE)
    finally:
        limit.close()
    refuse_wrong_books()


def measure_p4(bench: Bench) -> Iterator[Row]:
    """How much longer a recording takes with more lines, more lots, more history."""
    few, many = recording(good_of(3)), recording(good_of(30))
    ten, thousand = recording(good_of(3, lots=10)), recording(good_of(3, lots=bench.many_lots))
    bench.databases.analyze()
    effort = SINGLES if bench.is_quick else bench.effort
    yield at_most("P4 30+30 lines against 3+3", ratios(bench.effort.slices(few, many)), LINES)
    yield at_most(f"P4 {bench.many_lots} lots against 10", ratios(effort.slices(ten, thousand)), MORE)
    with bench.databases.using("big"):
        late = recording(good_of(3))
        bench.databases.analyze()

    def later() -> None:
        with bench.databases.using("big"):
            late()

    runs = bench.databases.runs["big"]
    yield at_most(f"P4 after {runs:,} runs against none", ratios(effort.slices(few, later)), MORE)


def recording_by_hand(limit: Limit, good: Good) -> Callable[[], object]:
    """Return what records some pieces by the limit, for the second order of a good."""
    by, order_id = somebody().pk, good.orders[1].pk
    return lambda: limit.record(order_id, 3, by, uuid4())


def refuse_unequal(good: Good, limit: Limit) -> None:
    """Fail when the limit does not write as many rows of each table as the service, or books that do not balance."""
    by_service, by_hand = rows_written(recording(good)), rows_written(recording_by_hand(limit, good))
    if by_service != by_hand:
        raise AssertionError(f"The service wrote {by_service}, the limit {by_hand}.")


def refuse_wrong_books() -> None:
    """Fail when what was recorded does not add up."""
    if wrong := check_books():
        raise AssertionError(f"The books do not balance: {wrong[:3]}")


def rows_written(act: Callable[[], object]) -> dict[str, int]:
    """Return how many rows of each table something adds."""
    before = _rows()
    act()
    return {name: rows - before[name] for name, rows in _rows().items() if rows != before[name]}


def _rows() -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")  # nosec B608 # noqa: S608 - a name of ours
            counts[model._meta.db_table] = cursor.fetchone()[0]
    return counts
