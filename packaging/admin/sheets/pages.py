"""The pages of the administration where a table comes in: choose a file, look at what it would do, confirm."""

import logging
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from import_export.admin import ImportMixin

from bakery.exports import csv_answer, xlsx_answer
from bakery.forms import PlainForm
from bakery.web import posted
from packaging.admin.sheets.cells import to_day
from packaging.admin.sheets.files import MOST_ROWS, Table, read_table
from packaging.admin.sheets.parcels import pack, unpack
from packaging.admin.sheets.resources import CHANGED, NEW, SAME, SheetResource, amount, money

logger = logging.getLogger(__name__)

SHEET_EXPORTS = ("export_sheet", "export_sheet_xlsx")
MOST_SHOWN = 200  # rows of a preview; more of them nobody reads
KINDS: dict[Any, type] = {to_day: date, amount: Decimal, money: Decimal}


def edits(model: type[Model]) -> tuple[str, ...]:
    """Return the rights to add and to change the rows of a model."""
    return tuple(f"{model._meta.app_label}.{verb}_{model._meta.model_name}" for verb in ("add", "change"))


class SheetForm(PlainForm):
    """The file."""

    import_file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,  # the reader says it in our words
        error_messages={"required": gettext_lazy("Choose a file."), "missing": gettext_lazy("Choose a file.")},
        widget=forms.FileInput({"accept": ".csv,.xlsx"}),
    )


