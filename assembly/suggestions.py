"""Which lots packaging that nobody named was most likely taken from (R26). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from packaging.availability import Lot, fifo
from packaging.costs import ZERO, in_stock, round4, take


@dataclass(frozen=True)
class Guess:
    """So much of one lot, what it costs, and the share of that which left with goods that are gone."""

    lot: Lot
    quantity: Decimal
    cost: Decimal
    late: Decimal


@dataclass(frozen=True)
class Suggestion:
    """The lots for one debt, the oldest first, and what they leave open."""

    guesses: tuple[Guess, ...]
    missing: Decimal

    @property
    def amounts(self) -> dict[int, Decimal]:
        """The lots as a service takes them."""
        return {guess.lot.id: guess.quantity for guess in self.guesses}

    @property
    def quantity(self) -> Decimal:
        """How much of the debt it settles."""
        return sum((guess.quantity for guess in self.guesses), ZERO)

    @property
    def cost(self) -> Decimal:
        """What the lots cost."""
        return round4(sum((guess.cost for guess in self.guesses), ZERO))

    @property
    def late(self) -> Decimal:
        """The share of the cost that goods took with them."""
        return round4(sum((guess.late for guess in self.guesses), ZERO))

    @property
    def is_cost_known(self) -> bool:
        """Whether each lot has a known cost (R3)."""
        return all(guess.lot.is_cost_known for guess in self.guesses)


@dataclass(frozen=True)
class Question:
    """What is asked of the shelf: so much of a generic product, for a run of a day and its goods."""

    generic_id: int
    quantity: Decimal
    is_whole: bool
    on: date
    made: int
    left: Decimal  # of the goods


def suggest(question: Question, lots: Iterable[Lot], amounts: Mapping[int, Decimal] | None = None) -> Suggestion:
    """Return what is free now and was there on the run's day, the oldest first; or `amounts` by lot, costed."""
    shelf = sorted(lots, key=fifo)
    if amounts is None:
        amounts = _oldest(question, shelf)
    guesses = []
    for lot in shelf:
        if amounts.get(lot.id) and lot.quantity > 0:
            quantity = amounts[lot.id]
            cost = take(min(quantity, lot.quantity), lot.quantity, lot.value)
            guesses.append(Guess(lot, quantity, cost, cost - in_stock(cost, question.left, question.made)))
    return Suggestion(tuple(guesses), question.quantity - sum((guess.quantity for guess in guesses), ZERO))


def _oldest(question: Question, shelf: Iterable[Lot]) -> dict[int, Decimal]:
    found: dict[int, Decimal] = {}
    left = question.quantity
    for lot in shelf:
        if lot.generic_id == question.generic_id and lot.is_eligible(question.on):
            quantity = min(left, lot.free // 1 if question.is_whole else lot.free)
            if quantity > 0:
                found[lot.id] = quantity
                left -= quantity
    return found
