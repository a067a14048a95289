"""What a migration would do to a shop that is open: lock a table, or break the version that still runs.

django-migration-linter reads the SQL of PostgreSQL; a check of ours is added to its own. Whatever it finds needs a
sentence here that says why it is fine all the same. docs/migrations.md says how to write one that needs none.
"""

import re
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django_migration_linter import MigrationLinter
from django_migration_linter.sql_analyser import PostgresqlAnalyser
from django_migration_linter.sql_analyser.base import Check, CheckMode, CheckType

OURS = ("bakery", "packaging", "assembly")

# Migration: what the linter finds: why it is fine.
_EMPTY = "The column is new and empty: the index is made of nothing but row numbers, in a second for 500,000 runs."
FINE: dict[tuple[str, str], dict[str, str]] = {
    ("assembly", "0003_run_sheet"): {"CREATE_INDEX": _EMPTY, "CREATE_INDEX_EXCLUSIVE": _EMPTY},
}


def _scans_for_check(statements: Iterable[str], **_more: Any) -> bool:
    """Say whether every row of an old table is read under its lock for a new CHECK constraint."""
    made = {found[1] for sql in statements if (found := re.match(r'CREATE TABLE ("\w+")', sql))}
    added = [re.match(r'ALTER TABLE ("\w+") ADD CONSTRAINT "\w+" CHECK', sql) for sql in statements]
    is_checked = [sql for sql, found in zip(statements, added, strict=True) if found and found[1] not in made]
    return any("NOT VALID" not in sql for sql in is_checked)


class Analyser(PostgresqlAnalyser):
    """The checks of the linter, and one more."""

    migration_checks = [
        *PostgresqlAnalyser.migration_checks,
        Check("ADD_CHECK", _scans_for_check, "A new CHECK reads the table", CheckMode.TRANSACTION, CheckType.ERROR),
    ]


def findings(migration: Migration) -> set[str]:
    """The codes of what is wrong with a migration; warnings count."""
    loader = MigrationLoader(connection)
    key = migration.app_label, migration.name
    is_known = key in loader.graph.nodes
    state = loader.project_state(key, at_end=False) if is_known else loader.project_state(migration.dependencies)
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    analyser = Analyser([])
    begin = ["BEGIN;"] if migration.atomic else []
    analyser.analyse([*begin, *editor.collected_sql])
    linter = MigrationLinter(no_cache=True, no_output=True)
    errors, _ignored, warnings = linter.analyse_data_migration(migration)
    return {issue.code for issue in (*analyser.errors, *analyser.warnings, *errors, *warnings)}


def ours() -> list[Migration]:
    """Every migration of this program, the first ones included."""
    nodes = MigrationLoader(connection).graph.nodes
    return [nodes[key] for key in sorted(nodes) if key[0] in OURS]
