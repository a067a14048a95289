"""One run: what it is recorded for, what it used, and where its goods went."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.contrib.auth.models import User
from django.db.models import CharField, DecimalField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    Consumption,
    consumption_models,
)
from bakery.text import fold, whole_number
from packaging.costs import round3
from packaging.exceptions import GoodsUsed, NotFound
from packaging.models import AssemblyOrder, Composition, Event, FinishedGood, InventoryItem, Product, StockMovement
from packaging.queries import good_or_not_found
from packaging.querysets import Unindexed

# A correction of goods that names a line is what a settled debt added to them; one by hand names none.
OWN = Q(kind=StockMovement.Kind.ASSEMBLED) | Q(kind=StockMovement.Kind.CORRECTED, composition__isnull=False)
MOST_CHOICES = 200  # of each filter
RECENT = 3  # runs on the page of their good
UNDO_MINUTES = 10  # whoever recorded a run may undo it for so long (R28)


@dataclass(frozen=True)
class RunSubject:
    """What a run is recorded for: an open order with its own lines, or a good by its recipe (R21)."""

    good: FinishedGood
    lines: list[Composition]
    order: AssemblyOrder | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything can be recorded for it."""
        return bool(self.lines) and (self.order is None or self.order.quantity_left > 0)

    @property
    def usual_quantity(self) -> int:
        """What is most likely recorded: what the order still needs, of a good 1."""
        return self.order.quantity_left if self.order else 1


def others_goods(lot_ids: Sequence[int]) -> list[InventoryItem]:
    """Return lots of goods with the orders that they were made for; one statement, none for no lots."""
    if not lot_ids:
        return []
    lots = InventoryItem.objects.filter(pk__in=lot_ids).select_related("finished_good", "order__event")
    return list(lots.order_by("received_on", "pk"))


def run_filters(asked: Mapping[str, str] | None = None) -> dict[str, list[tuple[int, str]]]:
    """Return what runs can be narrowed by, each with its name; one statement, which does not read all runs.

    A long choice is cut. What an address names, `asked`, stands in it all the same, with runs or without.
    """
    this, asked, blank = OuterRef("pk"), asked or {}, Value("")
    runs, used = AssemblyRun.objects.order_by(), AssemblyPackagingConsumption.objects.order_by()
    designs = Product.objects.order_by("generic_product__name", "design")
    selects = [
        _choices(
            "good", FinishedGood.objects.order_by("display_name"), runs.filter(finished_good=this), asked
        ).values_list("field", "pk", "display_name", blank, blank),
        _choices("event", Event.objects.order_by("-date", "name"), runs.filter(order__event=this), asked).values_list(
            "field", "pk", "name", blank, Cast("date", CharField())
        ),
        _choices("person", User.objects.order_by("username"), runs.filter(recorded_by=this), asked).values_list(
            "field", "pk", "username", blank, blank
        ),
        _choices("design", designs, used.filter(product=this), asked).values_list(
            "field", "pk", "generic_product__name", "design", blank
        ),
    ]
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in ("good", "event", "person", "design")}
    rows = sorted(selects[0].union(*selects[1:], all=True), key=lambda row: (fold(row[2]), fold(row[3])))
    for field, pk, name, design, _day in sorted(rows, key=itemgetter(4), reverse=True):  # events: the latest first
        found[field].append((pk, f"{name} {design}".strip()))
    return found


