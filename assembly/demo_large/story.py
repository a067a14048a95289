"""What a busy shop does on a day: which goods, how many, of which designs, and what goes wrong. Pure.

The same seed tells the same story on any machine and any database.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from packaging.availability import Item, Part
from packaging.costs import ZERO

CUSTOMERS = ("Shop counter", "Saturday market", "Harbour café", "Town library", "Station kiosk", "Sunday brunch")
OPENS, CLOSES = 7 * 60, 17 * 60  # minutes of the day
LEAST_A_DAY = 20  # runs, so that hampers find their goods
# One run in so many: recorded twice by mistake; packaging that nobody named; something torn or broken
TWICE, UNNAMED, WASTE = 400, 200, 40


@dataclass(frozen=True)
class Recipe:
    """A good and its lines."""

    good_id: int
    parts: tuple[Part, ...]

    @property
    def nested(self) -> dict[int, int]:
        """The goods inside one piece, by id."""
        return {part.item[1]: int(part.per_one) for part in self.parts if part.item[0] == "good"}


@dataclass(frozen=True, eq=False)
class Ordered:
    """An order for several runs of one good."""

    recipe: Recipe
    customer: str
    is_promised: bool  # whether its generic lines had been decided before


@dataclass(frozen=True)
class Use:
    """So much of one item, for a line; for none when it was wasted."""

    item: Item
    quantity: Decimal
    part: Part | None = None


@dataclass(frozen=True)
class Making:
    """One run: so many pieces for an order, at a minute of the day, of these items."""

    ordered: Ordered
    minute: int
    pieces: int
    uses: Sequence[Use]
    is_twice: bool = False  # recorded twice, and one of them voided
    unnamed: Sequence[Use] = ()  # what nobody named when it was recorded
    is_named_later: bool = False  # else it was waived

    @property
    def all_uses(self) -> Sequence[Use]:
        """What it takes sooner or later."""
        return [*self.uses, *(self.unnamed if self.is_named_later else ())]


@dataclass
class Story:
    """The days of the shop, told one after the other."""

    recipes: Sequence[Recipe]  # what is nested comes first
    designs: Mapping[int, Sequence[int]]  # products by generic product
    random: Random = field(default_factory=lambda: Random("a busy year"))  # nosec B311 # noqa: S311 - not a secret
    told: int = 0  # runs
    debts: int = 0

    def tell(self, runs: int) -> list[Making]:
        """Return what is made on the next day, in the order of the day; hampers use what was made before them."""
        ready: Counter[int] = Counter()
        orders: dict[int, tuple[Ordered, int]] = {}
        makings = []
        for number in range(runs):
            recipe, pieces = self._good(ready)
            ordered, left = orders.get(recipe.good_id, (None, 0))
            if ordered is None or not left:
                ordered = Ordered(recipe, self.random.choice(CUSTOMERS), self.random.random() < 0.6)
                left = self.random.randint(1, 8)
            orders[recipe.good_id] = ordered, left - 1
            makings.append(self._making(ordered, OPENS + number * (CLOSES - OPENS) // runs, pieces))
            ready[recipe.good_id] += pieces
            ready.subtract({good_id: each * pieces for good_id, each in recipe.nested.items()})
        return makings

    def _good(self, ready: Mapping[int, int]) -> tuple[Recipe, int]:
        """Choose what is made next: anything of units and packaging, or a hamper whose goods are ready."""
        recipe = self.random.choice(self.recipes)
        pieces = self.random.randint(1, 3) if recipe.nested else self.random.randint(4, 24)
        if any(ready[good_id] < each * pieces for good_id, each in recipe.nested.items()):
            simple = [other for other in self.recipes if not other.nested]
            return self.random.choice(simple), self.random.randint(4, 24)
        return recipe, pieces

    def _making(self, ordered: Ordered, minute: int, pieces: int) -> Making:
        self.told += 1
        uses = [use for part in ordered.recipe.parts for use in self._uses(part, part.need(pieces))]
        if self.told % WASTE == 5:
            broken = [use.item for use in uses if use.item[0] != "good"]
            uses.append(Use(broken[self.told // WASTE % len(broken)], Decimal(1)))
        first = next((use.part for use in uses if use.part and use.part.is_generic), None)
        if first is not None and self.debts < (self.told + UNNAMED - 3) // UNNAMED:
            self.debts += 1
            unnamed = [use for use in uses if use.part is first]
            uses = [use for use in uses if use not in unnamed]
            return Making(ordered, minute, pieces, uses, unnamed=unnamed, is_named_later=self.debts % 2 == 1)
        return Making(ordered, minute, pieces, uses, is_twice=self.told % TWICE == 7)

    def _uses(self, part: Part, quantity: Decimal) -> list[Use]:
        """Return what a line takes: the item, or of a generic line one design or two."""
        if not part.is_generic or part.generic_id is None:
            return [Use(part.item, quantity, part)]
        designs = self.designs[part.generic_id]
        first = self.random.choice(designs)
        other = self.random.choice(designs)
        half = quantity // 2 if self.random.random() < 0.25 and other != first else ZERO
        uses = [Use(("product", first), quantity - half, part), Use(("product", other), half, part)]
        return [use for use in uses if use.quantity]


def days_of(total: int, first: date, days: int) -> list[tuple[date, int]]:
    """Spread so many runs evenly over days; a quiet shop does not open every day, and for no runs not at all."""
    if not total:
        return []
    is_open = max(1, min(days, total // LEAST_A_DAY))
    return [
        (first + timedelta(number * days // is_open), (number + 1) * total // is_open - number * total // is_open)
        for number in range(is_open)
    ]
