"""Production's settings, with a database for each size of a shop, and static files in a folder of the bench.

Whatever starts with them names the folder in BENCH_FOLDER, a database of the same server in DATABASE_URL, and in
BENCH_SIZE which of the sized ones is used, else the empty one.
"""

import os
from pathlib import Path
from typing import Any

os.environ |= {
    "BAKERY_DEBUG": "0",
    "BAKERY_HTTPS": "0",
    "ALLOWED_HOSTS": "127.0.0.1,testserver",
    "SECRET_KEY": "a-benchmark-measures-and-keeps-nothing-0123456789-abcdef",  # nosec B105 # no secret
}

from bakery.settings import *  # noqa: F403 - the mode is chosen first
from bakery.settings import DATABASES, LOGGING

FOLDER = Path(os.environ["BENCH_FOLDER"])


def _sized(size: str) -> dict[str, object]:
    """Return where the database of a size is."""
    first = DATABASES["default"]
    name = FOLDER / f"{size}.sqlite3" if "sqlite" in first["ENGINE"] else f"bakery_bench_{size}"
    return {**first, "NAME": name}


DATABASES = {"server": DATABASES["default"], **{size: _sized(size) for size in ("empty", "small", "big")}}
DATABASES["default"] = DATABASES[os.environ.get("BENCH_SIZE", "empty")]
STATIC_ROOT = FOLDER / "static"
IS_SERVED = "BENCH_SIZE" in os.environ  # by a server, with files that were collected for it
if not IS_SERVED:  # a server's lines go to its own file, these would stand between the figures
    loggers: Any = LOGGING["loggers"]
    LOGGING = {**LOGGING, "loggers": {**loggers, "bakery.request_log": {"level": "ERROR"}}}
WHITENOISE_USE_FINDERS = not IS_SERVED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_SERVED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
