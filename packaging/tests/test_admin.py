"""The admin edits master data by the rules, and only shows the rest (ux.md, section 6)."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.test import Client

from packaging import locks
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    Event,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
    PromiseMove,
    StockMovement,
)
from packaging.queries import check_stock
from packaging.tests.admin_checks import columns_of, html_of, page, queries_of, registered
from packaging.tests.constraint_checks import own_models
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    ProductFactory,
    PromiseMoveFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

FACTORIES = {
    GenericProduct: GenericProductFactory,
    Product: ProductFactory,
    FinishedUnit: FinishedUnitFactory,
    FinishedGood: FinishedGoodFactory,
    InventoryItem: LotFactory,
    StockMovement: lambda: MovementFactory(created_by=UserFactory(), order=OrderFactory(event=EventFactory())),
    Event: EventFactory,
    AssemblyOrder: lambda: OrderFactory(event=EventFactory()),
    Composition: lambda: CompositionFactory(order=OrderFactory(event=EventFactory())),
    CompositionAssignment: lambda: AssignmentFactory(assigned_by=UserFactory()),
    PromiseMove: lambda: PromiseMoveFactory(
        created_by=UserFactory(), from_order__event=EventFactory(), to_order__event=EventFactory()
    ),
}
ADDABLE = {GenericProduct, Product, FinishedUnit, FinishedGood, Event}
READ_ONLY = (StockMovement, Composition, CompositionAssignment, PromiseMove)


@pytest.fixture
def boss():
    return UserFactory(username="boss", is_staff=True, is_superuser=True)


@pytest.fixture
def admin_page(boss):
    """A client that is logged in with all rights."""
    client = Client()
    client.force_login(boss)
    return client


def staff(*names):
    """Return a client of somebody who may do these things in the admin and nothing else."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, permissions=[f"packaging.{name}" for name in names]))
    return client


def may_edit(model):
    return [f"{action}_{model._meta.model_name}" for action in ("view", "add", "change", "delete")]


# Pages


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


# The autocomplete


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


# Saving


def posted(**given):
    return {
        "products-TOTAL_FORMS": "0",
        "products-INITIAL_FORMS": "0",
        "compositions-TOTAL_FORMS": "0",
        "compositions-INITIAL_FORMS": "0",
        "orders-TOTAL_FORMS": "0",
        "orders-INITIAL_FORMS": "0",
        "lots-TOTAL_FORMS": "0",
        "lots-INITIAL_FORMS": "0",
        **given,
    }


def errors_of(answer):
    """Return every sentence that a refused form says."""
    assert answer.status_code == 200
    found = [sentence for sentences in answer.context["adminform"].form.errors.values() for sentence in sentences]
    for inline in answer.context["inline_admin_formsets"]:
        found += inline.formset.non_form_errors()
        found += [s for form in inline.formset.forms for errors in form.errors.values() for s in errors]
    return found


def test_a_generic_product_is_made_with_its_designs(admin_page):
    answer = admin_page.post(
        page(GenericProduct, "add"),
        posted(
            name="Cello bag",
            unit="piece",
            **{
                "products-TOTAL_FORMS": "2",
                "products-0-design": "Holly",
                "products-0-pack_size": "50",
                "products-1-design": "Stars",
                "products-1-pack_size": "1",
            },
        ),
    )
    assert answer.status_code == 302
    generic = GenericProduct.objects.get()
    assert [(p.design, p.pack_size) for p in generic.products.all()] == [("Holly", 50), ("Stars", 1)]


def test_a_design_twice_in_one_form_is_refused(admin_page):
    answer = admin_page.post(
        page(GenericProduct, "add"),
        posted(
            name="Cello bag",
            unit="piece",
            **{
                "products-TOTAL_FORMS": "2",
                "products-0-design": "Holly",
                "products-0-pack_size": "1",
                "products-1-design": "HOLLY",
                "products-1-pack_size": "1",
            },
        ),
    )
    assert errors_of(answer) == ["A design stands here twice: HOLLY."]
    assert not GenericProduct.objects.exists()


