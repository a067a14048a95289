"""The preview of many lines filled at once: what each would get out of one pool, and what that costs (R15)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from hashlib import sha256

from django.utils.translation import gettext as _

from packaging.availability import Cost, Lot, estimate
from packaging.costs import ZERO
from packaging.exceptions import NotFound
from packaging.models import Composition
from packaging.queries.goods import total_cost
from packaging.queries.lines import last_mixes, mixed_cost, order_lines, propose
from packaging.queries.shelf import as_part, last_prices, load_lots
from packaging.strategies import Proposal


@dataclass(frozen=True)
class FilledLine:
    """What one line would have promised, and what it has now."""

    line: Composition
    required: Decimal
    now: Mapping[int, Decimal]  # by lot id
    proposal: Proposal
    taken: Sequence[tuple[Lot, Decimal]]
    has_way: bool  # False: the mix of a last time was asked for, and there was none
    cost: Cost

    @property
    def assigned(self) -> Decimal:
        """What it would have in all."""
        return self.required - self.proposal.unmet

    @property
    def is_changed(self) -> bool:
        """Whether saving would change anything for it."""
        return dict(self.now) != self.proposal.amounts

    @property
    def designs(self) -> list[tuple[str, Decimal, str]]:
        """Each design with how much of it, and the lots in words."""
        found: dict[int, list[tuple[Lot, Decimal]]] = {}
        for lot, quantity in self.taken:
            found.setdefault(lot.item[1], []).append((lot, quantity))
        return [
            (
                rows[0][0].design,
                sum((quantity for _lot, quantity in rows), ZERO),
                ", ".join(lot.label for lot, _q in rows),
            )
            for rows in found.values()
        ]


@dataclass(frozen=True)
class Filled:
    """Many lines filled by one strategy, soonest due first, no piece promised twice."""

    strategy: str
    rows: list[FilledLine]
    entries: list[tuple[Composition, bool, FilledLine | None]]  # every line: chosen or left out, filled or settled
    cost: Cost

    @property
    def missing(self) -> list[FilledLine]:
        """The lines that do not get all they need."""
        return [row for row in self.rows if row.proposal.unmet]

    @cached_property
    def changed(self) -> list[FilledLine]:
        """The lines that saving would change."""
        return [row for row in self.rows if row.is_changed]

    @property
    def amounts(self) -> dict[int, dict[int, Decimal]]:
        """What saving writes, by line id and lot id."""
        return {row.line.pk: row.proposal.amounts for row in self.changed}

    @property
    def versions(self) -> dict[int, int]:
        """The versions of the orders that saving writes to."""
        return {row.line.order.pk: row.line.order.version for row in self.changed if row.line.order}

    @property
    def seal(self) -> str:
        """Stand for everything that the page shows and saving relies on: another seal is another preview (R31)."""
        shown = [
            (row.line.pk, row.line.order and row.line.order.version, f"{row.required:f}", sorted(row.now.items()))
            for row in self.rows
        ]
        proposed = [sorted(row.proposal.amounts.items()) for row in self.rows]
        said = [self.strategy, shown, proposed, [line.pk for line, is_chosen, _row in self.entries if is_chosen]]
        return sha256(repr(said).encode()).hexdigest()


def fill_lines(line_ids: Collection[int], strategy: str, shown: Collection[int] = ()) -> Filled:
    """Fill lines of orders by a strategy out of one pool, soonest due first; saves nothing.

    Three statements, two more for the last time's mix. `shown` names lines besides that are left out. `NotFound` for
    what is no generic line of an order.
    """
    lines = order_lines({*line_ids, *shown})
    if any(line.order_id is None or not line.is_generic for line in lines):
        raise NotFound(_("The line"))
    chosen = [line for line in lines if line.pk in set(line_ids)]
    waiting = [line for line in chosen if not line.is_archived and line.order and line.order.quantity_left]
    generics = {pk for line in waiting if (pk := as_part(line).generic_id)}
    lots = {lot.id: lot for lot in load_lots(generics=generics)}
    mixes = last_mixes(waiting) if strategy == "last_time" else None
    found = []
    for line in waiting:
        assert line.order is not None
        required = as_part(line).need(line.order.quantity_left)
        mine = [lot for lot in lots.values() if lot.generic_id == as_part(line).generic_id]
        now = {lot.id: promised for lot in mine if (promised := lot.promised_to(line.pk))}
        proposal = propose(line, mine, strategy, required, mixes.get(line.pk) if mixes else None)
        for lot in mine:
            lots[lot.id] = lot.with_promise(line.pk, proposal.amounts.get(lot.id, ZERO))
        found.append((line, required, now, proposal))
    prices = last_prices(generics)
    rows = [
        _row(line, required, now, proposal, lots, prices, mixes is None or line.pk in mixes)
        for line, required, now, proposal in found
    ]
    by_line = {row.line.pk: row for row in rows}
    entries = [(line, line in chosen, by_line.get(line.pk)) for line in lines]
    return Filled(strategy, rows, entries, total_cost([row.cost for row in rows]))


def _row(
    line: Composition,
    required: Decimal,
    now: Mapping[int, Decimal],
    proposal: Proposal,
    lots: Mapping[int, Lot],
    prices: Mapping[int, Decimal],
    has_way: bool,
) -> FilledLine:
    generic_id = as_part(line).generic_id or 0
    taken = [(lots[pk], amount) for pk, amount in proposal.amounts.items()]
    rest = estimate(
        [lot for lot in lots.values() if lot.generic_id == generic_id], proposal.unmet, prices.get(generic_id)
    )
    return FilledLine(line, required, now, proposal, taken, has_way, mixed_cost(taken, rest, proposal.unmet))