class SheetPages(ImportMixin):  # type: ignore[misc]  # the library has no types
    """The pages of one model; `sheet` says what its rows become, `sheet_rights` who may send them."""

    sheet: type[SheetResource]
    sheet_rights: Sequence[str] = ()
    import_template_name = "admin/import_export/import.html"
    import_export_change_list_template = "admin/change_list.html"  # its tools are in change_list_object_tools.html

    def get_urls(self) -> list[Any]:
        """Add the template to the addresses of the library."""
        view = self.admin_site.admin_view(self.import_template)
        name = f"{self.opts.app_label}_{self.opts.model_name}_import_template"
        return [path("import/template/", view, name=name), *super().get_urls()]

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Say whether somebody may look at the list and send every row of a table."""
        return bool(self.has_view_permission(request) and request.user.has_perms(self.sheet_rights))

    def resource(self, request: HttpRequest) -> SheetResource:
        """Return the resource for the person who asks, or refuse them."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        return self.sheet(by=cast(User, request.user))

    # The three addresses

    @method_decorator(require_safe)
    def import_template(self, request: HttpRequest) -> HttpResponse:
        """Give a file with the head alone, CSV or XLSX."""
        resource = self.resource(request)
        return sheet_file(f"{self.opts.model_name}-template", resource, [], request.GET.get("format") == "xlsx")

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask for a file, and show what it would do; nothing of it is written."""
        resource = self.resource(request)
        form = SheetForm(posted(request), request.FILES if request.method == "POST" else None)
        if not form.is_bound or not form.is_valid():
            return self._page(request, resource, form, status=422 if form.is_bound else 200)
        try:
            table = read_table(form.cleaned_data["import_file"].read())
            return self._preview(request, resource, form, table)
        except ValidationError as error:
            form.add_error("import_file", error)
            return self._page(request, resource, form, status=422)
        except IntegrityError:
            return self._lost(request)

    @method_decorator(require_http_methods(["POST"]))
    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Write what the preview showed, all of it or nothing; show it again if it would do something else now."""
        resource, form = self.resource(request), SheetForm()
        try:
            table, expected = unpack(request.POST.get("parcel", ""), **self._owner(request))
            with transaction.atomic():
                outcome = _outcome(resource.read(table, dry_run=False))
                is_as_shown = outcome == expected
                if not is_as_shown:
                    transaction.set_rollback(True)
        except ValidationError as error:
            form = SheetForm({}, {})
            form.errors["import_file"] = form.error_class(error.messages)
            return self._page(request, resource, form, status=409)
        except IntegrityError:
            return self._lost(request)
        if not is_as_shown and (outcome[NEW] or outcome[CHANGED] or outcome["wrong"]):
            text = _("Something changed since this was shown. Nothing was written: look at it again.")
            messages.warning(request, text)
            return self._preview(request, self.resource(request), form, table, status=409)
        messages.success(request, _said(outcome))
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    # What they show

    def _preview(
        self, request: HttpRequest, resource: SheetResource, form: Any, table: Table, status: int = 200
    ) -> HttpResponse:
        outcome = _outcome(resource.read(table, dry_run=True))
        wrong = [shown for shown in resource.shown if shown.errors]
        happening = [shown for shown in resource.shown if not shown.errors and shown.outcome != SAME]
        context: dict[str, Any] = {"outcome": outcome, "said": _said(outcome), "wrong": wrong[:MOST_SHOWN]}
        context["wrong_more"] = max(0, len(wrong) - MOST_SHOWN)
        if not wrong:
            context |= {"happening": happening[:MOST_SHOWN], "more": max(0, len(happening) - MOST_SHOWN)}
            if happening:
                context["parcel"] = pack(table, outcome=outcome, **self._owner(request))
        return self._page(request, resource, form, context, status=422 if wrong and status == 200 else status)

    def _page(
        self,
        request: HttpRequest,
        resource: SheetResource,
        form: Any,
        context: dict[str, Any] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        request.current_app = self.admin_site.name  # as every page of the administration
        shown = {
            **self.admin_site.each_context(request),
            "title": _("Import %(rows)s") % {"rows": self.opts.verbose_name_plural},
            "opts": self.opts,
            "form": form,
            "resource": resource,
            "columns": list(resource.fields.values()),
            "most_rows": MOST_ROWS,
            **(context or {}),
        }
        return render(request, self.import_template_name, shown, status=status)

    def _owner(self, request: HttpRequest) -> dict[str, Any]:
        """Return whose parcel it is, and what it is for."""
        return {"model": self.opts.label_lower, "user_id": request.user.pk}

    def _lost(self, request: HttpRequest) -> HttpResponse:
        logger.warning("The database refused %s %s.", request.method, request.path, exc_info=True)
        text = _("Somebody else changed something at the same moment. Nothing was saved: look again, and repeat it.")
        messages.error(request, text)
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_import"))

    # Out again

    @admin.action(description=gettext_lazy("Export to change and import again (CSV)"), permissions=["import"])
    def export_sheet(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """Write the columns that come in again."""
        return self._sheet_of(request, queryset, is_xlsx=False)

    @admin.action(description=gettext_lazy("Export to change and import again (XLSX)"), permissions=["import"])
    def export_sheet_xlsx(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """Write the columns that come in again, as a workbook."""
        return self._sheet_of(request, queryset, is_xlsx=True)

    def _sheet_of(self, request: HttpRequest, queryset: QuerySet[Any], *, is_xlsx: bool) -> HttpResponse:
        resource = self.resource(request)
        return sheet_file(str(self.opts.model_name), resource, resource.rows(queryset), is_xlsx)


def sheet_file(name: str, resource: SheetResource, rows: Any, is_xlsx: bool) -> HttpResponse:
    """Return a file with the columns that come in."""
    lines: list[Any] = [resource.head(), *(resource.line(row) for row in rows)]
    if not is_xlsx:
        return csv_answer(name, lines)
    return xlsx_answer(name, lines, [KINDS.get(column.read, str) for column in resource.fields.values()])


def _outcome(result: Any) -> dict[str, int]:
    """Return how many rows are new, changed, as they were, and wrong."""
    totals = result.totals
    return {**{kind: totals[kind] for kind in (NEW, CHANGED, SAME)}, "wrong": totals["invalid"] + totals["error"]}


def _said(outcome: dict[str, int]) -> str:
    words = [
        (outcome[NEW], _("%(count)s new")),
        (outcome[CHANGED], _("%(count)s changed")),
        (outcome[SAME], _("%(count)s as they were")),
        (outcome["wrong"], _("%(count)s wrong")),
    ]
    return ", ".join(word % {"count": count} for count, word in words if count) + "."
