"""A plugin of this site's own."""

from __future__ import annotations

from dataclasses import replace

from lifestream.entry import Entry, ParsedFeed
from lifestream.plugins.base import FeedPlugin


class LoudPlugin(FeedPlugin):
    """Shouts the titles of one site."""

    name = "loud"
    domains = ("loud.example",)

    def recognises(self, feed: ParsedFeed) -> bool:
        """Return whether it is the feed of that site, wherever it is fetched from."""
        return feed.link.startswith("https://loud.example/")

    def process(self, entry: Entry) -> Entry:
        """Return *entry*, louder."""
        return replace(entry, title=entry.title.upper())
