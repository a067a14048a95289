"""The rows of a table as what they become: django-import-export's resource, with sentences for people."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import Resource
from import_export.results import RowResult
from tablib import Dataset

from bakery.exports import cell as written
from bakery.forms import MAX_MONEY, MAX_QUANTITY
from bakery.history import acting
from bakery.templatetags.bakery_tags import VIEW_COSTS
from bakery.text import fold
from packaging.admin.sheets.cells import Cell, is_empty, refuse, to_amount, to_day, to_text, to_yes_or_no
from packaging.admin.sheets.files import Table
from packaging.locks import lock_imports

logger = logging.getLogger(__name__)

NEW, CHANGED, SAME = RowResult.IMPORT_TYPE_NEW, RowResult.IMPORT_TYPE_UPDATE, RowResult.IMPORT_TYPE_SKIP
Words = str | Promise
Reader = Callable[[Cell], Any]


def text(most: int = 10_000) -> Reader:
    """Read text of at most so many characters."""
    return lambda cell: to_text(cell, most)


def amount(cell: Cell) -> Decimal | None:
    """Read an amount in stock units."""
    return to_amount(cell, places=3, most=MAX_QUANTITY)


def money(cell: Cell) -> Decimal | None:
    """Read a sum of money."""
    return to_amount(cell, places=4, most=MAX_MONEY)


day, yes_or_no = to_day, to_yes_or_no


class Column(Field):  # type: ignore[misc]  # the library has no types
    """One column: its name, what it is for, how a cell is read, and what an empty cell means."""

    def __init__(
        self, attribute: str, name: str, help_text: Words, read: Reader, *, needed: bool = False, keeps: bool = False
    ) -> None:
        """`needed`: an empty cell is refused; `keeps`: it leaves what is there, or what a new row has."""
        super().__init__(attribute=attribute, column_name=name)
        self.help_text, self.read, self.needed, self.keeps = help_text, read, needed, keeps

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> Any:
        """Return what the cell says; `ValidationError` says what is wrong with it."""
        given = row[self.column_name]
        if self.needed and is_empty(given):
            raise refuse(_("This is missing."), "required")
        return self.read(given)

    def save(self, instance: Any, row: dict[str, Cell], is_m2m: bool = False, **kwargs: Any) -> None:
        """Set the attribute where the cell says something else than the row."""
        if self.keeps and is_empty(row[self.column_name]):
            return
        found, before = self.clean(row), getattr(instance, self.attribute, None)
        if found != (before.replace("\r\n", "\n") if isinstance(before, str) else before):
            setattr(instance, self.attribute, found)
            instance.__dict__.setdefault("_typed", []).append(self.attribute)

    def export(self, instance: Any, **kwargs: Any) -> Any:
        """Return the value as a cell."""
        value = getattr(instance, self.attribute, None)
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return str(value) if isinstance(value, models.Model) else value


@dataclass
class Shown:
    """One row of a preview: what will happen, and each cell as it was, as it will be, and whether that differs."""

    number: int
    outcome: str
    cells: list[tuple[str, str, bool]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class SheetResource(Resource):  # type: ignore[misc]  # the library has no types
    """What the tables of all models do alike. A subclass says which row is meant, and how it is written."""

    model: type[models.Model]
    cost_columns: Sequence[str] = ()
    intro: Words = ""

    class Meta:
        use_transactions = True
        use_bulk = True  # rows are written together, when each of them was read
        skip_diff = True
        store_instance = True
        instance_loader_class = staticmethod(lambda _resource, _dataset: None)  # each resource finds its rows itself

    def __init__(self, *, by: User) -> None:
        """Leave the columns of costs out for whoever may not see them (R32)."""
        super().__init__()
        self.by = by
        if not by.has_perm(VIEW_COSTS):
            for name in self.cost_columns:
                del self.fields[name]
        self.numbers: list[int] = []
        self.seen: dict[Any, int] = {}
        self.shown: list[Shown] = []
        self.new: list[Any] = []
        self.changed: list[Any] = []

    # The table

    def read(self, table: Table, *, dry_run: bool) -> Any:
        """Write all rows or none, and return the library's result; `shown` then has a line for each row."""
        self.numbers, self.seen, self.shown = [number for number, _cells in table.rows], {}, []
        self.new, self.changed = [], []
        dataset = Dataset(headers=self._columns_of(table.head))
        for _number, cells in table.rows:
            dataset.append(cells)
        with acting(self.by):
            result = self.import_data(dataset, dry_run=dry_run, rollback_on_validation_errors=True)
        for error in result.base_errors:
            raise error.error
        self._show_errors(result)
        return result

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Let one table come in at a time, and read once what its rows name: none of them asks the database."""
        lock_imports()
        self.prepare(dataset)

    def prepare(self, dataset: Any) -> None:
        """Lock and read what the rows of a file name."""

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Write all rows together, if none of them is wrong."""
        if not (result.has_errors() or result.has_validation_errors()):
            self.write()

    def write(self) -> None:
        """Write what is new and what changed."""
        raise NotImplementedError

    def _columns_of(self, head: Sequence[str]) -> list[str]:
        """Return our names for the names of a file; refuse those that are none and what must be there."""
        ours = {fold(column.column_name): column for column in self.fields.values()}
        if unknown := [name for name in head if fold(name) not in ours]:
            raise refuse(
                _("There is no column “%(column)s” here. The columns are: %(columns)s.")
                % {"column": unknown[0][:60], "columns": ", ".join(self.head())}
            )
        given = {fold(name) for name in head}
        if missing := [c.column_name for key, c in ours.items() if c.needed and key not in given]:
            raise refuse(_("The column “%(column)s” is missing.") % {"column": missing[0]})
        return [ours[fold(name)].column_name for name in head]

    def head(self) -> list[str]:
        """Return the names of the columns."""
        return [column.column_name for column in self.fields.values()]

    def line(self, row: Any) -> list[Cell]:
        """Return a row as the cells of a file that can come in again."""
        return [column.export(self.of(row)) for column in self.fields.values()]

    def of(self, row: Any) -> Any:
        """Return what has the attributes of the columns."""
        return row

    def rows(self, found: models.QuerySet[Any]) -> Iterable[Any]:
        """Return the rows of a list that can come in again, with what their cells name."""
        return found

    # One row

    def number(self, kwargs: dict[str, Any]) -> int:
        """Return the number beside the row in its spreadsheet."""
        return self.numbers[int(kwargs["row_number"]) - 1]

    def once(self, key: Any, number: int) -> None:
        """Refuse what stands in the file twice."""
        if (before := self.seen.setdefault(key, number)) != number:
            raise refuse(_("This stands in row %(row)s already.") % {"row": before}, "twice")

    def get_import_fields(self) -> list[Column]:
        return list(self.fields.values())

    def after_init_instance(self, instance: Any, new: bool, row: dict[str, Cell], **kwargs: Any) -> None:
        self.before = ["" if new else self._said(column, instance) for column in self.fields.values()]

    def import_instance(self, instance: Any, row: dict[str, Cell], **kwargs: Any) -> None:
        """Read every cell, and say of each that cannot be read why."""
        errors = {}
        for column in self.fields.values():
            if column.column_name in row:
                try:
                    column.save(instance, row)
                except ValidationError as error:
                    errors[column.attribute] = error
        if errors:
            raise ValidationError(errors)
        self.settle(instance, self.number(kwargs))

    def settle(self, instance: Any, number: int) -> None:
        """Look at the row as a whole once its cells are read."""

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return not import_validation_errors and not instance._state.adding and "_typed" not in instance.__dict__

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """Ask the row as a whole only when each of its cells can be read."""
        if import_validation_errors:
            raise ValidationError(import_validation_errors)
        self.check(instance)

    def check(self, instance: Any) -> None:
        """Refuse a row that breaks a rule, without asking the database."""

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Keep the row until all of them were read."""
        (self.new if is_create else self.changed).append(instance)

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        now = [self._said(column, row_result.instance) for column in self.fields.values()]
        is_change = row_result.import_type == CHANGED
        cells = [(old, new, is_change and old != new) for old, new in zip(self.before, now, strict=True)]
        self.shown.append(Shown(self.number(kwargs), row_result.import_type, cells))
        row_result.instance = None

    def _said(self, column: Column, instance: Any) -> str:
        value = column.export(instance)
        return value if isinstance(value, str) else written(value)

    # What went wrong

    def _show_errors(self, result: Any) -> None:
        names = {column.attribute: column.column_name for column in self.fields.values()}
        for invalid in result.invalid_rows:
            said = [
                f"{names.get(name, name)}: {sentence}"
                for name, sentences in invalid.field_specific_errors.items()
                for sentence in sentences
            ]
            said += invalid.non_field_specific_errors
            self.shown.append(Shown(self.numbers[invalid.number - 1], "invalid", errors=said))
        for number, errors in result.row_errors():
            logger.error("A row of a table failed", exc_info=errors[0].error)
            sentence = _("This row could not be written. Look at it again, or ask who looks after the program.")
            self.shown.append(Shown(self.numbers[number - 1], "error", errors=[sentence]))
        self.shown.sort(key=lambda shown: shown.number)
