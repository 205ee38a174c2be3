"""YouTube's Atom: all text of an entry is in `media:description`, and its media is a Flash file that no longer
exists.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lifestream.content.late_pattern import late
from lifestream.content.plaintext import linked_html_of
from lifestream.entry import Entry, Media, ParsedFeed
from lifestream.fetcher.url_hosts import most_lead_to
from lifestream.plugins.base import FeedPlugin

_VIDEO = late(r"yt:video:([\w-]{6,20})", re.ASCII)


class YouTubePlugin(FeedPlugin):
    """Takes the description as the content, with links for its addresses, and adds the present player."""

    name = "youtube"
    domains = ("youtube.com", "youtu.be")

    def recognises(self, feed: ParsedFeed) -> bool:
        """Return whether all entries of *feed* have YouTube's ids, and most of them link to YouTube."""
        with_ids = bool(feed.entries) and all(_VIDEO.fullmatch(entry.guid) for entry in feed.entries)
        return with_ids and most_lead_to((entry.link for entry in feed.entries), *self.domains)

    def process(self, entry: Entry) -> Entry:
        """Return *entry* with its description as content, and with a player."""
        described = next((medium.description for medium in entry.media if medium.description), "")
        found = _VIDEO.fullmatch(entry.guid)
        media = tuple(_film(medium, found[1]) for medium in entry.media) if found else entry.media
        return replace(entry, content=entry.content or linked_html_of(described), media=media)


def _film(medium: Media, video: str) -> Media:
    # This player sets no cookies before the reader starts it.
    player = f"https://www.youtube-nocookie.com/embed/{video}"
    return replace(medium, url="", type="video/*", player=player)
