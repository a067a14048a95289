"""What managers look back at (R32): each report sums the rows of some days that an index finds, never all history."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from assembly.models import AssemblyPackagingConsumption, AssemblyRun, Consumption, consumption_models
from assembly.querysets import midnight
from packaging.costs import per_unit, round3, round4
from packaging.models import InventoryItem, StockMovement

ZERO = Decimal("0.0000")
Kind = StockMovement.Kind


@dataclass(frozen=True)
class Stretch:
    """Some days of the shop, both ends included: one point of a chart."""

    first: date
    last: date

    def among(self, moment: str) -> Q:
        """Return the condition that a moment lies within, so that an index on it serves."""
        return Q(**{f"{moment}__gte": midnight(self.first), f"{moment}__lt": midnight(self.last + timedelta(days=1))})


def stretches(first: date, last: date, days: int) -> list[Stretch]:
    """Cut a period into stretches of so many days, the earliest first; the earliest may be shorter."""
    ends = [last - timedelta(days=back) for back in range(0, (last - first).days + 1, days)]
    return [Stretch(max(first, end - timedelta(days=days - 1)), end) for end in reversed(ends)]


def whole(parts: Sequence[Stretch]) -> Stretch:
    """Return the period that was cut into these stretches."""
    return Stretch(parts[0].first, parts[-1].last)


@dataclass(frozen=True)
class UnitCost:
    """What a piece of a good cost in a stretch, packaging that was named later included; None where none was made."""

    stretch: Stretch
    quantity: int
    cost: Decimal
    is_provisional: bool = False
    is_incomplete: bool = False  # some of it is unknown and counts as 0

    @property
    def each(self) -> Decimal | None:
        """The cost of one piece."""
        return per_unit(self.cost, self.quantity) if self.quantity else None


def unit_costs(good_id: int, parts: Sequence[Stretch]) -> list[UnitCost]:
    """Return what a piece of a good cost in each stretch. Voided runs do not count; one statement."""
    runs = AssemblyRun.objects.in_force().filter(whole(parts).among("assembled_at"), finished_good=good_id)
    rows = iter(
        runs.with_open_debt()
        .annotate(is_incomplete=_has_unknown_cost(), later=Coalesce(Subquery(_named_later()), Value(ZERO)))
        .order_by("assembled_at", "id")
        .values_list(
            "assembled_at", "quantity_assembled", "total_component_cost", "later", "has_open_debt", "is_incomplete"
        )
    )
    found, row = [], next(rows, None)
    for part in parts:
        end, made = midnight(part.last + timedelta(days=1)), []
        while row is not None and row[0] < end:
            made.append((row[1], row[2] + row[3], row[4], row[5]))
            row = next(rows, None)
        found.append(_unit_cost(part, made))
    return found


def _unit_cost(part: Stretch, runs: Sequence[tuple[int, Decimal, bool, bool]]) -> UnitCost:
    """Return what a piece cost by the runs of a stretch: of each its pieces, its cost, and what is amiss with that."""
    cost = round4(sum((cost for _made, cost, *_states in runs), ZERO))
    states = (any(run[2] for run in runs), any(run[3] for run in runs))
    return UnitCost(part, sum(run[0] for run in runs), cost, *states)


def _named_later() -> QuerySet[Any]:
    """Return what was named of a run later costs: with what was recorded it is what the run costs now (R25)."""
    rows = AssemblyPackagingConsumption.objects.order_by().filter(assembly_run=OuterRef("pk"))
    later = rows.filter(kind=Consumption.Kind.RECONCILED).values("assembly_run")
    return later.annotate(total=Sum("total_cost")).values("total")


def _has_unknown_cost() -> Q:
    """Return the condition that a run used something of unknown cost, as its page says."""
    rows = [model.objects.filter(assembly_run=OuterRef("pk"), is_cost_known=False) for model in consumption_models()]
    return reduce(or_, (Q(Exists(found)) for found in rows))


@dataclass(frozen=True)
class Use:
    """How much of a design runs used, and what it was worth."""

    product_id: int
    product_name: str
    design: str
    unit: str
    quantity: Decimal
    cost: Decimal
    is_incomplete: bool = False  # some of it is unknown and counts as 0
    share: int = 0  # of the dearest, in hundredths

    @property
    def name(self) -> str:
        """The generic product with its design."""
        return f"{self.product_name} {self.design}".strip()


def uses(period: Stretch) -> list[Use]:
    """Return the packaging that the runs of a period used, by design, the dearest first. One statement.

    Voided runs do not count; what was named of a run later does, and what broke is in `losses`.
    """
    sums = (
        AssemblyPackagingConsumption.objects.order_by()
        .filter(period.among("assembly_run__assembled_at"), assembly_run__voided_at__isnull=True)
        .exclude(kind=Consumption.Kind.WASTE)
        .values_list("product", "product__generic_product__name", "product__design", "product__generic_product__unit")
        .annotate(
            pieces=Sum("quantity_consumed"),
            worth=Sum("total_cost"),
            unknown=Count("pk", filter=Q(is_cost_known=False)),
        )
        .order_by("-worth", "product")
    )
    rows: list[Any] = list(sums)
    most = max((row[5] for row in rows), default=ZERO)
    return [
        Use(pk, name, design, unit, round3(pieces), round4(worth), bool(unknown), _share(worth, most))
        for pk, name, design, unit, pieces, worth, unknown in rows
    ]


@dataclass(frozen=True)
class Loss:
    """How often stock changed for a reason other than being used or sold, and what that was worth (below 0: lost)."""

    kind: str
    reason: str
    times: int
    value: Decimal
    is_incomplete: bool = False  # some of it is unknown and counts as 0
    share: int = 0  # of the largest, in hundredths

    @property
    def label(self) -> str:
        """The kind of movement in words."""
        return str(Kind(self.kind).label)


# Of unknown cost still, or of a lot whose cost was typed only after it had moved.
MOVED_UNKNOWN = Q(inventory_item__is_cost_known=False) | (Q(value=0, inventory_item__total_cost__gt=0) & ~Q(quantity=0))
# What left for its purpose is no loss.
PURPOSES = ("sold", "delivered")


def losses(period: Stretch, known: Container[str]) -> list[Loss]:
    """Return what broke, what counts found, what was corrected and given away, by reason, the largest first.

    What was voided is taken off. What was typed beside a `known` reason ("torn: at the seam") makes no row of its own.
    One statement.
    """
    kinds = [Kind.WASTED, Kind.COUNTED, Kind.CORRECTED, Kind.ISSUED]
    moved = _moved(period, kinds).exclude(why__in=PURPOSES).exclude(what=Kind.CORRECTED, composition__isnull=False)
    count = Count("pk", filter=Q(reverses__isnull=True)) - Count("reverses")
    sums = moved.values_list("what", "why").annotate(
        times=count, worth=Sum("value"), size=Sum("quantity"), unknown=Count("pk", filter=MOVED_UNKNOWN)
    )
    found: dict[tuple[str, str], tuple[int, Decimal, bool]] = {}
    for kind, reason, number, worth, size, unknown in sums:
        if number or size or worth:
            code = reason.partition(": ")[0]
            key = (kind, code if code in known else reason)
            times, value, is_incomplete = found.get(key, (0, ZERO, False))
            found[key] = (times + number, value + round4(worth), is_incomplete or bool(unknown))
    rows = sorted(found.items(), key=lambda row: (-abs(row[1][1]), row[0]))
    most = max((abs(value) for _key, (_times, value, _state) in rows), default=ZERO)
    return [
        Loss(kind, reason, times, value, is_incomplete, _share(abs(value), most))
        for (kind, reason), (times, value, is_incomplete) in rows
    ]


@dataclass(frozen=True)
class StockValue:
    """What came in and went out in a stretch, and what the stock was worth at its end."""

    stretch: Stretch
    came: Decimal
    went: Decimal
    value: Decimal


def stock_values(parts: Sequence[Stretch]) -> list[StockValue]:
    """Return what all stock was worth at the end of each stretch, up to today: today's worth, less what moved since.

    Lots of unknown cost count as nothing (R3). Two statements.
    """
    now = InventoryItem.objects.on_hand().aggregate(worth=Sum("value"))["worth"] or ZERO
    moves = StockMovement.objects.order_by()
    sums = [
        moves.filter(part.among("created_at"))
        .annotate(part=Value(number))
        .values("part")
        .annotate(came=Sum("value", filter=Q(value__gt=0)), went=Sum("value", filter=Q(value__lt=0)))
        for number, part in enumerate(parts)
    ]
    rows = {row["part"]: row for row in sums[0].union(*sums[1:], all=True)}
    found, value = [], round4(now)
    for number, part in reversed([*enumerate(parts)]):
        row: Any = rows.get(number, {})
        came, went = round4(row.get("came") or ZERO), round4(-(row.get("went") or ZERO))
        found.append(StockValue(part, came, went, value))
        value = round4(value - came + went)
    return found[::-1]


def _moved(period: Stretch, kinds: Sequence[str]) -> QuerySet[Any]:
    """Return movements of these kinds in a period, and those that took one back, with that one's kind and reason."""
    return (
        StockMovement.objects.order_by()
        .filter(period.among("created_at"), Q(kind__in=kinds) | Q(kind=Kind.REVERSED, reverses__kind__in=kinds))
        .annotate(what=Coalesce("reverses__kind", F("kind")), why=Coalesce("reverses__reason", F("reason")))
    )


def _share(part: Decimal, most: Decimal) -> int:
    return int(max(part, ZERO) * 100 / most) if most else 0
