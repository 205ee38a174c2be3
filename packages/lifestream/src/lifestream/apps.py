"""The configuration of the Django app."""

from __future__ import annotations

from django.apps import AppConfig


class LifestreamConfig(AppConfig):
    """Registers the system checks and the signal handlers of subscriptions. Nothing else happens when Django starts."""

    name = "lifestream"
    label = "lifestream"
    verbose_name = "Lifestream"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from lifestream import checks
        from lifestream.models import Subscription
        from lifestream.storage import fanout

        checks.register()
        for signal in (post_save, post_delete):
            signal.connect(fanout.subscription_changed, Subscription, dispatch_uid="lifestream.readers")
