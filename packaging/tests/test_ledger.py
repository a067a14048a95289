"""A ledger is written once: the model, its queryset and a trigger of the database refuse a change."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from bakery.models import LedgerChanged
from packaging.models import (
    PromiseMove,
    StockMovement,
)
from packaging.tests.constraint_checks import (
    drop_trigger,
    touch_by_sql,
    update_by_sql,
)
from packaging.tests.factories import (
    MovementFactory,
    PromiseMoveFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def movement():
    return MovementFactory(quantity=3, reason="counted")


def as_it_was(movement):
    fresh = StockMovement.objects.get(pk=movement.pk)
    return (fresh.quantity, fresh.reason) == (3, "counted")


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.save(),
        lambda row: row.save(update_fields=["reason"]),
        lambda row: row.save(force_update=True),
        lambda row: row.save_base(raw=True),
        lambda row: row.delete(),
        lambda row: StockMovement.objects.get(pk=row.pk).save(),
        lambda row: StockMovement.objects.filter(pk=row.pk).update(quantity=9),
        lambda row: StockMovement.objects.bulk_update([row], ["reason"]),
        lambda row: StockMovement.objects.update_or_create(pk=row.pk, defaults={"quantity": 9}),
        lambda row: StockMovement.objects.filter(pk=row.pk).delete(),
    ],
)
def test_a_movement_is_never_changed_by_the_orm(movement, change):
    movement.reason = "changed"
    with pytest.raises(LedgerChanged), transaction.atomic():
        change(movement)
    assert as_it_was(movement)


def test_a_movement_with_a_number_of_its_own_replaces_no_other(movement):
    forged = StockMovement(pk=movement.pk, inventory_item=movement.inventory_item, kind="counted", quantity=9)
    with pytest.raises(IntegrityError), transaction.atomic():
        forged.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        StockMovement.objects.bulk_create(
            [forged], update_conflicts=True, unique_fields=["id"], update_fields=["quantity"]
        )
    assert as_it_was(movement)


@pytest.mark.parametrize("column", [field.column for field in StockMovement._meta.concrete_fields])
def test_a_movement_is_never_changed_by_sql(movement, column):
    with pytest.raises(IntegrityError, match="ledger rows are never changed"):
        touch_by_sql(movement, column)
    assert as_it_was(movement)


def test_migrate_puts_a_lost_guard_back(movement):
    drop_trigger(StockMovement)
    update_by_sql(movement, "reason", "forged")
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)  # a second time finds it there
    with pytest.raises(IntegrityError, match="ledger rows are never changed"):
        update_by_sql(movement, "reason", "counted")


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.save(),
        lambda row: row.save(update_fields=["reason"]),
        lambda row: row.delete(),
        lambda row: PromiseMove.objects.filter(pk=row.pk).update(reason="changed"),
        lambda row: PromiseMove.objects.bulk_update([row], ["reason"]),
        lambda row: PromiseMove.objects.filter(pk=row.pk).delete(),
    ],
)
def test_a_moved_promise_is_never_changed_by_the_orm(change):
    move = PromiseMoveFactory()
    move.reason = "changed"
    with pytest.raises(LedgerChanged), transaction.atomic():
        change(move)
    assert PromiseMove.objects.get().reason == "due sooner"


@pytest.mark.parametrize("column", [field.column for field in PromiseMove._meta.concrete_fields])
def test_a_moved_promise_is_never_changed_by_sql(column):
    move = PromiseMoveFactory()
    with pytest.raises(IntegrityError, match="ledger rows are never changed"):
        touch_by_sql(move, column)


def test_migrate_puts_the_guard_of_moved_promises_back():
    move = PromiseMoveFactory()
    drop_trigger(PromiseMove)
    update_by_sql(move, "reason", "forged")
    call_command("migrate", verbosity=0)
    with pytest.raises(IntegrityError, match="ledger rows are never changed"):
        update_by_sql(move, "reason", "due sooner")
