"""The base class of plugins. A plugin has up to four hooks, which an entry passes on its way to becoming an item.

Each hook is optional:

1. `pre_process(entry)` returns the entry repaired: a title if the site gives none, a link to the right page.
2. `include_entry(entry)` returns whether the entry is wanted at all.
3. `process(entry)` returns the entry as it is to be shown.
4. `post_process(draft)` changes the draft of the item, in place.

Everything is sanitised after the last hook. So a plugin may write markup, and need not trust what it was given. An
exception in a hook, or a draft whose values have other types than `ItemDraft` declares, loses only its own entry, and
is reported with it.

To write a plugin, copy `generic.py`, and name its class in `LIFESTREAM_PLUGINS` or as an entry point of the group
`lifestream.plugins`. A plugin holds no state: one instance serves all feeds, in several threads and processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from lifestream.entry import Enclosure, Entry, Episode, Media, ParsedFeed


@dataclass(slots=True)
class ItemDraft:
    """The draft of an item: what `storage` will write, once it has been sanitised.

    It does not use the ORM, so that it can be sent to another process.

    In `post_process`, *content* and *summary* are HTML as the feed has it. What `prepare` returns is safe: *content* is
    sanitised HTML; everything else is plain text, which templates escape; all addresses are absolute and of harmless
    schemes, or "". *summary* is the beginning of the given summary, or of *text* if there is none, in one line. *text*
    is the text of *content*, and *card* what pages show of the item (see `item_card`); a plugin cannot set these two.
    """

    guid: str = ""
    link: str = ""
    title: str = ""
    author: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    content: str = ""
    text: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    media: tuple[Media, ...] = ()
    language: str = ""
    base: str = ""
    episode: Episode | None = None
    card: dict[str, Any] = field(default_factory=dict, compare=False)


class FeedPlugin:
    """The base class of all plugins. It changes nothing.

    A superuser picks a plugin by its *name*. *domains* are the sites it is for, without "www."; their subdomains are
    included.
    """

    name: ClassVar[str] = ""
    domains: ClassVar[tuple[str, ...]] = ()

    def recognises(self, feed: ParsedFeed) -> bool:  # noqa: ARG002  for those who override it
        """Return whether the content of *feed* shows that this plugin is for it. This finds feeds that no domain
        identifies (podcasts, the many hosts of Mastodon).
        """
        return False

    def pre_process(self, entry: Entry) -> Entry:
        """Return *entry*, repaired where the site makes mistakes. (Entries are frozen: use `dataclasses.replace`.)"""
        return entry

    def include_entry(self, entry: Entry) -> bool:  # noqa: ARG002  for those who override it
        """Return whether *entry* becomes an item."""
        return True

    def process(self, entry: Entry) -> Entry:
        """Return *entry* as it is to be shown. It is sanitised later."""
        return entry

    def post_process(self, draft: ItemDraft) -> None:
        """Change *draft* in place, before it is sanitised."""
