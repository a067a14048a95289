"""Reports for managers: what a piece cost, which packaging was used, what was lost, what the stock was worth (R32)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assembly.charts import Line, line
from assembly.forms.reports import PeriodForm, UnitCostForm
from assembly.models import AssemblyRun
from assembly.queries.reports import Stretch, losses, stock_values, unit_costs, uses, whole
from bakery.exports import Cell, asks_for_file, csv_answer
from bakery.templatetags.bakery_tags import VIEW_COSTS
from bakery.web import HtmxHttpRequest, permission_required, refused, render_part
from packaging.words import REASONS, reason_words

TEMPLATE = "assembly/report.html"
MOST_SHOWN = 50  # rows of a page, the largest; the file has them all


@dataclass(frozen=True)
class Found:
    """What a report tells: its rows as the page shows them and as a file with its heading, and a line over time."""

    rows: Sequence[Any]
    table: list[list[Cell]]
    chart: Line | None = None

    @property
    def shown(self) -> Sequence[Any]:
        """The rows of the page."""
        return self.rows[:MOST_SHOWN]


def _unit_costs(form: PeriodForm, parts: Sequence[Stretch]) -> Found:
    costs = unit_costs(form.cleaned_data["good"].pk, parts)
    made = [row for row in costs if row.quantity]
    heads: list[Cell] = [_("from"), _("through"), _("made"), _("cost of one"), _("total cost"), _("state")]
    table: list[list[Cell]] = [
        [*_days(row.stretch), row.quantity, row.each, row.cost, _state(row.is_incomplete, row.is_provisional)]
        for row in made
    ]
    return Found(made[::-1], [heads, *table], line([row.each for row in costs]))


def _uses(form: PeriodForm, parts: Sequence[Stretch]) -> Found:
    rows = uses(whole(parts))
    heads: list[Cell] = [_("generic product"), _("design"), _("quantity"), _("unit"), _("total cost"), _("state")]
    table: list[list[Cell]] = [
        [row.product_name, row.design, row.quantity, row.unit, row.cost, _state(row.is_incomplete)] for row in rows
    ]
    return Found(rows, [heads, *table])


def _losses(form: PeriodForm, parts: Sequence[Stretch]) -> Found:
    rows = losses(whole(parts), REASONS)
    heads: list[Cell] = [_("what"), _("reason"), _("times"), _("value"), _("state")]
    table: list[list[Cell]] = [
        [row.label, reason_words(row.reason), row.times, row.value, _state(row.is_incomplete)] for row in rows
    ]
    return Found(rows, [heads, *table])


def _values(form: PeriodForm, parts: Sequence[Stretch]) -> Found:
    rows = stock_values(parts)
    heads: list[Cell] = [_("from"), _("through"), _("came in"), _("went out"), _("worth at the end")]
    table: list[list[Cell]] = [[*_days(row.stretch), row.came, row.went, row.value] for row in rows]
    return Found(rows[::-1], [heads, *table], line([row.value for row in rows]))


def _state(is_incomplete: bool, is_provisional: bool = False) -> str:
    """Say in words what is amiss with a cost."""
    words = {_("provisional"): is_provisional, _("cost incomplete"): is_incomplete}
    return ", ".join(word for word, is_so in words.items() if is_so)


def _days(stretch: Stretch) -> list[Cell]:
    return [stretch.first, stretch.last]


@dataclass(frozen=True)
class Report:
    """One of the reports: its words, and what finds its rows."""

    name: str
    label: str | Promise
    text: str | Promise
    find: Callable[[PeriodForm, Sequence[Stretch]], Found]

    @property
    def url(self) -> str:
        """Its address."""
        return reverse(f"assembly:report_{self.name}")


REPORTS = {
    "cost": Report(
        "cost",
        gettext_lazy("Cost of one"),
        gettext_lazy("What a piece cost, packaging that was named later included"),
        _unit_costs,
    ),
    "use": Report(
        "use", gettext_lazy("Packaging used"), gettext_lazy("Which designs runs used, and what they were worth"), _uses
    ),
    "loss": Report(
        "loss",
        gettext_lazy("Lost and corrected"),
        gettext_lazy("What broke, what counts found, what was given away"),
        _losses,
    ),
    "value": Report(
        "value", gettext_lazy("Stock value"), gettext_lazy("What all stock was worth in the evening"), _values
    ),
}


@permission_required(VIEW_COSTS)
@require_safe
def report(request: HtmxHttpRequest, name: str) -> HttpResponse:
    """Show one of the reports for the days that the address names, or give exactly its rows as a file."""
    shown = REPORTS[name]
    context: dict[str, Any] = {"report": shown, "reports": REPORTS.values()}
    context["form"] = form = _form(request, name)
    if form is None:
        return render_part(request, TEMPLATE, context)
    if not form.is_valid():
        return refused(request, TEMPLATE, context, part="report")
    parts = form.parts(timezone.localdate())
    found = shown.find(form, parts)
    if asks_for_file(request):
        return csv_answer(f"report-{name}-{timezone.localdate():%Y-%m-%d}", found.table)
    context |= {"found": found, "period": whole(parts), "good": form.cleaned_data.get("good")}
    return render_part(request, TEMPLATE, context, part="report")


def _form(request: HtmxHttpRequest, name: str) -> PeriodForm | None:
    """Return what the report asks; None for the cost of goods where nothing was ever made."""
    if name != "cost":
        return PeriodForm(request.GET.dict())
    if request.GET.get("good"):
        return UnitCostForm(request.GET.dict())
    usual = AssemblyRun.objects.in_force().newest_first().values_list("finished_good", flat=True).first()
    return UnitCostForm(request.GET.dict(), good=usual) if usual else None
