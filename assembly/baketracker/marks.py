"""Which of a lot's movements the import wrote: their uuids follow from the lot's, so nothing else needs to be kept."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import TypeVar
from uuid import UUID

from assembly.baketracker.rows import Pool
from assembly.baketracker.stock import move_uuid, opening_uuid
from packaging.costs import ZERO
from packaging.models import InventoryItem, StockMovement

BATCH = 500
T = TypeVar("T")


@dataclass
class Mark:
    """What the import wrote to one lot: the first movement, how many it numbered, and the sums of all."""

    first_quantity: Decimal = ZERO
    first_value: Decimal = ZERO
    number: int = 0
    quantity: Decimal = ZERO
    value: Decimal = ZERO
    others: set[UUID] = field(default_factory=set)


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Cut anything into lists of at most `size`."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def marks_of(lots: Iterable[UUID], others: Collection[UUID]) -> dict[UUID, Mark]:
    """Return by lot what the import wrote to it; `others` are movements that have the app's own uuids."""
    found: dict[UUID, Mark] = {}
    named = others if isinstance(others, set) else set(others)
    for part in batches(lots):
        moves: dict[UUID, dict[UUID, tuple[Decimal, Decimal]]] = defaultdict(dict)
        rows = StockMovement.objects.filter(inventory_item__uuid__in=part).order_by()
        for lot, uuid, quantity, value in rows.values_list("inventory_item__uuid", "uuid", "quantity", "value"):
            moves[lot][uuid] = (quantity, value)
        for lot, its in moves.items():
            found[lot] = _mark(lot, its, named)
    return found


def _mark(lot: UUID, moves: dict[UUID, tuple[Decimal, Decimal]], others: set[UUID]) -> Mark:
    mark = Mark()
    while (uuid := move_uuid(lot, mark.number)) in moves:
        if not mark.number:
            mark.first_quantity, mark.first_value = moves[uuid]
        mark.quantity += moves[uuid][0]
        mark.value += moves[uuid][1]
        mark.number += 1
    for uuid in others & moves.keys():
        mark.others.add(uuid)
        mark.quantity += moves[uuid][0]
        mark.value += moves[uuid][1]
    return mark


def opening_lots(pools: Sequence[Pool]) -> dict[UUID, list[UUID]]:
    """Return by item the lots that brought in what its counter had beyond all bakes."""
    found: dict[UUID, list[UUID]] = {pool.item: [] for pool in pools}
    left, number = list(pools), 0
    while left:
        wanted = {opening_uuid(pool, number): pool for pool in left}
        here: set[UUID] = set()
        for part in batches(wanted):
            here |= set(InventoryItem.objects.filter(uuid__in=part).values_list("uuid", flat=True))
        left = [wanted[uuid] for uuid in wanted if uuid in here]
        for uuid in wanted.keys() & here:
            found[wanted[uuid].item].append(uuid)
        number += 1
    return found
