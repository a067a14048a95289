"""What a row of a file names: a design, a unit, a good; each is read once for the whole file."""

from typing import Any

from django.utils.translation import gettext as _

from bakery.text import fold
from packaging.admin.sheets.cells import refuse
from packaging.models import FinishedGood, FinishedUnit, GenericProduct, Product


class Lookups:
    """Names that a file may use; what is archived is offered for nothing new (R7)."""

    def __init__(self) -> None:
        """Read the catalogue."""
        self.generics = {row.name_key: row for row in GenericProduct.objects.all()}
        self.units = {row.name_key: row for row in FinishedUnit.objects.all()}
        self.goods = {row.name_key: row for row in FinishedGood.objects.all()}
        self.products: dict[int, dict[str, Product]] = {}
        for product in Product.objects.select_related("generic_product"):
            self.products.setdefault(product.generic_product_id, {})[product.design_key] = product

    def unit(self, name: str) -> FinishedUnit:
        """Return a finished unit by name."""
        unit: FinishedUnit = _in_use(self.units.get(fold(name)), name, _("There is no finished unit “%(name)s”."))
        return unit

    def good(self, name: str) -> FinishedGood:
        """Return a finished good by name."""
        good: FinishedGood = _in_use(self.goods.get(fold(name)), name, _("There is no finished good “%(name)s”."))
        return good

    def generic(self, name: str) -> GenericProduct:
        """Return a generic product by name."""
        row: GenericProduct = _in_use(self.generics.get(fold(name)), name, _("There is no generic product “%(name)s”."))
        return row

    def product(self, generic_name: str, design: str) -> Product:
        """Return a design of a generic product."""
        generic = self.generic(generic_name)
        found = self.products.get(generic.pk, {}).get(fold(design))
        words = _("%(generic)s has no design “%(name)s”.") % {"generic": generic.name, "name": "%(name)s"}
        product: Product = _in_use(found, design, words)
        return product

    def first_product(self, generic_name: str) -> Product:
        """Return a design to stand for its generic product on a generic line."""
        generic = self.generic(generic_name)
        for product in self.products.get(generic.pk, {}).values():
            if not product.is_archived:
                return product
        raise refuse(_("%(generic)s has no design yet.") % {"generic": generic.name})


def _in_use(row: Any, name: str, words: str) -> Any:
    if row is None:
        raise refuse(words.replace("%(name)s", name[:60]))
    if row.is_archived:
        raise refuse(_("“%(name)s” is archived.") % {"name": name[:60]})
    return row
