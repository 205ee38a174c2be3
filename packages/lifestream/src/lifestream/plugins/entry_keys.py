"""The keys that identify an entry, from the strongest to the weakest. By these, `entry_matching` decides which stored
item an entry is.

Stored keys outlive releases: **a change to how a key is made duplicates every item**, so it needs a migration.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final, Protocol
from urllib.parse import urlsplit

from lifestream.content.late_pattern import late

LONGEST_GUID: Final = 8 * 1024
"""Bytes of a guid that are stored. A longer one is replaced by its hash."""

_HASHED: Final = "urn:lifestream:long-guid:"
_TAG = re.compile(r"<[^>]*+(?:>|\Z)")


class Addressed(Protocol):
    """A file of an entry, of which only the address matters here."""

    @property
    def url(self) -> str: ...


class Said(Protocol):
    """The fields that identify an entry. `entry.Entry` has them, and so does an item's draft."""

    @property
    def guid(self) -> str: ...
    @property
    def link(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def published(self) -> datetime | None: ...
    @property
    def updated(self) -> datetime | None: ...
    @property
    def content(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def enclosures(self) -> Sequence[Addressed]: ...


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of an entry, each a SHA-256 in hexadecimal. *guid* and *link* are "" if the entry has none.

    *content* is the key of the title and the date, or of the title and the text if there is no date. *distinction* says
    what tells the entry from others with the same title: "date" if its date has a time, else "text" if it has a text.
    It is "" if the entry has neither, or no title. *said* is what the key of the whole entry is made of: only few
    entries need that key.
    """

    guid: str
    link: str
    content: str
    distinction: str
    said: tuple[str, ...]

    @property
    def whole(self) -> str:
        """The key of everything that identifies the entry."""
        return _hash("whole", *self.said)


def _hash(*parts: str) -> str:
    # The length of each part precedes it: ("ab", "c") and ("a", "bc") are different keys.
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def guid_form(guid: str) -> str:
    """Return *guid* as it is stored. A long one is replaced by a URN that contains its key: `guid_key` returns the same
    key for both.
    """
    if len(guid) * 4 <= LONGEST_GUID or len(guid.encode("utf-8", "surrogatepass")) <= LONGEST_GUID:
        return guid
    return _HASHED + _hash("guid", guid)


def guid_key(guid: str) -> str:
    """Return the key of *guid*, or "" for none."""
    if not guid:
        return ""
    return guid[len(_HASHED) :] if _HASHED_GUID.fullmatch(guid) else _hash("guid", guid)


_HASHED_GUID = late(rf"{_HASHED}[0-9a-f]{{64}}")


# The form of most links, whose parts need not be taken apart one by one.
_PLAIN_LINK = re.compile(
    r"https?://([a-z0-9.-]+)((?:/[\w/.~%+:@!$&'()*,;=-]*+)?)((?:\?[\w/.~%+:@!$&'()*,;=-]++)?)", re.ASCII
)


def link_form(link: str) -> str:
    """Return *link* as it is compared: without http or https, without a user name or a default port, with its host in
    lower case, and without a slash at the end of its path. Of a link that is not of http or https, only spaces around
    it are removed.
    """
    if plain := _PLAIN_LINK.fullmatch(link):
        return f"//{plain[1]}{plain[2].removesuffix('/')}{plain[3]}"
    try:
        parts = urlsplit(link.strip())
        port = parts.port
    except ValueError:
        return link.strip()
    if parts.scheme not in ("http", "https"):
        return link.strip()
    host = (parts.hostname or "") + (f":{port}" if port not in (None, 80, 443) else "")
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"//{host}{parts.path.removesuffix('/')}{query}{fragment}"


def _text_of(html: str) -> str:
    end = html.rfind(">") + 1  # a "<" after the last ">" begins no tag; the pattern is not tried there
    return " ".join((_TAG.sub(" ", html[:end]) + html[end:]).split())


def keys_of(entry: Said, home: Collection[str] = ()) -> Keys:
    """Return the keys of *entry*. A link whose form is in *home* belongs to the site and not to the entry; the address
    of a file may replace it.
    """
    guid = entry.guid.strip()
    addresses = (entry.link, *(enclosure.url for enclosure in entry.enclosures))
    link = next((form for address in addresses if (form := link_form(address)) and form not in home), "")
    title = " ".join(entry.title.split())
    date = entry.published.isoformat() if entry.published else ""
    html = entry.content or entry.summary
    # A date without a time says little: a day may have two entries with one title.
    dated = entry.published is not None and entry.published.time() != time()
    text = "" if dated else _text_of(html)
    distinction = "date" if dated else "text" if text else ""
    return Keys(
        guid=guid_key(guid),
        link=_hash("link", link) if link else "",
        content=_hash("dated", title, date) if date else _hash("text", title, text),
        distinction=distinction if title else "",
        said=(guid, link, title, date, html),
    )
