"""The screen for recording a run: the plan it shows, what it refuses and how, and what it writes."""

import re
from datetime import date, timedelta
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
from packaging import services
from packaging.models import AssemblyOrder, CompositionAssignment, InventoryItem, StockMovement
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

RUN_DAY = "2025-12-09"


@pytest.fixture
def packer():
    return UserFactory(username="packer", groups=["Packers"])


@pytest.fixture
def manager():
    return UserFactory(username="manager", groups=["Managers"])


@pytest.fixture
def client(manager):
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def assigned(bakehouse):
    """S3 with ribbon: 30 of L1 and 20 of L2 for the bags of E1/G1, 20 m of L8."""
    promise(bakehouse, "bag", L1="30", L2="20")
    promise(bakehouse, "ribbon", L8="20")
    return bakehouse


def promise(bakehouse, part, owner="E1/G1", **amounts):
    services.assign_lots(
        composition_id=bakehouse.line(owner, part).pk,
        amounts={bakehouse.lots[code].pk: Decimal(amount) for code, amount in amounts.items()},
        by=None,
    )


def address(bakehouse, owner, **words):
    """Return the address of the screen for an order ("E1/G1") or a good ("G1")."""
    name, rows = ("order", bakehouse.orders) if owner in bakehouse.orders else ("good", bakehouse.goods)
    query = "&".join(f"{word}={value}" for word, value in {name: rows[owner].pk, **words}.items())
    return f"{reverse('assembly:run_record')}?{query}"


def hidden(page):
    """Return what the record form of a page would send: its hidden fields and its figures."""
    text = page.content.decode()
    form = text[text.index('<form class="cols') : text.rindex("</form>")]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    fields |= dict(re.findall(r'<input class="stepper-value"[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form))
    return {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}


def send(client, bakehouse, owner, quantity, *, words=None, htmx=False, **changes):
    """Open the screen, fill it in, and send it."""
    url = address(bakehouse, owner, **(words or {}))
    fields = {**hidden(client.get(url)), "on": RUN_DAY, "notes": "", "quantity": str(quantity), **changes}
    headers = {"HX-Request": "true", "HX-Target": "modal"} if htmx else {}
    return client.post(url, {name: value for name, value in fields.items() if value is not None}, headers=headers)


def books():
    """Return everything that a refusal must leave as it was."""
    return (
        AssemblyRun.objects.count(),
        StockMovement.objects.count(),
        list(InventoryItem.objects.order_by("pk").values_list("pk", "quantity", "value")),
        list(AssemblyOrder.objects.order_by("pk").values_list("pk", "quantity_assembled", "version", "status")),
        list(CompositionAssignment.objects.order_by("pk").values_list("quantity_assigned", "quantity_consumed")),
    )


def left(bakehouse, code):
    lot = InventoryItem.objects.get(pk=bakehouse.lots[code].pk)
    return lot.quantity, lot.value


def codes(response):
    """Return the codes of what was refused, by field ("" for the form)."""
    return {
        name.replace("__all__", ""): [error.code for error in errors.as_data()]
        for name, errors in response.context["form"].errors.items()
    }


# --- what it shows ---------------------------------------------------------------------------------------------------


def test_the_plan_is_shown_with_what_it_needs_has_and_costs(client, assigned):
    page = client.get(address(assigned, "E1/G1", on=RUN_DAY))
    plan = page.context["plan"]
    assert page.status_code == 200
    assert [(line.part.name, line.needed, line.have, line.cost) for line in plan.lines] == [
        ("Brown-butter chocolate chip cookie", 300, 440, Decimal("127.8000")),
        ("any Cello bag 6x10", 50, 82, Decimal("12.1000")),
        ("any Satin ribbon 16 mm", 20, 75, Decimal("3.6000")),
        ("Logo label Round gold", 50, 300, Decimal("1.6667")),
    ]
    text = page.content.decode()
    assert "L1 Snowflakes" in text
    assert "L2 Holly" in text
    assert '<data value="145.1667">' in text
    assert '<data value="2.9033">' in text
    assert "Actual" in text
    assert "Enough for 50" in text
    assert "not assigned" not in text


def test_the_quantity_is_what_the_order_still_needs_and_1_of_a_good(client, assigned):
    runs.record_assembly(order_id=assigned.orders["E1/G1"].pk, quantity=20, by=None, key=uuid4())
    assert hidden(client.get(address(assigned, "E1/G1")))["quantity"] == "30"
    assert hidden(client.get(address(assigned, "G1")))["quantity"] == "1"


def test_undecided_packaging_is_estimated_and_says_so(client, bakehouse):
    promise(bakehouse, "bag", L1="30")
    page = client.get(address(bakehouse, "E1/G1"))
    bags, ribbon = page.context["plan"].undecided
    assert (bags.undecided, bags.likely) == (20, Decimal("12.1308"))  # S4
    assert (ribbon.undecided, ribbon.takes) == (20, ())
    text = page.content.decode()
    assert "20 not assigned" in text
    assert "Partly estimated" in text


def test_the_preview_answers_with_the_plan_alone(client, assigned):
    url = f"{reverse('assembly:run_preview')}?order={assigned.orders['E1/G1'].pk}&quantity=20&on={RUN_DAY}"
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "plan"})
    text = part.content.decode()
    assert part.status_code == 200
    assert text.lstrip().startswith('<section class="card" id="plan"')
    assert '<data value="57.1067">' in text  # S10, run 1
    assert 'id="cost" hx-swap-oob="true"' in text
    assert "<h1>" not in text
    assert part.headers["Vary"].startswith("HX-Request, HX-Target")
    whole = client.get(url)
    assert "<h1>" in whole.content.decode()
    assert whole.context["plan"].total == Decimal("57.1067")


