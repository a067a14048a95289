"""The stock pages: what is here, one generic product, one lot and its movements."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from packaging import services
from packaging.models import InventoryItem, StockMovement
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.pages import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def count_statements(django_assert_max_num_queries):
    def count(client, address):
        with django_assert_max_num_queries(50) as found:
            assert client.get(address).status_code == 200
        return len(found.captured_queries)

    return count


def htmx(target):
    return {"HX-Request": "true", "HX-Target": target}


def html(response):
    return response.content.decode()


def words(response):
    """The page's text without the spaces that say nothing."""
    return " ".join(html(response).split())


def test_the_list_shows_generic_design_and_lot(bakehouse, manager):
    response = manager.get("/stock/")
    assert response.status_code == 200
    rows = {row.thing.name: row for row in response.context["page"].rows}
    bags = rows["Cello bag 6x10"]
    assert (bags.on_hand, bags.reserved, bags.free, bags.value) == (82, 0, 82, Decimal("20.5000"))
    assert bags.oldest == date(2024, 11, 18)
    assert [design.design for design in bags.designs] == ["Snowflakes", "Holly", "Stars", "Snowmen"]
    assert [lot.label for lot in bags.designs[0].lots] == ["L1"]
    assert rows["Cello bag 9x12"].on_hand == 0
    assert [product.design for product in rows["Cello bag 9x12"].without_stock] == ["Clear"]
    assert "82 pieces on hand" in html(response)


def test_units_and_goods_have_sections_of_their_own(bakehouse, manager):
    units = manager.get("/stock/?kind=units").context["page"].rows
    assert (str(units[0].thing), units[0].on_hand) == ("Brown-butter chocolate chip cookie", 440)
    goods = manager.get("/stock/?kind=goods").context["page"].rows
    assert {row.on_hand for row in goods} == {0}
    assert manager.get("/stock/?kind=nonsense").context["kind"] == "packaging"


def test_the_list_without_anything_says_how_to_begin(manager):
    assert "Receive your first delivery" in html(manager.get("/stock/"))
    assert "Bake in your first batch" in html(manager.get("/stock/?kind=units"))
    assert "Enter goods that are there already" in html(manager.get("/stock/?kind=goods"))


def test_a_next_step_is_offered_only_to_whoever_may_take_it(packer):
    page = html(packer.get("/stock/"))
    assert "Receive your first delivery" not in page
    assert "/stock/receive/" not in page
    assert "/stock/bake/" in page


def test_an_exact_code_goes_straight_to_its_lot(bakehouse, manager):
    lot = bakehouse.lots["L1"]
    for text in ("L1", "l1", " L1 ", f"#{lot.pk}"):
        response = manager.get("/stock/", {"q": text})
        assert (response.status_code, response.headers["Location"]) == (302, lot.get_absolute_url())


def test_typing_a_code_only_filters(bakehouse, manager):
    response = manager.get("/stock/", {"q": "L1", "show": "list"}, headers=htmx("rows"))
    assert response.status_code == 200
    assert html(response).lstrip().startswith('<ul class="list" id="rows">')
    names = [row.thing.name for row in response.context["page"].rows]
    assert "Cello bag 6x10" in names
    assert "Cello bag 9x12" not in names


@pytest.mark.parametrize("text", ["holly", "HOLLY", "cello holly", "L2"])
def test_search_finds_by_design_and_code(bakehouse, manager, text):
    response = manager.get("/stock/", {"q": text, "show": "list"})
    assert [row.thing.name for row in response.context["page"].rows] == ["Cello bag 6x10"]
    assert '<details class="fold" open>' in html(response)


def test_a_code_that_two_lots_bear_filters(manager):
    first = LotFactory(lot_code="X7")
    LotFactory(lot_code="X7")
    response = manager.get("/stock/", {"q": "x7"})
    assert response.status_code == 200
    assert len(response.context["page"].rows) == 2
    InventoryItem.objects.exclude(pk=first.pk).update(quantity=0)
    assert manager.get("/stock/", {"q": "x7"}).headers["Location"] == first.get_absolute_url()


def test_nothing_found_offers_a_way_back(bakehouse, manager):
    page = html(manager.get("/stock/?q=zzz"))
    assert "Nothing matches." in page
    assert "Clear the search" in page


def test_low_stock_is_said_in_a_word(manager):
    generic = GenericProductFactory(minimum_stock=11)
    LotFactory(product__generic_product=generic, quantity=11)
    assert ">Low<" not in html(manager.get("/stock/"))
    generic.minimum_stock = 12
    generic.save()
    assert ">Low<" in html(manager.get("/stock/"))


