"""Baking in, and goods that are there already, by HTTP."""

from decimal import Decimal
from uuid import uuid4

import pytest

from packaging.models import InventoryItem
from packaging.tests.factories import FinishedGoodFactory, FinishedUnitFactory
from packaging.tests.pages import sign_in
from packaging.tests.stock_moves.helpers import HUGE, html, htmx, said, today

pytestmark = pytest.mark.django_db


def bake(unit, /, **changes):
    typed = {"key": uuid4(), "finished_unit": unit.pk, "quantity": "200", "received_on": today()}
    return {name: value for name, value in {**typed, **changes}.items() if value is not None}


def test_a_packer_bakes_in_without_seeing_a_cost(unit):
    packer = sign_in("Packers")
    page = html(packer.get("/stock/bake/"))
    assert "total_cost" not in page
    assert "cost_unknown" not in page
    response = packer.post("/stock/bake/", bake(unit, total_cost="9999", cost_unknown="on", expires_on=today()))
    lot = InventoryItem.objects.latest("pk")
    assert response.headers["Location"] == lot.get_absolute_url()
    assert (lot.quantity, lot.total_cost, lot.is_cost_known, lot.expires_on) == (200, 84, True, today())
    assert lot.movements.get().kind == "baked"
    assert said(packer) == [f"200 pieces of Cookie came in as lot {lot.label}."]


def test_a_first_bake_without_a_value_is_of_unknown_cost():
    sign_in("Packers").post("/stock/bake/", bake(FinishedUnitFactory()))
    lot = InventoryItem.objects.get()
    assert (lot.total_cost, lot.is_cost_known) == (0, False)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"total_cost": "90"}, (90, True)),
        ({"total_cost": ""}, (84, True)),
        ({"total_cost": "0"}, (0, True)),
        ({"total_cost": "", "cost_unknown": "on"}, (0, False)),
        ({"total_cost": "42", "proposed": "{unit}:100:42"}, (84, True)),  # filled in for 100, then 200 were typed
        ({"total_cost": "84", "proposed": "{unit}:200:84"}, (84, True)),
        ({"total_cost": "43", "proposed": "{unit}:100:42"}, (43, True)),  # typed by hand
        ({"total_cost": "84", "proposed": "{unit}:200:84", "cost_unknown": "on"}, (0, False)),
    ],
)
def test_the_value_follows_the_last_bake_unless_it_was_typed(manager, unit, changes, expected):
    changes = {name: text.format(unit=unit.pk) for name, text in changes.items()}
    assert manager.post("/stock/bake/", bake(unit, **changes)).status_code == 302
    lot = InventoryItem.objects.latest("pk")
    assert (lot.total_cost, lot.is_cost_known) == expected


def test_the_value_is_filled_in_as_a_part(manager, unit):
    typed = {"finished_unit": unit.pk, "quantity": "200"}
    response = manager.get("/stock/bake/", typed, headers=htmx("worth"))
    assert html(response).lstrip().startswith('<div class="form" id="worth"')
    assert 'value="84"' in html(response)
    assert f'value="{unit.pk}:200:84"' in html(response)
    assert 'role="alert"' not in html(response)
    typed = {"finished_unit": unit.pk, "quantity": "200", "total_cost": "90", "proposed": f"{unit.pk}:100:42"}
    assert 'value="90"' in html(manager.get("/stock/bake/", typed, headers=htmx("worth")))
    page = manager.get(f"/stock/bake/?unit={unit.pk}&quantity=200")
    assert page.context["form"]["total_cost"].value() == "84"


def test_the_part_tells_a_packer_nothing(unit):
    typed = {"finished_unit": unit.pk, "quantity": "200"}
    page = html(sign_in("Packers").get("/stock/bake/", typed, headers=htmx("worth")))
    assert "84" not in page
    assert "total_cost" not in page


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        *(({"quantity": bad}, {"quantity"}) for bad in ("NaN", "Infinity", "1e9", "-5", "0", "2.5", "", HUGE)),
        *(({"finished_unit": bad}, {"finished_unit"}) for bad in ("", "999", "abc", HUGE)),
        ({"total_cost": "NaN"}, {"total_cost"}),
        ({"total_cost": "3", "cost_unknown": "on"}, {"total_cost"}),
        ({"proposed": "x" * 101}, {"proposed"}),
        ({"key": None}, {"key"}),
        ({"expires_on": "2001-01-01"}, {"expires_on"}),
    ],
)
def test_a_bad_bake_is_refused_and_writes_nothing(manager, unit, changes, fields):
    response = manager.post("/stock/bake/", bake(unit, **changes))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == fields
    assert InventoryItem.objects.count() == 2


@pytest.mark.parametrize("query", ["?unit=abc", "?unit=999", f"?unit={HUGE}", "?quantity=x"])
def test_a_bake_of_nothing_is_404(manager, query):
    assert manager.get(f"/stock/bake/{query}").status_code == 404


# Opening stock


def test_goods_that_are_there_already_come_in(planner):
    good = FinishedGoodFactory()
    typed = {
        "key": uuid4(),
        "finished_good": good.pk,
        "quantity": "8",
        "total_cost": "177.2553",
        "received_on": today(),
    }
    response = planner.post("/stock/opening/", typed)
    lot = InventoryItem.objects.get()
    assert response.headers["Location"] == lot.get_absolute_url()
    assert (lot.finished_good, lot.quantity, lot.total_cost) == (good, 8, Decimal("177.2553"))
    assert planner.post("/stock/opening/", typed).headers["Location"] == lot.get_absolute_url()
    assert InventoryItem.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [{"quantity": "2.5"}, {"quantity": "NaN"}, {"finished_good": "999"}, {"total_cost": ""}, {"key": ""}],
)
def test_bad_opening_stock_is_refused(planner, changes):
    good = FinishedGoodFactory()
    typed = {"key": uuid4(), "finished_good": good.pk, "quantity": "8", "total_cost": "1", "received_on": today()}
    assert planner.post("/stock/opening/", {**typed, **changes}).status_code == 422
    assert not InventoryItem.objects.exists()
    assert planner.get("/stock/opening/?good=999").status_code == 404
    assert planner.get(f"/stock/opening/?good={good.pk}").context["form"]["finished_good"].value() == good.pk


# Count
