"""What can be made of several goods at once from today's free stock (R18)."""

from collections.abc import Mapping
from dataclasses import dataclass

from packaging import availability
from packaging.availability import Lack, Makeable, Wish
from packaging.queries.goods import recipe_lines
from packaging.queries.shelf import as_part, free_stock, owed_by_generic, whole_shelf


@dataclass(frozen=True)
class Fit:
    """How many of one good can be made alone, and beside what is wanted of the others."""

    has_recipe: bool
    wanted: int
    alone: Makeable
    beside: Makeable

    @property
    def fits(self) -> bool:
        """Whether what is wanted of it can be made beside the others."""
        return self.wanted <= self.beside.quantity

    @property
    def bottleneck(self) -> str:
        """What runs out first beside the others."""
        return self.beside.bottleneck


@dataclass(frozen=True)
class TogetherAnswer:
    """How several goods get on with each other: each by its id, and what is missing for all of them."""

    fits: Mapping[int, Fit]
    lacks: tuple[Lack, ...]


def makeable_together(wanted: Mapping[int, int]) -> TogetherAnswer:
    """Weigh goods, so many pieces of each, against today's free stock: each piece counts once; two statements (R18)."""
    recipes = recipe_lines(wanted)
    every = [line for lines in recipes.values() for line in lines]
    wishes = [Wish(tuple(map(as_part, recipes[good_id])), pieces) for good_id, pieces in wanted.items()]
    found = availability.together(wishes, *free_stock(whole_shelf(every), owed_by_generic(every)))
    fits = {
        good_id: Fit(bool(wish.parts), wish.pieces, alone, beside)
        for good_id, wish, alone, beside in zip(wanted, wishes, found.alone, found.beside, strict=True)
    }
    return TogetherAnswer(fits, found.lacks)
