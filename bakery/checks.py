"""What Django's checks ask about this shop besides the code: whether the settings name what is there."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DEFAULT_DB_ALIAS, Error
from django.utils.translation import ngettext

from bakery.second_factor import unknown_groups


def demanded_groups(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn of groups that must have a second factor and do not exist: nobody would be asked for one.

    It reads the database, so it is asked by `migrate` and by `check --database default` alone. Where there are no
    tables yet there is nothing to say.
    """
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        names = unknown_groups()
    except Error:
        return []
    return [checks.Warning(no_such_groups(names), id="bakery.W001")] if names else []


def no_such_groups(names: Sequence[str]) -> str:
    """Say which groups the setting names in vain."""
    words = ngettext(
        "BAKERY_SECOND_FACTOR_GROUPS names a group that does not exist and demands nothing: %(names)s.",
        "BAKERY_SECOND_FACTOR_GROUPS names groups that do not exist and demands nothing of them: %(names)s.",
        len(names),
    )
    return words % {"names": ", ".join(names)}
