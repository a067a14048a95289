"""The app `assembly`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AssemblyConfig(AppConfig):
    """The app's place in Django."""

    name = "assembly"
    verbose_name = _("Assembly")

    def ready(self) -> None:
        """Put the ledger's triggers back whenever the tables were migrated."""
        from bakery.ledger import guard_ledger  # local: it imports models, which are ready only now

        post_migrate.connect(guard_ledger, sender=self)
