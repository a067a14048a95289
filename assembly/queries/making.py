"""What must be assembled first when ready goods do not suffice, level by level (R9, R23)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from assembly.queries.runs import RunSubject
from packaging import demand
from packaging.costs import in_words
from packaging.demand import Claim, Demand
from packaging.models import Composition, FinishedGood
from packaging.queries import as_part, load_lots
from packaging.queries.demand import nested_recipes


@dataclass(frozen=True)
class Step:
    """A nested good of which some are to be assembled, each piece counted once."""

    good: FinishedGood
    pieces: int
    needed: Decimal
    ready: Decimal
    level: int
    missing: tuple[str, ...]  # what is not there for it either, in words
    has_recipe: bool


def making_plan(subject: RunSubject, pieces: int) -> list[list[Step]]:
    """Return what has to be made first for `pieces`, the innermost goods first; three statements at any depth.

    A good stands on the level after every good that it contains and that is to be made.
    """
    recipes = nested_recipes(line.finished_good_id for line in subject.lines if line.finished_good_id is not None)
    every = [*subject.lines, *(line for recipe in recipes.values() for line in recipe)]
    parts = [as_part(line) for line in every]
    lots = load_lots(
        generics=[part.generic_id for part in parts if part.generic_id],
        units=[part.item[1] for part in parts if part.item[0] == "unit"],
        goods=[part.item[1] for part in parts if part.item[0] == "good"],
    )
    order = subject.order
    wanted = Demand(
        order.pk if order else 0,
        subject.good.pk,
        order.event_id if order else None,
        pieces,
        tuple(parts[: len(subject.lines)]),
    )
    by_good = {good_id: [as_part(line) for line in recipe] for good_id, recipe in recipes.items()}
    claims = demand.walk([wanted], by_good, lots, on=timezone.localdate())
    names = {demand.thing_of(part): line for part, line in zip(parts, every, strict=True)}
    return _levels(claims, recipes, names)


def _levels(
    claims: Sequence[Claim], recipes: Mapping[int, Sequence[Composition]], names: Mapping[demand.Thing, Composition]
) -> list[list[Step]]:
    needs = demand.needs(claims)
    to_make = {thing[1]: need for thing, need in needs.items() if thing[0] == "good" and need.missing > 0}
    places: dict[int, int] = {}

    def level(good_id: int) -> int:
        if good_id not in places:
            inner = {line.finished_good_id for line in recipes.get(good_id, ())} & to_make.keys()
            places[good_id] = 1 + max((level(pk) for pk in inner if pk is not None), default=0)
        return places[good_id]

    steps = []
    for good_id, need in to_make.items():
        good = names["good", good_id].finished_good
        assert good is not None
        short = [c for c in claims if c.within == good_id and c.thing[0] != "good" and c.missing > 0]
        amounts = {c.thing: sum((o.missing for o in short if o.thing == c.thing), Decimal(0)) for c in short}
        missing = tuple(f"{names[thing].name}: {in_words(amount)}" for thing, amount in amounts.items())
        steps.append(
            Step(good, int(need.missing), need.needed, need.covered, level(good_id), missing, good_id in recipes)
        )
    found: dict[int, list[Step]] = {}
    for step in sorted(steps, key=lambda step: step.level):
        found.setdefault(step.level, []).append(step)
    return list(found.values())
