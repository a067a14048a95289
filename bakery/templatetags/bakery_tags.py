"""The parts that every page is made of, as template tags. docs/design-system.md shows each with an example."""

from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from typing import Any

from django import forms, template
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.choosing import narrow
from bakery.forms import plain_number

register = template.Library()

VIEW_COSTS = "packaging.view_costs"

STATES: dict[str, tuple[str | Promise, str]] = {
    "PENDING": (gettext_lazy("Not assigned"), "warn"),
    "PARTIAL": (gettext_lazy("Partly assigned"), "warn"),
    "ASSIGNED": (gettext_lazy("Assigned"), "ok"),
    "SHORT": (gettext_lazy("Short"), "bad"),
    "COMPLETE": (gettext_lazy("Complete"), "ok"),
}
STATUSES: dict[str, tuple[str | Promise, str]] = {
    "open": (gettext_lazy("Open"), "info"),
    "closed": (gettext_lazy("Closed"), "plain"),
    "completed": (gettext_lazy("Completed"), "plain"),
    "cancelled": (gettext_lazy("Cancelled"), "plain"),
}
COST_LABELS: dict[str, str | Promise] = {
    "estimated": gettext_lazy("Estimated"),
    "partly estimated": gettext_lazy("Partly estimated"),
    "actual": gettext_lazy("Actual"),
}
FLASH_KINDS = {"success": ("ok", "check"), "warning": ("warn", "warning"), "error": ("bad", "warning")}


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Draw an icon of static/img/icons.svg; it always stands beside a word, so it is hidden from screen readers."""
    kind = "icon icon-small" if size == "small" else "icon"
    return format_html(
        '<svg class="{}" width="24" height="24" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        kind,
        static("img/icons.svg"),
        name,
    )


def may_see_costs(context: template.Context) -> bool:
    """Whether the person who gets this page may see costs (R32); without a request, nobody may."""
    request = context.get("request")
    user = getattr(request, "user", None)
    return bool(user is not None and user.has_perm(VIEW_COSTS))


def money(amount: Decimal, *, per_unit: bool = False) -> str:
    """Write an amount with the shop's sign: 2 decimals, and for the cost of one piece up to 4.

    This rounds what is shown and nothing that is stored (packaging/costs.py rounds that).
    """
    shown = abs(amount).quantize(Decimal("0.0001") if per_unit else Decimal("0.01"), ROUND_HALF_UP)
    places = max(2, len(f"{shown:f}".partition(".")[2].rstrip("0"))) if per_unit else 2
    sign = "−" if amount < 0 and shown else ""
    return f"{sign}{settings.BAKERY_CURRENCY}{number_format(shown, places, force_grouping=True)}"


@register.simple_tag(takes_context=True)
def cost(
    context: template.Context, amount: Decimal | int | None, per: str = "", before: str = "", after: str = ""
) -> SafeString | str:
    """Show a cost to whoever may see costs, and leave nothing in the page for others (R32).

    `per="unit"` keeps up to 4 decimals; `before` and `after` are words that go with the cost or not at all.
    """
    if not may_see_costs(context):
        return ""
    before = before.replace(" ·", "\N{NO-BREAK SPACE}·")  # a dot ends a line, it never begins one
    if amount is None:
        return format_html("{}{}{}", before, _("unknown"), after)
    exact = Decimal(amount)
    return format_html(
        '{}<data value="{}">{}</data>{}',
        before,
        f"{exact.quantize(Decimal('0.0001'), ROUND_HALF_UP):f}",
        money(exact, per_unit=per == "unit"),
        after,
    )


@register.simple_block_tag
def explain(content: SafeString, figure: str, pk: int, what: str, of: str = "") -> SafeString:
    """Lead from a number to the rows that make it: `{% explain "lot-on-hand" lot.pk _("on hand") %}30{% endexplain %}`.

    `of=need.key` names one thing of an event or of the shopping list.
    Where nothing is shown, because costs are hidden (R32), there is no link either.
    """
    number = SafeString(content.strip())  # nosec B703 # what the template rendered, escaped there
    if not number:
        return number
    return format_html(
        '<a class="explain" href="{0}" hx-get="{0}" hx-target="#modal" hx-swap="innerHTML" aria-label="{2}">{1}</a>',
        reverse("assembly:explain_thing", args=[figure, pk, of])
        if of
        else reverse("assembly:explain", args=[figure, pk]),
        number,
        _("%(number)s %(what)s, explain") % {"number": " ".join(unescape(strip_tags(number)).split()), "what": what},
    )


@register.simple_tag(takes_context=True)
def cost_label(context: template.Context, estimate: Any) -> SafeString | str:
    """Say what a cost is (R16: Estimated, Partly estimated, Actual), to whoever may see costs.

    Takes the word or anything with a `label`.
    """
    if not may_see_costs(context) or estimate is None:
        return ""
    word = str(getattr(estimate, "label", estimate))
    if not word:
        return ""
    return tag(COST_LABELS.get(word.lower(), word), "ok" if word.lower() == "actual" else "plain")


@register.filter
def qty(value: Decimal | int | str | None) -> str:
    """Write a quantity without the zeros that say nothing: 30.000 is 30, 0.400 is 0.4."""
    if value is None or value == "":
        return ""
    return plain_number(value) if isinstance(value, Decimal) else str(value)


@register.simple_tag
def tag(word: Any, kind: str = "plain") -> SafeString:
    """Show a word as a tag: ok, warn, bad, info or plain."""
    return format_html('<span class="tag tag-{}">{}</span>', kind, word)


@register.simple_tag
def state_tag(state: Any) -> SafeString:
    """Show the state of a generic line (R14) as a word with its colour."""
    name = str(getattr(state, "value", state))
    return tag(*STATES.get(name.upper(), (name, "plain")))


@register.simple_tag
def status_tag(status: Any) -> SafeString:
    """Show the status of an order or event as a word with its colour."""
    name = str(getattr(status, "value", status))
    return tag(*STATUSES.get(name.lower(), (name, "plain")))


@register.filter
def flash_kind(level: str) -> str:
    """Turn the level of a message into the kind of its note."""
    return FLASH_KINDS.get(level, ("info", "info"))[0]


@register.filter
def flash_icon(level: str) -> str:
    """Turn the level of a message into the name of its icon."""
    return FLASH_KINDS.get(level, ("info", "info"))[1]


@register.inclusion_tag("_field.html", takes_context=True)
def field(context: template.Context, bound: forms.BoundField) -> dict[str, Any]:
    """Show one field of a form: label, help, error, input, tied together for screen readers; a search if it is long."""
    widget = bound.field.widget
    request = context.get("request")
    narrow(bound, (request.POST or request.GET) if request else {})
    if isinstance(widget, forms.CheckboxInput):
        kind = "check"
    elif bound.use_fieldset:
        kind = "choices"
    else:
        kind = "text"
    is_optional = not bound.field.required and kind == "text" and bound.name not in getattr(bound.form, "one_of", ())
    return {"field": bound, "kind": kind, "is_optional": is_optional}


@register.inclusion_tag("_stepper.html")
def stepper(
    bound: forms.BoundField,
    step: Any = 1,
    min: Any = None,  # noqa: A002 - the word that templates write
    max: Any = None,  # noqa: A002
    hide_label: bool = False,
    label: str = "",
) -> dict[str, Any]:
    """Show a number with a minus and a plus key; the limits are the field's own if none are given."""
    low = min if min is not None else getattr(bound.field, "min_value", 0)
    high = max if max is not None else getattr(bound.field, "max_value", None)
    return {
        "field": bound,
        "label": label or bound.label,
        "step": qty(step),
        "min": qty(low),
        "max": qty(high),
        "hide_label": hide_label,
    }


@register.inclusion_tag("_form_errors.html")
def form_errors(*given: forms.BaseForm) -> dict[str, Any]:
    """Sum up what is wrong, with a link to each field, and take the focus (one summary for one or more forms)."""
    general: list[str] = []
    fields: list[tuple[str, str, str]] = []
    for form in given:
        if not form or not form.errors:
            continue
        general += map(str, form.non_field_errors())
        for hidden in form.hidden_fields():
            general += map(str, hidden.errors)
        for bound in form.visible_fields():
            place = f"{bound.auto_id}_0" if bound.use_fieldset else bound.id_for_label
            fields += [(place, str(bound.label), str(error)) for error in bound.errors]
    return {"general": general, "fields": fields}


@register.simple_tag
def error_prefix(*given: forms.BaseForm) -> str:
    """Begin the title of a page whose form was refused with "Error: ", as screen readers read the title first."""
    return _("Error:") + " " if any(form and form.errors for form in given) else ""
