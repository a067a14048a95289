"""What the pages of events show: what their orders need together, what of it is missing, what it costs (R16, R18)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from django.db.models import QuerySet
from django.utils import timezone

from packaging.availability import Cost, Lot, estimate, line_state
from packaging.costs import ZERO
from packaging.demand import Claim, Demand, Thing, key_of, needs
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, Event, InventoryItem, StockMovement
from packaging.queries.demand import Scene, load_scene, open_lines
from packaging.queries.goods import fifo_cost, total_cost
from packaging.queries.lines import mixed_cost
from packaging.queries.shelf import is_ready, last_prices, owed_by_generic

WORDS = ("Enough", "Partly", "Missing")  # the worst one wins
WAITING = ("PENDING", "PARTIAL", "SHORT")


def worst(words: Iterable[str]) -> str:
    """Return the worst of the words; empty when there are none."""
    return max(words, key=WORDS.index, default="")


def name_of(thing: Thing, line: Composition) -> str:
    """Return what a thing is called, given a line (with names) that asks for it."""
    product = line.packaging_product
    return str(product.generic_product) if product and thing[0] == "generic" else line.name


@dataclass(frozen=True)
class EventNeed:
    """What the open orders of an event need of one thing together, and where that is.

    `free` is what no line has promised; each piece of it counts once. Of goods, `missing` is to be made first.
    """

    thing: Thing
    line: Composition  # one that asks for it, with its names
    needed: Decimal
    assigned: Decimal
    free: Decimal
    missing: Decimal
    ready: Decimal = ZERO  # of goods
    planned: Decimal = ZERO  # of goods: the event's own orders will make it
    short: Decimal = ZERO  # promised and not there any more
    waiting: int = 0  # lines that wait for a decision
    contested: Decimal = ZERO  # would be missing besides if orders that are due earlier took theirs first
    cost: Cost | None = None

    @property
    def kind(self) -> str:
        """generic, product, unit or good."""
        return self.thing[0]

    @property
    def key(self) -> str:
        """Which thing, in the address of its figures."""
        return key_of(self.thing)

    @property
    def name(self) -> str:
        """What it is, in words."""
        return name_of(self.thing, self.line)

    @property
    def unit(self) -> str:
        """Its stock unit."""
        return self.line.unit

    @property
    def word(self) -> str:
        """Enough, Partly or Missing."""
        if self.missing <= 0:
            return "Enough"
        return "Partly" if self.missing < self.needed else "Missing"


@dataclass(frozen=True)
class Stop:
    """What runs out first when all orders of an event are made, and for which order (R18)."""

    name: str
    order: AssemblyOrder


@dataclass(frozen=True)
class EventState:
    """How an event stands: one word for all its orders together, and how many lines wait for a decision."""

    word: str = ""
    waiting: int = 0
    is_contested: bool = False


@dataclass(frozen=True)
class Spent:
    """What the goods that were made for an event cost; each cost once, though goods went into other goods of it."""

    total: Decimal
    is_known: bool


@dataclass(frozen=True)
class EventOverview:
    """An event's orders with what they still need together and what that costs."""

    packaging: list[EventNeed]
    units: list[EventNeed]
    goods: list[EventNeed]
    words: Mapping[int, str]  # by order
    waiting: Mapping[int, int]  # by order
    stop: Stop | None
    to_come: Cost | None  # None: nothing is to be made
    unpriced: list[str]  # what the cost to come does not know
    known: Decimal  # the cost to come without that

    @property
    def needs(self) -> list[EventNeed]:
        """All that is needed."""
        return [*self.goods, *self.packaging, *self.units]

    @property
    def word(self) -> str:
        """The worst word; goods that are to be made first are judged by what goes into them."""
        return worst(self.words.values())

    @property
    def lines_waiting(self) -> int:
        """How many lines wait for a decision."""
        return sum(self.waiting.values())

    @property
    def contested(self) -> list[EventNeed]:
        """What orders that are due earlier need too."""
        return [need for need in self.needs if need.contested > 0 and need.kind != "good"]


