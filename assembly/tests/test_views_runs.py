"""Runs on the screen: the list, the ledger of one, and taking one back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assembly import services as runs
from assembly.models import AssemblyRun
from assembly.tests.factories import (
    DebtFactory,
    GoodConsumptionFactory,
    PackagingConsumptionFactory,
    RunFactory,
    UnitConsumptionFactory,
)
from packaging import services
from packaging.models import AssemblyOrder, CompositionAssignment, InventoryItem, StockMovement
from packaging.tests.factories import FinishedGoodFactory, LotFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def packer():
    return UserFactory(username="packer", groups=["Packers"])


@pytest.fixture
def manager():
    return UserFactory(username="manager", groups=["Managers"])


def logged_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(manager):
    return logged_in(manager)


@pytest.fixture
def recorded(bakehouse, packer):
    """S9: 50 of G1 for E1, recorded by the packer."""
    for part, amounts in (("bag", {"L1": 30, "L2": 20}), ("ribbon", {"L8": 20})):
        services.assign_lots(
            composition_id=bakehouse.line("E1/G1", part).pk,
            amounts={bakehouse.lots[code].pk: Decimal(amount) for code, amount in amounts.items()},
            by=None,
        )
    return runs.record_assembly(
        order_id=bakehouse.orders["E1/G1"].pk,
        quantity=50,
        by=packer,
        key=uuid4(),
        assembled_at=datetime(2025, 12, 9, 12, tzinfo=UTC),
        notes="for the fair",
    )


def detail(run):
    return reverse("assembly:run_detail", args=[run.pk])


def void(run):
    return reverse("assembly:run_void", args=[run.pk])


def books():
    return (
        StockMovement.objects.count(),
        list(InventoryItem.objects.order_by("pk").values_list("pk", "quantity", "value")),
        list(AssemblyOrder.objects.order_by("pk").values_list("pk", "quantity_assembled", "version")),
        list(CompositionAssignment.objects.order_by("pk").values_list("quantity_assigned", "quantity_consumed")),
        list(AssemblyRun.objects.order_by("pk").values_list("pk", "voided_at")),
    )


def count(client, url):
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    assert answer.status_code == 200
    return len(queries)


# --- the page of a run -----------------------------------------------------------------------------------------------


def test_the_ledger_shows_each_lot_with_its_cost(client, bakehouse, recorded):
    page = client.get(detail(recorded))
    rows = page.context["rows"]
    assert [(row.name, row.lot_code, row.quantity, row.unit_cost, row.total_cost) for row in rows] == [
        ("Brown-butter chocolate chip cookie", "B1", 240, Decimal("0.4200"), Decimal("100.8000")),
        ("Brown-butter chocolate chip cookie", "B2", 60, Decimal("0.4500"), Decimal("27.0000")),
        ("Cello bag 6x10 Snowflakes", "L1", 30, Decimal("0.2300"), Decimal("6.9000")),
        ("Cello bag 6x10 Holly", "L2", 20, Decimal("0.2600"), Decimal("5.2000")),
        ("Satin ribbon 16 mm Red", "L8", 20, Decimal("0.1800"), Decimal("3.6000")),
        ("Logo label Round gold", "L11", 50, Decimal("0.0333"), Decimal("1.6667")),
    ]
    text = page.content.decode()
    for code in ("B1", "B2", "L1", "L2", "L8", "L11"):
        assert reverse("packaging:lot_detail", args=[bakehouse.lots[code].pk]) in text
    assert recorded.goods_lot.get_absolute_url() in text
    assert recorded.order.get_absolute_url() in text
    assert '<data value="2.9033">' in text
    assert '<data value="145.1667">' in text
    assert "for the fair" in text
    assert "packer" in text
    assert "50 of 50 on hand" in text
    assert "In all, now" not in text
    assert "cost incomplete" not in text
    assert "Recorded 50." not in text


def test_a_run_just_recorded_can_be_undone_there(packer, recorded):
    client = logged_in(packer)
    page = client.get(f"{detail(recorded)}?recorded=1")
    assert "Recorded 50." in page.content.decode()
    assert 'name="reason" value="mistake"' in page.content.decode()
    assert client.post(void(recorded), {"reason": "mistake"}).url == detail(recorded)
    recorded.refresh_from_db()
    assert (recorded.void_reason, recorded.voided_by) == ("mistake", packer)
    assert "Recorded 50." not in client.get(f"{detail(recorded)}?recorded=1").content.decode()


def test_where_the_goods_went(client, bakehouse, recorded):
    lot = recorded.goods_lot
    services.issue_stock(lot_id=lot.pk, quantity=Decimal(5), reason="sold", by=None)
    for code, quantity in (("G4", 1),):
        services.receive_lot(
            finished_good_id=bakehouse.goods[code].pk,
            quantity=Decimal(quantity),
            total_cost=Decimal(10),
            received_on=date(2025, 12, 9),
            by=None,
        )
    services.close_order(order_id=bakehouse.orders["E1/G1"].pk, by=None)
    hamper = runs.record_assembly(
        finished_good_id=bakehouse.goods["G5"].pk,
        quantity=1,
        by=None,
        key=uuid4(),
        choices={bakehouse.line("G5", "ribbon").pk: {bakehouse.lots["L9"].pk: Decimal("1.5")}},
    )
    page = client.get(detail(recorded))
    assert [(use.movement.quantity, use.run) for use in page.context["uses"]] == [(-5, None), (-2, hamper)]
    text = page.content.decode()
    assert "Sold" in text
    assert detail(hamper) in text
    assert "43 of 50 on hand" in text


def test_a_voided_run_says_who_when_why_and_what_came_back(client, recorded, manager):
    runs.void_run(run_id=recorded.pk, reason="Counted twice", by=manager)
    page = client.get(detail(recorded))
    text = page.content.decode()
    assert "voided" in text
    assert "by manager" in text
    assert "Counted twice" in text
    assert [row.reversed_quantity for row in page.context["rows"]] == [240, 60, 30, 20, 20, 50]
    assert "taken back +240" in text
    assert page.context["current_total"] == 0
    assert "In all, now" in text
    assert void(recorded) not in text


def test_unknown_cost_and_open_debts_are_said(client):
    run = RunFactory(total_component_cost=Decimal(1), per_unit_cost=Decimal(1))
    PackagingConsumptionFactory(assembly_run=run, item_name="Bag", is_cost_known=False, total_cost=Decimal(0))
    DebtFactory(assembly_run=run)
    text = client.get(detail(run)).content.decode()
    assert "cost incomplete" in text
    assert "provisional" in text
    assert "some of the packaging is still to be named" in text
    assert "unknown" in text
    settled = DebtFactory(quantity_settled=Decimal(10)).assembly_run
    assert "provisional" not in client.get(detail(settled)).content.decode()


def test_rows_that_came_later_make_a_current_total(client):
    run = RunFactory(total_component_cost=Decimal(1), per_unit_cost=Decimal(1))
    UnitConsumptionFactory(assembly_run=run, item_name="Cookie")
    GoodConsumptionFactory(assembly_run=run, item_name="Bag", total_cost=Decimal("2.5000"))
    page = client.get(detail(run))
    assert page.context["current_total"] == Decimal("3.5000")
    assert "In all, now" in page.content.decode()


def test_an_imported_run_without_rows_is_shown_and_not_voided(client):
    run = RunFactory(is_imported=True)
    text = client.get(detail(run)).content.decode()
    assert "What this run used was not written down." in text
    assert void(run) not in text
    before = books()
    assert client.get(void(run)).status_code == 200
    assert client.post(void(run), {"reason": "x"}).status_code == 422
    assert books() == before


def test_a_packer_sees_no_costs(packer, recorded):
    client = logged_in(packer)
    for url in (detail(recorded), void(recorded), reverse("assembly:run_list")):
        text = client.get(url).content.decode()
        assert "€" not in text
        assert "<data" not in text
        assert "In all" not in text


# --- taking back -----------------------------------------------------------------------------------------------------


def test_s26_void_returns_every_lot_and_promise(client, bakehouse, recorded, manager):
    page = client.get(void(recorded))
    text = page.content.decode()
    assert page.status_code == 200
    for words in ("+240", "+20 m", "−50", "Maple Street School winter fair again", "30 pieces of lot L1"):
        assert words in text
    answer = client.post(void(recorded), {"reason": "wrong day"})
    assert (answer.status_code, answer.url) == (302, detail(recorded))
    left = {
        code: InventoryItem.objects.get(pk=bakehouse.lots[code].pk).quantity
        for code in ("B1", "B2", "L1", "L2", "L8", "L11")
    }
    assert left == {"B1": 240, "B2": 200, "L1": 30, "L2": 25, "L8": 50, "L11": 300}
    assert InventoryItem.objects.get(pk=bakehouse.lots["L11"].pk).value == Decimal("10.0000")
    assert InventoryItem.objects.get(pk=recorded.goods_lot_id).quantity == 0
    assert AssemblyOrder.objects.get(pk=recorded.order_id).quantity_assembled == 0
    outstanding = CompositionAssignment.objects.outstanding().order_by("inventory_item__lot_code")
    assert [(a.inventory_item.lot_code, a.outstanding) for a in outstanding] == [("L1", 30), ("L2", 20), ("L8", 20)]
    recorded.refresh_from_db()
    assert (recorded.void_reason, recorded.voided_by) == ("wrong day", manager)


def test_a_second_void_is_refused_with_a_sentence(client, recorded):
    client.post(void(recorded), {"reason": "first"})
    before = books()
    again = client.post(void(recorded), {"reason": "second"})
    assert again.status_code == 409
    assert "This was voided already." in again.content.decode()
    assert "first" in again.content.decode()
    assert client.get(void(recorded)).status_code == 200
    assert books() == before


def test_goods_that_were_used_keep_a_run_from_being_voided(client, recorded):
    services.issue_stock(lot_id=recorded.goods_lot_id, quantity=Decimal(1), reason="sold", by=None)
    before = books()
    page = client.get(void(recorded))
    assert "cannot be voided" in page.content.decode()
    assert 'name="reason"' not in page.content.decode()
    answer = client.post(void(recorded), {"reason": "mistake"})
    assert answer.status_code == 422
    assert answer.context["form"].errors.as_data()["__all__"][0].code == "goods_used"
    assert books() == before


def test_the_dialog_is_a_part_of_the_page(client, recorded):
    part = client.get(void(recorded), headers={"HX-Request": "true", "HX-Target": "modal"}).content.decode()
    assert part.lstrip().startswith("<dialog")
    assert "+240" in part
    assert "<h1>" not in part


@pytest.mark.parametrize("reason", [None, "", "   ", "x" * 501])
def test_a_reason_is_needed(client, recorded, reason):
    before = books()
    answer = client.post(void(recorded), {} if reason is None else {"reason": reason})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["reason"]
    assert books() == before


def test_whoever_recorded_a_run_may_undo_it_for_ten_minutes(packer, recorded):
    client = logged_in(packer)
    assert client.get(void(recorded)).status_code == 200
    AssemblyRun.objects.filter(pk=recorded.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    before = books()
    assert void(recorded) not in client.get(detail(recorded)).content.decode()
    assert client.get(void(recorded)).status_code == 403
    refused = client.post(void(recorded), {"reason": "mistake"})
    assert refused.status_code == 403
    assert "Managers" in refused.content.decode()
    assert books() == before


def test_a_packer_may_not_void_the_run_of_another(recorded):
    other = logged_in(UserFactory(groups=["Packers"]))
    before = books()
    assert void(recorded) not in other.get(detail(recorded)).content.decode()
    assert other.post(void(recorded), {"reason": "mistake"}).status_code == 403
    assert books() == before


# --- the list --------------------------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first_with_the_voided_marked(client, manager):
    old = RunFactory(assembled_at=datetime(2025, 12, 1, tzinfo=UTC), per_unit_cost=Decimal("1.5000"))
    new = RunFactory(
        assembled_at=datetime(2025, 12, 2, tzinfo=UTC), voided_at=timezone.now(), void_reason="x", voided_by=manager
    )
    page = client.get(reverse("assembly:run_list"))
    text = page.content.decode()
    assert page.context["page"].rows == [new, old]
    assert text.count("voided") == 1
    assert '<data value="1.5000">' in text


def test_runs_are_filtered_by_good(client):
    mine, other = RunFactory(), RunFactory()
    page = client.get(reverse("assembly:run_list"), {"good": mine.finished_good_id})
    assert page.context["page"].rows == [mine]
    part = client.get(
        reverse("assembly:run_list"),
        {"good": other.finished_good_id},
        headers={"HX-Request": "true", "HX-Target": "rows"},
    )
    assert part.content.decode().lstrip().startswith('<ul class="list list-top" id="rows">')
    assert part.context["page"].rows == [other]


@pytest.mark.parametrize("good", ["x", "-1", "0", "NaN", "9" * 30, "2.5"])
def test_a_filter_that_cannot_be_is_refused(client, good):
    RunFactory()
    answer = client.get(reverse("assembly:run_list"), {"good": good})
    assert answer.status_code == 422
    assert answer.context["page"].rows == []


def test_an_empty_list_leads_on(client):
    assert reverse("assembly:run_record") in client.get(reverse("assembly:run_list")).content.decode()
    looker = logged_in(UserFactory(permissions=["assembly.view_assemblyrun"]))
    text = looker.get(reverse("assembly:run_list")).content.decode()
    assert "No run was recorded yet." in text
    assert reverse("assembly:run_record") not in text


def test_older_runs_come_fifty_at_a_time(client):
    good = FinishedGoodFactory()
    start = datetime(2025, 12, 1, tzinfo=UTC)
    made = [RunFactory(finished_good=good, assembled_at=start + timedelta(hours=hour // 2)) for hour in range(60)]
    first = client.get(reverse("assembly:run_list"))
    more = client.get(
        reverse("assembly:run_list") + first.context["page"].more,
        headers={"HX-Request": "true", "HX-Target": "more"},
    )
    rows = first.context["page"].rows + more.context["page"].rows
    assert rows == sorted(made, key=lambda run: (run.assembled_at, run.pk), reverse=True)
    assert "<ul" not in more.content.decode()
    nothing = client.get(reverse("assembly:run_list"), {"before": f"{start.isoformat()}_1"})
    assert nothing.status_code == 200
    assert "There are no older runs." in nothing.content.decode()


@pytest.mark.parametrize("before", ["x", "_", "2025-12-01_1", "2025-12-01T00:00:00+00:00_x", "9" * 40])
def test_nonsense_as_the_start_of_the_list_means_the_newest(client, before):
    run = RunFactory()
    assert client.get(reverse("assembly:run_list"), {"before": before}).context["page"].rows == [run]


# --- statements, addresses, permissions ------------------------------------------------------------------------------


def test_the_list_takes_the_same_statements_for_one_and_fifty(packer):
    client = logged_in(packer)
    good = FinishedGoodFactory()
    RunFactory(finished_good=good, recorded_by=packer)
    one = count(client, reverse("assembly:run_list"))
    for _run in range(49):
        RunFactory(finished_good=good, recorded_by=packer)
    assert count(client, reverse("assembly:run_list")) == one <= 10


def test_a_run_takes_the_same_statements_however_long_its_ledger(packer, recorded):
    client = logged_in(packer)
    one = count(client, detail(recorded)), count(client, void(recorded))
    for _row in range(20):
        PackagingConsumptionFactory(assembly_run=recorded, item_name="Bag")
        services.issue_stock(lot_id=recorded.goods_lot_id, quantity=Decimal(1), reason="sold", by=packer)
    assert (count(client, detail(recorded)), count(client, void(recorded))) == one
    assert max(one) <= 10  # the void asks which promises stand again


def test_more_uses_than_fit_are_cut(client, recorded):
    for _use in range(51):
        LotFactory()  # other lots' movements are no uses
        if InventoryItem.objects.get(pk=recorded.goods_lot_id).quantity > 0:
            services.issue_stock(lot_id=recorded.goods_lot_id, quantity=Decimal("1"), reason="sold", by=None)
    services.count_lot(lot_id=recorded.goods_lot_id, quantity=Decimal(1), reason="counted", by=None)
    assert len(client.get(detail(recorded)).context["uses"]) == 50


def test_methods_and_permissions(client, recorded):
    for url in (reverse("assembly:run_list"), detail(recorded)):
        assert client.post(url).status_code == 405
        assert client.head(url).status_code == 200
        assert Client().get(url).status_code == 302
        assert logged_in(UserFactory()).get(url).status_code == 403
    assert client.put(void(recorded)).status_code == 405
    assert Client().post(void(recorded), {"reason": "x"}).status_code == 302
    assert logged_in(UserFactory()).post(void(recorded), {"reason": "x"}).status_code == 403
    recorded.refresh_from_db()
    assert not recorded.is_voided


@pytest.mark.parametrize("pk", ["0", "999999", "9" * 30])
def test_a_run_that_is_not_there_is_not_found(client, pk):
    for url in (f"/runs/{pk}/", f"/runs/{pk}/void/"):
        assert client.get(url).status_code == 404
    assert client.post(f"/runs/{pk}/void/", {"reason": "x"}).status_code == 404
