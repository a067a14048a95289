"""An order's own lines edited between runs: boxes out, bags in, and what a void makes of it (R10, R11, R28)."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from uuid import uuid4

import pytest

from assembly.models import AssemblyPackagingConsumption
from assembly.services import record_assembly, void_run
from packaging.exceptions import PackagingUndecided
from packaging.models import AssemblyOrder, Composition, CompositionAssignment
from packaging.queries import check_stock, line_status, pending_lines
from packaging.services import assign_lots, change_line, remove_line

pytestmark = pytest.mark.django_db
D = Decimal
RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)


def assign(shop, line, **amounts):
    chosen = {shop.lots[code].pk: D(amount) for code, amount in amounts.items()}
    assign_lots(composition_id=line.pk, amounts=chosen, by=None)


def record(order, quantity):
    return record_assembly(quantity=quantity, order_id=order.pk, by=None, key=uuid4(), assembled_at=RUN_DATE)


def outstanding():
    """What lines have promised, by lot."""
    promises = CompositionAssignment.objects.outstanding().select_related("inventory_item")
    return {promise.inventory_item.lot_code: promise.outstanding for promise in promises}


def used(run):
    """What a run took of packaging that somebody decided, by lot."""
    rows = AssemblyPackagingConsumption.objects.filter(assembly_run=run, composition__is_generic=True)
    return {row.movement.inventory_item.lot_code: row.quantity_consumed for row in rows}


@pytest.fixture
def shop(bakehouse):
    """Fixture F with E1/G1 decided, and 20 of its 50 pieces packed; the books balance whatever a test did."""
    shop = SimpleNamespace(lots=bakehouse.lots, goods=bakehouse.goods, line=bakehouse.line)
    shop.order, shop.bag = bakehouse.orders["E1/G1"], bakehouse.line("E1/G1", "bag")
    assign(shop, shop.line("E1/G1", "ribbon"), L8=20)
    assign(shop, shop.bag, L1=30, L2=20)
    shop.run = record(shop.order, 20)
    yield shop
    assert check_stock() == []


def swap(shop):
    """Bags out, boxes in, from now on."""
    box = Composition.objects.recipe_of(shop.goods["G3"].pk).get(is_generic=True).packaging_product
    return change_line(composition_id=shop.bag.pk, packaging_product_id=box.pk, by=None)


def test_r10_boxes_instead_of_bags_after_a_run(shop):
    box = swap(shop)
    shop.bag.refresh_from_db()
    assert (shop.bag.is_archived, box.is_archived, box.sort_order) == (True, False, shop.bag.sort_order)
    assert outstanding() == {"L8": 12}
    status = line_status(box.pk)
    assert (status.state, status.required, status.assigned) == ("PENDING", 30, 0)
    assert box.pk in pending_lines().values_list("pk", flat=True)
    assert shop.bag.pk not in pending_lines().values_list("pk", flat=True)
    with pytest.raises(PackagingUndecided) as refused:
        record(shop.order, 20)
    assert [undecided.line.name for undecided in refused.value.lines] == ["any Gift box 8x8x3"]

    assign(shop, box, L5=20, L6=10)
    second = record(shop.order, 30)
    assert used(shop.run) == {"L1": 20, "L8": 8}
    assert used(second) == {"L5": 20, "L6": 10, "L8": 12}
    assert AssemblyOrder.objects.get(pk=shop.order.pk).quantity_left == 0


def test_r28_a_void_of_the_run_before_the_swap_gives_the_bags_back_to_nobody(shop):
    box = swap(shop)
    assign(shop, box, L5=20, L6=10)
    void_run(run_id=shop.run.pk, reason="Counted twice", by=None)
    # The ribbon's line stands and gets its promise back; the bags' line was taken out, so its bags are free.
    assert outstanding() == {"L5": 20, "L6": 10, "L8": 20}
    shop.lots["L1"].refresh_from_db()
    assert (shop.lots["L1"].quantity, shop.lots["L1"].value) == (30, D("6.9000"))
    assert line_status(box.pk).undecided == 20
    shop.bag.refresh_from_db()
    assert shop.bag.is_archived


def test_r28_a_void_of_the_run_after_the_swap_gives_the_boxes_back(shop):
    box = swap(shop)
    assign(shop, box, L5=20, L6=10)
    second = record(shop.order, 30)
    void_run(run_id=second.pk, reason="Counted twice", by=None)
    assert outstanding() == {"L5": 20, "L6": 10, "L8": 12}
    assert line_status(box.pk).state == "ASSIGNED"
    void_run(run_id=shop.run.pk, reason="Counted twice", by=None)
    assert AssemblyOrder.objects.get(pk=shop.order.pk).quantity_assembled == 0


def test_r28_bags_out_boxes_in_and_bags_again(shop):
    swap(shop)
    template = shop.bag.packaging_product
    remove_line(composition_id=shop.line("E1/G1", "box").pk, by=None)
    again = shop.line("E1/G1", "ribbon")
    again = change_line(composition_id=again.pk, packaging_product_id=template.pk, by=None)
    assign(shop, again, L2=12)
    assert [line.is_archived for line in Composition.objects.filter(order=shop.order, is_generic=True)] == [
        True,
        True,
        False,
    ]
    void_run(run_id=shop.run.pk, reason="Counted twice", by=None)
    assert outstanding() == {"L2": 12}
