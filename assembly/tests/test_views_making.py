"""What to assemble first, the trace of a lot, and a count in between: pages that lead on and back (R6, R9, R23)."""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from assembly.models import AssemblyRun
from assembly.services import Waste
from assembly.tests.record.helpers import address, hidden
from assembly.tests.test_lists_as_files import file_of
from assembly.tests.test_scenarios import assign_s03, record
from assembly.tests.test_views_runs import count, logged_in
from packaging.services import issue_stock, receive_lot
from packaging.tests.factories import CompositionFactory, FinishedGoodFactory, UserFactory
from packaging.tests.pages import text_of

pytestmark = pytest.mark.django_db
D = Decimal
RUN_DAY = datetime(2025, 12, 9, tzinfo=UTC).date()


@pytest.fixture
def packer():
    return UserFactory(username="packer", groups=["Packers"])


@pytest.fixture
def client(packer):
    return logged_in(packer)


def plan(client, bakehouse, good, quantity):
    answer = client.get(reverse("assembly:run_plan"), {"good": bakehouse.goods[good].pk, "quantity": quantity})
    assert answer.status_code == 200
    shorts = {row.pk: short for short, row in bakehouse.goods.items()}
    return [
        {shorts[step.good.pk]: (step.pieces, step.needed, step.ready) for step, _url in level}
        for level in answer.context["levels"]
    ]


def ready(bakehouse, good, quantity):
    receive_lot(
        finished_good_id=bakehouse.goods[good].pk, quantity=D(quantity), total_cost=D(1), received_on=RUN_DAY, by=None
    )


def test_r09_a_diamond_counts_each_piece_once_innermost_first(client, bakehouse):
    assert plan(client, bakehouse, "G6", 2) == [{"G1": (6, 6, 0), "G4": (2, 2, 0)}, {"G5": (2, 2, 0)}]
    ready(bakehouse, "G1", 5)
    assert plan(client, bakehouse, "G6", 2) == [{"G1": (1, 6, 5), "G4": (2, 2, 0)}, {"G5": (2, 2, 0)}]
    ready(bakehouse, "G5", 2)
    assert plan(client, bakehouse, "G6", 2) == []


def test_r23_the_plan_leaves_goods_of_other_open_orders_alone(client, bakehouse):
    assign_s03(bakehouse)
    record(bakehouse, "E1/G1", 6)
    assert plan(client, bakehouse, "G6", 1)[0]["G1"] == (3, 3, 0)


def test_the_plan_starts_each_run_and_comes_back(client, bakehouse):
    answer = client.get(reverse("assembly:run_plan"), {"order": bakehouse.orders["E2/G5"].pk})
    (step, url), (tin, _url) = answer.context["levels"][0]
    assert (step.good, step.pieces, tin.pieces) == (bakehouse.goods["G1"], 16, 8)
    page = client.get(url)
    assert page.context["plan"].pieces == 16
    assert "Back to the plan" in page.content.decode()
    ribbon, bag = bakehouse.line("G1", "ribbon").pk, bakehouse.line("G1", "bag").pk
    chosen = {f"choice_{ribbon}_{bakehouse.lots['L8'].pk}": "6.4", f"choice_{bag}_{bakehouse.lots['L1'].pk}": "16"}
    done = client.post(page.context["action"], {**hidden(page), "quantity": "16", "on": "2025-12-09", **chosen})
    assert done.status_code == 302
    assert "Go on with the plan" in client.get(done.url).content.decode()
    back = parse_qs(urlsplit(done.url).query)["next"][0]
    assert [step.good for step, _url in client.get(back).context["levels"][0]] == [bakehouse.goods["G4"]]


def test_a_shortage_of_nested_goods_leads_to_the_plan(client, bakehouse):
    page = client.get(address(bakehouse, "G6", quantity=2)).content.decode()
    assert "What to assemble first" in page
    assert "What to assemble first" not in client.get(address(bakehouse, "G7")).content.decode()


def test_the_plan_takes_the_same_statements_at_any_depth(client, bakehouse):
    flat = count(client, f"{reverse('assembly:run_plan')}?good={bakehouse.goods['G5'].pk}")
    inner = bakehouse.goods["G6"]
    for _level in range(5):
        outer = FinishedGoodFactory()
        CompositionFactory(assembly=outer, finished_good=inner)
        inner = outer
    assert count(client, f"{reverse('assembly:run_plan')}?good={inner.pk}") == flat


