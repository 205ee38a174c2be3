"""Factories of posts to show, without a fetch: a test passes only the fields that matter to it."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from factories import make_feed, make_lifestream, make_subscription
from lifestream.content import item_card
from lifestream.models import Item, Lifestream, Post, Subscription, Tag, fulltext
from lifestream.models.items import tag_slug
from lifestream.storage import published_ids, saved_rows

NOON = datetime(2026, 10, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def make_site(lifestream: Lifestream | None = None, title: str = "A Site", **feed: Any) -> Subscription:
    """Return a site in *lifestream*, by default in a new one; *feed* are fields of the site's feed."""
    return make_subscription(make_feed(title=title, **feed), lifestream or make_lifestream())


def make_post(site: Subscription, title: str = "", tags: tuple[str, ...] = (), **fields: Any) -> Post:
    """Return a post of *site*, with its entry in the search index.

    *fields* are fields of the item, except for `hidden` and `removed`, which are fields of the post.
    """
    number = next(_numbers)
    shown = {name: fields.pop(name) for name in ("hidden", "removed") if name in fields}
    fields.setdefault("date", NOON - timedelta(minutes=number))
    fields.setdefault("link", f"https://example.com/{number}")
    fields.setdefault("first_seen", fields["date"])
    fields.setdefault("fingerprint", hashlib.sha256(repr((title, fields)).encode()).hexdigest())
    key = hashlib.sha256(f"{number}".encode()).hexdigest()
    item = Item(feed=site.feed, key_hash=key, title=title, **fields)
    saved_rows.complete_item(item, "default")
    item.card = item_card.of(item).as_json()
    # Written as an import writes: in bulk, without Django's signals. Many tests need many posts.
    Item.objects.bulk_create([item])
    published_ids.complete(item, "default")
    tagged = Item.tags.through
    tagged._default_manager.bulk_create(
        tagged(item=item, tag=Tag.objects.get_or_create(slug=tag_slug(name), defaults={"name": name})[0])
        for name in dict.fromkeys(tags)
    )
    fulltext.index([fulltext.indexed(item, tags)], "default")
    [post] = Post.objects.bulk_create(
        [Post(lifestream=site.lifestream, subscription=site, item=item, date=item.date, **shown)]
    )
    return post
