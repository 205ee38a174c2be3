"""GitHub's Atom: titles that mean nothing outside their repository ("v1.2"), and avatars that look like media."""

from __future__ import annotations

import re
from dataclasses import replace

from lifestream.content.late_pattern import late
from lifestream.entry import Entry, ParsedFeed
from lifestream.fetcher.url_hosts import most_lead_to
from lifestream.plugins.base import FeedPlugin

_REPOSITORY = late(r"https://github\.com/[\w.-]+/([\w.-]+)/(?:releases|commit|tags?)\b", re.ASCII)

_IDS = "tag:github.com,2008:"


class GitHubPlugin(FeedPlugin):
    """Shows releases and commits with the name of their repository, and without avatars."""

    name = "github"
    domains = ("github.com",)

    def recognises(self, feed: ParsedFeed) -> bool:
        """Return whether all entries of *feed* have GitHub's ids, and most of them link to GitHub."""
        with_ids = bool(feed.entries) and all(entry.guid.startswith(_IDS) for entry in feed.entries)
        return with_ids and most_lead_to((entry.link for entry in feed.entries), *self.domains)

    def process(self, entry: Entry) -> Entry:
        """Return *entry* with the name of its repository in the title, unless the title has it already, and without
        avatars.
        """
        found = _REPOSITORY.match(entry.link)
        title = entry.title
        if found and title and found[1].lower() not in title.lower():
            title = f"{found[1]}: {title}"
        media = tuple(medium for medium in entry.media if "//avatars" not in medium.thumbnail)
        return replace(entry, title=title, media=media)
