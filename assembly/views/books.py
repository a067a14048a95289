"""Whether the books balance: the last checks, and one now (R4, R25, R26)."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from assembly.models import BooksCheck
from assembly.services import keep_check
from bakery.web import HtmxHttpRequest, permission_required, redirect_to, render_part

SHOWN = 20


@permission_required("assembly.check_books")
@require_http_methods(["GET", "HEAD", "POST"])
def books_check(request: HtmxHttpRequest) -> HttpResponse:
    """Show what the last checks said; check now when asked to."""
    if request.method == "POST":
        check = keep_check(by=request.user)
        if check.is_balanced:
            messages.success(request, _("Checked: the books balance."))
        else:
            messages.error(request, _("Checked: the books do not balance."))
        return redirect_to(request, "assembly:books_check")
    checks = list(BooksCheck.objects.select_related("checked_by")[:SHOWN])
    context = {"last": checks[0] if checks else None, "checks": checks[1:]}
    return render_part(request, "assembly/books_check.html", context)
