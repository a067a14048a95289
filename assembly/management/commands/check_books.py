"""manage.py check_books: exit 1 and the exact differences when the books do not balance."""

import sys
from typing import Any

from assembly.services import keep_check
from bakery.commands import ShopCommand


class Command(ShopCommand):
    """Recompute every stored figure from the rows that make it."""

    help = "Check lots, promises, runs, debts and orders against their rows; exit 1 with what differs."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, keep the result for the managers' page, and print it."""
        check = keep_check(by=None)
        self.stdout.write(check.differences or str(check))
        if not check.is_balanced:
            sys.exit(1)
