"""What P7 asks for: a catalogue of thousands whose books balance, and pages that answer."""

import pytest
from django.core.management import call_command
from django.db import connection

from assembly.queries import check_books
from bench.catalogue import widen
from bench.databases import Databases
from bench.growth import catalogue_pages, more_pages
from bench.statements import signed_in
from packaging.models import Composition, FinishedGood, Product

pytestmark = pytest.mark.django_db


def test_a_wide_catalogue_is_a_shop_like_any_other(settings):
    settings.DEBUG = True  # the demo is for trying out alone
    call_command("demo", verbosity=0)
    goods, products = FinishedGood.objects.count(), Product.objects.count()
    widen(12)
    assert (FinishedGood.objects.count() - goods, Product.objects.count() - products) == (12, 12)
    assert Composition.objects.recipe_of(FinishedGood.objects.latest("pk").pk).count() == 3
    assert check_books() == []
    client = signed_in()
    asked = {**more_pages(), **catalogue_pages()}
    assert {name: status for name, at in asked.items() if (status := client.get(at).status_code) != 200} == {}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server with tables of its own")
def test_a_look_at_the_tables_holds_up_no_other_database():
    """It names our tables. Here it is only asked for: PostgreSQL would remember that all is empty, tests later too."""
    asked = []

    def hold(execute, sql, *rest):
        return asked.append(sql) if sql.startswith("ANALYZE") else execute(sql, *rest)

    with connection.execute_wrapper(hold):
        Databases(runs={}, say=print).analyze()
    (sql,) = asked
    named = set(sql.removeprefix("ANALYZE ").replace('"', "").split(", "))
    assert named >= {"packaging_inventoryitem", "packaging_stockmovement", "assembly_assemblyrun"}
    assert not [name for name in named if name.startswith("pg_")]
