"""The pages. They only read: `timeline` chooses what a page shows, `presenters` how an item looks."""

from __future__ import annotations

from lifestream.web.views.crawlers import favicon, robots, sitemap
from lifestream.web.views.feeds import search_feed, site_feed, subscriptions, tag_feed, timeline_feed
from lifestream.web.views.operations import healthz, metrics, readyz
from lifestream.web.views.own_pages import own_page
from lifestream.web.views.pages import day, index, item, search, site, sites, tag, tags, timeline
from lifestream.web.views.pictures import icon, picture
from lifestream.web.views.push import push

__all__ = [
    "day",
    "favicon",
    "healthz",
    "icon",
    "index",
    "item",
    "metrics",
    "own_page",
    "picture",
    "push",
    "readyz",
    "robots",
    "search",
    "search_feed",
    "site",
    "site_feed",
    "sitemap",
    "sites",
    "subscriptions",
    "tag",
    "tag_feed",
    "tags",
    "timeline",
    "timeline_feed",
]
