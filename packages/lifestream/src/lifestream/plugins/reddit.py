"""Reddit's Atom: a table for the layout, and after every post "submitted by", with the link that the post is about."""

from __future__ import annotations

import re
from dataclasses import replace

from lifestream.content.late_pattern import late
from lifestream.entry import Entry
from lifestream.plugins.base import FeedPlugin

_LINK = late(r'<a href="([^"<>]+)">\[link\]</a>', re.IGNORECASE)
_LAYOUT = late(r"</?(?:table|tbody|tr|td)\b[^<>]*+>", re.IGNORECASE)


class RedditPlugin(FeedPlugin):
    """Keeps the post and the link that it is about. The entry still links to the discussion."""

    name = "reddit"
    domains = ("reddit.com", "redd.it")

    def process(self, entry: Entry) -> Entry:
        """Return *entry* without the text that Reddit puts around it."""
        # Reddit's own text comes last, after whatever the post says.
        post, submitted, _ = entry.content.rpartition("submitted by")
        content = post.removesuffix(" ").removesuffix("&#32;").strip() if submitted else entry.content
        about = _LINK.search(entry.content, len(post))
        if content.startswith("<table"):
            content = _LAYOUT.sub(" ", content).strip()
        # If a post has no link but only text, Reddit's link leads to the post itself.
        if about and about[1] != entry.link:
            content = f'{content}<p><a href="{about[1]}">{about[1]}</a></p>'
        return replace(entry, content=content, author=entry.author.removeprefix("/u/"))
