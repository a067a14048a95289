"""Real servers: gunicorn in processes of its own, as production starts it, and what browsers do there."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

from bakery.tests.addresses import Forms
from bench.browser import Browser

KEY = "correct-Horse_7!" * 4
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "bakery.tests.production",
    "BAKERY_DEBUG": "0",
    "BAKERY_HTTPS": "0",
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "127.0.0.1",
    "BAKERY_WORKERS": "2",
}


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def database_url():
    """Return the address of the database of this test: a server opens its own connections to it."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(database['NAME']))}"
    who = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}@{database['HOST']}"
    port = f":{database['PORT']}" if database["PORT"] else ""
    words = {name: value for name, value in database["OPTIONS"].items() if isinstance(value, str)}
    return f"postgres://{who}{port}/{quote(database['NAME'])}?{urlencode(words)}"


class Server:
    """One gunicorn with its workers."""

    def __init__(self, folder, *arguments, **environment):
        self.port = free_port()
        self.log = Path(folder) / f"gunicorn-{self.port}.log"
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", *arguments, "bakery.wsgi"]
        given = {**os.environ, **PRODUCTION, "DATABASE_URL": database_url(), **environment}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=given, stdout=log, stderr=log)

    def wait(self):
        """Wait until it answers."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if Browser(self.port).get("/login/").status < 500:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def stop(self, by=signal.SIGTERM):
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(by)
        return self.process.wait(timeout=60)

    def lines(self):
        """Return what it wrote, line by line."""
        return self.log.read_text("utf-8").splitlines()


@contextmanager
def serving(folder, count=1, *arguments, **environment):
    """Start servers, wait for them, and stop them at the end."""
    with ExitStack() as stack:
        servers = []
        for _number in range(count):
            server = Server(folder, *arguments, **environment)
            stack.callback(lambda one=server: one.process.poll() is None and one.stop())
            servers.append(server)
        for server in servers:
            server.wait()
        yield servers


def form(answer, field):
    """Return the fields of the form on this page that has such a field."""
    return next(fields for _action, fields in Forms(answer.text).found if field in fields)


def signed_in(server, name):
    """Return somebody who went through the door of this server; the password is that of the factory."""
    browser = Browser(server.port)
    browser.log_in(name, "password")
    return browser


def at(browser, server):
    """Return the same person, who asks another server: a load balancer sent the next request there."""
    return replace(browser, port=server.port, cookies=dict(browser.cookies))


def recording(browser, address, **changes):
    """Open the screen for recording, and return what sends its form."""
    fields = {**form(browser.get(address), "key"), **changes}
    return lambda: browser.post(address, fields)
