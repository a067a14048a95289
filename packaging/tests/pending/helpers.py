"""What the tests of To assign share: what a page says and shows, its form, and lines that wait."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from packaging.models import CompositionAssignment
from packaging.tests.factories import CompositionFactory, LotFactory, OrderFactory, ProductFactory

HTMX = {"HX-Request": "true"}
LIST = "/pending/"


def words(response):
    """What a page says, without its tags."""
    html = re.sub(r"(?s)<(head|svg)\b.*?</\1>", " ", response.content.decode())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def part_of(response, name):
    """The words of the element with this id, up to the end of its own markup."""
    html = response.content.decode()
    start = re.search(rf'<(\w+)[^>]*\bid="{name}"', html)
    assert start, f"no #{name}"
    depth = 0
    for tag in re.finditer(rf"<(/?){start[1]}\b", html[start.start() :]):
        depth += -1 if tag[1] else 1
        if depth == 0:
            inner = html[start.start() : start.start() + tag.start()]
            return re.sub(
                r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<svg.*?</svg>", "", inner)))
            ).strip()
    raise AssertionError(name)


def value_of(response, name):
    """What an input of the page shows."""
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', response.content.decode())
    return unescape(found[1]) if found else None


def shown_lots(response):
    """What the steppers show, by lot id."""
    pairs = re.findall(r'name="lot_(\d+)"[^>]*?value="([^"]*)"', response.content.decode())
    return {int(pk): value for pk, value in pairs}


def page_of_line(line):
    return reverse("packaging:lot_assign", args=[line.pk])


def form_of(response, **typed):
    """The form of a page as a browser would send it, with some numbers typed over; `typed` is by lot id or name."""
    html = response.content.decode()
    html = html[html.index('id="assign"') :]
    fields = re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', html)
    data = {name: unescape(value) for name, value in fields if name != "csrfmiddlewaretoken"}
    return {**data, **typed}


def lots(bakehouse, **amounts):
    return {f"lot_{bakehouse.lots[code].pk}": str(amount) for code, amount in amounts.items()}


def stored(line):
    rows = CompositionAssignment.objects.outstanding().filter(composition=line).select_related("inventory_item")
    return {row.inventory_item.label: row.outstanding for row in rows}


def waiting_line(quantity=10, stock=10, due_in=5, **order):
    """A generic line of an open order, and a lot for it."""
    product = ProductFactory()
    order.setdefault("due_on", timezone.localdate() + timedelta(days=due_in))
    line = CompositionFactory(
        packaging_product=product, is_generic=True, order=OrderFactory(quantity=quantity, **order)
    )
    if stock:
        LotFactory(product=product, quantity=Decimal(stock))
    return line


def statements(client, path, data=None, **extra):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path, **extra) if data is None else client.post(path, data, **extra)
    return response, len(captured)
