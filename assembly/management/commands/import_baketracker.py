"""`manage.py import_baketracker FILE.db`: move in from the desktop app."""

import sys
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.baketracker.importing import Outcome, import_file
from assembly.baketracker.read import BadFile
from assembly.baketracker.rows import Options, Undecidable
from bakery.commands import ShopCommand

BAR = 30


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(_("a day is written YYYY-MM-DD")) from None


def _units(text: str) -> str:
    if text.rpartition("=")[2] not in ("packs", "pieces"):
        raise ArgumentTypeError(_("write packs, pieces, or #LOT=packs"))
    return text


class Command(ShopCommand):
    """Bring over what the desktop app's SQLite file has, say what could not come, and compare the sums."""

    help = "Move in from the desktop app: read its SQLite file, bring over what is new, list the rest, compare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the desktop app's database, called bake_tracker.db")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        parser.add_argument("--packaging", action="append", default=[], metavar="NAME", help="this is packaging")
        parser.add_argument("--not-packaging", action="append", default=[], metavar="NAME", help="this is not")
        parser.add_argument(
            "--lot-units",
            action="append",
            default=[],
            type=_units,
            metavar="#LOT=packs",
            help="what a lot is counted in: #37=packs, #37=pieces; packs or pieces alone for every undecided lot",
        )
        parser.add_argument("--date-of-undated", type=_day, metavar="YYYY-MM-DD", help="the day of lots without one")
        parser.add_argument("--times", choices=["utc", "local"], default="utc", help="how the app wrote its times")
        parser.add_argument(
            "--both", choices=["yes", "no"], default="no", help="bring the lots of food that goods use as packaging"
        )
        parser.add_argument(
            "--closed-before", type=_day, metavar="YYYY-MM-DD", help="events before this day come over as completed"
        )

        parser.add_argument("--bring-back", action="store_true", help="bring what was removed here since, too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print the report and the sums; exit 1 when they differ, and then nothing was changed."""
        decided = Options(
            packaging=tuple(options["packaging"]),
            not_packaging=tuple(options["not_packaging"]),
            lot_units=tuple(options["lot_units"]),
            undated=options["date_of_undated"],
            times=options["times"],
            both=options["both"] == "yes",
            closed_before=options["closed_before"],
            bring_back=options["bring_back"],
            zone=timezone.get_current_timezone(),
            today=timezone.localdate(),
        )
        try:
            outcome = import_file(options["file"], decided, is_trial=options["dry_run"], progress=self._progress)
        except (BadFile, Undecidable) as problem:
            raise CommandError(_(problem.words) % problem.values) from None
        except DatabaseError as problem:
            words = _("The database here refused it. Nothing was changed. It says: %s") % str(problem).splitlines()[0]
            raise CommandError(words) from problem
        finally:
            self._progress("", 0, 0)
        self._print(outcome, is_trial=options["dry_run"])
        if not outcome.agrees:
            sys.exit(1)

    def _progress(self, words: str, done: int, total: int) -> None:
        """Show on a terminal what is being written and how far it is; without words, wipe it."""
        if self.stderr.isatty():
            part = done * BAR // total if total else 0
            shown = f"[{'#' * part:<{BAR}}] {words}" if words else ""
            self.stderr.write(f"\r{shown:<70}\r", style_func=str, ending="")

    def _print(self, outcome: Outcome, *, is_trial: bool) -> None:
        for line in outcome.report.lines(_):
            self.stdout.write(line)
        self.stdout.write("\n" + _("Compared with the file"))
        row = "  {:<48} {:>16} {:>10} {:>16} {:>16}  {}"
        heads = (_("in the file"), _("rounding"), _("named above"), _("here"))
        self.stdout.write(row.format("", *heads, ""))
        for figure in outcome.lines:
            if figure.source or figure.here or figure.less:
                said = _("agrees") if figure.agrees else _("DIFFERS")
                amounts = (figure.source, figure.rounding, figure.less, figure.here)
                self.stdout.write(row.format(figure.what, *map(_plain, amounts), said))
        self.stdout.write("\n" + _("Runs by month of the shop"))
        for month, (number, pieces, cost) in outcome.months.items():
            self.stdout.write(_("  %s: %d runs, %d pieces, cost %s") % (month, number, pieces, cost))
        if outcome.runs_differing:
            self.stdout.write(_("%d runs differ from the file.") % outcome.runs_differing)
        for difference in outcome.books:
            self.stdout.write(_("The books do not balance: %s") % difference)
        if not outcome.agrees:
            self.stdout.write(_("The sums differ: nothing was changed."))
        elif is_trial:
            self.stdout.write(_("Everything agrees. This was a trial: nothing was changed."))
        else:
            self.stdout.write(_("Everything agrees and the books balance."))


def _plain(amount: Any) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
