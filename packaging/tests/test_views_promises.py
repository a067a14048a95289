"""Promises by HTTP: short lines with their repairs, who holds a lot, and pieces that move to another order."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bakery.tests.addresses import Forms, everything
from packaging import services
from packaging.models import AssemblyOrder, PromiseMove
from packaging.queries.promises import MOVES_SHOWN
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    LotFactory,
    OrderFactory,
    PromiseMoveFactory,
    UserFactory,
)
from packaging.tests.test_scenarios_assign import assign, stored
from packaging.tests.test_services_moves import count

pytestmark = pytest.mark.django_db

MODAL = {"HX-Request": "true", "HX-Target": "modal"}
ROLES = ["Packers", "Planners", "Managers"]


def signed_in(*groups, **given):
    client = Client()
    client.force_login(UserFactory(groups=groups, **given))
    return client


@pytest.fixture
def planner(db):
    return signed_in("Planners", username="planner")


@pytest.fixture
def packer(db):
    return signed_in("Packers")


def words(response):
    """What a page says, without its tags."""
    html = re.sub(r"(?s)<(head|svg)\b.*?</\1>", " ", response.content.decode())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def statements(client, path, **extra):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, **extra).status_code == 200
    return len(captured)


def hold(lot, number, **promise):
    """Promise pieces of a lot to the lines of so many orders."""
    for order in OrderFactory.create_batch(number):
        line = CompositionFactory(order=order, packaging_product=lot.product, is_generic=True)
        AssignmentFactory(composition=line, inventory_item=lot, **promise)


# Short lines


@pytest.fixture
def short(bakehouse):
    """S19: 30 of L1 and 20 of L2 promised, and a count found 12 of L1."""
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    count(bakehouse, "L1", 12)
    return bakehouse


def pages_of(bakehouse):
    return {
        "board": "/pending/",
        "order": bakehouse.orders["E1/G1"].get_absolute_url(),
        "lot": bakehouse.lots["L1"].get_absolute_url(),
        "today": "/",
    }


def repair_address(bakehouse, owner="E1/G1"):
    return f"/pending/{bakehouse.line(owner, 'bag').pk}/repair/"


def repair_form(client, page, bakehouse):
    """The fields of the repair as a page shows them."""
    forms = Forms(client.get(page).content.decode()).found
    (fields,) = [fields for action, fields in forms if action == repair_address(bakehouse)]
    return fields


@pytest.mark.parametrize("where", ["board", "order", "lot", "today"])
@pytest.mark.parametrize("how", ["move", "release"])
def test_s19_one_tap_repairs_a_short_line_from_each_page(short, packer, where, how):
    page = pages_of(short)[where]
    said = words(packer.get(page))
    assert "18 pieces of lot L1 Snowflakes promised, but not there." in said
    assert "Move 18 to L3 Stars" in said
    assert "Release 18" in said
    answer = packer.post(repair_address(short), {**repair_form(packer, page, short), "how": how})
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    left = {"L1": 12, "L2": 20, "L3": 18} if how == "move" else {"L1": 12, "L2": 20}
    assert stored(short, "E1/G1", "bag") == left
    said = words(packer.get(page))
    assert "promised, but not there" not in said
    done = "18 pieces moved to L3 Stars." if how == "move" else "18 pieces released, to be assigned again."
    assert f"Maple Street School winter fair: {done}" in said


def test_lots_that_help_together_are_named_and_what_stays_too(short, packer):
    count(short, "L3", 0)
    said = words(packer.get("/pending/"))
    assert "Move 12 to other lots 7 to L4 Snowmen, 5 to L2 Holly 6 stay to be assigned" in said
    answer = packer.post(repair_address(short), {**repair_form(packer, "/pending/", short), "how": "move"}, follow=True)
    assert "12 pieces moved to L4 Snowmen, L2 Holly, 6 pieces to be assigned again." in words(answer)


def test_with_nothing_free_only_release_is_offered(short, packer):
    for code, left in (("L3", 0), ("L4", 0), ("L2", 20)):
        count(short, code, left)
    said = words(packer.get("/pending/"))
    assert "Release 18" in said
    assert "Move" not in said


def test_who_may_not_assign_sees_the_facts_alone(short):
    looker = signed_in(permissions=["packaging.view_composition"])
    said = words(looker.get("/pending/"))
    assert "18 pieces of lot L1 Snowflakes promised, but not there." in said
    assert "Release" not in said
    assert looker.post(repair_address(short)).status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_repair_by_post_alone(short, role):
    client = signed_in(role)
    assert client.get(repair_address(short)).status_code == 405
    fields = repair_form(client, "/pending/", short)
    assert client.post(repair_address(short), {**fields, "how": "release"}).status_code == 302


def test_r31_a_repair_whose_picture_changed_is_a_409_with_the_fresh_one(short, packer):
    fields = {**repair_form(packer, "/pending/", short), "how": "move"}
    assign(short, "E1/G2", "bag", L3=5)
    before = everything()
    answer = packer.post(repair_address(short), fields)
    assert answer.status_code == 409
    said = words(answer)
    assert "Somebody else changed this in the meantime." in said
    assert "Move 18 to other lots 7 to L4 Snowmen, 5 to L2 Holly, 6 to L3 Stars" in said
    assert everything() == before
    again = next(fields for action, fields in Forms(answer.content.decode()).found if action == repair_address(short))
    answer = packer.post(repair_address(short), {**again, "how": "move"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/pending/")
    assert stored(short, "E1/G1", "bag") == {"L1": 12, "L2": 25, "L3": 6, "L4": 7}


def test_r31_a_line_that_was_repaired_meanwhile_is_a_409(short, packer):
    fields = {**repair_form(packer, "/pending/", short), "how": "move"}
    assert packer.post(repair_address(short), fields).status_code == 302
    before = everything()
    answer = packer.post(repair_address(short), fields)
    assert answer.status_code == 409
    assert "Every promised piece of it is there now." in words(answer)
    assert everything() == before


@pytest.mark.parametrize("name", ["how", "version", "kept", "to"])
@pytest.mark.parametrize("text", ["NaN", "9" * 30, "-1", "1=NaN", "1=1e9", "1=-2", "1=0.0001", "x" * 9000])
def test_a_repair_with_a_bad_field_changes_nothing(short, packer, name, text):
    fields = {**repair_form(packer, "/pending/", short), "how": "move"}
    before = everything()
    assert packer.post(repair_address(short), {**fields, name: text}).status_code in {409, 422}
    assert packer.post(repair_address(short), {**fields, "how": "", "to": text}).status_code == 422
    missing = {word: value for word, value in fields.items() if word != name}
    assert packer.post(repair_address(short), missing).status_code in {409, 422}
    assert everything() == before


def test_a_repair_of_what_is_no_line_of_an_order_is_a_404(short, packer):
    fields = {**repair_form(packer, "/pending/", short), "how": "move"}
    for line in (short.line("G1", "bag"), short.line("E1/G1", "CC")):
        assert packer.post(f"/pending/{line.pk}/repair/", fields).status_code == 404


def test_a_repair_leads_to_no_foreign_place(short, packer):
    fields = {**repair_form(packer, "/pending/", short), "how": "move", "next": "https://example.com/"}
    answer = packer.post(repair_address(short), fields)
    assert answer.headers["Location"] == short.orders["E1/G1"].get_absolute_url()


@pytest.mark.parametrize("page", ["/pending/", "/"])
def test_short_lines_cost_the_same_for_many(bakehouse, packer, page):
    def add(number):
        for lot in LotFactory.create_batch(number, product=bakehouse.products["Stars"], quantity=1):
            hold(lot, 1, quantity_assigned=3)

    add(1)
    few = statements(packer, page)
    add(40)
    assert statements(packer, page) == few <= 10


# Who holds it


@pytest.fixture
def held(bakehouse):
    """L2 is held by two orders, for the fair and for the client gifts' own bags."""
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    assign(bakehouse, "E1/G2", "bag", L2=5)
    return bakehouse


