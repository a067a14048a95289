"""Generic products, their designs, finished units and finished goods: found by name, added or changed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.history import change_all, insert_all
from bakery.models import FoldedField
from bakery.text import fold
from packaging.admin.sheets.cells import Cell, refuse, to_text
from packaging.admin.sheets.resources import Column, SheetResource, amount, text, yes_or_no
from packaging.locks import lock_stock
from packaging.models import FinishedGood, FinishedUnit, GenericProduct, Product

NOTES = gettext_lazy("Anything; an empty cell empties it.")
ARCHIVED = gettext_lazy("yes or no; empty leaves it.")


class NamedResource(SheetResource):
    """Rows that are found by the folded text of a name."""

    named_by = "name"  # the attribute of the name

    def prepare(self, dataset: Any) -> None:
        """Read all rows once: what a file calls them is looked up without a statement each."""
        there = list(self.rows(self.model._default_manager.all()))
        self.found = {self.key(row): row for row in there}
        self.slugs = {row.slug: row for row in there} if hasattr(self.model, "slug") else {}

    def rows(self, found: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return found

    def key(self, row: Any) -> Any:
        """Return by what a row is found."""
        return fold(getattr(row, self.named_by))

    def wanted(self, row: dict[str, Cell]) -> Any:
        """Return what the file calls the row."""
        return fold(to_text(row[self.fields[self.named_by].column_name]))

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Cell]) -> tuple[Any, bool]:
        found = self.found.get(self.wanted(row))
        return (self.model(), True) if found is None else (found, False)

    def settle(self, instance: Any, number: int) -> None:
        self.once(self.key(instance), number)

    def check(self, instance: Any) -> None:
        """Ask the fields, and whether the slug is free: one that a row had before the file is that row's."""
        instance.clean_fields(exclude=[name.name for name in self.model._meta.fields if name.is_relation])
        if hasattr(instance, "slug") and self.slugs.setdefault(instance.slug, instance) is not instance:
            raise ValidationError({"slug": instance.unique_error_message(self.model, ("slug",))})

    def write(self) -> None:
        """Write only what the file changed: runs and counts write other columns of the same row."""
        insert_all(self.new)
        by_columns: dict[tuple[str, ...], list[Any]] = {}
        for row in self.changed:
            by_columns.setdefault(tuple(sorted(row._typed)), []).append(row)
        folded = [column for column in self.model._meta.concrete_fields if isinstance(column, FoldedField)]
        now = timezone.now()
        for columns, rows in by_columns.items():
            for row in rows:
                row.updated_at = now
                for column in folded:
                    column.fill(row)
            names = [*columns, *(column.name for column in folded), "updated_at"]
            change_all(rows, names, self.rows(self.model._default_manager.all()))


class GenericProductResource(NamedResource):
    """Kinds of packaging."""

    model = GenericProduct
    intro = gettext_lazy("Found by name: a name that is there is changed, another one is added.")

    name = Column("name", "Name", gettext_lazy("What the shop calls it: Cello bag 6x10."), text(200), needed=True)
    unit = Column(
        "unit", "Stock unit", gettext_lazy("What stock is counted in: piece, sheet, m."), text(50), keeps=True
    )
    is_divisible = Column(
        "is_divisible", "Divisible", gettext_lazy("yes for ribbon, no for bags."), yes_or_no, keeps=True
    )
    minimum_stock = Column("minimum_stock", "Minimum stock", gettext_lazy("In stock units; empty for none."), amount)
    notes = Column("notes", "Notes", NOTES, text())
    is_archived = Column("is_archived", "Archived", ARCHIVED, yes_or_no, keeps=True)

    def prepare(self, dataset: Any) -> None:
        """Read besides which of them stock or a line counts in (R7)."""
        super().prepare(dataset)
        counted = Product.objects.counted().order_by().values_list("generic_product_id", flat=True)
        self.counted = set(counted.distinct())

    def check(self, instance: Any) -> None:
        super().check(instance)
        fixed = [name for name in ("unit", "is_divisible") if name in instance.__dict__.get("_typed", [])]
        if fixed and instance.pk in self.counted:
            raise instance.counted_in(fixed[0])


