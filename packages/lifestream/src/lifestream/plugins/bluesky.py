"""Bluesky's RSS: posts without titles, whose description is plain text and not HTML, as RSS defines it."""

from __future__ import annotations

from dataclasses import replace

from lifestream.content.plaintext import linked_html_of
from lifestream.entry import Entry
from lifestream.plugins.base import FeedPlugin


class BlueskyPlugin(FeedPlugin):
    """The text with its line breaks and links."""

    name = "bluesky"
    domains = ("bsky.app",)

    def process(self, entry: Entry) -> Entry:
        """Return *entry* with its text as HTML."""
        return replace(entry, content=linked_html_of(entry.content or entry.summary), summary="")
