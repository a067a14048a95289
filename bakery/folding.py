"""How texts are compared. Pure, so that everything may use it."""

import unicodedata


def fold(text: str) -> str:
    """Return `text` as it is compared: NFKC, without case, accents, or spare spaces.

    The database cannot do this alike everywhere (SQLite folds ASCII only), so it is stored and searched in this form.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return " ".join(plain.split())
