"""PgBouncer before the PostgreSQL of a test: few connections of the server, each lent for one transaction."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from bakery.tests.servers import free_port

NAME = "pooled"  # what the server calls connections that came through it
CONNECTIONS = 4  # of the server, for all: fewer than the servers of a test open, so that they are really shared

CONFIGURATION = """
[databases]
{name} = {target}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
admin_users = nobody
"""


def program():
    """Return where PgBouncer is; Debian keeps it where only root looks."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def owner(folder):
    """Return who may open the server's socket, for whom PgBouncer then runs: it refuses to be root."""
    if os.geteuid():
        return {}
    who = folder.stat() if folder else pwd.getpwnam("nobody")
    user, group = (who.st_uid, who.st_gid) if folder else (who.pw_uid, who.pw_gid)
    return {"user": user, "group": group, "extra_groups": []}


@contextmanager
def pooled(folder):
    """Start PgBouncer before the database of this test, and return the address of the database through it."""
    database, port = connection.settings_dict, free_port()
    host = database["HOST"] or database["OPTIONS"].get("host", "")
    target = {"host": host, "port": database["PORT"], "user": database["USER"], "password": database["PASSWORD"]}
    words = " ".join(f"{name}='{value}'" for name, value in target.items() if value)
    given = CONFIGURATION.format(name=database["NAME"], target=words, port=port, size=CONNECTIONS)
    who = owner(Path(host) if host.startswith("/") else None)
    place = Path(folder) / "pgbouncer"
    place.mkdir()
    file, log = place / "pgbouncer.ini", place / "log"
    file.write_text(given)
    with file.open("rb") as configuration, log.open("wb") as written:
        # As standard input, because the folders of a test are closed to whoever PgBouncer runs for.
        command = [program(), "/dev/stdin"]
        pooler = subprocess.Popen(command, stdin=configuration, stdout=written, stderr=written, **who)
    try:
        wait(port, pooler, log)
        name = quote(database["NAME"])
        yield f"postgres://{quote(database['USER'])}@127.0.0.1:{port}/{name}?application_name={NAME}"
    finally:
        pooler.terminate()
        pooler.wait(timeout=30)


def wait(port, pooler, log):
    """Wait until it takes connections."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert pooler.poll() is None, log.read_text()
        try:
            with closing(socket.create_connection(("127.0.0.1", port), 1)):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())
