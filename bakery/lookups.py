"""How rows are looked for that others name: `pk__among=rows`."""

from typing import Any

from django.db.models import Field
from django.db.models.lookups import In


@Field.register_lookup
class Among(In):
    """`pk__among=rows`: one of few rows, which are found first.

    PostgreSQL does not know how few they will be, and tries no order of more than eight tables, so that it would rather
    read every lot, line or movement than look for some; of an array it expects little. SQLite does so by itself.
    """

    lookup_name = "among"

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        """Write the rows as an array."""
        if self.rhs_is_direct_value():
            return self.as_sql(compiler, connection)
        rows, values = self.process_rhs(compiler, connection)
        column, own = self.process_lhs(compiler, connection)
        return f"{column} = ANY(ARRAY{rows})", (*own, *values)
