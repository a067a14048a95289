"""Commands on a database that is away, has no tables, or is of another release: a sentence, and nothing happens."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bakery import health

pytestmark = pytest.mark.django_db

COMMANDS = {
    "backup": ["copies"],
    "check_books": [],
    "demo": [],
    "export_bakery": ["shop.gz"],
    "import_baketracker": ["bake_tracker.db"],
    "import_bakery": ["shop.gz"],
    "setup_roles": [],
}


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Call a command in a folder of its own and return what it says when it refuses; it leaves nothing there."""
    monkeypatch.chdir(tmp_path)

    def call(name):
        before = sorted(tmp_path.iterdir())
        with pytest.raises(CommandError) as refusal:
            call_command(name, *COMMANDS[name])
        assert sorted(tmp_path.iterdir()) == before
        return str(refusal.value)

    return call


def named(monkeypatch, name):
    monkeypatch.setitem(connection.settings_dict, "NAME", name)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_without_tables(name, call, tmp_path, monkeypatch):
    (tmp_path / "new.sqlite3").touch()
    named(monkeypatch, str(tmp_path / "new.sqlite3") if connection.vendor == "sqlite" else "postgres")
    assert call(name) == "This database has no tables yet. Run “python manage.py migrate” first."


@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_that_is_not_there(name, call, tmp_path, monkeypatch):
    named(monkeypatch, str(tmp_path / "none.sqlite3") if connection.vendor == "sqlite" else "no_such_database")
    said = call(name)
    assert "is not there" in said or "cannot be asked" in said
    assert said.endswith(".")
    assert "\n" not in said


def test_a_file_that_is_no_database(call, tmp_path, monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("a file of SQLite")
    (tmp_path / "text.sqlite3").write_text("no database at all" * 100)
    named(monkeypatch, str(tmp_path / "text.sqlite3"))
    assert call("check_books") == "The database cannot be asked: file is not a database."


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "backup"])
def test_a_database_of_another_release(name, call, monkeypatch):
    known = {**health.known_migrations(), ("packaging", "9999_shelves"): []}
    monkeypatch.setattr(health, "known_migrations", lambda: known)
    assert "lacks packaging.9999_shelves of this release" in call(name)
