"""The log of the shop: who did what, newest first, from every table that keeps it, in one statement (R33).

Each app names its sources (bakery/people_log.py, packaging/log.py): which rows, whose, about what. A page takes from
each source its newest rows by the index on the moment, and from those the newest of all.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from itertools import islice
from operator import or_
from types import MappingProxyType
from typing import Any

from django.db.models import BigIntegerField, DecimalField, F, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.db.models.lookups import IContains
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bakery.changes import Said, said
from bakery.forms import plain_number
from bakery.lookups import Among
from bakery.text import fold, whole_number

KINDS: dict[str, str | Promise] = {
    "catalogue": _("Catalogue"),
    "recipes": _("Recipes"),
    "orders": _("Orders"),
    "events": _("Events"),
    "people": _("People"),
    "stock": _("Stock"),
    "runs": _("Runs"),
    "sign-ins": _("Sign-ins"),
}
ACTIONS: dict[str, str | Promise] = {"+": _("Added"), "~": _("Changed"), "-": _("Removed")}
COLUMNS = (
    "log_moment",
    "log_source",
    "log_id",
    "log_kind",
    "log_action",
    "log_who",
    "log_label",
    "log_reason",
    "log_changes",
    "log_page",
    "log_target",
    "log_quantity",
    "log_value",
)
TYPES: dict[str, Any] = {
    "log_id": BigIntegerField(),
    "log_target": BigIntegerField(),
    "log_quantity": DecimalField(max_digits=12, decimal_places=3),
    "log_value": DecimalField(max_digits=12, decimal_places=4),
}
SHOWN = 50
SEARCHED = 10_000  # lines of one source, the newest of what the other choices leave
Place = tuple[datetime, str, int]  # moment, source, id: where a page ends


@dataclass(frozen=True)
class Source:
    """A table whose rows are lines of the log."""

    name: str
    rows: Callable[[], QuerySet[Any]]
    kinds: Mapping[str, Q]  # which rows are of which kind
    moment: str
    user: str
    columns: Mapping[str, Any]  # what the columns of the log are here; what is not named is empty
    search: Callable[[str], Q]
    about: Mapping[str, Callable[[int], Q]]  # which rows tell about an object
    model: type[Model] | None = None  # whose columns the changes name
    actions: Mapping[str, str | Promise] = field(default_factory=lambda: ACTIONS)


@dataclass(frozen=True)
class Wish:
    """What the log is narrowed to."""

    kind: str = ""
    person: int | None = None
    since: date | None = None
    until: date | None = None
    text: str = ""
    about: tuple[str, int] | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    moment: datetime
    source: Source
    id: int
    kind: str
    action: str
    who: str
    label: str
    reason: str
    changes: Sequence[Said]
    page: str
    target: int | None
    quantity: Decimal | None
    value: Decimal | None

    @property
    def place(self) -> str:
        """Where the next page starts, for an address."""
        return f"{self.moment.isoformat()}_{self.source.name}_{self.id}"

    @property
    def kind_label(self) -> str:
        """The kind in words."""
        return str(KINDS[self.kind])

    @property
    def what(self) -> str:
        """What sort of thing changed, in words: an order, a line."""
        return str(self.source.model._meta.verbose_name) if self.source.model else ""

    @property
    def action_label(self) -> str:
        """What was done, in words."""
        return str(self.source.actions.get(self.action, self.action))

    @property
    def amount(self) -> str:
        """What was added to or taken from a lot: +10, −3; empty where only its value changed."""
        return f"{'−' if self.quantity < 0 else '+'}{plain_number(abs(self.quantity))}" if self.quantity else ""

    @property
    def url(self) -> str:
        """The page of what it is about; empty where there is none."""
        try:
            return reverse(self.page, args=[self.target]) if self.page and self.target else ""
        except NoReverseMatch:
            return ""


_sources: dict[str, Source] = {}
_subjects: dict[str, type[Model]] = {}


def add_sources(*sources: Source) -> None:
    """Make the rows of these tables lines of the log."""
    _sources.update({source.name: source for source in sources})


def add_subjects(**subjects: type[Model]) -> None:
    """Give each of these models a page of its history, under the word that the sources know it by in `about`."""
    _subjects.update(subjects)


def subjects() -> Mapping[str, type[Model]]:
    """Return every model that has a page of its history, by its word."""
    return MappingProxyType(_subjects)


def subject_of(word: str) -> type[Model] | None:
    """Return the model of a subject."""
    return _subjects.get(word)


def about(row: Model) -> tuple[str, int] | None:
    """Return the subject that a row is; None for what has no history here."""
    return next(((word, row.pk) for word, model in _subjects.items() if type(row) is model), None)


def history_source(
    name: str,
    model: Any,
    kinds: Mapping[str, Q],
    *,
    page: Any = "",
    target: Any = None,
    kind: Any = None,
    about: Mapping[str, Callable[[int], Q]],
) -> Source:
    """Return the source that a model's history is."""
    return Source(
        name=name,
        rows=model.history.get_queryset,
        kinds=kinds,
        moment="history_date",
        user="history_user",
        model=model,
        columns={
            "log_kind": kind if kind is not None else Value(next(iter(kinds))),
            "log_action": F("history_type"),
            "log_who": F("history_who"),
            "log_label": F("history_label"),
            "log_reason": F("history_change_reason"),
            "log_changes": F("history_changes"),
            "log_page": page if hasattr(page, "resolve_expression") else Value(page),
            "log_target": target,
        },
        search=lambda text: (
            Q(history_label_key__contains=fold(text))
            | Q(history_change_reason__icontains=text)
            | Q(history_who__icontains=text)
            | _changed("history_changes", text)
        ),
        about=about,
    )


