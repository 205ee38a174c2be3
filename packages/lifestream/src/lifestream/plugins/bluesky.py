"""Bluesky's RSS: posts without titles, whose description is plain text, not HTML."""

from __future__ import annotations

from dataclasses import replace

from lifestream.content.plaintext import linked_html_of
from lifestream.entry import Entry
from lifestream.plugins.base import FeedPlugin


class BlueskyPlugin(FeedPlugin):
    """Shows the text with its line breaks and links."""

    name = "bluesky"
    domains = ("bsky.app",)

    def process(self, entry: Entry) -> Entry:
        """Return *entry* with its text as HTML."""
        text = entry.content or entry.summary
        if "<" not in text:  # a text without HTML elements was escaped when it was read
            text = text.replace("&lt;", "<").replace("&gt;", ">")
        return replace(entry, content=linked_html_of(text), summary="")