def holders_address(bakehouse, code="L2"):
    return f"/stock/lots/{bakehouse.lots[code].pk}/holders/"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("headers", [{}, MODAL])
def test_the_orders_that_hold_a_lot_with_quantities_days_and_links(held, role, headers):
    answer = signed_in(role).get(holders_address(held), headers=headers)
    assert answer.status_code == 200
    said = words(answer)
    assert "Who holds lot L2" in said
    assert re.search(r"Maple Street School winter fair 50 × Cookie half-dozen bag · .*?20\b", said)
    assert re.search(r"Maple Street School winter fair 20 × Tree and star bag · .*?5\b", said)
    html = answer.content.decode()
    for owner in ("E1/G1", "E1/G2"):
        assert f'href="{held.orders[owner].get_absolute_url()}"' in html
    assert ("<dialog" in html, "<html" in html) == (bool(headers), not headers)


def test_a_lot_that_nobody_holds_says_so(bakehouse, packer):
    for headers in ({}, MODAL):
        answer = packer.get(holders_address(bakehouse, "B1"), headers=headers)
        assert "No order holds any of it." in words(answer)


def test_only_who_may_see_stock_sees_who_holds_it(held):
    assert signed_in().get(holders_address(held)).status_code == 403
    assert signed_in("Packers").post(holders_address(held)).status_code == 405
    assert Client().get(holders_address(held)).status_code == 302


