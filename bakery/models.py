"""Abstract models that every app builds on, and what is kept about the people: log-ins, history and sign-ins."""

import uuid
from collections.abc import Collection
from typing import Any, NoReturn, TypeVar

from django.contrib.auth.models import Group, User
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history import register

from bakery.history import PeopleRecords, Records
from bakery.text import fold


class FoldedField(models.CharField[str, str]):
    """A column that fills itself with the folded text of another column, its `source`."""

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        self.source = source
        kwargs.setdefault("max_length", 400)
        kwargs["editable"] = False
        kwargs["default"] = ""
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["editable"], kwargs["default"]
        return name, path, args, {**kwargs, "source": self.source}

    def fill(self, instance: models.Model) -> str:
        """Set the column on `instance` from its source and return it."""
        value = fold(getattr(instance, self.source) or "")
        setattr(instance, self.attname, value)
        return value

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        return self.fill(model_instance)


class BaseModel(models.Model):
    """What every row has: a number, a name that survives export and import, and when it came and changed."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Check the named constraints, folded names too although no form shows them."""
        folded = [field for field in self._meta.local_fields if isinstance(field, FoldedField)]
        for field in folded:
            field.fill(self)
        hidden = {field.name for field in folded}
        super().validate_constraints(exclude={name for name in exclude or () if name not in hidden})


class LedgerChanged(TypeError):
    """Code tried to change a row that is written once and never again."""

    def __init__(self) -> None:
        super().__init__("Ledger rows are written once and never changed; write a new row that corrects the old one.")


class LedgerQuerySet(models.QuerySet[Any]):
    """Reads and inserts, nothing else."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise LedgerChanged

    def bulk_update(self, objs: Any, fields: Any, batch_size: int | None = None) -> NoReturn:
        raise LedgerChanged

    def delete(self) -> NoReturn:
        raise LedgerChanged


M = TypeVar("M", bound=models.Model, covariant=True)


class LedgerManager(models.Manager[M]):
    """The manager of a ledger: `objects = LedgerManager()`."""

    def get_queryset(self) -> models.QuerySet[M]:
        return LedgerQuerySet(self.model, using=self._db)


class LedgerModel(BaseModel):
    """A row that is inserted once and never updated; a trigger in the database refuses it too (bakery/ledger.py).

    Each ledger has `objects = LedgerManager()`.
    """

    class Meta:
        abstract = True

    def save_base(self, raw: bool = False, force_insert: Any = False, *args: Any, **kwargs: Any) -> None:
        """Insert the row; refuse a row that is already there, raw saves (fixtures) included."""
        if not self._state.adding:
            raise LedgerChanged
        super().save_base(raw, True, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerChanged


class Session(AbstractBaseSession):
    """A log-in of one browser; `user_id` says whose, so that all of a person's can be ended (bakery/sessions.py).

    It is a plain number: a deleted person's sessions lead nowhere, and no page about a person lists session keys.
    """

    user_id = models.BigIntegerField(null=True, db_index=True)

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()
        permissions = [("look_after_people", _("Can let people in again, sign them out and remove a second factor"))]

    @classmethod
    def get_session_store_class(cls) -> Any:
        from bakery.sessions import SessionStore  # which needs this model

        return SessionStore


class SignIn(BaseModel):
    """Somebody signed in or out, or was refused; the name is what was typed."""

    guarded_columns = ("kind", "username", "address", "created_at")

    class Kind(models.TextChoices):
        IN = "in", _("Signed in")
        OUT = "out", _("Signed out")
        REFUSED = "refused", _("Was refused")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    username = models.CharField(_("name"), max_length=150)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, related_name="+", null=True, verbose_name=_("user"))
    address = models.CharField(_("address"), max_length=45, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        default_permissions = ()
        permissions = [("view_log", _("Can see who changed what"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["in", "out", "refused"]),
                name="bakery_signin_kind_ck",
                violation_error_message=_("Somebody signs in or out, or is refused."),
            ),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="bakery_signin_newest_ix")]

    def __str__(self) -> str:
        return f"{self.username}: {self.get_kind_display()}"


# The accounts are Django's own. Their passwords stay out, and so does the last sign-in, which has a table of its own.
register(
    User,
    app="bakery",
    records_class=PeopleRecords,
    excluded_fields=["password", "last_login", "date_joined"],
    quiet=["username"],
)
register(Group, app="bakery", records_class=Records, quiet=["name"])
