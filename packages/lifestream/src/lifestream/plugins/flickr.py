"""Flickr's feeds: each entry begins with "so-and-so posted a photo:" and a small picture, before its description."""

from __future__ import annotations

import re
from dataclasses import replace

from lifestream.content.late_pattern import late
from lifestream.entry import Entry
from lifestream.plugins.base import FeedPlugin

_POSTED = late(r"<p>\s*<a\b[^>]*>[^<]*</a>\s*posted a (?:photo|video):\s*</p>", re.IGNORECASE)
_SMALL_PICTURE = late(r"<p>\s*<a\b[^>]*>\s*<img\b[^>]*>\s*</a>\s*</p>", re.IGNORECASE)


class FlickrPlugin(FeedPlugin):
    """Keeps only the photographer's description, and the small picture if the entry has no larger one."""

    name = "flickr"
    domains = ("flickr.com",)

    def process(self, entry: Entry) -> Entry:
        """Return *entry* with separate tags, and without what Flickr puts before the photographer's description. The
        small picture stays if the entry has no other.
        """
        content = _POSTED.sub("", entry.content or entry.summary, count=1)
        if any(medium.url for medium in entry.media) or any(
            file.type.startswith("image/") for file in entry.enclosures
        ):
            content = _SMALL_PICTURE.sub("", content, count=1)
        # One element holds all tags, with spaces between them.
        tags = tuple(dict.fromkeys(" ".join(entry.tags).split()))
        return replace(entry, content=content.strip(), summary="", tags=tags)
