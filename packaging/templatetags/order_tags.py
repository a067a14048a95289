"""Filters for the pages about orders."""

from datetime import date
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from packaging.models import AssemblyOrder, Composition
from packaging.queries import as_part

register = template.Library()


@register.filter
def day(when: date) -> str:
    """Write a day: Fri 20 Nov, with its year when it is another one than today's."""
    short = "D j M" if when.year == timezone.localdate().year else "D j M Y"
    return date_format(when, short).replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def due_words(when: date) -> str:
    """Say when something is due, and in words when that is over: due Fri 20 Nov, due today, 3 days overdue."""
    left = (when - timezone.localdate()).days
    if left < 0:
        return ngettext("%(days)s day overdue", "%(days)s days overdue", -left) % {"days": -left}
    if left == 0:
        return _("due today")
    if left == 1:
        return _("due tomorrow")
    return (_("due %(day)s") % {"day": day(when)}).replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def needed_for(line: Composition, order: AssemblyOrder) -> Decimal:
    """Return what a line of an order still needs for the pieces that are left (R8)."""
    return as_part(line).need(order.quantity_left)


@register.filter
def is_overdue(when: date) -> bool:
    """Say whether a day is over."""
    return when < timezone.localdate()
