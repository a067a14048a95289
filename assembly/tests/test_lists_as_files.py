"""Every list of the shop goes out as a file: all of it, as it is narrowed, costs only for whoever may see them."""

import csv
from datetime import date
from uuid import uuid4

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assembly.services import record_assembly
from packaging.admin.base import EXPORTS
from packaging.models import Product
from packaging.tests.factories import EventFactory, FinishedGoodFactory, FinishedUnitFactory, OrderFactory
from packaging.tests.pages import sign_in

pytestmark = pytest.mark.django_db

LISTS = {
    "/pending/": "to-assign",
    "/make/": "goods",
    "/orders/": "orders",
    "/events/": "events",
    "/stock/": "stock-packaging",
    "/stock/?kind=units": "stock-units",
    "/stock/?kind=goods": "stock-goods",
    "/runs/": "runs",
    "/debts/": "to-reconcile",
}


@pytest.fixture
def shop(bakehouse):
    record_assembly(quantity=2, finished_good_id=bakehouse.goods["G7"].pk, by=None, key=uuid4())
    anyway = {"record_anyway": True, "anyway_notes": "In a hurry"}
    record_assembly(quantity=2, finished_good_id=bakehouse.goods["G1"].pk, by=None, key=uuid4(), **anyway)
    return bakehouse


@pytest.fixture
def manager():
    return sign_in("Managers")


def file_of(client, place):
    answer = client.get(place + ("&" if "?" in place else "?") + "as=csv")
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return answer, list(csv.reader(text.lstrip("\ufeff").splitlines()))


@pytest.mark.parametrize("place", LISTS)
def test_each_list_leads_to_its_file(shop, manager, place):
    html = manager.get(place).content.decode()
    assert "as=csv" in html
    answer, (head, *rows) = file_of(manager, place)
    assert answer["Content-Disposition"] == f'attachment; filename="{LISTS[place]}.csv"'
    assert rows
    assert all(len(row) == len(head) for row in rows)


def test_what_they_say(shop, manager):
    orders = file_of(manager, "/orders/")[1]
    assert orders[0] == ["order", "good", "event", "due", "status", "ordered", "assembled", "to assign"]
    order = shop.orders["E1/G1"]
    assert [str(order.pk), str(order.finished_good), order.event.name, order.due_on.isoformat()] in [
        row[:4] for row in orders
    ]
    lot = next(row for row in file_of(manager, "/stock/")[1] if "L1" in row)
    assert lot[:4] == ["Cello bag 6x10", shop.lots["L1"].product.design, "L1", "piece"]
    assert date.fromisoformat(lot[4]) == shop.lots["L1"].received_on
    run = file_of(manager, "/runs/")[1][1]
    assert run[2:4] == [shop.goods["G1"].display_name, "2"]
    debt = file_of(manager, "/debts/")[1][1]
    assert debt[2:8] == [shop.goods["G1"].display_name, "Cello bag 6x10", "piece", "2", "0", "2"]


def test_they_are_narrowed_as_the_list_is(shop, manager):
    assert [row[0] for row in file_of(manager, "/make/?q=neighbourhood")[1][1:]] == ["Neighbourhood hamper"]
    assert len(file_of(manager, "/orders/?show=all")[1]) > len(file_of(manager, "/orders/?show=cancelled")[1])
    assert {row[0] for row in file_of(manager, "/stock/?q=tissue")[1][1:]} == {"Tissue sheet"}
    state = file_of(manager, "/pending/?state=partial")[1]
    assert len(state) < len(file_of(manager, "/pending/")[1])
    assert manager.get("/pending/?as=csv&state=nonsense").status_code == 422
    assert manager.get("/runs/?as=csv&since=nonsense").status_code == 422


def test_they_have_all_rows_and_not_only_a_page(shop, manager):
    for number in range(60):
        OrderFactory(event=EventFactory(name=f"Fair {number}"))
    assert len(file_of(manager, "/orders/")[1]) > 60
    assert len(file_of(manager, "/events/")[1]) > 60


@pytest.mark.parametrize("place", LISTS)
def test_statements_do_not_grow_with_the_rows(shop, manager, place):
    def statements():
        with CaptureQueriesContext(connection) as captured:
            file_of(manager, place)
        return len(captured)

    statements()
    before = statements()
    for number in range(30):
        OrderFactory(event=EventFactory(name=f"Fair {number}"), finished_good=FinishedGoodFactory())
        FinishedUnitFactory()
    assert statements() == before


@pytest.mark.parametrize("place", ["/stock/", "/stock/?kind=units", "/runs/"])
def test_costs_are_left_out(shop, manager, place):
    seen, hidden = file_of(manager, place)[1], file_of(sign_in("Packers"), place)[1]
    costs = 2 if place == "/runs/" else 1
    assert [row[:-costs] for row in seen] == hidden


def test_no_cell_is_a_formula(shop, manager):
    Product.objects.filter(pk=shop.products["Holly"].pk).update(design="=1+1")
    rows = file_of(manager, "/stock/")[1]
    assert any("'=1+1" in row for row in rows)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_every_list_of_the_administration_has_one_too():
    """Accounts are Django's own: people are no table to carry about."""
    without = {model for model, pages in site._registry.items() if not set(EXPORTS) <= set(pages.actions or ())}
    assert without == {User, Group}


@pytest.mark.parametrize("place", LISTS)
def test_who_may_see_the_list_may_have_it(shop, client, place):
    assert client.get(place, {"as": "csv"}).status_code == 302
    assert sign_in().get(place.partition("?")[0], {"as": "csv"}).status_code == 403
