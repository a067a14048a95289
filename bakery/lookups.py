"""How rows are looked for that another query names."""

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.lookups import In


class Among(In):
    """Whether a column is one of the keys of another query: PostgreSQL lists them once, before it looks for anything.

    As a join it may ask for them row by row, or read a table from end to end, when its statistics are old or missing,
    when they cannot know how few rows there will be, or when more than eight tables are joined.
    """

    def __init__(self, column: str, keys: QuerySet[Any, Any]) -> None:
        """Compare the column with the one that `keys` selects."""
        super().__init__(F(column), keys.query)

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        """Write the list as an array where there are arrays."""
        return f"= ANY (ARRAY{rhs})" if connection.vendor == "postgresql" else super().get_rhs_op(connection, rhs)
