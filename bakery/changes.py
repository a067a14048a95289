"""What a row of a history says, in words: "Quantity 50 → 40"."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.formats import date_format
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from bakery.forms import plain_number
from bakery.history import ROW

LONGEST = 200  # of a text that is shown whole


@dataclass(frozen=True)
class Said:
    """One change: of what, from what, to what. A new row has no `old`, a removed one no `new`."""

    name: str
    old: str
    new: str

    def __str__(self) -> str:
        values = [value for value in (self.old, self.new) if value]
        return f"{self.name} {' → '.join(values)}".strip()


def said(model: type[models.Model] | None, kept: str, *, is_change: bool) -> Sequence[Said]:
    """Return the changes that a history kept of a row of `model`; a row that is new or gone has no other side."""
    if model is None or not kept:
        return []
    nothing = _("nothing") if is_change else ""
    return [_said(model, name, old, new, nothing) for name, old, new in json.loads(kept) if name not in ROW]


def _said(model: type[models.Model], name: str, old: Any, new: Any, nothing: str) -> Said:
    if name == "password":
        return Said(_("New password"), "", "")
    if name == "remark":
        return Said(_plain(new), "", "")
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:  # it had this name when it was written
        return Said(capfirst(name.replace("_", " ")), _plain(old), _plain(new))
    label = capfirst(str(getattr(field, "verbose_name", name)))
    if isinstance(old, list) and isinstance(new, list):
        return Said(label, "", "; ".join(_signed("−", old) + _signed("+", new)))
    return Said(label, _value(field, old) or nothing, _value(field, new) or nothing)


def _signed(sign: str, names: list[Any]) -> list[str]:
    return [f"{sign} {name}" for name in names]


def _value(field: Any, value: Any) -> str:
    """Return a value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    try:
        if isinstance(field, models.DecimalField):
            return plain_number(Decimal(value))
        if isinstance(field, models.DateField):
            return date_format(field.to_python(value), "j M Y")
    except (ArithmeticError, ValidationError):  # the column was of another type then
        return _plain(value)
    return _plain(value)


def _plain(value: Any) -> str:
    return "" if value is None else Truncator(" ".join(str(value).split())).chars(LONGEST)
