"""The tables: what is fetched (`feeds`) and told of by hubs (`hubs`), what it said (`items`), and who shows it
(`lifestreams`).

Feeds and items are shared by everyone and written by `store` alone; lifestreams, subscriptions and posts
belong to their owner. Text from feeds is held in text columns without a limit, and is unique by its
SHA-256, since no index can hold 5 KB of guid.
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
