"""manage.py backup DIR: a checked copy of the database while it is used (docs/backup.md)."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management import CommandError, CommandParser
from django.utils.translation import gettext as _

from assembly.backup import back_up, rotate
from bakery.commands import ShopCommand
from bakery.files import FileRefused
from bakery.text import whole_number


def at_least_one(text: str) -> int:
    """Read a number of copies to keep."""
    number = whole_number(text, digits=8)
    if not number:
        raise ArgumentTypeError(_("a whole number, 1 or more"))
    return number


class Command(ShopCommand):
    """Copy the database into a folder, open the copy, check its books, and take away the oldest copies."""

    help = "Copy the database into a folder while it is used, check the copy, and keep the newest N."
    requires_system_checks: list[str] = []
    takes_older_release = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", type=Path, help="the folder for the copies; it is made when it is not there")
        parser.add_argument("--keep", type=at_least_one, metavar="N", help="take away all but the newest N copies")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = back_up(options["dir"])
            gone = rotate(options["dir"], keep=options["keep"]) if options["keep"] else []
        except FileRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("The backup is %(path)s.") % {"path": made.path})
        self.stdout.write(made.unchecked or _("It was opened, and its books balance."))
        for path in gone:
            self.stdout.write(_("%(path)s was taken away.") % {"path": path})
