"""Rows and values that tests begin with, each by what matters in the test."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lifestream.content import item_card
from lifestream.entry import ParsedFeed
from lifestream.fetcher.outcomes import Outcome
from lifestream.models import Feed, Item, Lifestream, Post, Subscription, Tag, fulltext
from lifestream.models.items import tag_slug
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.item_pipeline import Prepared
from lifestream.scheduler.jobs import Claimed, Result
from lifestream.scheduler.schedule import Next, Terms

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def make_feed(url: str = "", **fields: Any) -> Feed:
    """A feed, due at NOW."""
    fields = {"next_fetch": NOW, "created": NOW, **fields}
    return Feed.objects.create(url=url or f"https://feed{next(_numbers)}.example.com/feed.xml", **fields)


def make_lifestream(slug: str = "", **fields: Any) -> Lifestream:
    """A lifestream without an owner."""
    slug = slug or f"lifestream-{next(_numbers)}"
    return Lifestream.objects.create(slug=slug, title=fields.pop("title", slug), **fields)


def make_subscription(feed: Feed, lifestream: Lifestream | None = None, **fields: Any) -> Subscription:
    """A subscription of *feed*, in a lifestream of its own unless one is given."""
    return Subscription.objects.create(feed=feed, lifestream=lifestream or make_lifestream(), **fields)


def hold(feed: Feed, token: str = "t" * 32, until: datetime | None = None) -> Claimed:
    """A claim on *feed*, as `claims.claim` would make it."""
    until = until or NOW + timedelta(hours=1)
    Feed.objects.filter(pk=feed.pk).update(claim_token=token, claimed_until=until)
    return Claimed(feed.pk, token, until, feed.url, feed.host.name)


def draft(guid: str = "", title: str = "", **fields: Any) -> ItemDraft:
    """An item to be, with a link of its own unless one is given."""
    fields.setdefault("link", f"https://example.com/{guid}" if guid else "")
    return ItemDraft(guid=guid, title=title, **fields)


def prepared(*drafts: ItemDraft, **feed: Any) -> Prepared:
    """A document of these items."""
    return Prepared(ParsedFeed(**feed), drafts)


def result(feed: Feed, outcome: Outcome, *, wait: float = 3600.0, **fields: Any) -> Result:
    """What a fetch of *feed*, claimed for it, came to."""
    fields.setdefault("next", Next(NOW + timedelta(seconds=wait), "our own interval", terms=Terms()))
    return Result(fields.pop("claim", None) or hold(feed), outcome, started=fields.pop("started", NOW), **fields)


def make_item(feed: Feed | None = None, title: str = "", **fields: Any) -> Item:
    """An item of *feed* (of a feed of its own unless one is given), in the search index too, with its card."""
    tags: Sequence[str] = fields.pop("tags", ())
    fields = {"date": NOW, "first_seen": NOW, "key_hash": f"{next(_numbers):064}", **fields}
    item = Item.objects.create(feed=feed or make_feed(), title=title, **fields)
    item.tags.set([Tag.objects.get_or_create(slug=tag_slug(name), defaults={"name": name})[0] for name in tags])
    fulltext.index([fulltext.indexed(item, tags)], "default")
    store_card(item)
    return item


def store_card(item: Item) -> None:
    """Stores what an import would: the card of *item*."""
    item.card = item_card.of(item).as_json()
    Item.objects.filter(pk=item.pk).update(card=item.card)


def make_post(item: Item, subscription: Subscription | None = None, **fields: Any) -> Post:
    """The post of *item* in *subscription*'s lifestream."""
    subscription = subscription or make_subscription(item.feed)
    lifestream = fields.pop("lifestream", subscription.lifestream)
    fields = {"subscription": subscription, "date": item.date, **fields}
    # The subscription has posted what its feed had.
    return Post.objects.update_or_create(item=item, lifestream=lifestream, defaults=fields)[0]
