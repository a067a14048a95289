"""What the tests of every app may ask for by name; the root conftest.py makes it known."""

import pickle

import pytest

_kept: list[bytes] = []  # fixture F as its first loading in this process left it


@pytest.fixture
def bakehouse(db):
    """Fixture F, loaded by a user who is nobody in particular."""
    return stocked_bakehouse()


def stocked_bakehouse():
    """Load fixture F through the services once; later tests get the same rows back in a dozen statements."""
    # Local: pytest reads this file before Django is ready.
    from django.core.management.color import no_style
    from django.db import connection

    from packaging import models
    from packaging.bakehouse import load_bakehouse
    from packaging.tests.factories import UserFactory

    tables = [
        models.GenericProduct,
        models.Product,
        models.FinishedUnit,
        models.FinishedGood,
        models.Event,
        models.AssemblyOrder,
        models.InventoryItem,
        models.Composition,
        models.StockMovement,
    ]
    baker = UserFactory(username="baker")
    if any(table.objects.exists() for table in tables):
        return load_bakehouse(baker)  # the test has rows of its own already
    if not _kept:
        loaded = load_bakehouse(baker)
        _kept.append(pickle.dumps((loaded, [list(table.objects.all()) for table in tables])))
        return loaded
    bakehouse, rows = pickle.loads(_kept[0])
    for movement in rows[-1]:
        movement.created_by = baker
    for table, made in zip(tables, rows, strict=True):
        table.objects.bulk_create(made)
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(sql)
    return bakehouse
