"""Celery for the bundled site: `celery -A lifestream.site worker --beat`, with CELERY_BROKER_URL set."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lifestream.site.settings")
app = Celery("lifestream")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
