"""Receiving packaging, by HTTP."""

from datetime import timedelta

import pytest

from packaging import services
from packaging.models import InventoryItem, StockMovement
from packaging.queries import check_stock
from packaging.tests.factories import FinishedUnitFactory, LotFactory, ProductFactory
from packaging.tests.stock_moves.helpers import HUGE, codes, html, htmx, receipt, said, today

pytestmark = pytest.mark.django_db


def test_a_delivery_in_packs_comes_in(planner):
    product = ProductFactory(pack_size=100)
    typed = receipt(product, quantity=None, packs="3", units_per_pack="120", lot_code="L7", supplier=" Labelhaus ")
    response = planner.post("/stock/receive/", typed)
    lot = InventoryItem.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, lot.get_absolute_url())
    assert (lot.quantity, lot.total_cost, lot.value, lot.is_cost_known) == (360, 10, 10, True)
    assert (lot.lot_code, lot.supplier, lot.received_on, lot.product) == ("L7", "Labelhaus", today(), product)
    assert lot.movements.get().created_by is not None
    assert said(planner) == [f"360 pieces of {product} came in as lot L7."]


def test_packs_without_a_size_are_as_the_design_is_sold(planner):
    planner.post("/stock/receive/", receipt(ProductFactory(pack_size=100), quantity=None, packs="3"))
    assert InventoryItem.objects.get().quantity == 300


def test_a_gift_and_an_unknown_cost_differ(planner):
    planner.post("/stock/receive/", receipt(ProductFactory(), total_cost="0"))
    planner.post("/stock/receive/", receipt(ProductFactory(), total_cost=None, cost_unknown="on"))
    assert [(lot.total_cost, lot.is_cost_known) for lot in InventoryItem.objects.order_by("pk")] == [
        (0, True),
        (0, False),
    ]


def test_the_same_form_twice_makes_one_lot_and_shows_it(planner):
    typed = receipt(ProductFactory(), lot_code="L7")
    first = planner.post("/stock/receive/", typed)
    second = planner.post("/stock/receive/", typed)
    assert first.headers["Location"] == second.headers["Location"]
    assert second.status_code == 302
    assert InventoryItem.objects.count() == StockMovement.objects.count() == 1


def test_the_second_sending_is_answered_before_anything_is_checked(planner):
    product = ProductFactory()
    typed = receipt(product)
    planner.post("/stock/receive/", typed)
    product.is_archived = True
    product.save()
    response = planner.post("/stock/receive/", {"key": typed["key"]})
    assert response.headers["Location"] == InventoryItem.objects.get().get_absolute_url()


def test_a_delivery_may_go_on_with_the_next(planner):
    response = planner.post("/stock/receive/", receipt(ProductFactory(), supplier="Labelhaus", again="1"))
    lot = InventoryItem.objects.get()
    assert response.headers["Location"] == f"/stock/receive/?lot={lot.pk}"
    form = planner.get(response.headers["Location"]).context["form"]
    assert (form["product"].value(), form["supplier"].value()) == (lot.product_id, "Labelhaus")


def test_a_code_that_is_there_leads_to_the_other_lot(planner):
    other = LotFactory(lot_code="l7")
    response = planner.post("/stock/receive/", receipt(ProductFactory(), lot_code=" L7 ", notes="kept"))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["lot_code"]
    assert f'href="{other.get_absolute_url()}"' in html(response)
    assert "kept" in html(response)
    assert InventoryItem.objects.count() == 1


def test_the_code_of_a_voided_receipt_may_be_used_again(planner):
    services.void_receipt(lot_id=LotFactory(lot_code="L7").pk, reason="typo", by=None)
    assert planner.post("/stock/receive/", receipt(ProductFactory(), lot_code="L7")).status_code == 302


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        *(({"quantity": bad}, {"quantity"}) for bad in ("NaN", "Infinity", "1e9", "-5", "0", "1.2345", "1,5", HUGE)),
        ({"quantity": "2.5"}, {"quantity"}),
        ({"quantity": None}, {"packs"}),
        ({"packs": "2"}, {"quantity"}),
        ({"quantity": None, "packs": "1.5"}, {"packs"}),
        ({"quantity": None, "packs": "1000000", "units_per_pack": "99999999"}, {"quantity"}),
        ({"quantity": None, "packs": "1", "units_per_pack": "0"}, {"units_per_pack"}),
        *(({"total_cost": bad}, {"total_cost"}) for bad in ("NaN", "Infinity", "1e9", "-5", "1.23456", HUGE, "ten")),
        ({"total_cost": None}, {"total_cost"}),
        ({"cost_unknown": "on"}, {"total_cost"}),
        *(({"product": bad}, {"product"}) for bad in ("", "999", "abc", HUGE)),
        *(({"received_on": bad}, {"received_on"}) for bad in ("", "tomorrow", "1999-01-01", "2031-02-30")),
        ({"expires_on": "2001-01-01"}, {"expires_on"}),
        ({"lot_code": "x" * 101}, {"lot_code"}),
        *(({"key": bad}, {"key"}) for bad in (None, "", "1", HUGE)),
    ],
)
def test_a_bad_receipt_is_refused_and_writes_nothing(planner, changes, fields):
    product = ProductFactory()
    response = planner.post("/stock/receive/", receipt(product, notes="Keep me", **changes))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == fields
    assert "Keep me" in html(response)
    assert InventoryItem.objects.count() == StockMovement.objects.count() == 0


