"""Runs and their ledger are only shown in the admin (ux.md, section 6)."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    BooksCheck,
    PackagingDebt,
)
from assembly.tests.factories import (
    BooksCheckFactory,
    DebtFactory,
    GoodConsumptionFactory,
    PackagingConsumptionFactory,
    RunFactory,
    UnitConsumptionFactory,
)
from packaging.models import FinishedGood, FinishedUnit, GenericProduct, Product
from packaging.tests.admin_checks import html_of, page, queries_of, registered
from packaging.tests.factories import (
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def full_run():
    """A run with something in every column."""
    good = FinishedGoodFactory()
    return RunFactory(
        finished_good=good,
        order=OrderFactory(finished_good=good, event=EventFactory()),
        goods_lot=LotFactory(finished_good=good),
        recorded_by=UserFactory(),
        total_component_cost=Decimal("98.7654"),
        per_unit_cost=Decimal("98.7654"),
        replaces=RunFactory(voided_at=timezone.now(), void_reason="mistake", voided_by=UserFactory()),
    )


def on_a_line(factory):
    """A ledger row with something in every column."""

    def make():
        return factory(
            total_cost=Decimal("98.7654"), movement=MovementFactory(), composition=CompositionFactory(), lot_code="L-1"
        )

    return make


FACTORIES = {
    BooksCheck: lambda: BooksCheckFactory(checked_by=UserFactory(), differences="Lot L1 value: 98.7654"),
    AssemblyRun: full_run,
    AssemblyFinishedUnitConsumption: on_a_line(UnitConsumptionFactory),
    AssemblyFinishedGoodConsumption: on_a_line(GoodConsumptionFactory),
    AssemblyPackagingConsumption: on_a_line(PackagingConsumptionFactory),
    PackagingDebt: lambda: DebtFactory(composition=CompositionFactory(), waived_by=UserFactory()),
}


def client_of(**given):
    client = Client()
    client.force_login(UserFactory(is_staff=True, **given))
    return client


@pytest.fixture
def admin_page():
    """A client that is logged in with all rights."""
    return client_of(is_superuser=True)


def test_every_model_has_its_pages():
    assert registered("assembly") == set(apps.get_app_config("assembly").get_models()) == set(FACTORIES)


@pytest.mark.parametrize("model", FACTORIES)
def test_the_list_and_the_row_are_shown(admin_page, model):
    row = FACTORIES[model]()
    assert page(model, "change", row.pk) in html_of(admin_page.get(page(model, "changelist")))
    html_of(admin_page.get(page(model, "change", row.pk)))
    html_of(admin_page.get(page(model, "changelist"), {"q": "1"}))


@pytest.mark.parametrize("model", FACTORIES)
def test_every_list_can_be_filtered(admin_page, model):
    FACTORIES[model]()
    shown = admin_page.get(page(model, "changelist")).context["cl"]
    for spec in shown.filter_specs:
        for choice in spec.choices(shown):
            assert admin_page.get(page(model, "changelist") + choice["query_string"]).status_code == 200


@pytest.mark.parametrize("model", FACTORIES)
def test_a_list_takes_as_many_statements_for_one_row_as_for_fifty(admin_page, model):
    FACTORIES[model]()
    admin_page.get(page(model, "changelist"))
    one = queries_of(admin_page, page(model, "changelist"))
    for _n in range(49):
        FACTORIES[model]()
    assert queries_of(admin_page, page(model, "changelist")) == one
    assert one <= 12


def test_a_run_takes_as_many_statements_for_few_rows_as_for_many(admin_page):
    run = full_run()
    factories = (UnitConsumptionFactory, GoodConsumptionFactory, PackagingConsumptionFactory, DebtFactory)
    for factory in factories:
        factory(assembly_run=run)
    url = page(AssemblyRun, "change", run.pk)
    admin_page.get(url)
    few = queries_of(admin_page, url)
    for factory in factories:
        for _n in range(10):
            factory(assembly_run=run)
    assert queries_of(admin_page, url) == few
    assert few <= 12


@pytest.mark.parametrize("model", FACTORIES)
def test_nothing_of_a_run_is_made_changed_or_deleted_here(admin_page, model):
    row = FACTORIES[model]()
    before = model.objects.filter(pk=row.pk).values().get()
    assert admin_page.get(page(model, "add")).status_code == 403
    assert admin_page.post(page(model, "add"), {}).status_code == 403
    forged = {"notes": "forged", "reason": "forged", "quantity_settled": 1}
    assert admin_page.post(page(model, "change", row.pk), forged).status_code == 403
    assert admin_page.get(page(model, "delete", row.pk)).status_code == 403
    assert admin_page.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    admin_page.post(page(model, "changelist"), selected)
    assert model.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize(
    ("make", "used", "model"),
    [
        (RunFactory, "finished_good", FinishedGood),
        (UnitConsumptionFactory, "finished_unit", FinishedUnit),
        (PackagingConsumptionFactory, "product", Product),
        (GoodConsumptionFactory, "finished_good", FinishedGood),
        (DebtFactory, "generic_product", GenericProduct),
    ],
)
def test_what_a_run_names_is_not_deleted_and_the_page_says_so(admin_page, make, used, model):
    row = getattr(make(), used)
    for answer in (
        admin_page.get(page(model, "delete", row.pk)),
        admin_page.post(page(model, "delete", row.pk), {"post": "yes"}),
    ):
        assert "is in use and cannot be deleted" in html_of(answer)
    selected = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    assert "none was deleted" in html_of(admin_page.post(page(model, "changelist"), selected))
    assert model.objects.filter(pk=row.pk).exists()


def test_rows_lead_to_their_run_in_the_shop(admin_page):
    row = UnitConsumptionFactory()
    html = html_of(admin_page.get(page(AssemblyFinishedUnitConsumption, "change", row.pk)))
    assert f'href="{row.assembly_run.get_absolute_url()}"' in html


LOOKERS = (
    "assembly.view_assemblyrun",
    "assembly.view_assemblyfinishedunitconsumption",
    "assembly.view_assemblyfinishedgoodconsumption",
    "assembly.view_assemblypackagingconsumption",
)


def pages_with_costs():
    run = full_run()
    urls = [page(AssemblyRun, "changelist"), page(AssemblyRun, "change", run.pk)]
    for model in list(FACTORIES)[1:4]:
        urls += [page(model, "changelist"), page(model, "change", FACTORIES[model]().pk)]
    PackagingConsumptionFactory(assembly_run=run, total_cost=Decimal("98.7654"))
    return urls


def test_costs_are_hidden_from_whoever_may_not_see_them():
    client = client_of(permissions=LOOKERS)
    for url in pages_with_costs():
        html = html_of(client.get(url))
        assert "€" not in html
        assert "98.7" not in html


def test_costs_are_shown_to_whoever_may_see_them():
    client = client_of(permissions=[*LOOKERS, "packaging.view_costs"])
    for url in pages_with_costs():
        assert "€98.77" in html_of(client.get(url))


@pytest.mark.parametrize("lookup", ["total_component_cost__gt", "packaging_consumptions__total_cost__gt"])
def test_costs_are_not_told_by_a_filter_either(lookup):
    full_run()
    url = page(AssemblyRun, "changelist")
    assert client_of(permissions=LOOKERS).get(url, {lookup: "50"}).status_code == 400
