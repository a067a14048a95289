"""Checking the books, and keeping what the check said."""

from django.contrib.auth.models import User
from django.db import transaction

from assembly.models import BooksCheck
from assembly.queries import check_books


@transaction.atomic
def keep_check(*, by: User | None) -> BooksCheck:
    """Check the books in one picture of the database, and keep when and what differed."""
    differences = "\n".join(str(difference) for difference in check_books())
    return BooksCheck.objects.create(checked_by=by, differences=differences)
