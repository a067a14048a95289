"""The settings of a server that a test starts: production's, with a cheap hasher and static files of its own."""

import os
from pathlib import Path

from bakery.settings import *  # noqa: F403 - the environment of the server says BAKERY_DEBUG=0

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # that of the tests' users

if _collected := os.environ.get("BAKERY_TEST_STATIC"):
    STATIC_ROOT = Path(_collected)
    WHITENOISE_USE_FINDERS = False
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
