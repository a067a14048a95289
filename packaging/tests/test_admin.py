"""The pages of the admin: master data is edited, the rest is only shown."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

import pytest

from packaging.models import (
    AssemblyOrder,
    GenericProduct,
    InventoryItem,
    Product,
)
from packaging.queries import check_stock
from packaging.tests.admin_checks import html_of, page, queries_of, registered
from packaging.tests.admin_models import ADDABLE, FACTORIES, READ_ONLY, errors_of, posted, staff
from packaging.tests.constraint_checks import own_models
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db


def test_every_model_has_its_pages():
    assert registered("packaging") == set(own_models("packaging")) == set(FACTORIES)


@pytest.mark.parametrize("model", FACTORIES)
def test_the_list_and_the_row_are_shown(admin_page, model):
    row = FACTORIES[model]()
    assert str(row.pk) in html_of(admin_page.get(page(model, "changelist")))
    html_of(admin_page.get(page(model, "change", row.pk)))
    html_of(admin_page.get(page(model, "history", row.pk)))


@pytest.mark.parametrize("model", FACTORIES)
def test_only_master_data_can_be_added(admin_page, model):
    answer = admin_page.get(page(model, "add"))
    if model in ADDABLE:
        html_of(answer)
    else:
        assert answer.status_code == 403


@pytest.mark.parametrize("model", FACTORIES)
def test_a_list_takes_as_many_statements_for_one_row_as_for_fifty(admin_page, model):
    FACTORIES[model]()
    admin_page.get(page(model, "changelist"))
    one = queries_of(admin_page, page(model, "changelist"))
    for _n in range(49):
        FACTORIES[model]()
    assert queries_of(admin_page, page(model, "changelist")) == one
    assert one <= 12


@pytest.mark.parametrize(
    ("make", "add"),
    [
        (GenericProductFactory, lambda generic: ProductFactory(generic_product=generic)),
        (ProductFactory, lambda product: LotFactory(product=product)),
        (FinishedGoodFactory, lambda good: CompositionFactory(assembly=good)),
        (FinishedGoodFactory, lambda good: CompositionFactory(assembly=good, finished_good=FinishedGoodFactory())),
        (FinishedGoodFactory, lambda good: CompositionFactory(assembly=good, finished_unit=FinishedUnitFactory())),
        (EventFactory, lambda event: OrderFactory(event=event)),
        (OrderFactory, lambda order: CompositionFactory(order=order)),
    ],
)
def test_a_row_takes_as_many_statements_for_one_inline_as_for_twenty(admin_page, make, add):
    row = make()
    add(row)
    url = page(type(row), "change", row.pk)
    admin_page.get(url)
    one = queries_of(admin_page, url)
    for _n in range(19):
        add(row)
    assert queries_of(admin_page, url) == one
    assert one <= 12


@pytest.mark.parametrize("model", FACTORIES)
def test_every_list_can_be_searched_and_filtered(admin_page, model):
    FACTORIES[model]()
    html_of(admin_page.get(page(model, "changelist"), {"q": "1"}))
    found = admin_page.get(page(model, "changelist"))
    for spec in found.context["cl"].filter_specs:
        for choice in spec.choices(found.context["cl"]):
            assert admin_page.get(page(model, "changelist") + choice["query_string"]).status_code == 200


def test_search_disregards_case_and_accents(admin_page):
    GenericProductFactory(name="Crème brûlée cup")
    GenericProductFactory(name="Tin")
    found = admin_page.get(page(GenericProduct, "changelist"), {"q": "CREME BRULEE"})
    assert [row.name for row in found.context["cl"].result_list] == ["Crème brûlée cup"]


def test_the_head_says_bakery_and_leads_back_to_the_shop(admin_page):
    html = html_of(admin_page.get("/admin/"))
    assert 'href="/admin/">Bakery</a>' in html
    assert '<a class="to-shop" href="/">' in html
    assert "css/admin.css" in html


def test_a_development_server_says_so(admin_page, settings):
    settings.DEBUG = False
    assert 'class="ribbon"' not in html_of(admin_page.get("/admin/"))
    settings.DEBUG = True
    assert 'class="ribbon"' in html_of(admin_page.get("/admin/"))


def test_stock_of_generic_products_and_designs_is_in_their_lists(admin_page):
    lot = LotFactory(quantity=30)
    AssignmentFactory(
        composition=CompositionFactory(order=OrderFactory(), packaging_product=lot.product, is_generic=True),
        inventory_item=lot,
        quantity_assigned=12,
    )
    generics = admin_page.get(page(GenericProduct, "changelist")).context["cl"]
    (row,) = generics.result_list
    shown = [getattr(generics.model_admin, name)(row) for name in ("on_hand", "reserved", "free")]
    assert shown == ["30", "12", "18"]
    designs = admin_page.get(page(Product, "changelist")).context["cl"]
    (row,) = designs.result_list
    assert [getattr(designs.model_admin, name)(row) for name in ("on_hand", "free")] == ["30", "18"]
    lots = admin_page.get(page(InventoryItem, "changelist")).context["cl"]
    (row,) = lots.result_list
    assert [getattr(lots.model_admin, name)(row) for name in ("on_hand", "reserved", "free")] == ["30", "12", "18"]


def autocomplete(client, field, term=""):
    answer = client.get(
        "/admin/autocomplete/",
        {"app_label": "packaging", "model_name": "composition", "field_name": field, "term": term},
    )
    assert answer.status_code == 200
    return [row["text"] for row in answer.json()["results"]]


def test_the_autocomplete_offers_nothing_archived(admin_page):
    ProductFactory(design="Holly", generic_product__name="Bag")
    ProductFactory(design="Ivy", generic_product__name="Box", is_archived=True)
    assert autocomplete(admin_page, "packaging_product") == ["Bag Holly"]
    assert autocomplete(admin_page, "packaging_product", "ivy") == []
    assert admin_page.get(page(Product, "changelist"), {"q": "ivy"}).context["cl"].result_count == 1


def lot_data(**given):
    return {"lot_code": "", "supplier": "", "location": "", "expires_on": "", "notes": "", **given}


def test_what_is_in_a_lot_cannot_be_typed(admin_page):
    lot = LotFactory(quantity=10, total_cost=Decimal("2.5"))
    url = page(InventoryItem, "change", lot.pk)
    forged = {"quantity": "99", "value": "0", "total_cost": "0", "quantity_received": "99", "received_on": "2020-01-01"}
    answer = admin_page.post(url, lot_data(lot_code="A-1", location="Shelf 3", **forged))
    assert answer.status_code == 302
    lot.refresh_from_db()
    assert (lot.lot_code, lot.location) == ("A-1", "Shelf 3")
    assert (lot.quantity, lot.quantity_received, lot.value, lot.total_cost) == (10, 10, Decimal("2.5"), Decimal("2.5"))
    assert lot.received_on == date(2025, 12, 1)
    assert check_stock() == []


def test_saving_a_lot_writes_no_stock_that_moved_meanwhile(admin_page):
    lot = LotFactory(quantity=10)
    save = InventoryItem.save

    def slow_save(row, *args, **kwargs):
        InventoryItem.objects.filter(pk=row.pk).update(quantity=4)  # a run takes six between read and write
        return save(row, *args, **kwargs)

    with patch.object(InventoryItem, "save", slow_save):
        admin_page.post(page(InventoryItem, "change", lot.pk), lot_data(location="Shelf 3"))
    lot.refresh_from_db()
    assert (lot.quantity, lot.location) == (4, "Shelf 3")


def test_a_lot_cannot_expire_before_it_came(admin_page):
    lot = LotFactory(received_on=date(2025, 12, 1))
    answer = admin_page.post(page(InventoryItem, "change", lot.pk), lot_data(expires_on="2025-11-30"))
    assert errors_of(answer) == ["A lot cannot expire before it was received."]


def test_lots_lead_to_receive_and_count(admin_page):
    lot = LotFactory()
    html = html_of(admin_page.get(page(InventoryItem, "change", lot.pk)))
    for address in (f"/stock/receive/?lot={lot.pk}", f"/stock/count/?lot={lot.pk}"):
        assert f'href="{address}"' in html
        assert admin_page.get(address).status_code == 200
    html = html_of(admin_page.get(page(InventoryItem, "changelist")))
    assert 'href="/stock/receive/"' in html
    assert 'href="/stock/count/"' in html


def test_buttons_are_for_whoever_may_use_them():
    lot = LotFactory()
    html = html_of(staff("view_inventoryitem").get(page(InventoryItem, "change", lot.pk)))
    assert "/stock/receive/" not in html
    assert "/stock/count/" not in html


def test_a_cake_is_not_received_but_counted(admin_page):
    lot = LotFactory(finished_unit=FinishedUnitFactory())
    html = html_of(admin_page.get(page(InventoryItem, "change", lot.pk)))
    assert f"/stock/receive/?lot={lot.pk}" not in html
    assert f"/stock/count/?lot={lot.pk}" in html


def test_a_product_shows_its_lots_on_hand(admin_page):
    product = ProductFactory()
    LotFactory(product=product, lot_code="FULL")
    LotFactory(product=product, lot_code="GONE", quantity=0, value=0, quantity_received=5)
    html = html_of(admin_page.get(page(Product, "change", product.pk)))
    assert "FULL" in html
    assert "GONE" not in html


@pytest.mark.parametrize("model", READ_ONLY)
def test_the_ledger_is_only_shown(admin_page, model):
    row = FACTORIES[model]()
    before = model.objects.filter(pk=row.pk).values().get()
    assert admin_page.post(page(model, "add"), {}).status_code == 403
    assert admin_page.post(page(model, "change", row.pk), {"reason": "forged", "quantity": 9}).status_code == 403
    assert admin_page.get(page(model, "delete", row.pk)).status_code == 403
    assert admin_page.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    admin_page.post(
        page(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )
    assert model.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("model", [InventoryItem, AssemblyOrder])
def test_lots_and_orders_are_neither_made_nor_deleted_here(admin_page, model):
    row = FACTORIES[model]()
    assert admin_page.post(page(model, "add"), {}).status_code == 403
    assert admin_page.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_an_order_takes_a_note_and_nothing_else(admin_page):
    order = OrderFactory(quantity=10)
    answer = admin_page.post(
        page(AssemblyOrder, "change", order.pk), posted(notes="call first", quantity=99, status="closed")
    )
    assert answer.status_code == 302
    order.refresh_from_db()
    assert (order.notes, order.quantity, order.status, order.version) == ("call first", 10, "open", 2)


def test_rows_lead_to_the_shop(admin_page):
    for row in (OrderFactory(), FinishedGoodFactory(), LotFactory(), GenericProductFactory()):
        html = html_of(admin_page.get(page(type(row), "change", row.pk)))
        assert "Open in shop" in html
        assert row.get_absolute_url().startswith("/")