def _changed(column: str, text: str) -> Q:
    """Find a text in what changed. SQLite keeps ä as its number and knows its capital as another letter."""
    words = Cast(F(column), TextField())
    ways = {text, text.lower(), text.upper(), text.capitalize()} if not text.isascii() else {text}
    written = {json.dumps(way, ensure_ascii=is_ascii)[1:-1] for way in ways for is_ascii in (True, False)}
    return reduce(or_, (Q(IContains(words, way)) for way in sorted(written)))


def entries(wish: Wish, before: Place | None = None, limit: int = SHOWN + 1) -> list[Entry]:
    """Return the newest lines of the log, in one statement, however long it is."""
    parts = [
        _part(source, wish, before, limit)
        for source in _sources.values()
        if (not wish.kind or wish.kind in source.kinds) and (wish.about is None or wish.about[0] in source.about)
    ]
    if not parts:
        return []
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return [_entry(row) for row in found.order_by("-log_moment", "-log_source", "-log_id")[:limit]]


def every_entry(wish: Wish, at_most: int) -> Iterable[Entry]:
    """Yield the lines of the log, newest first, some thousand by the statement."""

    def walk() -> Iterable[Entry]:
        before, size = None, 1000
        while found := entries(wish, before, size):
            yield from found
            if len(found) < size:
                return
            before = (found[-1].moment, found[-1].source.name, found[-1].id)

    return islice(walk(), at_most)


def place_of(text: str) -> Place | None:
    """Return where a page starts, from an address; None when it says nothing that can be."""
    moment, _sep, rest = text.partition("_")
    name, _sep, key = rest.rpartition("_")
    number = whole_number(key)
    if name not in _sources or number is None:
        return None
    try:
        start = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if start.tzinfo is None else (start, name, number)


def _part(source: Source, wish: Wish, before: Place | None, limit: int) -> QuerySet[Any, Any]:
    """Return a source's newest lines."""
    rows = source.rows().filter(_wanted(source, wish), _after(source, before))
    newest = rows.order_by(f"-{source.moment}", "-pk").values("pk")[: SEARCHED if wish.text else limit]
    if wish.text:
        found = source.rows().filter(_said(source, wish), Among("pk", newest))
        newest = found.order_by(f"-{source.moment}", "-pk").values("pk")[:limit]
    given = {"log_source": Value(source.name), "log_id": F("pk"), **source.columns}
    columns: dict[str, Any] = {
        name: Cast(_or_empty(name, given.get(name)), TYPES.get(name, TextField())) for name in COLUMNS
    }
    columns["log_moment"] = F(source.moment)  # a cast would cut it to milliseconds on SQLite
    shown: QuerySet[Any, Any] = source.rows().filter(Among("pk", newest)).order_by().annotate(**columns)
    return shown.values_list(*COLUMNS)


def _or_empty(name: str, given: Any) -> Any:
    if given is None:
        return Value(None if name in TYPES else "")
    return F(given) if isinstance(given, str) else given


def _wanted(source: Source, wish: Wish) -> Q:
    """Return which rows of a source are asked for."""
    wanted = source.kinds[wish.kind] if wish.kind else Q()
    if wish.about is not None:
        wanted &= source.about[wish.about[0]](wish.about[1])
    if wish.person is not None:
        wanted &= Q(**{source.user: wish.person})
    if wish.since is not None:
        wanted &= Q(**{f"{source.moment}__gte": _midnight(wish.since)})
    if wish.until is not None:
        wanted &= Q(**{f"{source.moment}__lt": _midnight(wish.until + timedelta(days=1))})
    return wanted


def _said(source: Source, wish: Wish) -> Q:
    """Return which rows of a source have all the words that are searched for."""
    said = Q()
    for word in wish.text.split():
        said &= source.search(word)
    return said


def _after(source: Source, before: Place | None) -> Q:
    """Return what comes after the end of a page, in a form that the index on the moment serves."""
    if before is None:
        return Q()
    moment, name, number = before
    if source.name > name:
        return Q(**{f"{source.moment}__lt": moment})
    same = Q(**{f"{source.moment}__lte": moment})
    if source.name < name:
        return same
    return same & (Q(**{f"{source.moment}__lt": moment}) | Q(pk__lt=number))


def _midnight(day: date) -> datetime:
    """Return when a day of the shop begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _entry(row: tuple[Any, ...]) -> Entry:
    moment, name, number, kind, action, who, label, reason, changes, *rest = row
    source = _sources[name]
    changed = said(source.model, changes, is_change=action == "~")
    label = " ".join(label.split())
    return Entry(moment, source, number, kind, action, who, label, reason, changed, *rest)
