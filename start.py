#!/usr/bin/env python3
"""Set up and start everything, with nothing but Python.

python3 start.py [--port N]   set up, load the demo bakery on the first start, serve on 127.0.0.1
python3 start.py test [...]   set up, run every test: SQLite, PostgreSQL, a real browser; the rest goes to pytest
python3 start.py check        set up, run every check: format, lint, types, templates, settings, security, known holes
python3 start.py bench [...]  set up, measure how fast the program is against its goals; --help says what else
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older Python shall read a sentence
    here = ".".join(map(str, sys.version_info[:2]))
    sys.exit(f"Python 3.11 or newer is needed, this is {here}: install it and run start.py with it.")

import argparse
import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess  # nosec B404 # it starts the tools
import xml.etree.ElementTree as ElementTree  # nosec B405 # for a report that pytest wrote
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VAR = ROOT / "var"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
SOURCES = ("bakery", "packaging", "assembly", "bench", "manage.py", "start.py", "gunicorn.conf.py")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def run(*command: str | Path, env: dict[str, str] | None = None, quiet: bool = False) -> int:
    """Run a command in the project's folder and return its exit code; `quiet` keeps its words unless it fails."""
    whole = {**os.environ, **(env or {})}
    done = subprocess.run(  # nosec B603 # names of tools and arguments of ours
        [str(part) for part in command],
        cwd=ROOT,
        env=whole,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    )
    if quiet and done.returncode:
        print(done.stdout)
    return done.returncode


def works(*command: str | Path) -> bool:
    """Say whether a command succeeds; its words are dropped, for its failure has a remedy."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True)  # nosec B603 # as above
    return done.returncode == 0


def must(*command: str | Path, why: str, env: dict[str, str] | None = None, quiet: bool = False) -> None:
    """Run a command that everything after it needs."""
    if run(*command, env=env, quiet=quiet):
        sys.exit(f"Stopped: {why} failed (see above).")


# --- set-up ----------------------------------------------------------------------------------------------------------


def set_up(lock: str) -> None:
    """Make .venv and install the packages of `lock` with their hashes, unless its stamp says that they are there."""
    locked = ROOT / lock
    stamp = VENV / f".{lock}.sha256"
    digest = hashlib.sha256(locked.read_bytes()).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text("ascii") == digest:
        return
    print(f"Setting up .venv from {lock}, a minute or two …", flush=True)
    uv = shutil.which("uv")
    if not PYTHON.exists():
        make_venv(uv)
    if uv:
        installer: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", PYTHON]
    elif works(PYTHON, "-c", "import pip"):
        installer = [PYTHON, "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    else:
        installer = [sys.executable, "-P", "-m", "pip", "--python", PYTHON, "install", "--quiet"]
    must(*installer, "--require-hashes", "-r", locked, why="installing the packages", quiet=True)
    stamp.write_text(digest, "ascii")


def make_venv(uv: str | None) -> None:
    """Make the virtual environment by uv, by Python's venv with pip, or without pip where only the system has it."""
    if uv:
        must(uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV, why="making .venv")
        return
    has_venv, has_own_pip, has_pip = (importlib.util.find_spec(name) for name in ("venv", "ensurepip", "pip"))
    if not has_venv or not (has_own_pip or has_pip):
        sys.exit(
            "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv) and run again."
        )
    # -P: our folder `packaging` must not stand before the library of the same name.
    without = [] if has_own_pip else ["--without-pip"]
    must(sys.executable, "-P", "-m", "venv", "--clear", *without, VENV, why="making .venv")


def make_secret_key() -> None:
    """Write a secret key once, readable by its owner alone."""
    VAR.mkdir(exist_ok=True)
    kept = VAR / "secret_key"
    if not kept.exists():
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))


# --- run -------------------------------------------------------------------------------------------------------------


