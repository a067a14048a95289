"""One log of everything that was done (R33): who may read it, what it tells, and that it stays fast."""

import csv
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assembly.services import record_assembly, void_run
from bakery.history import Change, acting
from bakery.log import KINDS, Wish, entries, every_entry, place_of
from bakery.models import SignIn
from bakery.tests.plans import plans
from packaging import services
from packaging.models import AssemblyOrder, Event, GenericProduct, PromiseMove, StockMovement
from packaging.tests.factories import UserFactory
from packaging.tests.pages import sign_in, statements, text_of

pytestmark = pytest.mark.django_db
LOG = "/log/"


@pytest.fixture
def manager(bakehouse):
    return sign_in("Managers", username="manager")


@pytest.fixture
def busy(bakehouse):
    """A day on which something of each kind was done."""
    by = UserFactory(username="anna")
    services.change_order(order_id=bakehouse.orders["E1/G1"].pk, quantity=40, by=by)
    services.change_line(composition_id=bakehouse.line("G1", "bag").pk, quantity=Decimal(2), by=by)
    services.change_event(event_id=bakehouse.events["E1"].pk, name="Summer fair", by=by)
    services.count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=Decimal(12), reason="Two were torn", by=by)
    run = record_assembly(quantity=2, finished_good_id=bakehouse.goods["G7"].pk, by=by, key=uuid4())
    void_run(run_id=run.pk, reason="Counted twice", by=by)
    with acting(by):
        generic = bakehouse.generics["bag"]
        generic.minimum_stock = 40
        generic.save()
        User.objects.create_user("new")
    Client().force_login(by)
    return by


def pages(client, query=""):
    """The lines of the log, page after page."""
    place, found = f"{LOG}?{query}", []
    while place:
        answer = client.get(place)
        assert answer.status_code == 200
        page = answer.context["page"]
        found += page.rows
        place = page.more and f"{LOG}{page.more}"
    return found


# Who may


@pytest.mark.parametrize(
    "place", [LOG, "/log/csv/", "/history/order/{pk}/", "/history/good/{good}/", "/history/event/{event}/"]
)
def test_managers_alone_read_it(bakehouse, place):
    pks = {
        "pk": bakehouse.orders["E1/G1"].pk,
        "good": bakehouse.goods["G1"].pk,
        "event": bakehouse.events["E1"].pk,
    }
    place = place.format(**pks)
    for group, expected in (("Packers", 403), ("Planners", 403), ("Managers", 200)):
        client = sign_in(group)
        assert client.get(place).status_code == expected
        assert client.get(place, headers={"HX-Request": "true", "HX-Target": "rows"}).status_code == expected
        assert client.post(place).status_code == (403 if expected == 403 else 405)
    assert Client().get(place).status_code == 302


def test_only_whoever_may_is_led_there(bakehouse):
    good = f"/goods/{bakehouse.goods['G1'].pk}/"
    link = reverse("object_history", args=["good", bakehouse.goods["G1"].pk])
    assert link in sign_in("Managers").get(good).content.decode()
    assert link not in sign_in("Planners").get(good).content.decode()
    assert LOG in sign_in("Managers").get("/menu/").content.decode()
    assert LOG not in sign_in("Planners").get("/menu/").content.decode()


# What it tells


def test_every_kind_is_told_newest_first(manager, busy):
    found = pages(manager)
    assert {entry.kind for entry in found} == set(KINDS)
    moments = [(entry.moment, entry.source.name, entry.id) for entry in found]
    assert moments == sorted(moments, reverse=True)
    assert len(set(moments)) == len(moments)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("catalogue", "Changed: Minimum stock nothing → 40"),
        ("recipes", "Cookie half-dozen bag: any Cello bag 6x10 Changed: Quantity for one 1 → 2"),
        ("orders", "40 × Cookie half-dozen bag Changed: Quantity 50 → 40"),
        ("events", "Summer fair Changed: Name Maple Street School winter fair → Summer fair"),
        ("people", "new Added"),
        ("stock", "L1 Cello bag 6x10 Snowflakes Counted"),
        ("runs", "Reversed −2"),
        ("sign-ins", "anna Signed in"),
    ],
)
def test_each_kind_alone_in_words(manager, busy, kind, line):
    found = pages(manager, f"kind={kind}&person={busy.pk}")
    assert {entry.kind for entry in found} == {kind}
    assert line in text_of(manager.get(f"{LOG}?kind={kind}&person={busy.pk}"))


def test_a_line_leads_to_what_it_is_about(manager, busy):
    for entry in pages(manager, f"person={busy.pk}"):
        if entry.url:
            assert manager.get(entry.url).status_code == 200, entry
    assert all(entry.url for entry in pages(manager) if entry.kind not in {"people", "sign-ins", "catalogue"})


