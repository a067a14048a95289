"""Runs narrowed by day, good, order, event, person, design and lot."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import reverse

from assembly.models import AssemblyRun
from assembly.queries import run_filters
from assembly.tests.test_scenarios import assign_s03, record
from assembly.tests.test_views_runs import count, logged_in
from packaging.tests.factories import UserFactory
from packaging.tests.test_pending_speed import plans

pytestmark = pytest.mark.django_db


@pytest.fixture
def packer():
    return UserFactory(username="packer", groups=["Packers"])


@pytest.fixture
def client(packer):
    return logged_in(packer)


@pytest.fixture
def runs(bakehouse, packer):
    """One run for an event, two of a good without an order, on three days by two people."""
    assign_s03(bakehouse)
    other = UserFactory(username="other")
    return [
        record(bakehouse, "E1/G1", 20, by=packer, assembled_at=datetime(2025, 12, 9, 10, tzinfo=UTC)),
        record(bakehouse, "G7", 2, by=packer, assembled_at=datetime(2025, 12, 10, 0, tzinfo=UTC)),
        record(bakehouse, "G7", 14, by=other, assembled_at=datetime(2025, 12, 10, 23, 59, tzinfo=UTC)),
    ]


def listed(client, runs, **words):
    answer = client.get(reverse("assembly:run_list"), words)
    assert answer.status_code == 200
    return sorted(runs.index(run) for run in answer.context["page"].rows)


def test_each_filter_leaves_what_fits(client, bakehouse, runs):
    assert listed(client, runs) == [0, 1, 2]
    assert listed(client, runs, since="2025-12-10") == [1, 2]
    assert listed(client, runs, until="2025-12-09") == [0]
    assert listed(client, runs, since="2025-12-10", until="2025-12-10") == [1, 2]
    assert listed(client, runs, good=bakehouse.goods["G7"].pk) == [1, 2]
    assert listed(client, runs, event=bakehouse.events["E1"].pk) == [0]
    assert listed(client, runs, order=runs[1].order_id) == [1]
    assert listed(client, runs, person=runs[0].recorded_by_id) == [0, 1]
    assert listed(client, runs, design=bakehouse.products["Snowflakes"].pk) == [0]
    assert listed(client, runs, lot="L6") == [1, 2]
    assert listed(client, runs, lot="l7") == [2]
    assert listed(client, runs, lot=f"#{runs[0].goods_lot_id}") == [0]
    assert listed(client, runs, lot="nothing") == []
    assert listed(client, runs, lot="L6", person=runs[0].recorded_by_id) == [1]


@pytest.mark.parametrize("word", ["good", "event", "person", "design", "order", "since", "until"])
def test_a_filter_that_cannot_be_is_refused(client, runs, word):
    answer = client.get(reverse("assembly:run_list"), {word: "x"})
    assert (answer.status_code, answer.context["page"].rows) == (422, [])


def test_the_statements_do_not_grow(client, bakehouse, runs):
    address = reverse("assembly:run_list") + f"?lot=L11&design={bakehouse.products['Snowflakes'].pk}"
    few = count(client, address)
    for _run in range(5):
        record(bakehouse, "E1/G1", 1)
    assert count(client, address) == few
    assert few <= 11


def test_a_filter_that_an_address_names_is_offered_with_runs_or_without(client, bakehouse, runs):
    empty = bakehouse.goods["G4"]
    answer = client.get(reverse("assembly:run_list"), {"good": empty.pk})
    assert (answer.status_code, answer.context["page"].rows) == (200, [])
    assert f'<option value="{empty.pk}" selected>' in answer.content.decode()
    assert client.get(reverse("assembly:run_list"), {"good": 10**6}).status_code == 422


def test_orders_events_goods_designs_and_lots_lead_to_their_runs(client, bakehouse, runs):
    wanted = {
        bakehouse.orders["E1/G1"]: f"?order={bakehouse.orders['E1/G1'].pk}",
        bakehouse.events["E1"]: f"?event={bakehouse.events['E1'].pk}",
        bakehouse.goods["G1"]: f"?good={bakehouse.goods['G1'].pk}",
        bakehouse.generics["bag"]: f"?design={bakehouse.products['Snowflakes'].pk}",
        bakehouse.lots["L1"]: f"?lot=%23{bakehouse.lots['L1'].pk}",
    }
    for thing, words in wanted.items():
        address = reverse("assembly:run_list") + words
        assert f'href="{address}"' in client.get(thing.get_absolute_url()).content.decode(), thing
        assert client.get(address).context["page"].rows == [runs[0]]
    order = client.get(reverse("assembly:run_list") + wanted[bakehouse.orders["E1/G1"]]).content.decode()
    assert "Maple Street School winter fair" in order


READS_ALL_RUNS = re.compile(
    r"(Seq Scan on|SCAN) (assembly_assembly\w+|U\d)\b(?! USING (COVERING )?INDEX idx_assembly_run_assembled_at)"
)


@pytest.mark.parametrize("words", [{}, {"event": 1}, {"order": 1}, {"design": 1}, {"lot": "L1"}, {"good": 1}])
def test_no_page_of_the_history_reads_all_runs(bakehouse, runs, words):
    given = {"event": bakehouse.events["E1"].pk, "order": runs[0].order_id, "good": runs[0].finished_good_id}
    given |= {"design": bakehouse.products["Snowflakes"].pk, "lot": "L1"}
    narrowed = {name: given[name] for name in words}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # at this size a scan is nearly as cheap: ask whether an index can serve
            cursor.execute("SET LOCAL enable_seqscan = off")
    rows = AssemblyRun.objects.with_names().with_open_debt().narrowed(**narrowed).newest_first()[:51]
    for action in (run_filters, lambda: list(rows)):
        for plan in plans(action):
            assert READS_ALL_RUNS.search(plan) is None, plan
