"""What one cell of a spreadsheet says: text, a number, a day, yes or no. What can be read in two ways is refused."""

import re
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.forms import FIRST_DAY, LAST_DAY, plain_number
from bakery.text import fold

Cell = str | Decimal | date  # a date or number where the spreadsheet itself says so, else what was typed

GUARDED = re.compile(r"'+[=+\-@\t\r\n]")  # as bakery/exports.py writes what looks like a formula
SPACES = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3})")  # between thousands
GROUPED = r"\d{1,3}(?:%s\d{3})+"
YES = (gettext_lazy("yes"), "yes", "y", "true", "1", "x")
NO = (gettext_lazy("no"), "no", "n", "false", "0", "")


def refuse(sentence: str, code: str = "invalid") -> ValidationError:
    """Return the error that says what is wrong with a cell."""
    return ValidationError(sentence, code=code)


def is_empty(cell: Cell) -> bool:
    """Say whether nothing stands there."""
    return isinstance(cell, str) and not cell.strip()


def to_text(cell: Cell, most: int = 10_000) -> str:
    """Return text without the mark against formulas, which our own files have, and with plain ends of lines."""
    if isinstance(cell, date):
        raise refuse(_("The spreadsheet made a date of this. Format the column as text, and type it again."))
    text = plain_number(cell) if isinstance(cell, Decimal) else cell.strip(" \u00a0\r\n")
    if text.startswith("="):
        raise refuse(_("This is a formula. Put its value there instead."), "formula")
    if "\0" in text:
        raise refuse(_("This text has a character that cannot be stored."))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text[1:].strip() if GUARDED.match(text) else text.strip()
    if len(text) > most:
        raise refuse(_("This is too long: at most %(most)s characters.") % {"most": most})
    return text


def to_number(cell: Cell) -> Decimal | None:
    """Return a number, None of an empty cell; `1,5` is `1.5`, and what may be thousands or decimals is refused."""
    if isinstance(cell, Decimal):
        return cell
    if isinstance(cell, date):
        raise refuse(_("The spreadsheet made a date of this number. Format the column as a number."))
    text = SPACES.sub("", cell.strip())
    if not text:
        return None
    if text.startswith("-") and re.fullmatch(r"-[\d.,]+", text, re.ASCII):
        raise refuse(_("Enter 0 or more."))
    if len(text) > 40 or not re.fullmatch(r"\d[\d.,]*", text, re.ASCII):
        raise refuse(_("“%(text)s” is not a number. Enter a number, like 24 or 2.5.") % {"text": text[:40]})
    return Decimal(_without_groups(text))


def _without_groups(text: str) -> str:
    """Return the number with a dot before its decimals and nothing between its thousands."""
    marks = sorted({mark for mark in text if mark in ".,"}, key=text.rindex)
    if not marks:
        return text
    last = marks[-1]
    whole, _mark, rest = text.rpartition(last)
    first = marks[0] if len(marks) == 2 else last
    if len(marks) == 1 and text.count(last) == 1 and rest:
        ours = get_format("DECIMAL_SEPARATOR")
        if last != ours and re.fullmatch(r"[1-9]\d{0,2}", whole) and len(rest) == 3:
            raise refuse(
                _("“%(text)s” can be read in two ways. Write %(decimal)s, or %(thousands)s.")
                % {
                    "text": text,
                    "decimal": f"{whole}{ours}{rest}".rstrip("0").rstrip(ours),
                    "thousands": f"{whole}{rest}",
                },
                "ambiguous",
            )
        return f"{whole}.{rest}"
    if len(marks) == 2 and rest and re.fullmatch(GROUPED % re.escape(first), whole):
        return f"{whole.replace(first, '')}.{rest}"
    if len(marks) == 1 and re.fullmatch(GROUPED % re.escape(last), text):
        return text.replace(last, "")
    raise refuse(_("“%(text)s” is not a number. Enter a number, like 24 or 2.5.") % {"text": text})


def to_amount(cell: Cell, *, places: int, most: Decimal) -> Decimal | None:
    """Return a number from 0 that fits a column of so many places."""
    number = to_number(cell)
    if number is None:
        return None
    if number < 0:
        raise refuse(_("Enter 0 or more."))
    if number > most:
        raise refuse(_("Enter %(limit)s or less.") % {"limit": plain_number(most)})
    if number != round(number, places):
        raise refuse(_("Enter at most %(places)s decimals.") % {"places": places})
    return number


def to_day(cell: Cell) -> date | None:
    """Return a day, None of an empty cell; a day that could be another one when read abroad is refused."""
    if isinstance(cell, Decimal):
        raise refuse(_("This is a number. Enter a date, like 2026-11-20."))
    day = cell if isinstance(cell, date) else _day_of(cell.strip())
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        limits = {"first": date_format(FIRST_DAY), "last": date_format(LAST_DAY)}
        raise refuse(_("Enter a date between %(first)s and %(last)s.") % limits)
    return day


def _day_of(text: str) -> date | None:
    if not text:
        return None
    wrong = refuse(_("“%(text)s” is not a date. Enter a date, like 2026-11-20.") % {"text": text[:40]})
    try:
        if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text, re.ASCII):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", text, re.ASCII):
            return _day_in_order(text, int(found[1]), int(found[3]), int(found[4]), is_sure=found[2] == ".")
    except ValueError:
        raise wrong from None
    for form in get_format("DATE_INPUT_FORMATS"):
        if "%b" in form or "%B" in form:
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                continue
    raise wrong


def _day_in_order(text: str, first: int, second: int, year: int, *, is_sure: bool) -> date:
    """Return the day of two numbers: day and month with dots; else whichever order is the only one that can be."""
    if is_sure or first > 12 or first == second:
        return date(year, second, first)
    if second > 12:
        return date(year, first, second)
    raise refuse(
        _("“%(text)s” can be two days. Write %(one)s or %(other)s.")
        % {"text": text, "one": date(year, second, first), "other": date(year, first, second)},
        "ambiguous",
    )


def to_yes_or_no(cell: Cell) -> bool:
    """Return whether a cell says yes; nothing says no."""
    text = fold(plain_number(cell) if isinstance(cell, Decimal) else str(cell))
    if text in {fold(str(word)) for word in YES}:
        return True
    if text in {fold(str(word)) for word in NO}:
        return False
    raise refuse(_("Enter yes or no."))
