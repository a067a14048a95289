"""Making a copy, and keeping the newest ones."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.backup import postgres, sqlite
from bakery.files import FileRefused, in_words, take_away_halves, whole_file

NAME = re.compile(r"bakery-\d{8}-\d{6}(-\d+)?\.(sqlite3|dump)")  # what rotation may take away


@dataclass(frozen=True)
class Backup:
    """A copy that was made: where, and what could not be checked about it."""

    path: Path
    unchecked: str


def tools() -> ModuleType:
    """Return how this database is copied: `save`, `verify`, `load`."""
    return sqlite if connection.vendor == "sqlite" else postgres


def back_up(folder: Path) -> Backup:
    """Copy the database into a folder while it is used, and check the copy; a copy that is no good is not kept."""
    _prepare(folder)
    path = _free_name(folder, "bakery")
    with whole_file(path) as part:
        tools().save(part)
        unchecked = tools().verify(part)
    return Backup(path, unchecked)


def set_aside(folder: Path) -> Path:
    """Copy the database as it is, good or not, before something takes its place. Rotation leaves this copy alone."""
    _prepare(folder)
    path = _free_name(folder, "before-restore")
    with whole_file(path) as part:
        if connection.vendor == "sqlite" and not sqlite.is_readable(sqlite.database()):
            shutil.copyfile(sqlite.database(), part)
            for log in sqlite.logs(sqlite.database()):  # whoever mends the file will want them
                shutil.copyfile(log, path.with_name(log.name.replace(sqlite.database().name, path.name)))
        else:
            tools().save(part)
    return path


def rotate(folder: Path, *, keep: int) -> list[Path]:
    """Take away all but the newest copies, and halves that a crash left; return the copies that went."""
    copies = sorted((path for path in folder.iterdir() if NAME.fullmatch(path.name)), key=_age)
    gone = copies[:-keep]
    with in_words(folder):
        for path in gone:
            path.unlink()
        take_away_halves(folder, "bakery-")
    return gone


def _age(path: Path) -> tuple[str, int]:
    """The time in a copy's name, then its number within that second."""
    parts = path.name.split(".")[0].split("-")
    return "-".join(parts[1:3]), int(parts[3]) if len(parts) > 3 else 1


def _prepare(folder: Path) -> None:
    with in_words(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if connection.vendor == "sqlite":
        database = sqlite.database()
        if not database.is_file():
            raise FileRefused(_("%(path)s is not there.") % {"path": database})
        if database.stat().st_size > free:
            raise FileRefused(_("The disk is too full for a copy: %(path)s was not written.") % {"path": folder})


def _free_name(folder: Path, start: str) -> Path:
    """Name a copy by its time; a second one of the same second gets a number."""
    stem = f"{start}-{timezone.now():%Y%m%d-%H%M%S}"
    path, number = folder / f"{stem}{tools().SUFFIX}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{tools().SUFFIX}"
    return path
