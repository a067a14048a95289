"""What open orders need together, from the database: for events, for the shopping list (R19)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, QuerySet
from django.utils import timezone

from packaging import demand
from packaging.availability import Lot, Part
from packaging.demand import Claim, Demand, Need, Thing
from packaging.models import AssemblyOrder, Composition
from packaging.queries.shelf import as_part, load_lots


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
    lines = Composition.objects.with_names().select_related("order__event", "order__finished_good")
    left = lines.filter(order__status=AssemblyOrder.Status.OPEN, order__quantity__gt=F("order__quantity_assembled"))
    found: QuerySet[Composition] = left.filter(is_archived=False)
    return found.order_by("order__due_on", "order_id", "sort_order", "pk")


def walk_orders(
    lines: Iterable[Composition],
    *,
    owed: Mapping[int, Decimal] | None = None,
    minimum: Mapping[int, Decimal] | None = None,
) -> Walk:
    """Walk the orders of these lines (of `open_lines`) and deal out what is there; three statements at most (R19).

    `owed` and `minimum` are amounts by generic product: what open debts owe, and what shall stay free.
    """
    lines = list(lines)
    orders = {line.order.pk: line.order for line in lines if line.order is not None}
    parts: dict[int, list[Part]] = defaultdict(list)
    for line in lines:
        parts[line.order_id or 0].append(as_part(line))
    demands = [
        Demand(order.pk, order.finished_good_id, order.event_id, order.quantity_left, tuple(parts[order.pk]))
        for order in orders.values()
    ]
    recipes = nested_recipes(line.finished_good_id for line in lines if line.finished_good_id is not None)
    every = [*lines, *(line for recipe in recipes.values() for line in recipe)]
    lots = _shelf(every, {*(owed or {}), *(minimum or {})})
    claims = demand.walk(
        demands,
        {good_id: [as_part(line) for line in recipe] for good_id, recipe in recipes.items()},
        lots,
        on=timezone.localdate(),
        owed=owed,
        minimum=minimum,
    )
    return Walk(orders, claims, lots, {demand.thing_of(as_part(line)): line for line in every})


def _shelf(lines: Iterable[Composition], generic_ids: Iterable[int]) -> list[Lot]:
    """Return the lots of everything these lines could take, designs that specific lines compete for included."""
    parts = [as_part(line) for line in lines]
    return load_lots(
        generics=[*(part.generic_id for part in parts if part.generic_id), *generic_ids],
        units=[part.item[1] for part in parts if part.item[0] == "unit"],
        goods=[part.item[1] for part in parts if part.item[0] == "good"],
    )


def nested_recipes(good_ids: Iterable[int]) -> dict[int, list[Composition]]:
    """Return the recipes of goods and of whatever goods they contain, with names; two statements at any depth."""
    wanted = list(good_ids)
    if not wanted:
        return {}
    contains: dict[int, list[int]] = defaultdict(list)
    edges = Composition.objects.in_recipes().filter(finished_good__isnull=False).order_by()
    for outer, inner in edges.values_list("assembly_id", "finished_good_id"):
        contains[outer].append(inner)
    found: set[int] = set()
    while wanted:
        good_id = wanted.pop()
        if good_id not in found:
            found.add(good_id)
            wanted += contains[good_id]
    recipes: dict[int, list[Composition]] = defaultdict(list)
    for line in Composition.objects.in_recipes().filter(assembly__in=found).with_names():
        recipes[line.assembly_id].append(line)
    return dict(recipes)
