"""Today: what needs somebody now, in five seconds."""

from typing import Any

from django.db.models import Count, Window
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import DebtRow
from bakery.web import HtmxHttpRequest, permission_required, render_part
from packaging.models import AssemblyOrder, Composition, InventoryItem
from packaging.queries import pending_lines
from packaging.queries.order_page import shortages
from packaging.queries.promises import split_short, with_repairs

SHOWN = 5  # of each list; the rest stands on its own page


@require_safe
@permission_required("packaging.view_assemblyorder")
def today(request: HtmxHttpRequest) -> HttpResponse:
    """Show what needs a decision, which orders are due, what is short, and what was packed last."""
    orders = list(AssemblyOrder.objects.to_assemble().with_names().soonest_first()[:SHOWN])
    waiting = list(pending_lines()) if orders else []
    short, lines = split_short(waiting)
    runs = list(AssemblyRun.objects.in_force().with_names().with_open_debt().newest_first()[: SHOWN + 1])
    debts = list(PackagingDebt.objects.open().with_names().oldest_first().annotate(found=Window(Count("pk")))[:SHOWN])
    context: dict[str, Any] = {
        "greeting": greeting(timezone.localtime().hour),
        "short": with_repairs(short[:SHOWN]),
        "has_more_short": len(short) > SHOWN,
        "lines": lines[:SHOWN],
        "pending_count": len(waiting),  # the number in the navigation, too
        "debts": [DebtRow(debt) for debt in debts],
        "debt_count": debts[0].found if debts else 0,  # the number in the navigation, too
        "orders": orders,
        "shortages": shortages(waiting),
        "runs": runs[:SHOWN],
        "has_more_runs": len(runs) > SHOWN,
    }
    if not orders and not runs:
        context |= {
            "is_new": True,
            "has_stock": InventoryItem.objects.exists(),
            "has_recipe": Composition.objects.exists(),
        }
    return render_part(request, "assembly/today.html", context)


def greeting(hour: int) -> str:
    """Greet by the hour of the shop."""
    if hour < 12:
        return _("Good morning")
    return _("Good afternoon") if hour < 18 else _("Good evening")
