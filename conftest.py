"""What every test run shares: how Hypothesis searches, and fixture F."""

import os

import pytest
from django.db import connection
from hypothesis import settings

import bakery  # noqa: F401 - puts our app first under the import name that it shares with a library

pytest_plugins = ["packaging.tests.fixtures"]

# No deadline: two workers share two cores with a database. In CI the same cases every time: red means the change.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


@pytest.fixture
def analyze(request, transactional_db):
    """Return what lets the database look at its tables. What it saw is forgotten with the rows, after the test.

    In a transaction PostgreSQL would keep it, whatever is undone: later tests would be planned for this one's tables.
    """

    def run(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)

    def look():
        run("ANALYZE")
        if connection.vendor == "sqlite":  # PostgreSQL forgets what it knows of a table by TRUNCATE
            request.addfinalizer(lambda: [run("DELETE FROM sqlite_stat1"), run("ANALYZE sqlite_schema")])

    return look


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """No statement of a test stands still for ever, and PostgreSQL looks at no table by itself: rows come and go."""
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock():
            with connection.cursor() as cursor:
                name = connection.ops.quote_name(connection.settings_dict["NAME"])
                cursor.execute(f"ALTER DATABASE {name} SET statement_timeout = '2min'")
                for table in connection.introspection.table_names():
                    cursor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} SET (autovacuum_enabled = off)")
            connection.close()  # the limit is of connections that come
            connection.close_pool()


def pytest_terminal_summary(terminalreporter):
    """Say why a test needed a second try: one that passed then is shown nowhere else."""
    for tried in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first try of {tried.nodeid}")
        terminalreporter.line(tried.longreprtext)