class Stage:
    """All open orders and their shelf, looked at for one event after the other."""

    def __init__(self) -> None:
        """Read what all events have in common, in two statements."""
        self.scene: Scene = load_scene(open_lines())
        every = [*self.scene.lines, *(line for recipe in self.scene.recipes.values() for line in recipe)]
        self.owed = {pk: owed for pk, owed in owed_by_generic(every).items() if owed > 0}
        self.demands: dict[int | None, list[Demand]] = defaultdict(list)
        for demand in self.scene.demands:
            self.demands[demand.event_id].append(demand)

    @cached_property
    def promises(self) -> Mapping[int, list[Lot]]:
        """The lots that hold promises of a line, by line id."""
        lots: dict[int, list[Lot]] = defaultdict(list)
        for lot in self.scene.lots:
            for line_id in {promise.line_id for promise in lot.promises}:
                lots[line_id].append(lot)
        return lots

    @cached_property
    def waiting(self) -> Mapping[int, list[Composition]]:
        """The lines that wait for a decision, by order (R14)."""
        found: dict[int, list[Composition]] = defaultdict(list)
        for line in self.scene.lines:
            if line.is_generic and line.order is not None and self._state(line, line.order) in WAITING:
                found[line.order.pk].append(line)
        return found

    def _state(self, line: Composition, order: AssemblyOrder) -> str:
        promised = sum((lot.promised_to(line.pk) for lot in self.promises.get(line.pk, ())), ZERO)
        return line_state(self.scene.parts[line.pk].need(order.quantity_left), promised, self.kept(line.pk))

    def kept(self, line_id: int) -> Decimal:
        """What a line's promises get."""
        return sum((lot.kept.get(line_id, ZERO) for lot in self.promises.get(line_id, ())), ZERO)

    @cached_property
    def in_turn(self) -> Mapping[int, list[Claim]]:
        """What each order gets when all take theirs by the day they are due, by order (R19)."""
        claims: dict[int, list[Claim]] = defaultdict(list)
        for claim in self.scene.walk(owed=self.owed):
            claims[claim.order_id or 0].append(claim)
        return claims

    @cached_property
    def shelf(self) -> Mapping[Thing, list[Lot]]:
        """The lots by item; packaging by generic product."""
        found: dict[Thing, list[Lot]] = defaultdict(list)
        for lot in self.scene.lots:
            found[("generic", lot.generic_id) if lot.generic_id is not None else lot.item].append(lot)
        return found

    def lines_of(self, event_id: int) -> list[Composition]:
        """The lines of an event's orders."""
        return [line for line in self.scene.lines if line.order is not None and line.order.event_id == event_id]

    def lots_for(self, demands: Iterable[Demand]) -> list[Lot]:
        """The lots that these orders could take from, nested goods included."""
        found: set[Thing] = set()
        todo = [part for demand in demands for part in demand.parts]
        while todo:
            part = todo.pop()
            thing = ("generic", part.generic_id) if part.generic_id is not None else part.item
            if thing not in found:
                found.add(thing)
                todo += self.scene.nested.get(part.item[1], ()) if part.item[0] == "good" else ()
        return [lot for thing in sorted(found) for lot in self.shelf.get(thing, ())]

    def claims(self, event_id: int) -> list[Claim]:
        """What the orders of an event need and get when nobody else takes anything that is free."""
        demands = self.demands.get(event_id, [])
        dealt = self.scene.walk(demands, self.lots_for(demands), owed=self.owed)
        return [claim for claim in dealt if claim.order_id is not None]

    def words(self, claims: Iterable[Claim]) -> dict[int, str]:
        """The worst word of each order."""
        words: dict[int, list[str]] = defaultdict(list)
        for claim in claims:
            if claim.order_id is not None:
                words[claim.order_id].append(self.claim_word(claim))
        return {order_id: worst(found) for order_id, found in words.items()}

    def claim_word(self, claim: Claim) -> str:
        """How far a claim is met; goods that are to be made are judged by what goes into them."""
        if claim.missing <= 0 or (claim.thing[0] == "good" and claim.thing[1] in self.scene.recipes):
            return "Enough"
        return "Partly" if claim.missing < claim.needed else "Missing"

    def contested(self, event_id: int, claims: Iterable[Claim]) -> dict[Thing, Decimal]:
        """What would be missing besides, by thing, if orders that are due earlier took theirs first."""
        alone = {thing: need.missing for thing, need in needs(claims).items()}
        own = [claim for demand in self.demands.get(event_id, []) for claim in self.in_turn.get(demand.order_id, ())]
        return {
            thing: need.missing - alone.get(thing, ZERO)
            for thing, need in needs(own).items()
            if need.missing > alone.get(thing, ZERO)
        }


