"""What open orders need together, nested goods included, and what of it nobody has yet. Pure (R19).

Orders are walked by due date. Each takes its own promises first, then what is free; each piece counts once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from packaging.availability import Item, Lot, Part, ready_goods
from packaging.costs import ZERO

Thing = Item  # an item, or ("generic", primary key): any product of it


def key_of(thing: Thing) -> str:
    """Return a thing as a word: generic-5."""
    return f"{thing[0]}-{thing[1]}"


@dataclass(frozen=True)
class Demand:
    """An open order as the walk sees it: so many pieces of a good still to assemble, by its own lines."""

    order_id: int
    good_id: int
    event_id: int | None
    pieces: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Claim:
    """What one order (None: a debt or the minimum stock) needs of one thing, and where that comes from.

    A claim on goods is covered by ready pieces and by `planned` ones, which other open orders will assemble; the rest
    is to be made first, and its components are claims of their own, with `within` naming that good. `reason` says why
    something is needed that no order asks for: "owed" or "minimum".
    """

    order_id: int | None
    thing: Thing
    needed: Decimal
    promised: Decimal = ZERO
    covered: Decimal = ZERO
    planned: Decimal = ZERO
    within: int | None = None
    reason: str = ""

    @property
    def missing(self) -> Decimal:
        """What is needed and neither promised nor there; of goods what is to be made first."""
        return self.needed - self.promised - self.covered - self.planned


@dataclass(frozen=True)
class Need:
    """What all claims on one thing come to."""

    thing: Thing
    claims: tuple[Claim, ...]

    @property
    def needed(self) -> Decimal:
        """What is needed in all."""
        return sum((claim.needed for claim in self.claims), ZERO)

    @property
    def promised(self) -> Decimal:
        """What the orders' own promises give."""
        return sum((claim.promised for claim in self.claims), ZERO)

    @property
    def covered(self) -> Decimal:
        """What free stock gives."""
        return sum((claim.covered for claim in self.claims), ZERO)

    @property
    def planned(self) -> Decimal:
        """What other open orders will make."""
        return sum((claim.planned for claim in self.claims), ZERO)

    @property
    def missing(self) -> Decimal:
        """What is needed and neither promised nor there; of goods what is to be made first."""
        return sum((claim.missing for claim in self.claims), ZERO)

    @property
    def first(self) -> Claim | None:
        """The first claim that is not met."""
        return next((claim for claim in self.claims if claim.missing > 0), None)

    @property
    def first_of_order(self) -> Claim | None:
        """The first claim of an order that is not met."""
        return next((claim for claim in self.claims if claim.missing > 0 and claim.order_id is not None), None)

    def missing_for(self, reason: str) -> Decimal:
        """What is missing for open debts ("owed") or for the minimum stock ("minimum")."""
        return sum((claim.missing for claim in self.claims if claim.reason == reason), ZERO)


@dataclass
class Pool:
    """What is left to deal out: free pieces by item and by generic product, ready goods, goods that orders will make.

    A generic line takes from its generic product alone, a specific one from both, so that either can still be served
    whichever comes first.
    """

    items: dict[Item, Decimal]
    generics: dict[int, Decimal]
    kept: dict[int, Decimal]  # by line: what its promises get (R14)
    goods: dict[int, list[Lot]]
    ready: dict[int, Decimal]  # by lot of goods
    makers: dict[tuple[int, int | None], list[int]]  # orders by good and event
    to_come: dict[int, Decimal]  # pieces that an order will make

    def take(self, part: Part, needed: Decimal) -> Decimal:
        """Take up to `needed` for a line, and return how much there was."""
        limits = [needed]
        if not part.is_generic:
            limits.append(self.items.get(part.item, ZERO))
        if part.generic_id is not None:
            limits.append(self.generics.get(part.generic_id, ZERO))
        taken = max(min(limits), ZERO)
        if not part.is_generic and taken:
            self.items[part.item] -= taken
        if part.generic_id is not None and taken:
            self.generics[part.generic_id] -= taken
        return taken

    def take_generic(self, generic_id: int, needed: Decimal) -> Decimal:
        """Take up to `needed` of any product of a generic product."""
        taken = min(needed, self.generics.get(generic_id, ZERO))
        if taken:
            self.generics[generic_id] -= taken
        return taken

    def take_ready(self, good_id: int, event_id: int | None, needed: Decimal) -> Decimal:
        """Take ready pieces of a nested good, the event's own first (R23)."""
        left = needed
        for lot in ready_goods(self.goods.get(good_id, ()), event_id):
            taken = min(left, self.ready[lot.id])
            self.ready[lot.id] -= taken
            left -= taken
        return needed - left

    def take_planned(self, good_id: int, event_id: int | None, needed: Decimal, besides: int) -> Decimal:
        """Count on pieces that other open orders of the same event (of none: of none) still have to assemble."""
        left = needed
        for order_id in self.makers.get((good_id, event_id), ()):
            taken = min(left, self.to_come[order_id]) if order_id != besides else ZERO
            self.to_come[order_id] -= taken
            left -= taken
        return needed - left


