"""What every admin page of the shop does alike: hide costs, write only what was changed, say why it refuses, export."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.admin.utils import NestedObjects, label_for_field, lookup_field
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db import IntegrityError, models
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bakery.context_processors import url_or_none
from bakery.exports import Cell, csv_answer, moment, xlsx_answer
from bakery.models import FoldedField
from bakery.templatetags.bakery_tags import VIEW_COSTS, money
from bakery.text import fold
from packaging.costs import in_words
from packaging.querysets import newest_pk

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=models.Model)
Link = tuple[str, str]  # words and address

COST_COLUMNS = {
    "value",
    "total_cost",
    "unit_cost_at_consumption",
    "late_cost",
    "total_component_cost",
    "per_unit_cost",
    "differences",  # of the books: they name values
}
EXPORTS = ("export_csv", "export_xlsx")
NEWEST = 20_000  # rows of a table that history fills: the list, its search and its filters look at no more
MOST_NAMED = 20  # rows that a refusal names; more of them say nothing new


def change_page(row: models.Model, text: str | None = None) -> SafeString:
    """Return a link to a row's own admin page."""
    url = reverse(admin_urlname(row._meta, SafeString("change")), args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, text or str(row))


def shop_link(words: Any, page: str, query: str = "") -> list[Link]:
    """Return a link to a page of the shop, or none while the shop has no such page."""
    url = url_or_none(page)
    return [(str(words), f"{url}{query}")] if url else []


def quantity(amount: Decimal | None) -> str:
    """Write a quantity as people do: 30, 0.4."""
    return "" if amount is None else in_words(amount)


def cost(amount: Decimal | None, *, per_unit: bool = False) -> str:
    """Write a cost with the shop's sign. Only columns named in `cost_fields` may hold it."""
    return str(_("unknown")) if amount is None else money(amount, per_unit=per_unit)


class ShopList(ChangeList):
    """A list that fetches what its rows show besides their columns in a constant number of statements.

    Of a table that history fills it holds the newest rows, unless it is narrowed to what has few.
    """

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet[Any]:
        shop: Any = self.model_admin
        if shop.newest is not None and not any(name in request.GET for name in shop.narrows):
            self.root_queryset = shop.newest_of(self.root_queryset, is_whole=not set(request.GET) - {PAGE_VAR})
        return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        shop: Any = self.model_admin
        if shop.newest is not None:
            words = _("Looks at the newest %(count)s.") % {"count": number_format(shop.newest, force_grouping=True)}
            self.search_help_text = f"{self.search_help_text}. {words}"
        shop.prepare(rows)
        self.result_list = rows


class CostsHidden:
    """Leave the columns of `cost_fields` out for whoever may not see costs (R32)."""

    cost_fields: Sequence[str] = ()

    def may_see(self, request: HttpRequest, names: Iterable[Any]) -> list[Any]:
        """Return the names without costs, unless this person may see costs."""
        if request.user.has_perm(VIEW_COSTS):
            return list(names)
        return [name for name in names if name not in self.cost_fields]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        shown = [(title, {**given, "fields": self.may_see(request, given["fields"])}) for title, given in fieldsets]
        return [(title, given) for title, given in shown if given["fields"]]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.may_see(request, super().get_readonly_fields(request, obj))  # type: ignore[misc]


