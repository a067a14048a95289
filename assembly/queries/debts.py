"""Packaging that runs used and nobody named: what is open, for how long, and which lots it most likely was (R26)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.models import AssemblyPackagingConsumption, AssemblyRun, Consumption, PackagingDebt
from assembly.suggestions import Question, Suggestion, suggest
from packaging.availability import Cost, Lot, estimate, fifo
from packaging.costs import ZERO, round4
from packaging.exceptions import NotFound
from packaging.models import Composition, GenericProduct
from packaging.queries import last_prices, load_lots
from packaging.querysets import Unindexed


@dataclass(frozen=True)
class DebtRow:
    """A debt with its generic product's shelf, and what is known of what was named so far."""

    debt: PackagingDebt
    lots: Sequence[Lot] = ()
    last_price: Decimal | None = None
    used: Sequence[AssemblyPackagingConsumption] = field(default=())

    @property
    def run(self) -> AssemblyRun:
        """The run that used it."""
        return self.debt.assembly_run

    @property
    def on(self) -> date:
        """The day of the run in the shop."""
        return timezone.localdate(self.run.assembled_at)

    @property
    def days(self) -> int:
        """How long it has been open."""
        return max((timezone.localdate() - self.on).days, 0)

    @property
    def gone(self) -> int:
        """How many of the run's goods are gone already."""
        goods, made = self.run.goods_lot, self.run.quantity_assembled
        return made - min(int(goods.quantity), made) if goods else made

    @property
    def question(self) -> Question:
        """What is asked of the shelf."""
        return Question(
            generic_id=self.debt.generic_product_id,
            quantity=self.debt.quantity_open,
            is_whole=not self.debt.generic_product.is_divisible,
            on=self.on,
            made=self.run.quantity_assembled,
            left=Decimal(self.run.quantity_assembled - self.gone),
        )

    @cached_property
    def suggestion(self) -> Suggestion:
        """The lots that are free now and were there on the run's day, the oldest first."""
        return suggest(self.question, self.lots)

    @cached_property
    def cost(self) -> Cost:
        """What the open part will cost, by what is free now (R16)."""
        return estimate(self.lots, self.debt.quantity_open, self.last_price)

    @property
    def late(self) -> Decimal:
        """The cost that left with goods that were gone when it was named."""
        return round4(sum((row.late_cost for row in self.used), ZERO))


def debt_rows(debts: Sequence[PackagingDebt], *, with_prices: bool = False) -> list[DebtRow]:
    """Return debts (with names) with their shelves; one statement, two with the last prices, none without debts."""
    generics = {debt.generic_product_id for debt in debts if debt.is_open}
    lots = load_lots(generics=generics)
    prices = last_prices(generics) if generics and with_prices else {}
    by_generic: dict[int, list[Lot]] = {pk: [] for pk in generics}
    for lot in lots:
        by_generic[lot.generic_id or 0].append(lot)
    return [
        DebtRow(debt, by_generic.get(debt.generic_product_id, ()), prices.get(debt.generic_product_id))
        for debt in debts
    ]


def shared_rows(debts: Sequence[PackagingDebt]) -> list[DebtRow]:
    """Return debts with suggestions from one shelf, in this order: no piece is suggested twice; one statement."""
    left: dict[int, Lot] = {}
    rows = []
    for row in debt_rows(debts):
        shared = replace(row, lots=[left.get(lot.id, lot) for lot in row.lots])
        for guess in shared.suggestion.guesses:
            lot = guess.lot
            left[lot.id] = replace(lot, quantity=lot.quantity - guess.quantity, value=lot.value - guess.cost)
        rows.append(shared)
    return rows


def done_rows(debts: Sequence[PackagingDebt]) -> list[DebtRow]:
    """Return debts with the lots that were named for them; one statement."""
    rows = reconciled(AssemblyPackagingConsumption.objects.filter(assembly_run__in=[d.assembly_run_id for d in debts]))
    return [DebtRow(debt, used=[row for row in rows if _is_of(row, debt)]) for debt in debts]


