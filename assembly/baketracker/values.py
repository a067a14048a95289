"""Exact numbers, days and texts out of columns that hold anything. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid5

from packaging.costs import round3, round4

SPACE = UUID("5f0c9a52-7d0e-5b0e-9d0b-6a1f4c2b8e11")  # the names of rows that the desktop app has no name for
MOST_QUANTITY = Decimal(10) ** 9
MOST_MONEY = Decimal(10) ** 8
MOST_RUN_QUANTITY = Decimal(10) ** 7
MOST_RUN_MONEY = Decimal(10) ** 6
MOST_COUNT = 1_000_000
YEARS = range(1900, 2200)


class Refused(Exception):
    """Nothing is imported; a sentence says why, in words that are translated when they are shown."""

    def __init__(self, words: str, **values: object) -> None:
        super().__init__(words % values)
        self.words, self.values = words, values


class Unreadable(ValueError):
    """A value is not what its column is for; the text says so."""


def exact(value: Any) -> Decimal | None:
    """Return the number that a person would read in a column: the shortest one that is this float; None for NULL."""
    if value is None:
        return None
    shown = repr(value) if isinstance(value, float) else str(value).strip()
    try:
        number = Decimal(shown)
    except InvalidOperation:
        raise Unreadable(f"{shown[:40]!r} is not a number") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise Unreadable(f"{shown[:40]} is no amount")
    return number


def needed(value: Any) -> Decimal:
    """Return the exact number; `Unreadable` for NULL."""
    number = exact(value)
    if number is None:
        raise Unreadable("a number is missing")
    return number


def quantity(value: Any, most: Decimal = MOST_QUANTITY) -> Decimal:
    """Return a quantity to 3 places: dust below half of the last place is 0."""
    return _fitting(round3(needed(value)), most)


def money(value: Any, most: Decimal = MOST_MONEY) -> Decimal:
    """Return money to 4 places, half up."""
    return _fitting(round4(needed(value)), most)


def worth(pieces: Any, unit_cost: Any) -> Decimal:
    """Return what so many pieces are worth, rounded once at the end; nothing when the pieces are only dust."""
    return money(needed(pieces) * needed(unit_cost)) if quantity(pieces) else Decimal("0.0000")


def or_zero(read: Callable[..., Any], *values: Any) -> Decimal:
    """Return what a row adds to a sum: nothing when it cannot be read, and the report says so of the row."""
    try:
        return Decimal(read(*values))
    except Unreadable:
        return Decimal(0)


def _fitting(number: Decimal, most: Decimal) -> Decimal:
    if abs(number) >= most:
        raise Unreadable(f"{number} is too large")
    return number if number else abs(number)  # no -0.000


def count(value: Any) -> int:
    """Return a whole number; `Unreadable` for anything else."""
    number = needed(value)
    if number != number.to_integral_value():
        raise Unreadable(f"{number} is not a whole number")
    if abs(number) > MOST_COUNT:
        raise Unreadable(f"{number} is too large")
    return int(number)


def is_true(value: Any) -> bool:
    """Return a yes or no that is written as 1 or 0, or in words."""
    return str(value).strip().casefold() in {"1", "1.0", "true", "yes"}


def text(value: Any) -> str:
    """Return a text as it was typed; what no database can hold (NUL, half characters) is left out."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def name(value: Any) -> str:
    """Return a text on one line: spaces and line ends collapsed, no control characters."""
    visible = "".join(" " if c.isspace() or (ord(c) < 32) or 127 <= ord(c) < 160 else c for c in text(value))
    return " ".join(visible.split())


def slug(value: Any) -> str:
    """Return a name for addresses."""
    return re.sub(r"[^\w-]+", "-", text(value).strip()).strip("-")[:190]


def day(value: Any) -> date | None:
    """Return a day; None for NULL."""
    if value is None or not str(value).strip():
        return None
    try:
        found = date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise Unreadable(f"{str(value)[:40]!r} is not a day") from None
    if found.year not in YEARS:
        raise Unreadable(f"{found} is not a day that can be")
    return found


def moment(value: Any, zone: tzinfo) -> datetime:
    """Return a time that was written without its zone, in UTC."""
    if value is None:
        raise Unreadable("the time is missing")
    try:
        found = datetime.fromisoformat(str(value).strip())
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(f"{str(value)[:40]!r} is not a time") from None
    if found.year not in YEARS:
        raise Unreadable(f"{found:%Y-%m-%d} is not a day that can be")
    return found


def made_uuid(*parts: object) -> UUID:
    """Return the name of a row that the desktop app has none for: always the same for the same parts."""
    return uuid5(SPACE, ":".join(str(part) for part in parts))
