"""What can I make together: several goods from one shelf (R18)."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from packaging.queries import makeable_together, most_makeable
from packaging.services import add_line, count_lot, receive_lot
from packaging.tests.factories import CompositionFactory, FinishedGoodFactory, LotFactory, ProductFactory
from packaging.tests.pages import sign_in, text_of

pytestmark = pytest.mark.django_db
D = Decimal
PAGE = "/make/together/"
PART = {"HX-Request": "true", "HX-Target": "result"}


def asking(**numbers):
    """Return the query for goods by primary key."""
    return "?" + "&".join(f"good={name[1:]}&n_{name[1:]}={number}" for name, number in numbers.items())


def bag_good(product, per_one=1):
    good = FinishedGoodFactory()
    CompositionFactory(assembly=good, packaging_product=product, component_quantity=D(per_one), is_generic=True)
    return good


@pytest.fixture
def hampers(bakehouse):
    """S28's shelf: G1 10, G4 12, PC 24, cartons 3, ribbon 75 m."""
    today = timezone.localdate()
    for short, pieces in (("G1", 10), ("G4", 12)):
        good = bakehouse.goods[short]
        receive_lot(finished_good_id=good.pk, quantity=D(pieces), total_cost=D(9), received_on=today, by=None)
    count_lot(lot_id=bakehouse.lots["L14"].pk, quantity=D(3), reason="counted", by=None)
    return bakehouse


def test_s28_specific_and_generic_lines_count_each_bag_once(bakehouse, packer):
    good = FinishedGoodFactory(display_name="Bundle")
    holly, stars = bakehouse.products["Holly"].pk, bakehouse.products["Stars"].pk
    add_line(finished_good_id=good.pk, packaging_product_id=holly, quantity=D(1), by=None)
    add_line(finished_good_id=good.pk, packaging_product_id=stars, quantity=D(3), is_generic=True, by=None)
    assert most_makeable(good.pk).quantity == 20
    assert makeable_together({good.pk: 20}).lacks == ()
    (lack,) = makeable_together({good.pk: 25}).lacks
    assert (lack.part.name, lack.missing) == ("any Cello bag 6x10", 18)
    words = text_of(packer.get(PAGE + asking(**{f"n{good.pk}": 20})))
    assert "All of it fits." in words
    assert "Bundle 20 wanted Runs out first: any Cello bag 6x10 20 20" in words


def test_s28_the_bottleneck_and_what_is_short_are_named(hampers, packer):
    good = hampers.goods["G5"]
    found = most_makeable(good.pk)
    assert (found.quantity, found.bottleneck) == (3, "Hamper carton Plain 12x12x6")
    answer = makeable_together({good.pk: 8})
    assert {lack.part.name: lack.missing for lack in answer.lacks} == {
        "Cookie half-dozen bag": 6,
        "Hamper carton Plain 12x12x6": 5,
    }
    assert not answer.fits[good.pk].fits
    words = text_of(packer.get(PAGE + asking(**{f"n{good.pk}": 8})))
    assert "Cookie half-dozen bag 16 pieces needed, 10 free 6 pieces missing" in words
    assert "Hamper carton Plain 12x12x6 8 pieces needed, 3 free 5 pieces missing" in words
    assert "8 wanted Runs out first: Hamper carton Plain 12x12x6 3 3" in words


def test_changing_one_number_updates_the_others(packer):
    product = ProductFactory()
    LotFactory(product=product, quantity=D(20))
    one, two = bag_good(product), bag_good(product, 2)
    response = packer.get(PAGE + asking(**{f"n{one.pk}": 6, f"n{two.pk}": 3}), headers=PART)
    fits = response.context["answer"].fits
    assert [(fit.wanted, fit.alone.quantity, fit.beside.quantity) for fit in fits.values()] == [(6, 20, 14), (3, 10, 7)]
    assertContains(response, "All of it fits.")
    assertNotContains(response, "<h1")
    response = packer.get(PAGE + asking(**{f"n{one.pk}": 16, f"n{two.pk}": 3}), headers=PART)
    assert [fit.beside.quantity for fit in response.context["answer"].fits.values()] == [14, 2]
    assertContains(response, "2 pieces missing")


def test_goods_are_added_and_taken_out_by_the_address(packer):
    one, two = FinishedGoodFactory(), FinishedGoodFactory()
    response = packer.get(f"{PAGE}?good={one.pk}&n_{one.pk}=7&add={two.pk}")
    assert response.headers["Location"] == f"{PAGE}{asking(**{f'n{one.pk}': 7, f'n{two.pk}': 1})}"
    response = packer.get(f"{response.headers['Location']}&remove={one.pk}")
    assert response.headers["Location"] == f"{PAGE}{asking(**{f'n{two.pk}': 1})}"
    assert packer.get(f"{response.headers['Location']}&remove={two.pk}").headers["Location"] == PAGE
    response = packer.get(f"{PAGE}?add={one.pk}", headers=PART)
    assert response.headers["HX-Redirect"] == f"{PAGE}?good={one.pk}&n_{one.pk}=1"


def test_nothing_chosen_and_a_good_without_a_recipe(packer):
    assertContains(packer.get(PAGE), "Choose a good to begin.")
    good = FinishedGoodFactory()
    assertContains(packer.get(f"{PAGE}?good={good.pk}"), "It has no recipe yet.")


@pytest.mark.parametrize("number", ["", "NaN", "-1", "1e9", "2.5", "9" * 30])
def test_a_number_that_is_none_is_refused(packer, number):
    good = FinishedGoodFactory()
    response = packer.get(f"{PAGE}?good={good.pk}&n_{good.pk}={number}")
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [f"n_{good.pk}"]
    assert "answer" not in response.context


@pytest.mark.parametrize("query", ["good=0", "good=x", f"good={'9' * 30}", "good=-1"])
def test_goods_that_are_not_there_are_a_404(packer, query):
    assert packer.get(f"{PAGE}?{query}").status_code == 404


def test_archived_goods_cannot_be_chosen(packer):
    good = FinishedGoodFactory(is_archived=True)
    assert packer.get(f"{PAGE}?good={good.pk}").status_code == 404
    assert packer.get(f"{PAGE}?add={good.pk}").status_code == 422


def test_ten_goods_are_the_most(packer):
    goods = FinishedGoodFactory.create_batch(11)
    ten = packer.get(PAGE + asking(**{f"n{good.pk}": 1 for good in goods[:10]}))
    assertContains(ten, "as many as can be compared")
    assert packer.get(PAGE + asking(**{f"n{good.pk}": 1 for good in goods})).status_code == 422


@pytest.mark.parametrize("group", ["Packers", "Planners", "Managers"])
def test_every_group_may_look_and_nothing_is_written(group):
    client = sign_in(group)
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE).status_code == 405
    assertContains(client.get("/make/"), f'href="{PAGE}"')


def test_strangers_may_not(client):
    assert client.get(PAGE).status_code == 302
    assert sign_in().get(PAGE).status_code == 403


@pytest.mark.parametrize("count", [1, 10])
def test_the_page_takes_eight_statements(packer, count):
    goods = [bag_good(ProductFactory()) for _number in range(count)]
    with CaptureQueriesContext(connection) as captured:
        assert packer.get(PAGE + asking(**{f"n{good.pk}": 1 for good in goods})).status_code == 200
    assert len(captured) <= 8
