"""The app `bakery`: the shell, and what is kept about the people: log-ins, their history, who signed in."""

from django.apps import AppConfig
from django.contrib.auth import signals
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created
from django.db.models.signals import m2m_changed, post_migrate
from django.utils.translation import gettext_lazy as _


class BakeryConfig(AppConfig):
    """The app's place in Django."""

    name = "bakery"
    verbose_name = _("Bakery")

    def ready(self) -> None:
        """Guard what was written down, and write down who signs in and who may what."""
        from django.contrib.auth.models import Group, User

        from bakery import people_history, people_log  # noqa: F401 - local, as the models: they are ready only now
        from bakery.checks import demanded_groups
        from bakery.database import allow_long_statements
        from bakery.ledger import guard_ledger

        register(demanded_groups, Tags.database)
        connection_created.connect(allow_long_statements)
        post_migrate.connect(guard_ledger, sender=self)
        signals.user_logged_in.connect(people_history.signed_in)
        signals.user_logged_out.connect(people_history.signed_out)
        signals.user_login_failed.connect(people_history.refused)
        for owner, name in ((User, "groups"), (User, "user_permissions"), (Group, "permissions")):
            m2m_changed.connect(people_history.rights_changed, sender=getattr(owner, name).through)
