#!/usr/bin/env python3
"""Django's command line, in development mode unless BAKERY_DEBUG=0."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run one management command; refuse unusable settings with one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery.settings")
    os.environ.setdefault("BAKERY_DEBUG", "1")
    try:
        settings.INSTALLED_APPS  # noqa: B018 - reading it loads the settings
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
