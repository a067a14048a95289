"""Explain this number by HTTP: who may, page and dialog, long histories, and that pages lead to what they show."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries.explain import FIGURES
from assembly.services import record_assembly
from assembly.tests.explained import MODELS, links
from bakery.templatetags.bakery_tags import money
from bakery.tests.addresses import everything
from packaging import services
from packaging.costs import in_words
from packaging.models import (
    AssemblyOrder,
    Composition,
    FinishedGood,
    GenericProduct,
    InventoryItem,
    StockMovement,
)
from packaging.tests.factories import AssignmentFactory, CompositionFactory, LotFactory, OrderFactory, UserFactory
from packaging.tests.pages import sign_in, text_of
from packaging.tests.test_scenarios_assign import assign

D = Decimal
MODAL = {"HX-Request": "true", "HX-Target": "modal"}
COSTS = sorted(name for name, figure in FIGURES.items() if figure.is_cost)
pytestmark = pytest.mark.django_db


def where(name, pk):
    return f"/explain/{name}/{pk}/"


@pytest.fixture
def packer(db):
    return sign_in("Packers")


@pytest.fixture
def manager(db):
    return sign_in("Managers")


@pytest.fixture
def run(bakehouse):
    return record_assembly(
        quantity=2,
        finished_good_id=bakehouse.goods["G1"].pk,
        by=UserFactory(),
        key=uuid4(),
        record_anyway=True,
        anyway_notes="In a hurry",
    )


def some_pk(name):
    """Return an object that the figure can be explained of."""
    rows = MODELS[name.partition("-")[0]].objects.order_by("pk")
    return rows.filter(order__isnull=False, is_generic=True).first().pk if name.startswith("line") else rows.first().pk


def statements(client, url, **headers):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url, headers=headers).status_code == 200
    return len(captured)


def moved(number):
    """A lot with so many movements: it came, and pieces were counted away."""
    lot = LotFactory(quantity=1000, value=D(10))
    StockMovement.objects.bulk_create(
        [
            StockMovement(inventory_item=lot, kind="counted", quantity=D(-1), value=D("-0.0101"), reason="lost")
            for _piece in range(number)
        ]
    )
    left, worth = 1000 - number, D(10) - number * D("0.0101")
    InventoryItem.objects.filter(pk=lot.pk).update(quantity=left, value=worth)
    return lot


def test_everybody_may_look_and_only_managers_at_costs(run, packer, manager):
    stranger, planner = sign_in(), sign_in("Planners")
    for name in FIGURES:
        url = where(name, some_pk(name))
        assert Client().get(url).status_code == 302
        assert stranger.get(url).status_code == 403
        assert manager.get(url).status_code == 200, name
        for client in (packer, planner):
            assert client.get(url).status_code == (403 if name in COSTS else 200), name


def test_the_refusal_names_who_may_and_shows_no_amount(bakehouse, packer):
    answer = packer.get(where("lot-value", bakehouse.lots["L1"].pk))
    assert answer.status_code == 403
    assert "Managers" in text_of(answer)
    assert "6.90" not in answer.content.decode()


def test_what_is_not_there_is_a_404(manager):
    for name in [*FIGURES, "lot-weight"]:
        for pk in (0, 99999, 10**30):
            assert manager.get(where(name, pk)).status_code == 404, (name, pk)


def test_it_is_for_reading_only(bakehouse, manager):
    url, before = where("lot-on-hand", bakehouse.lots["L1"].pk), everything()
    for method in ("post", "put", "patch", "delete"):
        assert getattr(manager, method)(url).status_code == 405
    assert manager.head(url).status_code == 200
    assert everything() == before


def test_page_and_dialog_show_the_same_rows(bakehouse, packer):
    lot = bakehouse.lots["L1"]
    services.count_lot(lot_id=lot.pk, quantity=D(28), reason="damaged: 2 torn", by=UserFactory(username="anna"))
    page = packer.get(where("lot-on-hand", lot.pk))
    dialog = packer.get(where("lot-on-hand", lot.pk), headers=MODAL)
    assert b"<html" in page.content
    assert dialog.content.strip().startswith(b"<dialog")
    for answer in (page, dialog):
        words = text_of(answer)
        assert "Everything that came into the lot, less everything that left it." in words
        assert "anna · Damaged: 2 torn" in words
        assert "−2" in words
        assert "= 28 pieces" in words
        assert "Rows: 28.000 · shown: 28.000 agrees" in words
    assert f'href="{where("lot-on-hand", lot.pk)}"' in dialog.content.decode()


def test_a_figure_that_does_not_agree_says_so(bakehouse, packer):
    lot = bakehouse.lots["L1"]
    InventoryItem.objects.filter(pk=lot.pk).update(quantity=D(29))
    assert "Rows: 30.000 · shown: 29.000 differs" in text_of(packer.get(where("lot-on-hand", lot.pk)))


def test_a_long_history_is_paged_with_what_was_brought_forward(packer):
    lot = moved(120)
    url, seen = where("lot-on-hand", lot.pk), []
    first = packer.get(url)
    assert "Brought forward" in text_of(first)
    assert "Later rows" not in text_of(first)
    answer = first
    for _page in range(3):
        statement, page = answer.context["statement"], answer.context["page"]
        assert statement.brought + sum(row.amount for row in statement.rows) + statement.carried == 880
        assert statement.result == 880
        assert statement.agrees
        seen = [row.movement.pk for row in statement.rows] + seen
        if page.more:
            answer = packer.get(url + page.more)
    assert "Later rows" in text_of(answer)
    assert seen == list(lot.movements.exclude(quantity=0).order_by("pk").values_list("pk", flat=True))


def test_the_dialog_shows_the_latest_rows_and_leads_to_the_others(packer):
    lot = moved(120)
    answer = packer.get(where("lot-on-hand", lot.pk), headers=MODAL)
    assert len(answer.context["statement"].rows) == 8
    assert answer.context["statement"].result == 880
    earlier = packer.get(where("lot-on-hand", lot.pk) + answer.context["page"].more)
    assert earlier.context["statement"].carried == -8


@pytest.mark.parametrize("name", ["lot-on-hand", "lot-value", "lot-each"])
def test_a_long_history_takes_the_same_number_of_statements(manager, name):
    few, many = where(name, moved(1).pk), where(name, moved(200).pk)
    statements(manager, few)  # warms what the first request of a process looks up
    assert statements(manager, few) == statements(manager, many)
    assert statements(manager, few, **MODAL) == statements(manager, many, **MODAL)


@pytest.mark.parametrize("name", ["generic-on-hand", "generic-reserved", "generic-free", "product-on-hand"])
def test_many_lots_and_promises_take_the_same_number_of_statements(packer, bakehouse, name):
    design = bakehouse.products["Holly"]
    pk = design.pk if name.startswith("product") else design.generic_product_id
    assign(bakehouse, "E1/G1", "bag", L1=1)
    few = statements(packer, where(name, pk))
    for order in OrderFactory.create_batch(60):
        line = CompositionFactory(order=order, packaging_product=design, is_generic=True)
        AssignmentFactory(
            composition=line, inventory_item=LotFactory(product=design, quantity=3), quantity_assigned=D(2)
        )
    answer = packer.get(where(name, pk))
    assert answer.context["statement"].agrees
    assert statements(packer, where(name, pk)) == few


def test_many_rows_of_now_are_paged_too(packer, bakehouse):
    design = bakehouse.products["Holly"]
    LotFactory.create_batch(60, product=design, quantity=3)
    url = where("product-on-hand", design.pk)
    latest = packer.get(url)
    older = packer.get(url + latest.context["page"].more)
    assert (len(latest.context["statement"].rows), len(older.context["statement"].rows)) == (50, 11)
    assert older.context["statement"].carried == 150
    assert older.context["statement"].agrees


def pages(some=4):
    """The pages that lead from numbers, of some objects of each kind."""
    for model in (InventoryItem, GenericProduct, FinishedGood, AssemblyOrder, AssemblyRun):
        yield from (thing.get_absolute_url() for thing in model.objects.order_by("pk")[:some])
    yield from (lot.get_absolute_url() for lot in InventoryItem.objects.filter(finished_good__isnull=False)[:some])
    for line in Composition.objects.filter(order__status="open", is_generic=True).order_by("pk")[:some]:
        yield f"/pending/{line.pk}/"
        yield f"/orders/{line.order_id}/lines/{line.pk}/"
    yield f"/stock/lots/{InventoryItem.objects.earliest('pk').pk}/holders/"
    yield f"/debts/{PackagingDebt.objects.earliest('pk').pk}/"
    yield "/stock/?kind=units"


def test_every_number_leads_to_an_explanation_of_exactly_that_number(db, settings, capsys):
    settings.DEBUG = True
    call_command("demo")
    client, led = sign_in("Managers"), {}
    for page in pages():
        answer = client.get(page)
        assert answer.status_code == 200
        for name, pk, words in links(answer):
            led.setdefault((name, pk), set()).add(words)
    for (name, pk), said in led.items():
        statement = client.get(where(name, pk)).context["statement"]
        amount = statement.explanation.shown
        assert statement.agrees
        if statement.explanation.unit:
            numbers = {in_words(amount)}
        else:
            numbers = {"unknown"} if amount is None else {money(amount), money(amount, per_unit=True)}
        for words in said:
            if words in {"Missing", "Not for one"} or words.startswith("Enough for all"):
                continue  # a word for the number
            assert numbers & set(words.replace(",", " ").split()), (name, pk, words, numbers)
    assert FIGURES.keys() - {name for name, _pk in led} <= {"good-reachable", "product-on-hand"}


def test_where_costs_are_hidden_no_cost_leads_anywhere(run, packer):
    for page in (run.get_absolute_url(), run.finished_good.get_absolute_url(), run.goods_lot.get_absolute_url()):
        answer = packer.get(page)
        assert not {name for name, _pk, _words in links(answer)} & set(COSTS)
        assert "€" not in answer.content.decode()
    assert b"lot-on-hand" in packer.get(run.goods_lot.get_absolute_url()).content
