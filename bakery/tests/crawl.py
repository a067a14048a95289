"""A shop whose prices cannot be mistaken for anything else, and somebody who looks at all of it."""

import re
from collections import Counter, deque
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from io import BytesIO
from pathlib import Path
from unittest import mock
from urllib.parse import urljoin, urlsplit
from uuid import uuid4
from zlib import decompress

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.signing import b64_decode
from django.db import connection, transaction
from django.db.models import DecimalField
from django.urls import NoReverseMatch, resolve, reverse
from openpyxl import load_workbook

from assembly.models import AssemblyRun, BooksCheck, PackagingDebt
from assembly.queries.explain import FIGURES
from assembly.services import record_assembly, settle_debt, void_run
from assembly.tests.explained import MODELS
from bakery.exports import XLSX
from bakery.log import subjects
from bakery.tests.addresses import NUMBERS, Forms
from bakery.tests.url_names import url_names
from bakery.tests.who import busy
from packaging import bakehouse as fixture
from packaging.admin.base import COST_COLUMNS, EXPORTS
from packaging.admin.sheets.pages import SHEET_EXPORTS
from packaging.models import InventoryItem
from packaging.queries.explain import OF_THINGS
from packaging.queries.explain.shopping import ALL_DAYS
from packaging.services import correct_cost, count_lot, receive_lot

SIGN = "¤"
LINK = re.compile(r'(?:href|hx-get)="([^"#]+)')
PART = re.compile(r"{% partialdef ([\w-]+)")
EACH_TIME = re.compile(
    r'(csrfmiddlewaretoken" value="|X-CSRFToken&quot;: &quot;|X-CSRFToken": ")\w+'
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
VISITS = 2  # of each address that links lead to, besides those that the crawl starts from


def priced(number, quantity, world):
    """Return what a lot cost: another amount in each world, in the same order by the piece."""
    each = Decimal(101 + 37 * number) + Decimal("0.1373")
    if world:
        each = each * Decimal("1.7") + Decimal("3.3319")
    return (each * Decimal(quantity)).quantize(Decimal("0.0001"))


def dear_shop(world=0):
    """Load fixture F with other prices, and let a lot happen in it."""
    lots = {
        code: (what, day, quantity, str(priced(number, quantity, world)))
        for number, (code, (what, day, quantity, _paid)) in enumerate(fixture.LOTS.items())
    }
    bakes = {
        code: (what, day, quantity, str(priced(number, quantity, world)))
        for number, (code, (what, day, quantity, _paid)) in enumerate(fixture.BAKES.items(), start=20)
    }
    with mock.patch.object(fixture, "LOTS", lots), mock.patch.object(fixture, "BAKES", bakes):
        bakehouse = fixture.load_bakehouse(None)
    busy(bakehouse)
    debt = PackagingDebt.objects.earliest("pk")
    settle_debt(debt_id=debt.pk, amounts={bakehouse.lots["L3"].pk: Decimal(1)}, by=None)
    tried = record_assembly(quantity=1, finished_good_id=bakehouse.goods["G7"].pk, by=None, key=uuid4())
    void_run(run_id=tried.pk, reason="Counted twice", by=None)
    receive_lot(
        product_id=bakehouse.products["Holly"].pk,
        quantity=Decimal(3),
        total_cost=None,
        received_on=fixture.date(2025, 12, 1),
        lot_code="U1",
        by=None,
    )
    dear = priced(50, 24, world)
    correct_cost(lot_id=bakehouse.lots["L5"].pk, total_cost=dear, reason="The invoice came", by=None)
    count_lot(lot_id=bakehouse.lots["L9"].pk, quantity=Decimal(20), reason="damaged", by=None)
    BooksCheck.objects.create(differences=f"Lot L1 value: {dear}, its movements say {dear + 1}")
    return bakehouse


def forget_numbers():
    """Let the next rows have the numbers that rows had which were taken back."""
    from django.core.management.color import no_style

    models = [
        model
        for label in ("packaging", "assembly", "bakery", "auth", "admin")
        for model in apps.get_app_config(label).get_models()
    ]
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(sql)


def written(amount, places):
    """Return an amount as a page could write it: with the places that it has, and in groups of thousands."""
    amount = abs(amount).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return {f"{amount:f}", f"{amount:,f}"}


def prices():
    """Return every text that tells a cost of this database: what is stored, and what each piece of a lot costs."""
    amounts = set()
    for label in ("packaging", "assembly"):
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, DecimalField) and field.name in COST_COLUMNS:
                    amounts |= set(model._default_manager.values_list(field.name, flat=True))
    amounts |= {lot.unit_cost for lot in InventoryItem.objects.all()}
    amounts |= {lot.total_cost / lot.quantity_received for lot in InventoryItem.objects.all()}
    found = {text for amount in amounts if amount for places in (2, 3, 4) for text in written(amount, places)}
    return {text for text in found if len(text) > 5}


