"""What is written down about people: sign-ins, and which groups and rights somebody got or lost (R33)."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest

from bakery.history import note
from bakery.models import SignIn
from bakery.throttle import NO_ADDRESS, client_address


def signed_in(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """Write down that somebody signed in."""
    _write(SignIn.Kind.IN, user.get_username(), user, request)


def signed_out(sender: Any, request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    """Write down that somebody signed out; who was not signed in has not left."""
    if user is not None:
        _write(SignIn.Kind.OUT, user.get_username(), user, request)


def refused(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Write down under which name somebody was refused; the password is not even handed here."""
    name = str(credentials.get("username") or "")
    _write(SignIn.Kind.REFUSED, name, User.objects.filter(username=name[:150]).first(), request)


def _write(kind: SignIn.Kind, name: str, user: User | None, request: HttpRequest | None) -> None:
    address = client_address(request) if request else ""
    if address == NO_ADDRESS:
        address = ""
    SignIn.objects.create(kind=kind, username=name[:150], user=user, address=address[:45])


def rights_changed(
    sender: Any, instance: Any, action: str, reverse: bool, model: type[Model], pk_set: Any, **kwargs: Any
) -> None:
    """Write down which groups a log-in got or lost, and which rights a log-in or a group, from either side."""
    if action == "pre_clear":
        instance._rights_cleared = list(getattr(instance, _name_on(sender, instance)).values_list("pk", flat=True))
        return
    if action not in ("post_add", "post_remove", "post_clear"):
        return
    other = model._base_manager.filter(pk__in=instance.__dict__.pop("_rights_cleared", ()) or pk_set or ())
    holders, given = (list(other), [instance]) if reverse else ([instance], list(other))
    names = sorted(str(getattr(row, "name", row)) for row in given)
    field = _field_of(sender)
    for holder in holders if names else ():
        note(holder, field, *(([], names) if action == "post_add" else (names, [])))


def _field_of(through: Any) -> str:
    """Return the name of the field that a table of pairs belongs to."""
    return str(through._meta.model_name).partition("_")[2]


def _name_on(through: Any, instance: Any) -> str:
    """Return the manager of an instance that reads a table of pairs, from whichever side the instance is on."""
    for field in instance._meta.get_fields():
        if field.many_to_many and (getattr(field, "through", None) or field.remote_field.through) is through:
            return str(field.get_accessor_name() if field.auto_created else field.name)
    raise LookupError(through)
