"""The ASGI application, for whoever runs an ASGI server (the views are synchronous, so WSGI is the faster choice)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery.settings")

application = get_asgi_application()
