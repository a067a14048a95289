"""Explain this number by HTTP: who may, page and dialog, long histories, and that pages lead to what they show."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assembly.queries.explain import FIGURES
from assembly.services import record_assembly
from assembly.tests.explained import MODELS, links
from bakery.tests.addresses import everything
from packaging import services
from packaging.models import (
    AssemblyOrder,
    InventoryItem,
    StockMovement,
)
from packaging.queries.event_page import EventNeeds
from packaging.queries.explain import OF_THINGS
from packaging.queries.explain.shopping import ALL_DAYS, walk_of
from packaging.tests.factories import AssignmentFactory, CompositionFactory, LotFactory, OrderFactory, UserFactory
from packaging.tests.pages import sign_in, text_of
from packaging.tests.test_scenarios_assign import assign

D = Decimal
MODAL = {"HX-Request": "true", "HX-Target": "modal"}
COSTS = sorted(name for name, figure in {**FIGURES, **OF_THINGS}.items() if figure.is_cost)
pytestmark = pytest.mark.django_db


def where(name, pk, key=""):
    return f"/explain/{name}/{pk}/{key}/" if key else f"/explain/{name}/{pk}/"


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


def every_place(event):
    """Return the name and an address of each figure: of this event, of this list, of an object of each other kind."""
    for name in FIGURES:
        yield name, where(name, ALL_DAYS if name.startswith("list-") else some_pk(name))
    need = next(row for row in EventNeeds(event.pk).rows if row.kind == "generic")
    wanted = next(iter(walk_of(ALL_DAYS)[1].values()))
    for name in OF_THINGS:
        yield name, where(name, *((event.pk, need.key) if name.startswith("need-") else (ALL_DAYS, wanted.key)))


def test_everybody_may_look_and_only_managers_at_costs(run, bakehouse, packer, manager):
    stranger, planner, seen = sign_in(), sign_in("Planners"), 0
    for name, url in every_place(bakehouse.events["E1"]):
        assert Client().get(url).status_code == 302
        assert stranger.get(url).status_code == 403
        if name in COSTS:
            assert manager.get(url).status_code == 200, name
            assert packer.get(url).status_code == planner.get(url).status_code == 403, name
        else:
            assert packer.get(url).status_code == 200, name
        seen += 1
    assert seen == len(FIGURES) + len(OF_THINGS)


def test_the_refusal_names_who_may_and_shows_no_amount(bakehouse, packer):
    answer = packer.get(where("lot-value", bakehouse.lots["L1"].pk))
    assert answer.status_code == 403
    assert "Managers" in text_of(answer)
    assert "6.90" not in answer.content.decode()


def test_what_is_not_there_is_a_404(manager):
    for name in [*FIGURES, "lot-weight"]:
        assert manager.get(where(name, 99998)).status_code == 404, name
    for pk in (0, 10**30):
        assert manager.get(where("lot-on-hand", pk)).status_code == 404


def test_a_thing_that_is_not_there_is_a_404(bakehouse, manager):
    pk, bag = bakehouse.events["E1"].pk, f"generic-{bakehouse.generics['bag'].pk}"
    assert manager.get(where("need-needed", pk, bag)).status_code == 200
    for name in ("need-needed", "list-needed", "lot-on-hand"):
        for key in ("generic-0", "generic-" + "9" * 30, "bag", "order-1", "generic-x", "generic-"):
            assert manager.get(where(name, pk, key)).status_code == 404, (name, key)
    for days in (0, 367, 10**30):
        assert manager.get(where("list-needed", days, bag)).status_code == 404


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


def test_where_costs_are_hidden_no_cost_leads_anywhere(run, packer):
    orders = AssemblyOrder.objects.filter(status="open", event__isnull=False)
    pages = [thing.get_absolute_url() for thing in (run, run.finished_good, run.goods_lot, orders[0], orders[0].event)]
    for page in [*pages, "/shopping/?days=all"]:
        answer = packer.get(page)
        assert not {name for name, _pk, _key, _words in links(answer)} & set(COSTS)
        assert "€" not in answer.content.decode()
    assert b"lot-on-hand" in packer.get(run.goods_lot.get_absolute_url()).content
