"""The busy year: its books balance to the last place, it is written once, and it leaves real data alone."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Sum
from django.utils import timezone

from assembly import demo_large
from assembly.demo_large.story import Recipe, Story, days_of
from assembly.demo_large.tables import Table
from assembly.models import AssemblyPackagingConsumption, AssemblyRun, PackagingDebt, consumption_models
from assembly.queries import check_books
from assembly.services import record_assembly
from packaging.availability import Part
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    FinishedGood,
    InventoryItem,
    StockMovement,
)
from packaging.tests.factories import GenericProductFactory

pytestmark = pytest.mark.django_db
RUNS = 500


@pytest.fixture
def year(settings, capsys):
    settings.DEBUG = True
    call_command("demo", "--large", "--runs", str(RUNS))
    return capsys.readouterr().out


def counts():
    models = (AssemblyOrder, Composition, CompositionAssignment, InventoryItem, StockMovement, AssemblyRun, User)
    return [model.objects.count() for model in (*models, *consumption_models())]


def test_the_books_balance_and_everything_that_happens_in_a_shop_happens(year, capsys):
    assert check_books() == []
    assert "The busy year is loaded: 500 runs.\nThe books balance" in year
    assert AssemblyRun.objects.in_force().count() == RUNS + 2  # and the demo's own
    assert AssemblyRun.objects.exclude(voided_at=None).count() > 1
    assert set(PackagingDebt.objects.values_list("waived_reason", flat=True)) >= {"", "Sold loose"}
    kinds = set(AssemblyPackagingConsumption.objects.order_by().values_list("kind", flat=True))
    assert kinds == {"planned", "reconciled", "waste"}
    assert CompositionAssignment.objects.filter(quantity_consumed=F("quantity_assigned")).count() > 50
    assert all(model.objects.exists() for model in consumption_models())
    per_line = AssemblyPackagingConsumption.objects.order_by().values("assembly_run", "composition")
    assert per_line.annotate(rows=Count("pk")).filter(rows__gt=1).exists()  # two designs, or two lots of one

    lots = InventoryItem.objects.filter(quantity__gt=0)  # what is left is the demo's
    assert not lots.filter(lot_code__startswith="Y").exists()
    assert not lots.filter(finished_good__isnull=False).exists()
    assert round(lots.aggregate(value=Sum("value"))["value"], 4) == Decimal("849.1000")

    days = AssemblyRun.objects.order_by("assembled_at").values_list("assembled_at", flat=True)
    assert (timezone.now() - days.first()).days in {364, 365}
    assert days.last() < timezone.now()
    assert not StockMovement.objects.filter(created_at__gt=timezone.now()).exists()

    before = counts()
    call_command("demo", "--large", "--runs", "20")
    call_command("demo")
    assert "The busy year was there already." in capsys.readouterr().out
    assert counts() == before


def test_more_than_a_year_are_years_before_it_whole_and_each_its_own(monkeypatch):
    monkeypatch.setattr(demo_large, "RUNS", 120)
    call_command("demo")
    before = AssemblyRun.objects.in_force().count()
    call_command("demo", "--large", "--runs", "361")  # four years of 90, and one run before
    assert AssemblyRun.objects.in_force().count() == before + 361
    assert check_books() == []
    moments = AssemblyRun.objects.filter(recorded_by=None, pk__gt=before + 2).values_list("assembled_at", flat=True)
    assert (max(moments) - min(moments)).days > 3 * 364
    assert max(moments) < timezone.now()
    for model in (AssemblyOrder, Composition, InventoryItem, AssemblyRun, CompositionAssignment, PackagingDebt):
        rows = model.objects.order_by("-pk")[:20]
        assert rows[0].uuid.hex.startswith("5eed")  # of the last copy
        for row in rows:
            row.full_clean(validate_unique=False)
    for model in consumption_models():
        rows = model.objects.select_related("movement__inventory_item", "assembly_run", "composition")
        for row in rows.order_by("-pk")[:50]:
            lot = row.movement.inventory_item
            assert row.lot_code == lot.label
            assert lot.received_on <= timezone.localdate(row.assembly_run.assembled_at)
            assert row.composition is None or row.composition.order_id == row.assembly_run.order_id
            assert row.movement.order_id == row.assembly_run.order_id
    codes = InventoryItem.objects.filter(lot_code__startswith="Y").values_list("lot_code", flat=True)
    assert len(codes) == len(set(codes))
    written = record_assembly(
        quantity=1, finished_good_id=FinishedGood.objects.get(display_name="Red gift box").pk, by=None, key=uuid4()
    )
    assert written == AssemblyRun.objects.latest("pk")


def test_it_joins_a_demo_that_is_there_with_rows_as_the_services_write_them():
    call_command("demo")
    before = AssemblyRun.objects.in_force().count()
    call_command("demo", "--large", "--runs", "30")
    assert AssemblyRun.objects.in_force().count() == before + 30
    for model in (AssemblyOrder, Composition, InventoryItem, AssemblyRun, CompositionAssignment, PackagingDebt):
        for row in model.objects.order_by("-pk")[:5]:
            row.full_clean(validate_unique=False)
    written = record_assembly(
        quantity=1, finished_good_id=FinishedGood.objects.get(display_name="Red gift box").pk, by=None, key=uuid4()
    )
    assert written == AssemblyRun.objects.latest("pk")  # the next number follows ours
    told = AssemblyRun.objects.filter(finished_good=written.finished_good, voided_at=None).order_by("-pk")[1]
    assert {row.kind for row in told.finished_unit_consumptions.all()} >= {"planned"}
    for name in ("uuid", "created_at", "notes", "void_reason", "is_imported"):
        assert type(getattr(told, name)) is type(getattr(written, name))
    assert check_books() == []


def test_real_data_is_left_alone():
    GenericProductFactory()
    with pytest.raises(CommandError, match="has data already"):
        call_command("demo", "--large")
    assert not InventoryItem.objects.exists()


def test_real_data_beside_the_demo_is_left_alone():
    call_command("demo")
    GenericProductFactory()
    before = counts()
    with pytest.raises(CommandError, match="has data already"):
        call_command("demo", "--large", "--runs", "3")
    assert counts() == before


@pytest.mark.parametrize("arguments", [["--runs", "5"], ["--large", "--runs", "0"], ["--large", "--runs", "100000000"]])
def test_a_wrong_number_is_refused(arguments):
    with pytest.raises(CommandError):
        call_command("demo", *arguments)
    assert not InventoryItem.objects.exists()


def test_the_same_story_is_told_every_time():
    part = Part(1, ("product", 1), Decimal(1), whole=True, generic_id=1, is_generic=True)
    told = [
        [
            (use.item, use.quantity)
            for making in Story([Recipe(1, (part,))], {1: [1, 2]}).tell(50)
            for use in making.uses
        ]
        for _time in range(2)
    ]
    assert told[0] == told[1]
    assert len({item for item, _quantity in told[0]}) == 2


@pytest.mark.parametrize("runs", [0, 1, 19, 500, 7_301, 1_000_000])
def test_a_year_has_the_runs_that_were_asked_for(runs):
    days = days_of(runs, date(2025, 1, 1), 365)
    assert sum(count for _day, count in days) == runs
    assert not days or days[0][0] == date(2025, 1, 1)
    assert not days or days[-1][0] <= date(2025, 12, 31)
    assert all(count > 0 for _day, count in days)


def test_a_table_refuses_a_column_that_it_has_not():
    with pytest.raises(TypeError, match="AssemblyRun has no"):
        Table(AssemblyRun).add(timezone.now(), colour="red")
