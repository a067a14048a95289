"""No migration locks a busy table or breaks the version that still runs, but for those that say why that is fine."""

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import connection, migrations, models

from bakery.tests.migration_lint import FINE, findings, ours

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="locks and running versions are a matter of PostgreSQL"),
]


def migration(*operations, app="packaging", atomic=True):
    """A migration that would come next."""
    last = [found for found in ours() if found.app_label == app][-1]
    made = type("Migration", (migrations.Migration,), {"operations": list(operations), "atomic": atomic})(
        "0999_next", app
    )
    made.dependencies = [(app, last.name)]
    return made


def test_every_migration_is_fine_or_says_why():
    found = {(each.app_label, each.name): findings(each) for each in ours()}
    assert {key: codes for key, codes in found.items() if codes} == {key: set(said) for key, said in FINE.items()}
    assert all(len(sentence) > 40 for said in FINE.values() for sentence in said.values())


BAD = {
    "a required column": (
        migrations.AddField("product", "shelf", models.CharField(max_length=50, default="")),
        "NOT_NULL",
    ),
    "a column that goes": (migrations.RemoveField("product", "sku"), "DROP_COLUMN"),
    "a column with another name": (migrations.RenameField("product", "sku", "article"), "RENAME_COLUMN"),
    "a table that goes": (migrations.DeleteModel("PromiseMove"), "DROP_TABLE"),
    "a table with another name": (migrations.RenameModel("PromiseMove", "Moved"), "RENAME_TABLE"),
    "another type": (migrations.AlterField("product", "sku", models.IntegerField()), "ALTER_COLUMN"),
    "a new unique rule": (
        migrations.AddConstraint("product", models.UniqueConstraint(fields=["sku"], name="packaging_product_sku_uq")),
        "ADD_UNIQUE",
    ),
    "an index on a table that is written": (
        migrations.AddIndex("stockmovement", models.Index(fields=["reason"], name="packaging_move_reason_ix")),
        "CREATE_INDEX",
    ),
    "a rule that every row is read for": (
        migrations.AddConstraint(
            "stockmovement",
            models.CheckConstraint(condition=~models.Q(reason="x"), name="packaging_move_reason_ck"),
        ),
        "ADD_CHECK",
    ),
    "data that cannot go back": (migrations.RunPython(lambda apps, editor: None), "RUNPYTHON_REVERSIBLE"),
}


@pytest.mark.parametrize("case", BAD)
def test_it_refuses(case):
    operation, code = BAD[case]
    assert code in findings(migration(operation))


def test_it_lets_through_what_is_fine():
    shelf = models.CharField(max_length=50, null=True)
    rule = models.CheckConstraint(condition=~models.Q(reason="x"), name="packaging_move_reason_ck")
    assert findings(migration(migrations.AddField("product", "shelf", shelf))) == set()
    default = models.CharField(max_length=50, default="", db_default="")
    assert findings(migration(migrations.AddField("product", "shelf", default))) == set()
    assert findings(migration(AddConstraintNotValid("stockmovement", rule))) == set()


@pytest.mark.django_db(transaction=True)
def test_it_lets_an_index_through_that_is_made_beside_the_writing():
    index = models.Index(fields=["reason"], name="packaging_move_reason_ix")
    assert findings(migration(AddIndexConcurrently("stockmovement", index), atomic=False)) == set()
