"""Indexes that are made and dropped while people work: what a migration of a table in daily use is made of.

PostgreSQL does both beside the writing, outside a transaction, so such a migration says `atomic = ATOMIC`. A step that
was interrupted is done again whole: what it left is dropped first. SQLite has one writer, and a transaction for all.
"""

from typing import Any

from django.db import connection, migrations

ATOMIC = connection.vendor != "postgresql"


class AddIndexBeside(migrations.AddIndex):
    """Make an index; nobody who reads or writes waits for it."""

    atomic = ATOMIC

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make it, after what an interrupted attempt may have left."""
        if ATOMIC:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        _drop(schema_editor, self.index.name)
        schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop it."""
        if ATOMIC:
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            _drop(schema_editor, self.index.name)


class AlterFieldUnindexed(migrations.AlterField):
    """Leave out the index that a column got with `db_index`; nothing else of the column may change.

    Django's own operation makes a foreign key anew, for which PostgreSQL reads both tables while nobody writes.
    """

    atomic = ATOMIC

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop what indexes the column alone and has no name of its own among the model's indexes."""
        if ATOMIC:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        columns = [model._meta.get_field(self.name).column]
        named = {index.name for index in model._meta.indexes} | {rule.name for rule in model._meta.constraints}
        kinds = {"index": True, "unique": False, "exclude": named}
        for name in schema_editor._constraint_names(model, columns, **kinds):
            _drop(schema_editor, name)


def _drop(schema_editor: Any, name: str) -> None:
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(name)}")
