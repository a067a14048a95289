"""Other processes that work on the database of this test run; its rows must be committed."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection


def address(name=None, user=None):
    """Return DATABASE_URL of this test's database, or of another one on its server, or for another user."""
    name = name or connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{os.path.abspath(name)}"
    parts = urlsplit(os.environ["DATABASE_URL"])
    if user:
        parts = parts._replace(netloc=f"{user}:@{parts.netloc.rpartition('@')[2]}")
    return parts._replace(path=f"/{name}").geturl()


def start(code, *arguments, url=None):
    """Start Python with `code`, in a group of its own: whoever kills it kills the programs that it runs too."""
    return subprocess.Popen(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            f"import sys, time, django\ndjango.setup()\n{code}",
            *map(str, arguments),
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "bakery.tests.settings", "DATABASE_URL": url or address()},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def manage(*arguments, url=None):
    """Run a command and return its exit code with all that it said."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *map(str, arguments)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "bakery.tests.settings", "DATABASE_URL": url or address()},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr
