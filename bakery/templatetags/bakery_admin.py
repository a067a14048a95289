"""What the admin's own pages need besides Django's tags."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def is_development() -> bool:
    """Say whether this is a development server, which a ribbon then shows."""
    return settings.DEBUG
