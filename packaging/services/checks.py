"""What every write asks first: amounts that fit, dates that can be, a reason, rows that are there."""

from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from packaging.costs import fits, in_words, is_whole
from packaging.exceptions import BadDate, BadQuantity, NotFound, ReasonMissing

M = TypeVar("M", bound=models.Model)


def checked_quantity(quantity: Decimal, *, whole: bool, what: Any, or_zero: bool = False) -> Decimal:
    """Return a quantity that fits its column and is whole if it must be; `BadQuantity` names `what` (R8)."""
    if not fits(quantity, 12, 3) or (quantity == 0 and not or_zero):
        raise BadQuantity(
            _("%(what)s: %(quantity)s is not a quantity. Use a number above 0 with at most 3 places.")
            % {"what": what, "quantity": quantity}
        )
    if whole and not is_whole(quantity):
        raise BadQuantity(
            _("%(what)s comes in whole pieces; %(quantity)s is not a whole number.")
            % {"what": what, "quantity": in_words(quantity)}
        )
    return quantity


def checked_money(amount: Decimal) -> Decimal:
    """Return money that fits its column, 0 included."""
    if not fits(amount, 12, 4):
        raise BadQuantity(
            _("%(amount)s is not an amount. Use a number from 0 with at most 4 places.") % {"amount": amount}
        )
    return amount


def checked_day(day: date) -> date:
    """Return a day that is not in the future of the shop (R5)."""
    if day > timezone.localdate():
        raise BadDate(_("%(day)s is in the future.") % {"day": day.isoformat()})
    return day


def checked_reason(reason: str) -> str:
    """Return the reason without spare spaces; `ReasonMissing` when nothing is left of it."""
    if not reason.strip():
        raise ReasonMissing
    return reason.strip()[:500]


def get_row(rows: models.Manager[M] | models.QuerySet[M], pk: int | None, what: Any) -> M:
    """Return a row by primary key; `NotFound` when it is not there."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound(what)
    return row


def sent_before(rows: models.Manager[M] | models.QuerySet[M], key: UUID | None) -> M | None:
    """Return what the first sending of a form with this one-time key made (R30)."""
    return rows.filter(uuid=key).first() if key else None
