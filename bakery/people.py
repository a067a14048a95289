"""The page on which a manager looks after the log-ins: who is locked out, who has a second factor, who must go."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from bakery import second_factor
from bakery.accounts import write_down
from bakery.sessions import end_sessions
from bakery.throttle import let_in, locked_addresses, locked_people
from bakery.web import HtmxHttpRequest, page_of, permission_required, redirect_to, render_part

LOOK_AFTER = "bakery.look_after_people"


def _everybody() -> "QuerySet[User]":
    """All log-ins, those in use first, with whether each has a second factor."""
    devices = TOTPDevice.objects.filter(user_id=OuterRef("pk"), confirmed=True)
    rows = User.objects.annotate(has_factor=Exists(devices)).prefetch_related("groups")
    return rows.order_by("-is_active", "username")


@require_safe
@permission_required(LOOK_AFTER)
def people(request: HttpRequest) -> HttpResponse:
    """List everybody: roles, last log-in, second factor, whether locked out; and addresses that are locked out."""
    page = page_of(request, _everybody())
    locks = locked_people(row.username for row in page.rows)
    context = {
        "page": page,
        "rows": [(row, locks.get(row.username)) for row in page.rows],
        "addresses": locked_addresses(),
    }
    return render_part(request, "bakery/people.html", context, part="more")


@require_safe
@permission_required(LOOK_AFTER)
def person(request: HtmxHttpRequest, person_id: int) -> HttpResponse:
    """Show one log-in, and what a manager can do for it."""
    found = get_object_or_404(_everybody(), pk=person_id)
    context = {
        "person": found,
        "lock": locked_people([found.username]).get(found.username),
        "may_remove_factor": _may_remove_factor(request.user, found),
    }
    return render(request, "bakery/person.html", context)


@require_POST
@permission_required(LOOK_AFTER)
def person_let_in(request: HtmxHttpRequest, person_id: int) -> HttpResponse:
    """Let somebody in again who typed too many wrong passwords."""
    found = get_object_or_404(User, pk=person_id)
    let_in(name=found.username)
    write_down(request.user, found, _("Let in again after wrong passwords."))
    messages.success(request, _("%(name)s can sign in again.") % {"name": found.username})
    return redirect_to(request, "person", found.pk)


@require_POST
@permission_required(LOOK_AFTER)
def person_sign_out(request: HtmxHttpRequest, person_id: int) -> HttpResponse:
    """End all sessions of somebody, on every tablet at once."""
    found = get_object_or_404(User, pk=person_id)
    end_sessions(found, keep=request.session.session_key)
    write_down(request.user, found, _("Signed out everywhere."))
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": found.username})
    return redirect_to(request, "person", found.pk)


@require_POST
@permission_required(LOOK_AFTER)
def person_factor_remove(request: HtmxHttpRequest, person_id: int) -> HttpResponse:
    """Take away a second factor that was lost with the phone; the person is signed out too."""
    found = get_object_or_404(User, pk=person_id)
    if not _may_remove_factor(request.user, found):
        raise PermissionDenied
    second_factor.remove(found)
    end_sessions(found)
    write_down(request.user, found, _("Removed the second factor."))
    messages.success(request, _("The second factor of %(name)s is removed.") % {"name": found.username})
    return redirect_to(request, "person", found.pk)


@require_POST
@permission_required(LOOK_AFTER)
def address_let_in(request: HtmxHttpRequest) -> HttpResponse:
    """Let an address in again from which too many wrong passwords came."""
    address = request.POST.get("address", "")
    if address not in {lock.what for lock in locked_addresses()}:
        raise Http404
    let_in(address=address)
    write_down(request.user, request.user, _("Let in the address %(address)s.") % {"address": address})
    messages.success(request, _("People at %(address)s can sign in again.") % {"address": address})
    return redirect_to(request, "people")


def _may_remove_factor(by: User, found: User) -> bool:
    """Whether this manager may remove it: not their own (that takes password and code), nor one of the administration.

    Else a manager's log-in would be enough to get at the administration with a password alone.
    """
    return by.pk != found.pk and (by.is_superuser or not (found.is_staff or found.is_superuser))
