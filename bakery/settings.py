"""All settings, from the environment where a shop may differ.

BAKERY_DEBUG       1 for development (manage.py and start.py set it), 0 in production (the default under wsgi and asgi)
SECRET_KEY         needed in production, at least 50 random characters; in development var/secret_key, made by start.py
ALLOWED_HOSTS      needed in production: the host names, separated by commas
DATABASE_URL       sqlite:///path (default: var/bakery.sqlite3) or postgres://user:password@host:port/name
BAKERY_POOLER      1 where DATABASE_URL names a pooler that works by transactions (PgBouncer), default 0
TIME_ZONE          the shop's time zone, default UTC: "today" is a date of the shop
BAKERY_CURRENCY    the sign before an amount, default €
BAKERY_IDLE_MINUTES   after how long without use a log-in ends, default 720: a shift of twelve hours
BAKERY_LOCK_MINUTES   how long somebody waits after too many wrong passwords, default 15
BAKERY_PROXIES        how many proxies of the shop stand before the program, default 0: X-Forwarded-For and
                   X-Forwarded-Proto are believed only behind one
BAKERY_SECOND_FACTOR_GROUPS   names of groups, by commas, whose people must have a second factor; "staff" means
                   everybody who may open the administration; default none
BAKERY_SLOW_MS     from how many milliseconds on a request is written down as slow, default 1000
BAKERY_WORKERS     how many processes gunicorn runs (gunicorn.conf.py), default one for each core, and two at least
BAKERY_HTTPS       0 only where the shop's own network is served without HTTPS (production, default 1)
"""

import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from bakery.database import database_from_url, through_a_pooler
from bakery.text import whole_number

# Lets a class be written as its type says, `ModelAdmin[Product]`, which Django's classes do not allow when they run.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

DEBUG = os.environ.get("BAKERY_DEBUG", "0") == "1"
HOST = re.compile(r"\.?[\w-]+(\.[\w-]+)*|\[[0-9a-fA-F:.]+\]")  # a name, an address, or a domain with all its names


def _secret_key() -> str:
    """The secret key: given, or in development the file that start.py made, or a constant that says what it is."""
    given = os.environ.get("SECRET_KEY", "")
    if given and not DEBUG and (len(given) < 50 or len(set(given)) < 10):
        raise ImproperlyConfigured("Set SECRET_KEY to at least 50 random characters: this one is easy to guess.")
    if given:
        return given
    if not DEBUG:
        raise ImproperlyConfigured("Set SECRET_KEY to a long random text: production does not start without one.")
    kept = VAR_DIR / "secret_key"
    return kept.read_text("ascii").strip() if kept.exists() else "development-only-not-a-secret"


def _allowed_hosts() -> list[str]:
    """The host names that are answered; production has to name them."""
    hosts = _names("ALLOWED_HOSTS")
    if not hosts and not DEBUG:
        raise ImproperlyConfigured(
            "Set ALLOWED_HOSTS to the host names of this shop, separated by commas: production does not start without."
        )
    if not DEBUG and (wrong := [host for host in hosts if not HOST.fullmatch(host)]):
        raise ImproperlyConfigured(
            f"Set ALLOWED_HOSTS to host names alone, such as shop.example: {wrong[0]!r} is none, or stands for any."
        )
    return hosts


def _number(name: str, default: int, *, least: int) -> int:
    """A whole number from the environment; nonsense is refused when the program starts, not when it is used."""
    given = os.environ.get(name, "").strip() or str(default)
    number = whole_number(given, digits=7)
    if number is None or not least <= number <= 1_000_000:
        raise ImproperlyConfigured(f"Set {name} to a whole number, {least} or more: {given!r} is none.")
    return number


def _switch(name: str, *, is_on: bool) -> bool:
    """1 or 0 from the environment: "yes" would be on for one reader and off for the next."""
    given = os.environ.get(name, "").strip() or str(int(is_on))
    if given not in {"0", "1"}:
        raise ImproperlyConfigured(f"Set {name} to 1 or 0: {given!r} is neither.")
    return given == "1"


