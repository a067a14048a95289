"""The demo bakery: its stock is fixture F to the piece, it loads once, and it leaves real data alone."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import Sum

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books
from packaging.models import AssemblyOrder, InventoryItem, Product, StockMovement
from packaging.queries import line_status, pending_lines
from packaging.tests.factories import GenericProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings, capsys):
    settings.DEBUG = True
    call_command("demo")
    return capsys.readouterr().out


def test_the_stock_left_is_fixture_f(demo):
    lots = InventoryItem.objects.filter(quantity__gt=0)
    packaging = lots.filter(product__isnull=False).aggregate(value=Sum("value"))["value"]
    units = lots.filter(finished_unit__isnull=False).aggregate(value=Sum("value"))["value"]
    assert (round(packaging, 4), round(units, 4)) == (Decimal("207.1000"), Decimal("642.0000"))
    assert not lots.filter(finished_good__isnull=False).exists()
    assert lots.filter(lot_code__startswith="H").count() == 0
    assert check_books() == []


def test_it_has_a_history(demo):
    assert AssemblyRun.objects.in_force().count() == 2
    debt = PackagingDebt.objects.get()
    assert (debt.generic_product.name, debt.quantity_open) == ("Cello bag 6x10", 10)
    assert AssemblyRun.objects.get(voided_at__isnull=False).void_reason
    assert StockMovement.objects.filter(kind="counted").get().reason == "2 tins dented"
    assert InventoryItem.objects.filter(is_cost_known=True, total_cost=0).exists()
    assert Product.objects.get(is_archived=True).design == "Autumn leaves"


def test_its_orders_are_decided_as_the_story_says(demo):
    open_orders = AssemblyOrder.objects.open()
    assert sorted(order.customer for order in open_orders) == [
        "Harbour Dental client gifts",
        "Harbour Dental client gifts",
        "Maple Street School winter fair",
        "Maple Street School winter fair",
        "Saturday market",
    ]
    bags = {
        str(line.order.finished_good): line_status(line.pk).state
        for line in open_orders[0].compositions.model.objects.filter(
            order__event__name__startswith="Maple",
            packaging_product__generic_product__name="Cello bag 6x10",
        )
    }
    assert bags == {"Cookie half-dozen bag": "ASSIGNED", "Tree and star bag": "PARTIAL"}
    assert pending_lines().filter(order__event__name__startswith="Harbour").count() == 2


def test_the_users_are_printed_with_their_password(demo):
    assert "alder-street" in demo
    assert User.objects.get(username="packer").groups.get().name == "Packers"
    assert User.objects.get(username="admin").is_superuser


def test_a_second_time_changes_nothing(demo, capsys):
    before = (InventoryItem.objects.count(), AssemblyRun.objects.count(), User.objects.count())
    call_command("demo")
    assert (InventoryItem.objects.count(), AssemblyRun.objects.count(), User.objects.count()) == before


def test_production_gets_no_users(settings, capsys):
    settings.DEBUG = False
    call_command("demo")
    assert not User.objects.exists()
    assert "alder-street" not in capsys.readouterr().out


def test_real_data_is_left_alone():
    GenericProductFactory()
    with pytest.raises(CommandError):
        call_command("demo")
    assert not InventoryItem.objects.exists()
