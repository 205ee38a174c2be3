"""Settings of the tests: SQLite in a temporary folder, or the database of LIFESTREAM_TEST_DATABASE_URL.

SQLite is a file, in WAL mode and with immediate transactions, as on a real site: threads and processes share it. A
query without an order finds its rows in reverse order of their keys, so that a test that relies on the order of keys
fails. On PostgreSQL, such rows have any order.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for the database at *url*.

    It is `postgresql://user:password@host:port/name`, `sqlite:///path`, or "" for a new SQLite file.
    """
    if not url or url.startswith("sqlite:///"):
        fresh = str(Path(tempfile.gettempdir()) / f"lifestream-tests-{os.getpid()}.sqlite3")
        name = unquote(url.removeprefix("sqlite:///")) or fresh
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA reverse_unordered_selects=ON"
                ),
            },
            "TEST": {"NAME": name},
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError(f"LIFESTREAM_TEST_DATABASE_URL is {url!r}; give postgresql://user@host:port/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "lifestream",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
    }


SECRET_KEY = "a key for tests that is long enough to please Django's deployment checks, and no secret"
DEBUG = False
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": database(os.environ.get("LIFESTREAM_TEST_DATABASE_URL", ""))}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "lifestream",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
ROOT_URLCONF = "testsite.urls"
STATIC_URL = "/static/"
USE_TZ = True
LOCALE_PATHS = [Path(__file__).parents[1] / "locale"]  # Arabic, for tests
TIME_ZONE = "UTC"
# The default hasher takes some tenths of a second per login, on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# feedserver, which all tests fetch from, listens on loopback; the guard refuses that by default.
LIFESTREAM_ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]

# Without jitter, a feed is due when a test moves the clock by an hour; without a rate, the feeds of one server are
# fetched without pauses.
LIFESTREAM_JITTER = 0
LIFESTREAM_PER_HOST_RATE = 0

if django.VERSION >= (6, 1):  # before, Django had one mailer, and it needed no setting
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