def test_nothing_at_all_is_refused(planner):
    response = planner.post("/stock/receive/")
    assert response.status_code == 422
    assert "key" in response.context["form"].errors


def test_a_missing_key_is_not_invented(planner):
    response = planner.post("/stock/receive/", receipt(ProductFactory(), key=None))
    assert "Load the page again" in html(response)
    assert not response.context["form"]["key"].value()


def test_a_receipt_from_the_future_is_refused(planner):
    response = planner.post("/stock/receive/", receipt(ProductFactory(), received_on=today() + timedelta(days=1)))
    assert response.status_code == 422
    assert codes(response.context["form"]) == {"received_on": ["bad_date"]}
    assert not InventoryItem.objects.exists()


def test_an_archived_design_is_not_offered(planner):
    product = ProductFactory(is_archived=True)
    assert product.design not in html(planner.get("/stock/receive/"))
    assert planner.post("/stock/receive/", receipt(product)).status_code == 422


def test_a_generic_product_with_one_design_fills_it_in(planner):
    product = ProductFactory()
    other = ProductFactory()
    response = planner.get(f"/stock/receive/?generic={product.generic_product_id}")
    assert response.context["form"]["product"].value() == product.pk
    assert other.design not in html(response)
    ProductFactory(generic_product=product.generic_product)
    response = planner.get(f"/stock/receive/?generic={product.generic_product_id}")
    assert response.context["form"]["product"].value() is None
    assert planner.get(f"/stock/receive/?product={other.pk}").context["form"]["product"].value() == other.pk


@pytest.mark.parametrize("name", ["product", "generic", "lot"])
@pytest.mark.parametrize("bad", ["abc", "999", HUGE, "-1", "1.5"])
def test_an_address_that_names_nothing_is_404(planner, name, bad):
    assert planner.get(f"/stock/receive/?{name}={bad}").status_code == 404


def test_the_next_code_is_proposed(planner):
    LotFactory(lot_code="L-0009")
    LotFactory(lot_code="L-0010", finished_unit=FinishedUnitFactory())
    assert planner.get("/stock/receive/").context["form"]["lot_code"].value() == "L-0011"
    assert planner.get("/stock/bake/").context["form"]["lot_code"].value() == "L-0011"
    LotFactory(lot_code="christmas")
    assert planner.get("/stock/receive/").context["form"]["lot_code"].value() == ""


def test_the_preview_is_a_part_that_writes_nothing(manager):
    product = ProductFactory(pack_size=100)
    typed = {"product": product.pk, "packs": "3", "total_cost": "10"}
    response = manager.get("/stock/receive/", typed, headers=htmx("preview"))
    assert response.status_code == 200
    assert html(response).lstrip().startswith('<div class="dock-text" id="preview"')
    assert "300 pieces" in html(response)
    assert "€0.0333" in html(response)
    assert "csrf" not in html(response)
    half = manager.get("/stock/receive/", {"packs": "NaN"}, headers=htmx("preview"))
    assert "Enter packs or stock units." in html(half)
    assert not InventoryItem.objects.exists()


def test_the_preview_shows_no_cost_to_whoever_may_not_see_it(planner):
    typed = {"product": ProductFactory().pk, "quantity": "300", "total_cost": "10"}
    page = html(planner.get("/stock/receive/", typed, headers=htmx("preview")))
    assert "300" in page
    assert "<data" not in page
    assert "each" not in page


def test_a_receipt_can_be_undone_at_once(planner):
    planner.post("/stock/receive/", receipt(ProductFactory()))
    lot = InventoryItem.objects.get()
    page = html(planner.get(lot.get_absolute_url()))
    assert f'action="/stock/lots/{lot.pk}/void/"' in page
    response = planner.post(f"/stock/lots/{lot.pk}/void/", {"reason": "Undone right away"})
    assert response.status_code == 302
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (0, 0)
    assert check_stock() == []


# Bake
