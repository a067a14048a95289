"""Stock comes in, is counted, goes out, and is put right: each form with its refusals."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from packaging import services
from packaging.models import CompositionAssignment, InventoryItem, StockMovement
from packaging.queries import check_stock
from packaging.tests.factories import (
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HUGE = "9" * 30


@pytest.fixture
def log_in(client):
    def log_in(*groups, **kwargs):
        client.force_login(UserFactory(groups=groups, **kwargs))
        return client

    return log_in


@pytest.fixture
def manager(log_in):
    return log_in("Managers")


@pytest.fixture
def planner(log_in):
    return log_in("Planners")


def html(response):
    return response.content.decode()


def said(client):
    """The messages that wait for the next page."""
    return [str(message) for message in client.get("/menu/").context["messages"]]


def htmx(target):
    return {"HX-Request": "true", "HX-Target": target}


def today():
    return timezone.localdate()


def receipt(product, /, **changes):
    typed = {"key": uuid4(), "product": product.pk, "quantity": "300", "total_cost": "10", "received_on": today()}
    return {name: value for name, value in {**typed, **changes}.items() if value is not None}


def codes(form):
    return {name: [error.code for error in errors.as_data()] for name, errors in form.errors.items()}


# Receive


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


def bake(unit, /, **changes):
    typed = {"key": uuid4(), "finished_unit": unit.pk, "quantity": "200", "received_on": today()}
    return {name: value for name, value in {**typed, **changes}.items() if value is not None}


@pytest.fixture
def unit():
    """A unit whose last bake of known cost was worth 0.42 a piece."""
    unit = FinishedUnitFactory(display_name="Cookie")
    LotFactory(finished_unit=unit, quantity=Decimal(240), total_cost=Decimal("100.80"))
    LotFactory(finished_unit=unit, quantity=Decimal(9), is_cost_known=False)
    return unit


def test_a_packer_bakes_in_without_seeing_a_cost(log_in, unit):
    packer = log_in("Packers")
    page = html(packer.get("/stock/bake/"))
    assert "total_cost" not in page
    assert "cost_unknown" not in page
    response = packer.post("/stock/bake/", bake(unit, total_cost="9999", cost_unknown="on", expires_on=today()))
    lot = InventoryItem.objects.latest("pk")
    assert response.headers["Location"] == lot.get_absolute_url()
    assert (lot.quantity, lot.total_cost, lot.is_cost_known, lot.expires_on) == (200, 84, True, today())
    assert lot.movements.get().kind == "baked"
    assert said(packer) == [f"200 pieces of Cookie came in as lot {lot.label}."]


def test_a_first_bake_without_a_value_is_of_unknown_cost(log_in):
    log_in("Packers").post("/stock/bake/", bake(FinishedUnitFactory()))
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


def test_the_part_tells_a_packer_nothing(log_in, unit):
    typed = {"finished_unit": unit.pk, "quantity": "200"}
    page = html(log_in("Packers").get("/stock/bake/", typed, headers=htmx("worth")))
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


def count(lot, **changes):
    typed = {"key": uuid4(), "expected": lot.quantity, "quantity": "7", "reason": "damaged", "words": "water"}
    return {name: value for name, value in {**typed, **changes}.items() if value is not None}


def test_a_count_writes_the_difference_and_why(log_in):
    lot = LotFactory(quantity=Decimal(10), total_cost=Decimal(3))
    packer = log_in("Packers")
    response = packer.post(f"/stock/count/?lot={lot.pk}", count(lot))
    assert response.headers["Location"] == lot.get_absolute_url()
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (7, Decimal("2.1000"))
    movement = lot.movements.latest("pk")
    assert (movement.quantity, movement.value, movement.reason) == (-3, Decimal("-0.9000"), "damaged: water")
    assert said(packer) == [f"Lot {lot.label}: 3 pieces fewer than written down."]


def test_a_count_that_agrees_needs_no_reason(log_in):
    lot = LotFactory()
    packer = log_in("Packers")
    response = packer.post(f"/stock/count/?lot={lot.pk}", count(lot, quantity="10", reason=None, words=None))
    assert response.status_code == 302
    assert lot.movements.count() == 1
    assert said(packer) == [f"Lot {lot.label}: the count agrees."]


def test_a_difference_without_a_reason_is_asked_for(log_in):
    lot = LotFactory()
    response = log_in("Packers").post(f"/stock/count/?lot={lot.pk}", count(lot, reason=None, words=None))
    assert response.status_code == 422
    assert codes(response.context["form"]) == {"reason": ["reason_missing"]}
    assert "−3" in html(response)
    assert 'value="7"' in html(response)
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (10, 1)


def test_a_stale_count_shows_the_fresh_number_and_keeps_the_typing(log_in):
    lot = LotFactory()
    services.count_lot(lot_id=lot.pk, quantity=Decimal(9), reason="lost", by=None)
    packer = log_in("Packers")
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


def test_a_count_below_what_is_promised_names_who_is_short(bakehouse, log_in):
    lot, line = bakehouse.lots["L1"], bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(30)}, by=None)
    packer = log_in("Packers")
    response = packer.post(f"/stock/count/?lot={lot.pk}", count(lot, quantity="12"))
    assert response.status_code == 302
    assert CompositionAssignment.objects.get().quantity_assigned == 30
    answer = html(packer.get(response.headers["Location"]))
    assert "Lot L1: 18 pieces fewer than written down." in answer
    short = answer[answer.index("Short now") :]
    assert "Maple Street School winter fair" in short
    assert "18 pieces of lot L1 Snowflakes" in short
    assert "Move 18 to L2 Holly" in short


def test_the_same_count_twice_is_one_count(log_in):
    lot = LotFactory()
    packer = log_in("Packers")
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
def test_a_bad_count_is_refused_and_writes_nothing(log_in, changes, fields):
    lot = LotFactory()
    response = log_in("Packers").post(f"/stock/count/?lot={lot.pk}", count(lot, **changes))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == fields
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (10, 1)


def test_the_difference_is_a_part(log_in):
    lot = LotFactory()
    packer = log_in("Packers")
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


def issue(lot, **changes):
    typed = {"key": uuid4(), "seen_free": lot.quantity, "seen_on_hand": lot.quantity, "quantity": "3", "reason": "sold"}
    return {name: value for name, value in {**typed, **changes}.items() if value is not None}


def test_issued_stock_leaves_with_its_reason(planner):
    lot = LotFactory(quantity=Decimal(10), total_cost=Decimal(3))
    response = planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot))
    assert response.headers["Location"] == lot.get_absolute_url()
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (7, Decimal("2.1000"))
    movement = lot.movements.latest("pk")
    assert (movement.kind, movement.reason) == ("issued", "sold")
    assert said(planner) == [f"Lot {lot.label}: 3 pieces issued, 7 pieces left."]
    assert "Sold" in html(planner.get(lot.get_absolute_url()))


def test_goods_may_be_issued_for_an_open_order(planner):
    order = OrderFactory()
    lot = LotFactory(finished_good=order.finished_good)
    closed = OrderFactory(finished_good=order.finished_good, status="closed")
    foreign = OrderFactory()
    form = planner.get(f"/stock/issue/?lot={lot.pk}").context["form"]
    assert list(form.fields["order"].queryset) == [order]
    for bad in (closed.pk, foreign.pk, "999", HUGE):
        assert planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, order=bad)).status_code == 422
    planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, order=order.pk, reason="delivered"))
    assert lot.movements.latest("pk").order == order
    assert "order" not in planner.get(f"/stock/issue/?lot={LotFactory().pk}").context["form"].fields


def test_more_than_is_free_is_refused_with_the_numbers(bakehouse, planner):
    lot = bakehouse.lots["L1"]
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(28)}, by=None)
    response = planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, seen_free="2"))
    assert response.status_code == 422
    assert codes(response.context["form"]) == {"__all__": ["not_free"]}
    assert "28 reserved for Maple Street School winter fair" in html(response)
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (30, 1)


def test_a_refusal_is_a_lost_race_when_what_was_shown_has_dropped(planner):
    lot = LotFactory()
    services.count_lot(lot_id=lot.pk, quantity=Decimal(2), reason="lost", by=None)
    typed = issue(lot)
    response = planner.post(f"/stock/issue/?lot={lot.pk}", typed)
    assert response.status_code == 409
    form = response.context["form"]
    assert form["quantity"].value() == "3"
    assert (Decimal(form["seen_free"].value()), Decimal(form["seen_on_hand"].value())) == (2, 2)
    fresh = {name: form[name].value() for name in ("seen_free", "seen_on_hand")}
    assert planner.post(f"/stock/issue/?lot={lot.pk}", {**typed, **fresh}).status_code == 422
    assert planner.post(f"/stock/issue/?lot={lot.pk}", {**typed, **fresh, "quantity": "2"}).status_code == 302


def test_damaged_pieces_may_be_promised_ones(bakehouse, planner):
    lot = bakehouse.lots["L1"]
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(30)}, by=None)
    response = planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, seen_free="0", reason="damaged"))
    assert response.status_code == 302
    assert "Short now" in html(planner.get(response.headers["Location"]))


def test_the_same_issue_twice_is_one(planner):
    lot = LotFactory()
    typed = issue(lot, quantity="10")
    first = planner.post(f"/stock/issue/?lot={lot.pk}", typed)
    second = planner.post(f"/stock/issue/?lot={lot.pk}", typed)
    assert first.headers["Location"] == second.headers["Location"] == lot.get_absolute_url()
    assert lot.movements.count() == 2


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        *(({"quantity": bad}, {"quantity"}) for bad in ("", "NaN", "Infinity", "1e9", "-5", "0", "2.5", HUGE)),
        *(({"reason": bad}, {"reason"}) for bad in (None, "", "eaten")),
        *(({"seen_free": bad}, {"seen_free"}) for bad in (None, "NaN")),
        *(({"key": bad}, {"key"}) for bad in (None, "x")),
        ({"quantity": "11"}, {"__all__"}),
    ],
)
def test_a_bad_issue_is_refused_and_writes_nothing(planner, changes, fields):
    lot = LotFactory()
    response = planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, **changes))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == fields
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (10, 1)


# Void, correct


def test_a_receipt_typed_wrong_is_voided(planner):
    lot = LotFactory(lot_code="L7")
    assert planner.get(f"/stock/lots/{lot.pk}/void/").status_code == 200
    response = planner.post(f"/stock/lots/{lot.pk}/void/", {"reason": "Typed twice"})
    assert response.headers["Location"] == lot.get_absolute_url()
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (0, 0)
    assert said(planner) == ["Lot L7 is voided: 10 pieces taken back."]
    second = planner.post(f"/stock/lots/{lot.pk}/void/", {"reason": "Again"})
    assert second.status_code == 409
    assert codes(second.context["form"]) == {"__all__": ["already_voided"]}
    assert lot.movements.count() == 2


@pytest.mark.parametrize("reason", ["", "   ", None, "x" * 401])
def test_a_void_without_a_reason_is_refused(planner, reason):
    lot = LotFactory()
    response = planner.post(f"/stock/lots/{lot.pk}/void/", {} if reason is None else {"reason": reason})
    assert response.status_code == 422
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (10, 1)


def test_a_lot_that_was_used_is_not_voided(planner):
    lot = LotFactory()
    services.count_lot(lot_id=lot.pk, quantity=Decimal(9), reason="lost", by=None)
    response = planner.post(f"/stock/lots/{lot.pk}/void/", {"reason": "Typed twice"})
    assert response.status_code == 422
    assert codes(response.context["form"]) == {"__all__": ["goods_used"]}
    lot.refresh_from_db()
    assert lot.quantity == 9


def test_a_cost_is_corrected(manager):
    lot = LotFactory(quantity=Decimal(5), quantity_received=10, total_cost=Decimal(3), value=Decimal("1.5"))
    typed = {"seen": "3", "total_cost": "4", "reason": "The bill came", "key": uuid4()}
    response = manager.post(f"/stock/lots/{lot.pk}/cost/", typed)
    assert response.headers["Location"] == lot.get_absolute_url()
    lot.refresh_from_db()
    assert (lot.total_cost, lot.value, lot.is_cost_known) == (4, 2, True)
    assert check_stock() == []


def test_a_cost_that_somebody_else_corrected_is_a_conflict(manager):
    lot = LotFactory(total_cost=Decimal(3))
    services.correct_cost(lot_id=lot.pk, total_cost=Decimal(5), reason="bill", by=None)
    typed = {"seen": "3", "total_cost": "4", "reason": "The bill came", "key": uuid4()}
    response = manager.post(f"/stock/lots/{lot.pk}/cost/", typed)
    assert response.status_code == 409
    form = response.context["form"]
    assert (form["total_cost"].value(), form["reason"].value()) == ("4", "The bill came")
    assert Decimal(form["seen"].value()) == 5
    lot.refresh_from_db()
    assert (lot.total_cost, lot.movements.count()) == (5, 2)
    assert manager.post(f"/stock/lots/{lot.pk}/cost/", {**typed, "seen": form["seen"].value()}).status_code == 302


@pytest.mark.parametrize(
    "changes", [*({"total_cost": bad} for bad in ("", "NaN", "1e9", "-1", "1.23456", HUGE)), {"reason": ""}]
)
def test_a_bad_correction_is_refused(manager, changes):
    lot = LotFactory(total_cost=Decimal(3))
    typed = {"total_cost": "4", "reason": "bill", "key": uuid4(), **changes}
    response = manager.post(f"/stock/lots/{lot.pk}/cost/", typed)
    assert response.status_code == 422
    lot.refresh_from_db()
    assert (lot.total_cost, lot.movements.count()) == (3, 1)


def test_whoever_may_not_see_costs_is_not_shown_the_old_one(log_in):
    lot = LotFactory(total_cost=Decimal("98.76"))
    clerk = log_in(permissions=["packaging.correct_costs", "packaging.view_inventoryitem"])
    assert "98.76" not in html(clerk.get(f"/stock/lots/{lot.pk}/cost/"))
    typed = {"total_cost": "4", "reason": "bill", "key": uuid4()}
    assert clerk.post(f"/stock/lots/{lot.pk}/cost/", typed).status_code == 302


# Who may, and how


FORMS = {
    "/stock/receive/": {"Planners", "Managers"},
    "/stock/opening/": {"Planners", "Managers"},
    "/stock/bake/": {"Packers", "Planners", "Managers"},
    "/stock/count/?lot={lot}": {"Packers", "Planners", "Managers"},
    "/stock/issue/?lot={lot}": {"Planners", "Managers"},
    "/stock/lots/{lot}/void/": {"Planners", "Managers"},
    "/stock/lots/{lot}/cost/": {"Managers"},
}


@pytest.mark.parametrize("address", FORMS)
def test_each_form_has_its_permission(client, address):
    lot = LotFactory()
    place = address.format(lot=lot.pk)
    assert client.get(place).status_code == 302
    for group in ("Packers", "Planners", "Managers"):
        client.force_login(UserFactory(groups=[group]))
        may = group in FORMS[address]
        assert client.get(place).status_code == (200 if may else 403)
        assert client.post(place).status_code == (422 if may else 403)
        assert client.put(place).status_code == 405
    lot.refresh_from_db()
    assert lot.movements.count() == 1


@pytest.mark.parametrize("address", [address for address in FORMS if "cost" not in address])
def test_a_planner_sees_no_cost_on_a_form(planner, address):
    lot = LotFactory(quantity=Decimal(3), total_cost=Decimal("98.76"), finished_unit=FinishedUnitFactory())
    page = html(planner.get(address.format(lot=lot.pk)))
    assert "98.76" not in page
    assert "32.92" not in page
    assert "€" not in page


def test_designs_stand_under_their_generic_product(planner):
    generic = GenericProductFactory(name="Cello bag")
    ProductFactory(generic_product=generic, design="Holly")
    page = html(planner.get("/stock/receive/"))
    assert '<optgroup label="Cello bag">' in page
    assert ">Holly</option>" in page