def test_a_reason_stands_beside_it(manager, busy):
    words = text_of(manager.get(f"{LOG}?q=torn"))
    assert "“Two were torn”" in words
    assert "Summer fair" not in words


@pytest.mark.parametrize("text", ["summer", "SUMMER", "Sümmer  fair", "fair summer"])
def test_it_is_searched_without_regard_to_case_and_accents(manager, busy, text):
    assert {entry.kind for entry in pages(manager, f"q={text}")} == {"events"}


@pytest.mark.parametrize("text", ["Managers", "managers new", "Schöne", "schöne", 'say "yes"', "10\\20"])
def test_what_changed_is_searched_too(manager, busy, text):
    new = User.objects.get(username="new")
    with acting(busy):
        new.groups.add(Group.objects.get_or_create(name="Managers")[0])
        new.groups.add(Group.objects.create(name='Schöne Leute say "yes" to 10\\20'))
    found = pages(manager, urlencode({"q": text, "kind": "people"}))
    assert any(entry.label == "new" and any(change.new for change in entry.changes) for entry in found)
    assert not any("torn" in entry.reason for entry in pages(manager, urlencode({"q": text})))
    assert pages(manager, "q=managers+nobody") == []


def test_sign_ins_are_found_by_the_address(manager, busy):
    for username, address in (("ben", "192.0.2.78"), ("eve", "192.0.2.79")):
        SignIn.objects.create(kind=SignIn.Kind.IN, username=username, address=address)
    assert [entry.label for entry in pages(manager, "q=192.0.2.78")] == ["ben"]


def test_days_are_the_shops(manager, busy, settings):
    settings.TIME_ZONE = "Pacific/Auckland"
    timezone.get_default_timezone.cache_clear()
    try:
        late = datetime(2024, 5, 1, 13, tzinfo=UTC)  # the second of May in Auckland
        Event.history.model.objects.create(
            id=1, name="Old", date=date(2024, 5, 1), history_date=late, history_type="~", history_label="Old"
        )
        assert [entry.label for entry in pages(manager, "since=2024-05-02&until=2024-05-02")] == ["Old"]
        assert pages(manager, "since=2024-05-01&until=2024-05-01") == []
        assert "2 May 2024, 01:00" in text_of(manager.get(f"{LOG}?until=2024-05-02"))
    finally:
        timezone.get_default_timezone.cache_clear()


@pytest.mark.parametrize("query", ["kind=x", "person=0", "person=x", "since=x", "until=2025-02-30", f"q={'x' * 101}"])
def test_nonsense_is_refused_with_a_sentence(manager, query):
    assert manager.get(f"{LOG}?{query}").status_code == 422
    assert manager.get(f"/log/csv/?{query}").status_code == 404


def test_days_the_wrong_way_round(manager):
    answer = manager.get(f"{LOG}?since=2025-02-02&until=2025-02-01")
    assert answer.status_code == 422
    assert "not before the first one" in text_of(answer)


