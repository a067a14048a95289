"""Which tables travel, in which order, and why the others stay: a test asks for each model of the program.

A table stands after the tables that its rows name. Fields travel by themselves; only what follows from another column
is left out.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User
from django.db import models

from assembly import models as assembly
from assembly.transfer.values import Kind, kind_of
from bakery.models import FoldedField
from packaging import models as packaging

MODELS: tuple[type[models.Model], ...] = (
    packaging.GenericProduct,
    packaging.Product,
    packaging.FinishedUnit,
    packaging.FinishedGood,
    packaging.Event,
    packaging.AssemblyOrder,
    packaging.Composition,
    packaging.InventoryItem,
    packaging.CompositionAssignment,
    packaging.PromiseMove,
    packaging.StockMovement,
    assembly.AssemblyRun,
    assembly.AssemblyFinishedUnitConsumption,
    assembly.AssemblyPackagingConsumption,
    assembly.AssemblyFinishedGoodConsumption,
    assembly.PackagingDebt,
    assembly.BooksCheck,
)

# An app, or one model of it, and why its rows stay behind.
STAY = {
    "admin": "what people did in the administration of that database; a backup keeps it",
    "auth.group": "setup_roles makes the groups",
    "auth.group_permissions": "setup_roles gives the groups their rights",
    "auth.permission": "migrate makes the permissions",
    "auth.user": "whoever recorded something travels by name, without password or rights (USER_FIELDS)",
    "auth.user_groups": "who may what is decided anew where the rows arrive",
    "auth.user_user_permissions": "who may what is decided anew where the rows arrive",
    "axes": "wrong passwords at that database",
    "bakery.session": "log-ins of browsers end with the move",
    "bakery.signin": "who signed in to that database, with addresses; a backup keeps it",
    "contenttypes": "migrate makes them",
    "otp_static": "second factors are secrets of an account",
    "otp_totp": "second factors are secrets of an account",
    "sessions": "log-ins of browsers end with the move",
}
STAY_HISTORY = "what was changed by whom before the move; a backup keeps it"

CHUNK = 1_000  # rows that a query holds
USER_TABLE = "auth.user"
USER_FIELDS = ("username", "first_name", "last_name")


@dataclass(frozen=True)
class Column:
    """A field of a row as it travels: its name, how a query asks for it, and how its values are written."""

    field: models.Field[Any, Any]
    kind: Kind

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def target(self) -> type[models.Model] | None:
        """The table whose rows this column names; None for a plain value."""
        return self.field.related_model if self.field.is_relation else None

    @property
    def path(self) -> str:
        """What a query asks for: another row by its uuid, a person by username."""
        if self.target is None:
            return self.name
        return f"{self.name}__username" if self.target is User else f"{self.name}__uuid"


@dataclass(frozen=True)
class Table:
    """A model with its columns in the order of the file; the first two are `id` and `uuid`."""

    model: type[models.Model] = field(repr=False)

    @cached_property
    def name(self) -> str:
        return self.model._meta.label_lower

    @cached_property
    def columns(self) -> dict[str, Column]:
        fields = [field for field in self.model._meta.concrete_fields if not isinstance(field, FoldedField)]
        return {field.name: Column(field, kind_of(field)) for field in fields}

    def rows(self, names: list[str] | None = None, **only: Any) -> Generator[list[Any]]:
        """Yield rows as they stand in a file, in the order in which they were made, a few at a time."""
        columns = [self.columns[name] for name in names or self.columns]
        found = self.model._base_manager.filter(**only).order_by("pk").values_list(*(column.path for column in columns))
        writers = [column.kind.write for column in columns]
        for row in found.iterator(chunk_size=CHUNK):
            yield [None if value is None else write(value) for write, value in zip(writers, row, strict=True)]


TABLES = {model._meta.label_lower: Table(model) for model in MODELS}


def people() -> Generator[list[str]]:
    """Yield whoever is named by a row that travels, by username."""
    named: set[Any] = set()
    for table in TABLES.values():
        for column in table.columns.values():
            if column.target is User:
                rows = table.model._base_manager.exclude(**{column.name: None}).order_by()
                named.update(rows.values_list(column.name, flat=True).distinct())
    for row in User.objects.filter(pk__in=named).order_by("username").values_list(*USER_FIELDS):
        yield list(row)
