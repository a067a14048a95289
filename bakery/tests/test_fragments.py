"""P8: no part of a page is above 4 KB over the wire, whatever page asks for it, in a shop that has more than a page."""

import gzip
import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import resolve, reverse

from assembly.models import PackagingDebt
from bakery.tests.addresses import addresses, parts, place
from bakery.tests.fragments import Asks
from bakery.tests.long_shop import LongShop
from bakery.tests.test_weight import PACKED, PAGE, PART, weight
from packaging.models import Composition
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NO_PAGES = {"logout", "theme_switch", "log_csv", "packaging:shopping_csv"}
# As views name them.
SERVED = {"rows", "more", "modal", "plan", "preview", "check", "sum", "lots", "levels", "result", "report"}
NUMBER = re.compile(r"\d+")


@pytest.fixture
def shop():
    return LongShop()


@pytest.fixture
def client():
    client = Client(headers=PACKED)
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


def asked(shop):
    """Return the addresses of pages that hold the most, besides those without a query."""
    goods = [("good", shop.big.pk), *(("good", good.pk) for good in shop.goods[:9])]
    lines = urlencode([("strategy", "oldest"), *(("line", line.pk) for line in shop.lines[:40])])
    made = {f"made_g{good.pk}": 2 for good in shop.goods[:40]}
    debts = urlencode([("debt", pk) for pk in PackagingDebt.objects.values_list("pk", flat=True)[:50]])
    return [
        *(f"{reverse('packaging:stock')}?kind={kind}" for kind in ("units", "goods")),
        f"{reverse('packaging:pending_list')}?pick=all",
        f"{reverse('packaging:pending_fill')}?{lines}",
        f"{reverse('packaging:shopping_list')}?days=all",
        f"{reverse('packaging:make_together')}?{urlencode([*goods, *((f'n_{pk}', 9) for _word, pk in goods)])}",
        f"{reverse('packaging:lot_list')}?generic={shop.crowded.pk}",
        f"{reverse('packaging:stock_count')}?lot={shop.crowd[0].pk}",
        *(reverse("packaging:lot_detail", args=[lot.pk]) for lot in shop.crowd[:2]),
        f"{reverse('assembly:run_record')}?order={shop.order.pk}",
        f"{reverse('assembly:run_plan')}?order={shop.order.pk}&quantity=90",
        f"{reverse('assembly:day_sheet')}?{urlencode(made)}",
        f"{reverse('assembly:debts_accept')}?{debts}",
        f"{reverse('assembly:debt_list')}?show=done",
        *(f"{reverse(f'assembly:report_{name}')}?days=30" for name in ("cost", "use", "loss", "value")),
    ]


def every_page(shop):
    """Return each address once, about what holds the most, and the pages with a query."""
    known = {
        "composition_id": shop.line.pk,
        "line_id": Composition.objects.filter(assembly=shop.big, order=None).earliest("pk").pk,
        "good_id": shop.big.pk,
        "order_id": shop.order.pk,
        "event_id": shop.events[0].pk,
        "run_id": shop.runs[0].pk,
        "lot_id": shop.crowd[2].pk,
        "debt_id": PackagingDebt.objects.latest("pk").pk,
        "person_id": 1,
        "generic": shop.crowded.pk,
        "lot": shop.crowd[2].pk,
        "figure": "order-high",
        "thing_figure": "need-needed",
        "key": f"generic-{shop.crowded.pk}",
        "kind": "order",
        "pk": shop.order.pk,
    }
    alone = [place(name, words, known) for name, words in addresses().items() if name not in NO_PAGES]
    return [*alone, *asked(shop)]


def text_of(answer):
    packed = answer.get("Content-Encoding") == "gzip"
    return (gzip.decompress(answer.content) if packed else answer.content).decode()


def fragments_of(client, address, html, template):
    """Yield what the parts of a page's template answer, and each element of the page that asks, empty and filled in."""
    file = Path(settings.BASE_DIR, "templates", template)
    for part in set(parts([file])) & SERVED if file.is_file() else ():
        yield f"#{part}", client.get(address, headers={"HX-Request": "true", "HX-Target": part})
    seen = set()
    for ask in Asks(address, html).found:
        way, path = ask.fields.get("strategy", ""), urlsplit(ask.address).path
        kind = NUMBER.sub("", f"{path} {ask.target} {[*ask.fields]} {way}")
        if kind not in seen:
            seen.add(kind)
            yield f"{ask.address} #{ask.target}", ask.send(client)
            if ask.fields and ask.filled("7") != ask:
                yield f"{ask.address} #{ask.target} filled in", ask.filled("7").send(client)


def test_no_fragment_is_above_four_kilobytes(client, shop):
    """Whoever asks for a part and gets a page, as after a refusal, gets one that is no heavier than pages are."""
    sizes, heavy, names = {}, {}, set()
    for address in every_page(shop):
        page = client.get(address)
        assert page.status_code in {200, 302, 404, 405, 422}, address
        if page.status_code in {302, 405} or not page.headers["Content-Type"].startswith("text/html"):
            continue
        names.add(resolve(urlsplit(address).path).view_name)
        template = str(page.templates[0].name).partition("#")[0]
        for what, answer in fragments_of(client, address, text_of(page), template):
            assert answer.status_code < 500, what
            size, is_page = weight(answer), "<html" in text_of(answer)
            sizes[f"{address[:60]} {what[:90]}"] = size
            if size >= (PAGE if is_page else PART):
                heavy[f"{address[:60]} {what[:90]}"] = size
    assert heavy == {}
    assert len(sizes) > 200
    assert {"packaging:shopping_list", "packaging:lot_assign", "assembly:day_sheet", "assembly:report_use"} <= names
    assert {"log_list", "people"} <= names