@pytest.mark.parametrize("quantity", ["0", "x", "-1", "1e9", "NaN"])
def test_a_plan_for_nonsense_is_refused(client, bakehouse, quantity):
    answer = client.get(reverse("assembly:run_plan"), {"good": bakehouse.goods["G6"].pk, "quantity": quantity})
    assert answer.status_code == 422


def test_who_may_see_the_plan_and_the_trace(bakehouse, client):
    address = f"{reverse('assembly:run_plan')}?good={bakehouse.goods['G6'].pk}"
    trace = reverse("assembly:lot_trace", args=[bakehouse.lots["L1"].pk])
    nobody = logged_in(UserFactory())
    assert (nobody.get(address).status_code, nobody.get(trace).status_code) == (403, 403)
    assert (client.post(address).status_code, client.post(trace).status_code) == (405, 405)
    assert client.get("/stock/lots/999999/trace/").status_code == 404


# --- trace ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hamper(bakehouse):
    """Cookies in bags, bags in hampers, hampers in deluxe hampers; one of these is sold."""
    ribbon = {bakehouse.line("G1", "ribbon").pk: {bakehouse.lots["L8"].pk: D("2.4")}}
    bags = {bakehouse.line("G1", "bag").pk: {bakehouse.lots["L4"].pk: D(6)}}
    waste = [Waste(bakehouse.lots["L4"].pk, D(1), "torn")]
    runs = [record(bakehouse, "G1", 6, choices={**ribbon, **bags}, waste=waste)]
    ready(bakehouse, "G4", 2)
    more = {bakehouse.line("G5", "ribbon").pk: {bakehouse.lots["L9"].pk: D(3)}}
    runs += [record(bakehouse, "G5", 2, choices=more), record(bakehouse, "G6", 2)]
    issue_stock(lot_id=runs[2].goods_lot_id, quantity=D(1), reason="sold", by=None)
    return runs


def test_a_lot_is_traced_forward_through_nested_goods(client, bakehouse, hamper):
    answer = client.get(reverse("assembly:lot_trace", args=[bakehouse.lots["L4"].pk]))
    found = [[(row.run, row.quantity, row.wasted) for row in level.runs] for level in answer.context["onward"]]
    assert found == [[(hamper[0], 7, 1)], [(hamper[2], 2, 0), (hamper[1], 4, 0)], [(hamper[2], 2, 0)]]
    assert [movement.reason for level in answer.context["onward"] for movement in level.left] == ["sold"]
    assert answer.context["origins"] == []


def test_the_page_says_how_much_of_a_trace_it_leaves_out_and_the_file_has_all(client, bakehouse, monkeypatch):
    monkeypatch.setattr("assembly.views.making.SHOWN", 2)
    order = bakehouse.orders["E1/G1"]
    made = [record(bakehouse, "G7", 1) for _run in range(5)]
    for run in made[:4]:
        issue_stock(lot_id=run.goods_lot_id, quantity=D(1), reason="delivered", order_id=order.pk, by=None)
    place = reverse("assembly:lot_trace", args=[bakehouse.lots["B5"].pk])
    words = text_of(client.get(place))
    assert "and 3 more runs" in words
    assert "and 2 more that left" in words
    head, *rows = file_of(client, place)[1]
    assert head == ["level", "what", "run", "date", "item", "for", "lot", "unit", "quantity", "of it waste"]
    assert {row[2] for row in rows if row[0] == "1"} == {str(run.pk) for run in made}
    assert sorted(row[6] for row in rows if row[0] == "2") == sorted(run.goods_lot.label for run in made[:4])
    assert {(row[1], row[5]) for row in rows if row[0] == "2"} == {("Issued: Delivered", order.customer)}
    assert {row[8] for row in rows if row[0] == "2"} == {"1"}


def test_the_file_of_a_trace_has_every_level(client, bakehouse, hamper):
    lot = bakehouse.lots["L4"]
    place = reverse("assembly:lot_trace", args=[lot.pk])
    assert 'href="?as=csv"' in client.get(place).content.decode()
    answer, (_head, *rows) = file_of(client, place)
    assert answer["Content-Disposition"] == f'attachment; filename="trace-{lot.pk}.csv"'
    bags, hampers, deluxe = (str(run.pk) for run in hamper)
    assert [(row[0], row[2], row[8], row[9]) for row in rows if row[2]] == [
        ("1", bags, "7", "1"),
        ("2", deluxe, "2", "0"),
        ("2", hampers, "4", "0"),
        ("3", deluxe, "2", "0"),
    ]
    assert [(row[0], row[1], row[6], row[8]) for row in rows if not row[2]] == [
        ("3", "Issued: Sold", hamper[2].goods_lot.label, "1")
    ]


