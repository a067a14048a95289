"""Checking the books, and keeping what the check said."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from assembly.models import BooksCheck
from assembly.queries import check_books
from packaging.queries import books


@transaction.atomic
def keep_check(*, by: User | None) -> BooksCheck:
    """Check the books in one picture of the database, and keep when and what differed."""
    differences = [str(difference) for difference in check_books()]
    if len(differences) >= books.MOST:
        differences.append(_("Of each kind %(most)s are named at most: there may be more.") % {"most": books.MOST})
    return BooksCheck.objects.create(checked_by=by, differences="\n".join(differences))
