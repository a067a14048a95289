"""The settings of the tests: development's, with a cheap password hasher and static files that need no manifest."""

import os

os.environ["BAKERY_DEBUG"] = "1"
os.environ.pop("SECRET_KEY", None)

from bakery.settings import *  # noqa: F403 - the mode is chosen first

AXES_ENABLED = False  # tests of the log-in switch it on; the others would write two rows for each log-in
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