def test_what_is_owed_is_not_free(manager):
    generic = GenericProductFactory(quantity_owed=4)
    LotFactory(product__generic_product=generic, quantity=10)
    (row,) = manager.get("/stock/").context["page"].rows
    assert (row.on_hand, row.owed, row.free) == (10, 4, 6)
    assert "Owed" in html(manager.get(generic.get_absolute_url()))


def test_archived_things_show_only_while_they_hold_stock(manager):
    gone = GenericProductFactory(is_archived=True)
    kept = LotFactory(product__generic_product__is_archived=True).product.generic_product
    names = [row.thing.name for row in manager.get("/stock/").context["page"].rows]
    assert kept.name in names
    assert gone.name not in names


def test_empty_lots_are_folded_away(manager):
    lot = LotFactory(quantity=0, value=0, quantity_received=5, lot_code="GONE-1")
    generic = lot.product.generic_product
    assert "GONE-1" not in html(manager.get("/stock/"))
    assert "GONE-1" not in html(manager.get(generic.get_absolute_url()))
    assert "GONE-1" in html(manager.get(f"/stock/lots/?generic={generic.pk}"))
    assert "GONE-1" not in html(manager.get(f"/stock/lots/?generic={GenericProductFactory().pk}"))


def test_many_lots_of_a_design_are_named_by_number(manager):
    product = ProductFactory()
    LotFactory.create_batch(9, product=product)
    assert "3 more lots" in html(manager.get("/stock/"))


def test_many_designs_are_named_by_number_and_those_that_are_sought_come_first(manager):
    generic = GenericProductFactory(name="Box")
    for number in range(11):
        design = ProductFactory(generic_product=generic, design=f"Pattern {number:02}")
        LotFactory(product=design, quantity=50 - number, lot_code=f"K{number:02}")
    ProductFactory.create_batch(9, generic_product=generic)
    page = html(manager.get("/stock/"))
    assert "3 more designs" in page
    assert ("Pattern 07" in page, "Pattern 08" in page) == (True, False)
    assert "No stock: 9 designs" in page
    assert "All designs" in page  # eight of them are named
    for text in ("pattern 10", "k10"):
        assert "Pattern 10" in html(manager.get("/stock/", {"q": text, "show": "list"}))
    assert "more designs" not in html(manager.get(generic.get_absolute_url()))


def test_many_rows_come_in_stretches(manager):
    LotFactory.create_batch(31)
    first = manager.get("/stock/")
    assert len(first.context["page"].rows) == 30
    assert "Show 30 more" in html(first)
    rest = manager.get("/stock/?page=2", headers=htmx("more"))
    assert len(rest.context["page"].rows) == 1
    assert "<h1>" not in html(rest)
    assert "data-autofocus" in html(rest)


def test_the_generic_page_sums_up_what_is_there(bakehouse, manager):
    bags = bakehouse.generics["bag"]
    services.assign_lots(
        composition_id=bakehouse.line("E1/G1", "bag").pk,
        amounts={bakehouse.lots["L1"].pk: Decimal(30), bakehouse.lots["L2"].pk: Decimal(20)},
        by=None,
    )
    response = manager.get(bags.get_absolute_url())
    assert "82 pieces: Snowflakes 30, Holly 25, Stars 20, Snowmen 7" in html(response)
    row = response.context["row"]
    assert (row.on_hand, row.reserved, row.free) == (82, 50, 32)
    (held,) = response.context["held"]
    assert (held.order, held.quantity, held.short) == (bakehouse.orders["E1/G1"], 50, 0)
    assert "Maple Street School winter fair" in html(response)
    assert [line.assembly for line in response.context["recipe_lines"]] == [
        bakehouse.goods["G1"],
        bakehouse.goods["G2"],
    ]
    assert ">Owed<" not in html(response)


def test_the_generic_page_without_stock_says_zero(bakehouse, manager):
    response = manager.get(bakehouse.generics["large bag"].get_absolute_url())
    assert "0 pieces" in html(response)
    assert "Clear" in html(response)


def test_pieces_without_cost_are_named(manager):
    lot = LotFactory(is_cost_known=False, quantity=5)
    assert "5 without cost" in html(manager.get(lot.product.generic_product.get_absolute_url()))
    assert "unknown" in html(manager.get(lot.get_absolute_url()))


def test_the_lot_page_shows_its_numbers_and_facts(manager):
    lot = LotFactory(lot_code="L7", supplier="Labelhaus", location="Shelf 4", quantity=8, total_cost=Decimal("2.40"))
    response = manager.get(lot.get_absolute_url())
    page = html(response)
    for word in ("L7", "Labelhaus", "Shelf 4", "8 pieces", "€2.40", "€0.30"):
        assert word in page


