"""manage.py restore FILE: put a backup in the place of the database (docs/backup.md)."""

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from assembly.backup import restore
from bakery.files import FileRefused


class Command(BaseCommand):
    """Check a backup and put it in the place of the database; what the database held is kept aside."""

    help = (
        "Put a backup in the place of the database. Stop the server first. Data is overwritten with --overwrite only."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the backup")
        parser.add_argument("--overwrite", action="store_true", help="although the database has data")
        parser.add_argument("--aside", type=Path, help="the folder for what the database held, else the backup's own")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            done = restore(path, overwrite=options["overwrite"], aside=options["aside"] or path.absolute().parent)
        except FileRefused as error:
            raise CommandError(str(error)) from error
        if done.before:
            self.stdout.write(_("What the database held is in %(path)s.") % {"path": done.before})
        self.stdout.write(_("The backup is in place."))
        self.stdout.write(done.unchecked or _("Its books balance."))
