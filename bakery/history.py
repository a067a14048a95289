"""What is kept of every change of master data: who, when, from what to what, and why where that was asked (R33).

django-simple-history makes a table beside each model and fills it when a row is saved or deleted. On top of it each
row says here what changed, so that a page of changes is read without looking for the row before. What is written past
the model (`update`, `bulk_update`, `bulk_create`) is not seen: no tracked column is written that way. Many rows at once
are written by `insert_all` and `change_all`; an import tells of its rows itself (`tell_added`). A row that is taken
away is remembered by its uuid, too (`removed`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from bakery.text import fold

P = ParamSpec("P")
R = TypeVar("R")
Delta = tuple[str, Any, Any]  # a field's name, what it was, what it is

UUID_NAME = "uuid"
ROW = (UUID_NAME, "created_at", "updated_at")  # columns of every row that say nothing about a change
MOST_AT_ONCE = 1000  # rows of one statement
_NOBODY_SAID = object()
_actor: ContextVar[Any] = ContextVar("actor", default=_NOBODY_SAID)


@contextmanager
def acting(by: User | None) -> Iterator[None]:
    """Name who does what is written in here; None is the program itself."""
    token = _actor.set(by)
    try:
        yield
    finally:
        _actor.reset(token)


def recorded(service: Callable[P, R]) -> Callable[P, R]:
    """Let the history name the `by` of a service, whoever sent the request."""

    @wraps(service)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        with acting(kwargs.get("by")):  # type: ignore[arg-type]  # each service says what its `by` is
            return service(*args, **kwargs)

    return done


def leave_out(row: Any) -> None:
    """Write nothing of this row: something else tells of it."""
    row.skip_history_when_saving = True


class Change(models.Model):
    """What a row of a history says besides the columns of the row that changed."""

    guarded_columns = (
        "history_date",
        "history_type",
        "history_change_reason",
        "history_who",
        "history_label",
        "history_changes",
    )

    history_who = models.CharField(max_length=150, blank=True, default="", editable=False)  # empty: the program
    history_label = models.CharField(max_length=400, blank=True, default="", editable=False)
    history_label_key = models.CharField(max_length=400, blank=True, default="", editable=False)
    history_changes = models.JSONField(default=list, encoder=DjangoJSONEncoder, editable=False)

    class Meta:
        abstract = True


class Records(HistoricalRecords):  # type: ignore[misc]  # the library has no types
    """The history of one model: `history = Records(excluded_fields=[...])`.

    A row is written when a tracked column really changed, in the transaction of the change: a counter that is left out
    of the history costs nothing, and neither does a save that changes nothing.
    """

    def __init__(self, *, quiet: Collection[str] = (), **kwargs: Any) -> None:
        """Take what the library takes, and the columns that are not said of a new row: its name says them."""
        self.quiet = quiet
        kwargs.setdefault("bases", (Change,))
        kwargs.setdefault("history_id_field", models.BigAutoField())
        kwargs.setdefault(
            "history_change_reason_field", models.CharField(max_length=500, blank=True, default="", editable=False)
        )
        super().__init__(**kwargs)

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        """Return the options of the table: nobody gets a permission to edit what was."""
        return {**super().get_meta_options(model), "default_permissions": ()}

    def finalize(self, sender: type[models.Model], **kwargs: Any) -> None:
        super().finalize(sender, **kwargs)
        if self.cls is sender:
            getattr(sender, self.manager_name).model.records = self
            models.signals.pre_save.connect(self.pre_save, sender=sender, weak=False)

    def pre_save(
        self,
        sender: type[models.Model],
        instance: Any,
        raw: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Read what the row was, if a tracked column is about to be written."""
        instance._history_before = None
        if raw or instance._state.adding or hasattr(instance, "skip_history_when_saving"):
            return
        fields = self.fields_included(sender)
        if update_fields is not None and not {field.name for field in fields} & set(update_fields):
            return
        names = [field.name for field in fields if field.is_relation]
        rows = sender._base_manager.using(using)
        instance._history_before = rows.select_related(*names).filter(pk=instance.pk).first()

    def post_save(self, instance: Any, created: bool, using: str | None = None, **kwargs: Any) -> None:
        """Write down what changed, if anything did."""
        before = instance.__dict__.pop("_history_before", None)
        if kwargs.get("raw") or hasattr(instance, "skip_history_when_saving"):
            return
        if created:
            self.write(instance, "+", self.deltas(None, instance), using)
        elif before is not None and (changes := self.deltas(before, instance)):
            self.write(instance, "~", changes, using)

    def post_delete(self, instance: Any, using: str | None = None, **kwargs: Any) -> None:
        """Write down what was taken away."""
        changes = [(name, new, None) for name, _old, new in self.deltas(None, instance)]
        if uuid := getattr(instance, "uuid", None):
            changes.append((UUID_NAME, str(uuid), None))
        self.write(instance, "-", changes, using)

    def deltas(self, before: Any, after: Any) -> list[Delta]:
        """Return what changed; of a new row, what is not empty and not what every new row has."""
        found = []
        for field in self.fields_included(after._meta.model):
            new = field.to_python(getattr(after, field.attname))
            old = field.get_default() if before is None else field.to_python(getattr(before, field.attname))
            if new == old or field.primary_key:
                continue
            if before is None and (new in (None, "", False) or field.name in self.quiet):
                continue
            found.append((field.name, None if before is None else _said(before, field), _said(after, field)))
        return found

    def write(self, instance: Any, how: str, changes: list[Delta], using: str | None = None) -> None:
        """Write one row of the history."""
        self.made(instance, how, changes, using).save(using=using)

    def made(self, instance: Any, how: str, changes: list[Delta], using: str | None = None) -> Any:
        """Return a row of the history that is not written yet."""
        user = self.who(instance)
        is_own_end = how == "-" and instance == user  # nobody is there any more to be pointed to
        label = str(getattr(instance, "history_name", instance))[:400]
        return _history_of(instance._meta.model, self.manager_name)(
            history_date=timezone.now(),
            history_type=how,
            history_user_id=user.pk if user and not is_own_end else None,
            history_who=user.get_username() if user else "",
            history_change_reason=str(self.get_change_reason_for_object(instance, how, using) or "")[:500],
            history_label=label,
            history_label_key=fold(label)[:400],
            history_changes=changes,
            **{field.attname: getattr(instance, field.attname) for field in self.fields_included(instance._meta.model)},
        )

    def who(self, instance: Any) -> User | None:
        """Return who did it: the `by` of the service, else who sent the request, else nobody."""
        named = _actor.get()
        user = self.get_history_user(instance) if named is _NOBODY_SAID else named
        return user if user is not None and user.is_authenticated else None