def _names(name: str) -> list[str]:
    """Names from the environment, separated by commas."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = _allowed_hosts()

INSTALLED_APPS = [
    "bakery",
    "packaging",
    "assembly",
    "django_htmx",
    "template_partials",
    "whitenoise.runserver_nostatic",  # one way to serve static files, in development too
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "import_export",
]

MIDDLEWARE = [
    "bakery.request_log.RequestLogMiddleware",
    "bakery.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages; the static files are kept compressed (docs/security.md)
    "bakery.middleware.InputMiddleware",
    "bakery.middleware.HealthMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "bakery.middleware.IdleMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",  # who it was that changed something in the admin
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "bakery.middleware.HtmxLoginMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "bakery.middleware.SecondFactorMiddleware",
    "bakery.middleware.NotFoundMiddleware",
    "bakery.middleware.AdminInputMiddleware",
    "bakery.middleware.OnceMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "bakery.urls"
WSGI_APPLICATION = "bakery.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "bakery.context_processors.shell",
            ],
            # Built in since Django 6: there this line and the app are deleted, and no template changes.
            "builtins": ["template_partials.templatetags.partials"],
        },
    },
]

DATABASES = {"default": database_from_url(os.environ.get("DATABASE_URL", ""), var_dir=VAR_DIR)}
if _switch("BAKERY_POOLER", is_on=False):
    DATABASES["default"] = through_a_pooler(DATABASES["default"])

# Log-in: every page needs one (LoginRequiredMiddleware).
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "bakery.backends.RightsAtOnce"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# A log-in ends after this long without use (bakery/sessions.py), and at once when its row is deleted.
SESSION_ENGINE = "bakery.sessions"
SESSION_COOKIE_AGE = _number("BAKERY_IDLE_MINUTES", 720, least=1) * 60

# Wrong passwords (bakery/throttle.py): so many of one name at one address, and a cap for each name and each address.
# A good log-in clears the count of that name at that address only. Trying again does not make the wait longer.
BAKERY_LOCK_MINUTES = _number("BAKERY_LOCK_MINUTES", 15, least=1)
BAKERY_LOGIN_CAP = 30
BAKERY_PROXIES = _number("BAKERY_PROXIES", 0, least=0)
AXES_HANDLER = "bakery.throttle.Throttle"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=BAKERY_LOCK_MINUTES)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "bakery.throttle.client_address"
AXES_LOCKOUT_CALLABLE = "bakery.accounts.locked_out"
AXES_SENSITIVE_PARAMETERS = [
    *("username", "ip_address", "csrfmiddlewaretoken", "next"),
    *("code", "old_password", "new_password1", "new_password2"),
]
AXES_ENABLE_ADMIN = False  # the page People shows who is locked out, and lets them in
AXES_DISABLE_ACCESS_LOG = True  # who signed in and out stands in our own table (bakery/people_history.py)
AXES_VERBOSE = False

# The server (gunicorn.conf.py reads it here, so that nonsense is refused in one place).
BAKERY_WORKERS = _number("BAKERY_WORKERS", max(2, os.cpu_count() or 1), least=1)

# The second factor (bakery/second_factor.py).
BAKERY_SECOND_FACTOR_GROUPS = _names("BAKERY_SECOND_FACTOR_GROUPS")
OTP_TOTP_ISSUER = "Bakery"

# Language and time. A language joins this list when its translation joins locale/: nobody gets half a page of it.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "UTC")
try:
    ZoneInfo(TIME_ZONE)
except (ValueError, LookupError, OSError):
    raise ImproperlyConfigured(f"Set TIME_ZONE to a name like Europe/Berlin: {TIME_ZONE!r} is none.") from None
BAKERY_CURRENCY = os.environ.get("BAKERY_CURRENCY", "€")

# Static files. WhiteNoise serves them from the folders themselves until `collectstatic` has written a manifest:
# the manifest storage would fail on every page before that. Whoever collects does it for production.
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
_is_collecting = sys.argv[1:2] == ["collectstatic"]
_is_collected = _is_collecting or (not DEBUG and (STATIC_ROOT / "staticfiles.json").exists())
WHITENOISE_USE_FINDERS = not _is_collected
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _is_collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Security. The policy has the form of Django 6, whose own middleware then replaces ours.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "connect-src": ["'self'"],
    "font-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
SECURE_PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_is_https = _switch("BAKERY_HTTPS", is_on=True) and not DEBUG
SECURE_SSL_REDIRECT = _is_https
if BAKERY_PROXIES:  # they alone may say that a browser came by HTTPS: without one anybody could
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # a probe beside the server asks without HTTPS, and is told one word
SESSION_COOKIE_SECURE = _is_https
CSRF_COOKIE_SECURE = _is_https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _is_https else 0
# Whether HTTPS is forced on the other hosts of the shop's domain, for good, is not this program's to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CSRF_COOKIE_HTTPONLY = True  # no script of ours reads it: the token stands in the page
CSRF_FAILURE_VIEW = "bakery.views.csrf_failure"

# What is taken in: the whole body with its files, its fields, its files (no form of ours has one), and an address.
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
BAKERY_MAX_QUERY_LENGTH = 8 * 1024
# Only staff who are signed in may send more, and only to where a spreadsheet comes in; its file stays in memory.
BAKERY_MAX_SHEET_SIZE = 5 * 1024 * 1024
BAKERY_SHEET_ADDRESSES = frozenset(
    f"admin:packaging_{model}_import"
    for model in ("genericproduct", "product", "inventoryitem", "finishedunit", "finishedgood", "composition")
)
FILE_UPLOAD_MAX_MEMORY_SIZE = BAKERY_MAX_SHEET_SIZE

# One JSON object a line in production, with a line for every request (bakery/request_log.py); plain lines to develop.
BAKERY_SLOW_MS = _number("BAKERY_SLOW_MS", 1000, least=1)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"class": "bakery.logs.JsonFormatter"},
        "line": {
            "class": "bakery.logs.LineFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line" if DEBUG else "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django brings handlers of its own, which would say everything twice.
    "loggers": {
        "axes": {"level": "WARNING"},
        "bakery.request_log": {"level": "WARNING" if DEBUG else "INFO"},  # Django's own server says the others
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