def unsigned(cookie):
    """Return the words in a cookie of messages, without the moment at which it was signed."""
    text = cookie.split(":")[0]
    kept = b64_decode(text.removeprefix(".").encode())
    return (decompress(kept) if text.startswith(".") else kept).decode()


def told(answer):
    """Return all that an answer says: its body, its headers and its cookies."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    left_out = {"Content-Length", "Expires", "X-Request-ID"}
    heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items() if name not in left_out)
    said = "\n".join(unsigned(morsel.value) for name, morsel in answer.cookies.items() if name == "messages")
    return EACH_TIME.sub(
        "", "\n".join([heads, said, words_of(body) if answer.get("Content-Type") == XLSX else body.decode()])
    )


def words_of(workbook):
    """Return what the cells of a workbook say, a row a line."""
    rows = load_workbook(BytesIO(workbook), read_only=True).active.iter_rows(values_only=True)
    return "\n".join(",".join("" if value is None else str(value) for value in row) for row in rows)


# Their addresses name what they are about, besides its number.
OF_MANY_KINDS = {"assembly:explain", "assembly:explain_thing", "object_history"}
NO_PAGES = {"login", "logout", "theme_switch", *OF_MANY_KINDS}


def spread(rows):
    """Return the first, the middle and the last of these."""
    return [rows[at] for at in sorted({0, len(rows) // 2, len(rows) - 1})] if rows else []


def told_of_many_kinds():
    """Yield the explanation of each figure, and the history of each thing that has one."""
    kinds = {figure: figure.partition("-")[0] for figure in FIGURES}
    yield from (reverse("assembly:explain", args=[figure, ALL_DAYS]) for figure in kinds if kinds[figure] == "list")
    models = [("assembly:explain", figure, MODELS[kind]) for figure, kind in kinds.items() if kind in MODELS]
    models += [("object_history", word, model) for word, model in subjects().items()]
    for name, word, model in models:
        pks = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        yield from (reverse(name, args=[word, pk]) for pk in spread(pks))
    events = list(apps.get_model("packaging.event")._default_manager.order_by("pk").values_list("pk", flat=True))
    generics = list(apps.get_model("packaging.genericproduct")._default_manager.order_by("pk"))
    for figure in OF_THINGS:
        number = ALL_DAYS if figure.startswith("list-") else events[0]
        yield reverse("assembly:explain_thing", args=[figure, number, f"generic-{generics[0].pk}"])


def shop_addresses():
    """Yield each address of the shop with every object that it can be about, a handful of each kind."""
    rows = {
        "order_id": apps.get_model("packaging.assemblyorder").objects,
        "event_id": apps.get_model("packaging.event").objects,
        "good_id": apps.get_model("packaging.finishedgood").objects,
        "line_id": apps.get_model("packaging.composition").objects.filter(order=None, is_archived=False),
        "composition_id": apps.get_model("packaging.composition").objects.exclude(order=None),
        "run_id": AssemblyRun.objects,
        "debt_id": PackagingDebt.objects,
        "lot_id": InventoryItem.objects,
        "lot": InventoryItem.objects,
        "generic": apps.get_model("packaging.genericproduct").objects,
        "person_id": User.objects,
    }
    yield from told_of_many_kinds()
    for name, words in sorted(url_names()):
        if name.startswith("admin:") or name in NO_PAGES:
            continue
        known = {word: list(rows[NUMBERS.get(name, word)].order_by("pk")) for word in words}
        many = max((len(found) for found in known.values()), default=1)
        for number in spread(range(many)):
            yield reverse(name, kwargs={word: found[number % len(found)].pk for word, found in known.items()})


def admin_addresses():
    """Yield the pages of each table of the administration, sorted by each of its columns, and of some of its rows."""
    for model, pages in admin.site._registry.items():
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{base}_changelist")
        columns = len(pages.list_display) if getattr(pages, "cost_fields", ()) else 0
        yield from (f"{reverse(f'{base}_changelist')}?o={column}" for column in range(1, columns + 1))
        yield reverse(f"{base}_add")
        if hasattr(pages, "sheet"):
            yield reverse(f"{base}_import")
            yield from (f"{reverse(f'{base}_import_template')}?format={kind}" for kind in ("csv", "xlsx"))
        pks = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        for pk in sorted({pk for at in (0, -1) for pk in pks[at:][:1]}):
            yield from (reverse(f"{base}_{verb}", args=[pk]) for verb in ("change", "history", "delete"))
        for name in pages.autocomplete_fields:
            asked = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={name}&term="
            yield f"{reverse('admin:autocomplete')}?{asked}"
    yield reverse("admin:index")


class Crawl:
    """Everything that one person is told: by pages, their links and parts, and what their forms answer."""

    def __init__(self, client, start, visits=VISITS, with_forms=True):
        self.client, self.visits, self.with_forms = client, visits, with_forms
        self.answers = {}  # what was asked: all that was told
        self.names, self.sent = Counter(), Counter()
        todo, seen = deque(start), set()
        given = set(todo)
        while todo:
            address = todo.popleft()
            if address in seen:
                continue
            seen.add(address)
            todo.extend(self._visit(address, is_given=address in given))

    def _visit(self, address, *, is_given):
        path = urlsplit(address).path
        if path.startswith("/static/") or "logout" in path:
            return []
        name = resolve(path).view_name
        self.names[name] += 1
        if not is_given and self.names[name] > self.visits + 3:
            return []
        answer = self._keep(f"GET {address}", self.client.get(address))
        if answer.status_code >= 500 or not answer.headers.get("Content-Type", "").startswith("text/html"):
            return []
        html = answer.content.decode()
        if self.names[name] <= self.visits:
            self._parts(address, answer)
        if self.with_forms:
            self._forms(address, html)
        return [urljoin(address, unescape(link)) for link in LINK.findall(html) if link[0] in "/?"]

    def _keep(self, what, answer):
        assert answer.status_code < 500, what
        self.answers[f"{what} ({answer.status_code})"] = told(answer)
        return answer

    def _parts(self, address, answer):
        """Ask for each part that the page's template names, as htmx would."""
        for template in answer.templates[:1]:
            file = Path(settings.BASE_DIR) / "templates" / str(template.name).partition("#")[0]
            for part in PART.findall(file.read_text("utf-8")) if file.is_file() else ():
                heads = {"HX-Request": "true", "HX-Target": part}
                self._keep(f"GET {address} #{part}", self.client.get(address, headers=heads))

    def _forms(self, address, html):
        """Send each form as it stands, empty, and with too much; follow where it leads; take it all back."""
        for action, fields in Forms(html).found:
            to = urljoin(address, unescape(action))
            name = resolve(urlsplit(to).path).view_name
            self.sent[name, frozenset(fields)] += 1
            if name in {"logout", "theme_switch"} or self.sent[name, frozenset(fields)] > 1:
                continue
            much = {word: "99999" if self._is_amount(word, value) else value for word, value in fields.items()}
            ways = [("empty", {}, {}), ("as it stands", fields, {}), ("too much", much, {"HX-Request": "true"})]
            for how, data, heads in ways[:1] if name.startswith("admin:") else ways:
                self._send(f"POST {to} of {address} {how}", to, data, heads)

    @staticmethod
    def _is_amount(word, value):
        return bool(re.fullmatch(r"[\d.]+", value)) and not word.endswith("_FORMS")

    def _send(self, what, to, data, heads):
        with transaction.atomic():
            kept = self.client.cookies.copy()
            answer = self._keep(what, self.client.post(to, data, headers=heads))
            leads = answer.headers.get("Location") or answer.headers.get("HX-Redirect")
            if leads:
                self._keep(f"{what} then", self.client.get(urljoin(to, leads)))
            self.client.cookies = kept
            transaction.set_rollback(True)

    def export(self):
        """Take each table of the administration as a file."""
        for model, pages in admin.site._registry.items():
            try:
                address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            except NoReverseMatch:
                continue
            rows = list(model._default_manager.values_list("pk", flat=True))
            for action in [*EXPORTS, *(SHEET_EXPORTS if hasattr(pages, "sheet") else ())]:
                data = {"action": action, "_selected_action": rows[:100]}
                self._keep(f"{action} {address}", self.client.post(address, data))
