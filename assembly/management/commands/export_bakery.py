"""manage.py export_bakery FILE: everything the shop has in one file (docs/export-format.md)."""

from pathlib import Path
from typing import Any

from django.core.management import CommandError, CommandParser
from django.utils.translation import gettext as _

from assembly.transfer import write_file
from bakery.commands import ShopCommand
from bakery.files import FileRefused


class Command(ShopCommand):
    """Write everything, by uuid, to the last place, while people go on working."""

    help = "Write everything into one compressed file, which import_bakery reads on any database of this program."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write, such as shop.jsonl.gz")
        parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            differences = write_file(options["file"], overwrite=options["overwrite"], progress=self.say)
        except FileRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("Everything is in %(file)s.") % {"file": options["file"]})
        if differences:
            self.stderr.write("\n".join(differences))
            raise CommandError(_("The books do not balance, so import_bakery will refuse this file."))

    def say(self, table: str, rows: int) -> None:
        """Say how far it is."""
        if rows:
            self.stdout.write(f"{table}: {rows}")
