"""The app `packaging`."""

from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PackagingConfig(AppConfig):
    """The app's place in Django."""

    name = "packaging"
    verbose_name = _("Packaging")
    # Said explicitly: the module has two folders, ours and the PyPI library's, and Django would refuse to choose.
    path = str(Path(__file__).resolve().parent)
