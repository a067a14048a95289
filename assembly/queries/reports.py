"""What managers look back at (R32): each report sums the rows of some days that an index finds, never all history."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from assembly.models import AssemblyPackagingConsumption, AssemblyRun, Consumption
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
    """What a piece of a good cost in a stretch, by the runs as they were recorded; None where none was made."""

    stretch: Stretch
    quantity: int
    cost: Decimal
    is_provisional: bool = False

    @property
    def each(self) -> Decimal | None:
        """The cost of one piece."""
        return per_unit(self.cost, self.quantity) if self.quantity else None


def unit_costs(good_id: int, parts: Sequence[Stretch]) -> list[UnitCost]:
    """Return what a piece of a good cost in each stretch. Voided runs do not count; one statement."""
    runs = AssemblyRun.objects.in_force().filter(whole(parts).among("assembled_at"), finished_good=good_id)
    rows = iter(
        runs.with_open_debt()
        .order_by("assembled_at", "id")
        .values_list("assembled_at", "quantity_assembled", "total_component_cost", "has_open_debt")
    )
    found, row = [], next(rows, None)
    for part in parts:
        end, quantity, cost, is_provisional = midnight(part.last + timedelta(days=1)), 0, ZERO, False
        while row is not None and row[0] < end:
            quantity, cost, is_provisional = quantity + row[1], cost + row[2], is_provisional or row[3]
            row = next(rows, None)
        found.append(UnitCost(part, quantity, cost, is_provisional))
    return found


@dataclass(frozen=True)
class Use:
    """How much of a design runs used, and what it was worth."""

    product_id: int
    product_name: str
    design: str
    unit: str
    quantity: Decimal
    cost: Decimal
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
        .annotate(pieces=Sum("quantity_consumed"), worth=Sum("total_cost"))
        .order_by("-worth", "product")
    )
    rows = list(sums)
    most = max((worth for *_design, worth in rows), default=ZERO)
    return [Use(*design, round3(pieces), round4(worth), _share(worth, most)) for *design, pieces, worth in rows]


@dataclass(frozen=True)
class Loss:
    """How often stock changed for a reason other than being used or sold, and what that was worth (below 0: lost)."""

    kind: str
    reason: str
    times: int
    value: Decimal
    share: int = 0  # of the largest, in hundredths

    @property
    def label(self) -> str:
        """The kind of movement in words."""
        return str(Kind(self.kind).label)


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
    sums = moved.values_list("what", "why").annotate(times=count, worth=Sum("value"), size=Sum("quantity"))
    found: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for kind, reason, number, worth, size in sums:
        if number or size or worth:
            code = reason.partition(": ")[0]
            key = (kind, code if code in known else reason)
            times, value = found.get(key, (0, ZERO))
            found[key] = (times + number, value + round4(worth))
    rows = sorted(found.items(), key=lambda row: (-abs(row[1][1]), row[0]))
    most = max((abs(value) for _key, (_times, value) in rows), default=ZERO)
    return [Loss(kind, reason, times, value, _share(abs(value), most)) for (kind, reason), (times, value) in rows]


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
