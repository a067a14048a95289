"""`manage.py setup_roles`: make the groups Packers, Planners, Managers and Staff (R32)."""

from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from bakery.checks import no_such_groups
from bakery.commands import ShopCommand
from bakery.roles import PermissionsMissing, set_up_roles
from bakery.second_factor import unknown_groups


class Command(ShopCommand):
    """Make the groups of a shop, or bring them up to a newer version. It can run any number of times."""

    help = "Make the groups Packers, Planners, Managers and Staff, or bring them up to this version."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            groups = set_up_roles()
        except PermissionsMissing as error:
            raise CommandError(_("Run migrate first: %(names)s are missing.") % {"names": error}) from error
        self.stdout.write(_("Groups ready: %(names)s.") % {"names": ", ".join(group.name for group in groups)})
        if names := unknown_groups():
            self.stderr.write(no_such_groups(names))