def test_every_reserved_figure_opens_it(held, planner):
    link = f'href="{holders_address(held)}"'
    market = services.open_order(
        finished_good_id=held.goods["G1"].pk, quantity=10, due_on=timezone.localdate(), by=None
    )
    held.orders["market"] = market
    for page in (
        "/stock/",
        held.lots["L2"].get_absolute_url(),
        held.generics["bag"].get_absolute_url(),
        f"/pending/{held.line('market', 'bag').pk}/",
    ):
        assert link in planner.get(page).content.decode(), page
    assert 'href="#held"' in planner.get(held.generics["bag"].get_absolute_url()).content.decode()


def test_holders_cost_the_same_for_many_and_come_in_pages(bakehouse, packer):
    lot = LotFactory(product=bakehouse.products["Stars"], quantity=100)

    page = f"/stock/lots/{lot.pk}/holders/"
    hold(lot, 1)
    few = [statements(packer, page, headers=headers) for headers in ({}, MODAL)]
    hold(lot, 59)
    assert [statements(packer, page, headers=headers) for headers in ({}, MODAL)] == few
    assert few[0] <= 7
    answer = packer.get(page)
    assert answer.content.decode().count("row-link") == 50
    assert 'href="?page=2"' in answer.content.decode()
    assert "and 10 more orders" in words(packer.get(page, headers=MODAL))


# A promise moves


def move_address(bakehouse, target="E1/G2", code="L2"):
    return f"/pending/{bakehouse.line(target, 'bag').pk}/move/{bakehouse.lots[code].pk}/"


@pytest.fixture
def promised(bakehouse):
    """The G1 order of the fair holds 30 of L1 and 20 of L2; its G2 order holds 14 of L3 and misses 6."""
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    assign(bakehouse, "E1/G2", "bag", L3=14)
    return bakehouse


def move_form(client, bakehouse, **typed):
    html = client.get(move_address(bakehouse)).content.decode()
    (fields,) = [fields for action, fields in Forms(html).found if action == move_address(bakehouse)]
    return {**fields, "reason": "due sooner", **typed}


def test_six_pieces_move_to_this_order(promised, planner):
    page = planner.get(f"/pending/{promised.line('E1/G2', 'bag').pk}/")
    assert f'href="{move_address(promised)}"' in page.content.decode()
    fields = move_form(planner, promised)
    assert (fields["quantity"], fields["source"]) == ("6", str(promised.line("E1/G1", "bag").pk))
    answer = planner.post(move_address(promised), fields)
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/pending/{promised.line('E1/G2', 'bag').pk}/",
    )
    assert stored(promised, "E1/G1", "bag") == {"L1": 30, "L2": 14}
    assert stored(promised, "E1/G2", "bag") == {"L2": 6, "L3": 14}
    move = PromiseMove.objects.get()
    assert (move.quantity, move.reason, move.created_by.username) == (6, "due sooner", "planner")
    assert "44 / 50 assigned" in words(planner.get("/pending/"))
    said = words(planner.get(promised.orders["E1/G1"].get_absolute_url()))
    assert "6 of L2 Holly moved to Maple Street School winter fair · 20 × Tree and star bag" in said
    assert f"{timezone.localdate():%-d %b} · planner · due sooner" in said
    said = words(planner.get(promised.orders["E1/G2"].get_absolute_url()))
    assert "6 of L2 Holly moved here from Maple Street School winter fair · 50 × Cookie half-dozen bag" in said


