"""The app `bakery`: template tags, management commands, and one table, for log-ins."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BakeryConfig(AppConfig):
    """The app's place in Django."""

    name = "bakery"
    verbose_name = _("Bakery")
