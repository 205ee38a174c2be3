"""Feeds that have moved permanently: a feed's URL changes, or, if another feed has the new URL already and neither is
private, the subscriptions move to that feed.

Items never move. Otherwise anyone whose feed is redirected could put their old items into the timelines of those who
read the other feed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifestream.conf import settings
from lifestream.fetcher.feed_urls import origin
from lifestream.fetcher.url_hosts import host_of
from lifestream.message import say
from lifestream.models import Feed, Host, Post, Subscription, sort_names
from lifestream.models.feeds import lock_feeds, url_hash
from lifestream.storage import backfill, fanout
from lifestream.storage.feed_row import FeedState


def note(feed: FeedState, url: str) -> bool:
    """Note in *feed*, without saving it, that a fetch was permanently redirected to *url* ("" if it was not).

    Returns whether to follow the redirect: it has happened LIFESTREAM_MOVE_AFTER times in a row, and is allowed.
    """
    if not url or url_hash(url) == feed.url_hash:
        feed.moved_to, feed.moved_count = "", 0
        return False
    feed.moved_count = feed.moved_count + 1 if feed.moved_to == url else 1
    feed.moved_to = url
    return feed.moved_count >= settings.move_after and _may_follow(feed, url)


def _may_follow(feed: FeedState, url: str) -> bool:
    """Return whether *feed* may move to *url*: credentials go only to the same host, by the same scheme."""
    if not feed.is_private:
        return True
    return host_of(feed.url) == host_of(url) and feed.url.partition(":")[0] == url.partition(":")[0]


def follow(feed: FeedState, url: str, using: str) -> int | None:
    """Move *feed* to *url*: change it without saving it, and save all other changes.

    Returns the key of the feed that has that URL already, to which the subscriptions have moved; None if they stay.
    """
    other = None if feed.is_private else Feed.objects.using(using).shared().with_url(url).exclude(pk=feed.id).first()
    if other is not None:
        lock_feeds([other.pk], using)  # wait for an import that has read already who subscribes
        other = Feed.objects.using(using).filter(pk=other.pk).first()  # None if it was deleted meanwhile
    if other is not None:
        _merge(feed.id, other, using)
        feed.status = Feed.Status.GONE
        feed.next_reason = say("merged", url=url)
        return other.pk
    feed.url, feed.url_hash = url, url_hash(url)
    feed.host_id = Host.objects.using(using).get_or_create(name=host_of(url))[0].pk
    # These belong to the old URL. The body's hash stays: the content of that body is stored.
    feed.etag = feed.last_modified = feed.validated_url = ""
    feed.moved_to, feed.moved_count = "", 0
    return None


def options_at(url: str, before: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what remains of a feed's *options* when it moves from the URL *before* to *url*.

    A private authority's certificates, and the permission not to verify any, apply only to the origin for which they
    were set. The redirect was followed without them, so the new origin does not need them.
    """
    kept = dict(options)
    if origin(url) != origin(before):
        kept.pop("certificates", None)
        kept.pop("unverified", None)
    return kept


def _merge(feed: int, other: Feed, using: str) -> None:
    """Move the subscriptions of *feed* (a key) to the feed *other*, which is locked."""
    if other.status == Feed.Status.GONE:
        # The feed becomes active again: its URL has just answered, or an operator has just entered the URL.
        Feed.objects.using(using).filter(pk=other.pk).update(status=Feed.Status.ACTIVE)
    reading = backfill.ReadingBudget.full()
    for subscription in Subscription.objects.using(using).filter(feed=feed).order_by("pk"):
        existing = Subscription.objects.using(using).filter(feed=other, lifestream=subscription.lifestream_id).first()
        if existing is not None:
            Post.objects.using(using).filter(subscription=subscription).update(subscription=existing)
            subscription.delete()
        else:
            # Usually, both feeds have had the same content for a while: only items that *feed* lacks are posted. The
            # base manager is Django's own, which does not post items when a subscription is updated.
            Subscription._base_manager.using(using).filter(pk=subscription.pk).update(feed=other)
            sort_names.settle(using, subscriptions=[subscription.pk])
            fanout.note_readers([other.pk], using)
            backfill.fill(subscription, feed, reading)
