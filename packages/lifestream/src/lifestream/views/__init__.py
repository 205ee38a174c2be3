"""The pages. They only read: what a page shows is chosen in `timeline`, how an item looks in `cards`."""

from __future__ import annotations

from lifestream.views.feeds import search_feed, site_feed, subscriptions, tag_feed, timeline_feed
from lifestream.views.pages import day, index, item, search, site, sites, tag, tags, timeline
from lifestream.views.pictures import icon
from lifestream.views.push import push

__all__ = [
    "day",
    "icon",
    "index",
    "item",
    "push",
    "search",
    "search_feed",
    "site",
    "site_feed",
    "sites",
    "subscriptions",
    "tag",
    "tag_feed",
    "tags",
    "timeline",
    "timeline_feed",
]