def test_the_form_is_a_dialog_too_and_another_order_changes_the_number(promised, planner):
    for code in ("L3", "L1"):
        count(promised, code, 30)
    services.change_order(order_id=promised.orders["E1/G1"].pk, quantity=52, by=None)
    promised.orders["market"] = services.open_order(
        finished_good_id=promised.goods["G1"].pk,
        quantity=10,
        due_on=promised.orders["E1/G1"].due_on + timedelta(days=3),
        by=None,
    )
    assign(promised, "market", "bag", L2=4)
    html = planner.get(move_address(promised), headers=MODAL).content.decode()
    assert "<dialog" in html
    assert "<html" not in html
    (fields,) = [fields for action, fields in Forms(html).found if action]
    market = promised.line("market", "bag").pk
    assert (fields["source"], fields["quantity"]) == (str(market), "4")  # it can wait longest
    part = planner.get(
        move_address(promised),
        {"source": promised.line("E1/G1", "bag").pk},
        headers={"HX-Request": "true", "HX-Target": "move-amount"},
    ).content.decode()
    assert re.match(r'\s*<div id="move-amount">', part)
    assert 'value="6"' in part


def test_moving_needs_its_permission(promised, packer):
    assert "/move/" not in packer.get(f"/pending/{promised.line('E1/G2', 'bag').pk}/").content.decode()
    assert packer.get(move_address(promised)).status_code == 403
    before = everything()
    assert packer.post(move_address(promised), {}).status_code == 403
    assert everything() == before
    for role in ("Planners", "Managers"):
        assert signed_in(role).get(move_address(promised)).status_code == 200
    assert signed_in("Planners").put(move_address(promised)).status_code == 405


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"quantity": "7"}, "21 assigned, but only 20 needed"),
        ({"quantity": "NaN"}, "Enter a number"),
        ({"quantity": "9" * 30}, "or less"),
        ({"quantity": "-1"}, "Enter 1 or more"),
        ({"quantity": "0"}, "Enter 1 or more"),
        ({"quantity": "2.5"}, "whole"),
        ({"quantity": ""}, "Enter a number"),
        ({"reason": " "}, "Say why"),
        ({"reason": "x" * 501}, "at most 500"),
        ({"source": "9" * 30}, "holds none of it now"),
        ({"source": "x"}, "holds none of it now"),
        ({"source": ""}, "Choose the order that gives"),
        ({"version": "x"}, "whole number"),
        ({"version": ""}, "whole number"),
    ],
)
def test_a_bad_field_is_a_422_that_keeps_the_typing_and_changes_nothing(promised, planner, typed, said):
    fields = move_form(planner, promised, **typed)
    before = everything()
    answer = planner.post(move_address(promised), fields)
    assert answer.status_code == 422
    assert said in words(answer)
    if "reason" not in typed:
        assert 'value="due sooner"' in answer.content.decode()
    assert everything() == before


def test_r31_a_stale_version_is_a_409_and_one_more_save_works(promised, planner):
    fields = move_form(planner, promised)
    assign(promised, "E1/G2", "bag", L3=15)
    before = everything()
    answer = planner.post(move_address(promised), fields)
    assert answer.status_code == 409
    said = words(answer)
    assert "Somebody else changed this in the meantime." in said
    assert "5 pieces missing here" in said
    assert everything() == before
    again = next(fields for action, fields in Forms(answer.content.decode()).found if action == move_address(promised))
    assert (again["quantity"], again["reason"]) == ("6", "due sooner")
    assert planner.post(move_address(promised), {**again, "quantity": "5"}).status_code == 302


