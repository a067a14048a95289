"""What an import says when it says no."""

from collections.abc import Sequence


class ImportRefused(Exception):
    """A file is not brought in; nothing was changed. The text is a sentence, `rows` name what is wrong in detail."""

    def __init__(self, sentence: str, rows: Sequence[str] = ()) -> None:
        self.rows = list(rows)
        super().__init__(sentence)
