"""Celery for the bundled site: `celery -A lifestream.site worker --beat`, with CELERY_BROKER_URL set."""

from __future__ import annotations

import logging
import os

from celery import Celery
from celery.signals import after_setup_logger, after_setup_task_logger

from lifestream.site.json_log import JsonFormatter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lifestream.site.settings")
app = Celery("lifestream")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@after_setup_logger.connect
@after_setup_task_logger.connect
def _as_configured(logger: logging.Logger, **_: object) -> None:
    """Give Celery's own handlers the format, and lifestream's logger the level, that the site is configured for."""
    from lifestream.site.fetching_settings import CONFIGURATION

    if CONFIGURATION["LIFESTREAM_LOG_FORMAT"] == "json":
        for handler in logger.handlers:
            handler.setFormatter(JsonFormatter())
    logging.getLogger("lifestream").setLevel(CONFIGURATION["LIFESTREAM_LOG_LEVEL"] or logging.INFO)
