"""Settings of a site that has no admin, no sessions and no users who log in.

The environment variable OTHERSITE_DATABASE names the site's SQLite file; without it, the database is in memory.
"""

from __future__ import annotations

import os
from pathlib import Path

SECRET_KEY = "another key, which is no secret either, but is as long as Django would like it to be"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.staticfiles", "lifestream"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "othersite.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        # The template tag `querystring`, in links to older items, needs the request.
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("OTHERSITE_DATABASE", ":memory:"),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    }
}
STATIC_URL = "assets/"
USE_TZ = True
TIME_ZONE = "Europe/Helsinki"
LANGUAGE_CODE = "en-gb"

LIFESTREAM_DEFAULT_PAGINATION = 2
LIFESTREAM_VALID_TAGS = {"p": [], "a": ["href"]}
LIFESTREAM_PLUGINS = ["othersite.loud.LoudPlugin"]
LIFESTREAM_ALLOWED_NETWORKS = ["127.0.0.0/8"]
