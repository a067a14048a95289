"""The program behind the server that production has: gunicorn with two workers, its static files collected."""

import os
import socket
import subprocess  # nosec B404 # it starts the server
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.browser import Browser
from bench.settings import FOLDER

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
PATIENCE = 60  # seconds until it answers


@contextmanager
def serving(size: str) -> Iterator[int]:
    """Serve the database of a size, and return the port."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "bench.settings", "BENCH_SIZE": size}
    if not (FOLDER / "static").exists():
        # What the administration needs no page of ours loads.
        command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        ignored = [word for name in ("admin", "import_export") for word in ("--ignore", name)]
        subprocess.run([*command, *ignored], cwd=ROOT, env=env, check=True)  # nosec B603 # ours
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "bakery.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--log-level", "warning"]
    with (FOLDER / "server.log").open("wb") as log:  # a line for each request, as in production
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)  # nosec B603 # ours
    try:
        _wait(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if Browser(port).get("/healthz").status == 200:
                return
        except OSError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)
