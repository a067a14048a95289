"""Filters for promises: who holds a lot, and what a repair was drawn from."""

from django import template

from packaging.availability import Lot
from packaging.forms.moves import amounts_text

register = template.Library()
register.filter("as_text", amounts_text)


@register.filter
def held_by_others(lot: Lot, line_id: int) -> bool:
    """Say whether another line was promised something of the lot."""
    return any(promise.line_id != line_id for promise in lot.promises)
