"""The configuration of the Django app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from lifestream.models import Subscription


class LifestreamConfig(AppConfig):
    """Registers the system checks and the signal handlers of subscriptions. Nothing else happens when Django starts."""

    name = "lifestream"
    label = "lifestream"
    verbose_name = _("Lifestream")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from lifestream import checks
        from lifestream.models import Subscription

        checks.register()
        for signal in (post_save, post_delete):
            signal.connect(_subscription_changed, Subscription, dispatch_uid="lifestream.readers")


def _subscription_changed(instance: Subscription, using: str, raw: bool = False, **_: Any) -> None:
    """Receive Django's signal that a subscription was saved or deleted, in whatever way that happened."""
    # Here, since most commands save no subscription.
    from lifestream.storage import fanout

    if not raw:
        fanout.note_readers([instance.feed_id], using)
