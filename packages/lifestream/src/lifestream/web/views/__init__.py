"""The pages. The module `web.timeline` chooses what a page shows, and `web.presenters` how an item looks.

`reading`: what the views of a lifestream share: who may read it, and how long an answer may be cached. `pages`: the
pages that people read: a timeline, or its posts of one day, site, tag or search; one item; the lists of sites and of
tags. `own_pages`: an owner's own text. `feeds`: the feeds of every timeline, and the OPML.
`pictures`: icons, logos and pictures, from this site's own address. `crawlers`: robots.txt, the list of pages, the
icon. `operations`: `/healthz`, `/readyz` and `/metrics`. `push`: the address that WebSub hubs call.
"""

from __future__ import annotations

from lifestream.web.views.crawlers import favicon, robots, sitemap
from lifestream.web.views.feeds import search_feed, site_feed, subscriptions, tag_feed, timeline_feed
from lifestream.web.views.operations import healthz, metrics, readyz
from lifestream.web.views.own_pages import own_page
from lifestream.web.views.pages import day, index, item, search, site, sites, tag, tags, timeline
from lifestream.web.views.pictures import icon, logo, picture
from lifestream.web.views.push import push

__all__ = [
    "day",
    "favicon",
    "healthz",
    "icon",
    "index",
    "item",
    "logo",
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