class ProductResource(NamedResource):
    """Designs of generic products."""

    model = Product
    intro = gettext_lazy("Found by generic product and design: what is there is changed, another design is added.")

    generic_product = Column(
        "generic_product", "Generic product", gettext_lazy("Its name; it has to be there."), text(200), needed=True
    )
    design = Column("design", "Design", gettext_lazy("Holly"), text(200), needed=True)
    supplier = Column("supplier", "Supplier", gettext_lazy("Who it is bought from."), text(200))
    sku = Column("sku", "Article number", gettext_lazy("The supplier's; as text, not as a number."), text(100))
    pack_size = Column(
        "pack_size", "Pack size", gettext_lazy("Stock units in one purchased pack; empty is 1."), amount, keeps=True
    )
    notes = Column("notes", "Notes", NOTES, text())
    is_archived = Column("is_archived", "Archived", ARCHIVED, yes_or_no, keeps=True)

    def prepare(self, dataset: Any) -> None:
        self.generics = {row.name_key: row for row in GenericProduct.objects.all()}
        self.fields["generic_product"].read = self.generic
        super().prepare(dataset)

    def generic(self, cell: Cell) -> GenericProduct:
        """Return the generic product of a name."""
        name = to_text(cell)
        if fold(name) not in self.generics:
            raise refuse(_("There is no generic product “%(name)s”.") % {"name": name[:60]})
        generic: GenericProduct = self.generics[fold(name)]
        return generic

    def rows(self, found: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return found.select_related("generic_product")

    def key(self, row: Any) -> Any:
        return row.generic_product_id, fold(row.design)

    def wanted(self, row: dict[str, Cell]) -> Any:
        try:
            return self.generic(row["Generic product"]).pk, fold(to_text(row["Design"]))
        except ValidationError:  # the column says so
            return None

    def check(self, instance: Any) -> None:
        super().check(instance)
        if instance.pack_size <= 0:
            raise refuse(_("A pack holds more than 0."))


class FinishedUnitResource(NamedResource):
    """What is baked."""

    model = FinishedUnit
    named_by = "display_name"
    intro = gettext_lazy("Found by name: a name that is there is changed, another one is added.")

    display_name = Column("display_name", "Name", gettext_lazy("Sugar cookie"), text(200), needed=True)
    slug = Column(
        "slug", "Slug", gettext_lazy("Its name in addresses; empty is made from the name."), text(200), keeps=True
    )
    notes = Column("notes", "Notes", NOTES, text())
    is_archived = Column("is_archived", "Archived", ARCHIVED, yes_or_no, keeps=True)


class FinishedGoodResource(NamedResource):
    """What is packed and sold."""

    model = FinishedGood
    named_by = "display_name"
    intro = gettext_lazy("Found by name: a name that is there is changed, another one is added. Recipes are lines.")

    display_name = Column("display_name", "Name", gettext_lazy("Gift bag"), text(200), needed=True)
    slug = Column(
        "slug", "Slug", gettext_lazy("Its name in addresses; empty is made from the name."), text(200), keeps=True
    )
    packaging_instructions = Column(
        "packaging_instructions", "Packaging instructions", gettext_lazy("What the packer reads."), text()
    )
    notes = Column("notes", "Notes", NOTES, text())
    is_archived = Column("is_archived", "Archived", ARCHIVED, yes_or_no, keeps=True)

    def prepare(self, dataset: Any) -> None:
        """Lock the goods of the file at once, as every edit of a good does (design: Concurrency)."""
        keys = {fold(str(cell)) for cell in dataset["Name"]}
        lock_stock(goods=list(FinishedGood.objects.filter(name_key__in=keys).values_list("pk", flat=True)))
        super().prepare(dataset)
