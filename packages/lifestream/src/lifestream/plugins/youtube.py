"""YouTube's Atom: the words of an entry are all in `media:description`, and its film is a Flash file that
is no more.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lifestream.content.plaintext import linked_html_of
from lifestream.entry import Entry, Media, ParsedFeed
from lifestream.fetcher.url_hosts import most_lead_to
from lifestream.plugins.base import FeedPlugin

_VIDEO = re.compile(r"yt:video:([\w-]{6,20})", re.ASCII)


class YouTubePlugin(FeedPlugin):
    """The description as content, with links, and the player of today."""

    name = "youtube"
    domains = ("youtube.com", "youtu.be")

    def recognises(self, feed: ParsedFeed) -> bool:
        """Whether its entries have the ids that YouTube gives, and most of them lead there."""
        with_ids = bool(feed.entries) and all(_VIDEO.fullmatch(entry.guid) for entry in feed.entries)
        return with_ids and most_lead_to((entry.link for entry in feed.entries), *self.domains)

    def process(self, entry: Entry) -> Entry:
        """*entry* with its description as content and a player for its film."""
        described = next((medium.description for medium in entry.media if medium.description), "")
        found = _VIDEO.fullmatch(entry.guid)
        media = tuple(_film(medium, found[1]) for medium in entry.media) if found else entry.media
        return replace(entry, content=entry.content or linked_html_of(described), media=media)


def _film(medium: Media, video: str) -> Media:
    # The player that sets no cookies before it is asked to play.
    player = f"https://www.youtube-nocookie.com/embed/{video}"
    return replace(medium, url="", type="video/*", player=player)
