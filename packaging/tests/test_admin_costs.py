"""Costs in the admin and in its exports, only for whoever may see them."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from openpyxl import load_workbook

from packaging.models import (
    InventoryItem,
    Product,
    StockMovement,
)
from packaging.tests.admin_checks import columns_of, html_of, page
from packaging.tests.admin_models import staff
from packaging.tests.factories import (
    GenericProductFactory,
    LotFactory,
    MovementFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def priced_lot():
    lot = LotFactory(lot_code="L-77", quantity=Decimal(8), total_cost=Decimal("98.7654"))
    MovementFactory(inventory_item=lot, quantity=0, value=Decimal("12.3456"), kind="corrected")
    return lot


PRICES = ("98.7", "12.35", "12.345")


LOOKERS = ("view_inventoryitem", "view_stockmovement", "view_product")


def pages_with_costs(lot):
    return [
        page(InventoryItem, "changelist"),
        page(InventoryItem, "change", lot.pk),
        page(StockMovement, "changelist"),
        page(StockMovement, "change", lot.movements.last().pk),
        page(Product, "change", lot.product_id),
    ]


def test_costs_are_hidden_from_whoever_may_not_see_them(priced_lot):
    client = staff(*LOOKERS)
    for url in pages_with_costs(priced_lot):
        html = html_of(client.get(url))
        assert "€" not in html
        assert not [price for price in PRICES if price in html]


def test_costs_are_shown_to_whoever_may_see_them(priced_lot):
    client = staff(*LOOKERS, "view_costs")
    for url in pages_with_costs(priced_lot):
        assert "€" in html_of(client.get(url))


def test_costs_are_not_told_by_a_filter_either(priced_lot):
    url = page(InventoryItem, "changelist")
    for lookup in ("value__gt", "total_cost__lt", "movements__value__gt"):
        assert staff("view_inventoryitem").get(url, {lookup: "50"}).status_code == 400
    assert staff("view_inventoryitem", "view_costs").get(url, {"value__gt": "50"}).status_code == 200


def test_an_unknown_cost_is_called_unknown(admin_page):
    lot = LotFactory(is_cost_known=False)
    assert "unknown" in html_of(admin_page.get(page(InventoryItem, "change", lot.pk)))


def exported(client, row):
    answer = client.post(page(type(row), "changelist"), {"action": "export_csv", "_selected_action": [row.pk]})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = answer.content.decode("utf-8-sig").splitlines()
    return dict(zip(lines[0].split(","), lines[1].split(","), strict=True))


def test_the_export_has_exact_numbers_and_names(admin_page, priced_lot):
    row = exported(admin_page, priced_lot)
    assert (row["Lot"], row["On hand"], row["Value"]) == ("L-77", "8", "98.7654")
    assert row["Holds"] == str(priced_lot.item)
    assert row["Received"] == "2025-12-01"


def test_the_export_hides_costs_too(priced_lot):
    assert "Value" not in exported(staff("view_inventoryitem"), priced_lot)


def test_the_export_holds_no_formula(admin_page):
    product = ProductFactory(design="=1+1", supplier="@sum")
    row = exported(admin_page, product)
    assert (row["Design"], row["Supplier"]) == ("'=1+1", "'@sum")
    assert exported(admin_page, MovementFactory(quantity=-3))["Quantity"] == "-3"


@pytest.mark.parametrize(
    ("zone", "written"),
    [("Europe/Berlin", "2025-12-10T00:30:05+01:00"), ("Asia/Kathmandu", "2025-12-10T05:15:05+05:45")],
)
def test_the_export_has_the_time_of_the_shop_as_its_lists_do(admin_page, monkeypatch, zone, written):
    with monkeypatch.context() as then:
        then.setattr(timezone, "now", lambda: datetime(2025, 12, 9, 23, 30, 5, 123456, tzinfo=UTC))
        movement = MovementFactory()
    data = {"action": "export_xlsx", "_selected_action": [movement.pk]}
    with timezone.override(zone):
        assert exported(admin_page, movement)["Created at"] == written
        answer = admin_page.post(page(StockMovement, "changelist"), data)
    cell = load_workbook(BytesIO(answer.content)).active["A2"]
    assert (cell.value.isoformat(), cell.number_format) == (written[:19], "yyyy-mm-dd hh:mm")


def test_the_export_of_generic_products_has_their_stock(admin_page):
    lot = LotFactory(quantity=7)
    row = exported(admin_page, lot.product.generic_product)
    assert (row["On hand"], row["Free"]) == ("7", "7")


def test_columns_depend_on_the_permission(priced_lot):
    url = page(InventoryItem, "changelist")
    assert "worth" not in columns_of(staff("view_inventoryitem").get(url))
    assert "worth" in columns_of(staff("view_inventoryitem", "view_costs").get(url))


def test_the_models_hold_r7_without_the_admin_too():
    lot = LotFactory()
    lot.product.generic_product.unit = "box"
    with pytest.raises(ValidationError) as refused:
        lot.product.generic_product.full_clean()
    assert set(refused.value.error_dict) == {"unit"}
    lot.product.generic_product = GenericProductFactory()
    with pytest.raises(ValidationError) as refused:
        lot.product.full_clean()
    assert set(refused.value.error_dict) == {"generic_product"}
