"""What is here already: the names that are taken, and which goods are in which; and what was removed."""

from collections import defaultdict
from uuid import UUID

from assembly.baketracker.rows import Taken
from bakery.history import removed
from packaging.models import Composition, Event, FinishedGood, FinishedUnit, GenericProduct, Product

REMOVABLE = (Product, FinishedUnit, FinishedGood, Composition, Event)


def taken_names() -> Taken:
    """Return every name and slug of the catalogue with the row that has it, and the rows that were taken away."""
    designs: dict[UUID, dict[str, UUID]] = defaultdict(dict)
    for kind, key, uuid in Product.objects.values_list("generic_product__uuid", "design_key", "uuid"):
        designs[kind][key] = uuid
    return Taken(
        generics=dict(GenericProduct.objects.values_list("name_key", "uuid")),
        designs=designs,
        units=dict(FinishedUnit.objects.values_list("name_key", "uuid")),
        unit_slugs=dict(FinishedUnit.objects.values_list("slug", "uuid")),
        goods=dict(FinishedGood.objects.values_list("name_key", "uuid")),
        good_slugs=dict(FinishedGood.objects.values_list("slug", "uuid")),
        removed=set().union(*(removed(model) for model in REMOVABLE)),
    )


def nested_goods() -> dict[UUID, set[UUID]]:
    """Return which goods are in which, by the recipes and by the copies of orders."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for good, part in Composition.objects.nested_in_force().values_list("assembly__uuid", "finished_good__uuid"):
        found[good].add(part)
    return found
