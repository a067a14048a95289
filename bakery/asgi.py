"""The ASGI application, for whoever runs an ASGI server (the views are synchronous, so WSGI is the faster choice)."""

import os
import sys

from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery.settings")

try:
    application = get_asgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(3)  # as in wsgi.py
