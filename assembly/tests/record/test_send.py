"""Recording a run: what is written."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from assembly.models import AssemblyRun
from assembly.tests.record.helpers import RUN_DAY, address, books, codes, hidden, left, send
from packaging import services

pytestmark = pytest.mark.django_db


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
