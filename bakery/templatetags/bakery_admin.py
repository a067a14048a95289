"""What the admin's own pages need besides Django's tags."""

from django import template
from django.conf import settings
from django.db.models import Model

from bakery.log import Entry, Wish, about, entries

register = template.Library()


@register.simple_tag
def is_development() -> bool:
    """Say whether this is a development server, which a ribbon then shows."""
    return settings.DEBUG


@register.simple_tag
def history_of(row: Model) -> list[Entry] | None:
    """Return the newest changes of a row and of what belongs to it; None where Django's own list is all there is."""
    subject = about(row)
    return None if subject is None else entries(Wish(about=subject), limit=200)
