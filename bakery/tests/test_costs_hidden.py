"""Without `packaging.view_costs` nobody is told a cost (R32): every page, part, form, file and table is searched."""

import logging

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.utils import timezone

from assembly.models import BooksCheck
from bakery import health
from bakery.roles import ROLES, set_up_roles, view_permissions
from bakery.tests.crawl import SIGN, Crawl, admin_addresses, dear_shop, forget_numbers, prices, shop_addresses
from packaging.admin.base import COST_COLUMNS
from packaging.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

EVERYTHING = {name for names in ROLES.values() for name in names} | {"auth.view_user"}
COSTS = "packaging.view_costs"


@pytest.fixture(autouse=True)
def still(settings, monkeypatch):
    """Let no time pass, so that two shops differ in their prices alone."""
    settings.BAKERY_CURRENCY = SIGN
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    monkeypatch.setattr(health, "look_at_disk", lambda: health.Finding("Disk", True, ""))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def signed_in(**rights):
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(**rights))
    return client


def clerk():
    """Return the browser of somebody who may do all there is, in the administration too, but see costs."""
    return signed_in(is_staff=True, permissions=sorted({*EVERYTHING, *view_permissions()} - {COSTS}))


def leaks(answers, found):
    """Return where a price or the sign of the money stands, with some words around it."""
    wrong = []
    for what, text in answers.items():
        for needle in (SIGN, *found):
            if (at := text.find(needle)) >= 0:
                wrong.append(f"{what}: …{text[max(at - 60, 0) : at + 40]!r}")
                break
    return wrong


def test_whoever_may_do_all_but_see_costs_is_told_none(db):
    set_up_roles()
    dear_shop()
    crawl = Crawl(clerk(), [*shop_addresses(), *admin_addresses()])
    crawl.export()
    found = prices()
    assert len(found) > 100
    assert len(crawl.answers) > 700
    assert leaks(crawl.answers, found) == []


def test_a_shop_with_other_prices_answers_the_same_to_the_letter(db):
    """Not the bytes of a price, nor a share, a sum or an order of rows that would tell one."""
    set_up_roles()
    client, told = clerk(), []
    for world in (0, 1):
        forget_numbers()
        with transaction.atomic():
            dear_shop(world)
            crawl = Crawl(client, [*shop_addresses(), *admin_addresses()], visits=0, with_forms=False)
            crawl.export()
            told.append(crawl.answers)
            transaction.set_rollback(True)
    assert told[0].keys() == told[1].keys()
    assert [what for what, text in told[0].items() if text != told[1][what]] == []


PROBES = [
    ("packaging/inventoryitem", "total_cost__gt=1"),
    ("packaging/inventoryitem", "value=5"),
    ("packaging/inventoryitem", "movements__value__gt=1"),
    ("packaging/product", "inventoryitem__total_cost__gt=1"),
    ("packaging/stockmovement", "value__gte=1"),
    ("packaging/stockmovement", "inventory_item__total_cost__lt=9"),
    ("assembly/assemblyrun", "total_component_cost__gt=1"),
    ("assembly/assemblyrun", "per_unit_cost__range=1,2"),
    ("assembly/assemblypackagingconsumption", "late_cost__gt=1"),
    ("assembly/assemblypackagingconsumption", "unit_cost_at_consumption=1"),
    ("assembly/packagingdebt", "assembly_run__total_component_cost__gt=1"),
    ("assembly/bookscheck", "differences__contains=7"),
]


@pytest.mark.parametrize(("table", "query"), PROBES)
def test_a_table_of_the_administration_is_not_narrowed_by_a_cost(db, table, query):
    """Who may not see an amount may not ask "more than 100?" either."""
    assert clerk().get(f"/admin/{table}/?{query}").status_code == 400


def test_every_column_of_money_is_named():
    """Money has four places, quantities three."""
    models = [model for label in ("packaging", "assembly") for model in apps.get_app_config(label).get_models()]
    fields = [field for model in models for field in model._meta.concrete_fields]
    money = {field.name for field in fields if getattr(field, "decimal_places", 0) == 4}
    assert money == COST_COLUMNS - {"differences"}


def test_the_books_are_not_searched_for_values(db):
    BooksCheck.objects.create(differences="Lot L1 value: 7919.1373")
    owner = signed_in(is_staff=True, is_superuser=True)
    found = {}
    for name, client in (("clerk", clerk()), ("owner", owner)):
        pages = [client.get(f"/admin/assembly/bookscheck/?q={text}").content.decode() for text in ("7919", "8888")]
        found[name] = ['class="field-says"' in page for page in pages]
    assert found == {"clerk": [True, True], "owner": [True, False]}  # for the clerk there is no search


@pytest.mark.parametrize("group", ["Packers", "Planners"])
def test_the_roles_without_costs_are_told_none(db, group):
    set_up_roles()
    dear_shop()
    crawl = Crawl(signed_in(groups=[group]), shop_addresses(), visits=1)
    assert leaks(crawl.answers, prices()) == []


def test_the_search_finds_what_a_manager_is_told(db):
    """The same crawl finds costs on every kind of page that shows them: it would find a leak."""
    set_up_roles()
    dear_shop()
    crawl = Crawl(signed_in(groups=["Managers"]), shop_addresses(), visits=1, with_forms=False)
    found = {
        what.split()[1].strip("/").split("/")[0]
        for what in (line.partition(":")[0] for line in leaks(crawl.answers, prices()))
    }
    assert {"debts", "events", "goods", "orders", "pending", "record", "runs", "shopping", "stock"} <= found
