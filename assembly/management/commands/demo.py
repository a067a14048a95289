"""`manage.py demo`: load the Alder Street Bakehouse, an invented bakery to try the program with."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from assembly.demo import NotEmpty, load_demo
from assembly.demo_large import RUNS, load_year
from assembly.services import keep_check
from bakery.commands import ShopCommand
from bakery.demo import DEMO_PASSWORD


class Command(ShopCommand):
    """Load the demo bakery once. Its users, with a printed password, exist only where DEBUG is on."""

    help = "Load the demo bakery; a second time changes nothing, and a database with real data is left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--large", action="store_true", help="add a year of a busy shop to it, for trials; it cannot be taken back"
        )
        parser.add_argument("--runs", type=int, help=f"so many runs in that year (default {RUNS})")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = RUNS if options["runs"] is None else options["runs"]
        if options["runs"] is not None and not options["large"]:
            raise CommandError(_("--runs goes with --large."))
        if not 1 <= runs <= 10_000_000:
            raise CommandError(_("--runs is a whole number from 1 to 10000000."))
        try:
            demo = load_demo(with_users=settings.DEBUG)
            self.stdout.write(
                _("The demo bakery is loaded.") if demo.is_new else _("The demo bakery was there already.")
            )
            if demo.users:
                self.stdout.write(
                    _("Log in as %(names)s; the password of each is %(password)s")
                    % {"names": ", ".join(demo.users), "password": DEMO_PASSWORD}
                )
            if options["large"]:
                self._add_year(runs)
        except NotEmpty:
            raise CommandError(
                _("This database has data already. The demo is loaded into an empty one only.")
            ) from None

    def _add_year(self, runs: int) -> None:
        """Add the year of a busy shop, say how far it is, and check the books."""
        if not load_year(runs=runs, say=self._tell_each(max(runs // 10, 1))):
            self.stdout.write(_("The busy year was there already."))
            return
        self.stdout.write(_("The busy year is loaded: %(runs)s runs.") % {"runs": f"{runs:,}"})
        check = keep_check(by=None)
        self.stdout.write(check.differences or str(check))
        if not check.is_balanced:
            raise CommandError(_("The books do not balance."))

    def _tell_each(self, step: int) -> Callable[[int], None]:
        """Return what says how many runs are done, whenever it is so many more."""
        said = 0

        def say(done: int) -> None:
            nonlocal said
            if done >= said + step:
                said = done
                self.stdout.write(_("%(done)s runs") % {"done": f"{done:,}"})

        return say
