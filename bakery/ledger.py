"""The triggers by which the database itself refuses to change a ledger row.

SQLite drops a table's triggers whenever a migration rebuilds the table, so `post_migrate` puts them back each time.
A model names the columns it guards in `guarded_columns`; a `LedgerModel` guards all of them.
"""

from typing import Any

from django.apps import AppConfig
from django.db import connections, models

from bakery.models import LedgerModel

SENTENCE = "ledger rows are never changed"
FUNCTION = """
CREATE OR REPLACE FUNCTION bakery_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'ledger rows are never changed' USING ERRCODE = 'restrict_violation'; END $$
"""


def guard_ledger(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Create the missing triggers for the ledger tables of one app."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for model in sender.get_models():
            if model._meta.db_table in tables and (condition := _condition(model, connection.vendor)) is not None:
                _create(cursor, connection.vendor, model._meta.db_table, condition)


def _condition(model: type[models.Model], vendor: str) -> str | None:
    """Return when an UPDATE of `model` is refused: "" for always, None for never."""
    if issubclass(model, LedgerModel):
        return ""
    names = getattr(model, "guarded_columns", ())
    if not names:
        return None
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    columns = [field.column for field in model._meta.concrete_fields if field.name in names]
    return "WHEN (" + " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns) + ")"


def _create(cursor: Any, vendor: str, table: str, condition: str) -> None:
    name = f"{table}_refuse_update"
    if vendor == "sqlite":
        cursor.execute(
            f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE UPDATE ON {table} FOR EACH ROW {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
        )
        return
    cursor.execute("SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass", [name, table])
    if cursor.fetchone() is None:
        cursor.execute(FUNCTION)
        cursor.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW {condition} "
            "EXECUTE FUNCTION bakery_refuse_update()"
        )
