"""The configuration of the Django app."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lifestream.models import Feed, Host, Subscription


class LifestreamConfig(AppConfig):
    """Registers the system checks and the signal handlers of the models. Nothing else happens when Django starts."""

    name = "lifestream"
    label = "lifestream"
    verbose_name = _("Lifestream")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from lifestream import checks
        from lifestream.models import Feed, Host, Subscription
        from lifestream.models.lifestreams import subscriptions_written

        checks.register()
        post_save.connect(_subscription_saved, Subscription, dispatch_uid="lifestream.readers")
        post_delete.connect(_subscription_deleted, Subscription, dispatch_uid="lifestream.readers")
        subscriptions_written.connect(_subscriptions_written, Subscription, dispatch_uid="lifestream.readers")
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


# `storage` is imported where it is used, since most commands write no subscription.


def _subscription_saved(
    instance: Subscription, using: str, raw: bool = False, update_fields: Collection[str] | None = None, **_: Any
) -> None:
    """Receive Django's signal that a subscription was saved: fill its timeline, and wake its feed."""
    from lifestream.models.lifestreams import SHOWING

    if not raw and (update_fields is None or not SHOWING.isdisjoint(update_fields)):
        _subscriptions_written([instance.pk], [instance.feed_id], using)


def _subscription_deleted(instance: Subscription, using: str, **_: Any) -> None:
    """Receive Django's signal that a subscription was deleted, in whatever way that happened."""
    from lifestream.storage import fanout

    fanout.note_readers([instance.feed_id], using)


def _subscriptions_written(keys: Collection[int], feeds: Collection[int], using: str, **_: Any) -> None:
    """Receive our own signal that many subscriptions were written at once."""
    from lifestream.storage import backfill, fanout

    fanout.note_readers(feeds, using)
    backfill.fill_newest(keys, using)
