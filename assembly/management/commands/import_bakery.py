"""manage.py import_bakery FILE: bring in what export_bakery wrote (docs/export-format.md)."""

from pathlib import Path
from typing import Any

from django.core.management import CommandError, CommandParser
from django.utils.translation import gettext as _

from assembly.transfer import ImportRefused, load_file
from bakery.commands import ShopCommand


class Command(ShopCommand):
    """Bring a whole file in or nothing; a second time changes nothing."""

    help = "Bring in everything from a file of export_bakery, all or nothing; rows that are here already stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file that export_bakery wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = load_file(options["file"], progress=self.say)
        except ImportRefused as error:
            for row in error.rows:
                self.stderr.write(row)
            raise CommandError(str(error)) from error
        for table, rows in loaded.new.items():
            self.stdout.write(_("%(table)s: %(rows)s new") % {"table": table, "rows": rows})
        if not loaded.new:
            self.stdout.write(_("Everything in this file was here already. Nothing was changed."))
        else:
            self.stdout.write(_("Everything is in, and the books balance."))

    def say(self, table: str, rows: int) -> None:
        """Say how far it is."""
        if rows:
            self.stdout.write(f"{table}: {rows}")
