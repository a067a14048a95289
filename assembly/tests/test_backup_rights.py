"""PostgreSQL: whoever owns the database needs no other right to back it up and to restore it."""

from uuid import uuid4

import pytest
from django.db import connection

from assembly.backup import postgres
from assembly.tests.processes import address, manage
from assembly.tests.test_backup import a_good, backup

pytestmark = pytest.mark.django_db(transaction=True)


def execute(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def names():
    """A database, its owner who may create none, and somebody else."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no users")
    name = f"rights_{uuid4().hex[:8]}"
    owner, other = f"{name}_owner", f"{name}_other"
    execute(f"CREATE ROLE {owner} LOGIN", f"CREATE ROLE {other} LOGIN", f"CREATE DATABASE {name} OWNER {owner}")
    yield name, owner, other
    execute(f"DROP DATABASE {name}", f"DROP ROLE {owner}", f"DROP ROLE {other}")


def test_the_owner_restores_and_backs_up_and_somebody_else_is_told(names, tmp_path):
    name, owner, other = names
    a_good()
    path = backup(tmp_path)
    url = address(name, owner)
    code, said = manage("restore", path, url=url)
    assert (code, said) == (0, "The backup is in place.\nIts books balance.\n")
    code, said = manage("backup", tmp_path / "copies", url=url)
    assert code == 0
    assert "may create no database" in said
    [copy] = (tmp_path / "copies").iterdir()
    code, said = manage("restore", copy, "--overwrite", "--aside", tmp_path / "aside", url=url)
    assert code == 0
    assert said.endswith("The backup is in place.\nIts books balance.\n")
    code, said = manage("restore", copy, "--overwrite", url=address(name, other))
    assert (code, said) == (
        1,
        f"CommandError: Nothing was changed: the user {other} must own the database and every table in it.\n",
    )


def test_what_a_killed_check_left_behind_is_taken_away(names, tmp_path):
    old, new = f"bakery_check_{1}_{uuid4().hex}", f"bakery_check_{9_999_999_999}_{uuid4().hex}"
    execute(f"CREATE DATABASE {old}", f"CREATE DATABASE {new}")
    try:
        a_good()
        backup(tmp_path)
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{postgres.CHECK}%"])
            assert cursor.fetchall() == [(new,)]
    finally:
        execute(f"DROP DATABASE IF EXISTS {old}", f"DROP DATABASE {new}")
