"""What pages say about packaging that runs used and nobody named.

Pages of `packaging` include templates of this app that load these tags, so that no code of theirs names this app.
"""

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assembly.models import PackagingDebt
from assembly.queries import DebtRow, debts_of_run, estimate_open, open_debts
from packaging.costs import in_words

register = template.Library()
register.simple_tag(open_debts)
register.simple_tag(debts_of_run)
register.filter(estimate_open)


@register.filter
def owes(debt: PackagingDebt, quantity: Decimal | None = None) -> str:
    """Write what of a debt is open, or so much of it: 10 × Cello bag 6x10, 0.8 m Satin ribbon 16 mm."""
    generic = debt.generic_product
    number = in_words(debt.quantity_open if quantity is None else quantity)
    return f"{number} {generic.unit} {generic.name}" if generic.is_divisible else f"{number} × {generic.name}"


@register.filter
def age(row: DebtRow) -> str:
    """Write how long a debt has been open."""
    if not row.days:
        return _("since today")
    return ngettext("%(days)s day", "%(days)s days", row.days) % {"days": row.days}


@register.filter
def gone_words(row: DebtRow) -> str:
    """Write which goods a late cost is for."""
    number = int(row.gone)
    said = ngettext("of it for %(number)s good that is gone", "of it for %(number)s goods that are gone", number)
    return " " + said % {"number": number}