def _choices(field: str, things: QuerySet[Any], uses: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
    """Return the first of the things that are used, and the one that is asked for."""
    wanted = Q(pk__in=things.filter(Exists(uses)).values("pk")[:MOST_CHOICES])
    given = whole_number(asked.get(field, ""))
    if given is not None:
        wanted |= Q(pk=given)
    chosen: QuerySet[Any] = things.order_by().filter(wanted).annotate(field=Value(field))
    return chosen


def recent_runs(good_id: int) -> list[AssemblyRun]:
    """Return the last runs of a good that were not voided; one statement."""
    return list(AssemblyRun.objects.in_force().with_open_debt().filter(finished_good=good_id).newest_first()[:RECENT])


def run_subject(*, order_id: int | None = None, finished_good_id: int | None = None) -> RunSubject:
    """Return an order or a good with its lines, in one statement (two where it has no lines); `NotFound` if none."""
    if order_id is not None:
        of_order = Composition.objects.of_order(order_id).with_names()
        lines = list(of_order.select_related("order__finished_good", "order__event"))
        order = lines[0].order if lines else None
        order = order or AssemblyOrder.objects.select_related("finished_good", "event").filter(pk=order_id).first()
        if order is None:
            raise NotFound(_("The order"))
        return RunSubject(order.finished_good, lines, order)
    of_good = Composition.objects.recipe_of(finished_good_id or 0).with_names()
    lines = list(of_good.select_related("assembly"))
    return RunSubject(lines[0].assembly if lines else good_or_not_found(finished_good_id or 0), lines)


@dataclass(frozen=True)
class LedgerRow:
    """A row of a run's ledger as it was written, with the movement that took it and the one that gave it back."""

    pk: int
    kind: str
    reason: str
    item_name: str
    design: str
    lot_code: str
    unit: str
    quantity: Decimal
    unit_cost: Decimal
    total_cost: Decimal
    is_cost_known: bool
    promised: Decimal  # of it reserved by the order's line before (R28)
    line_id: int | None
    lot_id: int | None
    movement_id: int | None
    reversed_quantity: Decimal | None
    reversed_value: Decimal | None
    left: Decimal | None = None  # on the lot after the movement; filled in by `with_movements`
    at: datetime | None = None
    by: User | None = None

    @property
    def name(self) -> str:
        """What was used, with its design."""
        return f"{self.item_name} {self.design}".strip()


# A ledger row's fields, and where the three tables (or the annotations of `ledger`) have them.
LEDGER_COLUMNS = {
    "pk": "pk",
    "kind": "kind",
    "reason": "reason",
    "item_name": "item_name",
    "design": "design_then",
    "lot_code": "lot_code",
    "unit": "unit_then",
    "quantity": "amount",
    "unit_cost": "unit_cost_at_consumption",
    "total_cost": "total_cost",
    "is_cost_known": "is_cost_known",
    "promised": "promised",
    "line_id": "composition",
    "lot_id": "movement__inventory_item",
    "movement_id": "movement",
    "reversed_quantity": "movement__reversed_by__quantity",
    "reversed_value": "movement__reversed_by__value",
}


def ledger(run_id: int) -> list[LedgerRow]:
    """Return what a run used, in the order of its lines, waste last; one statement."""
    return ledgers([run_id])[run_id]


def ledgers(run_ids: Collection[int]) -> dict[int, list[LedgerRow]]:
    """Return what each of these runs used, as `ledger` does for one; one statement for all."""
    no_text, amount = Value("", CharField()), DecimalField[Any, Any](max_digits=12, decimal_places=3)
    selects = []
    for model in consumption_models():
        is_packaging = model is AssemblyPackagingConsumption
        rows = model.objects.filter(assembly_run__in=run_ids).order_by()
        rows = rows.annotate(
            design_then=F("design") if is_packaging else no_text,
            unit_then=F("unit") if is_packaging else no_text,
            amount=Cast("quantity_consumed", amount),
            promised=F("quantity_promised") if is_packaging else Cast(Value(0), amount),
        )
        selects.append(rows.values_list("assembly_run", "composition__sort_order", *LEDGER_COLUMNS.values()))
    found = [
        (run_id, place, LedgerRow(**dict(zip(LEDGER_COLUMNS, row, strict=True))))
        for run_id, place, *row in (selects[0].union(*selects[1:], all=True) if run_ids else ())
    ]
    # A row without a line (imported ones) comes after those of the lines.
    found.sort(key=lambda f: (f[2].kind == Consumption.Kind.WASTE, f[1] is None, f[1] or 0, f[2].line_id or 0, f[2].pk))
    used: dict[int, list[LedgerRow]] = {run_id: [] for run_id in run_ids}
    for run_id, _place, row in found:  # a union loses the places of a computed column on SQLite
        used[run_id].append(replace(row, quantity=round3(row.quantity), promised=round3(row.promised)))
    return used


def with_movements(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Add to rows what was left on each lot after its movement, when that was written and by whom; one statement."""
    later = StockMovement.objects.filter(
        Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk")),
        inventory_item=OuterRef("inventory_item"),
    )
    since = later.order_by().values("inventory_item").annotate(total=Sum("quantity")).values("total")
    movements = StockMovement.objects.filter(pk__in=[row.movement_id for row in rows if row.movement_id is not None])
    found: dict[int | None, Any] = {
        movement.pk: movement
        for movement in movements.select_related("created_by", "inventory_item").annotate(since=Subquery(since))
    }
    return [
        replace(row, left=round3(m.inventory_item.quantity - (m.since or 0)), at=m.created_at, by=m.created_by)
        if (m := found.get(row.movement_id))
        else row
        for row in rows
    ]


def run_before(run: AssemblyRun) -> AssemblyRun | None:
    """Return the last run of the same good before this one whose cost can be compared with it; one statement, or none.

    What was recorded must be all of it: not voided, no packaging named later, every cost known.
    """
    runs = AssemblyRun.objects.in_force().filter(
        finished_good=run.finished_good_id,
        packaging_bypassed=False,
        goods_lot__is_cost_known=True,
        per_unit_cost__gt=0,
    )
    is_whole = run.goods_lot is not None and run.goods_lot.is_cost_known
    if run.is_voided or run.packaging_bypassed or not is_whole:
        return None
    earlier = Q(assembled_at__lt=run.assembled_at) | Q(pk__lt=run.pk)
    return runs.filter(earlier, assembled_at__lte=run.assembled_at).newest_first().first()


@dataclass(frozen=True)
class GoodsUse:
    """A movement of a run's goods that was not taken back: so many went, or came, and the run that used them if any."""

    movement: StockMovement
    run: AssemblyRun | None


def own_goods_movements(run: AssemblyRun) -> list[StockMovement]:
    """Return the movements of a run's goods that the run itself made: the goods, and what settled debts added (R26)."""
    return list(StockMovement.objects.filter(OWN, inventory_item=run.goods_lot_id, reversed_by=None))


def goods_uses(run: AssemblyRun) -> list[GoodsUse]:
    """Return where a run's goods went: unreversed movements of its lot but its own, oldest first (R28)."""
    return [] if run.goods_lot_id is None else uses_of([run.goods_lot_id])


def uses_of(lots: Collection[int]) -> list[GoodsUse]:
    """Return where the goods of these lots went, as `goods_uses` does for one."""
    movements = (
        StockMovement.objects.alias(back=Unindexed("reverses"))
        .filter(inventory_item__in=lots, reversed_by=None, back__isnull=True)
        .exclude(OWN)
        .select_related("assemblyfinishedgoodconsumption__assembly_run__finished_good", "created_by")
    )
    return [GoodsUse(movement, _run_behind(movement)) for movement in movements]


def _run_behind(movement: StockMovement) -> AssemblyRun | None:
    """Return the run that a movement was made for; what it joined is loaded already."""
    row: AssemblyFinishedGoodConsumption | None = getattr(movement, "assemblyfinishedgoodconsumption", None)
    return row.assembly_run if row else None


def consumptions(run_id: int) -> list[Consumption]:
    """Return the rows of a run's ledger with their movements, in the order they were written; three statements."""
    return consumptions_of([run_id])[run_id]


def consumptions_of(run_ids: Collection[int]) -> dict[int, list[Consumption]]:
    """Return the ledgers of runs by run id, as `consumptions` does for one; three statements."""
    found: dict[int, list[Consumption]] = {run_id: [] for run_id in run_ids}
    for model in consumption_models():
        rows = model.objects.filter(assembly_run__in=run_ids)
        for row in rows.select_related("movement__inventory_item__product", "composition"):
            found[row.assembly_run_id].append(row)
    return found


@dataclass(frozen=True)
class GoodsLotUses:
    """Who used pieces of a run's goods: unreversed movements of its lot but its own, and the runs behind them (R28)."""

    run: AssemblyRun
    movements: Sequence[StockMovement]
    runs: Sequence[AssemblyRun]

    def refuse(self) -> None:
        """Raise `GoodsUsed` when any piece was used."""
        if self.movements:
            raise GoodsUsed(self.sentence, runs=self.runs, movements=self.movements)

    @property
    def sentence(self) -> str:
        """Who used them, in words."""
        names = [_("run %(run)s") % {"run": run.pk} for run in self.runs]
        names += [str(m.get_kind_display()).lower() for m in self.movements if m.kind != StockMovement.Kind.CONSUMED]
        return _("The goods of run %(run)s were used: %(uses)s.") % {"run": self.run.pk, "uses": ", ".join(names)}


def goods_lot_uses(run: AssemblyRun) -> GoodsLotUses:
    """Return what keeps a run from being voided."""
    return lot_uses(run, goods_uses(run))


def lot_uses(run: AssemblyRun, uses: Sequence[GoodsUse]) -> GoodsLotUses:
    """Gather these uses of a run's goods, each run named once."""
    runs = {use.run.pk: use.run for use in uses if use.run is not None}
    return GoodsLotUses(run, [use.movement for use in uses], list(runs.values()))


def may_void(user: User, run: AssemblyRun) -> bool:
    """Say whether a user may take a run back: by permission, or whoever recorded it within ten minutes (R28)."""
    return not run.is_voided and may_ask_to_void(user, run)


def may_ask_to_void(user: User, run: AssemblyRun) -> bool:
    """Say whether a user is one who may take this run back, so that a second void is told it is the second."""
    if user.has_perm("assembly.void_run"):
        return True
    return run.recorded_by_id == user.pk and (timezone.now() - run.created_at).total_seconds() <= UNDO_MINUTES * 60
