"""The app `assembly`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssemblyConfig(AppConfig):
    """The app's place in Django."""

    name = "assembly"
    verbose_name = _("Assembly")
