"""What cannot be recorded is refused with a sentence."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from assembly.tests.record.helpers import RUN_DAY, address, books, codes, hidden, send

pytestmark = pytest.mark.django_db


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