def test_a_name_that_is_taken_is_refused_in_words(admin_page):
    GenericProductFactory(name="Café bag")
    answer = admin_page.post(page(GenericProduct, "add"), posted(name="CAFE BAG", unit="piece"))
    assert errors_of(answer) == ["There is already a generic product with this name."]


def test_a_rename_keeps_what_others_wrote_meanwhile(admin_page):
    generic = GenericProductFactory(name="Bag")
    save = GenericProduct.save

    def slow_save(row, *args, **kwargs):
        GenericProduct.objects.filter(pk=row.pk).update(quantity_owed=7)  # a debt is opened between read and write
        return save(row, *args, **kwargs)

    with patch.object(GenericProduct, "save", slow_save):
        answer = admin_page.post(page(GenericProduct, "change", generic.pk), posted(name="Cello bag", unit="piece"))
    assert answer.status_code == 302
    generic.refresh_from_db()
    assert (generic.name, generic.name_key, generic.quantity_owed) == ("Cello bag", "cello bag", 7)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"unit": "sheet"}, "unit"), ({"is_divisible": "on"}, "is_divisible")],
)
@pytest.mark.parametrize(
    "use",
    [
        lambda product: LotFactory(product=product),
        lambda product: CompositionFactory(packaging_product=product),
    ],
)
def test_unit_and_divisibility_are_fixed_once_used(admin_page, changes, field, use):
    product = ProductFactory()
    generic = product.generic_product
    url = page(GenericProduct, "change", generic.pk)
    data = posted(name=generic.name, unit="piece")
    assert admin_page.post(url, data | changes).status_code == 302
    assert admin_page.post(url, data).status_code == 302  # back: nothing uses it yet
    use(product)
    answer = admin_page.post(url, data | changes)
    assert answer.context["adminform"].form.errors.as_data()[field][0].code == "in_use"
    generic.refresh_from_db()
    assert (generic.unit, generic.is_divisible) == ("piece", False)


def test_a_design_stays_with_its_generic_product_once_used(admin_page):
    product, other = ProductFactory(), GenericProductFactory()
    url = page(Product, "change", product.pk)
    data = posted(generic_product=other.pk, design=product.design, pack_size=1)
    LotFactory(product=product)
    answer = admin_page.post(url, data)
    assert answer.context["adminform"].form.errors.as_data()["generic_product"][0].code == "in_use"
    unused = ProductFactory()
    data = posted(generic_product=other.pk, design=unused.design, pack_size=1)
    assert admin_page.post(page(Product, "change", unused.pk), data).status_code == 302


def test_archive_and_back(admin_page, boss):
    holly, ivy = ProductFactory(design="Holly"), ProductFactory(design="Ivy", is_archived=True)
    rows = {"_selected_action": [holly.pk, ivy.pk]}
    admin_page.post(page(Product, "changelist"), {"action": "archive", **rows})
    assert Product.objects.in_use().count() == 0
    assert LogEntry.objects.filter(user=boss).count() == 1  # Ivy was archived already
    admin_page.post(page(Product, "changelist"), {"action": "unarchive", **rows})
    assert Product.objects.in_use().count() == 2


def test_whoever_may_only_look_can_archive_nothing():
    product = ProductFactory()
    client = staff("view_product")
    client.post(page(Product, "changelist"), {"action": "archive", "_selected_action": [product.pk]})
    product.refresh_from_db()
    assert not product.is_archived


# Lots


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


# Read only


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


# Deleting


@pytest.mark.parametrize(
    ("make", "user"),
    [
        (GenericProductFactory, lambda row: ProductFactory(generic_product=row)),
        (ProductFactory, lambda row: LotFactory(product=row)),
        (ProductFactory, lambda row: CompositionFactory(packaging_product=row)),
        (FinishedUnitFactory, lambda row: CompositionFactory(finished_unit=row)),
        (FinishedGoodFactory, lambda row: CompositionFactory(finished_good=row)),
        (FinishedGoodFactory, lambda row: OrderFactory(finished_good=row)),
        (EventFactory, lambda row: OrderFactory(event=row)),
    ],
)
def test_what_is_used_is_not_deleted_and_the_page_says_by_what(admin_page, make, user):
    row = make()
    used_by = user(row)
    url = page(type(row), "delete", row.pk)
    for answer in (admin_page.get(url), admin_page.post(url, {"post": "yes"})):
        html = html_of(answer)
        assert "is in use and cannot be deleted" in html
        assert str(used_by) in html.replace("&#x27;", "'")
    selected = {"action": "delete_selected", "_selected_action": [row.pk]}
    for data in (selected, {**selected, "post": "yes"}):
        html = html_of(admin_page.post(page(type(row), "changelist"), data))
        assert "none was deleted" in html
    assert type(row).objects.filter(pk=row.pk).exists()


