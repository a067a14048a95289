"""Every address of the shop from the URL configuration, so that a new screen is tested as the others are."""

import re
from html.parser import HTMLParser
from pathlib import Path

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.urls import get_resolver, reverse

from assembly.models import PackagingDebt

# What a number in an address stands for, where its own name does not say it.
NUMBERS = {
    "packaging:generic_detail": "generic",
    "packaging:lot_detail": "lot",
    "packaging:lot_holders": "lot",
    "packaging:receipt_void": "lot",
    "packaging:cost_correct": "lot",
    "assembly:lot_trace": "lot",
    "assembly:explain_thing figure": "thing_figure",
    "assembly:explain_thing pk": "event_id",
}


def addresses():
    """Return the names of all addresses of our apps and of the shell, each with the names of its numbers."""
    root = get_resolver()
    found = {name: root.reverse_dict.getlist(name)[0][0][0][1] for name in root.reverse_dict if isinstance(name, str)}
    for space in ("packaging", "assembly"):
        _prefix, resolver = root.namespace_dict[space]
        for name in resolver.reverse_dict:
            if isinstance(name, str):
                found[f"{space}:{name}"] = resolver.reverse_dict.getlist(name)[0][0][0][1]
    return dict(sorted(found.items()))


def address(name, pk):
    """Return the address, with `pk` for its number if it has one."""
    return reverse(name, kwargs=dict.fromkeys(addresses()[name], pk))


def numbers(bakehouse, run):
    """Return what the numbers in addresses stand for in fixture F."""
    return {
        "composition_id": bakehouse.line("E1/G1", "bag").pk,
        "line_id": bakehouse.line("G1", "bag").pk,
        "good_id": bakehouse.goods["G1"].pk,
        "order_id": bakehouse.orders["E1/G1"].pk,
        "event_id": bakehouse.events["E1"].pk,
        "run_id": run.pk,
        "lot_id": bakehouse.lots["L1"].pk,
        "debt_id": getattr(PackagingDebt.objects.first(), "pk", 0),
        "person_id": getattr(User.objects.order_by("pk").first(), "pk", 0),
        "generic": bakehouse.generics["bag"].pk,
        "lot": bakehouse.lots["L1"].pk,
        "figure": "order-assembled",
        "thing_figure": "need-needed",
        "key": f"generic-{bakehouse.generics['bag'].pk}",
        "kind": "order",
        "pk": bakehouse.orders["E1/G1"].pk,
    }


def place(name, words, known):
    """Return an address with these numbers."""
    return reverse(name, kwargs={word: known[NUMBERS.get(f"{name} {word}", NUMBERS.get(name, word))] for word in words})


def sample(name, bakehouse, run):
    """Return an address that leads somewhere in fixture F."""
    return place(name, addresses()[name], numbers(bakehouse, run))


def admin_pages():
    """Return every address of the admin: what stands alone, and each table's list, form, history and deletion."""
    alone = ["index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n"]
    found = [reverse(f"admin:{name}") for name in alone]
    for model, pages in admin.site._registry.items():
        table = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if hasattr(pages, "sheet"):
            found += [reverse(f"{table}_{what}") for what in ("import", "import_template", "process_import")]
        row = model._default_manager.order_by("pk").first()
        found += [reverse(f"{table}_{what}") for what in ("changelist", "add")]
        pk = row.pk if row else 0
        found += [reverse(f"{table}_{what}", args=[pk]) for what in ("change", "history", "delete")]
    return sorted(found)


def parts(files=()):
    """Return the names of the parts of these templates, of all if none is named: what htmx may ask for."""
    files = files or Path(settings.BASE_DIR, "templates").rglob("*.html")
    return sorted({name for file in files for name in re.findall(r"{% partialdef ([\w-]+)", file.read_text("utf-8"))})


class Forms(HTMLParser):
    """The forms of a page as a browser would send them: the address of each, and its fields."""

    def __init__(self, html):
        super().__init__()
        self.found = []  # (action, fields)
        self._fields = self._select = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self._fields = {} if (given.get("method") or "get").lower() == "post" else None
            if self._fields is not None:
                self.found.append((given.get("action") or "", self._fields))
        if self._fields is None or given.get("form"):  # that one belongs to another form
            return
        name = given.get("name")
        if tag == "input" and name and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            self._fields[name] = given.get("value") or ""
        elif tag in {"select", "textarea"} and name:
            self._fields[name] = ""
            self._select = name
        elif tag == "option" and "selected" in given:
            self._fields[self._select] = given.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._fields = None


def everything(*, with_people=False):
    """Return every row of both apps, to compare: what was refused has changed nothing.

    With people also log-ins, groups, their rights and their history; not what every try to sign in writes.
    """
    spaces = ("packaging_", "assembly_", *(("auth_", "bakery_") if with_people else ()))
    rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(spaces) and table not in {"bakery_signin", "bakery_session"}:
                rows[table] = _rows(cursor, table)
    assert rows
    return rows


def _rows(cursor, table):
    """Return the rows of a table, without the moment somebody signed in last."""
    columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    kept = ", ".join(connection.ops.quote_name(name) for name in columns if name != "last_login")
    first = "history_id" if "history_id" in columns else "id"
    cursor.execute(f"SELECT {kept} FROM {connection.ops.quote_name(table)} ORDER BY {first}")
    return cursor.fetchall()
