"""Where a lot went, and what it was made from: through nested goods, to any depth (R4, R27)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import CharField, DecimalField, F, Value
from django.db.models.functions import Cast, Coalesce

from assembly.models import AssemblyPackagingConsumption, AssemblyRun, Consumption, consumption_models
from packaging.costs import ZERO, round3
from packaging.models import InventoryItem, StockMovement
from packaging.querysets import Unindexed


@dataclass(frozen=True)
class RunOfLots:
    """A run that took of the lots one level before, how much in all, and how much of it was waste."""

    run: AssemblyRun
    quantity: Decimal
    wasted: Decimal


@dataclass(frozen=True)
class Onward:
    """One level forward: the runs that took of these lots, and what left them otherwise."""

    runs: list[RunOfLots]
    left: list[StockMovement]


@dataclass(frozen=True)
class Source:
    """What a run took of one lot."""

    lot_id: int | None
    label: str
    name: str
    unit: str
    quantity: Decimal
    is_waste: bool


@dataclass(frozen=True)
class MadeBy:
    """A run that made goods, and the lots that it took."""

    run: AssemblyRun
    sources: list[Source]


def trace_forward(lot_id: int) -> list[Onward]:
    """Return the runs that a lot went into, then those that its goods went into, and so on; three statements a level.

    What was taken back does not count.
    """
    levels, lots, seen = [], {lot_id}, {lot_id}
    while lots:
        moves = StockMovement.objects.alias(back=Unindexed("reverses")).filter(
            inventory_item__in=lots, reversed_by=None, back__isnull=True, quantity__lt=0
        )
        moves = moves.order_by()
        used: dict[int, Decimal] = defaultdict(lambda: ZERO)
        wasted: dict[int, Decimal] = defaultdict(lambda: ZERO)
        run_of = Coalesce(*(f"{model._meta.model_name}__assembly_run" for model in consumption_models()))
        for run_id, kind, quantity in moves.annotate(run_id=run_of).values_list("run_id", "kind", "quantity"):
            if run_id is not None:
                used[run_id] -= quantity
                wasted[run_id] -= quantity if kind == StockMovement.Kind.WASTED else ZERO
        runs = AssemblyRun.objects.with_names().select_related("goods_lot").filter(pk__in=used).newest_first()
        found = [RunOfLots(run, used[run.pk], wasted[run.pk]) for run in runs] if used else []
        others = moves.exclude(kind__in=[StockMovement.Kind.CONSUMED, StockMovement.Kind.WASTED])
        left = others.select_related(
            "inventory_item__finished_good", "order__event", "order__finished_good", "created_by"
        )
        level = Onward(found, list(left.order_by("-pk")))
        if level.runs or level.left:
            levels.append(level)
        lots = {row.run.goods_lot_id for row in found if row.run.goods_lot_id is not None} - seen
        seen |= lots
    return levels


def trace_back(lot_id: int) -> list[list[MadeBy]]:
    """Return the run that made a lot with what it took, then the runs that made the goods among that, and so on.

    Two statements a level; nothing for what was bought or baked.
    """
    levels, lots, seen = [], {lot_id}, {lot_id}
    while lots:
        runs = list(AssemblyRun.objects.with_names().filter(goods_lot__in=lots).newest_first())
        if not runs:
            break
        sources, inner = _sources(run.pk for run in runs)
        levels.append([MadeBy(run, sources[run.pk]) for run in runs])
        lots = inner - seen
        seen |= lots
    return levels


def _sources(run_ids: Iterable[int]) -> tuple[dict[int, list[Source]], set[int]]:
    """Return what runs took, by run, and the lots of goods among it; one statement."""
    wanted, no_text = list(run_ids), Value("", CharField())
    selects = []
    for model in consumption_models():
        is_packaging = model is AssemblyPackagingConsumption
        rows = model.objects.filter(assembly_run__in=wanted).order_by()
        rows = rows.annotate(
            design_then=F("design") if is_packaging else no_text,
            unit_then=F("unit") if is_packaging else no_text,
            amount=Cast("quantity_consumed", DecimalField[Any, Any](max_digits=12, decimal_places=3)),
            good=F("movement__inventory_item__finished_good"),
        )
        columns = ("item_name", "design_then", "lot_code", "unit_then", "amount", "kind", "good")
        selects.append(rows.values_list("assembly_run", "pk", "movement__inventory_item", *columns))
    sources: dict[int, list[Source]] = defaultdict(list)
    inner = set()
    for run_id, _pk, lot_id, name, design, label, unit, amount, kind, good in selects[0].union(*selects[1:], all=True):
        is_waste = kind == Consumption.Kind.WASTE
        said = f"{name} {design}".strip()
        sources[run_id].append(Source(lot_id, label, said, unit or "piece", round3(amount), is_waste))
        if good is not None:
            inner.add(lot_id)
    for rows_of_run in sources.values():
        rows_of_run.sort(key=lambda source: (source.is_waste, source.name, source.lot_id or 0))
    return sources, inner


def traced_lot(lot_id: int) -> InventoryItem | None:
    """Return a lot with what it holds and whom it was made for."""
    lots = InventoryItem.objects.with_items().select_related("order__event", "order__finished_good")
    found: InventoryItem | None = lots.filter(pk=lot_id).first()
    return found
