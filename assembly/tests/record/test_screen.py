"""The screen for recording a run: the plan that it shows."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from assembly import services as runs
from assembly.tests.record.helpers import RUN_DAY, address, books, codes, hidden, promise, send
from packaging.models import AssemblyOrder
from packaging.tests.factories import FinishedGoodFactory

pytestmark = pytest.mark.django_db


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