def test_a_shortage_is_shown_before_it_is_tried(client, bakehouse):
    text = client.get(address(bakehouse, "G7", quantity=33)).content.decode()
    assert "Enough for 30" in text
    assert "short 12" in text
    assert "short 1" in text
    assert "Gift box 8x8x3 Red linen: 1 missing, need 33, have 32" in text


def test_without_order_and_good_it_asks_which(client, bakehouse):
    page = client.get(reverse("assembly:run_record"))
    text = page.content.decode()
    assert page.status_code == 200
    positions = [text.index(f"?order={bakehouse.orders[name].pk}") for name in ("E1/G1", "E1/G2", "E2/G5", "E2/G3")]
    assert positions == sorted(positions)
    AssemblyOrder.objects.update(status="closed")
    assert reverse("packaging:make") in client.get(reverse("assembly:run_record")).content.decode()


def test_only_orders_with_pieces_left_are_offered(client, assigned):
    runs.record_assembly(order_id=assigned.orders["E1/G1"].pk, quantity=50, by=None, key=uuid4())
    shown = client.get(reverse("assembly:run_record")).context["page"].rows
    assert [order.finished_good.display_name for order in shown] == [
        assigned.goods[name].display_name for name in ("G2", "G5", "G3")
    ]


def test_a_packer_sees_no_costs(assigned, packer):
    client = Client()
    client.force_login(packer)
    shown = client.get(address(assigned, "E1/G1"))
    asked = client.get(address(assigned, "G1", quantity=5, choose=1))
    refused = send(client, assigned, "G1", 5)
    for page in (shown, asked, refused):
        text = page.content.decode()
        assert "€" not in text
        assert "<data" not in text
        assert "Actual" not in text
        assert "stimated" not in text
    assert refused.status_code == 422
    assert "Assign oldest first and record 5" in refused.content.decode()


@pytest.mark.parametrize("state", ["closed", "cancelled", "all made", "no lines"])
def test_an_order_that_takes_no_run_says_why_and_has_no_form(client, assigned, state):
    order = assigned.orders["E1/G1"]
    if state == "all made":
        runs.record_assembly(order_id=order.pk, quantity=50, by=None, key=uuid4())
    elif state == "no lines":
        order.compositions.all().delete()
    else:
        AssemblyOrder.objects.filter(pk=order.pk).update(status=state)
    page = client.get(address(assigned, "E1/G1"))
    assert page.status_code == 200
    assert '<form class="cols' not in page.content.decode()
    assert order.get_absolute_url() in page.content.decode()
    before = books()
    fields = {"key": uuid4(), "quantity": 1, "on": RUN_DAY, "notes": ""}
    version = AssemblyOrder.objects.get(pk=order.pk).version
    sent = client.post(address(assigned, "E1/G1"), {**fields, "version": version})
    assert sent.status_code == 422
    assert books() == before


def test_a_good_without_lines_leads_to_its_recipe(client):
    good = FinishedGoodFactory()
    page = client.get(f"{reverse('assembly:run_record')}?good={good.pk}")
    assert page.status_code == 200
    assert good.get_absolute_url() in page.content.decode()
    sent = client.post(
        f"{reverse('assembly:run_record')}?good={good.pk}", {"key": uuid4(), "quantity": 1, "on": RUN_DAY}
    )
    assert (sent.status_code, codes(sent)) == (422, {"": ["empty_recipe"]})


# --- what it writes --------------------------------------------------------------------------------------------------


def test_s09_assigned_run_takes_its_lots(client, assigned, manager):
    answer = send(client, assigned, "E1/G1", 50, notes="all good")
    run = AssemblyRun.objects.get()
    assert (answer.status_code, answer.url) == (302, f"{run.get_absolute_url()}?recorded=1")
    assert (run.total_component_cost, run.per_unit_cost) == (Decimal("145.1667"), Decimal("2.9033"))
    assert (run.recorded_by, run.notes, timezone.localdate(run.assembled_at)) == (
        manager,
        "all good",
        date(2025, 12, 9),
    )
    assert {code: left(assigned, code)[0] for code in ("B1", "B2", "L1", "L2", "L8", "L11")} == {
        "B1": 0,
        "B2": 140,
        "L1": 0,
        "L2": 5,
        "L8": 30,
        "L11": 250,
    }
    shown = client.get(answer.url).content.decode()
    assert "Recorded 50." in shown
    assert "Undo" in shown


def test_s10_two_runs_of_one_order(client, assigned):
    assert send(client, assigned, "E1/G1", 20).status_code == 302
    assert send(client, assigned, "E1/G1", 30).status_code == 302
    assert list(AssemblyRun.objects.order_by("pk").values_list("total_component_cost", "per_unit_cost")) == [
        (Decimal("57.1067"), Decimal("2.8553")),
        (Decimal("88.0600"), Decimal("2.9353")),
    ]