def event_states(events: Iterable[Event]) -> tuple[dict[int, EventState], int]:
    """Return how each event stands, by id, and how many lines of all open orders wait; two statements."""
    stage = Stage()
    states = {}
    for event in events:
        claims = stage.claims(event.pk)
        contested = stage.contested(event.pk, claims)
        states[event.pk] = EventState(
            word=worst(stage.words(claims).values()),
            waiting=sum(len(stage.waiting.get(demand.order_id, ())) for demand in stage.demands.get(event.pk, ())),
            is_contested=any(thing[0] != "good" for thing in contested),
        )
    return states, sum(map(len, stage.waiting.values()))


@dataclass(frozen=True)
class Valued:
    """What the cost of a need comes from: what is decided, and so much more of lots, the oldest first or on average."""

    lots: Sequence[Lot]
    rest: Decimal
    price: Decimal | None  # of what is beyond the lots
    decided: Sequence[tuple[Lot, Decimal]] = ()
    is_generic: bool = False

    @property
    def cost(self) -> Cost:
        """What that comes to (R16)."""
        if self.is_generic:
            return mixed_cost(self.decided, estimate(self.lots, self.rest, self.price), self.rest)
        return fifo_cost(self.lots, self.rest, self.price)


class EventNeeds:
    """What the open orders of one event need, by thing, with all that stands behind it; three statements at most."""

    def __init__(self, event_id: int, *, with_costs: bool = True) -> None:
        """Read the stage and look at it for this event."""
        self.event_id = event_id
        self.stage = Stage()
        self.claims = self.stage.claims(event_id)
        self.lots = _by_thing(self.stage.scene.lots, event_id)
        rows = _needs(self.stage, event_id, self.claims, self.lots)
        self.valued: dict[Thing, Valued] = _valued(self.stage, event_id, rows, self.lots) if with_costs else {}
        self.rows = [
            replace(row, cost=self.valued[row.thing].cost) if row.thing in self.valued else row for row in rows
        ]

    @property
    def to_come(self) -> Cost | None:
        """What all of it will cost; None when nothing is to be paid."""
        costs = [row.cost for row in self.rows if row.cost is not None]
        return total_cost(costs) if costs else None

    @property
    def known(self) -> Decimal:
        """What of that is known."""
        return sum((row.cost.likely for row in self.rows if row.cost and row.cost.likely is not None), ZERO)


def event_overview(event: Event, *, with_costs: bool = True) -> tuple[EventOverview, int]:
    """Return what an event's open orders need, and how many lines of all orders wait; three statements at most."""
    found = EventNeeds(event.pk, with_costs=with_costs)
    stage, claims, rows = found.stage, found.claims, found.rows
    orders = [demand.order_id for demand in stage.demands.get(event.pk, ())]
    overview = EventOverview(
        packaging=[row for row in rows if row.kind in {"generic", "product"}],
        units=[row for row in rows if row.kind == "unit"],
        goods=[row for row in rows if row.kind == "good"],
        words=stage.words(claims),
        waiting={order_id: len(stage.waiting.get(order_id, ())) for order_id in orders},
        stop=_stop(stage, claims),
        to_come=found.to_come,
        unpriced=[row.name for row in rows if row.cost is not None and row.cost.likely is None],
        known=found.known,
    )
    return overview, sum(map(len, stage.waiting.values()))


def _stop(stage: Stage, claims: Sequence[Claim]) -> Stop | None:
    """Return the first order, by the day it is due, that does not get all, and what it gets the least of."""
    unmet = [claim for claim in claims if stage.claim_word(claim) != "Enough"]
    if not unmet or unmet[0].order_id is None:
        return None
    mine = [claim for claim in unmet if claim.order_id == unmet[0].order_id]
    need = min(needs(mine).values(), key=lambda need: (need.needed - need.missing) / need.needed)
    return Stop(name_of(need.thing, stage.scene.names[need.thing]), stage.scene.orders[unmet[0].order_id])


def _needs(
    stage: Stage, event_id: int, claims: Sequence[Claim], lots: Mapping[Thing, Sequence[Lot]]
) -> list[EventNeed]:
    """Gather what an event needs by thing, goods first to last as they are claimed."""
    contested = stage.contested(event_id, claims)
    own = stage.lines_of(event_id)
    waits = {line.pk for lines in stage.waiting.values() for line in lines}
    rows = []
    for thing, need in needs(claims).items():
        asking = [line for line in own if line.is_generic and asks_for(line, thing)]
        promised = sum((lot.promised_to(line.pk) for line in asking for lot in stage.promises.get(line.pk, ())), ZERO)
        free = sum((lot.free for lot in lots.get(thing, ())), ZERO)
        rows.append(
            EventNeed(
                thing=thing,
                line=stage.scene.names[thing],
                needed=need.needed,
                assigned=need.promised,
                free=max(free - stage.owed.get(thing[1], ZERO), ZERO) if thing[0] == "generic" else free,
                missing=need.missing,
                ready=need.covered,
                planned=need.planned,
                short=promised - sum((stage.kept(line.pk) for line in asking), ZERO),
                waiting=sum(line.pk in waits for line in asking),
                contested=contested.get(thing, ZERO),
            )
        )
    return rows


