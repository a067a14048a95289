"""The WSGI application for a production server: `gunicorn bakery.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery.settings")

application = get_wsgi_application()