def test_the_file_of_a_lot_that_went_nowhere_is_its_heading(client, bakehouse):
    assert len(file_of(client, reverse("assembly:lot_trace", args=[bakehouse.lots["L4"].pk]))[1]) == 1


def test_a_good_is_traced_back_to_lots_and_bakes(client, bakehouse, hamper):
    answer = client.get(reverse("assembly:lot_trace", args=[hamper[2].goods_lot_id]))
    levels = answer.context["origins"]
    assert [[made.run for made in level] for level in levels] == [[hamper[2]], [hamper[1], hamper[0]]]
    bags = levels[1][1].sources
    assert [(source.label, source.quantity, source.is_waste) for source in bags] == [
        ("B1", 36, False),
        ("L4", 6, False),
        ("L11", 6, False),
        ("L8", D("2.4"), False),
        ("L4", 1, True),
    ]


def test_the_trace_takes_the_same_statements_for_one_run_and_many(client, bakehouse):
    record(bakehouse, "G7", 1)
    address = reverse("assembly:lot_trace", args=[bakehouse.lots["B5"].pk])
    one = count(client, address)
    for _run in range(12):
        record(bakehouse, "G7", 1)
    assert count(client, address) == one


# --- a count in between -----------------------------------------------------------------------------------------------


def test_r06_a_lot_is_counted_while_recording_and_the_typing_is_kept(client, bakehouse):
    lot, bag = bakehouse.lots["L1"], bakehouse.line("G1", "bag").pk
    page = client.get(address(bakehouse, "G1", quantity=5, choose=1))
    typed = {**hidden(page), "quantity": "5", "on": "2025-12-09", "notes": "tray", f"choice_{bag}_{lot.pk}": "5"}
    asked = client.post(page.context["action"], {**typed, "recount": str(lot.pk)})
    assert asked.status_code == 302
    form = client.get(asked.url)
    sent = {"key": form.context["form"]["key"].value(), "expected": "30.000", "quantity": "27", "reason": "damaged"}
    done = client.post(asked.url, sent)
    shown = client.get(done.url)
    assert shown.context["form"]["notes"].value() == "tray"
    assert [(t.lot.label, t.quantity) for t in shown.context["plan"].takes if t.part.line_id == bag] == [("L1", 5)]
    assert "3 pieces fewer" in shown.content.decode()
    lot.refresh_from_db()
    assert lot.quantity == 27
    assert client.post(asked.url, sent).url == done.url
    assert not AssemblyRun.objects.exists()


def test_r06_a_lot_is_counted_while_assigning(client, bakehouse):
    lots, line = bakehouse.lots, bakehouse.line("E1/G1", "bag").pk
    here = reverse("packaging:lot_assign", args=[line])
    typed = {"version": "1", f"lot_{lots['L1'].pk}": "20", f"lot_{lots['L2'].pk}": "0", "next": "/orders/"}
    asked = client.post(here, {**typed, "recount": str(lots["L1"].pk)})
    part = client.get(asked.url, headers={"HX-Request": "true", "HX-Target": "modal"}).content.decode()
    assert part.lstrip().startswith("<dialog")
    assert 'id="count_quantity"' in part
    key = client.get(asked.url).context["form"]["key"].value()
    bad = client.post(
        asked.url,
        {"key": key, "expected": "30", "quantity": "12"},
        headers={"HX-Request": "true", "HX-Target": "modal"},
    )
    assert bad.status_code == 422
    done = client.post(asked.url, {"key": key, "expected": "30", "quantity": "12", "reason": "lost"})
    shown = client.get(done.url)
    assert shown.context["form"].amounts == {lots["L1"].pk: 20}
    assert [(lot.label, free) for lot, free in shown.context["too_much"]] == [("L1", 12)]
    assert shown.context["back"] == "/orders/"


GUNICORN_TAKES = 4094  # characters of a request's first line


