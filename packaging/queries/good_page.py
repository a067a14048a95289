"""What the pages of goods show: how far stock goes, what a recipe costs, what a choice of component means."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bakery.lookups import Among
from packaging.availability import Cost, Lot, Makeable
from packaging.costs import ZERO, need
from packaging.models import AssemblyOrder, Composition, FinishedGood, GenericProduct
from packaging.queries.generics import GenericSummary, generic_summary
from packaging.queries.goods import LineCost, makeable_with_own, recipe_costs, total_cost
from packaging.queries.recipes import differs
from packaging.queries.shelf import as_part, last_prices, whole_shelf


@dataclass(frozen=True)
class Readiness:
    """How far today's stock goes for a good, beside what is ordered of it (R18)."""

    has_recipe: bool
    makeable: Makeable  # from what no line has promised
    reachable: Makeable  # with what its own open orders were promised besides
    to_make: int  # what its open orders still have to assemble
    on_hand: Decimal  # of the good itself

    @property
    def word(self) -> str:
        """Enough, Partly or Missing, for what is ordered, else for one."""
        if self.reachable.quantity >= max(self.to_make, 1):
            return "Enough"
        return "Partly" if self.reachable.quantity else "Missing"

    @property
    def is_all_promised(self) -> bool:
        """Whether what is ordered is covered only because its orders hold promises."""
        return self.word == "Enough" and self.makeable.quantity < max(self.to_make, 1)

    @property
    def bottleneck(self) -> str:
        """The name of what runs out first."""
        return (self.makeable if self.word == "Enough" else self.reachable).bottleneck


@dataclass(frozen=True)
class GoodOverview:
    """A good's recipe with what it costs and has today, and how far that goes."""

    lines: list[LineCost]
    cost: Cost  # of one
    readiness: Readiness
    up_to_date: set[int]  # open orders whose own lines are the recipe's as it is today (R10)

    def differing(self, orders: Iterable[AssemblyOrder]) -> list[AssemblyOrder]:
        """Return those open orders whose own lines are not the recipe's."""
        return [order for order in orders if self.lines and order.pk not in self.up_to_date]


@dataclass(frozen=True)
class Choice:
    """What choosing a component means for one good, or for so many pieces: its stock and its cost today."""

    line: Composition
    needed: Decimal
    free: Decimal
    cost: Cost
    summary: GenericSummary | None = None  # of the generic product, when any design will do (R17)
    pieces: int = 1

    @property
    def missing(self) -> Decimal:
        """What is needed and not free."""
        return max(self.needed - self.free, ZERO)


def readiness(good_ids: Iterable[int]) -> dict[int, Readiness]:
    """Return what is there of each good and how far stock goes for it, each on its own; two statements."""
    good_ids = list(good_ids)
    recipes, copies = _lines(good_ids)
    lots = whole_shelf([line for lines in recipes.values() for line in lines], goods=good_ids)
    return {good_id: _readiness(good_id, recipes[good_id], copies[good_id], lots) for good_id in good_ids}


def good_overview(good: FinishedGood) -> GoodOverview:
    """Return a good's recipe with costs, stock and how many can be made, in three statements."""
    recipes, copies = _lines([good.pk])
    lines = recipes[good.pk]
    lots = whole_shelf(lines, goods=[good.pk])
    prices = last_prices([part.generic_id for part in map(as_part, lines) if part.generic_id]) if lines else {}
    costs = recipe_costs(lines, lots=lots, prices=prices)
    return GoodOverview(
        lines=costs,
        cost=total_cost([cost.cost for cost in costs]),
        readiness=_readiness(good.pk, lines, copies[good.pk], lots),
        up_to_date=_up_to_date(lines, copies[good.pk]),
    )


def _up_to_date(recipe: Sequence[Composition], copies: Iterable[Composition]) -> set[int]:
    own: dict[int, list[Composition]] = defaultdict(list)
    for line in copies:
        own[line.order_id or 0].append(line)
    return {order_id for order_id, lines in own.items() if not differs(lines, recipe)}


def _lines(good_ids: Sequence[int]) -> tuple[Mapping[int, list[Composition]], Mapping[int, list[Composition]]]:
    """Return the recipes' lines and the open orders' copies, both by good, in one statement."""
    recipes: dict[int, list[Composition]] = defaultdict(list)
    copies: dict[int, list[Composition]] = defaultdict(list)
    of_recipes = Composition.objects.in_recipes().filter(assembly__in=good_ids)
    orders = {"order__status": AssemblyOrder.Status.OPEN, "order__finished_good__in": good_ids}
    of_orders = Composition.objects.filter(**orders, is_archived=False)
    wanted = of_recipes.order_by().values("pk").union(of_orders.order_by().values("pk"))
    for line in Composition.objects.with_names().select_related("order").filter(Among("pk", wanted)):
        (copies if line.order_id else recipes)[line.assembly_id].append(line)
    return recipes, copies


def recipe_and_copies(good_id: int) -> tuple[list[Composition], list[Composition]]:
    """Return a good's recipe and the copies of its open orders, in one statement."""
    recipes, copies = _lines([good_id])
    return recipes[good_id], copies[good_id]


def own_lines(copies: Iterable[Composition]) -> set[int]:
    """Return the lines whose promises count for a good's own orders."""
    return {line.pk for line in copies}


def _readiness(
    good_id: int, recipe: Sequence[Composition], copies: Sequence[Composition], lots: Sequence[Lot]
) -> Readiness:
    orders = {line.order_id: line.order.quantity_left for line in copies if line.order is not None}
    makeable = makeable_with_own(recipe, lots, own=())
    reachable = makeable_with_own(recipe, lots, own=own_lines(copies)) if copies else makeable
    on_hand = sum((lot.quantity for lot in lots if lot.item == ("good", good_id)), ZERO)
    return Readiness(bool(recipe), makeable, reachable, sum(orders.values()), on_hand)


def choice_of(line: Composition, generic: GenericProduct | None = None) -> Choice:
    """Return what an unsaved line means for one good; of a generic line by its generic product (R16, R17)."""
    if generic is not None:
        needed = need(line.component_quantity, 1, not generic.is_divisible)
        summary = generic_summary(generic.pk, needed)
        return Choice(line, needed, summary.free, summary.cost, summary)
    (cost,) = recipe_costs([line])
    return Choice(line, cost.needed, cost.free, cost.cost)
