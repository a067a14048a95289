"""How gunicorn serves the program: `gunicorn bakery.wsgi` in this folder reads it by itself.

Which kind of worker, and how many, was chosen by measuring: docs/scaling.md. What may differ from shop to shop comes
from the settings of the program; anything else can be said on gunicorn's command line, `--bind` above all.
"""

import os
import sys
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery.settings")

try:
    workers = settings.BAKERY_WORKERS
except ImproperlyConfigured as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(3)

# Threads, because browsers open connections before they need them: a worker without threads waits for each of them and
# serves nobody meanwhile, unless a server in front takes that off it. Here a thread waits five seconds for one.
worker_class = "gthread"
threads = 8
keepalive = 5

preload_app = True  # one start for all workers, their memory shared; nothing opens a connection before they part

# A request takes milliseconds. Who needs a minute hangs; a stop waits for whatever was begun.
timeout = 60
graceful_timeout = 30

# A worker that leaks is replaced before it hurts; not all of them in the same moment.
max_requests = 10_000
max_requests_jitter = 1_000

# A worker says that it is alive by touching a file: on a busy disk that would wait, in memory it does not.
_memory = Path("/dev/shm")  # nosec B108 # noqa: S108 - gunicorn makes a file there that has no name
worker_tmp_dir = str(_memory) if os.access(_memory, os.W_OK) else None

# Who stood before the program is told by BAKERY_PROXIES alone: gunicorn itself believes no header of anybody.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

# The program writes a line for each request (bakery/request_log.py); what gunicorn says has the same form.
accesslog = None
logconfig_dict = {**settings.LOGGING, "loggers": {"gunicorn.error": {"level": "INFO", "propagate": True}}}

control_socket_disable = True  # nobody here steers it but by signals