def recount_of(client, bakehouse, **typed):
    """Return the line that a browser sends to count a lot in between, and where that leads back."""
    fields = {"quantity": "5", "on": "2025-12-09", "recount": str(bakehouse.lots["L1"].pk)}
    asked = client.post(address(bakehouse, "G1", choose=1), {**fields, **typed})
    assert asked.status_code == 302
    return f"GET {asked.url} HTTP/1.1", parse_qs(urlsplit(asked.url).query)["next"][0]


def test_what_is_empty_stays_out_of_the_way_back_from_a_count(client, bakehouse):
    bag = bakehouse.line("G1", "bag").pk
    lots = {code: f"choice_{bag}_{bakehouse.lots[code].pk}" for code in ("L1", "L2", "L3")}
    typed = {lots["L1"]: "5", lots["L2"]: "", lots["L3"]: "0", "notes": "", "waste_reason_1": "torn"}
    back = parse_qs(urlsplit(recount_of(client, bakehouse, **typed)[1]).query, keep_blank_values=True)
    assert back.keys() == {"good", "choose", "quantity", "on", lots["L1"]}


def test_what_was_emptied_does_not_come_back_from_the_address(client, bakehouse):
    lot = f"choice_{bakehouse.line('G1', 'bag').pk}_{bakehouse.lots['L1'].pk}"
    place = address(bakehouse, "G1", choose=1, notes="old", from_other_orders="on", **{lot: "3"})
    typed = {"quantity": "5", "on": "2025-12-09", "notes": "", lot: ""}
    asked = client.post(place, {**typed, "recount": str(bakehouse.lots["L1"].pk)})
    back = parse_qs(urlsplit(asked.url).query)["next"][0]
    assert parse_qs(urlsplit(back).query).keys() == {"good", "choose", "quantity", "on"}


def test_a_note_that_is_too_long_for_an_address_stays_behind(client, bakehouse):
    assert "notes" not in recount_of(client, bakehouse, notes="ä" * 400)[1]
    assert "notes=" in recount_of(client, bakehouse, notes="ä" * 100)[1]


def test_the_way_to_a_count_and_back_is_never_longer_than_a_server_takes(client, bakehouse):
    lots = {f"choice_{line}_{lot}": "12" for line in range(1, 5) for lot in range(100, 110)}
    words = {f"waste_words_{row}": "ä" * 40 for row in range(1, 20)}
    line, back = recount_of(client, bakehouse, notes="ä" * 160, **lots, **words)
    assert len(line) <= GUNICORN_TAKES
    assert "quantity=5" in back
    assert all(f"{name}=12" in back for name in lots)
    assert "waste_words" not in back
    many = {f"choice_{line}_{lot}": "12" for line in range(1, 5) for lot in range(100, 190)}
    line, back = recount_of(client, bakehouse, **many)
    assert len(line) <= GUNICORN_TAKES
    assert "quantity=5" in back


def test_r06_lots_that_nobody_chooses_are_counted_in_between_too(client, bakehouse):
    page = client.get(address(bakehouse, "E2/G5", quantity=2))
    shelf = {name: [lot.label for lot in lots] for name, lots in page.context["shelf"]}
    assert shelf == {
        "Mini orange-poppy pound cake": ["B7"],
        "Hamper carton Plain 12x12x6": ["L14"],
        "any Satin ribbon 16 mm": ["L8", "L9"],
    }
    carton = bakehouse.lots["L14"].pk
    assert f'name="recount" value="{carton}"' in page.content.decode()
    asked = client.post(page.context["action"], {"quantity": "2", "on": "2025-12-09", "recount": str(carton)})
    assert asked.url.startswith(f"/stock/count/?lot={carton}&next=")
    assert "quantity%3D2" in asked.url
    shelf = client.get(address(bakehouse, "G1", quantity=2, choose=1)).context["shelf"]
    assert [name for name, _lots in shelf] == ["Brown-butter chocolate chip cookie", "Logo label Round gold"]
    with_rights = UserFactory(permissions=["assembly.record_run"])
    client.force_login(with_rights)
    assert 'name="recount"' not in client.get(address(bakehouse, "E2/G5")).content.decode()


@pytest.mark.parametrize("lot", ["", "x", "9" * 30])
def test_a_count_of_nonsense_is_not_found(client, bakehouse, lot):
    here = reverse("packaging:lot_assign", args=[bakehouse.line("E1/G1", "bag").pk])
    assert client.post(here, {"recount": lot}).status_code == 404
    assert client.post(address(bakehouse, "G1"), {"recount": lot}).status_code == 404
