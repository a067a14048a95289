"""How the tests of both apps look at constraints, delete rules and the ledger."""

import re

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from bakery.history import Change

NOUNS = "generic|product|unit|good|event|lot|move|order|comp|assign|promise|run|unit_use|pack_use|good_use|debt"
PATTERN = re.compile(rf"^(packaging|assembly)_({NOUNS})_[a-z0-9_]+_(uq|ck|ix)$")
FIXED = re.compile(r"^idx_(assembly_run|asm_(fu|pkg|fg)_consumption)_[a-z_]+$")  # the customer's names


def named_constraints(app_label):
    """Return each constraint of an app's models by name, with its model."""
    return {
        constraint.name: (model, constraint)
        for model in apps.get_app_config(app_label).get_models()
        for constraint in model._meta.constraints
    }


def assert_database_refuses(row, name):
    """Insert a bad row without asking its model; the database names the constraint, or for uniqueness its columns."""
    model, constraint = named_constraints(row._meta.app_label)[name]
    assert isinstance(row, model)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        model._base_manager.bulk_create([row])
    said = str(refused.value)
    if name not in said:
        assert isinstance(constraint, models.UniqueConstraint), said
        columns = [f"{model._meta.db_table}.{model._meta.get_field(field).column}" for field in constraint.fields]
        assert ", ".join(columns) in said


def assert_words(row, name):
    """Ask the model about a bad row: it says the constraint's own sentence."""
    _model, constraint = named_constraints(row._meta.app_label)[name]
    with pytest.raises(ValidationError):
        row.full_clean()
    with pytest.raises(ValidationError) as refused:
        row.validate_constraints()
    assert str(constraint.violation_error_message) in refused.value.messages


def assert_constraints_are_in_order(app_label, cases):
    """Every constraint has a case, a sentence of its own, and a name that is short and follows the pattern."""
    found = named_constraints(app_label)
    assert set(cases) == set(found)
    for name, (_model, constraint) in found.items():
        words = str(constraint.violation_error_message)
        assert words != str(constraint.default_violation_error_message), name
        assert words.endswith("."), name
    names = [
        *found,
        *(index.name for model in apps.get_app_config(app_label).get_models() for index in model._meta.indexes),
    ]
    for name in names:
        assert len(name) <= 30, name
        assert PATTERN.match(name) or FIXED.match(name), name


def own_models(app_label):
    """Return the models of an app without the tables of their history, which are the library's."""
    return [model for model in apps.get_app_config(app_label).get_models() if not issubclass(model, Change)]


def delete_rules(app_label):
    """Return the delete rule of each foreign key of an app, as `Model.field`."""
    return {
        f"{model.__name__}.{field.name}": field.remote_field.on_delete.__name__
        for model in own_models(app_label)
        for field in model._meta.concrete_fields
        if field.is_relation
    }


def required_columns(model):
    """Return the fields that a row cannot be made without."""
    return {
        field.name
        for field in model._meta.concrete_fields
        if not (field.primary_key or field.null or field.has_default())
        and not getattr(field, "auto_now", False)
        and not getattr(field, "auto_now_add", False)
        and not (field.blank and field.empty_strings_allowed)
    }


def doubled_indexes(model):
    """Return the columns that two indexes of all rows cover alike; Django's own `_like` companions do not count."""
    partial = {index.name for index in model._meta.indexes if index.condition is not None}
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    indexed = [
        tuple(index["columns"])
        for name, index in found.items()
        if (index["index"] or index["unique"] or index["primary_key"])
        and not name.endswith("_like")
        and name not in partial
    ]
    return {columns for columns in indexed if indexed.count(columns) > 1}


def update_by_sql(row, column, value):
    """Change one column behind the ORM's back."""
    table = row._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [value, row.pk])


def touch_by_sql(row, column):
    """Write a column as it is already: an UPDATE all the same."""
    table = row._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {column} WHERE id = %s", [row.pk])


def drop_trigger(model):
    """Take the guard of a ledger table away, as a migration that rebuilds the table does on SQLite."""
    table = model._meta.db_table
    where = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {table}_refuse_update{where}")