def test_htmx_is_led_to_the_run(client, assigned):
    answer = send(client, assigned, "E1/G1", 50, htmx=True)
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == f"{AssemblyRun.objects.get().get_absolute_url()}?recorded=1"


def test_s18_a_diamond_is_recorded(client, bakehouse):
    for good, quantity, value in (("G5", 8, "177.2553"), ("G1", 4, "12.0000")):
        services.receive_lot(
            finished_good_id=bakehouse.goods[good].pk,
            quantity=Decimal(quantity),
            total_cost=Decimal(value),
            received_on=date(2025, 12, 1),
            by=None,
        )
    assert send(client, bakehouse, "G6", 2).status_code == 302
    run = AssemblyRun.objects.get()
    assert (run.total_component_cost, run.per_unit_cost) == (Decimal("52.4138"), Decimal("26.2069"))
    assert run.order.status == "closed"


def test_a_run_of_today_is_stamped_now_and_an_earlier_one_at_noon(client, assigned):
    before = timezone.now()
    assert send(client, assigned, "E1/G1", 10, on=timezone.localdate().isoformat()).status_code == 302
    assert send(client, assigned, "E1/G1", 10).status_code == 302
    today, earlier = AssemblyRun.objects.order_by("pk")
    assert before <= today.assembled_at <= timezone.now()
    assert timezone.localtime(earlier.assembled_at).isoformat()[:16] == "2025-12-09T12:00"


def test_a_run_dated_back_takes_no_lot_that_came_later(client, bakehouse):
    plan = client.get(address(bakehouse, "G7", quantity=15, on="2025-11-20")).context["plan"]
    assert [line.have for line in plan.lines] == [0, 12]  # no brownie was baked yet, L7 came on 24 November
    assert codes(send(client, bakehouse, "G7", 15, on="2025-11-20")) == {"": ["not_enough_stock"]}


def test_s24_the_same_form_twice_is_one_run(client, assigned):
    fields = {**hidden(client.get(address(assigned, "E1/G1"))), "on": RUN_DAY, "notes": ""}
    first = client.post(address(assigned, "E1/G1"), fields)
    after = books()
    again = client.post(address(assigned, "E1/G1"), fields)
    lost = client.post(address(assigned, "E1/G1"), {"key": fields["key"]})  # whatever came with it the second time
    assert first.status_code == again.status_code == lost.status_code == 302
    assert first.url == again.url == lost.url
    assert AssemblyRun.objects.count() == 1
    assert books() == after


# --- what it refuses -------------------------------------------------------------------------------------------------


def test_s11_a_shortage_names_the_lines_and_offers_what_is_covered(client, bakehouse):
    before = books()
    answer = send(client, bakehouse, "G7", 33)
    assert (answer.status_code, codes(answer)) == (422, {"": ["not_enough_stock"]})
    assert [(line.part.name, line.needed, line.have) for line in answer.context["shortages"]] == [
        ("Fudge brownie square", 132, 120),
        ("Gift box 8x8x3 Red linen", 33, 32),
    ]
    text = answer.content.decode()
    assert "Fudge brownie square: need 132, have 120." in text
    assert "<title>Error: " in text
    assert hidden(answer)["quantity"] == "33"
    assert books() == before
    most = answer.context["most"]
    assert most.quantity == 30
    assert client.post(address(bakehouse, "G7"), dict(most.fields)).status_code == 302
    assert AssemblyRun.objects.get().quantity_assembled == 30


def test_a_shortage_with_nothing_decided_offers_to_change_the_number(client, bakehouse):
    answer = send(client, bakehouse, "G1", 74)
    assert codes(answer) == {"": ["not_enough_stock"]}  # 444 cookies of 440
    assert answer.context["most"] is None
    assert client.get(answer.context["enough_url"]).context["plan"].pieces == 73


def test_a_shortage_since_the_form_was_drawn_is_a_conflict(client, bakehouse):
    url = address(bakehouse, "G7")
    fields = {**hidden(client.get(url)), "quantity": "32", "on": RUN_DAY, "notes": "kept"}
    runs.record_assembly(
        finished_good_id=bakehouse.goods["G7"].pk, quantity=10, by=None, key=uuid4(), assembled_at=timezone.now()
    )
    before = books()
    answer = client.post(url, fields)
    assert (answer.status_code, codes(answer)) == (409, {"": ["not_enough_stock"]})
    assert "kept" in answer.content.decode()
    assert hidden(answer)["quantity"] == "32"
    assert client.post(url, {**fields, **hidden(answer)}).status_code == 422  # what is shown now is what is there
    assert books() == before


