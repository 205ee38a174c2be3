"""What a plugin is: a class with up to four hooks, which an entry passes on its way to becoming an item.

The way of an entry, each step optional:

1. `pre_process(entry)` returns the entry repaired: a title where the site gives none, a link to the right
   page.
2. `include_entry(entry)` says whether it is wanted at all.
3. `process(entry)` returns the entry as it shall be shown.
4. `post_process(draft)` changes the draft of the item, in place.

After that, not before, everything is sanitised: so a plugin may write markup, and need not trust what it
was given. An exception in a hook costs its entry only, and is reported with it. A draft that is left with
values of other types than `ItemDraft` declares costs its entry, too.

To write one, copy `generic.py`, and name its class in `LIFESTREAM_PLUGINS` or as an entry point of the
group `lifestream.plugins`. A plugin holds no state: one instance serves all feeds, in several threads and
processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from lifestream.entry import Enclosure, Entry, Media, ParsedFeed


@dataclass(slots=True)
class ItemDraft:
    """An item to be: what `storage` will write, once it has been sanitised.

    No ORM here, so that it can cross processes.

    In `post_process`, *content* and *summary* are HTML as the feed has it. What `prepare` hands out is
    safe: *content* is sanitised HTML, all else plain text (to be escaped by whoever shows it), all
    addresses absolute and of harmless schemes, "" where they were not; *text* is the text of *content*,
    *summary* its beginning in one line, and *card* what pages show of it (see `item_card`), whatever a plugin sets.
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
    card: dict[str, Any] = field(default_factory=dict, compare=False)


class FeedPlugin:
    """The base of all plugins: it changes nothing.

    *name* is what a superuser picks it by. *domains* are the sites it is for, without "www."; their
    subdomains are meant too.
    """

    name: ClassVar[str] = ""
    domains: ClassVar[tuple[str, ...]] = ()

    def recognises(self, feed: ParsedFeed) -> bool:  # noqa: ARG002  for those who override it
        """Whether *feed* is one for this plugin by its looks, where no domain tells (podcasts, Mastodon's
        many hosts).
        """
        return False

    def pre_process(self, entry: Entry) -> Entry:
        """*entry*, repaired where the site gets it wrong. (Entries are frozen: use `dataclasses.replace`.)"""
        return entry

    def include_entry(self, entry: Entry) -> bool:  # noqa: ARG002  for those who override it
        """Whether *entry* shall become an item."""
        return True

    def process(self, entry: Entry) -> Entry:
        """*entry* as it shall be shown. What is set here is sanitised later."""
        return entry

    def post_process(self, draft: ItemDraft) -> None:
        """Changes *draft* in place: the last word before it is sanitised."""
