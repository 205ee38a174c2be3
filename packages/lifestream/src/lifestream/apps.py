"""The configuration of the Django app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lifestream.models import Feed, Host, Subscription


class LifestreamConfig(AppConfig):
    """Registers the system checks and the signal handlers of the models. Nothing else happens when Django starts."""

    name = "lifestream"
    label = "lifestream"
    verbose_name = "Lifestream"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from lifestream import checks
        from lifestream.models import Feed, Host, Subscription
        from lifestream.models.lifestreams import readers_left

        checks.register()
        for signal in (post_save, post_delete):
            signal.connect(_subscription_changed, Subscription, dispatch_uid="lifestream.readers")
        readers_left.connect(_readers_left, Feed, dispatch_uid="lifestream.readers_left")
        post_save.connect(_feed_saved, Feed, dispatch_uid="lifestream.feed")
        post_save.connect(_host_saved, Host, dispatch_uid="lifestream.host")


def _feed_saved(instance: Feed, using: str, update_fields: Iterable[str] | None = None, **_: Any) -> None:
    """Receive Django's signal that a feed was saved, also from a fixture: note when its host is due."""
    from lifestream.models import due_hosts

    if update_fields is None or due_hosts.FIELDS & set(update_fields):
        due_hosts.settle([instance.host_id], using)


def _host_saved(
    instance: Host,
    using: str,
    created: bool,
    raw: bool = False,
    update_fields: Iterable[str] | None = None,
    **_: Any,
) -> None:
    """Receive Django's signal that a host was saved: note when it is due. A new one has no feeds, unless a fixture
    named them before it.
    """
    from lifestream.models import due_hosts

    if (raw or not created) and (update_fields is None or "not_before" in update_fields):
        due_hosts.settle([instance.pk], using)


def _subscription_changed(instance: Subscription, using: str, raw: bool = False, origin: Any = None, **_: Any) -> None:
    """Receive Django's signal that a subscription was saved or deleted, in whatever way that happened.

    *origin* is what was deleted, and the subscription with it.
    """
    # Here, since most commands save no subscription.
    from lifestream.models import LifestreamQuerySet
    from lifestream.models.lifestreams import SubscriptionQuerySet
    from lifestream.storage import fanout

    if not raw and not isinstance(origin, LifestreamQuerySet | SubscriptionQuerySet):
        fanout.note_readers([instance.feed_id], using)


def _readers_left(feeds: list[int], using: str, **_: Any) -> None:
    """Receive the signal that many subscriptions were deleted together."""
    from lifestream.storage import fanout

    for start in range(0, len(feeds), 500):
        fanout.note_readers(feeds[start : start + 500], using)