def test_s12_undecided_packaging_asks_and_assigns_oldest_first(client, bakehouse):
    before = books()
    answer = send(client, bakehouse, "E1/G1", 40)
    assert (answer.status_code, codes(answer)) == (422, {"": ["packaging_undecided"]})
    assert books() == before
    prompt = answer.context["prompt"]
    bags, ribbon = prompt.lines
    assert [(take.lot.label, take.quantity, take.cost) for take in bags.takes] == [
        ("L4", 7, Decimal("2.1000")),
        ("L1", 30, Decimal("6.9000")),
        ("L2", 3, Decimal("0.7800")),
    ]
    assert (bags.cost, ribbon.cost, prompt.cost) == (Decimal("9.7800"), Decimal("2.8800"), Decimal("12.6600"))
    text = answer.content.decode()
    assert "<dialog" in text
    assert "Assign oldest first and record 40" in text
    assert "L4 Snowmen 7, L1 Snowflakes 30, L2 Holly 3" in text
    for line in ("bag", "ribbon"):
        assert reverse("packaging:lot_assign", args=[bakehouse.line("E1/G1", line).pk]) in text
    done = client.post(address(bakehouse, "E1/G1"), dict(prompt.send.fields))
    assert done.status_code == 302
    assert left(bakehouse, "L2") == (22, Decimal("5.7200"))
    assert AssemblyRun.objects.get().packaging_consumptions.filter(product__design="Snowmen").exists()


def test_the_question_comes_as_a_part_with_the_figures_below_it(client, bakehouse):
    answer = send(client, bakehouse, "E1/G1", 40, htmx=True)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "HX-Retarget" not in answer.headers  # the form asks for #modal
    assert text.lstrip().startswith("<dialog")
    assert 'id="plan" aria-labelledby="plan-title" hx-swap-oob="true"' in text
    assert "<h1>" not in text


def test_any_other_refusal_comes_to_htmx_as_a_whole_page(client, bakehouse):
    answer = send(client, bakehouse, "G7", 33, htmx=True)
    assert answer.status_code == 422
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("body", "innerHTML")
    assert "<title>Error: " in answer.content.decode()


def test_reserved_pieces_are_never_proposed(client, assigned):
    answer = send(client, assigned, "G1", 30)
    bags = answer.context["prompt"].lines[0]
    assert [(take.lot.label, take.quantity) for take in bags.takes] == [("L4", 7), ("L2", 5), ("L3", 18)]


def test_what_stock_cannot_meet_is_said_and_not_offered(client, assigned):
    answer = send(client, assigned, "G1", 40)
    prompt = answer.context["prompt"]
    assert prompt.send is None
    assert [(line.part.name, missing) for line, missing in prompt.unmet] == [("any Cello bag 6x10", 8)]
    text = answer.content.decode()
    assert "Assign oldest first" not in text
    assert "any Cello bag 6x10: 32 of 40 are free, 8 are missing" in text
    assert "Change to 32, as far as stock goes" in text
    assert client.get(answer.context["enough_url"]).context["plan"].pieces == 32


def test_the_proposal_leaves_specific_lines_what_they_need(client):
    kind = GenericProductFactory()
    holly, stars = ProductFactory(generic_product=kind, design="Holly"), ProductFactory(generic_product=kind)
    good = FinishedGoodFactory()
    CompositionFactory(assembly=good, packaging_product=holly)
    CompositionFactory(assembly=good, packaging_product=stars, is_generic=True, component_quantity=3)
    old = LotFactory(product=holly, received_on=date(2025, 11, 1), quantity=Decimal(10))
    new = LotFactory(product=stars, quantity=Decimal(30))
    url = f"{reverse('assembly:run_record')}?good={good.pk}"
    answer = client.post(url, {**hidden(client.get(url)), "quantity": "10", "on": RUN_DAY})
    prompt = answer.context["prompt"]
    assert [(take.lot.id, take.quantity) for take in prompt.lines[0].takes] == [(new.pk, 30)]
    assert client.post(url, dict(prompt.send.fields)).status_code == 302
    old.refresh_from_db()
    assert old.quantity == 0


def test_fewer_can_be_recorded_when_that_is_covered(client, bakehouse):
    promise(bakehouse, "bag", L1="30")
    promise(bakehouse, "ribbon", L8="20")
    answer = send(client, bakehouse, "E1/G1", 50)
    most = answer.context["most"]
    assert "Record 30" in answer.content.decode()
    assert client.post(address(bakehouse, "E1/G1"), dict(most.fields)).status_code == 302
    assert AssemblyRun.objects.get().quantity_assembled == 30


def test_s19_a_lot_that_shrank_is_a_conflict_with_its_numbers(client, assigned):
    url = address(assigned, "E1/G1")
    fields = {**hidden(client.get(url)), "on": RUN_DAY, "notes": ""}
    services.count_lot(lot_id=assigned.lots["L1"].pk, quantity=Decimal(12), reason="water damage", by=None)
    before = books()
    answer = client.post(url, fields)
    assert (answer.status_code, codes(answer)) == (409, {"": ["packaging_undecided"]})
    text = answer.content.decode()
    assert "L1: reserved 30, on hand 12" in text
    assert answer.context["most"].quantity == 32
    assert "Record 32" in text
    assert books() == before
    assert send(client, assigned, "E1/G1", 50).status_code == 422  # drawn after the count: no race
    promise(assigned, "bag", L1="12", L2="20", L3="18")
    assert send(client, assigned, "E1/G1", 50).status_code == 302
    run = AssemblyRun.objects.get()
    assert (run.total_component_cost, run.per_unit_cost) == (Decimal("145.5267"), Decimal("2.9105"))


