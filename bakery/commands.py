"""What the commands share that work with a shop's rows."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, OperationalError, connection
from django.utils.translation import gettext as _

from bakery.health import missing_migrations


class ShopCommand(BaseCommand):
    """A command that needs a database with the tables of this release, and says so in a sentence when it has none."""

    takes_older_release = False

    def execute(self, *args: Any, **options: Any) -> str | None:
        if refusal := self._why_not():
            raise CommandError(refusal)
        try:
            return super().execute(*args, **options)
        except OperationalError as error:
            sentence = _("The database stopped it: %(why)s. What was not finished is taken back.")
            raise CommandError(sentence % {"why": _why(error)}) from error

    def _why_not(self) -> str:
        """Return why the database is of no use; nothing when it is."""
        database = Path(str(connection.settings_dict["NAME"]))
        if connection.vendor == "sqlite" and not database.exists():
            return _("%(path)s is not there. Run “python manage.py migrate” first.") % {"path": database}
        try:
            missing, applied = missing_migrations()
        except Error as error:
            return _("The database cannot be asked: %(why)s.") % {"why": _why(error)}
        if not applied:
            return _("This database has no tables yet. Run “python manage.py migrate” first.")
        if missing and not self.takes_older_release:
            sentence = _("This database lacks %(migration)s of this release. Run “python manage.py migrate” first.")
            return sentence % {"migration": missing[0]}
        return ""


def _why(error: Error) -> str:
    """Return what the database says, on one line."""
    return str(error).strip().partition("\n")[0].rstrip(".")
