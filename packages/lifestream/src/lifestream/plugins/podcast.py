"""Podcasts of any site: feeds most of whose entries have audio or video files."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from lifestream.content.late_pattern import late
from lifestream.entry import Enclosure, Entry, ParsedFeed
from lifestream.plugins.base import FeedPlugin

_TYPES: Final = {
    "aac": "audio/aac",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "m4v": "video/mp4",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "webm": "video/webm",
}
# Media types that do not tell a browser what it can play: other names of the same formats, or no format at all.
_UNPLAYABLE: Final = frozenset(
    {"", "audio/mp3", "audio/x-m4a", "audio/x-mp3", "audio/x-mpeg", "application/octet-stream"}
)
_ENDING = late(r"\.(\w{3,4})$", re.ASCII)


class PodcastPlugin(FeedPlugin):
    """Gives audio and video files a media type that browsers play, and keeps each file once."""

    name = "podcast"

    def recognises(self, feed: ParsedFeed) -> bool:
        """Return whether most entries have an audio or video file."""
        playable = sum(1 for entry in feed.entries if any(map(_is_playable, entry.enclosures)))
        return playable * 2 > len(feed.entries)

    def process(self, entry: Entry) -> Entry:
        """Return *entry* with each file once, and its media type as browsers know it."""
        enclosures = {enclosure.url: _typed(enclosure) for enclosure in entry.enclosures}
        return replace(entry, enclosures=tuple(enclosures.values()))


def _is_playable(enclosure: Enclosure) -> bool:
    return _typed(enclosure).type.startswith(("audio/", "video/"))


def _typed(enclosure: Enclosure) -> Enclosure:
    if enclosure.type not in _UNPLAYABLE:
        return enclosure
    try:
        ending = _ENDING.search(urlsplit(enclosure.url).path)
    except ValueError:
        ending = None
    return replace(enclosure, type=_TYPES.get(ending[1].lower(), enclosure.type) if ending else enclosure.type)
