"""The rows behind the figures of runs, debts and what orders have packed, and the run behind a movement (R25, R26)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from assembly.models import (
    AssemblyPackagingConsumption,
    AssemblyRun,
    Consumption,
    PackagingDebt,
    consumption_models,
)
from assembly.queries.debts import (
    DebtRow,
    debt_rows,
    debts_of_run,
    done_rows,
    estimate_open,
    open_debts_of_generic,
)
from assembly.queries.runs import LedgerRow, ledger
from packaging.costs import ZERO, in_words, per_unit
from packaging.models import AssemblyOrder, GenericProduct, StockMovement
from packaging.queries.explain import FIGURES as PACKAGING_FIGURES
from packaging.queries.explain import Explanation, Figure, Ledger, Row
from packaging.queries.explain.parts import row_or_not_found
from packaging.queries.explain.valued import estimate_rows

Kind = Consumption.Kind


def run_total(pk: int) -> Explanation:
    """Explain what a run cost as it was recorded: the rows written with it (R25)."""
    run = _run(pk)
    return _of_run(
        run,
        _("In all, as recorded"),
        _("What was taken when the run was recorded. It never changes."),
        run.total_component_cost,
        _recorded(run),
    )


def run_each(pk: int) -> Explanation:
    """Explain what one piece of a run cost as it was recorded: its total by its pieces (R25)."""
    run = _run(pk)
    found = _of_run(
        run,
        _("Each"),
        _("What was taken when the run was recorded, divided by the pieces it made."),
        run.per_unit_cost,
        _recorded(run),
    )
    return replace(
        found,
        finish=lambda total: per_unit(total, run.quantity_assembled),
        finish_words=_("divided by %(quantity)s") % {"quantity": run.quantity_assembled},
    )


def run_now(pk: int) -> Explanation:
    """Explain what a run costs now: all its rows, later ones included, and nothing once it is voided (R25)."""
    run = _run(pk)
    found = ledger(run.pk)
    rows = [_ledger_row(row) for row in found]
    if run.is_voided:
        total = sum((row.total_cost for row in found), ZERO)
        rows.append(Row(_("Voided: all of it was taken back"), -total, run.voided_at, reason=run.void_reason))
    formula = _("Everything the run used, what was named later included.")
    return _of_run(run, _("In all, now"), formula, run.current_total, rows)


def run_each_now(pk: int) -> Explanation:
    """Explain what one piece of a run costs now (R25)."""
    run = _run(pk)
    return replace(
        run_now(pk),
        title=_("Each, now"),
        shown=per_unit(run.current_total, run.quantity_assembled),
        finish=lambda total: per_unit(total, run.quantity_assembled),
        finish_words=_("divided by %(quantity)s") % {"quantity": run.quantity_assembled},
    )


def run_to_come(pk: int) -> Explanation:
    """Explain what the open debts of a run will likely cost: each of them (R16)."""
    run = _run(pk)
    found = debts_of_run(run)
    rows = [
        Row(
            row.debt.generic_product.name,
            row.cost.likely,
            link=reverse("assembly:explain", args=["debt-cost", row.debt.pk]),
            link_words=_("Explain"),
        )
        for row in found
        if row.debt.is_open
    ]
    formula = _("What each open debt will likely cost, added up.")
    return _of_run(run, _("Still to come"), formula, estimate_open(found), rows)


def debt_cost(pk: int) -> Explanation:
    """Explain what the open part of a debt will likely cost, by what is free (R16)."""
    debt = _debt(pk)
    (row,) = debt_rows([debt], with_prices=True)
    formula = _("What is still to be named, at the average of what is free.")
    rows = estimate_rows(row.lots, debt.quantity_open, row.last_price)
    return _of_debt(debt, _("Estimated cost"), formula, row.cost.likely, rows)


def debt_late(pk: int) -> Explanation:
    """Explain what of the cost of a debt left with goods that were gone when it was named (R26)."""
    debt = _debt(pk)
    (row,) = done_rows([debt])
    taken = StockMovement.objects.filter(pk__in=[used.movement_id for used in row.used])
    lots = dict(taken.values_list("pk", "inventory_item_id"))
    rows = [
        _to_lot(
            Row(f"{used.lot_code} {used.design}".strip(), used.late_cost, used.created_at),
            lots.get(used.movement_id or 0),
            used.lot_code,
        )
        for used in row.used
    ]
    formula = _("The share of each lot that was named that goods took with them.")
    return _of_debt(debt, _("For goods that were gone"), formula, row.late, rows)


def _debt(pk: int) -> PackagingDebt:
    debt: PackagingDebt = row_or_not_found(PackagingDebt.objects.with_names(), pk, _("The debt"))
    return debt


def _of_debt(
    debt: PackagingDebt, title: str, formula: str, shown: Decimal | None, rows: Sequence[Row], unit: str = ""
) -> Explanation:
    return Explanation(
        title=title,
        about=f"{debt.generic_product} · {debt.assembly_run}",
        back=reverse("assembly:debt_settle", args=[debt.pk]) if debt.is_open else debt.assembly_run.get_absolute_url(),
        formula=formula,
        shown=shown,
        rows=rows,
        unit=unit,
    )


def debt_open(pk: int) -> Explanation:
    """Explain what is still to be named of a debt: owed, less each lot that was named (R26)."""
    debt = _debt(pk)
    (row,) = done_rows([debt])
    run = debt.assembly_run
    taken = StockMovement.objects.filter(pk__in=[used.movement_id for used in row.used])
    lots = dict(taken.values_list("pk", "inventory_item_id"))
    rows = [
        _to_run(Row(_("Used and not named"), debt.quantity_owed, run.assembled_at), run.pk),
        *(_named(used, lots.get(used.movement_id or 0)) for used in row.used),
        *_closing(row),
    ]
    formula = _("What the run used without naming it, less the lots that were named since.")
    return _of_debt(debt, _("Still to name"), formula, debt.quantity_open, rows, debt.generic_product.unit)


def _named(used: AssemblyPackagingConsumption, lot_id: int | None) -> Row:
    what = f"{used.lot_code} {used.design}".strip()
    row = Row(what, -used.quantity_consumed, used.created_at, reason=used.reason)
    return _to_lot(row, lot_id, used.lot_code)


def _closing(row: DebtRow) -> Iterable[Row]:
    """Return what closed the rest of a debt: a waiver, or rows that an import did not bring."""
    debt, named = row.debt, sum((used.quantity_consumed for used in row.used), ZERO)
    if debt.assembly_run.is_imported and named != debt.quantity_settled:
        yield Row(_("Named before it was imported"), named - debt.quantity_settled)
    if debt.waived_at is not None:
        by = str(debt.waived_by or "")
        rest = debt.quantity_settled - debt.quantity_owed
        yield Row(_("Nothing more was used"), rest, debt.waived_at, by=by, reason=debt.waived_reason)


def generic_owed(pk: int) -> Explanation:
    """Explain what runs used of a generic product and nobody named: its open debts (R17)."""
    generic: GenericProduct = row_or_not_found(GenericProduct.objects.all(), pk, _("The generic product"))
    rows = [
        Row(
            what=str(debt.assembly_run),
            amount=debt.quantity_open,
            on=debt.assembly_run.assembled_at,
            link=reverse("assembly:explain", args=["debt-open", debt.pk]),
            link_words=_("Explain"),
        )
        for debt in open_debts_of_generic(generic.pk)
    ]
    return Explanation(
        title=_("Owed"),
        about=generic.name,
        back=generic.get_absolute_url(),
        formula=_("What runs used and nobody named yet."),
        shown=generic.quantity_owed,
        rows=rows,
        unit=generic.unit,
    )


def order_assembled(pk: int) -> Explanation:
    """Explain how many pieces of an order are packed: its runs that were not voided."""
    order: AssemblyOrder = row_or_not_found(AssemblyOrder.objects.with_names(), pk, _("The order"))
    runs = AssemblyRun.objects.filter(order=order, voided_at=None).select_related("recorded_by")
    return Explanation(
        title=_("Packed"),
        about=f"{order.customer} · {order}",
        back=order.get_absolute_url(),
        formula=_("What each run made. A run that was voided does not count."),
        shown=Decimal(order.quantity_assembled),
        ledger=Ledger(runs, "assembled_at", "quantity_assembled", _made),
        unit=str(_("piece")),
    )


def _made(run: AssemblyRun) -> Row:
    by, pieces = str(run.recorded_by or ""), Decimal(run.quantity_assembled)
    return _to_run(Row(_("Packed"), pieces, run.assembled_at, by=by, reason=run.notes or ""), run.pk)


def _run(pk: int) -> AssemblyRun:
    run: AssemblyRun = row_or_not_found(AssemblyRun.objects.select_related("finished_good"), pk, _("The run"))
    return run


def _recorded(run: AssemblyRun) -> list[Row]:
    """Return the rows that were written with a run; an imported one may have fewer than its total says."""
    found = [row for row in ledger(run.pk) if row.kind != Kind.RECONCILED]
    rows = [_ledger_row(row) for row in found]
    rest = run.total_component_cost - sum((row.total_cost for row in found), ZERO)
    return [*rows, Row(_("Imported without its rows"), rest)] if run.is_imported and rest else rows


def _ledger_row(row: LedgerRow) -> Row:
    words = _("%(quantity)s at %(each)s") % {"quantity": in_words(row.quantity), "each": in_words(row.unit_cost)}
    kind = {Kind.WASTE: _("waste"), Kind.RECONCILED: _("named later")}.get(Kind(row.kind), "")
    reason = " · ".join(str(fact) for fact in (kind, words, row.reason) if fact)
    return _to_lot(Row(row.name, row.total_cost, reason=reason), row.lot_id, row.lot_code)


def _of_run(run: AssemblyRun, title: str, formula: str, shown: Decimal | None, rows: Sequence[Row]) -> Explanation:
    return Explanation(
        title=title,
        about=_("Run %(number)s · %(run)s") % {"number": run.pk, "run": run},
        back=run.get_absolute_url(),
        formula=formula,
        shown=shown,
        rows=rows,
    )


def _to_run(row: Row, run_id: int) -> Row:
    link = reverse("assembly:run_detail", args=[run_id])
    return replace(row, link=link, link_words=_("Run %(number)s") % {"number": run_id})


def _to_lot(row: Row, lot_id: int | None, code: str) -> Row:
    if lot_id is None:
        return row
    link = reverse("packaging:lot_detail", args=[lot_id])
    return replace(row, link=link, link_words=_("Lot %(label)s") % {"label": code or f"#{lot_id}"})


def with_runs(rows: Sequence[Row]) -> list[Row]:
    """Lead rows that are movements to the run that made them; two statements, none for other rows."""
    moved = [row.movement for row in rows if row.movement is not None]
    if not moved:
        return list(rows)
    asked = {movement.pk for movement in moved} | {movement.reverses_id for movement in moved if movement.reverses_id}
    selects = [
        model.objects.filter(movement__in=asked).order_by().values_list("movement", "assembly_run")
        for model in consumption_models()
    ]
    used = dict(selects[0].union(*selects[1:], all=True))
    made_lots = {movement.inventory_item_id for movement in moved if _is_of_its_goods(movement)}
    made = dict(AssemblyRun.objects.filter(goods_lot__in=made_lots).order_by().values_list("goods_lot", "pk"))
    linked = []
    for row in rows:
        if row.movement is not None:
            run_id = used.get(row.movement.pk) or used.get(row.movement.reverses_id)
            run_id = run_id or (made.get(row.movement.inventory_item_id) if _is_of_its_goods(row.movement) else None)
            row = _to_run(row, run_id) if run_id else row
        linked.append(row)
    return linked


def _is_of_its_goods(movement: StockMovement) -> bool:
    """Say whether a movement of goods was made by the run that made them: the goods, or what a debt added (R26)."""
    first = movement.reverses or movement
    return first.kind == StockMovement.Kind.ASSEMBLED or (
        first.kind == StockMovement.Kind.CORRECTED and first.composition_id is not None
    )


FIGURES: dict[str, Figure] = {
    **PACKAGING_FIGURES,
    "generic-owed": Figure(generic_owed, "packaging.view_inventoryitem"),
    "order-assembled": Figure(order_assembled, "packaging.view_assemblyorder"),
    "run-total": Figure(run_total, "assembly.view_assemblyrun", is_cost=True),
    "run-now": Figure(run_now, "assembly.view_assemblyrun", is_cost=True),
    "run-each": Figure(run_each, "assembly.view_assemblyrun", is_cost=True),
    "run-each-now": Figure(run_each_now, "assembly.view_assemblyrun", is_cost=True),
    "run-to-come": Figure(run_to_come, "assembly.view_assemblyrun", is_cost=True),
    "debt-open": Figure(debt_open, "assembly.view_packagingdebt"),
    "debt-cost": Figure(debt_cost, "assembly.view_packagingdebt", is_cost=True),
    "debt-late": Figure(debt_late, "assembly.view_packagingdebt", is_cost=True),
}