def reconciled(rows: "Iterable[AssemblyPackagingConsumption]") -> list[AssemblyPackagingConsumption]:
    """Return of ledger rows those that a settled debt wrote, in the order they were written."""
    return sorted((row for row in rows if row.kind == Consumption.Kind.RECONCILED), key=lambda row: row.pk)


def _is_of(row: AssemblyPackagingConsumption, debt: PackagingDebt) -> bool:
    return row.assembly_run_id == debt.assembly_run_id and row.composition_id == debt.composition_id


def debt_row(debt_id: int, *, generic_id: int | None = None) -> DebtRow:
    """Return one debt with its shelf, or that of another generic product; `NotFound` when it is not there."""
    debt: PackagingDebt | None = PackagingDebt.objects.with_names().filter(pk=debt_id).first()
    if debt is None:
        raise NotFound(_("The debt"))
    return DebtRow(debt, load_lots(generics=[generic_id or debt.generic_product_id]))


def settling_lots(row: DebtRow) -> list[Lot]:
    """Return the lots that a debt can be settled with: something free, there on the run's day, the oldest first."""
    return sorted((lot for lot in row.lots if lot.free > 0 and lot.received_on <= row.on), key=fifo)


def debts_of_run(run: AssemblyRun) -> list[DebtRow]:
    """Return what a run was recorded anyway with, open and done, with estimates; no statement for other runs."""
    if not run.packaging_bypassed:
        return []
    debts = list(PackagingDebt.objects.filter(assembly_run=run).with_names().order_by("pk"))
    done = {row.debt.pk: row.used for row in done_rows(debts)}
    return [replace(row, used=done[row.debt.pk]) for row in debt_rows(debts, with_prices=True)]


def open_debts(
    *, order_id: int | None = None, event_id: int | None = None, good_id: int | None = None
) -> list[PackagingDebt]:
    """Return what runs of an order, an event or a good still owe, the oldest first; one statement."""
    debts = PackagingDebt.objects.open().with_names().oldest_first()
    if order_id:
        debts = debts.filter(assembly_run__order=order_id)
    if event_id:
        debts = debts.filter(assembly_run__order__event=event_id)
    if good_id:
        debts = debts.alias(good=Unindexed("assembly_run__finished_good")).filter(good=good_id)
    return list(debts)


def open_debts_of_generic(generic_id: int) -> list[PackagingDebt]:
    """Return what runs used of a generic product and nobody named, the oldest first; one statement."""
    return list(PackagingDebt.objects.open().filter(generic_product=generic_id).with_names().oldest_first())


def other_generics(debt: PackagingDebt) -> list[tuple[int, str]]:
    """Return the generic products of which something is on hand, the debt's own first."""
    own = debt.generic_product
    others = GenericProduct.objects.filter(products__lots__quantity__gt=0).exclude(pk=own.pk).distinct()
    return [(own.pk, own.name), *others.order_by("name_key").values_list("pk", "name")]


def waiting_counts() -> dict[str, int]:
    """Return how many lines wait for a decision ("pending") and how many debts are open ("debts"), in one statement."""
    pending = Composition.objects.undecided().annotate(what=Value("pending"))
    debts = PackagingDebt.objects.open().annotate(what=Value("debts"))
    counted = [rows.order_by().values("what").annotate(found=Count("pk")) for rows in (pending, debts)]
    rows = counted[0].values_list("what", "found").union(counted[1].values_list("what", "found"), all=True)
    return {"pending": 0, "debts": 0, **dict(rows)}


def estimate_open(rows: Iterable[DebtRow]) -> Decimal | None:
    """Return what the open debts together will likely cost; None when one of them is unknown (R16)."""
    costs = [row.cost.likely for row in rows if row.debt.is_open]
    return None if any(cost is None for cost in costs) else round4(sum((cost for cost in costs if cost), ZERO))
