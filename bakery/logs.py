"""Lines of the log that nobody can forge: what people send stands in them, and a line break would begin a new one."""

import logging
from typing import Any

INDENT = "    "


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
