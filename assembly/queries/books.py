"""Whether the books balance: every figure that is stored against the rows that make it (R4, R25-R28)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from assembly.models import AssemblyPackagingConsumption, AssemblyRun, Consumption, PackagingDebt, consumption_models
from packaging.costs import ZERO, per_unit, round3, round4
from packaging.models import AssemblyOrder, CompositionAssignment, GenericProduct, StockMovement
from packaging.queries import Difference, check_stock
from packaging.queries.books import compare

Kind = Consumption.Kind


def check_books() -> list[Difference]:
    """Recompute lots, promises, runs, debts and orders from their rows; return what differs, nothing when all agree.

    A constant number of statements. Imported runs are taken as they were recorded.
    """
    return [*check_stock(), *_check_runs(), *_check_consumed(), *_check_orders(), *_check_debts()]


def _sums(rows: Any, key: Any, amount: str) -> dict[Any, Decimal]:
    """Add one column up by key."""
    keys = key if isinstance(key, tuple) else (key,)
    found = rows.order_by().values_list(*keys).annotate(total=Sum(amount))
    return {row[:-1] if isinstance(key, tuple) else row[0]: row[-1] for row in found}


def _added(parts: Iterable[dict[Any, Decimal]]) -> dict[Any, Decimal]:
    total: dict[Any, Decimal] = {}
    for part in parts:
        for key, amount in part.items():
            total[key] = total.get(key, ZERO) + amount
    return total


def _check_runs() -> list[Difference]:
    """A run's total is the sum of the rows written with it, and what its goods were worth when they were made (R25)."""
    own = Q(assembly_run__is_imported=False)
    at_once = [model.objects.filter(own).exclude(kind=Kind.RECONCILED) for model in consumption_models()]
    totals = _added(_sums(rows, "assembly_run", "total_cost") for rows in at_once)
    totals = {pk: round4(total) for pk, total in totals.items()}
    runs = list(AssemblyRun.objects.filter(is_imported=False))
    made = StockMovement.objects.filter(kind=StockMovement.Kind.ASSEMBLED)
    worth = {pk: round4(total) for pk, total in _sums(made, "inventory_item", "value").items()}
    goods = [run for run in runs if run.goods_lot_id is not None]
    return [
        *compare([(run.pk, f"Run {run.pk} total", run.total_component_cost) for run in runs], totals),
        *compare([(run.goods_lot_id, f"Run {run.pk} goods", run.total_component_cost) for run in goods], worth),
        *compare(
            [(run.pk, f"Run {run.pk} per unit", run.per_unit_cost) for run in runs],
            {run.pk: per_unit(run.total_component_cost, run.quantity_assembled) for run in runs},
        ),
    ]


def _check_consumed() -> list[Difference]:
    """What a promise says is consumed is what runs in force took of it (R22, R28)."""
    rows = AssemblyPackagingConsumption.objects.filter(
        assembly_run__voided_at=None, quantity_promised__gt=0, movement__isnull=False
    )
    taken = _sums(rows, ("composition", "movement__inventory_item"), "quantity_promised")
    taken = {key: round3(total) for key, total in taken.items()}
    promises = CompositionAssignment.objects.filter(composition__order__isnull=False)
    return compare(
        [
            ((row.composition_id, row.inventory_item_id), f"Promise {row.pk} consumed", row.quantity_consumed)
            for row in promises
        ],
        taken,
    )


def _check_orders() -> list[Difference]:
    """What an order says is assembled is what its runs in force made."""
    made = _sums(AssemblyRun.objects.filter(voided_at=None), "order", "quantity_assembled")
    rows = AssemblyOrder.objects.values_list("pk", "quantity_assembled")
    return compare(
        [(pk, f"Order {pk} assembled", Decimal(assembled)) for pk, assembled in rows],
        {pk: Decimal(total) for pk, total in made.items()},
    )


def _check_debts() -> list[Difference]:
    """What debts say is settled is what was reconciled, and a generic product owes what its open debts do (R26)."""
    reconciled = _sums(
        AssemblyPackagingConsumption.objects.filter(kind=Kind.RECONCILED),
        ("assembly_run", "composition"),
        "quantity_consumed",
    )
    debts = list(PackagingDebt.objects.filter(assembly_run__is_imported=False))
    is_open = Q(debts__waived_at=None)
    left = Sum(F("debts__quantity_owed") - F("debts__quantity_settled"), filter=is_open)
    generics = GenericProduct.objects.annotate(left=Coalesce(left, ZERO)).order_by()
    return [
        *compare(
            [((d.assembly_run_id, d.composition_id), f"Debt {d.pk} settled", d.quantity_settled) for d in debts],
            {key: round3(total) for key, total in reconciled.items()},
        ),
        *compare(
            [(generic.pk, f"{generic.name} owed", generic.quantity_owed) for generic in generics],
            {generic.pk: round3(generic.left) for generic in generics},
        ),
    ]
