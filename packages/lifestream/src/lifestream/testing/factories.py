"""Makes the rows that tests begin with, from the values that matter in a test; the other values are made up."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from lifestream.content import item_card
from lifestream.models import Feed, Item, Lifestream, Post, Subscription, Tag, fulltext
from lifestream.models.items import tag_slug

NOW: Final = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
"""The time at which feeds are created and due, and items dated and first seen, unless a test gives another."""

_numbers = itertools.count(1)


def make_feed(url: str = "", **fields: Any) -> Feed:
    """Return a new feed at *url*, by default at an address of its own. It is due at NOW."""
    fields = {"next_fetch": NOW, "created": NOW, **fields}
    return Feed.objects.create(url=url or f"https://feed{next(_numbers)}.example.com/feed.xml", **fields)


def make_lifestream(slug: str = "", **fields: Any) -> Lifestream:
    """Return a new lifestream, by default without an owner."""
    slug = slug or f"lifestream-{next(_numbers)}"
    return Lifestream.objects.create(slug=slug, title=fields.pop("title", slug), **fields)


def make_subscription(feed: Feed, lifestream: Lifestream | None = None, **fields: Any) -> Subscription:
    """Return a new subscription of *feed*, in a new lifestream unless one is given. It shows the items of the feed."""
    return Subscription.objects.create(feed=feed, lifestream=lifestream or make_lifestream(), **fields)


def make_item(feed: Feed | None = None, title: str = "", **fields: Any) -> Item:
    """Return a new item of *feed*, by default of a new feed. It is in the search index; no lifestream shows it.

    *tags* are names.
    """
    tags: Sequence[str] = fields.pop("tags", ())
    fields = {"date": NOW, "first_seen": NOW, "key_hash": f"{next(_numbers):064}", **fields}
    item = Item.objects.create(feed=feed or make_feed(), title=title, **fields)
    item.tags.set([Tag.objects.get_or_create(slug=tag_slug(name), defaults={"name": name})[0] for name in tags])
    fulltext.index([fulltext.indexed(item, tags)], item._state.db or "default")
    store_card(item)
    return item


def store_card(item: Item) -> None:
    """Store the card of *item*, as an import does."""
    item.card = item_card.of(item).as_json()
    Item.objects.filter(pk=item.pk).update(card=item.card)


def make_post(item: Item | None = None, subscription: Subscription | None = None, **fields: Any) -> Post:
    """Return the post of *item* in the lifestream of *subscription*; both are made unless they are given."""
    item = item or make_item(title="An item")
    subscription = subscription or make_subscription(item.feed)
    lifestream = fields.pop("lifestream", subscription.lifestream)
    fields = {"subscription": subscription, "date": item.date, **fields}
    # The new subscription may have posted the item already.
    return Post.objects.update_or_create(item=item, lifestream=lifestream, defaults=fields)[0]
