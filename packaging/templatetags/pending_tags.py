"""Filters for the pages about lines that wait for a decision."""

from datetime import date
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from packaging.costs import in_words
from packaging.models import Composition
from packaging.queries.pending_page import short_day

register = template.Library()


@register.filter
def asks(line: Composition, quantity: Decimal) -> str:
    """Write so much of what a generic line asks for: 50 × Cello bag 6x10, 20 m Satin ribbon 16 mm."""
    assert line.packaging_product is not None
    number, name = in_words(quantity), line.packaging_product.product_name
    return f"{number} × {name}" if line.is_whole else f"{number} {line.unit} {name}"


@register.filter
def due(day: date) -> str:
    """Write when something is due: due today, due Sat 13 Dec."""
    if day == timezone.localdate():
        return _("due today")
    words = _("due %(weekday)s %(day)s") % {"weekday": date_format(day, "D"), "day": short_day(day)}
    return words.replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def overdue(day: date) -> str:
    """Write how long something is overdue; nothing when it is not."""
    days = (timezone.localdate() - day).days
    if days <= 0:
        return ""
    return ngettext("%(days)s day overdue", "%(days)s days overdue", days) % {"days": days}
