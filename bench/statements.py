"""P1 and P2: how many statements a recording and the pages take. Counts, so one try each is enough."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from assembly.forms.reports import PERIODS
from assembly.services import preview_assembly, record_assembly
from bench.data import Good, good_from, good_of, shelf_of, somebody
from bench.plan import Bench
from bench.table import Row, counted
from packaging.models import FinishedGood, GenericProduct, InventoryItem

SHAPES = ((3, 2), (10, 2), (30, 2), (3, 10))  # lines of each kind, lots of each item
RECORDING, POST, PREVIEW, PENDING, LIST, ADMIN = 14, 20, 5, 6, 8, 12
OWN = ("packaging", "assembly")  # the apps whose tables the administration lists
LISTS = (
    "assembly:today",
    "assembly:run_list",
    "assembly:run_record",
    "assembly:debt_list",
    "packaging:order_list",
    "packaging:event_list",
    "packaging:stock",
    "packaging:shopping_list",
    "packaging:shopping_sheet",
    "packaging:make",
    "log_list",
    "people",
    "role_list",
)


def count(act: Callable[[], object]) -> int:
    """Return how many statements something takes, those that begin and commit among them."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def measure_p1(bench: Bench) -> Iterator[Row]:
    """One recording, by the service and by the form, of any length, with any lots, and after any history."""
    plainly, decidedly, without, posts = [], [], [], []
    all_shapes = [*SHAPES, (3, bench.many_lots)]
    for size, shapes in (("empty", all_shapes), (bench.grown, SHAPES[:2])):
        with bench.databases.using(size):
            client = signed_in()
            for lines, lots in shapes:
                shelf = shelf_of(lines, lots=lots)
                plain, decided = good_from(shelf, range(lines)), good_from(shelf, range(lines), decided=True)
                plainly += [count(recording(plain)), count(recording(plain))]
                decidedly.append(count(recording(decided)))
                without.append(count(recording(plain, with_order=False)))
                posts.append(count(posting(client, decided)))
    yield counted("P1 one recording, for an order", plainly, RECORDING)
    yield counted("P1 one recording, for an order with promised lots", decidedly, RECORDING)
    yield counted("P1 one recording, without an order", without, RECORDING)
    yield counted("P1 the whole POST of one", posts, POST)


def measure_p2(bench: Bench) -> Iterator[Row]:
    """The preview of a run, the pending list and every list page, where there is little and where there is much."""
    previews: list[int] = []
    pending: list[int] = []
    short: list[int] = []
    counts: dict[str, list[int]] = {}
    for size in ("small", "big"):
        with bench.databases.using(size):
            client = signed_in()
            for lines, lots in SHAPES[:3]:
                good = good_of(lines, lots=lots, decided=True)
                order = good.orders[0].pk
                previews.append(count(lambda order=order: preview_assembly(quantity=3, order_id=order)))  # type: ignore[misc]
            address = reverse("packaging:pending_list")
            pending.append(count(asking(client, address)))
            short.append(while_short(good, asking(client, f"{address}?state=short", wanted=b"/repair/")))
            for name, address in lists().items():
                counts.setdefault(name, []).append(count(asking(client, address)))
    yield counted("P2 availability preview", previews, PREVIEW)
    yield counted("P2 pending list", pending, PENDING)
    yield counted("P2 pending list, of short lines", short, PENDING)
    for name, found in counts.items():
        in_admin = name.startswith("admin:")
        yield counted(f"P2 list page {name.partition(':')[2] or name}", found, ADMIN if in_admin else LIST)


def lists() -> dict[str, str]:
    """Return the address of every list page by name: what has to be chosen is chosen, reports look far back."""
    goods = FinishedGood.objects.in_use().order_by("pk").values_list("pk", flat=True)[:3]
    reports = {f"assembly:report_{name}": {"days": max(PERIODS, key=int)} for name in ("use", "loss", "value")}
    asked: dict[str, Any] = {
        **reports,
        "assembly:report_cost": {"good": goods[0]},
        "packaging:make_together": [pair for pk in goods for pair in (("good", pk), (f"n_{pk}", 1))],
        "packaging:lot_list": {"generic": GenericProduct.objects.order_by("pk").values_list("pk", flat=True)[0]},
    }
    return {
        **{name: reverse(name) for name in (*LISTS, *changelists())},
        **{name: f"{reverse(name)}?{urlencode(query)}" for name, query in asked.items()},
    }


def changelists() -> list[str]:
    """Return the names of all lists of the administration over the shop's own tables."""
    models = [model._meta for model in admin.site._registry]
    return [f"admin:{meta.label_lower.replace('.', '_')}_changelist" for meta in models if meta.app_label in OWN]


def while_short(good: Good, act: Callable[[], object]) -> int:
    """Return how many statements something takes while nothing is left of what a good's lines were promised."""
    with transaction.atomic():
        InventoryItem.objects.filter(pk__in=[lot.pk for lot in good.shelf.lots]).update(quantity=0, value=0)
        taken = count(act)
        transaction.set_rollback(True)
    return taken


def signed_in() -> Client:
    """Return the browser of somebody who may everything."""
    client = Client()
    client.force_login(somebody(), backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


def recording(good: Good, *, with_order: bool = True, pieces: int = 3) -> Callable[[], object]:
    """Return what records some pieces of a good by the service."""
    by = somebody()
    target: dict[str, Any] = {"order_id": good.orders[0].pk} if with_order else {"finished_good_id": good.good.pk}
    return lambda: record_assembly(quantity=pieces, by=by, key=uuid4(), **target)


def posting(client: Client, good: Good, pieces: int = 3) -> Callable[[], object]:
    """Return what records some pieces by the form, as htmx sends it, from the version that the order has now."""
    order = good.orders[0]
    order.refresh_from_db(fields=["version"])
    address = f"{reverse('assembly:run_record')}?order={order.pk}"
    today = timezone.localdate().isoformat()
    fields = {"key": str(uuid4()), "quantity": pieces, "on": today, "notes": "", "version": order.version}

    def post() -> None:
        answer = client.post(address, fields, headers={"HX-Request": "true"})
        assert "HX-Redirect" in answer.headers, answer.status_code

    return post


def asking(client: Client, address: str, wanted: bytes = b"") -> Callable[[], object]:
    """Return what asks for a page, which has to show what is `wanted`."""

    def ask() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        assert wanted in answer.content, address

    return ask
