"""Lines of the log that nobody can forge: what people send stands in them, and a line break would begin a new one.

Development reads plain lines; production writes one JSON object a line, for journald and whatever collects it.
"""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

INDENT = "    "

# The request that is answered just now (bakery/request_log.py): every line that is written meanwhile bears its id.
request_id: ContextVar[str] = ContextVar("request_id", default="")


def in_one_line(text: str) -> str:
    """Write what is not printable (line breaks, terminal codes, invisible marks) as its code: \\n, \\x1b, \\u202e."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode("ascii")
        for char in text
    )


class LineFormatter(logging.Formatter):
    """One line for each message. Those of a traceback are indented: none of them looks like a message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is Python's
        return in_one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is Python's
        return self._indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the name is Python's
        return self._indented(super().formatStack(stack_info))

    def _indented(self, text: str) -> str:
        return "\n".join(INDENT + in_one_line(line) for line in text.split("\n"))


class JsonFormatter(logging.Formatter):
    """One JSON object for each message, in ASCII: line breaks, terminal codes and invisible marks are escaped in it.

    Given `extra={"facts": {...}}`, a message brings fields of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if asked := request_id.get():
            line["request_id"] = asked
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, default=str).replace("\x7f", "\\u007f")  # the one control code that JSON leaves