def test_archiving_is_advised_where_there_is_an_archive(admin_page):
    for row, advised in ((LotFactory().product, True), (OrderFactory(event=EventFactory()).event, False)):
        url = page(type(row), "delete", row.pk)
        assert ("Archive it instead" in html_of(admin_page.get(url))) is advised
        selected = {"action": "delete_selected", "_selected_action": [row.pk]}
        answer = html_of(admin_page.post(page(type(row), "changelist"), selected))
        assert ("Archive them instead" in answer) is advised


def test_a_refusal_names_twenty_rows_and_counts_the_rest(admin_page):
    product = ProductFactory()
    for _n in range(25):
        LotFactory(product=product)
    html = html_of(admin_page.get(page(Product, "delete", product.pk)))
    assert "and 5 more" in html


def test_a_lot_that_comes_in_while_a_design_is_deleted_stops_it(admin_page):
    product = ProductFactory()
    delete = Product.delete

    def slow_delete(row, *args, **kwargs):
        LotFactory(product=row)
        return delete(row, *args, **kwargs)

    with patch.object(Product, "delete", slow_delete):
        answer = admin_page.post(page(Product, "delete", product.pk), {"post": "yes"}, follow=True)
    assert "Nothing was saved" in answer.content.decode()
    assert Product.objects.filter(pk=product.pk).exists()


def test_unused_master_data_can_be_deleted(admin_page):
    for row in (GenericProductFactory(), ProductFactory(), FinishedUnitFactory(), EventFactory()):
        assert admin_page.post(page(type(row), "delete", row.pk), {"post": "yes"}).status_code == 302
        assert not type(row).objects.filter(pk=row.pk).exists()


def test_a_good_takes_its_recipe_along():
    line = CompositionFactory()
    client = staff(*may_edit(FinishedGood))
    assert "recipe" not in html_of(client.get(page(FinishedGood, "delete", line.assembly_id))).split("<h2>")[0]
    assert client.post(page(FinishedGood, "delete", line.assembly_id), {"post": "yes"}).status_code == 302
    assert not Composition.objects.exists()


# Recipes


def recipe(good, *lines, initial=0):
    """Return what the browser sends for a good with these lines; the first `initial` of them stand there already."""
    data = posted(
        display_name=good.display_name,
        slug=good.slug,
        **{"compositions-TOTAL_FORMS": str(len(lines)), "compositions-INITIAL_FORMS": str(initial)},
    )
    for n, line in enumerate(lines):
        fields = {"component_quantity": "1", "assembly": good.pk or "", **line}
        data |= {f"compositions-{n}-{name}": str(getattr(value, "pk", value)) for name, value in fields.items()}
    return data


def as_sent(line, **changes):
    """Return a line as the form shows it, with some changes."""
    shown = {"id": line.pk, "component_quantity": line.component_quantity, "sort_order": line.sort_order}
    for part in ("finished_unit", "finished_good", "packaging_product"):
        if component := getattr(line, part):
            shown[part] = component
    if line.is_generic:
        shown["is_generic"] = "on"
    return {**shown, **changes}


def save_recipe(client, good, *lines, initial=0):
    return client.post(page(FinishedGood, "change", good.pk), recipe(good, *lines, initial=initial))


def test_a_recipe_is_written_with_its_good(admin_page):
    bag, unit = ProductFactory(), FinishedUnitFactory()
    good = FinishedGoodFactory.build(display_name="Gift bag", slug="gift-bag")
    lines = ({"finished_unit": unit, "component_quantity": "6"}, {"packaging_product": bag, "is_generic": "on"})
    answer = admin_page.post(page(FinishedGood, "add"), recipe(good, *lines))
    assert answer.status_code == 302
    good = FinishedGood.objects.get()
    assert [
        (line.component, line.component_quantity, line.is_generic, line.sort_order) for line in good.compositions.all()
    ] == [
        (unit, 6, False, 0),
        (bag, 1, True, 1),
    ]


