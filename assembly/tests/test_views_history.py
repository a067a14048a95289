"""Runs narrowed by day, good, order, event, person, design and lot."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from assembly.tests.test_scenarios import assign_s03, record
from assembly.tests.test_views_runs import count, logged_in
from packaging.tests.factories import UserFactory

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
    assert few <= 10
