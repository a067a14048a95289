"""What the tests of `import_baketracker` share: bring a file, and look at what is here."""

from contextlib import nullcontext
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from assembly.queries import check_books
from assembly.tests.baketracker_file import uuid_of
from packaging.models import (
    InventoryItem,
)

D = Decimal


def bring(path: Path, *options: str, code: int = 0) -> str:
    """Run the command and return what it printed; the books balance whatever happened."""
    out = StringIO()
    with pytest.raises(SystemExit, match=str(code)) if code else nullcontext():
        call_command("import_baketracker", str(path), *options, stdout=out)
    assert check_books() == []
    return out.getvalue()


def everything() -> dict[str, list[dict]]:
    """Every row of both apps."""
    models = [model for app in ("packaging", "assembly") for model in apps.get_app_config(app).get_models()]
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


def lot(pk: int) -> InventoryItem:
    return InventoryItem.objects.get(uuid=uuid_of("inventory_items", pk))


def left(slug: str) -> Decimal:
    lots = InventoryItem.objects.filter(finished_unit__slug=slug) | InventoryItem.objects.filter(
        finished_good__slug=slug
    )
    return sum((row.quantity for row in lots), D(0))


def told(text: str, *words: str) -> bool:
    """Whether one line of the report has all the words."""
    return any(all(word in line for word in words) for line in text.splitlines())
