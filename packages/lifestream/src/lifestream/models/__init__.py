"""The tables. Feeds and items are shared by all users; lifestreams, subscriptions and posts belong to their owner.

In: nothing. Out: the models, and the search index over items.

1. `feeds`: feeds, hosts, and the log of fetches. `hubs`: subscriptions at WebSub hubs.
2. `items`: what feeds said, tags, and the memory of deleted items.
3. `lifestreams`: lifestreams, subscriptions, posts.
4. `fulltext`: the search index, on SQLite and PostgreSQL.

Only `storage` writes what a fetch brings; `refresh.subscribe` and the admin add feeds and subscriptions. Text from
feeds is stored in columns without a limit of length. It is unique by its SHA-256, since no index can hold a guid of 5
KB. Never imported here: the parser, `scheduler`, `storage` and everything above.
"""

from __future__ import annotations

from lifestream.models.feeds import Feed, FeedQuerySet, Fetch, Host
from lifestream.models.hubs import HubSubscription
from lifestream.models.items import Item, ItemQuerySet, Tag, Tombstone
from lifestream.models.lifestreams import Lifestream, LifestreamQuerySet, Post, PostQuerySet, Subscription

__all__ = [
    "Feed",
    "FeedQuerySet",
    "Fetch",
    "Host",
    "HubSubscription",
    "Item",
    "ItemQuerySet",
    "Lifestream",
    "LifestreamQuerySet",
    "Post",
    "PostQuerySet",
    "Subscription",
    "Tag",
    "Tombstone",
]
