"""SQLite takes as many values in one statement as it was built for, not the 999 that Django assumes."""

import sqlite3
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bakery.database import MOST_VALUES, allow_long_statements
from packaging.models import FinishedUnit


@pytest.mark.django_db
def test_a_write_of_many_rows_is_one_statement():
    units = [FinishedUnit(display_name=f"Unit {n}", slug=f"unit-{n}", name_key=f"unit {n}") for n in range(400)]
    with CaptureQueriesContext(connection) as captured:
        FinishedUnit.objects.bulk_create(units)
    assert len(captured) == 1
    with CaptureQueriesContext(connection) as captured:
        FinishedUnit.objects.bulk_update(units, ["display_name", "slug", "updated_at"])
    assert len(captured) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no such limit")
@pytest.mark.django_db
def test_a_write_of_very_many_rows_is_split_in_time():
    groups = [Group(name=f"Group {n}") for n in range(2)]
    size = connection.ops.bulk_batch_size([Group._meta.pk, Group._meta.get_field("name")], groups)
    assert size == connection.features.max_query_params // 2 <= MOST_VALUES // 2


@pytest.mark.parametrize(("built_for", "expected"), [(250_000, MOST_VALUES), (10_000, 5_000), (999, 999)])
def test_it_is_what_sqlite_was_built_for(built_for, expected):
    opened = sqlite3.connect(":memory:")
    opened.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, built_for)
    wrapper = SimpleNamespace(connection=opened, features=SimpleNamespace(max_query_params=999))
    allow_long_statements(wrapper)
    opened.close()
    assert wrapper.features.max_query_params == expected


def test_another_database_is_left_alone():
    wrapper = SimpleNamespace(connection=object(), features=SimpleNamespace(max_query_params=None))
    allow_long_statements(wrapper)
    assert wrapper.features.max_query_params is None
