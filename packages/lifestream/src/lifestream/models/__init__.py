"""The tables. Feeds and items are shared by all users; lifestreams, subscriptions and posts belong to their owner.

In: nothing. Out: the models, and the search index over items.

1. `feeds`: feeds and hosts; `fetcher.feed_urls` decides when two URLs are one feed. `fetches`: the log of fetches.
   `hubs`: subscriptions at WebSub hubs. `reading_requests`: requests to show in the admin what is read from a feed.
2. `items`: items, tags, and tombstones of deleted items. `articles`: when the pages of entries were fetched, and with
   what result. `published_ids`: the ids under which items are published.
3. `lifestreams`: lifestreams. `look`: what their owners may choose for their looks. `logos`: the pictures that their
   owners have uploaded for that. `own_pages`: pages that their owners have written. `subscriptions`: the feeds that a
   lifestream subscribes to. `posts`: items in lifestreams. `additions`: addresses to be added to lifestreams.
4. `tallies`: counts of what the site has done. `changed_fields`: saves only the changed fields of a row.

Columns that are computed from others are updated here, whichever code writes: `due_hosts`: when feeds of a host can be
claimed. `sort_names`: the order of the sites of a lifestream.

Not models of Django's, but read and written together with them: `fulltext`: the search index, how much of a search is
used, and whether its items are looked up first or along the timeline, with `search_sql`: its SQL for SQLite and
PostgreSQL, `sqlite_search`: the function that SQLite calls for one item, and `time_limit`: how long the index is read
for one query. `row_values`: comparisons that both databases answer by an index. `index_conditions`: conditions written
as in partial indexes. `message_field`: the field of messages.

What was fetched is written by `storage` alone. Feeds are created by `refresh.subscribe` and
`storage.bulk_subscriptions`, get their icons from `refresh.icon_finder`, and are changed by superusers in
the admin and by commands.

Text from feeds is stored in text columns without a limit. Its SHA-256 is what has to be unique, since a guid of 5 KB is
too long for an index. Never imported here: the parser, `scheduler`, `storage` and above.
"""

from __future__ import annotations

from lifestream.models.additions import Addition
from lifestream.models.articles import Article
from lifestream.models.feeds import Feed, FeedQuerySet, Host
from lifestream.models.fetches import Fetch
from lifestream.models.hubs import HubSubscription
from lifestream.models.items import Item, ItemQuerySet, Tag, Tombstone
from lifestream.models.lifestreams import Lifestream, LifestreamQuerySet
from lifestream.models.logos import Logo
from lifestream.models.own_pages import OwnPage
from lifestream.models.posts import Post, PostQuerySet
from lifestream.models.published_ids import PublishedId
from lifestream.models.reading_requests import ReadingRequest
from lifestream.models.subscriptions import Subscription, SubscriptionQuerySet
from lifestream.models.tallies import Tally

__all__ = [
    "Addition",
    "Article",
    "Feed",
    "FeedQuerySet",
    "Fetch",
    "Host",
    "HubSubscription",
    "Item",
    "ItemQuerySet",
    "Lifestream",
    "LifestreamQuerySet",
    "Logo",
    "OwnPage",
    "Post",
    "PostQuerySet",
    "PublishedId",
    "ReadingRequest",
    "Subscription",
    "SubscriptionQuerySet",
    "Tag",
    "Tally",
    "Tombstone",
]