def test_a_stale_form_keeps_its_typing_and_one_more_record_works(client, bakehouse):
    url = address(bakehouse, "E1/G1")
    fields = {**hidden(client.get(url)), "quantity": "40", "on": RUN_DAY, "notes": "typed"}
    promise(bakehouse, "bag", L1="30", L2="20")
    promise(bakehouse, "ribbon", L8="20")
    before = books()
    answer = client.post(url, fields)
    assert (answer.status_code, codes(answer)) == (409, {"": ["stale_version"]})
    assert books() == before
    fresh = hidden(answer)
    assert fresh["version"] == str(AssemblyOrder.objects.get(pk=bakehouse.orders["E1/G1"].pk).version)
    assert (fresh["key"], fresh["quantity"]) == (fields["key"], "40")
    text = answer.content.decode()
    assert "typed" in text
    assert "L1 Snowflakes" in text
    assert client.post(url, {**fields, **fresh}).status_code == 302


def test_more_than_the_order_has_left_offers_to_raise_it_or_to_leave_the_rest_out(client, assigned):
    before = books()
    answer = send(client, assigned, "E1/G1", 53)
    assert (answer.status_code, codes(answer)) == (422, {"": ["order_state"]})
    assert books() == before
    text = answer.content.decode()
    assert reverse("packaging:order_change", args=[assigned.orders["E1/G1"].pk]) in text
    surplus = client.get(answer.context["surplus_url"])
    assert (surplus.context["order"], surplus.context["plan"].pieces) == (None, 3)
    assert answer.context["most"].quantity == 50
    assert client.post(address(assigned, "E1/G1"), dict(answer.context["most"].fields)).status_code == 302


def test_a_packer_is_not_offered_to_raise_the_order(assigned, packer):
    client = Client()
    client.force_login(packer)
    answer = send(client, assigned, "E1/G1", 53)
    assert "Raise the order</a>" not in answer.content.decode()


# --- lots chosen here ------------------------------------------------------------------------------------------------


def choice(bakehouse, owner, part, code):
    return f"choice_{bakehouse.line(owner, part).pk}_{bakehouse.lots[code].pk}"


def test_lots_of_a_good_are_chosen_in_the_form(client, bakehouse):
    asked = send(client, bakehouse, "G1", 10)
    ((url, _name),) = asked.context["choose_urls"]
    page = client.get(url)
    assert page.context["plan"].pieces == 10
    shown = page.context["lots_by_line"]
    assert [[(row.lot.label, row.free, row.field.value()) for row in lots.rows] for lots in shown] == [
        [("L4", 7, "0"), ("L1", 30, "0"), ("L2", 25, "0"), ("L3", 20, "0")],
        [("L8", 50, "0"), ("L9", 25, "0")],
    ]
    fields = {
        **hidden(page),
        "on": RUN_DAY,
        choice(bakehouse, "G1", "bag", "L3"): "10",
        choice(bakehouse, "G1", "ribbon", "L9"): "4.0",
    }
    assert client.post(url, fields).status_code == 302
    assert (left(bakehouse, "L3")[0], left(bakehouse, "L9")[0], left(bakehouse, "L4")[0]) == (10, 21, 7)


def test_chosen_lots_are_shown_in_the_preview(client, bakehouse):
    query = f"good={bakehouse.goods['G1'].pk}&quantity=10&choose=1&{choice(bakehouse, 'G1', 'bag', 'L3')}=10"
    page = client.get(f"{reverse('assembly:run_preview')}?{query}", headers={"HX-Request": "true", "HX-Target": "plan"})
    bags = page.context["plan"].lines[1]
    assert (bags.taken, bags.cost) == (10, Decimal("2.5000"))
    assert "L3 Stars" in page.content.decode()


def test_too_few_chosen_are_filled_up_by_the_proposal(client, bakehouse):
    words = {"choose": 1}
    answer = send(
        client,
        bakehouse,
        "G1",
        10,
        words=words,
        **{choice(bakehouse, "G1", "bag", "L3"): "4", choice(bakehouse, "G1", "ribbon", "L9"): "4"},
    )
    assert codes(answer) == {"": ["packaging_undecided"]}
    (bags,) = answer.context["prompt"].lines
    assert [(take.lot.label, take.quantity) for take in bags.takes] == [("L3", 4), ("L4", 6)]
    assert answer.context["choose_urls"] == []
    assert hidden(answer)[choice(bakehouse, "G1", "bag", "L3")] == "4"
    most = answer.context["most"]
    assert (most.quantity, dict(most.fields)[choice(bakehouse, "G1", "ribbon", "L9")]) == (4, "1.6")
    assert client.post(address(bakehouse, "G1", **words), dict(most.fields)).status_code == 302


