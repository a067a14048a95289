"""One row out of more than fit a list: a search in front of the list says which of them it offers."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import ModelChoiceIterator

MOST_OFFERED = 200  # rows of a list that needs no search
MOST_FOUND = 50  # rows of one that does


class OfferedIterator(ModelChoiceIterator):  # type: ignore[type-arg]
    """The rows that a list offers, read when it is shown."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield ("", self.field.empty_label)
        field: Any = self.field
        yield from self.choices_of(field.offered())

    def choices_of(self, rows: list[Any]) -> Iterator[Any]:
        """Yield rows as choices."""
        return map(self.choice, rows)


class RowField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A row of the catalogue; its queryset can `search`. All rows are valid, whichever of them the list offers."""

    iterator = OfferedIterator
    is_long = False  # known once the list was shown
    sought = ""
    kept: Any = None
    _offered: list[Any] | None = None

    def narrow(self, sought: str, kept: Any) -> None:
        """Offer what a search finds, and the row that is chosen already."""
        self.sought, self.kept, self._offered = sought.strip()[:100], kept, None
        self.offered()

    def offered(self) -> list[Any]:
        """Return the rows of the list, in one statement; one more where a long one lacks what is chosen."""
        if self._offered is None:
            rows = list(self._found()[: MOST_OFFERED + 1])
            self.is_long = bool(self.sought) or len(rows) > MOST_OFFERED
            self._offered = self._with_kept(rows[:MOST_FOUND]) if self.is_long else rows
        return self._offered

    def _found(self) -> Any:
        rows: Any = self.queryset
        return rows.search(self.sought) if self.sought else rows

    def _with_kept(self, rows: list[Any]) -> list[Any]:
        try:
            kept = None if self.kept in self.empty_values else self.to_python(self.kept)
        except ValidationError:
            return rows
        return rows if kept is None or kept in rows else [kept, *rows]


def narrow(bound: forms.BoundField, typed: Mapping[str, Any]) -> None:
    """Let a list offer what its search finds, and what is chosen; a field that is no such list is left as it is."""
    if isinstance(bound.field, RowField):
        bound.field.narrow(str(typed.get(f"find_{bound.html_name}", "")), bound.value())


def list_called(form: forms.BaseForm | None, name: str) -> forms.BoundField | None:
    """Return the list of a form that has this id on its page, if there is one."""
    return next((bound for bound in form or () if isinstance(bound.field, RowField) and bound.auto_id == name), None)
