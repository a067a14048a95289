"""Writing lots: each comes in by movements, and a newer copy of the file moves it to what the file says now.

What the app here did with a lot since stays: only the difference between what the file said and says is written.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from assembly.baketracker.marks import Mark, batches, marks_of, opening_lots
from assembly.baketracker.rows import LotRow, Pool
from assembly.baketracker.stock import Stock, move_uuid, opening_uuid
from packaging.costs import ZERO, in_words, take
from packaging.models import InventoryItem, StockMovement

if TYPE_CHECKING:  # the two halves of the writing know each other by type only
    from assembly.baketracker.write import Writer

Kind = StockMovement.Kind
CAME = "From the desktop app"
OPENING = "Opening stock: what the desktop app's counter says beyond all bakes"
USED = "Used before moving in: the desktop app keeps only what is left"
FIELDS = ["quantity", "value"]


class StockWriter:
    """Writes the lots and the movements that make them what the file says."""

    def __init__(self, writer: "Writer", today: date) -> None:
        self.writer, self.today = writer, today
        self.report = writer.report
        self.fresh: list[InventoryItem] = []
        self.changed: dict[UUID, InventoryItem] = {}
        self.moves: dict[UUID, list[StockMovement]] = defaultdict(list)
        self.numbers: dict[UUID, int] = defaultdict(int)

    def write(
        self,
        stock: Stock,
        create: Callable[[type[Any], Sequence[Any]], None],
        change: Callable[[type[Any], Sequence[Any], Sequence[str]], None],
    ) -> None:
        """Decide about packaging lots one by one, about units and goods by their counters, and write it all."""
        for part in batches(stock.lots):
            self._decide_lots(part)
            self._save(create, change)
            self.writer.progress("lots", len(part))
        opened = opening_lots(stock.pools)
        for pool in stock.pools:
            self._decide_pool(pool, list(self._here(opened[pool.item]).values()), lambda: self._save(create, change))
            self.writer.progress("baked units and goods", 1)
        self._save(create, change)

    def _save(self, create: Callable[..., None], change: Callable[..., None]) -> None:
        create(InventoryItem, self.fresh)
        change(InventoryItem, list(self.changed.values()), FIELDS)
        lots = [*self.fresh, *self.changed.values()]
        moves = [move for lot in lots for move in self.moves[lot.uuid]]
        for lot in lots:
            for move in self.moves[lot.uuid]:
                move.inventory_item_id = lot.pk
        create(StockMovement, moves)
        self.fresh, self.changed, self.moves, self.numbers = [], {}, defaultdict(list), defaultdict(int)

    def _here(self, uuids: Sequence[UUID]) -> dict[UUID, InventoryItem]:
        found: dict[UUID, InventoryItem] = {}
        for part in batches(uuids):
            found |= {lot.uuid: lot for lot in InventoryItem.objects.filter(uuid__in=part)}
        return found

    def _new(self, made: LotRow) -> InventoryItem:
        """Make a lot with the movement that brought all of it."""
        row = made.row
        lot = InventoryItem(
            uuid=row.uuid,
            quantity=row.values["quantity_received"],
            value=row.values["total_cost"],
            **row.values,
            **self.writer.refs(row),
        )
        self.fresh.append(lot)
        self._move(lot, made.kind, lot.quantity, lot.value, CAME)
        return lot

    def _move(self, lot: InventoryItem, kind: str, quantity: Decimal, value: Decimal, reason: str) -> None:
        """Add a movement that is known as the import's by its number."""
        number = self.numbers[lot.uuid]
        self.numbers[lot.uuid] += 1
        uuid = move_uuid(lot.uuid, number)
        self.moves[lot.uuid].append(StockMovement(uuid=uuid, kind=kind, quantity=quantity, value=value, reason=reason))

    def _decide_lots(self, rows: Sequence[LotRow]) -> None:
        here = self._here([made.row.uuid for made in rows])
        others = {move.uuid for made in rows for move in made.moves}
        marks = marks_of(here, others)
        for made in rows:
            lot = here.get(made.row.uuid)
            mark = marks.get(made.row.uuid, Mark())
            if lot is None:
                lot = self._new(made)
                mark = Mark(quantity=lot.quantity, value=lot.value, number=1)
                self._adjust(made, lot, mark, USED)
            else:
                self.numbers[lot.uuid] = mark.number
                self._follow(made, lot, mark)

    def _adjust(self, made: LotRow, lot: InventoryItem, mark: Mark, reason: str) -> None:
        """Write what was taken by hand, then the rest, so that the import's movements come to what the file says."""
        quantity, value = mark.quantity, mark.value
        for move in made.moves:
            if move.uuid not in mark.others:
                self.moves[lot.uuid].append(
                    StockMovement(
                        uuid=move.uuid, kind=Kind.COUNTED, quantity=move.quantity, value=move.value, reason=move.reason
                    )
                )
                quantity, value = quantity + move.quantity, value + move.value
        if (made.left, made.value) != (quantity, value):
            self._move(lot, Kind.COUNTED, made.left - quantity, made.value - value, reason)
        lot.quantity += made.left - mark.quantity
        lot.value += made.value - mark.value

    def _follow(self, made: LotRow, lot: InventoryItem, mark: Mark) -> None:
        """Bring a lot that is here to what a newer copy of the file says, as far as it was not used here."""
        row = made.row
        fresh = [move for move in made.moves if move.uuid not in mark.others]
        quantity, value = made.left - mark.quantity, made.value - mark.value
        if not quantity and not value and not fresh:
            return
        after, worth = lot.quantity + quantity, lot.value + value
        if after < 0 or worth < 0 or (not after and worth) or (not lot.is_cost_known and value):
            said = f"the file says {in_words(made.left)} now; it was used or corrected here since and stays as it is"
            self.report.changed("used_here", row.table, row.id, said, quantity=quantity, value=value)
            self.report.take("inventory_depletions", rows=len(fresh))
            return
        self.changed[lot.uuid] = lot
        self._adjust(made, lot, mark, f"The desktop app says {in_words(made.left)} now")
        self.report.note("newer", row.table, row.id, f"a newer copy of the file: {in_words(made.left)} are left of it")

    def _decide_pool(self, pool: Pool, opened: list[InventoryItem], save: Callable[[], None]) -> None:
        """Take what the counter does not have any more from the oldest lots, or open one for what it has beyond."""
        over = sum((self._had(part) for part in batches(pool.bakes)), ZERO) - pool.counter
        over += sum((mark.quantity for mark in marks_of([lot.uuid for lot in opened], ()).values()), ZERO)
        if over < 0:
            self._open(pool, -over, len(opened))
        opened.sort(key=lambda lot: lot.received_on)
        for part in batches(pool.bakes):
            newest = part[-1].row.values["received_on"]
            lots = [lot for lot in opened if lot.received_on < newest]
            opened = opened[len(lots) :]
            over = self._deal(part, lots, over)
            save()
        over = self._deal([], opened, over)
        if over > 0:
            said = f"its counter says {pool.counter}; {in_words(over)} more are here, because lots were used here since"
            self.report.changed("used_here", pool.table, pool.id, said, pieces=-over)

    def _had(self, bakes: Sequence[LotRow]) -> Decimal:
        """Return what bakes hold by the import's own movements: those that are new all that came of them."""
        here = self._here([made.row.uuid for made in bakes])
        marks = marks_of(here, ())
        new = sum((made.left for made in bakes if made.row.uuid not in here), ZERO)
        return sum((mark.quantity for mark in marks.values()), new)

    def _deal(self, bakes: Sequence[LotRow], lots: list[InventoryItem], over: Decimal) -> Decimal:
        """Add the bakes that are new, and take what is over from the oldest; return what is still over."""
        here = self._here([made.row.uuid for made in bakes]) | {lot.uuid: lot for lot in lots}
        marks = marks_of(here, ())
        pairs = [(lot, marks.get(lot.uuid, Mark())) for lot in here.values()]
        for lot, mark in pairs:
            self.numbers[lot.uuid] = mark.number
        for made in bakes:
            if made.row.uuid not in here:
                lot = self._new(made)
                pairs.append((lot, Mark(quantity=lot.quantity)))
        for lot, mark in sorted(pairs, key=lambda pair: pair[0].received_on):
            taken = min(mark.quantity, lot.quantity, over)
            if taken > 0:
                value = take(taken, lot.quantity, lot.value)
                lot.quantity -= taken
                lot.value -= value
                over -= taken
                self._move(lot, Kind.COUNTED, -taken, -value, USED)
                if lot.uuid in here:
                    self.changed[lot.uuid] = lot
        return over

    def _open(self, pool: Pool, quantity: Decimal, number: int) -> None:
        """Bring in what the counter has beyond all bakes; nobody knows what it cost."""
        lot = InventoryItem(
            uuid=opening_uuid(pool, number),
            received_on=pool.since,
            quantity_received=quantity,
            quantity=quantity,
            is_cost_known=False,
            notes=OPENING,
            **{f"{pool.ref}_id": self.writer.keys[self.writer.model_of(pool.ref)][pool.item]},
        )
        self.fresh.append(lot)
        kind = Kind.BAKED if pool.ref == "finished_unit" else Kind.RECEIVED
        self._move(lot, kind, quantity, ZERO, OPENING)
