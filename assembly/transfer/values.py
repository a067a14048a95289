"""How each kind of value is written in the file, and read back exactly or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, models

T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """A pair that writes a value for JSON and reads it back; `counts` says that the file's end holds its sum.

    `read` raises `ValueError` for whatever is not written exactly as `write` writes it.
    """

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    counts: bool = False


def kind_of(field: models.Field[Any, Any]) -> Kind:
    """Return how values of a field travel; a kind of field that nobody has thought of is an error."""
    if isinstance(field, models.ForeignKey):
        return text(150) if field.related_model is User else UUIDS
    if isinstance(field, models.DecimalField):
        return Kind(partial(_write_decimal, field.decimal_places), partial(_read_decimal, field), counts=True)
    if isinstance(field, models.BooleanField):
        return Kind(bool, _read_bool)
    if isinstance(field, models.IntegerField):
        is_number = not field.primary_key
        return Kind(int, partial(_read_int, *connection.ops.integer_field_range(field.get_internal_type())), is_number)
    kinds = {models.UUIDField: UUIDS, models.DateTimeField: TIMES, models.DateField: DATES}
    for of, kind in kinds.items():
        if isinstance(field, of):
            return kind
    if isinstance(field, (models.CharField, models.TextField)):
        return text(field.max_length)
    raise TypeError(f"Nobody has said how a {type(field).__name__} travels.")


def text(longest: int | None) -> Kind:
    """Return how a text of at most so many characters travels."""
    return Kind(str, partial(_read_text, longest))


def _read_text(longest: int | None, given: Any) -> str:
    """PostgreSQL takes no NUL and no half of a surrogate pair, and keeps to the length; SQLite would not."""
    if not isinstance(given, str) or "\0" in given or (longest is not None and len(given) > longest):
        raise ValueError
    given.encode()
    return given


def _write_decimal(places: int, value: Decimal) -> str:
    return f"{value.quantize(Decimal(1).scaleb(-places)):f}"


def _read_decimal(field: models.DecimalField[Any, Any], given: Any) -> Decimal:
    if not isinstance(given, str) or len(given) > field.max_digits + 2:
        raise ValueError
    whole, point, part = given.removeprefix("-").partition(".")
    if not ((whole + part).isascii() and whole.isdigit() and part.isdigit() and point):
        raise ValueError
    if len(part) != field.decimal_places or len(whole) > max(1, field.max_digits - field.decimal_places):
        raise ValueError
    value = Decimal(given)
    return _same(value, given, partial(_write_decimal, field.decimal_places))


def _read_bool(given: Any) -> bool:
    if not isinstance(given, bool):
        raise ValueError
    return given


def _read_int(least: int | None, most: int | None, given: Any) -> int:
    if type(given) is not int or (least is not None and given < least) or (most is not None and given > most):
        raise ValueError
    return given


def _same(value: T, given: str, write: Callable[[Any], Any]) -> T:
    if write(value) != given:
        raise ValueError
    return value


def _write_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _read_time(given: Any) -> datetime:
    if not isinstance(given, str) or not given.endswith("+00:00"):
        raise ValueError
    value = datetime.fromisoformat(given)
    return _same(value, given, _write_time)


def _read_date(given: Any) -> date:
    if not isinstance(given, str):
        raise ValueError
    return _same(date.fromisoformat(given), given, date.isoformat)


def _read_uuid(given: Any) -> UUID:
    if not isinstance(given, str):
        raise ValueError
    return _same(UUID(given), given, str)


UUIDS = Kind(str, _read_uuid)
TIMES = Kind(_write_time, _read_time)
DATES = Kind(date.isoformat, _read_date)