def test_r31_pieces_that_went_meanwhile_are_a_409(promised, planner):
    fields = move_form(planner, promised)
    assign(promised, "E1/G1", "bag", L1=30, L2=3)
    answer = planner.post(move_address(promised), fields)
    assert answer.status_code == 409
    assert "6 asked, 3 there for Maple Street School winter fair" in words(answer)
    assign(promised, "E1/G1", "bag", L1=30)
    answer = planner.post(move_address(promised), fields)
    assert answer.status_code == 409
    assert "No other order holds pieces of it that are there." in words(answer)
    assert not PromiseMove.objects.exists()


def test_where_nothing_is_to_move_the_page_says_why(promised, planner):
    assert "No other order holds" in words(planner.get(move_address(promised, code="L4")))
    assign(promised, "E1/G2", "bag", L3=20)
    assert "This order has all it needs." in words(planner.get(move_address(promised)))
    page = planner.get(f"/pending/{promised.line('E1/G2', 'bag').pk}/").content.decode()
    assert "/move/" not in page
    AssemblyOrder.objects.filter(pk=promised.orders["E1/G2"].pk).update(status="closed")
    assert "There is nothing to decide for this order." in words(planner.get(move_address(promised)))
    before = everything()
    assert planner.post(move_address(promised), {}).status_code == 422
    assert everything() == before


def test_a_lot_or_line_that_does_not_fit_is_a_404(promised, planner):
    bag, box = promised.line("E1/G2", "bag").pk, promised.line("E2/G3", "box").pk
    recipe, unit = promised.line("G1", "bag").pk, promised.line("E1/G1", "CC").pk
    lot = promised.lots["L2"].pk
    for line, pk in (
        (bag, promised.lots["L8"].pk),
        (bag, promised.lots["B1"].pk),
        (box, lot),
        (recipe, lot),
        (unit, lot),
    ):
        assert planner.get(f"/pending/{line}/move/{pk}/").status_code == 404
        assert planner.post(f"/pending/{line}/move/{pk}/", {}).status_code == 404


def test_the_way_back_knows_where_people_came_from(promised, planner):
    address = f"{move_address(promised)}?next=/pending/%3Fq%3Dmaple"
    fields = move_form(planner, promised, next="/pending/?q=maple")
    assert "next=%2Fpending%2F%3Fq%3Dmaple" in planner.get(address).content.decode()
    answer = planner.post(move_address(promised), fields)
    assert answer.headers["Location"].endswith("/?next=%2Fpending%2F%3Fq%3Dmaple")
    services.change_order(order_id=promised.orders["E1/G2"].pk, quantity=21, by=None)
    fields = move_form(planner, promised, next="https://example.com/")
    answer = planner.post(move_address(promised), fields)
    assert answer.headers["Location"] == f"/pending/{promised.line('E1/G2', 'bag').pk}/"


def test_the_move_page_costs_the_same_for_many_holders(bakehouse, planner):
    lot = LotFactory(product=bakehouse.products["Stars"], quantity=100)

    page = f"/pending/{bakehouse.line('E1/G2', 'bag').pk}/move/{lot.pk}/"
    hold(lot, 1)
    few = [statements(planner, page, headers=headers) for headers in ({}, MODAL)]
    hold(lot, 49)
    assert [statements(planner, page, headers=headers) for headers in ({}, MODAL)] == few
    assert few[0] <= 8


def test_the_order_page_costs_the_same_for_many_moves(bakehouse, planner):
    order = bakehouse.orders["E1/G1"]
    PromiseMoveFactory(from_order=order, inventory_item=bakehouse.lots["L1"], created_by=UserFactory())
    few = statements(planner, order.get_absolute_url())
    for _number in range(30):
        PromiseMoveFactory(to_order=order, inventory_item=bakehouse.lots["L1"], created_by=UserFactory())
    assert statements(planner, order.get_absolute_url()) == few
    assert words(planner.get(order.get_absolute_url())).count("moved here from") == MOVES_SHOWN