def asks_for(line: Composition, thing: Thing) -> bool:
    """Say whether a line of packaging asks for a thing that is a generic product."""
    product = line.packaging_product
    return product is not None and thing == ("generic", product.generic_product_id)


def _by_thing(lots: Iterable[Lot], event_id: int) -> dict[Thing, list[Lot]]:
    """Return the lots that an order of this event could take today, by item and by generic product (R5, R23)."""
    today = timezone.localdate()
    found: dict[Thing, list[Lot]] = defaultdict(list)
    for lot in lots:
        if lot.is_expired(today) or (lot.item[0] == "good" and not is_ready(lot, event_id)):
            continue
        found[lot.item].append(lot)
        if lot.generic_id is not None:
            found["generic", lot.generic_id].append(lot)
    return found


def _valued(
    stage: Stage, event_id: int, rows: Sequence[EventNeed], lots: Mapping[Thing, Sequence[Lot]]
) -> dict[Thing, Valued]:
    """Return what each need is valued by, by thing; one statement (R16)."""
    lines = {line.pk for line in stage.lines_of(event_id)}
    prices = last_prices(_generic_ids(row.line for row in rows)) if rows else {}
    found = {row.thing: _valued_by(row, lots.get(row.thing, []), lines, prices, stage) for row in rows}
    return {thing: valued for thing, valued in found.items() if valued is not None}


def _generic_ids(lines: Iterable[Composition]) -> set[int]:
    return {line.packaging_product.generic_product_id for line in lines if line.packaging_product is not None}


def _valued_by(
    row: EventNeed, lots: Sequence[Lot], lines: Collection[int], prices: Mapping[int, Decimal], stage: Stage
) -> Valued | None:
    product = row.line.packaging_product
    price = prices.get(product.generic_product_id) if product is not None else None
    if row.kind == "good":  # what is to be made is paid for with its components, what is planned with its own order
        of_unknown = row.missing if row.thing[1] not in stage.scene.recipes else ZERO
        return Valued(lots, row.ready + of_unknown, None) if row.ready + of_unknown else None
    if row.kind != "generic":
        return Valued(lots, row.needed, price)
    decided = [(lot, sum((lot.kept.get(line_id, ZERO) for line_id in lines), ZERO)) for lot in lots]
    return Valued(lots, row.needed - row.assigned, price, decided, is_generic=True)


def made_for_event(event_id: int) -> "QuerySet[InventoryItem]":
    """Return the lots of goods that were made for an event and not taken back."""
    return InventoryItem.objects.filter(order__event=event_id, finished_good__isnull=False).not_voided()


def used_within(event_id: int) -> "QuerySet[StockMovement]":
    """Return what took goods of an event for other goods of it: it is in the cost of those."""
    return StockMovement.objects.filter(
        kind=StockMovement.Kind.CONSUMED,
        inventory_item__order__event=event_id,
        order__event=event_id,
        reversed_by=None,
    )


def cost_so_far(event: Event) -> Spent:
    """Return what was made for an event cost, in two statements; what was taken back does not count."""
    lots = list(made_for_event(event.pk).values_list("total_cost", "is_cost_known"))
    within = used_within(event.pk)
    moved = sum(within.values_list("value", flat=True), ZERO) if lots else ZERO
    return Spent(sum((total for total, _known in lots), ZERO) + moved, all(known for _total, known in lots))


def release_of(orders: Iterable[AssemblyOrder]) -> dict[int, list[CompositionAssignment]]:
    """Return what ending these orders releases, by order, in one statement (R11)."""
    found: dict[int, list[CompositionAssignment]] = defaultdict(list)
    outstanding = CompositionAssignment.objects.outstanding().with_names().filter(composition__order__in=list(orders))
    for promise in outstanding.order_by("pk"):
        found[promise.composition.order_id or 0].append(promise)
    return dict(found)
