"""Where log-ins are kept: one row each, with whose it is, so that all of a person's end at once on every server.

This is the way Django describes for sessions of one's own (a subclass of its database engine). A row ends when nobody
used it for the shop's idle time. Using it moves its end, but writes only now and then: reading pages stays reading.
"""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends import db
from django.utils import timezone

from bakery.models import Session

STEPS = 20  # the end of a session is moved at most so many times in one idle time, and at most every five minutes
LONGEST_STEP = 300


class SessionStore(db.SessionStore):
    """Django's sessions in the database, which know whose they are and when they end."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.seconds_left: float | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = super().create_model_instance(data)
        assert isinstance(row, Session)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        return row

    def _get_session_from_db(self) -> Session | None:
        """Read the row, and remember how long it still lives."""
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]
        self.seconds_left = (row.expire_date - timezone.now()).total_seconds() if row else None
        return row

    def keep_alive(self) -> None:
        """Have the row's end moved when this request is answered, if that is worth a write."""
        idle = self.get_expiry_age()
        step = min(LONGEST_STEP, idle / STEPS)
        if self.seconds_left is not None and idle - self.seconds_left > step:
            self.modified = True


def end_sessions(user: AbstractBaseUser, keep: str | None = None) -> int:
    """Sign a person out everywhere, on all servers at once, but for the session with the key `keep`."""
    rows = Session.objects.filter(user_id=user.pk)
    if keep:
        rows = rows.exclude(session_key=keep)
    return rows.delete()[0]
