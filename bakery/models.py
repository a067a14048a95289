"""Abstract models that every app builds on: the base row, the folded name, the row of a ledger."""

import uuid
from collections.abc import Collection
from typing import Any, NoReturn, TypeVar

from django.db import models

from bakery.folding import fold


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
