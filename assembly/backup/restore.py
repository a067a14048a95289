"""Putting a copy in the place of the database."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.models import Model
from django.utils.translation import gettext as _

from assembly.backup import sqlite
from assembly.backup.copies import set_aside, tools
from assembly.backup.other import look
from assembly.transfer.tables import MODELS
from bakery.files import FileRefused, in_words, whole_file


@dataclass(frozen=True)
class Restored:
    """What was done: where the database of before lies (None: there was nothing), and what could not be checked."""

    before: Path | None
    unchecked: str


def restore(path: Path, *, overwrite: bool, aside: Path) -> Restored:
    """Check a backup, set aside what the database holds, and put the backup in its place.

    Raises `FileRefused` and changes nothing for a copy that is not good, and for a database with data unless
    `overwrite` is said.
    """
    with in_words(path):
        if not path.is_file():
            raise FileRefused(_("%(path)s is not there.") % {"path": path})
        unchecked: str = tools().verify(path)
    holds = _holds_data()
    if holds and not overwrite:
        raise FileRefused(
            _("This database has data. Say --overwrite to put the backup in its place; what is there is kept aside.")
        )
    before = set_aside(aside) if holds else None
    if connection.vendor == "sqlite" and sqlite.database().exists() and not sqlite.is_readable(sqlite.database()):
        _replace(path)
    else:
        tools().load(path)
    return Restored(before, unchecked and _look_now(before))


def _look_now(before: Path | None) -> str:
    """Check the books of what was put in place, when the copy itself could not be; return what still cannot be."""
    try:
        return look(connections[DEFAULT_DB_ALIAS])
    except FileRefused as error:
        raise FileRefused(
            _("The backup is in place, but: %(why)s What the database held is in %(before)s.")
            % {"why": error, "before": before}
            if before
            else _("The backup is in place, but: %(why)s") % {"why": error}
        ) from error


def _holds_data() -> bool:
    """Say whether anything would be lost; a file that cannot be read may hold anything."""
    if connection.vendor == "sqlite":
        database = sqlite.database()
        if not database.exists() or not database.stat().st_size:
            return False
        if not sqlite.is_readable(database):
            return True
    try:
        with connection.cursor() as cursor:
            tables = set(connection.introspection.table_names(cursor))
        models: tuple[type[Model], ...] = (*MODELS, User)
        return any(model._meta.db_table in tables and model._base_manager.exists() for model in models)
    except DatabaseError:
        return True


def _replace(path: Path) -> None:
    """Put a copy where a broken file lies, which SQLite itself cannot write to any more."""
    connection.close()
    database = sqlite.database()
    with whole_file(database, overwrite=True) as part:
        shutil.copyfile(path, part)
        for log in sqlite.logs(database):  # before the copy has the name: it would take an old log for its own
            log.unlink()