@pytest.mark.parametrize(
    ("lot", "amount", "part", "code"),
    [
        ("L1", "31", "bag", "not_free"),
        ("L1", "11", "bag", "over_assigned"),
        ("L5", "10", "bag", "wrong_product"),
        ("B1", "10", "bag", "wrong_product"),
        ("L1", "2.5", "bag", "bad_quantity"),
        ("L8", "0.0004", "ribbon", "places"),
        ("L1", "NaN", "bag", "invalid"),
        ("L1", "1e9", "bag", "invalid"),
        ("L1", "-5", "bag", "negative"),
        ("L1", "9" * 30, "bag", "max"),
    ],
)
def test_chosen_lots_that_cannot_be_are_refused_with_the_typing_kept(client, bakehouse, lot, amount, part, code):
    before = books()
    name = choice(bakehouse, "G1", part, lot)
    answer = send(client, bakehouse, "G1", 10, words={"choose": 1}, **{name: amount})
    assert answer.status_code == 422
    assert [code] in codes(answer).values()
    assert books() == before
    if lot[0] == "L" and lot != "L5":
        assert hidden(answer)[name] == amount


@pytest.mark.parametrize("name", ["choice_{line}_999999", "choice_999999_{lot}", "choice_{cookies}_{bake}"])
def test_a_choice_of_what_is_not_there_is_refused(client, bakehouse, name):
    before = books()
    name = name.format(
        line=bakehouse.line("G1", "bag").pk,
        lot=bakehouse.lots["L1"].pk,
        cookies=bakehouse.line("G1", "CC").pk,
        bake=bakehouse.lots["B1"].pk,
    )
    answer = send(client, bakehouse, "G1", 10, **{name: "10"})
    assert (answer.status_code, codes(answer)) == (422, {"": ["not_found"]})
    assert books() == before


def test_a_chosen_lot_that_somebody_took_since_is_a_conflict(client, bakehouse):
    answer = send(client, bakehouse, "G1", 10)
    fields = dict(answer.context["prompt"].send.fields)
    promise(bakehouse, "bag", L4="7")
    before = books()
    answer = client.post(address(bakehouse, "G1"), fields)
    assert (answer.status_code, codes(answer)) == (409, {"": ["not_free"]})
    assert books() == before
    assert answer.context["plan"].pieces == 10


def test_a_lot_that_came_after_the_run_is_refused(client, bakehouse):
    name = choice(bakehouse, "G1", "bag", "L3")
    answer = send(client, bakehouse, "G1", 1, on="2025-11-02", **{name: "1"})
    assert (answer.status_code, codes(answer)) == (422, {"": ["bad_date"]})


def test_somebody_who_assigns_nothing_chooses_in_the_form(bakehouse):
    client = Client()
    client.force_login(UserFactory(permissions=["assembly.record_run"]))
    answer = send(client, bakehouse, "E1/G1", 40)
    assert [url for url, _name in answer.context["choose_urls"]] == [
        address(bakehouse, "E1/G1", quantity=40, on=RUN_DAY, choose=1)
    ]


# --- bad input -------------------------------------------------------------------------------------------------------

BAD_NUMBERS = ["", "0", "-1", "2.5", "0.0001", "NaN", "Infinity", "1e9", "1,000", "abc", "9" * 30, "1000001"]


@pytest.mark.parametrize("quantity", BAD_NUMBERS)
def test_a_quantity_that_cannot_be_is_refused(client, assigned, quantity):
    before = books()
    answer = send(client, assigned, "E1/G1", quantity)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["quantity"]
    assert hidden(answer)["quantity"] == quantity
    assert books() == before
    shown = client.get(address(assigned, "E1/G1", quantity=quantity))
    assert shown.status_code == 422
    part = client.get(
        f"{reverse('assembly:run_preview')}?order={assigned.orders['E1/G1'].pk}&quantity={quantity}",
        headers={"HX-Request": "true", "HX-Target": "plan"},
    )
    assert part.status_code == 422
    assert "note-bad" in part.content.decode()


@pytest.mark.parametrize("day", ["", "yesterday", "2025-02-30", "1999-12-31", "9999-12-31", "20251209", "9" * 30])
def test_a_day_that_cannot_be_is_refused(client, assigned, day):
    before = books()
    answer = send(client, assigned, "E1/G1", 50, on=day)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["on"]
    assert books() == before


def test_a_day_in_the_future_is_refused(client, assigned):
    before = books()
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    answer = send(client, assigned, "E1/G1", 50, on=tomorrow)
    assert (answer.status_code, codes(answer)) == (422, {"on": ["future"]})
    assert books() == before


@pytest.mark.parametrize("key", [None, "", "1", "NaN", "g" * 36])
def test_a_form_without_its_key_is_refused_and_gets_none(client, assigned, key):
    before = books()
    answer = send(client, assigned, "E1/G1", 50, key=key)
    assert answer.status_code == 422
    assert hidden(answer)["key"] == (key or "")
    assert "This form is not complete." in answer.content.decode()
    assert books() == before


@pytest.mark.parametrize("version", [None, "", "0", "-1", "NaN", "1e9", "9" * 30])
def test_a_form_of_an_order_without_its_version_is_refused(client, assigned, version):
    before = books()
    answer = send(client, assigned, "E1/G1", 50, version=version)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["version"])
    assert "This form is not complete." in answer.content.decode()
    assert books() == before


def test_a_note_that_is_too_long_is_refused(client, assigned):
    before = books()
    answer = send(client, assigned, "E1/G1", 50, notes="x" * 2001)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["notes"])
    assert books() == before


def test_nonsense_in_what_was_seen_changes_no_answer(client, bakehouse):
    line = bakehouse.line("G7", "BR").pk
    assert send(client, bakehouse, "G7", 33, **{f"seen_{line}": "NaN"}).status_code == 422


