"""Fewer were made than recorded: what the page says beforehand, and the two runs afterwards (R28, R30)."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from assembly.models import AssemblyRun
from assembly.queries import ledger
from assembly.services import Waste, void_run
from assembly.tests.test_scenarios import assign, assign_s03, record
from assembly.tests.test_views_runs import books, count, detail, logged_in, void
from packaging.services import change_order, issue_stock
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def manager():
    return UserFactory(username="manager", groups=["Managers"])


@pytest.fixture
def packer():
    return UserFactory(username="packer", groups=["Packers"])


@pytest.fixture
def client(manager):
    return logged_in(manager)


@pytest.fixture
def recorded(bakehouse, packer):
    """24 of G1 for E1 with one torn bag, recorded by the packer."""
    assign_s03(bakehouse)
    waste = [Waste(bakehouse.lots["L3"].pk, D(1), "torn: at the seam")]
    return record(bakehouse, "E1/G1", 24, by=packer, waste=waste)


def correct(run):
    return reverse("assembly:run_correct", args=[run.pk])


def form(quantity=14, **fields):
    return {"quantity": quantity, "reason": "Miscounted", "key": str(uuid4()), **fields}


def test_undo_ten_of_twenty_four_and_both_runs_name_each_other(client, recorded, manager):
    answer = client.post(correct(recorded), form())
    new = AssemblyRun.objects.get(replaces=recorded)
    assert (answer.status_code, answer.url) == (302, f"{detail(new)}?recorded=1")
    assert (new.quantity_assembled, new.recorded_by) == (14, manager)
    recorded.refresh_from_db()
    assert (recorded.void_reason, recorded.voided_by) == ("Miscounted", manager)
    page = client.get(detail(new)).content.decode()
    assert f"Replaces run {recorded.pk} of 24" in page
    assert f"Replaced by run {new.pk} of 14" in client.get(detail(recorded)).content.decode()


def test_the_page_says_exactly_what_the_run_will_take(client, recorded):
    shown = client.get(correct(recorded), {"quantity": "14"}).context
    said = [(part.row.lot_code, part.quantity, part.cost, part.row.kind) for part in shown["again"]]
    client.post(correct(recorded), form())
    new = AssemblyRun.objects.get(replaces=recorded)
    rows = [(row.lot_code, row.quantity, row.total_cost, row.kind) for row in ledger(new.pk)]
    assert said == rows
    assert (shown["again_total"], shown["again_each"]) == (new.total_component_cost, new.per_unit_cost)
    assert rows[-1] == ("L3", 1, D("0.2500"), "waste")


def test_the_preview_is_a_part_and_refuses_what_is_not_fewer(client, recorded):
    headers = {"HX-Request": "true", "HX-Target": "again"}
    part = client.get(correct(recorded), {"quantity": "14"}, headers=headers).content.decode()
    assert "<h1" not in part
    assert "Undo 10 of 24" in part
    for quantity in ("24", "0", "x", ""):
        answer = client.get(correct(recorded), {"quantity": quantity}, headers=headers)
        assert (answer.status_code, "<table" in answer.content.decode()) == (200, False)


@pytest.mark.parametrize("bad", [{"quantity": "24"}, {"quantity": "0"}, {"reason": " "}, {"key": ""}, {"key": "x"}])
def test_what_cannot_be_is_refused_and_changes_nothing(client, recorded, bad):
    before = books()
    answer = client.post(correct(recorded), form(**bad))
    assert answer.status_code == 422
    assert answer.content.decode().count("<h1") == 1
    assert books() == before


def test_r30_the_same_correction_twice_is_one_run(client, recorded):
    sent = form()
    first = client.post(correct(recorded), sent)
    before = books()
    for again in (sent, {**sent, "quantity": "9"}, {**sent, "reason": ""}):
        answer = client.post(correct(recorded), again)
        assert (answer.status_code, answer.url) == (302, first.url)
    assert client.post(correct(recorded), form()).status_code == 409
    assert books() == before


def test_goods_that_were_used_keep_the_run_as_it_is(client, recorded):
    issue_stock(lot_id=recorded.goods_lot_id, quantity=D(1), reason="sold", by=None)
    before = books()
    assert "some of its goods were used" in client.get(correct(recorded)).content.decode()
    answer = client.post(correct(recorded), form())
    assert answer.status_code == 422
    assert books() == before


def test_who_may_correct_is_who_may_void(packer, recorded):
    mine = logged_in(packer)
    assert mine.get(correct(recorded)).status_code == 200
    assert "Fewer were made" in mine.get(detail(recorded)).content.decode()
    AssemblyRun.objects.filter(pk=recorded.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    assert "Fewer were made" not in mine.get(detail(recorded)).content.decode()
    for somebody in (packer, UserFactory(groups=["Packers"]), UserFactory(groups=["Planners"])):
        page = logged_in(somebody)
        assert page.get(correct(recorded)).status_code == 403
        assert page.post(correct(recorded), form()).status_code == 403
    assert not AssemblyRun.objects.exclude(pk=recorded.pk).exists()


def test_methods_and_runs_that_are_not_there(client, recorded):
    for method in (client.put, client.delete, client.patch):
        assert method(correct(recorded)).status_code == 405
    assert client.get("/runs/999999/correct/").status_code == 404


def test_a_packer_sees_no_costs_of_it(packer, recorded):
    assert "€" not in logged_in(packer).get(correct(recorded)).content.decode()


def test_the_pages_take_the_same_statements_for_few_and_many_lots(client, bakehouse, recorded):
    assign(bakehouse, "E1/G1", "bag", L1=6, L2=15, L3=2, L4=3)
    many = record(bakehouse, "E1/G1", 26)
    for page in (correct, void):
        assert count(client, page(recorded)) == count(client, page(many))


# --- what a void says beforehand --------------------------------------------------------------------------------------


def test_a_void_says_which_promises_stand_again_and_no_more_than_the_order_needs(client, bakehouse, recorded):
    def said():
        return {row.lot.label: row.quantity for row in client.get(void(recorded)).context["promises"]}

    assert said() == {"L1": 24, "L8": D("9.600")}
    change_order(order_id=recorded.order_id, quantity=30, by=None)
    before = said()
    void_run(run_id=recorded.pk, reason="x", by=None)
    outstanding = bakehouse.line("E1/G1", "bag").assignments.get(inventory_item=bakehouse.lots["L1"]).outstanding
    assert (before["L1"], outstanding) == (24, 30)


def test_a_void_says_which_debts_close_and_that_waste_returns(client, bakehouse):
    ribbon = {bakehouse.line("G1", "ribbon").pk: {bakehouse.lots["L8"].pk: D(4)}}
    waste = [Waste(bakehouse.lots["L3"].pk, D(1), "torn")]
    run = record(bakehouse, "G1", 10, choices=ribbon, waste=waste, record_anyway=True, anyway_notes="In a hurry")
    page = client.get(void(run)).content.decode()
    assert "Not to be named any more: 10 pieces Cello bag 6x10." in page
    assert "waste: Torn" in page


def test_r30_the_same_void_twice_leads_to_the_run(client, recorded):
    before = None
    for _time in range(2):
        answer = client.post(void(recorded), {"reason": "Counted twice"})
        assert (answer.status_code, answer.url) == (302, detail(recorded))
        assert before in {None, str(books())}
        before = str(books())
    assert client.post(void(recorded), {"reason": "Another reason"}).status_code == 409
    assert str(books()) == before