class ReadOnly:
    """Show rows and change none: they are written by the flows of the shop."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def name_inputs(form: forms.BaseForm) -> None:
    """Say to screen readers what each input of a table's row is: its column's head is not read out."""
    for field in form.fields.values():
        field.widget.attrs.setdefault("aria-label", str(capfirst(field.label)))
        inner = getattr(field.widget, "widget", None)
        if inner is not None:
            inner.attrs.setdefault("aria-label", str(capfirst(field.label)))


class RowForm(forms.ModelForm[Any]):
    """A form that checks every constraint of its row, also against columns that it does not show."""

    def _post_clean(self) -> None:
        """Ask the row itself once the form is in order: Django asks only about the columns of the form."""
        super()._post_clean()  # type: ignore[misc]  # Django's own hook, which the stubs leave out
        if not self.errors:
            try:
                self.instance.validate_constraints()
            except forms.ValidationError as error:
                self.add_error(None, error.messages)


class ShopAdmin(CostsHidden, admin.ModelAdmin[M]):
    """The pages of one model."""

    form = RowForm
    list_per_page = 50
    actions: Sequence[Any] = EXPORTS
    owned: Sequence[type[models.Model]] = ()  # what has no life of its own and goes with a row
    exact: Mapping[Any, str] = MappingProxyType({})  # columns that no list sorts by: which attribute a file has of them
    newest: int | None = None  # rows that the list looks at, of a table that history fills
    narrows: Sequence[str] = ()  # filters that leave few rows, so that the list holds old ones, too

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ShopList

    def newest_of(self, rows: models.QuerySet[M], *, is_whole: bool) -> models.QuerySet[M]:
        """Leave the newest rows, found by their number; `is_whole` says that nothing narrows or sorts the list."""
        return rows.filter(pk__gt=newest_pk(self.model, self.newest or NEWEST))

    def prepare(self, rows: Sequence[M]) -> None:
        """Give the rows of a list what they show besides their columns, in a constant number of statements."""

    # Costs

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self.may_see(request, super().get_list_display(request))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse to filter by a cost as well: the answers would tell it."""
        if COST_COLUMNS & set(lookup.split(LOOKUP_SEP)) and not request.user.has_perm(VIEW_COSTS):
            return False
        return super().lookup_allowed(lookup, value, request)

    # Search

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search in no column that tells costs: what is found would tell them as well."""
        return [name for name in super().get_search_fields(request) if self.lookup_allowed(name, "", request)]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[M], search_term: str
    ) -> tuple[models.QuerySet[M], bool]:
        """Find without regard to case and accents, and offer nothing archived where something new is chosen (R7)."""
        found, may_have_duplicates = super().get_search_results(request, queryset, fold(search_term))
        match = request.resolver_match
        if match is not None and match.url_name == "autocomplete" and hasattr(self.model, "is_archived"):
            found = found.filter(is_archived=False)
        return found, may_have_duplicates

    # Saving and deleting

    def save_model(self, request: HttpRequest, obj: M, form: forms.ModelForm[Any], change: bool) -> None:
        """Write the columns that were changed and no other: somebody else may have moved stock meanwhile."""
        if not change:
            super().save_model(request, obj, form, change)
        elif form.changed_data:
            columns = obj._meta.concrete_fields
            names = [field.name for field in columns if field.name in form.changed_data]
            names += [field.name for field in columns if isinstance(field, FoldedField)]
            obj.save(update_fields=[*names, "updated_at"])

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[str], list[Any]]:
        """Say what a deletion takes along, or what stands in its way, and of that no more than can be read."""
        collector = NestedObjects(using=self.model._default_manager.db, origin=objs)
        collector.collect(objs)
        if collector.protected:
            named = [f"{capfirst(row._meta.verbose_name)}: {row}" for row in list(collector.protected)[:MOST_NAMED]]
            if more := len(collector.protected) - len(named):
                named.append(ngettext("and %(more)s more", "and %(more)s more", more) % {"more": more})
            return [], {}, set(), named
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        taken_along = {model._meta.verbose_name for model in self.owned}
        return deleted, counts, missing - taken_along, protected

    # Ways into the shop

    def row_links(self, request: HttpRequest, obj: M) -> list[Link]:
        """Return the buttons above one row."""
        return []

    def list_links(self, request: HttpRequest) -> list[Link]:
        """Return the buttons above the list."""
        return []

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context["shop_links"] = self.row_links(request, obj) if obj is not None else []
        return super().render_change_form(request, context, add, change, form_url, obj)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**(extra_context or {}), "shop_links": self.list_links(request)}
        try:
            return super().changelist_view(request, context)
        except IntegrityError:
            return self.lost_race(request)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            return self.lost_race(request)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except IntegrityError:
            return self.lost_race(request)

    def lost_race(self, request: HttpRequest) -> HttpResponse:
        """Say that the database refused what the form had found in order a moment before."""
        logger.warning("The database refused %s %s.", request.method, request.path, exc_info=True)
        text = _("Somebody else changed something at the same moment. Nothing was saved: look again, and repeat it.")
        self.message_user(request, text, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    # Actions

    @admin.action(description=gettext_lazy("Export the selected rows (CSV)"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: models.QuerySet[M]) -> HttpResponse:
        """Write the columns of the list as a file that spreadsheets open, costs only for whoever may see them."""
        return csv_answer(str(self.model._meta.model_name), self.table(request, queryset))

    @admin.action(description=gettext_lazy("Export the selected rows (XLSX)"), permissions=["view"])
    def export_xlsx(self, request: HttpRequest, queryset: models.QuerySet[M]) -> HttpResponse:
        """Write the same as a workbook."""
        return xlsx_answer(str(self.model._meta.model_name), self.table(request, queryset))

    def table(self, request: HttpRequest, queryset: models.QuerySet[M]) -> list[list[Cell]]:
        """Return the list as it is shown: its head, and its rows."""
        names = [name for name in self.get_list_display(request) if name != "action_checkbox"]
        head: list[Cell] = [capfirst(str(label_for_field(name, self.model, self))) for name in names]
        rows = list(queryset)
        self.prepare(rows)
        return [head, *([self.cell(name, row) for name in names] for row in rows)]

    def cell(self, name: Any, row: M) -> Cell:
        """Return one cell: an exact number, a day, a moment, or text."""
        field, attribute, value = lookup_field(name, row, self)
        exact = getattr(row, self.exact.get(name) or str(getattr(attribute, "admin_order_field", "")), None)
        if isinstance(value, Decimal) or isinstance(exact, Decimal):
            return exact if isinstance(exact, Decimal) else value
        if field is not None and getattr(field, "choices", None):
            value = getattr(row, f"get_{field.name}_display")()
        if isinstance(value, date):
            return moment(value) if isinstance(value, datetime) else value
        return "" if value is None else strip_tags(str(value))


class CatalogueAdmin(ShopAdmin[M]):
    """Master data, archived instead of deleted once it has a history (R7)."""

    actions: Sequence[Any] = ["archive", "unarchive", *EXPORTS]

    @admin.action(description=gettext_lazy("Archive the selected rows"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: models.QuerySet[M]) -> None:
        """Hide rows from new choices; their stock stays usable."""
        self._set_archived(request, queryset, True)

    @admin.action(description=gettext_lazy("Take the selected rows out of the archive"), permissions=["change"])
    def unarchive(self, request: HttpRequest, queryset: models.QuerySet[M]) -> None:
        """Offer rows again."""
        self._set_archived(request, queryset, False)

    def _set_archived(self, request: HttpRequest, queryset: models.QuerySet[M], is_archived: bool) -> None:
        rows: list[Any] = list(queryset.filter(is_archived=not is_archived))
        for row in rows:
            row.is_archived = is_archived
            row.save(update_fields=["is_archived", "updated_at"])
            self.log_change(
                request, row, [{"changed": {"fields": [str(row._meta.get_field("is_archived").verbose_name)]}}]
            )
        text = (
            ngettext("%(count)s row archived.", "%(count)s rows archived.", len(rows))
            if is_archived
            else ngettext("%(count)s row is offered again.", "%(count)s rows are offered again.", len(rows))
        )
        self.message_user(request, text % {"count": len(rows)})


class ReadOnlyAdmin(ReadOnly, ShopAdmin[M]):
    """Rows to read, search and export."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    newest = NEWEST

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.may_see(request, self.fields or ())


class ReadOnlyInline(ReadOnly, CostsHidden, admin.TabularInline[M, Any]):
    """Rows of another table, to read, with a link to each."""

    extra = 0
    show_change_link = True
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.may_see(request, self.fields or ())