@pytest.mark.parametrize(
    "query",
    ["order=0", "order=999999", "order=", "order=x", "order=-1", f"order={'9' * 30}", "good=1e9", "good=999999"],
)
def test_what_is_not_there_is_not_found(client, bakehouse, query):
    for name in ("run_record", "run_preview"):
        assert client.get(f"{reverse(f'assembly:{name}')}?{query}").status_code == 404
    sent = client.post(
        f"{reverse('assembly:run_record')}?{query}", {"key": uuid4(), "quantity": 1, "on": RUN_DAY, "version": 1}
    )
    assert sent.status_code == 404


def test_an_order_and_a_good_at_once_and_neither_are_not_found(client, bakehouse):
    both = f"{address(bakehouse, 'E1/G1')}&good={bakehouse.goods['G1'].pk}"
    assert client.get(both).status_code == 404
    assert client.post(reverse("assembly:run_record"), {}).status_code == 404
    assert client.get(reverse("assembly:run_preview")).status_code == 404


# --- without JavaScript, permissions, statements ---------------------------------------------------------------------


def test_update_leads_to_the_plan_of_what_was_typed(client, bakehouse):
    before = books()
    name = choice(bakehouse, "G1", "bag", "L3")
    answer = send(client, bakehouse, "G1", 12, words={"choose": 1}, update="1", notes="a & b", **{name: "12"})
    assert answer.status_code == 302
    assert "csrf" not in answer.url
    page = client.get(answer.url)
    assert (page.context["plan"].pieces, page.context["plan"].lines[1].taken) == (12, 12)
    assert page.context["form"]["notes"].value() == "a & b"
    assert page.context["form"]["on"].value() == RUN_DAY
    assert books() == before


def test_the_keys_for_today_and_yesterday_change_the_day_alone(client, bakehouse):
    before = books()
    name = choice(bakehouse, "G1", "bag", "L3")
    today = timezone.localdate()
    page = client.get(address(bakehouse, "G1")).content.decode()
    days = [today.isoformat(), (today - timedelta(days=1)).isoformat()]
    assert re.findall(r'<button class="chip[^"]*" type="button" data-fill="id_on" value="([^"]+)"', page) == days
    assert re.findall(r'<button class="chip[^"]*" type="submit" name="update" value="([^"]+)"', page) == days
    for day in days:
        answer = send(client, bakehouse, "G1", 12, words={"choose": 1}, update=day, notes="a & b", **{name: "12"})
        assert answer.status_code == 302
        shown = client.get(answer.url).context
        assert (shown["form"]["on"].value(), shown["form"]["notes"].value()) == (day, "a & b")
        assert (shown["plan"].pieces, shown["plan"].lines[1].taken) == (12, 12)
    assert books() == before


def test_a_key_for_no_day_is_refused(client, bakehouse):
    before = books()
    answer = send(client, bakehouse, "G1", 12, update="the day before")
    assert answer.status_code == 302
    assert client.get(answer.url).status_code == 422
    assert books() == before


def test_methods_and_permissions(client, bakehouse):
    url = address(bakehouse, "E1/G1")
    assert client.put(url).status_code == 405
    assert client.post(reverse("assembly:run_preview")).status_code == 405
    assert client.head(url).status_code == 200
    assert Client().get(url).status_code == 302
    looker = Client()
    looker.force_login(UserFactory(permissions=["assembly.view_assemblyrun"]))
    before = books()
    for answer in (looker.get(url), looker.get(url.replace("?", "preview/?")), looker.post(url, {"key": uuid4()})):
        assert answer.status_code == 403
    assert books() == before


def count(client, method, url, *arguments, **words):
    with CaptureQueriesContext(connection) as queries:
        answer = getattr(client, method)(url, *arguments, **words)
    return len(queries), answer


def test_sending_takes_three_statements_for_the_person_besides_those_of_the_run(assigned, packer):
    client = Client()
    client.force_login(packer)
    fields = {**hidden(client.get(address(assigned, "E1/G1"))), "on": RUN_DAY, "quantity": "50"}
    statements, answer = count(client, "post", address(assigned, "E1/G1"), fields)
    assert answer.status_code == 302
    assert statements == (14 if connection.vendor == "sqlite" else 9)


def test_the_screen_takes_eight_statements(assigned, packer):
    client = Client()
    client.force_login(packer)
    preview = address(assigned, "E1/G1", quantity=7).replace("?", "preview/?")
    for url in (address(assigned, "E1/G1"), address(assigned, "E1/G2"), address(assigned, "G1", choose=1), preview):
        statements, answer = count(client, "get", url)
        assert answer.status_code == 200
        assert statements <= 8
    statements, answer = count(client, "get", preview, headers={"HX-Request": "true", "HX-Target": "plan"})
    assert statements <= 7  # no badge


