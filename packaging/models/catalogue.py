"""The catalogue: kinds of packaging, their designs, what is baked, and what is sold."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from bakery.history import ROW, Records
from bakery.models import BaseModel, FoldedField
from packaging.querysets import CatalogueQuerySet


class GenericProduct(BaseModel):
    """A kind of packaging without its design: "Cello bag 6x10", counted in pieces, not divisible."""

    name = models.CharField(_("name"), max_length=200)
    name_key = FoldedField(source="name")
    unit = models.CharField(
        _("stock unit"), max_length=50, default="piece", help_text=_("What stock is counted in: piece, sheet, m.")
    )
    is_divisible = models.BooleanField(
        _("divisible"),
        default=False,
        help_text=_("Ribbon can be cut, a bag cannot. Fixed once stock or a line uses it."),
    )
    minimum_stock = models.DecimalField(
        _("minimum stock"),
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        help_text=_("The shopping list keeps at least this much free."),
    )
    quantity_owed = models.DecimalField(
        _("owed"), max_digits=12, decimal_places=3, default=Decimal(0), editable=False
    )  # what open debts say was used and nobody named; written under this row's lock
    notes = models.TextField(_("notes"), blank=True)
    is_archived = models.BooleanField(_("archived"), default=False)

    objects = CatalogueQuerySet.as_manager()
    history = Records(excluded_fields=[*ROW, "name_key", "quantity_owed"], quiet=["name"])

    class Meta:
        ordering = ["name_key"]
        verbose_name = _("generic product")
        verbose_name_plural = _("generic products")
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"],
                name="packaging_generic_name_uq",
                violation_error_message=_("There is already a generic product with this name."),
            ),
            models.CheckConstraint(
                condition=Q(minimum_stock__isnull=True) | Q(minimum_stock__gte=0),
                name="packaging_generic_minimum_ck",
                violation_error_message=_("The minimum stock cannot be below 0."),
            ),
            models.CheckConstraint(
                condition=Q(quantity_owed__gte=0),
                name="packaging_generic_owed_ck",
                violation_error_message=_("What is owed cannot be below 0."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("packaging:generic_detail", args=[self.pk])

    def clean(self) -> None:
        """Refuse another unit, or to be cut or not, once stock or a line counts in it (R7)."""
        super().clean()
        before = type(self).objects.filter(pk=self.pk).values_list("unit", "is_divisible").first()
        if before in {None, (self.unit, self.is_divisible)}:
            return
        if self.products.counted().exists():
            raise self.counted_in("unit" if before[0] != self.unit else "is_divisible")

    @staticmethod
    def counted_in(field: str) -> ValidationError:
        """Return the refusal to change how a generic product counts."""
        return ValidationError({field: ValidationError(_("Stock or a line counts in it already."), code="in_use")})


class Product(BaseModel):
    """A concrete design of a generic product that can be bought: "Holly"."""

    generic_product = models.ForeignKey(
        GenericProduct, on_delete=models.PROTECT, related_name="products", verbose_name=_("generic product")
    )
    design = models.CharField(_("design"), max_length=200)
    design_key = FoldedField(source="design")
    supplier = models.CharField(_("supplier"), max_length=200, blank=True)
    sku = models.CharField(_("supplier's article number"), max_length=100, blank=True)
    pack_size = models.DecimalField(
        _("pack size"),
        max_digits=12,
        decimal_places=3,
        default=Decimal(1),
        help_text=_("Stock units in one purchased pack."),
    )
    notes = models.TextField(_("notes"), blank=True)
    is_archived = models.BooleanField(_("archived"), default=False)

    objects = CatalogueQuerySet.as_manager()
    history = Records(excluded_fields=[*ROW, "design_key"], quiet=["generic_product", "design"])

    class Meta:
        ordering = ["generic_product__name_key", "design_key"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(
                fields=["generic_product", "design_key"],
                name="packaging_product_design_uq",
                violation_error_message=_("This generic product already has a design of this name."),
            ),
            models.CheckConstraint(
                condition=Q(pack_size__gt=0),
                name="packaging_product_pack_size_ck",
                violation_error_message=_("A pack holds more than 0."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_name} {self.design}".strip()

    def clean(self) -> None:
        """Refuse another generic product once a lot or a line has this one (R7)."""
        super().clean()
        before = type(self).objects.filter(pk=self.pk).values_list("generic_product_id", flat=True).first()
        if before in {None, self.generic_product_id}:
            return
        if self.lots.exists() or self.used_in.exists():
            sentence = _("This design has stock or stands in a recipe: it stays with its generic product.")
            raise ValidationError({"generic_product": ValidationError(sentence, code="in_use")})

    @property
    def product_name(self) -> str:
        """The name of the generic product: what a generic line asks for."""
        return self.generic_product.name


class SluggedModel(BaseModel):
    """Something the bakery makes, with a name to show and a name for addresses."""

    display_name = models.CharField(_("name"), max_length=200)
    name_key = FoldedField(source="display_name")
    slug = models.SlugField(_("slug"), max_length=200, unique=True, allow_unicode=True)
    notes = models.TextField(_("notes"), blank=True)
    is_archived = models.BooleanField(_("archived"), default=False)

    objects = CatalogueQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["name_key"]

    def __str__(self) -> str:
        return self.display_name

    def clean_fields(self, exclude: Any = None) -> None:
        """Fill an empty slug from the name before the fields are checked."""
        self.slug = self.slug or slugify(self.display_name, allow_unicode=True)
        super().clean_fields(exclude=exclude)


class FinishedUnit(SluggedModel):
    """One baked piece: a cookie, a cake."""

    history = Records(excluded_fields=[*ROW, "name_key"], no_db_index=["slug"], quiet=["display_name", "slug"])

    class Meta(SluggedModel.Meta):
        verbose_name = _("finished unit")
        verbose_name_plural = _("finished units")
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"],
                name="packaging_unit_name_uq",
                violation_error_message=_("There is already a finished unit with this name."),
            ),
        ]


class FinishedGood(SluggedModel):
    """What is packed and sold: a gift bag, a hamper. Its recipe is its composition lines without an order."""

    packaging_instructions = models.TextField(_("packaging instructions"), blank=True)

    history = Records(excluded_fields=[*ROW, "name_key"], no_db_index=["slug"], quiet=["display_name", "slug"])

    class Meta(SluggedModel.Meta):
        verbose_name = _("finished good")
        verbose_name_plural = _("finished goods")
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"],
                name="packaging_good_name_uq",
                violation_error_message=_("There is already a finished good with this name."),
            ),
        ]
        permissions = [("edit_recipes", _("Can edit recipes"))]

    def get_absolute_url(self) -> str:
        return reverse("packaging:good_detail", args=[self.pk])
