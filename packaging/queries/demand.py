"""What open orders need together, from the database: for events, for the shopping list (R19)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from bakery.lookups import Among
from packaging import demand
from packaging.availability import Lot, Part
from packaging.demand import Claim, Demand, Need, Thing
from packaging.models import AssemblyOrder, Composition, FinishedGood
from packaging.queries.shelf import as_part, load_lots

# Columns that no page about demand reads; with hundreds of lines, turning them into dates takes most of the time.
UNREAD = [
    f"{joined}{column}"
    for joined in (
        "",
        "order__",
        "order__event__",
        "order__finished_good__",
        "finished_unit__",
        "finished_good__",
        "packaging_product__",
        "packaging_product__generic_product__",
    )
    for column in ("uuid", "created_at", "updated_at")
]


@dataclass(frozen=True)
class Walk:
    """Open orders with what each needs and gets, and the rows behind the numbers."""

    orders: Mapping[int, AssemblyOrder]  # soonest due first
    claims: Sequence[Claim]
    lots: Sequence[Lot]
    names: Mapping[Thing, Composition]  # a line for each thing that is claimed, with its names

    @property
    def needs(self) -> dict[Thing, Need]:
        """What is needed of each thing in all."""
        return demand.needs(self.claims)


def open_lines() -> "QuerySet[Composition]":
    """Return the lines in force of open orders with pieces left to assemble, soonest due first, with their names."""
    left = Q(order__status=AssemblyOrder.Status.OPEN, order__quantity__gt=F("order__quantity_assembled"))
    return _with_order(Composition.objects.filter(left, is_archived=False))


def _with_order(lines: "QuerySet[Composition]") -> "QuerySet[Composition]":
    """Fetch the names and the order of lines in the same statement, the soonest due first."""
    named: QuerySet[Composition] = lines.with_names().select_related("order__event", "order__finished_good")  # type: ignore[attr-defined]
    return named.defer(*UNREAD).order_by("order__due_on", "order_id", "sort_order", "pk")


@dataclass(frozen=True)
class Scene:
    """Open orders, their lines, and the shelf that these could take from: all that a walk looks at, loaded once."""

    orders: Mapping[int, AssemblyOrder]  # soonest due first
    lines: Sequence[Composition]  # of the orders
    demands: Sequence[Demand]
    recipes: Mapping[int, Sequence[Composition]]  # of nested goods, by good
    parts: Mapping[int, Part]  # of all these lines, by line
    lots: Sequence[Lot]

    @cached_property
    def names(self) -> Mapping[Thing, Composition]:
        """A line for each thing that may be claimed, with its names."""
        every = [*self.lines, *(line for recipe in self.recipes.values() for line in recipe)]
        return {demand.thing_of(self.parts[line.pk]): line for line in every}

    @cached_property
    def nested(self) -> Mapping[int, Sequence[Part]]:
        """The recipes as the walk sees them."""
        return {good_id: [self.parts[line.pk] for line in recipe] for good_id, recipe in self.recipes.items()}

    def walk(
        self,
        demands: Sequence[Demand] | None = None,
        lots: Sequence[Lot] | None = None,
        *,
        owed: Mapping[int, Decimal] | None = None,
        minimum: Mapping[int, Decimal] | None = None,
    ) -> list[Claim]:
        """Deal out what is there to all orders, or to these alone from these lots (R19)."""
        return demand.walk(
            self.demands if demands is None else demands,
            self.nested,
            self.lots if lots is None else lots,
            on=timezone.localdate(),
            owed=owed,
            minimum=minimum,
        )


def load_scene(wanted: "QuerySet[Composition]", generic_ids: Iterable[int] = ()) -> Scene:
    """Return the orders of the lines that are `wanted` (of `open_lines`) with their shelf; two statements at most.

    `generic_ids` are generic products that are looked at besides.
    """
    lines, every_recipe = _with_recipes(wanted)
    orders = {line.order.pk: line.order for line in lines if line.order is not None}
    recipes = _reached((line.finished_good_id for line in lines), every_recipe)
    every = [*lines, *(line for recipe in recipes.values() for line in recipe)]
    parts = {line.pk: as_part(line) for line in every}
    asked: dict[int, list[Part]] = defaultdict(list)
    for line in lines:
        asked[line.order_id or 0].append(parts[line.pk])
    demands = [
        Demand(order.pk, order.finished_good_id, order.event_id, order.quantity_left, tuple(asked[order.pk]))
        for order in orders.values()
    ]
    return Scene(orders, lines, demands, recipes, parts, _shelf(parts.values(), generic_ids))


def walk_orders(
    lines: "QuerySet[Composition]",
    *,
    owed: Mapping[int, Decimal] | None = None,
    minimum: Mapping[int, Decimal] | None = None,
) -> Walk:
    """Walk the orders of these lines (of `open_lines`) and deal out what is there; two statements at most (R19).

    `owed` and `minimum` are amounts by generic product: what open debts owe, and what shall stay free.
    """
    scene = load_scene(lines, {*(owed or {}), *(minimum or {})})
    return Walk(scene.orders, scene.walk(owed=owed, minimum=minimum), scene.lots, scene.names)


def _shelf(parts: Collection[Part], generic_ids: Iterable[int]) -> list[Lot]:
    """Return the lots of everything these lines could take, designs that specific lines compete for included."""
    return load_lots(
        generics=[*(part.generic_id for part in parts if part.generic_id), *generic_ids],
        units=[part.item[1] for part in parts if part.item[0] == "unit"],
        goods=[part.item[1] for part in parts if part.item[0] == "good"],
    )


def nested_recipes(good_ids: Iterable[int]) -> dict[int, list[Composition]]:
    """Return the recipes of goods and of whatever goods they contain, with names; one statement at any depth."""
    wanted = set(good_ids)
    if not wanted:
        return {}
    goods = FinishedGood.objects.filter(pk__in=wanted).order_by().values("pk")
    return _reached(
        wanted, _by_good(Composition.objects.with_names().filter(Among("pk", _recipes_of(goods).order_by())))
    )


def _with_recipes(lines: "QuerySet[Composition]") -> tuple[list[Composition], dict[int, list[Composition]]]:
    """Return lines of orders, and by good the recipes that goods among them may contain, all in one statement."""
    unordered = lines.order_by()
    goods = unordered.filter(finished_good__isnull=False).values("finished_good")
    wanted = unordered.values("pk").union(_recipes_of(goods).order_by().values("pk"))
    found = list(_with_order(Composition.objects.filter(Among("pk", wanted))))
    return [line for line in found if line.order_id], _by_good(line for line in found if not line.order_id)


def _recipes_of(goods: "QuerySet[Any, Any]") -> "QuerySet[Any]":
    """Return the lines in the recipes of these goods and of all goods that are inside others."""
    nested = Composition.objects.in_recipes().filter(finished_good__isnull=False).order_by().values("finished_good")
    found: QuerySet[Any] = Composition.objects.in_recipes().filter(assembly__in=goods.union(nested))
    return found


def _by_good(lines: Iterable[Composition]) -> dict[int, list[Composition]]:
    """Gather the lines of each recipe."""
    recipes: dict[int, list[Composition]] = defaultdict(list)
    for line in lines:
        recipes[line.assembly_id].append(line)
    return recipes


def _reached(good_ids: Iterable[int | None], recipes: Mapping[int, list[Composition]]) -> dict[int, list[Composition]]:
    """Return of these recipes those of the goods, and of whatever goods they contain."""
    wanted = {good_id for good_id in good_ids if good_id is not None}
    reached: dict[int, list[Composition]] = {}
    while wanted:
        good_id = wanted.pop()
        if good_id in recipes and good_id not in reached:
            reached[good_id] = recipes[good_id]
            wanted.update(line.finished_good_id for line in recipes[good_id] if line.finished_good_id is not None)
    return reached
