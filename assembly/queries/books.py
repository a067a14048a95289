"""Whether the books balance: every figure that is stored against the rows that make it (R4, R25-R28)."""

from functools import reduce
from operator import add

from django.db.models import F, OuterRef
from django.db.models.expressions import Combinable

from assembly.models import AssemblyPackagingConsumption, AssemblyRun, Consumption, PackagingDebt, consumption_models
from packaging.models import AssemblyOrder, CompositionAssignment, GenericProduct, StockMovement
from packaging.queries import Difference, check_stock
from packaging.queries.books import MONEY, QUANTITY, differing, total, units

Kind = Consumption.Kind


def check_books() -> list[Difference]:
    """Recompute lots, promises, runs, debts and orders from their rows; return what differs, nothing when all agree.

    A constant number of statements and of memory. Imported runs are taken as they were recorded.
    """
    return [*check_stock(), *_check_runs(), *_check_consumed(), *_check_orders(), *_check_debts()]


def _check_runs() -> list[Difference]:
    """A run's total is the sum of the rows written with it, and what its goods were worth when they were made (R25)."""
    runs = AssemblyRun.objects.filter(is_imported=False)
    at_once = [
        total(
            model.objects.filter(assembly_run=OuterRef("pk")).exclude(kind=Kind.RECONCILED),
            "total_cost",
            MONEY,
            by="assembly_run",
        )
        for model in consumption_models()
    ]
    rows: Combinable = reduce(add, at_once)
    made = StockMovement.objects.filter(inventory_item=OuterRef("goods_lot"), kind=StockMovement.Kind.ASSEMBLED)
    worth = total(made, "value", MONEY, by="inventory_item")
    cost, pieces = units("total_component_cost", MONEY), F("quantity_assembled")
    each = (cost * 2 + pieces) / (pieces * 2)  # half up: both databases divide whole numbers down
    return [
        *differing(runs, lambda run: f"Run {run.pk} total", "total_component_cost", rows, MONEY),
        *differing(
            runs.exclude(goods_lot=None), lambda run: f"Run {run.pk} goods", "total_component_cost", worth, MONEY
        ),
        *differing(runs, lambda run: f"Run {run.pk} per unit", "per_unit_cost", each, MONEY),
    ]


def _check_consumed() -> list[Difference]:
    """What a promise says is consumed is what runs in force took of it (R22, R28)."""
    taken = AssemblyPackagingConsumption.objects.filter(
        composition=OuterRef("composition"),
        movement__inventory_item=OuterRef("inventory_item"),
        assembly_run__voided_at=None,
        quantity_promised__gt=0,
    )
    return differing(
        CompositionAssignment.objects.filter(composition__order__isnull=False),
        lambda promise: f"Promise {promise.pk} consumed",
        "quantity_consumed",
        total(taken, "quantity_promised", QUANTITY, by="composition"),
        QUANTITY,
    )


def _check_orders() -> list[Difference]:
    """What an order says is assembled is what its runs in force made."""
    made = AssemblyRun.objects.filter(order=OuterRef("pk"), voided_at=None)
    return differing(
        AssemblyOrder.objects.all(),
        lambda order: f"Order {order.pk} assembled",
        "quantity_assembled",
        total(made, "quantity_assembled", 0, by="order"),
        0,
    )


def _check_debts() -> list[Difference]:
    """What debts say is settled is what was reconciled, and a generic product owes what its open debts do (R26)."""
    reconciled = AssemblyPackagingConsumption.objects.filter(
        assembly_run=OuterRef("assembly_run"), composition=OuterRef("composition"), kind=Kind.RECONCILED
    )
    left = PackagingDebt.objects.filter(generic_product=OuterRef("pk"), waived_at=None)
    owed = total(left, "quantity_owed", QUANTITY, by="generic_product")
    settled = total(left, "quantity_settled", QUANTITY, by="generic_product")
    return [
        *differing(
            PackagingDebt.objects.filter(assembly_run__is_imported=False),
            lambda debt: f"Debt {debt.pk} settled",
            "quantity_settled",
            total(reconciled, "quantity_consumed", QUANTITY, by="composition"),
            QUANTITY,
        ),
        *differing(
            GenericProduct.objects.all(),
            lambda generic: f"{generic.name} owed",
            "quantity_owed",
            owed - settled,
            QUANTITY,
        ),
    ]
