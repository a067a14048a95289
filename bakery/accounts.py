"""A person's own log-in: signing in, the second step, the password, the second factor, signing out everywhere."""

import time
from collections.abc import Mapping
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import (
    REDIRECT_FIELD_NAME,
    authenticate,
    get_user_model,
    load_backend,
    login,
    logout,
    update_session_auth_hash,
)
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp import login as otp_login
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from bakery import second_factor
from bakery.demo import DEMO_PASSWORD, DEMO_USERS
from bakery.forms import PlainForm
from bakery.history import acting, remark
from bakery.sessions import end_sessions
from bakery.web import HtmxHttpRequest, posted, redirect_to, safe_next

WAITING = "waiting_for_code"  # in the session of somebody whose password was right
BEGUN = "second_factor_begun"  # in the session of somebody who sets one up
PATIENCE = 600  # seconds that either is kept
EITHER_CODE = gettext_lazy("From the app on your phone, or one of your recovery codes.")


def write_down(by: User, person: User, what: str) -> None:
    """Keep who did what to whose log-in: the history of that person and the log show it (R33)."""
    with acting(by):
        remark(person, what)


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Mapping[str, Any] | None = None
) -> HttpResponse:
    """Answer 429 to too many wrong tries, the same for a name that is nobody's."""
    minutes = settings.BAKERY_LOCK_MINUTES
    answer = render(request, "bakery/locked_out.html", {"minutes": minutes}, status=429)
    answer.headers["Retry-After"] = str(minutes * 60)
    return answer


class SignInForm(AuthenticationForm):
    """Name and password; what is missing is said on the page, as with every form here."""

    use_required_attribute = False


class SignIn(LoginView):
    """The log-in. On a development server it names the log-ins of the demo bakery."""

    template_name = "login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.DEBUG:
            users = get_user_model().objects.filter(username__in=DEMO_USERS, is_active=True)
            found = set(users.values_list("username", flat=True))
            context["demo_users"] = [name for name in DEMO_USERS if name in found]
            context["demo_password"] = DEMO_PASSWORD
        return context

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let in who has no second factor; ask the others for their code. Nobody is signed in before it was right."""
        user = form.get_user()
        if not second_factor.has_factor(user):
            return super().form_valid(form)
        session = self.request.session
        session.cycle_key()
        session[WAITING] = {
            "user": user.pk,
            "backend": user.backend,
            "hash": user.get_session_auth_hash(),
            "at": time.time(),
        }
        return redirect_to(self.request, _with_next("login_code", self.get_redirect_url()))

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer 422: a form with errors is never a 200."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response


def _with_next(name: str, page: str) -> str:
    """Return the address of `name` which leads on to `page`."""
    return f"{reverse(name)}?{urlencode({REDIRECT_FIELD_NAME: page})}" if page else reverse(name)


@login_not_required
@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead from the admin's log-in to the shop's: one door, with one lock."""
    page = safe_next(request, reverse("admin:index"))
    if not request.user.is_authenticated:
        return redirect_to_login(page)
    if not request.user.is_staff:
        raise PermissionDenied
    return redirect_to(request, page)


@require_safe
def admin_password_change(request: HttpRequest) -> HttpResponse:
    """Lead from the admin's page for the password to the shop's, where guessing the old one is slowed down."""
    return redirect_to(request, "password_change")


class CodeInput(forms.TextInput):
    """A code that was sent is not shown again: it is wrong, or used."""

    def format_value(self, value: Any) -> None:
        return None


class CodeField(forms.CharField):
    """A code from the app, or a recovery code: digits either way."""

    default_error_messages = {
        "required": gettext_lazy("Enter the code."),
        "wrong": gettext_lazy("This code is not right, or it was used already. Wait for the next one, and enter that."),
    }

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        super().__init__(max_length=40, widget=CodeInput(attrs), label=gettext_lazy("Code"), **kwargs)


