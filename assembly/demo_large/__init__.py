"""A year of a busy shop beside the demo bakery, for trials: `manage.py demo --large`.

The services would take hours for it. Here the year is told in memory, a stretch of days at a time, with the same pure
rules for costs and needs, and written in batches. All that came in is used up or sold, so the stock that is left is the
demo's. Lines that an order copied, and orders that were made this way, have no history of their own. More runs than a
year of a busy shop holds are years before it, copies of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from assembly.demo import NotEmpty, is_loaded
from assembly.demo_large.again import live_again
from assembly.demo_large.shelf import Stretch
from assembly.demo_large.story import Making, Recipe, Story, days_of
from assembly.demo_large.write import Name, Writer
from bakery.database import check_at_once
from packaging.availability import Item
from packaging.bakehouse import GENERICS, GOODS, UNITS
from packaging.models import Composition, FinishedGood, FinishedUnit, GenericProduct, InventoryItem, Product
from packaging.queries import as_part

RUNS = 50_000  # of one year; more are more years
DAYS = 365
AT_ONCE = 1_000  # runs that are held in memory, and a day at least
FIRST_LOT = UUID("5eed0000-0000-4000-8000-00000000ca1e")  # it is there once the year is
SOME_PRICE = Decimal("0.25")  # of what was never bought


@transaction.atomic
def load_year(*, runs: int = RUNS, say: Callable[[int], None] = lambda _done: None) -> bool:
    """Write the year once and return whether it was written now; `say` hears how many runs are done.

    The demo is there already. Raises `NotEmpty` when there is more than the demo: somebody works here.
    """
    if InventoryItem.objects.filter(uuid=FIRST_LOT).exists():
        return False
    recipes = _recipes()
    if not is_loaded() or not recipes or _has_more_than_the_demo():
        raise NotEmpty
    check_at_once(connection)
    names = _names()
    prices = _prices(names)
    story = Story([Recipe(good_id, tuple(map(as_part, lines))) for good_id, lines in recipes.items()], _designs())
    writer = Writer(
        recipes, names, User.objects.filter(username="packer").values_list("pk", flat=True).first(), _moment
    )
    years = -(-runs // RUNS)
    a_year, rest = divmod(runs, years)
    first_day = timezone.localdate() - timedelta(days=DAYS)
    code = _tell(writer, story, prices, days_of(rest, first_day - timedelta(days=1), 1), 1, say)
    writer.begin()
    _tell(writer, story, prices, days_of(a_year, first_day, DAYS), code, say)
    live_again(writer.tables.values(), years - 1, lambda copy: say(rest + a_year * (1 + copy)))
    writer.finish()
    return True


def _tell(
    writer: Writer,
    story: Story,
    prices: Mapping[Item, Decimal],
    days: Sequence[tuple[date, int]],
    code: int,
    say: Callable[[int], None],
) -> int:
    """Tell days and write them, some at a time; the first lot gets a number from `code` on, return the next one."""
    for some in _stretches(story, days):
        stretch = Stretch(_moment, prices, story.random)
        stretch.live(some, code)
        if code == 1:
            stretch.lots[0].uuid = FIRST_LOT
        code += sum(1 for held in stretch.lots if held.code)
        writer.write(stretch)
        say(story.told)
    return code


def _has_more_than_the_demo() -> bool:
    """Say whether the catalogue holds what the demo does not."""
    return any(
        set(model.objects.values_list(column, flat=True)) - set(known)
        for model, column, known in (
            (GenericProduct, "name", [name for name, _unit, _is_divisible in GENERICS.values()]),
            (FinishedUnit, "display_name", UNITS.values()),
            (FinishedGood, "display_name", GOODS.values()),
        )
    )


def _stretches(story: Story, days: Sequence[tuple[date, int]]) -> Iterator[Sequence[tuple[date, Sequence[Making]]]]:
    """Tell the days, some at a time: a week of them, or fewer where a day is full."""
    runs = sum(count for _day, count in days)
    size = max(1, min(7, AT_ONCE * len(days) // max(1, runs)))
    for start in range(0, len(days), size):
        yield [(day, story.tell(count)) for day, count in days[start : start + size]]


def _moment(day: date, minute: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(minute // 60, minute % 60)))


def _recipes() -> dict[int, Sequence[Composition]]:
    """The lines of the goods that are made, by good."""
    recipes: dict[int, list[Composition]] = {}
    for line in Composition.objects.in_recipes().filter(assembly__is_archived=False).with_names().order_by("pk"):
        recipes.setdefault(line.assembly_id, []).append(line)
    return dict(recipes)


def _names() -> dict[Item, Name]:
    """What everything is called."""
    names: dict[Item, Name] = {}
    for product in Product.objects.select_related("generic_product"):
        names["product", product.pk] = Name(product.product_name, product.generic_product.unit, product.design)
    names |= {("unit", unit.pk): Name(unit.display_name) for unit in FinishedUnit.objects.all()}
    names |= {("good", good.pk): Name(good.display_name) for good in FinishedGood.objects.all()}
    return names


def _designs() -> dict[int, list[int]]:
    """The designs of each generic product; of an archived one nothing is bought any more."""
    designs: dict[int, list[int]] = {}
    for pk, generic_id in Product.objects.order_by("pk").values_list("pk", "generic_product_id"):
        designs.setdefault(generic_id, []).append(pk)
    return designs


def _prices(names: Iterable[Item]) -> dict[Item, Decimal]:
    """What one stock unit of everything cost when it was last bought or baked."""
    prices = dict.fromkeys(names, SOME_PRICE)
    for lot in InventoryItem.objects.filter(total_cost__gt=0, finished_good=None).order_by("received_on", "pk"):
        item: Item = ("product", lot.product_id) if lot.product_id else ("unit", lot.finished_unit_id or 0)
        prices[item] = lot.total_cost / lot.quantity_received
    return prices
