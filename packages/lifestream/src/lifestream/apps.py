"""The configuration of the Django app."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.apps.registry import Apps

    from lifestream.models import Feed, Host, Item, Lifestream, Subscription, Tag


class LifestreamConfig(AppConfig):
    """Registers the system checks and the signal handlers of the models. Nothing else happens when Django starts."""

    name = "lifestream"
    label = "lifestream"
    verbose_name = _("Lifestream")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created
        from django.db.models.signals import (
            m2m_changed,
            post_delete,
            post_migrate,
            post_save,
            pre_delete,
            pre_save,
        )

        from lifestream import checks
        from lifestream.models import Feed, Host, Item, Lifestream, Subscription, Tag, sqlite_search
        from lifestream.models.feeds import readers_left
        from lifestream.models.lifestreams import rules_written
        from lifestream.models.subscriptions import subscriptions_written

        checks.register()
        connection_created.connect(sqlite_search.add_function, dispatch_uid="lifestream.sqlite_search")
        post_save.connect(_subscription_saved, Subscription, dispatch_uid="lifestream.readers")
        pre_delete.connect(_lifestream_to_be_deleted, Lifestream, dispatch_uid="lifestream.readers")
        post_delete.connect(_subscription_deleted, Subscription, dispatch_uid="lifestream.readers")
        subscriptions_written.connect(_subscriptions_written, Subscription, dispatch_uid="lifestream.readers")
        readers_left.connect(_readers_left, Feed, dispatch_uid="lifestream.readers_left")
        rules_written.connect(_rules_written, Lifestream, dispatch_uid="lifestream.rules_written")
        post_save.connect(_feed_saved, Feed, dispatch_uid="lifestream.feed")
        post_save.connect(_host_saved, Host, dispatch_uid="lifestream.host")
        pre_save.connect(_feed_to_be_saved, Feed, dispatch_uid="lifestream.saved_rows")
        pre_save.connect(_item_to_be_saved, Item, dispatch_uid="lifestream.saved_rows")
        post_save.connect(_item_saved, Item, dispatch_uid="lifestream.saved_rows")
        post_save.connect(_tag_saved, Tag, dispatch_uid="lifestream.saved_rows")
        pre_delete.connect(_tag_to_be_deleted, Tag, dispatch_uid="lifestream.saved_rows")
        post_delete.connect(_tag_deleted, Tag, dispatch_uid="lifestream.saved_rows")
        m2m_changed.connect(_tags_changed, Item.tags.through, dispatch_uid="lifestream.saved_rows")
        post_migrate.connect(_migrated, self, dispatch_uid="lifestream.saved_rows")


def _feed_saved(instance: Feed, using: str, update_fields: Iterable[str] | None = None, **_: Any) -> None:
    """Receive Django's signal that a feed was saved, also from a fixture: note when its host is due, and the names by
    which its subscriptions are sorted.
    """
    from lifestream.models import due_hosts, sort_names

    if update_fields is None or due_hosts.FIELDS & set(update_fields):
        due_hosts.settle([instance.host_id], using)
    if update_fields is None or sort_names.OF_FEED & set(update_fields):
        sort_names.settle(using, feeds=[instance.pk])


def _host_saved(
    instance: Host,
    using: str,
    created: bool,
    raw: bool = False,
    update_fields: Iterable[str] | None = None,
    **_: Any,
) -> None:
    """Receive Django's signal that a host was saved: note when it is due. A new host has no feeds, unless a fixture
    lists them before the host.
    """
    from lifestream.models import due_hosts

    if (raw or not created) and (update_fields is None or "not_before" in update_fields):
        due_hosts.settle([instance.pk], using)


# `storage` is imported where it is used, since most commands save none of these models.


def _subscription_saved(
    instance: Subscription, using: str, raw: bool = False, update_fields: Collection[str] | None = None, **_: Any
) -> None:
    """Receive Django's signal that a subscription was saved: note the name and folder by which it is sorted. Unless it
    comes from a fixture, also fill its timeline, and note if its feed has readers: one that has none is not fetched.
    """
    from lifestream.models import sort_names
    from lifestream.models.subscriptions import SHOWING

    if update_fields is None or not sort_names.OF_SUBSCRIPTION.isdisjoint(update_fields):
        sort_names.settle(using, subscriptions=[instance.pk])
    if not raw and (update_fields is None or not SHOWING.isdisjoint(update_fields)):
        _subscriptions_written([instance.pk], [instance.feed_id], using)


def _lifestream_to_be_deleted(instance: Lifestream, using: str, origin: Any = None, **_: Any) -> None:
    """Receive Django's signal before a lifestream is deleted, which also happens when its owner is deleted.

    Lock its feeds and their hosts, so that this transaction and an import can't wait for each other. Lock the
    lifestream, so that another request can't add a logo or a page after Django has deleted those that it found. If
    owners are deleted, the first signal locks all their lifestreams together: if each signal locked its own lifestream
    alone, the feeds of all would not be locked in the order of their keys. SQLite has one writer at a time anyway.

    *origin* is the object or queryset on which `delete` was called. Nothing is done here if that queryset has locked
    the feeds already.
    """
    from django.db import connections
    from django.db.models import QuerySet

    from lifestream.models import Feed, Lifestream, LifestreamQuerySet, due_hosts
    from lifestream.models.feeds import lock_feeds
    from lifestream.models.lifestreams import feeds_of

    if isinstance(origin, LifestreamQuerySet) or not connections[using].features.has_select_for_update:
        return
    owners = Lifestream._meta.get_field("owner").related_model
    every = chosen = Lifestream.objects.using(using).filter(pk=instance.pk)
    if isinstance(origin, owners):
        every = Lifestream.objects.using(using).filter(owner=origin.pk)
    elif isinstance(origin, QuerySet) and issubclass(origin.model, owners):
        every = Lifestream.objects.using(using).filter(owner__in=origin.order_by().values("pk"))
    # Django sends the signals in the order of keys: only the first one locks the lifestreams of all owners.
    if not every.filter(pk__lt=instance.pk).exists():
        chosen |= every
    feeds = list(feeds_of(chosen.order_by(), using))
    lock_feeds(feeds, using)
    list(chosen.order_by("pk").select_for_update().values_list("pk"))
    due_hosts.lock(set(Feed.objects.using(using).filter(pk__in=feeds).values_list("host_id", flat=True)), using)


def _subscription_deleted(instance: Subscription, using: str, origin: Any = None, **_: Any) -> None:
    """Receive Django's signal that a subscription was deleted, in whatever way that happened.

    *origin* is the object or queryset on which `delete` was called. Nothing is done here if that queryset sends
    `readers_left`, whose receiver notes the readers of all feeds.
    """
    from lifestream.models import LifestreamQuerySet
    from lifestream.models.subscriptions import SubscriptionQuerySet
    from lifestream.storage import fanout

    if not isinstance(origin, LifestreamQuerySet | SubscriptionQuerySet):
        fanout.note_readers([instance.feed_id], using)


def _readers_left(feeds: list[int], using: str, **_: Any) -> None:
    """Receive the signal that many subscriptions were deleted together."""
    from lifestream.storage import fanout

    for start in range(0, len(feeds), 500):
        fanout.note_readers(feeds[start : start + 500], using)


def _rules_written(keys: Collection[int], using: str, **_: Any) -> None:
    """Receive our own signal that the rules of lifestreams were written."""
    from lifestream.storage import backfill

    backfill.apply_rules(keys, using)


def _subscriptions_written(keys: Collection[int], feeds: Collection[int], using: str, **_: Any) -> None:
    """Receive our own signal that many subscriptions were written at once."""
    from django.db import transaction

    from lifestream.models.feeds import lock_feeds
    from lifestream.storage import backfill, fanout

    with transaction.atomic(using=using):
        # Wait for an import that has already read who subscribes; one that begins later reads the new subscribers.
        lock_feeds(feeds, using)
        fanout.note_readers(feeds, using)
        backfill.fill_newest(keys, using)


def _feed_to_be_saved(instance: Feed, raw: bool = False, **_: Any) -> None:
    """Receive Django's signal that a feed is about to be saved. `Feed.save` derives some columns from others;
    `loaddata` does not call it, so they are derived here.
    """
    from lifestream.storage import saved_rows

    if raw:
        saved_rows.complete_feed(instance)


def _item_to_be_saved(instance: Item, using: str, **_: Any) -> None:
    from lifestream.storage import saved_rows

    saved_rows.complete_item(instance, using)


def _item_saved(instance: Item, using: str, created: bool, raw: bool = False, **_: Any) -> None:
    """Receive Django's signal that an item was saved. A new item gets its published id here, unless it comes from a
    fixture, which may contain the id; `cleanup` gives one to each item that has none.
    """
    from lifestream.storage import published_ids, saved_rows

    if created and not raw:
        published_ids.complete(instance, using)
    saved_rows.index([instance.pk], using)


def _tag_saved(instance: Tag, using: str, created: bool, raw: bool = False, **_: Any) -> None:
    """Receive Django's signal that a tag was saved. A new tag already has items only if it comes from a fixture."""
    from lifestream.storage import saved_rows

    if raw or not created:
        saved_rows.index_tagged(instance, using)


def _tag_to_be_deleted(instance: Tag, using: str, **_: Any) -> None:
    """Receive Django's signal that a tag is about to be deleted: note its items while it still has them."""
    from lifestream.storage import saved_rows

    instance.items_before = saved_rows.items_with(instance, using)  # type: ignore[attr-defined]


def _tag_deleted(instance: Tag, using: str, **_: Any) -> None:
    """Receive Django's signal that a tag was deleted, in whatever way that happened."""
    from lifestream.storage import saved_rows

    saved_rows.index(instance.__dict__.pop("items_before", ()), using)


def _tags_changed(**arguments: Any) -> None:
    from lifestream.storage import saved_rows

    saved_rows.tags_changed(**arguments)


def _migrated(using: str, apps: Apps | None = None, **_: Any) -> None:
    """Receive Django's signal that migrations have run, or that all tables were emptied."""
    from django.apps import apps as installed

    from lifestream.storage import saved_rows

    saved_rows.leave_nothing(apps or installed, using)