WORDS = st.dictionaries(
    st.sampled_from(["q", "kind", "person", "since", "until", "before"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
    | st.sampled_from(["2025-01-01", "9999-12-31", "%_%", "stock", "2025-01-01T00:00:00+00:00_order_1", "é́"]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=WORDS)
def test_whatever_is_asked_is_answered(manager, query):
    assert manager.get(LOG, query).status_code in {200, 422}


@pytest.mark.parametrize("text", ["", "x", "2025-01-01_order_1", "2025-01-01T00:00:00+00:00_x_1", "9_order_9"])
def test_a_place_that_is_none(text):
    assert place_of(text) is None


# The history of one thing


def test_a_good_with_its_recipe(manager, bakehouse, busy):
    words = text_of(manager.get(f"/history/good/{bakehouse.goods['G1'].pk}/"))
    assert "Quantity for one 1 → 2" in words
    assert "Quantity 50 → 40" not in words


def test_an_order_with_its_lines(manager, bakehouse, busy):
    order = bakehouse.orders["E1/G1"]
    services.remove_line(composition_id=bakehouse.line("E1/G1", "bag").pk, by=busy)
    words = text_of(manager.get(f"/history/order/{order.pk}/"))
    assert "Quantity 50 → 40" in words
    assert "Cookie half-dozen bag: any Cello bag 6x10 Removed" in words


def test_an_event_with_its_orders(manager, bakehouse, busy):
    words = text_of(manager.get(f"/history/event/{bakehouse.events['E1'].pk}/"))
    assert "→ Summer fair" in words
    assert "Quantity 50 → 40" in words


@pytest.mark.parametrize("place", ["x/1", "order/0", "generic/999999", f"order/{'9' * 30}", "movement/1"])
def test_what_is_not_there(manager, place):
    assert manager.get(f"/history/{place}/").status_code == 404


# Costs


def test_costs_are_for_whoever_may_see_costs(bakehouse, busy):
    movement = StockMovement.objects.filter(kind="counted").get()
    amount = f"{abs(movement.value):.2f}"
    reader = sign_in("Packers", username="reader")
    user = User.objects.get(username="reader")
    user.user_permissions.add(*_right("view_log"))
    for place in (f"{LOG}?kind=stock", "/log/csv/?kind=stock"):
        assert amount not in body(reader.get(place))
        assert amount.rstrip("0") in body(sign_in("Managers").get(place))


def _right(codename):
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename=codename)


def body(answer):
    return (b"".join(answer) if answer.streaming else answer.content).decode()


# The file


def test_the_file_is_the_log_as_narrowed(manager, busy):
    with acting(busy):
        GenericProduct.objects.create(name="=cmd|' /C calc'!A0")
    rows = list(csv.reader(body(manager.get("/log/csv/?kind=catalogue")).lstrip("\ufeff").splitlines()))
    assert rows[0][:6] == ["when", "who", "kind", "action", "what", "name"]
    assert rows[1][1:6] == ["anna", "Catalogue", "Added", "generic product", "'=cmd|' /C calc'!A0"]
    assert {row[2] for row in rows[1:]} == {"Catalogue"}


def test_the_file_is_walked_to_its_end(bakehouse, busy):
    assert [entry.place for entry in every_entry(Wish(), 10)] == [entry.place for entry in entries(Wish(), limit=10)]


# Its speed


def grow(count, since):
    """Add lines to each table that the log reads; some at the same moment."""
    moments = [since + timedelta(seconds=n // 3) for n in range(count)]
    for model in Change.__subclasses__():
        row = model.instance_type._base_manager.first()
        columns = {field.attname: getattr(row, field.attname) for field in model.tracked_fields}
        model.objects.bulk_create(
            model(history_date=moment, history_type="~", history_label=f"Old {n}", **columns)
            for n, moment in enumerate(moments)
        )
    lot = StockMovement.objects.first().inventory_item
    first, second = AssemblyOrder.objects.all()[:2]
    StockMovement.objects.bulk_create(
        StockMovement(inventory_item=lot, kind="counted", quantity=1, value=0) for _moment in moments
    )
    PromiseMove.objects.bulk_create(
        PromiseMove(inventory_item=lot, from_order=first, to_order=second, quantity=1, reason="x")
        for _moment in moments
    )
    SignIn.objects.bulk_create(SignIn(kind="in", username="x") for _moment in moments)


def test_every_line_is_on_one_page_and_no_line_on_two(manager, busy):
    grow(70, datetime(2024, 1, 1, tzinfo=UTC))
    found = [entry.place for entry in pages(manager)]
    assert len(found) == len(set(found))
    assert len(found) == len(entries(Wish(), limit=100_000)) > 350


def test_the_log_takes_the_same_statements_however_long_it_is(manager, busy):
    manager.get(LOG)
    few = statements(manager, LOG)
    grow(200, datetime(2024, 1, 1, tzinfo=UTC))
    last = entries(Wish(), limit=60)[-1].place.replace("+", "%2B")
    assert statements(manager, LOG) == statements(manager, f"{LOG}?before={last}") == few <= 8
    order = AssemblyOrder.objects.first()
    assert statements(manager, f"/history/order/{order.pk}/") <= 8


# The tables of the log themselves; SQLite calls it a scan as well when it walks an index from its newest end.
TABLES = r"(bakery_historical\w+|bakery_signin|packaging_(historical\w+|stockmovement|promisemove)|[UV]\d)"
WHOLE = re.compile(rf"(Seq Scan on|SCAN) {TABLES}\b(?! USING (COVERING )?INDEX)")


def test_a_page_reads_no_table_from_end_to_end(analyze, manager, busy):
    grow(1000, datetime(2024, 1, 1, tzinfo=UTC))
    analyze()
    before = place_of(entries(Wish(), limit=60)[-1].place)
    wishes = [Wish(), Wish(since=date(2024, 1, 1), until=date(2024, 1, 2)), Wish(person=busy.pk)]
    for wish, place in [*((wish, None) for wish in wishes), (Wish(), before)]:
        [plan] = plans(lambda wish=wish, place=place: entries(wish, place))
        assert WHOLE.search(plan) is None, plan