class RequestForm(PlainForm):
    """A form that has to know who asks, and from where."""

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, user
        self.device: Device | None = None

    def check_code(self) -> None:
        """Find what the code proves. A wrong one counts like a wrong password, and both wait together."""
        credentials = {"username": self.user.get_username()}
        if not AxesProxyHandler.is_allowed(self.request, credentials):
            self.request.axes_locked_out = True  # type: ignore[attr-defined]  # AxesMiddleware then answers 429
        else:
            self.device = second_factor.check_code(self.user, self.cleaned_data["code"])
            if self.device is None:
                user_login_failed.send(sender=__name__, credentials=credentials, request=self.request)
        if self.device is None:
            raise ValidationError(self.fields["code"].error_messages["wrong"], code="wrong")


class LoginCodeForm(RequestForm):
    """The second step of the log-in."""

    code = CodeField(help_text=EITHER_CODE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True

    def clean_code(self) -> str:
        self.check_code()
        return str(self.cleaned_data["code"])


class PasswordForm(RequestForm):
    """The person's password, asked again: a tablet may lie there signed in."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def clean_password(self) -> str:
        """Check it as the log-in does, so that guessing here is slowed down too."""
        given = str(self.cleaned_data["password"])
        if authenticate(self.request, username=self.user.get_username(), password=given) is None:
            raise ValidationError(_("This is not your password."), code="wrong")
        return given


class FactorRemoveForm(PasswordForm):
    """Password and code. The code is looked at only when the password is right: a recovery code is used up by it."""

    code = CodeField(help_text=EITHER_CODE)

    def clean_code(self) -> str:
        if "password" in self.cleaned_data:
            self.check_code()
        return str(self.cleaned_data["code"])


def _waiting(request: HttpRequest) -> User | None:
    """Return who gave the right password in this session just now, if the password is still that one."""
    found = request.session.get(WAITING)
    if not found or time.time() - found["at"] > PATIENCE:
        return None
    user = load_backend(found["backend"]).get_user(found["user"])
    if user is None or not constant_time_compare(found["hash"], user.get_session_auth_hash()):
        return None
    assert isinstance(user, User)
    user.backend = found["backend"]
    return user


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def login_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code, and sign in who knows it."""
    page = safe_next(request, resolve_url(settings.LOGIN_REDIRECT_URL))
    user = _waiting(request)
    if user is None:
        return redirect_to(request, _with_next("login", page))
    form = LoginCodeForm(posted(request), request=request, user=user)
    if form.is_bound and form.is_valid():
        del request.session[WAITING]
        user.otp_device = form.device  # type: ignore[attr-defined]  # django-otp keeps it in the session
        login(request, user)
        return redirect_to(request, page)
    return render(request, "bakery/login_code.html", {"form": form, "next": page}, status=422 if form.is_bound else 200)


@never_cache
@require_safe
def account(request: HtmxHttpRequest) -> HttpResponse:
    """Show a person their own log-in: password, second factor, where they are signed in."""
    has_factor = second_factor.has_factor(request.user)
    context = {
        "has_factor": has_factor,
        "codes_left": second_factor.recovery_codes_left(request.user) if has_factor else 0,
        "must_have_factor": second_factor.must_have_factor(request.user),
    }
    return render(request, "bakery/account.html", context)


@require_POST
def sign_out_everywhere(request: HtmxHttpRequest) -> HttpResponse:
    """End all sessions of the person who asks, this one too."""
    user = request.user
    end_sessions(user)
    write_down(user, user, _("Signed out everywhere."))
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect_to(request, "login")


class PasswordChangeOwnForm(PasswordChangeForm):
    """The old password and the new one twice; guessing the old one is slowed down as at the log-in."""

    use_required_attribute = False

    def __init__(self, user: User, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.request = request
        self.label_suffix = ""
        self.fields["new_password1"].help_text = _(
            "At least 8 characters. Not only digits, not your name, and none that everybody uses."
        )
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        given = str(self.cleaned_data["old_password"])
        if authenticate(self.request, username=self.user.get_username(), password=given) is None:
            raise ValidationError(_("This is not your password."), code="password_incorrect")
        return given


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request: HtmxHttpRequest) -> HttpResponse:
    """Change the password of the person who asks; all other sessions of theirs end."""
    form = PasswordChangeOwnForm(request.user, posted(request), request=request)
    if form.is_bound and form.is_valid():
        form.save()
        update_session_auth_hash(request, form.user)
        end_sessions(form.user, keep=request.session.session_key)
        messages.success(request, _("Your password is changed. You are signed out everywhere else."))
        return redirect_to(request, "account")
    return render(request, "bakery/password_change.html", {"form": form}, status=422 if form.is_bound else 200)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def factor_begin(request: HtmxHttpRequest) -> HttpResponse:
    """Ask for the password before a second factor is set up."""
    if second_factor.has_factor(request.user):
        return redirect_to(request, "account")
    form = PasswordForm(posted(request), request=request, user=request.user)
    if form.is_bound and form.is_valid():
        device = second_factor.begin(request.user)
        request.session[BEGUN] = {"device": device.pk, "at": time.time()}
        return redirect_to(request, "factor_confirm")
    context = {"form": form, "must_have_factor": second_factor.must_have_factor(request.user)}
    return render(request, "bakery/factor_begin.html", context, status=422 if form.is_bound else 200)


def _begun(request: HtmxHttpRequest) -> TOTPDevice | None:
    """Return the secret that this session asked for just now. No other session sees it."""
    found, device = request.session.get(BEGUN), second_factor.begun(request.user)
    if device is None or not found or found["device"] != device.pk or time.time() - found["at"] > PATIENCE:
        return None
    return device


class FactorConfirmForm(PlainForm):
    """The first code of a new secret."""

    code = CodeField()


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def factor_confirm(request: HtmxHttpRequest) -> HttpResponse:
    """Show the secret until a code of it is typed; then it counts, and the recovery codes are shown this once."""
    device = _begun(request)
    if device is None:
        return redirect_to(request, "factor_begin")
    form = FactorConfirmForm(posted(request))
    if form.is_bound and form.is_valid():
        codes = second_factor.confirm(device, form.cleaned_data["code"])
        if codes is not None:
            return _set_up(request, device, codes)
        form.add_error("code", ValidationError(form.fields["code"].error_messages["wrong"], code="wrong"))
    picture, text = second_factor.picture(device), second_factor.secret_text(device)
    context = {"form": form, "picture": picture, "secret": text}
    return render(request, "bakery/factor_confirm.html", context, status=422 if form.is_bound else 200)


def _set_up(request: HtmxHttpRequest, device: TOTPDevice, codes: list[str]) -> HttpResponse:
    """Make this session one with a second factor, end those without, and show the recovery codes."""
    del request.session[BEGUN]
    otp_login(request, device)
    end_sessions(request.user, keep=request.session.session_key)
    write_down(request.user, request.user, _("Set up a second factor."))
    return render(request, "bakery/factor_codes.html", {"codes": codes, "is_new": True})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def factor_codes(request: HtmxHttpRequest) -> HttpResponse:
    """Make new recovery codes, after the password; the old ones stop working."""
    if not second_factor.has_factor(request.user):
        return redirect_to(request, "account")
    form = PasswordForm(posted(request), request=request, user=request.user)
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        context = {"codes": second_factor.new_recovery_codes(request.user)}
        write_down(request.user, request.user, _("Made new recovery codes."))
    return render(request, "bakery/factor_codes.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def factor_remove(request: HtmxHttpRequest) -> HttpResponse:
    """Take one's own second factor away, after password and code."""
    if not second_factor.has_factor(request.user):
        return redirect_to(request, "account")
    form = FactorRemoveForm(posted(request), request=request, user=request.user)
    if form.is_bound and form.is_valid():
        second_factor.remove(request.user)
        write_down(request.user, request.user, _("Removed the second factor."))
        messages.success(request, _("Your second factor is removed."))
        return redirect_to(request, "account")
    return render(request, "bakery/factor_remove.html", {"form": form}, status=422 if form.is_bound else 200)
