"""Text as it is compared, and as it is marked for translation where no Django is known. Pure."""

import unicodedata


def gettext_noop(words: str) -> str:
    """Mark words for translation; whoever shows them translates them."""
    return words


def whole_number(text: str, digits: int = 18) -> int | None:
    """Return the number that an address or a form sent as text; None for other text, or more digits than asked for.

    Eighteen digits are what every key of a table may have.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def fold(text: str) -> str:
    """Return `text` as it is compared: NFKC, without case, accents, or spare spaces.

    The database cannot do this alike everywhere (SQLite folds ASCII only), so it is stored and searched in this form.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return " ".join(plain.split())
