"""The settings of the bundled site that fetching and reading need. A command without a database needs no others.

`settings` builds on them. For such a command (`read`), this module alone is the module of Django's settings: it has no
database, and importing it creates neither a folder nor a key.
"""

from __future__ import annotations

import os
import secrets

from lifestream.site import configuration
from lifestream.site.home import home_folder

try:
    CONFIGURATION = configuration.load(home_folder(), os.environ)
except configuration.ConfigurationError as error:
    raise SystemExit(str(error)) from None
globals().update({name: value for name, value in CONFIGURATION.chosen.items() if name.startswith("LIFESTREAM_")})

SECRET_KEY = secrets.token_urlsafe(50)  # Django refuses to start without one; these commands sign and encrypt nothing.
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "lifestream"]

USE_TZ = True
TIME_ZONE = CONFIGURATION["TIME_ZONE"]
LANGUAGE_CODE = CONFIGURATION["LANGUAGE_CODE"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "lifestream.terminal.VisibleFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
        "json": {"()": "lifestream.site.json_log.JsonFormatter"},
    },
    "filters": {
        "without_unavailable": {"()": "lifestream.site.probe_log.WithoutUnavailable"},
        "names_template": {"()": "lifestream.site.own_templates.NamesTemplate"},
        "refusals_in_one_line": {"()": "lifestream.site.refusal_log.RefusalsInOneLine"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": CONFIGURATION["LIFESTREAM_LOG_FORMAT"],
            "filters": ["refusals_in_one_line", "names_template"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # A command prints what it does, so by default the log has only what goes wrong; `serve` logs each refresh.
    "loggers": {
        "lifestream": {"level": CONFIGURATION["LIFESTREAM_LOG_LEVEL"] or "WARNING"},
        "django.request": {"filters": ["without_unavailable"]},
        # It warns of each illegal name of a cookie, with all of the name. Nobody can do anything about that.
        "aiohttp.internal": {"level": "ERROR"},
    },
}
