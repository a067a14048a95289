"""The day sheet: what it shows, what each of its buttons does, what it refuses and how, and what it writes."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from assembly import services as runs
from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books
from assembly.tests.day_sheet.helpers import (
    DAY,
    PAGE,
    check,
    fields_of,
    made,
    promise,
    record,
    sheet,
    statements,
    text_of,
)
from bakery.tests.addresses import everything
from packaging import services
from packaging.models import AssemblyOrder
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def test_it_shows_open_orders_the_soonest_first(client, shop):
    answer = client.get(PAGE)
    assert answer.status_code == 200
    names = [name for name in fields_of(answer) if name.startswith("made_")]
    assert names == [f"made_o{order.pk}" for order in AssemblyOrder.objects.to_assemble().soonest_first()]
    assert "Nothing is filled in yet." in text_of(answer)
    assert 'value="record"' not in answer.content.decode()


def test_it_checks_everything_together_and_records_it_at_once(client, shop, manager):
    services.receive_lot(
        finished_good_id=shop.goods["G1"].pk,
        quantity=Decimal(1),
        total_cost=None,
        received_on=timezone.localdate(),
        by=None,
    )
    checked = check(client, **{made(shop, "E1/G1"): "10"}, notes="Busy")
    checked = check(client, "add", answer=checked, add=str(shop.goods["G7"].pk))
    assert fields_of(checked)[made(shop, "E1/G1")] == "10"
    checked = check(client, answer=checked, **{made(shop, "G7"): "2"})
    assert checked.status_code == 200
    assert "12 pieces 2 runs" in text_of(checked)
    answer = record(client, checked)
    first, second = AssemblyRun.objects.order_by("pk")
    assert answer.status_code == 302
    assert answer.url == f"/day/{first.pk}/?recorded=1"
    assert [(run.quantity_assembled, run.notes, run.recorded_by) for run in (first, second)] == [
        (10, "Busy", manager),
        (2, "Busy", manager),
    ]
    assert {timezone.localdate(run.assembled_at).isoformat() for run in (first, second)} == {DAY}
    page = client.get(answer.url)
    assert "Recorded 12 in 2 runs." in text_of(page)
    assert check_books() == []


def test_r30_the_sheet_sent_twice_leads_to_the_same_runs(client, shop):
    checked = check(client, **{made(shop, "E1/G1"): "10"})
    first = record(client, checked)
    assert record(client, checked).url == first.url
    assert record(client, checked, on="nonsense").url == first.url
    assert AssemblyRun.objects.count() == 1


def test_undecided_packaging_offers_its_ways_on(client, shop):
    checked = check(client, **{made(shop, "E1/G1"): "40"})
    html, text = checked.content.decode(), text_of(checked)
    order = shop.orders["E1/G1"].pk
    assert checked.status_code == 200
    assert "30 of 40 decided" in text
    assert 'value="record"' not in html
    assert f'value="fewer_o{order}_30"' in html
    assert f"/pending/{shop.line('E1/G1', 'bag').pk}/?next=%2Fday%2F%3Fon%3D{DAY}" in html
    before = everything()
    answer = record(client, checked)
    assert answer.status_code == 422
    assert fields_of(answer)[made(shop, "E1/G1")] == "40"
    assert everything() == before
    fewer = check(client, f"fewer_o{order}_30", answer=checked)
    assert record(client, fewer).status_code == 302
    assert AssemblyRun.objects.get().quantity_assembled == 30


def test_the_way_back_from_assigning_keeps_what_was_typed(client, shop):
    lot = shop.lots["B1"].pk
    order = shop.orders["E1/G1"].pk
    broken = {
        f"waste_lot_o{order}_1": str(lot),
        f"waste_quantity_o{order}_1": "2",
        f"waste_reason_o{order}_1": "broken",
    }
    checked = check(client, **{made(shop, "E1/G1"): "40", made(shop, "E1/G2"): "3"}, **broken, notes="Busy")
    back = unquote(re.search(r"/pending/\d+/\?next=([^\"]+)", checked.content.decode())[1])
    again = fields_of(client.get(back))
    assert parse_qs(urlsplit(back).query)["on"] == [DAY]
    for name, text in {
        made(shop, "E1/G1"): "40",
        made(shop, "E1/G2"): "3",
        **broken,
        "notes": "Busy",
        "on": DAY,
    }.items():
        assert again[name] == text
    assert again["key"] == fields_of(checked)["key"]


def test_oldest_first_is_recorded_as_it_was_shown(client, shop):
    checked = check(client, **{made(shop, "E1/G1"): "40"})
    filled = check(client, f"oldest_o{shop.orders['E1/G1'].pk}", answer=checked)
    assert "L4 Snowmen 7" in text_of(filled)
    assert record(client, filled).status_code == 302
    assert check_books() == []
    not_so = check(client, f"plain_o{shop.orders['E1/G1'].pk}", answer=filled)
    assert "oldest_o" not in fields_of(not_so)


def test_record_anyway_needs_its_permission_and_a_note(client, shop):
    checked = check(client, f"anyway_o{shop.orders['E1/G1'].pk}", **{made(shop, "E1/G1"): "40"})
    assert "to be named later" in text_of(checked)
    assert record(client, checked).status_code == 422
    packer = Client()
    packer.force_login(UserFactory(groups=["Packers"]))
    before = everything()
    assert record(packer, checked, anyway_notes="In a hurry").status_code == 403
    assert everything() == before
    assert record(client, checked, anyway_notes="In a hurry").status_code == 302
    assert PackagingDebt.objects.get().quantity_owed == 10


def test_r31_what_changed_since_the_check_is_a_409_with_the_typing_kept(client, shop):
    checked = check(client, **{made(shop, "E1/G1"): "10"}, notes="Busy")
    promise(shop, "bag", L1="29")
    before = everything()
    answer = record(client, checked)
    assert answer.status_code == 409
    assert everything() == before
    fields = fields_of(answer)
    assert (fields[made(shop, "E1/G1")], fields["notes"]) == ("10", "Busy")
    assert 'value="record"' in answer.content.decode()
    assert record(client, answer).status_code == 302


def test_a_number_typed_after_the_check_is_checked_first(client, shop):
    checked = check(client, **{made(shop, "E1/G1"): "10"})
    assert record(client, checked, **{made(shop, "E1/G1"): "11"}).status_code == 409
    assert record(client, checked, seen="").status_code == 422
    assert not AssemblyRun.objects.exists()


def test_what_broke_is_waste_of_its_run(client, shop):
    order = shop.orders["E1/G1"].pk
    broken = {f"waste_lot_o{order}_1": str(shop.lots["B1"].pk), f"waste_quantity_o{order}_1": "2"}
    alone = check(client, **broken, **{f"waste_reason_o{order}_1": "broken"})
    assert alone.status_code == 422
    assert "Say how many were made." in text_of(alone)
    checked = check(client, **broken, **{f"waste_reason_o{order}_1": "broken", made(shop, "E1/G1"): "10"})
    assert f"waste_lot_o{order}_2" in fields_of(checked)
    assert record(client, checked).status_code == 302
    wasted = AssemblyRun.objects.get().finished_unit_consumptions.get(kind="waste")
    assert (wasted.quantity_consumed, wasted.reason) == (2, "broken")


def test_same_as_the_last_day_fills_numbers_and_stores_nothing(client, shop):
    at = datetime(2025, 12, 8, 12, tzinfo=UTC)
    for good, pieces in (("G1", 2), ("G7", 3)):
        order = {"order_id": shop.orders["E1/G1"].pk} if good == "G1" else {"finished_good_id": shop.goods[good].pk}
        runs.record_assembly(quantity=pieces, by=None, key=uuid4(), assembled_at=at, **order)
    opened = client.get(PAGE, {"on": DAY})
    assert "Same as Mon 8 Dec" in text_of(opened)
    before = everything()
    filled = check(client, "same", answer=opened, **{made(shop, "E1/G2"): "5"})
    fields = fields_of(filled)
    assert (fields[made(shop, "E1/G1")], fields[made(shop, "G7")], fields[made(shop, "E1/G2")]) == ("2", "3", "")
    assert everything() == before


def test_same_as_the_last_day_is_offered_without_any_open_order(client):
    good, unit = FinishedGoodFactory(), FinishedUnitFactory()
    LotFactory(finished_unit=unit, quantity=10)
    CompositionFactory(assembly=good, finished_unit=unit, component_quantity=1)
    runs.record_assembly(
        quantity=3, finished_good_id=good.pk, by=None, key=uuid4(), assembled_at=timezone.now() - timedelta(days=1)
    )
    opened = client.get(PAGE)
    assert "No order is open" in text_of(opened)
    assert 'name="then" value="same">Same as' in opened.content.decode()
    filled = client.post(PAGE, {**fields_of(opened), "then": "same"})
    assert fields_of(filled)[f"made_g{good.pk}"] == "3"


def test_as_ordered_fills_in_what_is_left_of_orders_that_are_due_and_stores_nothing(client, shop):
    """Nothing but the button is needed, so that a page without JavaScript has it too."""
    later = OrderFactory(quantity=7, due_on=timezone.localdate() + timedelta(days=1))
    today = OrderFactory(quantity=6, quantity_assembled=2, due_on=timezone.localdate())
    CompositionFactory(order=later)
    CompositionFactory(order=today)
    opened = client.get(PAGE)
    assert '<button class="button" type="submit" name="then" value="ordered">As ordered</button>' in (
        opened.content.decode()
    )
    before = everything()
    fields = fields_of(check(client, "ordered", answer=opened, **{made(shop, "E1/G2"): "5"}))
    assert (fields[made(shop, "E1/G1")], fields[made(shop, "E1/G2")]) == ("50", "5")  # what was typed stays
    assert (fields[f"made_o{today.pk}"], fields[f"made_o{later.pk}"]) == ("4", "")
    assert everything() == before


def test_as_ordered_fills_in_all_orders_where_none_is_due(client):
    sheet(2)
    AssemblyOrder.objects.update(due_on=timezone.localdate() + timedelta(days=2))
    fields = fields_of(client.post(PAGE, {**fields_of(client.get(PAGE)), "then": "ordered"}))
    assert [text for name, text in fields.items() if name.startswith("made_")] == ["5", "5"]


def test_as_ordered_is_not_offered_without_orders(client):
    assert 'value="ordered"' not in client.get(PAGE).content.decode()


def test_same_as_the_last_day_goes_no_further_than_the_order(client, shop):
    runs.record_assembly(
        quantity=30,
        order_id=shop.orders["E1/G1"].pk,
        by=None,
        key=uuid4(),
        assembled_at=datetime(2025, 12, 8, 12, tzinfo=UTC),
    )
    services.change_order(order_id=shop.orders["E1/G1"].pk, quantity=40, by=None)
    fields = fields_of(check(client, "same"))
    assert (fields[made(shop, "E1/G1")], fields[made(shop, "G1")]) == ("10", "20")


@pytest.mark.parametrize(
    ("field", "text"),
    [("made", "NaN"), ("made", "1e9"), ("made", "-1"), ("made", "2.5"), ("made", "9" * 30), ("on", "2999-01-01")],
)
def test_what_cannot_be_is_refused_with_a_link_to_its_field(client, shop, field, text):
    name = made(shop, "E1/G1") if field == "made" else field
    before = everything()
    for then in ("check", "record"):
        answer = check(client, then, **{made(shop, "E1/G2"): "1", name: text})
        assert answer.status_code == 422
        assert f'href="#id_{name}"' in answer.content.decode()
        assert fields_of(answer)[name] == text
    assert everything() == before


def test_what_is_not_there_or_too_much_is_refused(client, shop):
    many = {f"made_g{FinishedGoodFactory().pk}": "" for _good in range(41)}
    before = everything()
    for name in ("made_o99999999", "made_g99999999"):
        answer = check(client, "record", **{name: "1"})
        assert answer.status_code == 422
        assert "is not there any more" in text_of(answer)
    assert "40 rows at most" in text_of(check(client, **many))
    assert check(client, "nonsense").status_code == 422
    assert check(client, "add").status_code == 422
    assert check(client, "add", add="99999999").status_code == 422
    assert "Nothing is filled in." in text_of(check(client, "record"))
    assert everything() == before


def test_a_closed_order_is_refused_and_its_row_marked(client, shop):
    checked = check(client, **{made(shop, "E1/G1"): "10"})
    services.close_order(order_id=shop.orders["E1/G1"].pk, by=None)
    answer = record(client, checked)
    assert answer.status_code == 409
    assert "is closed" in text_of(answer)


def test_htmx_gets_the_check_alone_and_an_address_that_keeps_it(client, shop):
    fields = {**fields_of(client.get(PAGE)), "on": DAY, made(shop, "E1/G1"): "10", "then": "check"}
    answer = client.post(PAGE, fields, headers={"HX-Request": "true", "HX-Target": "check"})
    assert answer.content.decode().strip().startswith('<div class="stack" id="check">')
    assert f"{made(shop, 'E1/G1')}=10" in answer["HX-Replace-Url"]
    answer = client.post(
        PAGE, {**fields, made(shop, "E1/G1"): "x"}, headers={"HX-Request": "true", "HX-Target": "check"}
    )
    assert answer.status_code == 422


def test_a_long_check_says_what_a_row_takes_when_it_is_opened(client, shop):
    """With a page and with a short check it stands there at once; so does what has to be settled first."""
    typed = {made(shop, key): "1" for key in ("E1/G1", "E1/G2", "E2/G3", "E2/G5")}
    fields = {**fields_of(client.get(PAGE)), "on": DAY, **typed, "then": "check"}
    table = re.compile("<caption[^>]*>What it takes: ")
    assert len(table.findall(check(client, **typed).content.decode())) == 4
    part = client.post(PAGE, fields, headers={"HX-Request": "true", "HX-Target": "check"}).content.decode()
    waiting = re.findall(r'<div id="takes-(\w+)" hx-post="/day/" hx-trigger="toggle once from:closest details"', part)
    assert 0 < len(table.findall(part)) <= 3
    assert len(waiting) == 4 - len(table.findall(part))
    opened = client.post(PAGE, fields, headers={"HX-Request": "true", "HX-Target": f"takes-{waiting[0]}"})
    assert (opened.status_code, len(table.findall(opened.content.decode()))) == (200, 1)
    assert "<details" not in opened.content.decode()
    assert "HX-Replace-Url" not in opened.headers
    few = {**fields, made(shop, "E2/G5"): ""}
    short = client.post(PAGE, few, headers={"HX-Request": "true", "HX-Target": "check"}).content.decode()
    assert len(table.findall(short)) == 3


@pytest.mark.parametrize(
    ("groups", "status"), [([], 403), (["Packers"], 200), (["Planners"], 200), (["Managers"], 200)]
)
def test_who_may(shop, groups, status):
    client = Client()
    assert client.get(PAGE).status_code == 302
    client.force_login(UserFactory(groups=groups))
    assert client.get(PAGE).status_code == status
    assert client.post(PAGE, {"then": "check"}).status_code == (422 if status == 200 else status)
    assert client.put(PAGE).status_code in {403, 405}
    assert client.post("/day/1/").status_code in {403, 405}
    assert client.get("/day/99999999/").status_code == (404 if groups else 403)


def test_costs_are_for_whoever_may_see_them(client, shop):
    checked = check(client, **{made(shop, "E1/G1"): "10"})
    assert "€" in checked.content.decode()
    url = record(client, checked).url
    assert "€" in client.get(url).content.decode()
    packer = Client()
    packer.force_login(UserFactory(groups=["Packers"]))
    assert "€" not in check(packer, **{made(shop, "E1/G1"): "10"}).content.decode()
    assert "€" not in packer.get(url).content.decode()


def test_looking_and_checking_take_the_same_statements_for_one_row_and_for_many(client):
    counts = []
    for more in (1, 38):  # with 40 nothing can be added
        sheet(more)
        fields = {**fields_of(client.get(PAGE)), "then": "check"}
        filled = {name: "1" for name in fields if name.startswith("made_")}
        looked = statements(lambda: client.get(PAGE))
        counts.append((len(filled), looked, statements(lambda: client.post(PAGE, {**fields, **filled}))))  # noqa: B023
    assert [count[0] for count in counts] == [1, 39]
    assert counts[0][1:] == counts[1][1:]
    assert counts[0][1] <= 12
