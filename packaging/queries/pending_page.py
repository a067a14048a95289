"""The reads behind "To assign": the lines that wait, and the shelf that one of them can choose from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import BigIntegerField, Count, F, QuerySet, Value, Window
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from packaging.availability import Lot, fifo
from packaging.costs import ZERO, round4, take
from packaging.exceptions import NotFound
from packaging.models import Composition, Product
from packaging.queries.lines import mixes_of, pending_lines, propose
from packaging.queries.shelf import as_part, load_lots
from packaging.strategies import MIXES, STRATEGIES, Proposal, Shares


@dataclass(frozen=True)
class Kind:
    """A generic product that lines wait for, and how many."""

    id: int
    name: str
    waiting: int


@dataclass(frozen=True)
class Tally:
    """What amounts come to for a line: the words and figures under the lots."""

    required: Decimal
    assigned: Decimal
    designs: int
    cost: Decimal  # of the lots themselves, to 4 places
    is_cost_known: bool

    @property
    def missing(self) -> Decimal:
        """What the amounts do not cover yet."""
        return max(self.required - self.assigned, ZERO)

    @property
    def over(self) -> Decimal:
        """What is too much."""
        return max(self.assigned - self.required, ZERO)


@dataclass(frozen=True)
class Board:
    """A generic line of an order with every lot that could fill it, as it is now."""

    line: Composition
    required: Decimal
    used: Decimal  # taken by runs already
    lots: tuple[Lot, ...]  # what is to be taken first comes first
    designs: Mapping[int, str]  # every design in use of the generic product, by product id
    last_mix: Shares = field(default_factory=dict)  # what the last run of this good took; empty when none did

    @cached_property
    def by_id(self) -> dict[int, Lot]:
        """The lots by id."""
        return {lot.id: lot for lot in self.lots}

    @cached_property
    def by_design(self) -> dict[int, list[Lot]]:
        """The lots by product id."""
        designs: dict[int, list[Lot]] = defaultdict(list)
        for lot in self.lots:
            designs[lot.item[1]].append(lot)
        return dict(designs)

    @cached_property
    def kept(self) -> dict[int, Decimal]:
        """What the line's promises get, by lot id (R14)."""
        return {lot.id: lot.kept[self.line.pk] for lot in self.lots if lot.kept.get(self.line.pk)}

    @property
    def promised(self) -> Decimal:
        """What the line was promised and has not used yet, as it is saved now."""
        return sum((lot.promised_to(self.line.pk) for lot in self.lots), ZERO)

    @property
    def undecided(self) -> Decimal:
        """What of the requirement nobody has chosen lots for, as it is saved now."""
        return max(self.required - self.promised, ZERO)

    @property
    def free(self) -> Decimal:
        """What this line may have in all."""
        return sum((lot.free_for(self.line.pk) for lot in self.lots), ZERO)

    @property
    def missing(self) -> Decimal:
        """What the line needs and has no pieces for."""
        return max(self.required - sum(self.kept.values(), ZERO), ZERO)

    @property
    def state(self) -> str:
        """Why there is nothing to decide here: archived, closed, complete; empty when there is."""
        if self.line.is_archived:
            return "archived"
        if self.line.order is None or not self.line.order.is_open:
            return "closed"
        return "" if self.required > 0 else "complete"

    @property
    def strategies(self) -> list[str]:
        """The ways to fill the line that need nothing said besides."""
        return [name for name in STRATEGIES if name not in MIXES or (name == "last_time" and self.last_mix)]

    def proposal(self, strategy: str, shares: Shares | None = None) -> Proposal:
        """Return what a strategy proposes for the whole line; nothing is stored (R15)."""
        mix = self.last_mix if strategy == "last_time" else shares
        return propose(self.line, self.lots, strategy, self.required, mix)

    def tally(self, amounts: Mapping[int, Decimal]) -> Tally:
        """Add amounts by lot id up: what they cover and what they cost."""
        taken = [(self.by_id[pk], amount) for pk, amount in amounts.items() if amount > 0 and pk in self.by_id]
        cost = ZERO
        for lot, amount in taken:
            if lot.quantity:
                cost += take(min(amount, lot.quantity), lot.quantity, lot.value)
        return Tally(
            required=self.required,
            assigned=sum(amounts.values(), ZERO),
            designs=len({lot.item for lot, _amount in taken}),
            cost=round4(cost),
            is_cost_known=all(lot.is_cost_known for lot, _amount in taken),
        )


