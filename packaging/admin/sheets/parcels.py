"""What waits between the preview and its confirmation.

It waits in the page itself, packed and signed: no server keeps it, so any server can take it, nothing is left behind
by somebody who went away, and nobody can change it or send what another person looked at.
"""

import zlib
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, dumps, loads
from django.utils.translation import gettext as _

from packaging.admin.sheets.cells import Cell, refuse
from packaging.admin.sheets.files import Table

PATIENCE = 3600  # seconds that a preview may be looked at
MOST_BYTES = 400 * 1024  # below what any form may send


def pack(table: Table, *, model: str, user_id: int, outcome: dict[str, int]) -> str:
    """Return a table as text that only this person can send back for this model."""
    rows = [[number, [_packed(cell) for cell in cells]] for number, cells in table.rows]
    text = dumps({"head": table.head, "rows": rows, "outcome": outcome}, salt=_salt(model, user_id), compress=True)
    if len(text) > MOST_BYTES:
        raise refuse(_("This is too much text for one file. Cut it into several."))
    return text


def unpack(text: str, *, model: str, user_id: int) -> tuple[Table, dict[str, int]]:
    """Return the table and what the preview said would happen."""
    try:
        found: dict[str, Any] = loads(text, salt=_salt(model, user_id), max_age=PATIENCE)
    except (BadSignature, ValueError, zlib.error):
        raise ValidationError(
            _("This preview is too old, or not yours. Choose the file again."), code="stale"
        ) from None
    rows = [(number, [_unpacked(cell) for cell in cells]) for number, cells in found["rows"]]
    return Table(found["head"], rows), found["outcome"]


def _salt(model: str, user_id: int) -> str:
    return f"packaging.sheets:{model}:{user_id}"


def _packed(cell: Cell) -> str | list[str]:
    if isinstance(cell, str):
        return cell
    return ["n", str(cell)] if isinstance(cell, Decimal) else ["d", cell.isoformat()]


def _unpacked(cell: Any) -> Cell:
    if isinstance(cell, str):
        return cell
    kind, text = cell
    return Decimal(text) if kind == "n" else date.fromisoformat(text)
