"""Many lines of recipes at once, by the rules of one: what a spreadsheet brings in (R8-R10)."""

from collections.abc import Collection
from decimal import Decimal

from django.contrib.auth.models import User
from django.utils import timezone

from bakery.history import acting, change_all, insert_all
from packaging.exceptions import DuplicateLine
from packaging.locks import lock_stock
from packaging.models import Composition, Product
from packaging.queries.recipes import LineKey, line_key
from packaging.services.recipes import check_no_cycle, check_parts, nested_goods


class ManyLines:
    """The recipes of some goods, locked: lines are added and changed here one by one, and written together.

    It is made and saved in one transaction, which holds the locks. Each line is asked what `add_line` and
    `change_line` ask, of the recipes as the lines before it leave them.
    """

    def __init__(self, *, goods: Collection[int], has_nested: bool) -> None:
        """Lock these goods, all of them where one is nested, and read their recipes in three statements."""
        lock_stock(goods=goods, all_goods=has_nested)
        self.lines: dict[int, dict[LineKey, Composition]] = {pk: {} for pk in goods}
        self.ends: dict[int, int] = {}
        for line in Composition.objects.in_recipes().filter(assembly__in=goods).select_related("assembly").with_names():
            self.lines[line.assembly_id][line_key(line)] = line
            self.ends[line.assembly_id] = max(line.sort_order, self.ends.get(line.assembly_id, -1))
        self.contains = nested_goods() if has_nested else {}
        self.new: list[Composition] = []
        self.changed: list[Composition] = []

    def find(self, line: Composition) -> Composition | None:
        """Return the line that has this component already."""
        return self.lines[line.assembly_id].get(line_key(line))

    def add(self, line: Composition) -> None:
        """Put a new line at the end of its recipe. Raises `BadQuantity`, `DuplicateLine`, `CircularRecipe`."""
        check_parts([line])
        if found := self.find(line):
            raise DuplicateLine(found)
        if line.finished_good is not None:
            check_no_cycle(line.assembly, line.finished_good, self.contains)
            self.contains.setdefault(line.assembly_id, []).append(line.finished_good.pk)
        line.sort_order = self.ends[line.assembly_id] = 1 + self.ends.get(line.assembly_id, -1)
        self.lines[line.assembly_id][line_key(line)] = line
        self.new.append(line)

    def change(self, line: Composition, *, quantity: Decimal, product: Product | None) -> None:
        """Give a line another quantity, and another design to stand for its generic product. Raises `BadQuantity`."""
        line.component_quantity = quantity
        line.packaging_product = product or line.packaging_product
        check_parts([line])
        self.changed.append(line)

    def save(self, *, by: User | None) -> None:
        """Write them, each with its history."""
        now = timezone.now()
        for line in self.changed:
            line.updated_at = now
        with acting(by):
            insert_all(self.new)
            columns = ["component_quantity", "packaging_product", "updated_at"]
            change_all(self.changed, columns, Composition.objects.select_related("assembly", "order").with_names())