def waiting_kinds(others: "QuerySet[Any]") -> tuple[list[Kind], int]:
    """Return the generic products that lines wait for, by name, and how many `others` there are, in one statement."""
    generic = "packaging_product__generic_product"
    names = {"kind": F(generic), "called": F(f"{generic}__name"), "key": F(f"{generic}__name_key")}
    no_names = {"kind": Value(None, BigIntegerField()), "called": Value(""), "key": Value("")}
    kinds, beside = (
        rows.order_by().annotate(**said).values_list(*said).annotate(found=Count("pk"))
        for rows, said in ((Composition.objects.undecided(), names), (others, no_names))
    )
    rows = list(kinds.union(beside, all=True).order_by("key"))
    found = [Kind(pk, name, waiting) for pk, name, _key, waiting in rows if pk is not None]
    return found, sum(number for pk, _name, _key, number in rows if pk is None)


def waiting_lines(
    *,
    text: str = "",
    kind: int | None = None,
    due_before: date | None = None,
    state: str = "",
    event: int | None = None,
) -> QuerySet[Composition]:
    """Return undecided lines, soonest due first, narrowed; each with `found`, how many there are in all."""
    lines = pending_lines(event).search(text)  # type: ignore[attr-defined]
    if kind is not None:
        lines = lines.filter(packaging_product__generic_product=kind)
    if due_before is not None:
        lines = lines.due_before(due_before)
    if state:
        lines = lines.in_state(state)
    found: QuerySet[Composition] = lines.annotate(found=Window(Count("*")))
    return found


def next_waiting(line: Composition, event: int | None = None) -> Composition | None:
    """Return the undecided line that comes after this one in the list; with `event`, in the list of that event."""
    found: Composition | None = pending_lines(event).after(line).first()  # type: ignore[attr-defined]
    return found


def load_board(composition_id: int, lots: Iterable[int] = ()) -> Board:
    """Return a line's board in four statements; `lots` adds lots that a form named, whatever they hold.

    `NotFound` for what is not a generic line of an order.
    """
    lines = Composition.objects.with_names().with_used().with_last_line().select_related("order__event", "assembly")
    line = lines.filter(pk=composition_id, order__isnull=False, is_generic=True).first()
    if line is None or line.packaging_product is None or line.order is None:
        raise NotFound(_("The line"))
    generic_id = line.packaging_product.generic_product_id
    shelf = load_lots(generics=[generic_id], lots=lots, with_holders=True)
    designs = Product.objects.in_use().filter(generic_product=generic_id).order_by("design_key")
    return Board(
        line=line,
        required=ZERO if line.is_archived else as_part(line).need(line.order.quantity_left),
        used=line.used,
        lots=tuple(sorted((lot for lot in shelf if lot.generic_id == generic_id), key=fifo)),
        designs=dict(designs.values_list("pk", "design")),
        last_mix=mixes_of([line.last_line]).get(line.last_line, {}),
    )


def holders(lot: Lot, line_id: int) -> list[tuple[str, Decimal]]:
    """Return who else holds a lot, and how much of it."""
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for promise in lot.promises:
        if promise.line_id != line_id:
            held[promise.holder] += promise.quantity
    return list(held.items())


def short_day(day: date) -> str:
    """Write a day: 13 Dec, with the year when it is another than this one."""
    return date_format(day, "j M" if day.year == timezone.localdate().year else "j M Y")
