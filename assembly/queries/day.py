"""The day sheet: what it is filled from, what the day before it made, and the runs that were recorded on it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from uuid import UUID

from django.db.models import Q, Sum
from django.utils import timezone

from assembly.models import AssemblyRun
from assembly.queries.runs import GoodsLotUses, lot_uses, uses_of
from packaging.models import AssemblyOrder, Composition

Owner = tuple[str, int]  # ("order" | "good", primary key)


def sheet_runs(sheet: UUID | None) -> list[AssemblyRun]:
    """Return the runs that were recorded on a day sheet, by its one-time key, in the order they were written (R30)."""
    return list(AssemblyRun.objects.filter(sheet=sheet).with_names().order_by("pk")) if sheet else []


def runs_beside(run_id: int) -> list[AssemblyRun]:
    """Return the runs of the day sheet that a run was recorded on, or the run alone; nothing when it is not there."""
    runs = AssemblyRun.objects.with_names().with_open_debt().select_related("goods_lot").order_by("pk")
    sheets = AssemblyRun.objects.filter(pk=run_id, sheet__isnull=False).values("sheet")
    return list(runs.filter(Q(pk=run_id) | Q(sheet__in=sheets)))


def uses_outside(runs: Sequence[AssemblyRun]) -> list[GoodsLotUses]:
    """Return for each run whose goods others used who did; what these runs took of each other is left out (R28)."""
    own = {run.pk for run in runs}
    uses = uses_of({run.goods_lot_id for run in runs if run.goods_lot_id is not None})
    found = []
    for run in runs:
        mine = [use for use in uses if use.movement.inventory_item_id == run.goods_lot_id]
        if mine := [use for use in mine if use.run is None or use.run.pk not in own]:
            found.append(lot_uses(run, mine))
    return found


def day_orders(named: Collection[int], most: int) -> list[AssemblyOrder]:
    """Return open orders with pieces left, soonest due first, `most` of them; those named come in any case."""
    orders = AssemblyOrder.objects.with_names().soonest_first()
    found = {order.pk: order for order in orders.filter(pk__in=named)}
    rest = orders.to_assemble().exclude(pk__in=named)[: max(most - len(found), 0)]
    return sorted([*found.values(), *rest], key=lambda order: (order.due_on, order.pk))


def day_lines(orders: Collection[int], goods: Collection[int]) -> dict[Owner, list[Composition]]:
    """Return the lines in force of orders and the recipes of goods, by their owners; one statement."""
    found: dict[Owner, list[Composition]] = {("order", pk): [] for pk in orders}
    found |= {("good", pk): [] for pk in goods}
    wanted = Q(order__in=orders) | Q(order__isnull=True, assembly__in=goods)
    for line in Composition.objects.filter(wanted, is_archived=False).with_names().select_related("assembly"):
        found[("order", line.order_id) if line.order_id else ("good", line.assembly_id)].append(line)
    return found


def last_day(before: date) -> date | None:
    """Return the latest day earlier than this one on which something was made."""
    start = timezone.make_aware(datetime.combine(before, time.min))
    run = AssemblyRun.objects.in_force().newest_first().filter(assembled_at__lt=start).only("assembled_at").first()
    return timezone.localdate(run.assembled_at) if run else None


def made_on(day: date) -> dict[int, int]:
    """Return how many pieces of each good were made on a day, by the good's id."""
    runs = AssemblyRun.objects.in_force().narrowed(since=day, until=day).order_by()
    return dict(runs.values_list("finished_good").annotate(total=Sum("quantity_assembled")))
