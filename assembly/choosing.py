"""How the undecided lines of a plan could be decided, and chosen lots cut down to fewer pieces (R15, R24). Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from assembly.plan import Choices, Plan
from packaging.availability import Part, fifo
from packaging.costs import ZERO


@dataclass(frozen=True)
class Filling:
    """How the undecided lines of a plan could be decided: amounts by line id and lot id, and what stock cannot meet."""

    choices: dict[int, dict[int, Decimal]]
    unmet: dict[int, Decimal]  # by line id, only where it is above 0


def fill_oldest_first(plan: Plan, on: date) -> Filling:
    """Keep what is decided and fill the rest of each undecided line from free lots, oldest first (R15, R24).

    What a specific line of the same run takes is left to it.
    """
    spoken_for: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for taken in plan.takes:
        if not taken.part.is_generic:
            spoken_for[taken.lot.id] += taken.quantity
    for row in plan.wasted:
        spoken_for[row.lot.id] += row.quantity
    choices: dict[int, dict[int, Decimal]] = {}
    unmet: dict[int, Decimal] = {}
    for line in plan.undecided:
        amounts = {taken.lot.id: taken.quantity for taken in line.takes}
        left = line.missing
        mine = [lot for lot in plan.lots if lot.generic_id == line.part.generic_id and lot.is_eligible(on)]
        for lot in sorted(mine, key=fifo):
            have = lot.free_for(line.part.line_id) - amounts.get(lot.id, ZERO) - spoken_for[lot.id]
            quantity = min(left, have // 1 if line.part.whole else have)
            if quantity > 0:
                amounts[lot.id] = amounts.get(lot.id, ZERO) + quantity
                left -= quantity
        choices[line.part.line_id] = amounts
        if left > 0:
            unmet[line.part.line_id] = left
    return Filling(choices, unmet)


def cut_choices(choices: Choices, parts: Iterable[Part], pieces: int) -> dict[int, dict[int, Decimal]]:
    """Return chosen lots cut down to what `pieces` need, the first chosen kept: a run takes no more than it needs."""
    cut: dict[int, dict[int, Decimal]] = {}
    for part in parts:
        left = part.need(pieces)
        for lot_id, quantity in choices.get(part.line_id, {}).items():
            kept = min(quantity, left)
            if kept > 0:
                cut.setdefault(part.line_id, {})[lot_id] = kept
                left -= kept
    return cut
