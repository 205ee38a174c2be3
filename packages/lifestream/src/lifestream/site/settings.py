"""The settings of the bundled site, all of them from the environment:

LIFESTREAM_HOME              the folder for the database and the secret key (`~/.lifestream`)
LIFESTREAM_HOSTS             the host names that the site is reached by, comma-separated, besides localhost
LIFESTREAM_ALLOWED_NETWORKS  private networks that feeds may be fetched from, comma-separated
LIFESTREAM_CONTACT           an address or URL for the User-Agent, so that a feed's owner knows whom to ask
DATABASE_URL                 another database than SQLite in LIFESTREAM_HOME: postgresql://user:password@host/name
LIFESTREAM_PUBLIC_URL        where hubs reach the site, as https://planet.example.org, so that they may push
LIFESTREAM_CHECK_EVERY       how many seconds to wait between two looks for feeds that are due (60)
CELERY_BROKER_URL            the broker of Celery's workers: redis://host/0
TIME_ZONE                    the zone that dates are shown in (UTC)
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url

from lifestream.content import players
from lifestream.site.home import PrivateConnection, home, secret_key


def _listed(name: str) -> list[str]:
    return [entry.strip() for entry in os.environ.get(name, "").split(",") if entry.strip()]


HOME = home()
SECRET_KEY = secret_key(HOME)
DEBUG = False

LIFESTREAM_PUBLIC_URL = os.environ.get("LIFESTREAM_PUBLIC_URL", "")

_hosts = _listed("LIFESTREAM_HOSTS")
if (_public := urlsplit(LIFESTREAM_PUBLIC_URL).hostname) and _public not in _hosts:
    _hosts.append(_public)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *_hosts]
CSRF_TRUSTED_ORIGINS = [f"https://{host.removeprefix('.')}" for host in _hosts if host != "*"]

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # `urls` imports the classes of the admin, for those who serve pages
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "lifestream",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "lifestream.site.policy.ContentSecurityPolicyMiddleware",
    "lifestream.site.nul.NulMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "lifestream.site.urls"
WSGI_APPLICATION = "lifestream.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Templates in LIFESTREAM_HOME replace the shipped ones.
        "DIRS": [HOME / "templates", Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

try:
    _database = dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{(HOME / 'lifestream.sqlite3').as_posix()}",
        conn_max_age=600,
        conn_health_checks=True,
    )
except ValueError:
    raise SystemExit(  # The message has no URL, since a password may stand in it.
        "DATABASE_URL is no address of a database: write it like postgresql://user:password@host/name, with special "
        "characters of the password percent-encoded."
    ) from None
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # Readers do not wait for the writer. A writer waits at the start of its transaction, where waiting is possible.
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "factory": PrivateConnection,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
DATABASES = {"default": _database}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "UTC")
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # Static files are served from the apps, so nothing has to be collected.
WHITENOISE_MAX_AGE = 3600
# The pictures of a feed are requested without naming the page that shows them.
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "style-src-attr": ["'unsafe-inline'"],  # Of the styles in feeds, the sanitiser kept only LIFESTREAM_VALID_STYLES.
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "img-src": ["'self'", "data:", "http:", "https:"],
    "media-src": ["'self'", "http:", "https:"],
    "frame-src": list(players.ORIGINS),
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "lifestream.terminal.VisibleFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}

LIFESTREAM_ALLOWED_NETWORKS = _listed("LIFESTREAM_ALLOWED_NETWORKS")
if os.environ.get("LIFESTREAM_DEMO"):
    LIFESTREAM_PER_HOST_RATE = 0  # The broker is our own, and somebody waits.
LIFESTREAM_CHECK_EVERY = float(os.environ.get("LIFESTREAM_CHECK_EVERY", "60"))
LIFESTREAM_CONTACT = os.environ.get("LIFESTREAM_CONTACT", "")

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "")
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A process takes one message at a time, and the others are left to whoever is free; see lifestream.tasks.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A task that no worker has taken before the next one is sent is dropped.
CELERY_BEAT_SCHEDULE = {
    "update-feeds": {
        "task": "lifestream.update_feeds",
        "schedule": LIFESTREAM_CHECK_EVERY,
        "options": {"expires": LIFESTREAM_CHECK_EVERY},
    },
    "find-icons": {"task": "lifestream.find_icons", "schedule": 3600.0, "options": {"expires": 3500.0}},
}
