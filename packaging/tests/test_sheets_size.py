"""Thousands of rows at once: as many statements as for a few, each row by the rules of one, the books balanced."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from packaging.admin.sheets.files import MOST_ROWS, read_table
from packaging.admin.sheets.lots import LotResource
from packaging.exceptions import CircularRecipe
from packaging.models import (
    Composition,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
    StockMovement,
)
from packaging.queries import check_stock
from packaging.services import add_line, receive_lot, receive_lots
from packaging.services.many_lines import ManyLines
from packaging.services.stock import new_lot
from packaging.tests.factories import FinishedGoodFactory, FinishedUnitFactory, ProductFactory
from packaging.tests.sheets import confirmed, refused, sent, taken, wrong_in

pytestmark = pytest.mark.django_db


def generics(many):
    return ["Name,Stock unit,Minimum stock,Notes", *(f"Kind {n},piece,{n},{{note}}" for n in range(many))]


def products(many):
    kinds = [GenericProduct.objects.get_or_create(name=f"Kind {n}")[0] for n in range(3)]
    rows = (f"{kinds[n % 3].name},Design {n},{n + 1},{{note}}" for n in range(many))
    return ["Generic product,Design,Pack size,Notes", *rows]


def named(many):
    return ["Name,Slug,Notes", *(f"Thing {n},,{{note}}" for n in range(many))]


def lots(many):
    for n in range(3):
        ProductFactory(generic_product__name=f"Kind {n}", design="Red")
    rows = (f"Kind {n % 3},Red,{n + 1},{n}.5,2025-11-20,L{n}{{note}}" for n in range(many))
    return ["Generic product,Design,Quantity,Cost,Received,Lot code", *rows]


def lines(many):
    for n in range(10):
        FinishedUnitFactory(display_name=f"Unit {n}")
    for n in range(many // 10):
        FinishedGoodFactory(display_name=f"Good {n}")
    rows = (f"Good {n // 10},Unit {n % 10},,{{quantity}}" for n in range(many))
    nested = (f"Good {n},,Good {n + 1},{{quantity}}" for n in range(many // 10 - 1))
    return ["Good,Finished unit,Nested good,Quantity", *rows, *nested]


TABLES = [
    (GenericProduct, generics),
    (Product, products),
    (FinishedUnit, named),
    (FinishedGood, named),
    (InventoryItem, lots),
    (Composition, lines),
]


def statements_of(clerk, model, text):
    """Send a table and confirm it; return how many statements each step took."""
    with CaptureQueriesContext(connection) as looked:
        answer = sent(clerk, model, text)
    assert answer.status_code == 200, wrong_in(answer)
    with CaptureQueriesContext(connection) as wrote:
        assert confirmed(clerk, model, answer).status_code == 200
    return len(looked), len(wrote)


@pytest.mark.parametrize(("model", "made"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_two_hundred_rows_take_as_many_statements_as_twenty(clerk, model, made):
    many = made(200)
    few = [line for line in many if line in {*many[:21], *many[201:203]}]
    taken(clerk, model, many[0] + "\n" + many[1].format(note="", quantity=1))  # what is read once is read
    first = statements_of(clerk, model, "\n".join(few).format(note="a", quantity=1))
    second = statements_of(clerk, model, "\n".join(many).format(note="b", quantity=2))
    assert second[0] <= first[0] + 4  # some are changed besides, which is read, written, and told
    assert second[1] <= first[1] + 4
    assert max(second) < 50
    assert check_stock() == []


def test_five_thousand_lots_have_their_movements_and_the_books_balance(clerk):
    table = read_table("\n".join(lots(MOST_ROWS)).format(note="").encode())
    assert LotResource(by=clerk.user).read(table, dry_run=False).totals["new"] == MOST_ROWS
    assert InventoryItem.objects.count() == StockMovement.objects.count() == MOST_ROWS
    assert set(StockMovement.objects.values_list("kind", "created_by")) == {("received", clerk.user.pk)}
    total = InventoryItem.objects.aggregate(quantity=models.Sum("quantity"), value=models.Sum("value"))
    assert total == {"quantity": 12_502_500, "value": 12_500_000}
    assert check_stock() == []


def test_one_row_too_many_is_said(clerk):
    text = "Name\n" + "".join(f"Kind {n}\n" for n in range(MOST_ROWS + 1))
    said = "A file may have at most 5,000 rows, and this one has more. Cut it into several."
    assert refused(clerk, GenericProduct, text) == {"import_file": [said]}


ASKED = {
    "packaging_generic_name_uq",  # each name is found, so it is there once
    "packaging_generic_minimum_ck",  # a column takes no number below 0
    "packaging_generic_owed_ck",  # no column
    "packaging_product_design_uq",
    "packaging_product_pack_size_ck",
    "packaging_unit_name_uq",
    "packaging_good_name_uq",
}


def test_every_rule_of_the_catalogue_is_asked_of_a_row_before_the_database():
    """A new constraint is asked in `check` of its resource, or cannot be broken by a row."""
    tables = (GenericProduct, Product, FinishedUnit, FinishedGood)
    assert {rule.name for model in tables for rule in model._meta.constraints} == ASKED
    assert all("clean" not in vars(model) for model in (FinishedUnit, FinishedGood)), (
        "what `clean` asks is asked in `check`"
    )


def test_many_lots_are_what_each_would_be_alone():
    product, unit = ProductFactory(), FinishedUnitFactory()
    said = {"quantity": Decimal(7), "total_cost": None, "received_on": date(2025, 11, 20), "lot_code": " L "}
    alone = [
        receive_lot(product_id=product.pk, by=None, **said),
        receive_lot(finished_unit_id=unit.pk, by=None, **said),
    ]
    together = receive_lots(lots=[new_lot(item=item, **said) for item in (product, unit)], by=None)
    hidden = {"id", "uuid", "created_at", "updated_at", "inventory_item_id"}

    def facts(row):
        return {name.attname: getattr(row, name.attname) for name in row._meta.fields if name.attname not in hidden}

    assert [facts(lot) for lot in together] == [facts(lot) for lot in alone]
    assert [facts(lot.movements.get()) for lot in together] == [facts(lot.movements.get()) for lot in alone]
    assert receive_lots(lots=together, by=None) == []


@pytest.mark.parametrize("rows", [["AB", "BC", "CA"], ["AA"], ["AB", "BC", "CD", "DB"], ["AB", "BA", "AC"]])
def test_a_circle_is_found_among_many_as_it_is_one_by_one(rows):
    goods = {name: FinishedGoodFactory(display_name=name) for name in "ABCD"}

    def one(outer, inner):
        with _Caught() as caught:
            add_line(finished_good_id=goods[outer].pk, component_good_id=goods[inner].pk, quantity=Decimal(1), by=None)
        return caught.said

    recipes = ManyLines(goods=[good.pk for good in goods.values()], has_nested=True)
    many = []
    for outer, inner in rows:
        with _Caught() as caught:
            recipes.add(Composition(assembly=goods[outer], finished_good=goods[inner], component_quantity=Decimal(1)))
        many.append(caught.said)
    assert any(many)
    assert many == [one(*row) for row in rows]


class _Caught:
    """Keep what a rule said."""

    said = ""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        self.said = str(error) if isinstance(error, CircularRecipe) else ""
        return isinstance(error, CircularRecipe)