def fill_pool(lots: Iterable[Lot], demands: Sequence[Demand], on: date) -> Pool:
    """Put what is free and not past its day on `on` into a pool, and what `demands` will make."""
    items: dict[Item, Decimal] = defaultdict(lambda: ZERO)
    generics: dict[int, Decimal] = defaultdict(lambda: ZERO)
    kept: dict[int, Decimal] = defaultdict(lambda: ZERO)
    goods: dict[int, list[Lot]] = defaultdict(list)
    makers: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    for demand in demands:
        makers[demand.good_id, demand.event_id].append(demand.order_id)
    for lot in lots:
        for line_id, quantity in lot.kept.items():
            kept[line_id] += quantity
        if lot.is_expired(on):
            continue
        if lot.item[0] == "good":
            goods[lot.item[1]].append(lot)
            continue
        items[lot.item] += lot.free
        if lot.generic_id is not None:
            generics[lot.generic_id] += lot.free
    return Pool(
        items=dict(items),
        generics=dict(generics),
        kept=dict(kept),
        goods=dict(goods),
        ready={lot.id: lot.free for group in goods.values() for lot in group},
        makers=dict(makers),
        to_come={demand.order_id: Decimal(demand.pieces) for demand in demands},
    )


def walk(
    demands: Sequence[Demand],
    recipes: Mapping[int, Sequence[Part]],
    lots: Iterable[Lot],
    *,
    on: date,
    owed: Mapping[int, Decimal] | None = None,
    minimum: Mapping[int, Decimal] | None = None,
) -> list[Claim]:
    """Return what each order needs and gets, in the order of `demands`, soonest due first (R19).

    `recipes` are the lines of nested goods by good. `owed` by generic product is due at once and comes first, `minimum`
    is to stay free and comes last.
    """
    pool = fill_pool(lots, demands, on)
    claims = _flat(pool, owed or {}, "owed")
    for demand in demands:
        _explode(demand, demand.parts, demand.pieces, pool, recipes, claims)
    return claims + _flat(pool, minimum or {}, "minimum")


def _flat(pool: Pool, amounts: Mapping[int, Decimal], reason: str) -> list[Claim]:
    """Claim amounts of generic products that no order needs."""
    return [
        Claim(None, ("generic", generic_id), amount, covered=pool.take_generic(generic_id, amount), reason=reason)
        for generic_id, amount in amounts.items()
        if amount > 0
    ]


def _explode(
    demand: Demand,
    parts: Iterable[Part],
    pieces: int,
    pool: Pool,
    recipes: Mapping[int, Sequence[Part]],
    claims: list[Claim],
    within: int | None = None,
) -> None:
    """Claim what `pieces` need; of nested goods only what is neither ready nor planned is made from components."""
    for part in parts:
        needed = part.need(pieces)
        if needed <= 0:
            continue
        if part.item[0] != "good":
            promised = min(pool.kept.get(part.line_id, ZERO), needed)
            covered = pool.take(part, needed - promised)
            claims.append(Claim(demand.order_id, thing_of(part), needed, promised, covered, within=within))
            continue
        good_id = part.item[1]
        ready = pool.take_ready(good_id, demand.event_id, needed)
        planned = pool.take_planned(good_id, demand.event_id, needed - ready, demand.order_id)
        claim = Claim(demand.order_id, part.item, needed, covered=ready, planned=planned, within=within)
        claims.append(claim)
        _explode(demand, recipes.get(good_id, ()), int(claim.missing), pool, recipes, claims, within=good_id)


def thing_of(part: Part) -> Thing:
    """Return what a line asks for: its item, or of a generic line its generic product."""
    return ("generic", part.generic_id) if part.is_generic and part.generic_id is not None else part.item


def needs(claims: Iterable[Claim]) -> dict[Thing, Need]:
    """Gather claims by thing, in the order in which the things were first claimed."""
    groups: dict[Thing, list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[claim.thing].append(claim)
    return {thing: Need(thing, tuple(group)) for thing, group in groups.items()}
