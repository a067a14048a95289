"""Bringing a file in: all of it or nothing, each row once, exactly as it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import DatabaseError, OperationalError, connection, models, transaction
from django.utils.translation import gettext as _

from assembly.queries import check_books
from assembly.transfer.errors import ImportRefused
from assembly.transfer.read import Section, read_rows
from assembly.transfer.tables import USER_TABLE, Table
from assembly.transfer.write import Progress, quiet
from bakery.bulk import Bulk
from bakery.database import check_at_once
from bakery.history import acting
from bakery.models import FoldedField
from bakery.text import fold

BATCH = 1_000  # rows of one statement
MOST_SAID = 20  # rows named in a refusal


@dataclass
class Loaded:
    """What an import did: new rows of each table, and rows that were there already."""

    new: dict[str, int] = field(default_factory=dict)
    known: int = 0


def load_file(path: Path, *, progress: Progress = quiet) -> Loaded:
    """Bring a file in, or raise `ImportRefused` and change nothing.

    The whole file is checked before the first row is written, and while it is written once more: it may be another
    one by then. Rows that are here already must be what the file says they are.
    """
    for _row in read_rows(path, quiet):
        pass
    with transaction.atomic(), acting(None):
        check_at_once(connection)
        loaded = _Loader().load(path, progress)
        if loaded.new and (differences := check_books()):
            raise ImportRefused(
                _("The books would not balance with this export. Nothing was brought in."),
                [str(difference) for difference in differences[:MOST_SAID]],
            )
    return loaded


class _Loader:
    """One import. Rows are inserted in the order of the file and never updated: the ledger allows nothing else."""

    def __init__(self) -> None:
        self.loaded = Loaded()
        self.people: dict[str, int] = {}
        self.differ: list[str] = []  # the first of those that do
        self.differing = 0
        self.numbered: list[type[models.Model]] = []
        self.keeps: dict[str, bool] = {}
        self.batch: list[tuple[list[Any], list[Any]]] = []
        self.uuids: set[UUID] = set()
        self.section: Section | None = None
        self.bulk: Bulk | None = None

    def load(self, path: Path, progress: Progress) -> Loaded:
        for section, written, row in read_rows(path, progress):
            if section.table is None:
                self._person(*row)
                continue
            if section is not self.section or len(self.batch) >= BATCH or self._names_the_batch(section, row):
                self._flush()
                self.section = section
            self.batch.append((written, row))
            self.uuids.add(row[1])
        self._flush()
        if self.differing:
            raise ImportRefused(
                _("%(count)s rows are here already and differ from the export. Nothing was brought in.")
                % {"count": self.differing},
                self.differ,
            )
        self._go_on_counting()
        return self.loaded

    def _person(self, username: str, first_name: str, last_name: str) -> None:
        """Find who is named by rows; a name that is not there becomes an account that nobody can log in with."""
        user = User.objects.filter(username=username).first()
        if user is None:
            user = User(username=username, first_name=first_name, last_name=last_name, is_active=False)
            user.set_unusable_password()
            try:
                user.full_clean(exclude=["password"])
            except ValidationError as error:
                raise _refused(USER_TABLE, username, error) from error
            user.save(force_insert=True)
            self._count(USER_TABLE, 1)
        self.people[username] = user.pk

    def _count(self, name: str, new: int) -> None:
        if new:
            self.loaded.new[name] = self.loaded.new.get(name, 0) + new

    def _names_the_batch(self, section: Section, row: list[Any]) -> bool:
        """Say whether a row names one of its own table that is not written yet, or is there twice."""
        return any(isinstance(value, UUID) and value in self.uuids for value in row)

    def _flush(self) -> None:
        """Write the rows that wait, but for those that are here."""
        section, batch = self.section, self.batch
        self.batch, self.uuids = [], set()
        if section is None or section.table is None or not batch:
            return
        table = section.table
        if table.name not in self.keeps:
            self.keeps[table.name] = not table.model._base_manager.exists()
        if not self.keeps[table.name]:
            batch = self._new_ones(section, table, batch)
        if batch:
            self._insert(table, section.names, [row for _written, row in batch])
            self._count(table.name, len(batch))

    def _new_ones(
        self, section: Section, table: Table, batch: list[tuple[list[Any], list[Any]]]
    ) -> list[tuple[list[Any], list[Any]]]:
        """Return the rows that are not here; note those that are here and say something else.

        A row's number may be another one here: what it is called elsewhere is its uuid.
        """
        here = {row[1]: row for row in table.rows(section.names, uuid__in=[row[1] for _written, row in batch])}
        new = []
        for written, row in batch:
            known = here.get(written[1])
            if known is None:
                new.append((written, row))
            elif known[2:] == written[2:]:
                self.loaded.known += 1
            else:
                self.differing += 1
                if len(self.differ) < MOST_SAID:
                    self.differ.append(_difference(section, known, written))
        return new

    def _insert(self, table: Table, names: list[str], rows: list[list[Any]]) -> None:
        """Insert rows in one statement; when the database refuses, find the row and say why."""
        keeps = self.keeps[table.name]
        if keeps and table.model not in self.numbered:
            self.numbered.append(table.model)
        if self.bulk is None or self.bulk.model is not table.model:
            fields = [each for each in table.model._meta.concrete_fields if keeps or not each.primary_key]
            self.bulk = Bulk(table.model, fields)
        bulk, columns = self.bulk, self._columns(table, names, rows)
        made = list(zip(*(columns[each.name] for each in bulk.fields), strict=True))
        try:
            with transaction.atomic():
                bulk.insert(made)
        except OperationalError:  # the disk is full, the server is gone: no row is to blame
            raise
        except DatabaseError as error:
            raise _why(table, bulk, made, error) from error

    def _columns(self, table: Table, names: list[str], rows: list[list[Any]]) -> dict[str, list[Any]]:
        """Return the values by column, with the numbers that named rows have here, and with what the file lacks."""
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        for name in names:
            target = table.columns[name].target
            if target is not None:
                columns[name] = self._numbers(table, name, target, columns[name])
        for each in table.model._meta.concrete_fields:
            if isinstance(each, FoldedField):
                columns[each.name] = [fold(value or "") for value in columns[each.source]]
            elif each.name not in columns:
                columns[each.name] = [each.get_default() for _row in rows]
        return columns

    def _numbers(self, table: Table, name: str, target: type[models.Model], named: list[Any]) -> list[Any]:
        """Return the number here of each row that is named."""
        found: dict[Any, int] = self.people
        if target is not User:
            uuids = {uuid for uuid in named if uuid is not None}
            found = dict(target._base_manager.filter(uuid__in=uuids).values_list("uuid", "pk")) if uuids else {}
        for each in named:
            if each is not None and each not in found:
                raise ImportRefused(
                    _("%(table)s names %(row)s as %(field)s, and that is neither in the export nor here.")
                    % {"table": table.name, "row": each, "field": name}
                )
        return [None if each is None else found[each] for each in named]

    def _go_on_counting(self) -> None:
        """Let PostgreSQL count on behind the numbers that were given; SQLite does by itself."""
        with connection.cursor() as cursor:
            for sql in connection.ops.sequence_reset_sql(no_style(), self.numbered):
                cursor.execute(sql)


def _why(table: Table, bulk: Bulk, rows: Sequence[Sequence[Any]], refusal: DatabaseError) -> ImportRefused:
    """Find the first row that the database refuses, and the words of the rule."""
    for row in rows:
        try:
            with transaction.atomic():
                bulk.insert([row])
        except DatabaseError as error:
            refusal = error
            instance = table.model(**dict(zip((each.attname for each in bulk.fields), row, strict=True)))
            instance.pk = None  # its own number is not what the rule is about
            try:
                instance.validate_unique()
                instance.validate_constraints()
            except ValidationError as words:
                return _refused(table.name, str(instance.uuid), words)  # type: ignore[attr-defined]
            break
    return ImportRefused(
        _("%(table)s: the database refuses a row (%(why)s). Nothing was brought in.")
        % {"table": table.name, "why": str(refusal).partition("\n")[0]}
    )


def _refused(table: str, row: str, error: ValidationError) -> ImportRefused:
    return ImportRefused(
        _("%(table)s %(row)s cannot be brought in: %(why)s Nothing was changed.")
        % {"table": table, "row": row, "why": " ".join(error.messages)}
    )


def _difference(section: Section, here: list[Any], there: list[Any]) -> str:
    """Say in which fields a row that is here differs."""
    fields = [
        f"{name} {ours!r}, export {theirs!r}"
        for name, ours, theirs in zip(section.names[2:], here[2:], there[2:], strict=True)
        if ours != theirs
    ]
    return f"{section.name} {there[1]}: {'; '.join(fields)}"[:300]
