"""The settings of the bundled site that fetching and reading need: all of them for a command without a database.

`settings` has them too. For such a command (`read`) this module is Django's settings by itself: it names no database,
and importing it creates neither a folder nor a key.
"""

from __future__ import annotations

import os
import secrets


def listed(name: str) -> list[str]:
    """Return the values in the environment variable *name*, which are separated by commas."""
    return [entry.strip() for entry in os.environ.get(name, "").split(",") if entry.strip()]


SECRET_KEY = secrets.token_urlsafe(50)  # Django refuses to start without one; these commands sign and encrypt nothing.
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "lifestream"]

USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "UTC")

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

LIFESTREAM_ALLOWED_NETWORKS = listed("LIFESTREAM_ALLOWED_NETWORKS")
LIFESTREAM_CONTACT = os.environ.get("LIFESTREAM_CONTACT", "")
