"""Production's settings, with a database for each size of a shop, and static files collected in a folder of the bench.

Whatever starts with them names the folder in BENCH_FOLDER and the first database in DATABASE_URL.
"""

import os
from pathlib import Path

os.environ |= {
    "BAKERY_DEBUG": "0",
    "BAKERY_HTTPS": "0",
    "ALLOWED_HOSTS": "127.0.0.1,testserver",
    "SECRET_KEY": "a-benchmark-measures-and-keeps-nothing-0123456789-abcdef",  # nosec B105 # no secret
}

from bakery.settings import *  # noqa: F403 - the mode is chosen first
from bakery.settings import DATABASES

FOLDER = Path(os.environ["BENCH_FOLDER"])


def _sized(size: str) -> dict[str, object]:
    """Return where the database of a size is."""
    first = DATABASES["default"]
    name = FOLDER / f"{size}.sqlite3" if "sqlite3" in first["ENGINE"] else f"bakery_bench_{size}"
    return {**first, "NAME": name}


DATABASES = {"server": DATABASES["default"], **{size: _sized(size) for size in ("empty", "small", "big")}}
DATABASES["default"] = DATABASES["empty"]
STATIC_ROOT = FOLDER / "static"
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