def test_a_line_is_changed_taken_out_and_added(admin_page):
    good = FinishedGoodFactory()
    keep = CompositionFactory(assembly=good, finished_unit=FinishedUnitFactory(), sort_order=4)
    gone = CompositionFactory(assembly=good)
    ribbon = ProductFactory(generic_product__is_divisible=True)
    answer = save_recipe(
        admin_page,
        good,
        as_sent(gone, DELETE="on"),
        as_sent(keep, component_quantity="3"),
        {"packaging_product": ribbon, "component_quantity": "0.4"},
        initial=2,
    )
    assert answer.status_code == 302
    assert [(line.component, line.component_quantity, line.sort_order) for line in good.compositions.all()] == [
        (keep.component, 3, 4),
        (ribbon, Decimal("0.4"), 5),
    ]


def test_an_orders_own_lines_and_archived_lines_stay_as_they_are(admin_page):
    line = CompositionFactory()
    copied = CompositionFactory(
        order=OrderFactory(finished_good=line.assembly), packaging_product=line.packaging_product
    )
    old = CompositionFactory(assembly=line.assembly, is_archived=True)
    shown = admin_page.get(page(FinishedGood, "change", line.assembly_id)).context["inline_admin_formsets"][0]
    assert [form.instance for form in shown.formset.initial_forms] == [line]
    save_recipe(admin_page, line.assembly, as_sent(line, DELETE="on"), initial=1)
    assert set(Composition.objects.all()) == {copied, old}


def unit_half():
    return {"finished_unit": FinishedUnitFactory(), "component_quantity": "0.29"}


def good_half():
    return {"finished_good": FinishedGoodFactory(), "component_quantity": "1.5"}


def two_parts():
    return {"finished_unit": FinishedUnitFactory(), "packaging_product": ProductFactory()}


def generic_unit():
    return {"finished_unit": FinishedUnitFactory(), "is_generic": "on"}


@pytest.mark.parametrize("bad", [unit_half, good_half, two_parts, generic_unit])
def test_a_bad_line_is_refused_in_words(admin_page, bad):
    good = FinishedGoodFactory()
    answer = save_recipe(admin_page, good, bad())
    assert errors_of(answer)
    assert not good.compositions.exists()


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e9", "-1", "0", "0.0001", "", "many"])
def test_a_bad_quantity_is_refused_in_words(admin_page, amount):
    good = FinishedGoodFactory()
    line = {"packaging_product": ProductFactory(generic_product__is_divisible=True), "component_quantity": amount}
    assert errors_of(save_recipe(admin_page, good, line))
    assert not good.compositions.exists()


def test_packaging_may_be_fractional(admin_page):
    good = FinishedGoodFactory()
    assert (
        save_recipe(admin_page, good, {"packaging_product": ProductFactory(), "component_quantity": "0.5"}).status_code
        == 302
    )
    assert good.compositions.get().component_quantity == Decimal("0.5")


def test_a_component_stands_once(admin_page):
    line = CompositionFactory()
    again = {"packaging_product": line.packaging_product}
    assert errors_of(save_recipe(admin_page, line.assembly, as_sent(line), again, initial=1))
    assert errors_of(save_recipe(admin_page, FinishedGoodFactory(), again, again))
    assert Composition.objects.count() == 1


def test_a_generic_product_has_one_generic_line(admin_page):
    line = CompositionFactory(is_generic=True)
    sister = ProductFactory(generic_product=line.packaging_product.generic_product)
    new = {"packaging_product": sister, "is_generic": "on"}
    assert errors_of(save_recipe(admin_page, line.assembly, as_sent(line), new, initial=1))
    new = {"packaging_product": sister}
    assert save_recipe(admin_page, line.assembly, as_sent(line), new, initial=1).status_code == 302


