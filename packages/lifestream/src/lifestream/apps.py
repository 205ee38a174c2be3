"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class LifestreamConfig(AppConfig):
    """Registers the system checks; nothing else happens when Django starts."""

    name = "lifestream"
    label = "lifestream"
    verbose_name = "Lifestream"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from lifestream import checks

        checks.register()
