"""Bluesky's RSS: posts without titles, whose description is plain text and not, as RSS has it, HTML."""

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
        """*entry* with its text made into HTML."""
        text = entry.content or entry.summary
        if "<" not in text:  # what looked like HTML was none, and was escaped as it was read
            text = text.replace("&lt;", "<").replace("&gt;", ">")
        return replace(entry, content=linked_html_of(text), summary="")
