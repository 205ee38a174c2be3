"""A plugin of this site's own."""

from __future__ import annotations

from dataclasses import replace

from lifestream.entry import Entry, ParsedFeed
from lifestream.plugins.base import FeedPlugin


class LoudPlugin(FeedPlugin):
    """Write the titles of one site in capitals."""

    name = "loud"
    domains = ("loud.example",)

    def recognises(self, feed: ParsedFeed) -> bool:
        """Return whether *feed* is that of the site, wherever it was fetched from."""
        return feed.link.startswith("https://loud.example/")

    def process(self, entry: Entry) -> Entry:
        """Return *entry* with its title in capitals."""
        return replace(entry, title=entry.title.upper())
