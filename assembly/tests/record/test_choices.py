"""Lots that are chosen while a run is recorded."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from assembly.tests.record.helpers import RUN_DAY, address, books, choice, codes, hidden, left, promise, send
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


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