@pytest.mark.parametrize("lines", [3, 10])
@pytest.mark.parametrize("lots", [10, 200])
def test_sending_takes_the_same_statements_however_much_there_is(packer, lines, lots):
    order = OrderFactory(quantity=10)
    for number in range(lines):
        unit, product = FinishedUnitFactory(), ProductFactory()
        CompositionFactory(order=order, finished_unit=unit, sort_order=number)
        line = CompositionFactory(order=order, packaging_product=product, is_generic=True, sort_order=number)
        for _lot in range(lots // lines):
            LotFactory(finished_unit=unit, quantity=Decimal(2))
            lot = LotFactory(product=product, quantity=Decimal(2))
        last = LotFactory(product=product, quantity=Decimal(10))
        LotFactory(finished_unit=unit, quantity=Decimal(10))
        services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(2), last.pk: Decimal(8)}, by=None)
    order.refresh_from_db()
    client = Client()
    client.force_login(packer)
    fields = {"key": uuid4(), "quantity": 10, "on": RUN_DAY, "notes": "", "version": order.version}
    statements, answer = count(client, "post", f"{reverse('assembly:run_record')}?order={order.pk}", fields)
    assert answer.status_code == 302
    assert statements <= 16


# --- what broke, and goods of other orders (R23, R29) -----------------------------------------------------------------


def broken(lot, quantity="2", reason="torn", words="", number=1):
    fields = {"lot": lot.pk if lot else "", "quantity": quantity, "reason": reason, "words": words}
    return {f"waste_{name}_{number}": value for name, value in fields.items()}


def test_r29_what_broke_is_in_the_preview_and_on_the_run(client, bakehouse):
    waste = {**broken(bakehouse.lots["B5"], "3", words="fell"), **broken(bakehouse.lots["L6"], "1", number=2)}
    plan = client.get(address(bakehouse, "G7", quantity=5, **waste)).context["plan"]
    assert [(row.lot.label, row.quantity, row.reason) for row in plan.wasted] == [
        ("B5", 3, "torn: fell"),
        ("L6", 1, "torn"),
    ]
    assert plan.enough_for == 29  # 117 brownies are left
    answer = send(client, bakehouse, "G7", 5, **waste)
    run = AssemblyRun.objects.get()
    assert (answer.status_code, run.total_component_cost) == (302, plan.cost.likely)
    assert (left(bakehouse, "B5")[0], left(bakehouse, "L6")[0]) == (97, 6)
    page = client.get(run.get_absolute_url()).content.decode()
    assert page.count("Torn") == 2


@pytest.mark.parametrize(
    "bad",
    [{"lot": None}, {"quantity": ""}, {"quantity": "121"}, {"quantity": "1.5"}, {"reason": "other"}, {"reason": "x"}],
)
def test_r29_waste_that_cannot_be_is_refused_with_the_typing_kept(client, bakehouse, bad):
    waste = broken(**{"lot": bakehouse.lots["B5"], **bad})
    before = books()
    answer = send(client, bakehouse, "G7", 5, **waste)
    assert answer.status_code == 422
    kept = answer.context["form"]
    assert {name: kept[name].value() for name in waste} == {name: str(text) for name, text in waste.items()}
    assert books() == before


def test_r29_waste_goes_along_with_every_way_on(client, bakehouse):
    waste = broken(bakehouse.lots["L3"], "1")
    answer = send(client, bakehouse, "G1", 5, htmx=True, **waste)
    prompt = answer.context["prompt"]
    assert dict(prompt.send.fields)["waste_lot_1"] == str(bakehouse.lots["L3"].pk)
    assert all("waste_quantity_1=1" in url for url, _name in answer.context["choose_urls"])
    client.post(address(bakehouse, "G1"), dict(prompt.send.fields))
    assert [row.reason for row in AssemblyRun.objects.get().packaging_consumptions.filter(kind="waste")] == ["torn"]


def test_r29_update_keeps_what_broke(client, bakehouse):
    answer = send(client, bakehouse, "G7", 5, update="1", **broken(bakehouse.lots["B5"]))
    assert "waste_quantity_1=2" in answer.url


def test_r23_goods_of_another_open_order_are_taken_only_when_asked(client, assigned):
    send(client, assigned, "E1/G1", 4)
    LotFactory(finished_good=assigned.goods["G5"], quantity=2, received_on=date(2025, 12, 8))
    page = client.get(address(assigned, "G6", quantity=2))
    assert [(lot.quantity, lot.order.customer) for lot in page.context["others"]] == [
        (4, "Maple Street School winter fair")
    ]
    assert send(client, assigned, "G6", 2).status_code == 422
    assert send(client, assigned, "G6", 2, from_other_orders="on").status_code == 302
    assert AssemblyRun.objects.get(finished_good=assigned.goods["G6"]).quantity_assembled == 2


def test_r30_back_and_another_record_show_the_first_run(client, bakehouse):
    """The address keeps the key of a form that went out: a page that is loaded anew by Back sends the same."""
    send(client, bakehouse, "G7", 5)
    run = AssemblyRun.objects.get()
    again = client.get(address(bakehouse, "G7", key=run.uuid))
    assert again.context["key"] == str(run.uuid)
    answer = client.post(again.context["action"], {**hidden(again), "quantity": "5", "on": "2025-12-09"})
    assert (answer.status_code, answer.url) == (302, f"{run.get_absolute_url()}?recorded=1")
    assert AssemblyRun.objects.count() == 1
    assert client.get(address(bakehouse, "G7", key="x")).context["key"] != "x"
