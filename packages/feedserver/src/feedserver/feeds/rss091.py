"""RSS 0.91, UserLand's version (https://www.rssboard.org/rss-0-9-1): titles, links, descriptions, and little else."""

from __future__ import annotations

from collections.abc import Iterator

from feedserver.feeds import rss
from feedserver.feeds.dates import rfc822
from feedserver.feeds.markup import Element, element, optional
from feedserver.feeds.model import Entry, Feed


def document(feed: Feed) -> Element:
    """Return *feed* as the tree of an RSS 0.91 document. It has no DOCTYPE, which would name a DTD that no longer
    exists.
    """
    return element("rss", element("channel", *_channel(feed), *map(_item, feed.entries)), version="0.91")


def _channel(feed: Feed) -> Iterator[Element | None]:
    yield rss.plain("title", feed.title)
    yield optional("link", feed.link)
    yield rss.plain("description", feed.subtitle)
    yield optional("language", feed.language)
    yield rss.plain("copyright", feed.rights)
    yield optional("pubDate", rfc822(feed.published))
    yield optional("lastBuildDate", rfc822(feed.updated))
    yield rss.image(feed)
    if feed.skip_hours:
        # This version counts hours from 1 to 24; 24 is midnight.
        yield element("skipHours", *(optional("hour", hour or 24) for hour in feed.skip_hours))
    if feed.skip_days:
        yield element("skipDays", *(optional("day", day) for day in feed.skip_days))


def _item(entry: Entry) -> Element:
    return element(
        "item",
        rss.plain("title", entry.title),
        optional("link", entry.link),
        rss.html("description", entry.summary),
    )
