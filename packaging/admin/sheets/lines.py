"""Lines of recipes, by the services that keep the rules of a recipe (R8, R9, R10): added, or their quantity changed."""

from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.text import fold
from packaging.admin.sheets.cells import Cell, refuse, to_text
from packaging.admin.sheets.lookups import Lookups
from packaging.admin.sheets.resources import CHANGED, NEW, Column, SheetResource, amount, text, yes_or_no
from packaging.models import Composition
from packaging.queries.recipes import line_key
from packaging.services.many_lines import ManyLines


class LineResource(SheetResource):
    """What goods are made of."""

    model = Composition
    intro = gettext_lazy(
        "Each row is one component of one good, for one piece. A component that is there gets the new quantity; "
        "no row takes a line out."
    )

    good_name = Column("good_name", "Good", gettext_lazy("What is made: its name."), text(200), needed=True)
    unit = Column("unit", "Finished unit", gettext_lazy("The component: what is baked."), text(200))
    nested = Column("nested", "Nested good", gettext_lazy("Or another good."), text(200))
    generic = Column("generic", "Generic product", gettext_lazy("Or packaging: its name."), text(200))
    design = Column("design", "Design", gettext_lazy("Of packaging: this design. Empty where any will do."), text(200))
    is_generic = Column("is_generic", "Any design", gettext_lazy("yes: any design will do, decided later."), yes_or_no)
    quantity = Column("quantity", "Quantity", gettext_lazy("For one piece of the good."), amount, needed=True)
    notes = Column("notes", "Notes", gettext_lazy("Of a new line; a line that is there keeps its own."), text())

    def prepare(self, dataset: Any) -> None:
        """Lock the goods of the file at once: every good, where one is nested (R9)."""
        self.names = Lookups()
        names = {to_name(cell) for cell in dataset["Good"]}
        goods = [good.pk for key, good in self.names.goods.items() if key in names]
        is_nested = "Nested good" in dataset.headers and any(dataset["Nested good"])
        self.recipes = ManyLines(goods=goods, has_nested=is_nested)

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Cell]) -> tuple[Any, bool]:
        empty = dict.fromkeys(("good_name", "unit", "nested", "generic", "design", "notes"), "")
        return SimpleNamespace(**empty, is_generic=False, line=None, pk=None), True

    def settle(self, instance: Any, number: int) -> None:
        """Find the good, the component, and the line that has it already."""
        if bool(instance.unit) + bool(instance.nested) + bool(instance.generic or instance.design) != 1:
            raise refuse(_("A row has one component: a finished unit, or a nested good, or packaging."))
        if instance.is_generic and not instance.generic:
            raise refuse(_("Only packaging can be generic."))
        good = self.names.goods.get(to_name(instance.good_name))
        if good is None:
            sentence = _("There is no finished good “%(name)s”.") % {"name": instance.good_name[:60]}
            raise ValidationError({"good_name": refuse(sentence)})
        wanted = Composition(assembly=good, is_generic=instance.is_generic)
        if instance.unit:
            wanted.finished_unit = self.names.unit(instance.unit)
        elif instance.nested:
            wanted.finished_good = self.names.good(instance.nested)
        else:
            wanted.packaging_product = self._product(instance)
        self.once((good.pk, line_key(wanted)), number)
        instance.wanted, instance.line = wanted, self.recipes.find(wanted)

    def _product(self, instance: Any) -> Any:
        if not instance.generic:
            raise refuse(_("Packaging is named by generic product and design: fill both."))
        if instance.design:
            return self.names.product(instance.generic, instance.design)
        if not instance.is_generic:
            raise refuse(_("Name the design, or say yes under Any design."))
        return self.names.first_product(instance.generic)

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        line = instance.line
        if import_validation_errors or line is None:
            return False
        self.before = [self._said(column, self.of(line)) for column in self.fields.values()]
        is_template = not instance.design or line.packaging_product_id == instance.wanted.packaging_product_id
        instance.notes, instance.pk = line.component_notes, line.pk
        return bool(line.component_quantity == instance.quantity and is_template)

    def check(self, instance: Any) -> None:
        """Add the line, or give it the new quantity and, where the file names one, the design that stands for it."""
        wanted = instance.wanted
        if instance.line is not None:
            product = wanted.packaging_product if instance.design else None
            self.recipes.change(instance.line, quantity=instance.quantity, product=product)
            return
        wanted.component_quantity, wanted.component_notes = instance.quantity, instance.notes
        self.recipes.add(wanted)

    def write(self) -> None:
        """Write all of them."""
        self.recipes.save(by=self.by)

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        if row_result.import_type == NEW and row_result.instance.line is not None:
            row_result.import_type = CHANGED
        super().after_import_row(row, row_result, **kwargs)

    def rows(self, found: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Return lines of recipes alone: an order's own copy is changed in the order."""
        return found.filter(order=None, is_archived=False).select_related(
            "assembly", "finished_unit", "finished_good", "packaging_product__generic_product"
        )

    def of(self, row: Composition) -> Any:
        """Return a line as the cells of a file."""
        product = row.packaging_product
        return SimpleNamespace(
            good_name=row.assembly.display_name,
            unit=row.finished_unit.display_name if row.finished_unit else "",
            nested=row.finished_good.display_name if row.finished_good else "",
            generic=product.generic_product.name if product else "",
            design=product.design if product else "",
            is_generic=row.is_generic,
            quantity=row.component_quantity,
            notes=row.component_notes,
        )


def to_name(cell: Cell) -> str:
    """Return a name as it is looked up; nothing of what is none."""
    try:
        return fold(to_text(cell))
    except ValidationError:
        return ""