def serve(port: int) -> None:
    """Bring the database up to date, load the demo bakery on the first start, and serve."""
    if is_taken(port):
        sys.exit(f"Port {port} is in use: stop what runs there, or choose another with --port.")
    set_up("requirements.txt")
    make_secret_key()
    os.environ.setdefault("BAKERY_DEBUG", "1")
    # A first start that was interrupted is a first start still. A database that somebody named gets no demo.
    first = VAR / "first-start"
    if not os.environ.get("DATABASE_URL") and is_empty(VAR / "bakery.sqlite3"):
        first.touch()
    must(PYTHON, "manage.py", "migrate", "--verbosity", "0", why="migrating the database")
    must(PYTHON, "manage.py", "setup_roles", why="setting up the roles", quiet=True)
    if first.exists() and not os.environ.get("DATABASE_URL"):
        print("First start: loading the demo bakery …", flush=True)
        load_demo()
        first.unlink()
    logins = VAR / "demo-logins.txt"
    if logins.exists() and not os.environ.get("DATABASE_URL"):
        print(logins.read_text("utf-8").strip())
    print(f"Serving on http://127.0.0.1:{port}/ (Ctrl+C stops it)", flush=True)
    # Django's own server: it runs on every system, threads serve several tablets, and WhiteNoise serves the static
    # files as it does under gunicorn. No reloading: what runs is what was started. Who edits has manage.py runserver.
    os.environ["DJANGO_RUNSERVER_HIDE_WARNING"] = "true"
    command = [str(PYTHON), "manage.py", "runserver", f"127.0.0.1:{port}", "--noreload"]
    os.chdir(ROOT)
    if os.name == "posix":
        os.execv(PYTHON, command)  # nosec B606 # noqa: S606 - one process, so that whoever stops this one stops the server
    done = subprocess.run(command)  # nosec B603 # the same command, where a process cannot be replaced
    sys.exit(done.returncode)


