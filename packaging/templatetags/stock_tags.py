"""Filters for the pages about stock."""

from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone

from packaging.costs import in_words
from packaging.queries.pending_page import short_day
from packaging.words import in_units, reason_words

register = template.Library()
register.filter("short_day", short_day)
register.filter("reason_words", reason_words)


@register.filter
def amount(quantity: Decimal, unit: str) -> str:
    """Write a quantity with its stock unit: `{{ lot.quantity|amount:lot.unit }}` is "30 pieces"."""
    return in_units(quantity, unit)


@register.filter
def signed(quantity: Decimal) -> str:
    """Write a change with its sign: +30, −12."""
    sign = "+" if quantity > 0 else "−" if quantity < 0 else ""
    return f"{sign}{in_words(abs(quantity))}"


@register.filter
def reason(movement: Any) -> str:
    """Write why a movement was made."""
    return reason_words(movement.reason)


@register.filter
def expired(lot: Any) -> bool:
    """Say whether something is left of a lot that is past its day."""
    return bool(lot.quantity and lot.expires_on is not None and lot.expires_on < timezone.localdate())


@register.filter
def known_value(lot: Any) -> Decimal | None:
    """Return what is left of a lot is worth; None when its cost is unknown (R3)."""
    value: Decimal | None = lot.value if lot.is_cost_known else None
    return value
