"""Looking into a copy with the questions that are made for the shop's own database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.utils import load_backend
from django.utils.translation import gettext as _

from assembly.queries import check_books
from bakery.files import FileRefused


@contextmanager
def looking_into(name: str) -> Iterator[BaseDatabaseWrapper]:
    """Let this thread's queries ask another database of the same kind: no query of the program names one."""
    kept = connections[DEFAULT_DB_ALIAS]
    left_out = {"pool", "init_command", "transaction_mode"}  # for writers, and for one database only
    options = {key: value for key, value in kept.settings_dict["OPTIONS"].items() if key not in left_out}
    settings = {**kept.settings_dict, "NAME": name, "OPTIONS": options, "CONN_MAX_AGE": 0}
    other: BaseDatabaseWrapper = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, DEFAULT_DB_ALIAS)
    connections[DEFAULT_DB_ALIAS] = other
    try:
        yield other
    finally:
        connections[DEFAULT_DB_ALIAS] = kept
        other.close()


def look(other: BaseDatabaseWrapper) -> str:
    """Check the books of the database that is looked into; return what could not be checked, nothing when all was.

    Raises `FileRefused` when it is not a database of this program, is of a newer release, or does not balance.
    """
    loader = MigrationLoader(other, ignore_no_migrations=True)
    ours = {key for key in loader.disk_migrations if key[0] in {"bakery", "packaging", "assembly"}}
    theirs = {key for key in loader.applied_migrations if key[0] in {"bakery", "packaging", "assembly"}}
    if not theirs:
        raise FileRefused(_("This is not a backup of this program."))
    if theirs - ours:
        raise FileRefused(_("This is a backup of a newer release. Upgrade the program first."))
    if ours - theirs:
        return _("It is of an older release: its books can be checked after `migrate`.")
    differences = check_books()
    if differences:
        raise FileRefused(
            _("The books of this copy do not balance: %(first)s (%(count)s in all).")
            % {"first": differences[0], "count": len(differences)}
        )
    return ""