def load_demo() -> None:
    """Load the demo bakery and keep what it says about its log-ins for the next starts."""
    command = [str(PYTHON), "manage.py", "demo"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # nosec B603 # a command of ours
    if done.returncode:
        sys.exit("Stopped: loading the demo bakery failed (see above).")
    (VAR / "demo-logins.txt").write_text(done.stdout, "utf-8")


def is_empty(database: Path) -> bool:
    """Say whether a SQLite file has no tables of ours yet (a check may have made an empty file)."""
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'django_migrations'"
        return bool(connection.execute(query).fetchone()[0] == 0)


def is_taken(port: int) -> bool:
    """Say whether something answers on the port already."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- tests -----------------------------------------------------------------------------------------------------------


@dataclass
class Count:
    """What a pytest run counted."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


def test(arguments: Sequence[str]) -> int:
    """Run all tests on both databases and in a browser; return 0 when none failed and, under CI, none was left out."""
    set_up("requirements-dev.txt")
    VAR.mkdir(exist_ok=True)
    total, not_run = Count(), []
    given = os.environ.pop("DATABASE_URL", "")
    given = given if given.startswith("postgres") else ""
    # One more try, which pytest names (-rR): for what stood still, and in a browser, which has its own pace, for all.
    still = ["--only-rerun=from pytest-timeout", "--only-rerun=due to statement timeout", *arguments]
    second = ["-m", "not browser and not any_database", *still]
    codes = [pytest("SQLite", ["-m", "not browser", *still], total)]
    if missing := pooler_is_missing():
        not_run.append(f"NOT RUN through a pooler: {missing}")
    if given:
        codes.append(pytest("PostgreSQL", second, total, env={"DATABASE_URL": given}))
    elif run(PYTHON, "-m", "bakery.tests.postgres", PYTHON, "-c", "", quiet=True) == 0:
        codes.append(
            pytest("PostgreSQL", second, total, wrapper=["-W", "ignore", "-m", "bakery.tests.postgres", PYTHON])
        )
    else:
        not_run.append("NOT RUN on PostgreSQL: its wheel does not start here. Name a server: DATABASE_URL=postgres://…")
    if missing := browser_is_missing():
        not_run.append(f"NOT RUN in a browser: {missing}")
    else:
        codes.append(pytest("browser", ["-m", "browser", *arguments], total))
    for line in not_run:
        print(line)
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    if not_run and os.environ.get("CI"):
        return 1
    # 5: the arguments left nothing of this run; somewhere something has to have run.
    return int(any(code not in {0, 5} for code in codes) or total.passed + total.failed == 0)


def pytest(
    title: str,
    arguments: Sequence[str],
    total: Count,
    *,
    wrapper: Sequence[str | Path] = (),
    env: dict[str, str] | None = None,
) -> int:
    """Run pytest once, a worker for each core, and add to `total` what it counted."""
    print(f"\n=== Tests: {title} ===", flush=True)
    report = VAR / f"tests-{title.lower()}.xml"
    report.unlink(missing_ok=True)
    workers = min(os.cpu_count() or 1, 8)
    spread = ["-q", "-n", str(workers), "--dist", "worksteal", f"--junitxml={report}", f"--output={VAR / 'browser'}"]
    # What stands still is ended after twelve minutes; if it goes on all the same, its worker is, which says where each
    # thread stood. Failing twice is failing.
    spread += ["--timeout=700", "-o", "faulthandler_timeout=1600", "-o", "faulthandler_exit_on_timeout=true"]
    spread += ["--reruns=1", "-rR"]
    code = run(PYTHON, *wrapper, "-m", "pytest", *spread, *arguments, env=env)
    if not report.exists():
        total.failed += 1  # pytest itself fell
        return code or 1
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # nosec B314 # noqa: S314 - our own file
        count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
        failed = count["failures"] + count["errors"]
        total.failed += failed
        total.skipped += count["skipped"]
        total.passed += max(0, count["tests"] - failed - count["skipped"])
    return code


def browser_is_missing() -> str:
    """Find a Chromium or install one: on the PATH, by Playwright, by apt as root; else the reason and the remedy."""
    if any(map(shutil.which, BROWSERS)):
        return ""
    print("Looking for a browser …", flush=True)
    if works(PYTHON, "-m", "playwright", "install", "chromium"):
        return ""
    install_by_apt("chromium")
    if any(map(shutil.which, BROWSERS)):
        return ""
    return (
        "no Chromium here, and none could be installed. Install Chromium or Chrome (Debian: apt-get install chromium)."
    )


def pooler_is_missing() -> str:
    """Find PgBouncer or install it by apt as root; else the reason and the remedy. Debian keeps it where root looks."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    if shutil.which("pgbouncer", path=path):
        return ""
    print("Looking for PgBouncer …", flush=True)
    install_by_apt("pgbouncer")
    if shutil.which("pgbouncer", path=path):
        return ""
    return "no PgBouncer here, and none could be installed. Install it (Debian: apt-get install pgbouncer)."


def install_by_apt(package: str) -> None:
    """Install a package where that is possible: on Debian and its kin, as root."""
    apt = shutil.which("apt-get")
    if apt and hasattr(os, "geteuid") and os.geteuid() == 0 and run(apt, "update", quiet=True) == 0:
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run(apt, "install", "-y", "--no-install-recommends", package, env=quiet, quiet=True)


# --- checks ----------------------------------------------------------------------------------------------------------


def check() -> int:
    """Run every check, say which failed, and return 0 when none did."""
    set_up("requirements-dev.txt")
    production = {"BAKERY_DEBUG": "0", "SECRET_KEY": secrets.token_urlsafe(50), "ALLOWED_HOSTS": "bakery.example"}
    templates = sorted((ROOT / "templates").rglob("*.html"))
    checks: dict[str, Callable[[], int]] = {
        "format": lambda: run(BIN / "ruff", "format", "--check", "."),
        "lint": lambda: run(BIN / "ruff", "check", "."),
        "types": lambda: run(BIN / "mypy"),
        "template format": lambda: run(BIN / "djade", "--check", "--target-version", "5.2", *templates),
        "template lint": lambda: run(BIN / "djlint", "--lint", "--quiet", "templates"),
        "migrations": lambda: run(PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"),
        "production settings": lambda: run(
            PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING", env=production
        ),
        "second look at security": lambda: run(
            BIN / "bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml", *SOURCES
        ),
        "import arrows": lambda: run(BIN / "lint-imports", "--no-cache", quiet=True),
        "known holes": audit,
    }
    failed = []
    for name, is_fine in checks.items():
        print(f"\n=== Check: {name} ===", flush=True)
        if is_fine():
            failed.append(name)
    print(f"\nFailed: {', '.join(failed)}." if failed else f"\nAll {len(checks)} checks passed.")
    return int(bool(failed))


def audit() -> int:
    """Ask for known holes in the locked packages; fail on one, and say when there was no answer."""
    command = [str(BIN / "pip-audit"), "--requirement", "requirements-dev.txt", "--disable-pip", "--require-hashes"]
    command += ["--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # nosec B603 # a tool of the lock file
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError, TypeError):
        print("Could not be audited: the list of known holes cannot be reached from here.")
        return 0
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}"
        for package in packages
        for hole in package.get("vulns", ())
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    print("\n".join([*holes, f"{len(packages) - len(unknown)} packages audited, {len(holes)} known holes."]))
    if unknown:
        print(f"{len(unknown)} packages could not be audited: the list of known holes has no answer for them here.")
    return int(bool(holes))


# --- speed -----------------------------------------------------------------------------------------------------------


def bench(arguments: Sequence[str]) -> int:
    """Measure the program against its goals; return 0 when it was measured (docs/benchmark.md)."""
    set_up("requirements-dev.txt")
    return run(PYTHON, "-m", "bench", *arguments)


def main() -> None:
    """Choose what to do by the first argument."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["test"]:
        sys.exit(test(arguments[1:]))
    if arguments[:1] == ["check"]:
        sys.exit(check())
    if arguments[:1] == ["bench"]:
        sys.exit(bench(arguments[1:]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000, help="the port on 127.0.0.1 (default 8000)")
    serve(parser.parse_args(arguments).port)


if __name__ == "__main__":
    main()
