"""The app `packaging`."""

from pathlib import Path

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PackagingConfig(AppConfig):
    """The app's place in Django."""

    name = "packaging"
    verbose_name = _("Packaging")
    # Said explicitly: the module has two folders, ours and the PyPI library's, and Django would refuse to choose.
    path = str(Path(__file__).resolve().parent)

    def ready(self) -> None:
        """Put the ledger's triggers back whenever the tables were migrated."""
        from bakery.ledger import guard_ledger  # local: it imports models, which are ready only now
        from packaging import log  # noqa: F401 - it names what the log of the shop tells

        post_migrate.connect(guard_ledger, sender=self)
