"""What an explanation is made of: rows with a running total, and the end total beside the figure that pages show."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, Model, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from bakery.text import whole_number
from packaging.costs import ZERO, round3, round4
from packaging.demand import Thing
from packaging.exceptions import NotFound
from packaging.models import StockMovement
from packaging.queries.shelf import MAX_PK

AMOUNT: DecimalField[Any, Any] = DecimalField(max_digits=19, decimal_places=4)  # any quantity and any money


@dataclass(frozen=True)
class Row:
    """One row behind a figure: what it is, how much it adds (None: not known), when, who, why, and where from."""

    what: str
    amount: Decimal | None
    on: date | None = None
    by: str = ""
    reason: str = ""
    link: str = ""
    link_words: str = ""
    movement: StockMovement | None = None
    running: Decimal | None = None


@dataclass(frozen=True)
class Ledger:
    """Rows that grow without end: fetched a page at a time, in the order of `by` and the primary key."""

    rows: QuerySet[Any]
    by: str
    amount: str
    as_row: Callable[[Any], Row]

    def around(self, shown: Sequence[Model]) -> tuple[Decimal, Decimal]:
        """Return what the rows before those shown come to, and those after them; one statement."""
        if not shown:
            return ZERO, ZERO
        first, last = shown[0], shown[-1]
        before, after = self._key("lt", first), self._key("gt", last)
        sums = self.rows.order_by().aggregate(
            before=Sum(self.amount, filter=before, default=ZERO, output_field=AMOUNT),
            after=Sum(self.amount, filter=after, default=ZERO, output_field=AMOUNT),
        )
        return round4(sums["before"]), round4(sums["after"])  # SQLite adds floats

    def _key(self, side: str, row: Model) -> Q:
        moment = getattr(row, self.by)
        return Q(**{f"{self.by}__{side}": moment}) | Q(**{self.by: moment, f"pk__{side}": row.pk})


@dataclass(frozen=True)
class Explanation:
    """A figure with the rows that make it.

    `shown` is the figure as pages show it, None when it is unknown. The rows come to it: they are added up and
    `finish` turns their sum into the figure (a division), or with `is_least` the lowest row is the figure.
    """

    title: str
    about: str
    back: str
    formula: str
    shown: Decimal | None
    rows: Sequence[Row] = ()
    ledger: Ledger | None = None
    unit: str = ""  # of a quantity; a cost has none
    finish: Callable[[Decimal], Decimal] | None = None
    finish_words: str = ""
    is_least: bool = False
    is_known: bool = True
    others: Sequence[tuple[str, str]] = ()  # figures that belong to it: words and address

    @property
    def is_cost(self) -> bool:
        """Whether the figure is money."""
        return not self.unit

    def statement(self, page: Sequence[Any]) -> "Statement":
        """Return what a page shows: of a ledger the rows fetched for it, else numbered rows; oldest first."""
        if self.is_least:
            return self._least()
        if self.ledger is not None:
            brought, carried = self.ledger.around(page)
            rows = [self.ledger.as_row(row) for row in page]
        else:
            rows = [row for _number, row in page]
            start = page[0][0] if page else 0
            brought = _sum(self.rows[:start])
            carried = _sum(self.rows[start + len(rows) :])
        return self._added(rows, brought, carried)

    def _added(self, rows: Iterable[Row], brought: Decimal, carried: Decimal) -> "Statement":
        """Add rows up. Each is shown as what it changes in the rounded running total, so that they add up as shown."""
        so_far, running = brought, self._exact(brought)
        shown = []
        for row in rows:
            before, so_far = running, so_far + (row.amount or ZERO)
            running = self._exact(so_far)
            shown.append(row if row.amount is None else replace(row, amount=running - before, running=running))
        is_known = self.is_known and all(row.amount is not None for row in self.rows)
        total = self._exact(so_far + carried)
        result = self.finish(total) if self.finish else total
        return Statement(self, shown, self._exact(brought), total - running, total, result if is_known else None)

    def _least(self) -> "Statement":
        lowest = min((row.amount for row in self.rows if row.amount is not None), default=ZERO)
        return Statement(self, self.rows, ZERO, ZERO, lowest, lowest)

    def _exact(self, amount: Decimal) -> Decimal:
        """Bring a sum to the places of its column; what a row adds may have more of them."""
        return round3(amount) if self.unit else round4(amount)


@dataclass(frozen=True)
class Statement:
    """The rows of one page between what was brought forward and what comes later, and what all come to."""

    explanation: Explanation
    rows: Sequence[Row]
    brought: Decimal
    carried: Decimal
    total: Decimal
    result: Decimal | None

    @property
    def agrees(self) -> bool:
        """Whether the rows come to exactly the figure that pages show."""
        return self.result == self.explanation.shown


@dataclass(frozen=True)
class Figure:
    """One kind of figure: how it is explained by a primary key, and which permission lets people see it."""

    explain: Callable[[int], Explanation]
    permission: str
    is_cost: bool = False


@dataclass(frozen=True)
class FigureOfThing:
    """One kind of figure that is of one thing among those of an event or of the shopping list."""

    explain: Callable[[int, Thing], Explanation]
    permission: str
    is_cost: bool = False


def thing_of_key(key: str) -> Thing:
    """Return the thing that an address names, as `key_of` writes it; `NotFound` for other words."""
    kind, _sep, text = key.partition("-")
    number = whole_number(text)
    if kind not in {"generic", "product", "unit", "good"} or number is None:
        raise NotFound(_("This number"))
    return kind, number


def _sum(rows: Iterable[Row]) -> Decimal:
    return sum((row.amount for row in rows if row.amount is not None), ZERO)


def clamped(rows: Sequence[Row], words: str) -> list[Row]:
    """Return rows whose sum is never below 0: a last row says so where it would be."""
    total = _sum(rows)
    return [*rows, Row(words, -total)] if total < 0 else list(rows)


def row_or_not_found(rows: QuerySet[Any], pk: int, words: str) -> Any:
    """Return a row; `NotFound` when it is not there."""
    found = rows.filter(pk=pk).first() if pk <= MAX_PK else None
    if found is None:
        raise NotFound(words)
    return found
