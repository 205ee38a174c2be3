"""Mastodon's RSS: posts without titles, content warnings in the text, and links cut into pieces for its own style
sheet.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lifestream.content.html_tokenizer import attributes, tokens
from lifestream.content.late_pattern import late
from lifestream.content.plaintext import text_of
from lifestream.entry import Entry, ParsedFeed
from lifestream.plugins.base import FeedPlugin

_WARNING = late(r"\s*<p>\s*<strong>[^<]*</strong>(.{1,1000}?)</p>\s*<hr\s*/?>", re.DOTALL | re.IGNORECASE)


class MastodonPlugin(FeedPlugin):
    """Makes a content warning the title, and writes links as Mastodon shows them."""

    name = "mastodon"
    domains = ("mastodon.social", "mastodon.online", "mastodon.world", "fosstodon.org", "hachyderm.io", "mas.to")

    def recognises(self, feed: ParsedFeed) -> bool:
        """Return whether the generator of *feed* is Mastodon, which runs on many hosts."""
        return feed.generator.lower().startswith("mastodon")

    def process(self, entry: Entry) -> Entry:
        """Return *entry* with readable links. If it has no title, its content warning becomes the title."""
        content = entry.content or entry.summary
        title = entry.title
        if not title and (found := _WARNING.match(content)):
            title = " ".join(text_of(found[1]).split())
            content = content[found.end() :]
        return replace(entry, title=title, content=_links_as_shown(content), summary="")


def _links_as_shown(content: str) -> str:
    """Return *content* without the parts of links that Mastodon's style sheet hides, and with the "…" that it adds."""
    if 'class="invisible"' not in content:
        return content
    pieces: list[str] = []
    spans: list[str] = []
    invisible = 0  # how many of the open spans are invisible
    for kind, name, source in tokens(content):
        if kind == "start" and name == "span":
            spans.append(attributes(source).get("class", ""))
            invisible += spans[-1] == "invisible"
        elif kind == "end" and name == "span" and spans:
            closed = spans.pop()
            invisible -= closed == "invisible"
            pieces.append("…" if "ellipsis" in closed.split() else "")
        elif not invisible:
            pieces.append(source)
    return "".join(pieces)