def test_a_line_that_somebody_else_added_meanwhile_counts_too(admin_page):
    good, product = FinishedGoodFactory(), ProductFactory()
    CompositionFactory(assembly=good, packaging_product=product)
    assert errors_of(save_recipe(admin_page, good, {"packaging_product": product}))
    assert good.compositions.count() == 1


def test_a_line_that_somebody_else_took_out_is_not_brought_back(admin_page):
    line = CompositionFactory()
    data = as_sent(line, component_quantity="3")
    line.delete()
    assert errors_of(save_recipe(admin_page, line.assembly, data, initial=1))
    assert not Composition.objects.exists()


def test_a_line_taken_out_after_the_form_was_read_is_not_brought_back(admin_page):
    line = CompositionFactory()

    def lock_and_lose(**wanted):
        Composition.objects.all().delete()

    with patch("packaging.admin.recipes.lock_stock", lock_and_lose):
        answer = save_recipe(admin_page, line.assembly, as_sent(line, component_quantity="3"), initial=1)
    assert errors_of(answer)
    assert not Composition.objects.exists()


def test_two_lines_do_not_swap_their_components_at_once(admin_page):
    first = CompositionFactory()
    second = CompositionFactory(assembly=first.assembly)
    answer = save_recipe(
        admin_page,
        first.assembly,
        as_sent(first, packaging_product=second.packaging_product),
        as_sent(second, packaging_product=first.packaging_product),
        initial=2,
    )
    assert "still stands in another line" in errors_of(answer)[0]


def test_s18_a_cycle_is_refused_with_its_path(admin_page, bakehouse):
    good = bakehouse.goods["G1"]
    lines = [as_sent(line) for line in Composition.objects.recipe_of(good.pk).with_names()]
    answer = save_recipe(admin_page, good, *lines, {"finished_good": bakehouse.goods["G6"]}, initial=len(lines))
    names = [bakehouse.goods[short].display_name for short in ("G1", "G6", "G5", "G1")]
    assert errors_of(answer) == [f"A good cannot contain itself: {' > '.join(names)}."]
    assert Composition.objects.recipe_of(good.pk).count() == len(lines)


def test_a_good_in_itself_is_refused(admin_page):
    good = FinishedGoodFactory()
    assert errors_of(save_recipe(admin_page, good, {"finished_good": good}))
    assert not Composition.objects.exists()


@pytest.mark.parametrize(
    ("line", "every_good"),
    [
        (lambda: {"packaging_product": ProductFactory()}, False),
        (lambda: {"finished_good": FinishedGoodFactory()}, True),
    ],
)
def test_a_recipe_is_checked_under_the_lock_of_the_services(admin_page, line, every_good):
    good = FinishedGoodFactory()
    with patch("packaging.admin.recipes.lock_stock", wraps=locks.lock_stock) as lock:
        assert save_recipe(admin_page, good, line()).status_code == 302
    assert lock.call_args_list[0].kwargs == {"goods": [good.pk], "all_goods": every_good}


def test_each_input_of_a_recipe_has_a_name_for_screen_readers(admin_page):
    line = CompositionFactory()
    html = html_of(admin_page.get(page(FinishedGood, "change", line.assembly_id)))
    for name in ("Position", "Finished unit", "Nested good", "Packaging product", "Generic", "Quantity for one"):
        assert f'aria-label="{name}"' in html


def test_whoever_may_only_look_changes_no_recipe():
    line = CompositionFactory()
    client = staff("view_finishedgood", "view_composition")
    html_of(client.get(page(FinishedGood, "change", line.assembly_id)))
    assert save_recipe(client, line.assembly, as_sent(line, component_quantity="3"), initial=1).status_code == 403


# Costs


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


# Export


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


def test_the_export_of_generic_products_has_their_stock(admin_page):
    lot = LotFactory(quantity=7)
    row = exported(admin_page, lot.product.generic_product)
    assert (row["On hand"], row["Free"]) == ("7", "7")


def test_columns_depend_on_the_permission(priced_lot):
    url = page(InventoryItem, "changelist")
    assert "worth" not in columns_of(staff("view_inventoryitem").get(url))
    assert "worth" in columns_of(staff("view_inventoryitem", "view_costs").get(url))


# The models' own part of R7


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
