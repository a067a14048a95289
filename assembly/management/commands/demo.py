"""`manage.py demo`: load the Alder Street Bakehouse, an invented bakery to try the program with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from assembly.demo import NotEmpty, load_demo
from bakery.demo import DEMO_PASSWORD


class Command(BaseCommand):
    """Load the demo bakery once. Its users, with a printed password, exist only where DEBUG is on."""

    help = "Load the demo bakery; a second time changes nothing, and a database with real data is left alone."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo = load_demo(with_users=settings.DEBUG)
        except NotEmpty:
            raise CommandError(
                _("This database has data already. The demo is loaded into an empty one only.")
            ) from None
        self.stdout.write(_("The demo bakery is loaded.") if demo.is_new else _("The demo bakery was there already."))
        if demo.users:
            self.stdout.write(
                _("Log in as %(names)s; the password of each is %(password)s")
                % {"names": ", ".join(demo.users), "password": DEMO_PASSWORD}
            )
