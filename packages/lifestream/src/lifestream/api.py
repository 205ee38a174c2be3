"""lifestream from Python: subscribe, refresh, read timelines, and set rules.

    from lifestream import api

    subscription = api.subscribe(lifestream, "https://blog.example/", folder="Blogs")
    api.refresh()
    for post in api.timeline(lifestream, tag="django", search="release").posts()[:20]:
        print(post.date, post.item.title)

Importing this module is cheap: the modules that fetch are imported when they are first used. No function may be called
in a thread that runs an event loop; use `asgiref.sync.sync_to_async` there. Functions that write do so in the caller's
transaction, if there is one; but those that fetch should not be called in one, since they wait for the network.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from lifestream.content.filter_rules import RuleError, Rules, check
from lifestream.models import Feed, Item, Lifestream, Subscription, Tag
from lifestream.models.items import tag_slug
from lifestream.refresh.pipeline import refresh
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.storage import backfill, fanout
from lifestream.storage.deadlocks import in_transaction, tried_again
from lifestream.web.timeline import Timeline, TimelinePage, owns

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    from lifestream.fetcher.address_guard import AddressGuard
    from lifestream.refresh.subscribe import Found, NotAdded

__all__ = [
    "FeedReport",
    "Found",
    "NotAdded",
    "Report",
    "RuleError",
    "Timeline",
    "TimelinePage",
    "allows",
    "find_feed",
    "refresh",
    "set_rules",
    "subscribe",
    "timeline",
    "unsubscribe",
]


def __getattr__(name: str) -> Any:
    """Import `Found` and `NotAdded` when they are first used: their module imports the HTTP client."""
    if name in ("Found", "NotAdded"):
        from lifestream.refresh import subscribe as fetching

        return getattr(fetching, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def find_feed(url: str, *, clock: Callable[[], dt.datetime] = timezone.now, guard: AddressGuard | None = None) -> Found:
    """Return the feed at *url*, or the feed of the web page there. Nothing is stored.

    *url* is as people write it: without a scheme it means https, or http if nothing answers there. A feed that is
    stored already is not requested, unless *url* has a login. Raises `NotAdded`, whose message says why, if there is no
    feed. *clock* returns the current time. *guard* decides which addresses may be connected to; by default, the
    settings do.
    """
    from lifestream.refresh import subscribe as fetching

    return fetching.find_feed(url, clock=clock, guard=guard)


def subscribe(
    lifestream: Lifestream,
    feed: str | Found | Feed,
    *,
    name: str = "",
    folder: str = "",
    keep_rules: str = "",
    block_rules: str = "",
    clock: Callable[[], dt.datetime] = timezone.now,
) -> Subscription:
    """Subscribe *lifestream* to *feed* and return the subscription. An existing subscription is not changed.

    *feed* is the URL of a feed or of a page that has one, the result of `find_feed`, or a feed that is stored. A URL
    is requested if it contains a login, or if it is not the URL of a stored feed; the items of a new feed are stored.
    Raises `NotAdded` if there is no feed at a URL, or if what was found has no title and there is no *name*, and
    `RuleError` for a line that is no rule.
    """
    check(keep_rules)
    check(block_rules)
    fields = {"name": name, "folder": folder, "keep_rules": keep_rules, "block_rules": block_rules}
    if isinstance(feed, Feed):
        return tried_again(lambda: fanout.subscribe(lifestream, feed, **fields))
    from lifestream.refresh import subscribe as fetching

    found = fetching.find_feed(feed, clock=clock) if isinstance(feed, str) else feed
    added = fetching.add_feed(
        found, lifestream, name=name, folder=folder, keep_rules=keep_rules, block_rules=block_rules, clock=clock
    )
    return added.subscription


def unsubscribe(lifestream: Lifestream, feed: str | Feed | Subscription) -> bool:
    """Remove *feed* (a URL as it is stored, a feed, or a subscription) from *lifestream*, with its posts.

    The feed and its items stay for others; a feed without subscribers is not fetched. Returns whether there was such a
    subscription.
    """
    subscriptions = Subscription.objects.filter(lifestream=lifestream)
    if isinstance(feed, str):
        subscriptions = subscriptions.filter(feed__in=Feed.objects.with_url(feed))
    elif isinstance(feed, Feed):
        subscriptions = subscriptions.filter(feed=feed)
    else:
        subscriptions = subscriptions.filter(pk=feed.pk)
    return in_transaction(lambda: subscriptions.all().delete()[0] > 0, subscriptions.db)


def timeline(
    lifestream: Lifestream,
    user: AbstractBaseUser | AnonymousUser | None = None,
    *,
    site: Subscription | None = None,
    tag: Tag | str | None = None,
    search: str = "",
    day: dt.date | None = None,
) -> Timeline:
    """Return the timeline of *lifestream*, narrowed to a *site*, a *tag*, a *search* and a *day*.

    Posts of feeds that need credentials are in it only if *user* is the owner of the lifestream or a superuser. Who may
    read a private lifestream at all is for the caller to decide, with `Lifestream.objects.readable_by(user)`.

    *tag* may be a name; the timeline of a tag that no item has is empty. Items must contain all words of *search*.
    *day* is a day in the current time zone.
    """
    if isinstance(tag, str):
        slug = tag_slug(tag)
        tag = Tag.objects.filter(slug=slug).first() or Tag(pk=0, name=tag, slug=slug)
    owned = user is not None and owns(user, lifestream)
    return Timeline(lifestream, owned=owned, subscription=site, tag=tag, query=search, day=day)


def set_rules(subscription: Subscription, *, keep: str | None = None, block: str | None = None) -> None:
    """Set the rules by which *subscription* keeps items, the rules by which it blocks items, or both. None leaves
    rules unchanged. Raises `RuleError` for a line that is no rule.

    Items that the new rules allow are posted, and posts that they do not allow are hidden until rules allow them: for
    the newest items at once, for the others with the next refresh.
    """
    given = {name: text for name, text in (("keep_rules", keep), ("block_rules", block)) if text is not None}
    for text in given.values():
        check(text)
    for name, text in given.items():
        setattr(subscription, name, text)
    tried_again(lambda: subscription.save(update_fields=given))


def allows(subscription: Subscription, item: Item) -> bool:
    """Return whether the rules of *subscription* and of its lifestream let *item* pass."""
    lifestream = subscription.lifestream
    of_lifestream = Rules.of(lifestream.keep_rules, lifestream.block_rules)
    rules = Rules.of(subscription.keep_rules, subscription.block_rules, of_lifestream)
    return rules.allow(backfill.shown(item, item.tags.values_list("name", flat=True)))
