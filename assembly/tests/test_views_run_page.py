"""The page of a run as proof: what was left after each movement, who and when, the run before, the same again."""

from decimal import Decimal

import pytest
from django.test import Client

from assembly.queries import run_before
from assembly.services import settle_debt, void_run
from assembly.tests.test_scenarios import assign_s03, record
from assembly.tests.test_services_debts import anyway
from assembly.tests.test_views_debts import words
from assembly.tests.test_views_runs import count
from packaging.services import close_order, count_lot
from packaging.tests.factories import UserFactory

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return UserFactory(username="manager", groups=["Managers"])


@pytest.fixture
def client(manager):
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def packer():
    client = Client()
    client.force_login(UserFactory(groups=["Packers"]))
    return client


def left(client, run):
    rows = client.get(run.get_absolute_url()).context["rows"]
    return [(row.lot_code, row.left) for row in rows]


def test_each_row_says_what_was_left_on_its_lot_then(client, bakehouse):
    assign_s03(bakehouse)
    run = record(bakehouse, "E1/G1", 20)
    expected = [("B1", 120), ("L1", 10), ("L8", 42), ("L11", 280)]
    assert left(client, run) == expected
    assert "10 left" in words(client.get(run.get_absolute_url()))
    record(bakehouse, "E1/G1", 5)
    count_lot(lot_id=bakehouse.lots["L11"].pk, quantity=D(200), reason="Water damage", by=None)
    assert left(client, run) == expected  # what happens later changes no row
    void_run(run_id=run.pk, reason="mistake", by=None)
    assert left(client, run) == expected


def test_the_statements_do_not_grow_with_rows(client, bakehouse):
    assign_s03(bakehouse)
    few = count(client, record(bakehouse, "G7", 1).get_absolute_url())
    assert count(client, record(bakehouse, "E1/G1", 50).get_absolute_url()) == few <= 10


def test_what_was_named_later_says_when_and_by_whom(client, bakehouse, manager):
    run = anyway(bakehouse)
    settle_debt(debt_id=run.debts.get().pk, amounts={bakehouse.lots["L1"].pk: D(10)}, by=manager)
    page = client.get(run.get_absolute_url())
    assert "named later" in words(page)
    assert "manager" in words(page)
    assert "Each, now" in words(page)
    assert page.context["current_each"] == D("2.8553")


def test_the_cost_is_compared_with_the_run_before_where_both_are_whole(client, packer, bakehouse):
    first = record(bakehouse, "G7", 12)
    second = record(bakehouse, "G7", 10)
    assert run_before(first) is None
    assert (first.per_unit_cost, second.per_unit_cost) == (D("3.7000"), D("3.8500"))
    page = client.get(second.get_absolute_url())
    assert f"4 % above run {first.pk}" in words(page)
    assert "% above" not in words(packer.get(second.get_absolute_url()))
    undecided = anyway(bakehouse)
    assert run_before(undecided) is None
    later = anyway(bakehouse, choices={**bags(bakehouse)}, record_anyway=False, anyway_notes="")
    assert run_before(later) is None  # the one before is not whole
    void_run(run_id=first.pk, reason="mistake", by=None)
    assert run_before(second) is None
    void_run(run_id=second.pk, reason="mistake", by=None)
    assert "% above" not in words(client.get(second.get_absolute_url()))


def bags(bakehouse):
    chosen = {"bag": ("L1", D(10)), "ribbon": ("L8", D(4))}
    return {bakehouse.line("G1", part).pk: {bakehouse.lots[lot].pk: amount} for part, (lot, amount) in chosen.items()}


def test_the_same_again_is_for_the_order_while_it_lasts(client, packer, bakehouse):
    assign_s03(bakehouse)
    order = bakehouse.orders["E1/G1"]
    run = record(bakehouse, "E1/G1", 30)
    for user in (client, packer):
        assert user.get(run.get_absolute_url()).context["again"] == f"/record/?order={order.pk}&quantity=20"
    close_order(order_id=order.pk, by=None)
    again = client.get(run.get_absolute_url()).context["again"]
    assert again == f"/record/?good={run.finished_good_id}&quantity=30"
    assert client.get(again).status_code == 200
    viewer = Client()
    viewer.force_login(UserFactory(permissions=["assembly.view_assemblyrun"]))
    assert "Record the same again" not in words(viewer.get(run.get_absolute_url()))