def test_the_lot_page_names_who_holds_it_and_what_is_short(bakehouse, manager):
    lot = bakehouse.lots["L1"]
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(30)}, by=None)
    services.count_lot(lot_id=lot.pk, quantity=Decimal(12), reason="damaged: water damage", by=None)
    response = manager.get(lot.get_absolute_url())
    (promise,) = response.context["card"].promises
    assert (promise.quantity, promise.kept, promise.short) == (30, 12, 18)
    page = html(response)
    assert "Short 18" in page
    assert "Damaged: water damage" in page
    assert f"/pending/{line.pk}/" in page
    assert "30 left" in page
    assert "12 left" in page


def test_balances_are_right_on_every_page(manager):
    lot = LotFactory(quantity=Decimal(130), total_cost=13)
    left = Decimal(130)
    for step in range(120):
        left += 1 if step % 2 else -2
        services.count_lot(lot_id=lot.pk, quantity=left, reason="counted", by=None)
    expected, balance = {}, Decimal(0)
    for movement in lot.movements.order_by("pk"):
        balance += movement.quantity
        expected[movement.pk] = balance
    shown, address = {}, lot.get_absolute_url()
    while address:
        response = manager.get(address)
        page = response.context["page"]
        assert [row.pk for row in page.rows] == sorted(row.pk for row in page.rows), "newest last"
        shown |= {row.pk: row.balance for row in page.rows}
        address = lot.get_absolute_url() + page.more if page.more else ""
    assert shown == expected
    assert len(shown) == 121


def test_earlier_movements_come_as_a_part(manager):
    lot = LotFactory()
    MovementFactory.create_batch(55, inventory_item=lot)
    first = manager.get(lot.get_absolute_url())
    assert len(first.context["page"].rows) == 50
    rest = manager.get(lot.get_absolute_url() + first.context["page"].more, headers=htmx("more"))
    assert len(rest.context["page"].rows) == 6
    assert "<h1>" not in html(rest)


def test_a_voided_lot_says_who_when_and_why(manager):
    lot = LotFactory()
    services.void_receipt(lot_id=lot.pk, reason="Typed twice", by=UserFactory(username="erna"))
    page = words(manager.get(lot.get_absolute_url()))
    assert "by erna. Typed twice" in page
    assert "taken back" in page
    assert "Receive it again" in page
    assert f"/stock/lots/{lot.pk}/void/" not in page
    assert f"/stock/count/?lot={lot.pk}" not in page


def test_only_an_untouched_receipt_can_be_voided(manager):
    lot = LotFactory()
    void = f"/stock/lots/{lot.pk}/void/"
    assert void in html(manager.get(lot.get_absolute_url()))
    services.correct_cost(lot_id=lot.pk, total_cost=Decimal(7), reason="bill", by=None)
    assert void in html(manager.get(lot.get_absolute_url()))
    services.count_lot(lot_id=lot.pk, quantity=Decimal(9), reason="counted", by=None)
    assert void not in html(manager.get(lot.get_absolute_url()))


def test_a_goods_lot_of_a_run_offers_no_void(manager):
    order = OrderFactory()
    lot = InventoryItem.objects.create(
        finished_good=order.finished_good, order=order, quantity_received=3, quantity=3, received_on=date(2025, 12, 1)
    )
    StockMovement.objects.create(inventory_item=lot, kind="assembled", quantity=3)
    page = html(manager.get(lot.get_absolute_url()))
    assert f"/stock/lots/{lot.pk}/void/" not in page
    assert order.get_absolute_url() in page
    made = lot.movements.get()
    StockMovement.objects.create(inventory_item=lot, kind="reversed", quantity=-3, reason="mistake", reverses=made)
    InventoryItem.objects.update(quantity=0)
    page = words(manager.get(lot.get_absolute_url()))
    assert "by —. mistake" in page
    assert "/stock/count/?lot=" not in page


def test_the_lot_page_offers_what_one_may_do():
    lot = LotFactory()
    offers = {
        "Packers": {"count"},
        "Planners": {"count", "issue", "void"},
        "Managers": {"count", "issue", "void", "cost"},
    }
    for group, expected in offers.items():
        page = html(sign_in(group).get(lot.get_absolute_url()))
        addresses = {
            "count": f"/stock/count/?lot={lot.pk}",
            "issue": f"/stock/issue/?lot={lot.pk}",
            "void": f"/stock/lots/{lot.pk}/void/",
            "cost": f"/stock/lots/{lot.pk}/cost/",
        }
        assert {name for name, address in addresses.items() if address in page} == expected, group


def test_what_is_past_its_day_says_so(manager):
    yesterday = timezone.localdate() - timedelta(days=1)
    lot = LotFactory(finished_unit=FinishedUnitFactory(), received_on=yesterday, expires_on=yesterday)
    for address in (lot.get_absolute_url(), "/stock/?kind=units", "/stock/count/"):
        assert ">Expired<" in html(manager.get(address))
    services.count_lot(lot_id=lot.pk, quantity=Decimal(0), reason="lost", by=None)
    assert ">Expired<" not in html(manager.get(lot.get_absolute_url()))


