"""Counting, by HTTP."""

from decimal import Decimal
from uuid import uuid4

import pytest

from packaging import services
from packaging.models import CompositionAssignment
from packaging.tests.factories import LotFactory
from packaging.tests.pages import sign_in
from packaging.tests.stock_moves.helpers import HUGE, codes, html, htmx, said

pytestmark = pytest.mark.django_db


def count(lot, **changes):
    typed = {"key": uuid4(), "expected": lot.quantity, "quantity": "7", "reason": "damaged", "words": "water"}
    return {name: value for name, value in {**typed, **changes}.items() if value is not None}


def test_a_count_writes_the_difference_and_why():
    lot = LotFactory(quantity=Decimal(10), total_cost=Decimal(3))
    packer = sign_in("Packers")
    response = packer.post(f"/stock/count/?lot={lot.pk}", count(lot))
    assert response.headers["Location"] == lot.get_absolute_url()
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (7, Decimal("2.1000"))
    movement = lot.movements.latest("pk")
    assert (movement.quantity, movement.value, movement.reason) == (-3, Decimal("-0.9000"), "damaged: water")
    assert said(packer) == [f"Lot {lot.label}: 3 pieces fewer than written down."]


def test_a_count_that_agrees_needs_no_reason():
    lot = LotFactory()
    packer = sign_in("Packers")
    response = packer.post(f"/stock/count/?lot={lot.pk}", count(lot, quantity="10", reason=None, words=None))
    assert response.status_code == 302
    assert lot.movements.count() == 1
    assert said(packer) == [f"Lot {lot.label}: the count agrees."]


def test_a_difference_without_a_reason_is_asked_for():
    lot = LotFactory()
    response = sign_in("Packers").post(f"/stock/count/?lot={lot.pk}", count(lot, reason=None, words=None))
    assert response.status_code == 422
    assert codes(response.context["form"]) == {"reason": ["reason_missing"]}
    assert "−3" in html(response)
    assert 'value="7"' in html(response)
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (10, 1)


def test_a_stale_count_shows_the_fresh_number_and_keeps_the_typing():
    lot = LotFactory()
    services.count_lot(lot_id=lot.pk, quantity=Decimal(9), reason="lost", by=None)
    packer = sign_in("Packers")
    typed = count(lot)
    response = packer.post(f"/stock/count/?lot={lot.pk}", typed)
    assert response.status_code == 409
    form = response.context["form"]
    assert codes(form) == {"__all__": ["stale_version"]}
    assert (form["quantity"].value(), form["reason"].value(), form["words"].value()) == ("7", "damaged", "water")
    assert Decimal(form["expected"].value()) == 9
    assert "9 pieces" in html(response)
    assert lot.movements.count() == 2
    again = packer.post(f"/stock/count/?lot={lot.pk}", {**typed, "expected": form["expected"].value()})
    assert again.status_code == 302
    lot.refresh_from_db()
    assert lot.quantity == 7


def test_a_count_below_what_is_promised_names_who_is_short(bakehouse):
    lot, line = bakehouse.lots["L1"], bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(30)}, by=None)
    packer = sign_in("Packers")
    response = packer.post(f"/stock/count/?lot={lot.pk}", count(lot, quantity="12"))
    assert response.status_code == 302
    assert CompositionAssignment.objects.get().quantity_assigned == 30
    answer = html(packer.get(response.headers["Location"]))
    assert "Lot L1: 18 pieces fewer than written down." in answer
    short = answer[answer.index("Short now") :]
    assert "Maple Street School winter fair" in short
    assert "18 pieces of lot L1 Snowflakes" in short
    assert "Move 18 to L2 Holly" in short


def test_the_same_count_twice_is_one_count():
    lot = LotFactory()
    packer = sign_in("Packers")
    typed = count(lot)
    first = packer.post(f"/stock/count/?lot={lot.pk}", typed)
    second = packer.post(f"/stock/count/?lot={lot.pk}", typed)
    assert first.headers["Location"] == second.headers["Location"] == lot.get_absolute_url()
    assert lot.movements.count() == 2


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        *(
            ({"quantity": bad}, {"quantity"})
            for bad in ("", "NaN", "Infinity", "1e9", "-5", "2.5", "1.2345", HUGE, "many")
        ),
        ({"reason": "stolen"}, {"reason"}),
        ({"words": "x" * 401}, {"words"}),
        *(({"expected": bad}, {"expected"}) for bad in (None, "", "x", "NaN", "-1")),
        *(({"key": bad}, {"key"}) for bad in (None, "", "x")),
    ],
)
def test_a_bad_count_is_refused_and_writes_nothing(changes, fields):
    lot = LotFactory()
    response = sign_in("Packers").post(f"/stock/count/?lot={lot.pk}", count(lot, **changes))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == fields
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (10, 1)


def test_the_difference_is_a_part():
    lot = LotFactory()
    packer = sign_in("Packers")
    response = packer.get(f"/stock/count/?lot={lot.pk}&quantity=7", headers=htmx("difference"))
    assert html(response).lstrip().startswith('<div id="difference"')
    assert "−3" in html(response)
    assert "Agrees" in html(packer.get(f"/stock/count/?lot={lot.pk}&quantity=10", headers=htmx("difference")))
    assert lot.movements.count() == 1


@pytest.mark.parametrize("page", ["count", "issue"])
def test_the_lot_is_picked_or_searched(manager, page):
    lot = LotFactory(lot_code="L7")
    gone = LotFactory(lot_code="L8", quantity=0, value=0, quantity_received=1)
    response = manager.get(f"/stock/{page}/")
    assert f"?lot={lot.pk}" in html(response)
    assert f"?lot={gone.pk}" not in html(response)
    assert manager.get(f"/stock/{page}/?q=l7").headers["Location"] == f"/stock/{page}/?lot={lot.pk}"
    part = manager.get(f"/stock/{page}/?q=L8&show=list", headers=htmx("rows"))
    assert f"?lot={gone.pk}" in html(part)
    assert "<h1>" not in html(part)
    assert "Nothing matches." in html(manager.get(f"/stock/{page}/?q=zzz"))
    for bad in ("abc", "999", HUGE):
        assert manager.get(f"/stock/{page}/?lot={bad}").status_code == 404
        assert manager.post(f"/stock/{page}/?lot={bad}").status_code == 404
    assert manager.post(f"/stock/{page}/").status_code == 404


# Issue
