"""The OPML document that lists the feeds of a run."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from feedserver.check.adapters import Subscription


def opml_of(feeds: Sequence[Subscription]) -> str:
    """Return an OPML document that lists *feeds*."""
    lines = [
        f"  <outline type='rss' text={quoteattr(_label(feed))} title={quoteattr(_label(feed))} "
        f"xmlUrl={quoteattr(feed.url)}/>"
        for feed in feeds
    ]
    head = "<?xml version='1.0' encoding='utf-8'?>\n<opml version='2.0'>\n <head><title>feedserver check</title></head>"
    return "\n".join([head, " <body>", *lines, " </body>", "</opml>", ""])


def _label(feed: Subscription) -> str:
    return f"Feed {feed.number}, scenario {feed.scenario}" if feed.scenario else f"Feed {feed.number}, a control feed"
