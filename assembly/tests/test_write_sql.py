"""The hand-written write of a run leaves the rows that the ORM leaves, stored the same way."""

from decimal import Decimal
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from assembly.models import AssemblyRun, Consumption, PackagingDebt
from assembly.sequence import promises_left
from assembly.services import Waste, record, record_assembly
from assembly.services.write import consumption, movement_of, owe, take_from_lots, write_consumptions
from assembly.tests.random_shop import MOMENT, Shop, quick, shops
from packaging.costs import per_unit
from packaging.exceptions import RuleError
from packaging.models import Composition, CompositionAssignment, InventoryItem, StockMovement

Kind = StockMovement.Kind
IDLE = ("uuid", "created_at", "updated_at")  # their values differ, how they are stored must not
TABLES = [
    model
    for name in ("packaging", "assembly")
    for model in apps.get_app_config(name).get_models()
    if not model.__name__.startswith("Historical")
]


def write_by_orm(plan, order, lines, *, key, by, assembled_at, on, notes, anyway_notes, counts, replaces, sheet):
    """Write a plan as the ORM says it: the meaning of `assembly/services/write_sql.py`."""
    lines = {line_id: Composition.objects.get(pk=pk) for line_id, pk in lines.items()}
    total = plan.total
    goods_lot = InventoryItem(
        finished_good=order.finished_good,
        order=order,
        received_on=on,
        quantity_received=Decimal(plan.pieces),
        quantity=Decimal(plan.pieces),
        total_cost=total,
        value=total,
        is_cost_known=plan.is_cost_known,
    )
    goods_lot.save(force_insert=True)
    run = AssemblyRun(
        uuid=key,
        finished_good=order.finished_good,
        order=order,
        quantity_assembled=plan.pieces,
        assembled_at=assembled_at,
        notes=notes,
        total_component_cost=total,
        per_unit_cost=per_unit(total, plan.pieces),
        packaging_bypassed=bool(plan.undecided),
        packaging_bypass_notes=anyway_notes if plan.undecided else None,
        recorded_by=by,
        goods_lot=goods_lot,
        replaces=replaces,
        sheet=sheet,
    )
    run.save(force_insert=True)
    used = [movement_of(taken, Kind.CONSUMED, order, by, composition=lines[taken.part.line_id]) for taken in plan.takes]
    wasted = [movement_of(row, Kind.WASTED, order, by, reason=row.reason) for row in plan.wasted]
    made = StockMovement(
        inventory_item=goods_lot,
        kind=Kind.ASSEMBLED,
        quantity=Decimal(plan.pieces),
        value=total,
        created_by=by,
        order=order,
    )
    StockMovement.objects.bulk_create([*used, *wasted, made])
    rows = [
        consumption(run, taken, movement, lines[taken.part.line_id], promised=taken.promised)
        for taken, movement in zip(plan.takes, used, strict=True)
    ]
    rows += [
        consumption(run, row, movement, kind=Consumption.Kind.WASTE, reason=row.reason)
        for row, movement in zip(plan.wasted, wasted, strict=True)
    ]
    write_consumptions(rows)
    take_from_lots((*plan.takes, *plan.wasted))
    open_debts(run, plan, lines)
    if counts:
        order.quantity_assembled += plan.pieces
        settle_promises(plan, order)
        order.version += 1
        order.save(update_fields=["quantity_assembled", "version", "updated_at"])
    return run


def open_debts(run, plan, lines):
    for line in plan.undecided:
        PackagingDebt.objects.create(
            assembly_run=run,
            composition=lines[line.part.line_id],
            generic_product_id=line.part.generic_id,
            quantity_owed=line.undecided,
        )
        owe([(line.part.generic_id, line.undecided)])


def settle_promises(plan, order):
    for left in promises_left(plan, order.quantity_left):
        if left.outstanding == left.before.quantity:
            continue
        promise = CompositionAssignment.objects.get(pk=left.before.assignment_id)
        promise.quantity_assigned, promise.quantity_consumed = left.consumed + left.outstanding, left.consumed
        if promise.quantity_assigned:
            promise.save(update_fields=["quantity_assigned", "quantity_consumed", "updated_at"])
        else:
            promise.delete()


def stored():
    """Return every row of every table as it is stored, by table and id, with the type of each value on SQLite."""
    found = {}
    with connection.cursor() as cursor:
        for model in TABLES:
            names = [field.column for field in model._meta.concrete_fields]
            kinds = [f"typeof({name})" for name in names] if connection.vendor == "sqlite" else []
            cursor.execute(f"SELECT {', '.join([*names, *kinds])} FROM {model._meta.db_table} ORDER BY id")
            found[model] = {row[0]: (dict(zip(names, row, strict=False)), row[len(names) :]) for row in cursor}
    return found


def renumbered(rows, before):
    """Return the rows with the new ones numbered from the first, in all columns that point to them."""
    new = {
        model: {pk: f"new {place}" for place, pk in enumerate(pk for pk in found if pk not in before[model])}
        for model, found in rows.items()
    }
    answer = {}
    for model, found in rows.items():
        points = {field.column: field.related_model for field in model._meta.concrete_fields if field.related_model}
        points["id"] = model
        answer[model] = {
            new[model].get(pk, pk): (
                {
                    name: new.get(points.get(name), {}).get(value, value)
                    for name, value in values.items()
                    if name not in IDLE
                },
                kinds,
            )
            for pk, (values, kinds) in found.items()
        }
    return answer


def outcome(write, ask, before):
    """Record with this write, and return what the database then holds; everything is undone again."""
    with transaction.atomic(), patch.object(record, "write_run", write):
        try:
            run = ask()
        except RuleError as refusal:
            answer = refusal.code
        else:
            answer = renumbered(stored(), before), run.pk == AssemblyRun.objects.latest("pk").pk
        transaction.set_rollback(True)
    return answer


@pytest.mark.django_db
@quick(20)
@given(
    drawn=shops, with_order=st.booleans(), waste=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 2)), max_size=2)
)
def test_it_leaves_the_rows_that_the_orm_leaves(drawn, with_order, waste):
    with transaction.atomic():
        shop = Shop(drawn)
        shop.stock_up()
        before, key = stored(), uuid4()
        lots = [lot for lot in shop.lots if lot.quantity]
        target = {"order_id": shop.order.pk} if with_order else {"finished_good_id": shop.good.pk}

        def ask():
            return record_assembly(
                **target,
                quantity=shop.pieces,
                by=None,
                key=key,
                assembled_at=MOMENT,
                notes="It’s “done” 100 %",
                waste=[Waste(lots[n % len(lots)].pk, Decimal(q), "torn") for n, q in waste if lots],
                record_anyway=True,
                anyway_notes="In a hurry",
                from_other_orders=drawn["from_other_orders"],
            )

        by_hand, by_orm = outcome(record.write_run, ask, before), outcome(write_by_orm, ask, before)
        transaction.set_rollback(True)
    assert by_hand == by_orm
