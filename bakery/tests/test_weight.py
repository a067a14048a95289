"""P8: what goes over the wire: pages are packed, and small where a list fills its page too (parts: test_fragments)."""

import gzip

import pytest
from django.middleware.gzip import GZipMiddleware
from django.test import Client

from packaging.tests.factories import (
    CompositionFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PACKED = {"Accept-Encoding": "gzip"}
PAGE, PART = 15_000, 4_096  # bytes, the head of the answer too; a page's files come once (browser/test_second_visit.py)


@pytest.fixture
def client():
    client = Client(headers=PACKED)
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


@pytest.fixture
def long_lists():
    """More of everything than a page shows at once."""
    for _number in range(60):
        LotFactory(product=ProductFactory(), quantity=3, total_cost=3)
        CompositionFactory(order=OrderFactory(), packaging_product=ProductFactory(), is_generic=True)


def weight(answer):
    """Return the bytes of an answer, its head among them, with the longest padding that it could have been given."""
    padding = 0
    if answer.get("Content-Encoding") == "gzip":
        padding = GZipMiddleware.max_random_bytes - answer.content[10:].index(0)  # a name of random length
    return len(answer.content) + padding + sum(len(name) + len(value) + 4 for name, value in answer.headers.items())


@pytest.mark.parametrize("place", ["/stock/", "/pending/", "/make/", "/orders/", "/log/", "/runs/"])
def test_pages_and_the_parts_that_a_search_fetches(client, long_lists, place):
    page = client.get(place)
    assert (page.status_code, page.headers["Content-Encoding"]) == (200, "gzip")
    assert "Accept-Encoding" in page.headers["Vary"]
    assert weight(page) < PAGE
    part = client.get(place, headers={"HX-Request": "true", "HX-Target": "rows"})
    assert part.status_code == 200
    assert weight(part) < PART, place


def test_the_shopping_list_to_take_along_is_a_page_like_any_other(client, long_lists):
    """It holds all sixty things to buy; the list on the screen comes ten at a time."""
    assert weight(client.get("/shopping/sheet/")) < PAGE


def test_what_is_read_is_the_same(client):
    """Packed or not; and each answer has another length, so that nobody learns of a page by how well it packs."""
    plain = Client()
    plain.cookies = client.cookies
    packed = [client.get("/account/") for _ in range(12)]
    assert gzip.decompress(packed[0].content).count(b"csrfmiddlewaretoken") == plain.get("/account/").content.count(
        b"csrfmiddlewaretoken"
    )
    assert len({len(answer.content) for answer in packed}) > 3


def test_a_short_answer_is_left_as_it_is(client):
    answer = client.get("/healthz")
    assert (answer.content, answer.get("Content-Encoding")) == (b"ok", None)
