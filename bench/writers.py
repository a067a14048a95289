"""P6: eight writers at once, each on a connection of its own: what they write adds up, and nobody is thrown out."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from threading import Barrier
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import DatabaseError, connections

from assembly.models import AssemblyRun
from assembly.queries import check_books
from assembly.services import record_assembly
from bench.data import MUCH, Shelf, good_from, good_of, shelf_of, somebody
from bench.plan import Bench
from bench.table import Row, exactly
from packaging.exceptions import NotEnoughStock
from packaging.models import InventoryItem

WRITERS = 8
PIECES = 3


@dataclass
class Outcome:
    """What became of what all writers tried."""

    recorded: int = 0
    refused: int = 0
    failed: list[DatabaseError] = field(default_factory=list)


def measure_p6(bench: Bench) -> Iterator[Row]:
    """One good; goods that share a shelf, each with its items in another order; stock for exactly so many."""
    tries = 4 if bench.is_quick else 40
    yield from _one_good(tries)
    yield from _overlapping(tries)
    yield from _exactly(tries)
    yield exactly("P6 lots below 0", InventoryItem.objects.filter(quantity__lt=0).count(), 0)
    yield exactly("P6 figures that do not add up", len(check_books()), 0)


def _one_good(tries: int) -> Iterator[Row]:
    good, by = good_of(3, orders=WRITERS), somebody()
    outcome = at_once([[_recording(order.pk, by)] * tries for order in good.orders])
    yield exactly("P6 one good: deadlocks and other errors", len(outcome.failed), 0)
    yield exactly("P6 one good: lost updates", lost(good.shelf, outcome), 0)


def _overlapping(tries: int) -> Iterator[Row]:
    dice = Random(6)  # nosec B311 # noqa: S311 - an order of work, no secret
    by, shelf = somebody(), shelf_of(6)
    goods = [good_from(shelf, dice.sample(range(6), 6), orders=WRITERS) for _good in range(WRITERS)]
    work = []
    for writer in range(WRITERS):
        mine = [_recording(goods[n % WRITERS].orders[writer].pk, by) for n in range(tries)]
        dice.shuffle(mine)
        work.append(mine)
    outcome = at_once(work)
    yield exactly("P6 overlapping goods: deadlocks and other errors", len(outcome.failed), 0)
    yield exactly("P6 overlapping goods: lost updates", lost(shelf, outcome), 0)


def _exactly(tries: int) -> Iterator[Row]:
    enough = tries * WRITERS // 2
    good, by = good_of(2, lots=1, first=Decimal(enough * PIECES), orders=WRITERS), somebody()
    outcome = at_once([[_recording(order.pk, by)] * tries for order in good.orders])
    made = AssemblyRun.objects.filter(order__in=good.orders).count()
    yield exactly(f"P6 stock for {enough}: runs", made, enough)
    yield exactly("P6 stock for so many: refused", outcome.refused, tries * WRITERS - enough)
    yield exactly("P6 stock for so many: deadlocks and other errors", len(outcome.failed), 0)


def at_once(work: Sequence[Sequence[Callable[[], object]]]) -> Outcome:
    """Let every writer do its work, all at the same time."""
    barrier, outcome = Barrier(len(work)), Outcome()

    def write(mine: Sequence[Callable[[], object]]) -> list[str | DatabaseError]:
        barrier.wait(timeout=60)
        try:
            return [_tried(act) for act in mine]
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(work)) as pool:
        for done in pool.map(write, work):
            outcome.recorded += done.count("recorded")
            outcome.refused += done.count("refused")
            outcome.failed += [error for error in done if isinstance(error, DatabaseError)]
    return outcome


def lost(shelf: Shelf, outcome: Outcome) -> int:
    """Return how many items hold more or less than what is left after all that was recorded."""
    held: dict[tuple[int | None, int | None], Decimal] = {}
    for lot in InventoryItem.objects.filter(pk__in=[lot.pk for lot in shelf.lots]):
        item = lot.finished_unit_id, lot.product_id
        held[item] = held.get(item, Decimal(0)) + lot.quantity
    left = 2 * MUCH - outcome.recorded * PIECES
    return sum(quantity != left for quantity in held.values())


def _recording(order_id: int, by: User) -> Callable[[], object]:
    return lambda: record_assembly(quantity=PIECES, by=by, key=uuid4(), order_id=order_id)


def _tried(act: Callable[[], object]) -> str | DatabaseError:
    try:
        act()
    except NotEnoughStock:
        return "refused"
    except DatabaseError as error:
        return error
    return "recorded"