PAGES = ("/stock/", "/stock/?kind=units", "/stock/?kind=goods", "/stock/?q=cello", "generic", "lot", "/stock/count/")


@pytest.mark.parametrize("address", PAGES)
def test_a_packer_sees_no_cost(bakehouse, address):
    address = {
        "generic": bakehouse.generics["bag"].get_absolute_url(),
        "lot": bakehouse.lots["L1"].get_absolute_url(),
    }.get(address, address)
    page = html(sign_in("Packers").get(address))
    for sign in ("<data", "€", "6.90", "0.23", "Value"):
        assert sign not in page
    if address not in ("/stock/?kind=goods", "/stock/count/"):
        assert "€" in html(sign_in("Managers").get(address))


@pytest.mark.parametrize(
    "address",
    [
        "/stock/generics/999/",
        "/stock/lots/999/",
        "/stock/lots/",
        "/stock/lots/?generic=abc",
        "/stock/lots/?generic=999",
        f"/stock/lots/?unit={'9' * 30}",
        f"/stock/lots/{'9' * 30}/",
        f"/stock/generics/{'9' * 30}/",
    ],
)
def test_what_is_not_there_is_404(manager, address):
    assert manager.get(address).status_code == 404


@pytest.mark.parametrize("query", ["?page=0", "?page=-1", "?page=x", f"?page={'9' * 30}", "?before=x", "?q=%25_%27"])
def test_nonsense_in_a_list_shows_the_list(bakehouse, manager, query):
    assert manager.get(f"/stock/{query}").status_code == 200
    assert manager.get(bakehouse.lots["L1"].get_absolute_url() + query).status_code == 200


@pytest.mark.parametrize("address", ["/stock/", "generic", "lot", "/stock/lots/?generic=1"])
def test_pages_are_only_looked_at(manager, address):
    lot = LotFactory()
    address = {"generic": lot.product.generic_product.get_absolute_url(), "lot": lot.get_absolute_url()}.get(
        address, address
    )
    assert manager.post(address).status_code == 405


def test_somebody_without_permission_is_refused():
    lot = LotFactory()
    stranger = sign_in()
    for address in ("/stock/", lot.get_absolute_url(), lot.product.generic_product.get_absolute_url(), "/stock/lots/"):
        assert stranger.get(address).status_code == 403


@pytest.mark.parametrize("kind", ["packaging", "units", "goods"])
def test_the_list_costs_the_same_for_many_rows(manager, count_statements, kind):
    def make():
        if kind == "packaging":
            promise = AssignmentFactory()
            ProductFactory(generic_product=promise.inventory_item.product.generic_product)
        elif kind == "units":
            LotFactory(finished_unit=FinishedUnitFactory())
        else:
            LotFactory(finished_good=FinishedGoodFactory())

    make()
    few = count_statements(manager, f"/stock/?kind={kind}")
    for _ in range(49):
        make()
    assert count_statements(manager, f"/stock/?kind={kind}") == few <= 8


def test_the_generic_page_costs_the_same_for_many_rows(manager, count_statements):
    generic = GenericProductFactory()

    def make():
        product = ProductFactory(generic_product=generic)
        promise = AssignmentFactory(
            composition=CompositionFactory(order=OrderFactory(), packaging_product=product, is_generic=True)
        )
        CompositionFactory(packaging_product=promise.inventory_item.product)

    make()
    few = count_statements(manager, generic.get_absolute_url())
    for _ in range(49):
        make()
    assert count_statements(manager, generic.get_absolute_url()) == few <= 8


def test_the_lot_page_costs_the_same_for_many_rows(manager, count_statements):
    lot = LotFactory(quantity=1000)

    def make():
        order = OrderFactory()
        line = CompositionFactory(order=order, packaging_product=lot.product, is_generic=True)
        AssignmentFactory(composition=line, inventory_item=lot)
        MovementFactory(inventory_item=lot, order=order, created_by=UserFactory())

    make()
    few = count_statements(manager, lot.get_absolute_url())
    for _ in range(48):
        make()
    assert count_statements(manager, lot.get_absolute_url()) == few <= 8


def test_choosing_a_lot_costs_the_same_for_many_rows(manager, count_statements):
    LotFactory()
    few = count_statements(manager, "/stock/count/")
    LotFactory.create_batch(24)
    for _ in range(25):
        LotFactory(finished_unit=FinishedUnitFactory())
    assert count_statements(manager, "/stock/count/") == few <= 8