@cache
def _history_of(model: Any, manager_name: str) -> Any:
    """Return the model of the history of a model; the library makes a manager anew each time it is asked."""
    return getattr(model, manager_name).model


def insert_all(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model and their history, many with each statement."""
    if not rows:
        return
    model = type(rows[0])
    model._default_manager.bulk_create(rows, batch_size=MOST_AT_ONCE)
    _write_all(model, [(row, "+", None) for row in rows])


def change_all(rows: Sequence[models.Model], columns: Collection[str], before: models.QuerySet[Any]) -> None:
    """Write these columns of rows of one model and their history; `before` finds the rows, with what they name."""
    if not rows:
        return
    model = type(rows[0])
    was = {row.pk: row for row in before.filter(pk__in=[row.pk for row in rows])}
    if len(was) < len(rows):
        raise IntegrityError("A row that was to be changed is gone.")
    model._default_manager.bulk_update(rows, columns, batch_size=MOST_AT_ONCE)
    _write_all(model, [(row, "~", was[row.pk]) for row in rows])


def _write_all(model: Any, changes: list[tuple[models.Model, str, Any]]) -> None:
    history = _history_of(model, "history")
    records = history.records
    said = [(row, how, records.deltas(was, row)) for row, how, was in changes]
    made = [records.made(row, how, deltas) for row, how, deltas in said if deltas or how == "+"]
    history._base_manager.bulk_create(made, batch_size=MOST_AT_ONCE)


class PeopleRecords(Records):
    """The history of log-ins: a new password is worth a line, what it is stays out."""

    def deltas(self, before: Any, after: Any) -> list[Delta]:
        found = super().deltas(before, after)
        if before is not None and before.password != after.password:
            found.append(("password", "", ""))
        return found


def note(instance: Any, name: str, gone: list[str], new: list[str]) -> None:
    """Write down that a row got or lost something that stands in another table: a group, a right, a second factor."""
    records = instance._meta.model.history.model.records
    records.write(instance, "~", [(name, gone, new)])


def remark(instance: Any, words: str) -> None:
    """Write down what was done about a row without changing it: a log-in that was signed out everywhere."""
    instance._meta.model.history.model.records.write(instance, "~", [("remark", "", words)])


def tell_added(rows: Sequence[Any], *related: str, reason: str) -> None:
    """Write down that rows of one model came in together, past `save`; `related` are the rows that their names need."""
    if not rows:
        return
    models.prefetch_related_objects(rows, *related)
    for row in rows:
        row._change_reason = reason
    _write_all(type(rows[0]), [(row, "+", None) for row in rows])


def tell_changed(row: Any, changes: list[Delta], *, reason: str) -> None:
    """Write down what an import changed about a row, past `save`."""
    row._change_reason = reason
    row._meta.model.history.model.records.write(row, "~", changes)


def removed(model: Any) -> set[UUID]:
    """Return the uuids of the rows of a model that were taken away and did not come again."""
    gone = set()
    rows = model.history.filter(history_type="-").order_by()
    for changes in rows.values_list("history_changes", flat=True).iterator():
        gone |= {UUID(old) for name, old, _new in changes if name == UUID_NAME}
    if gone:
        gone.difference_update(model._base_manager.order_by().values_list("uuid", flat=True).iterator())
    return gone


def _said(row: Any, field: Any) -> Any:
    """Return a value as it is kept: another row by its name, anything else as it is."""
    if not field.is_relation:
        return field.to_python(getattr(row, field.attname))
    try:
        other = getattr(row, field.name)
    except ObjectDoesNotExist:  # it went a moment before
        return None
    return None if other is None else str(other)
