"""JSON Feed 1.0 and 1.1 (jsonfeed.org). A value of the wrong type counts as missing, unless its meaning is clear: a
name in place of a person, a number in place of a date. A bad item doesn't affect the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import urljoin

from lifestream.content.late_pattern import late
from lifestream.content.plaintext import html_of, scrub
from lifestream.content.urls import has_impossible_host
from lifestream.entry import Enclosure, Entry, Media, ParsedFeed
from lifestream.message import say
from lifestream.parser.dates import Calendar
from lifestream.parser.encoding import Decoded, with_windows_characters
from lifestream.parser.errors import NotAFeed
from lifestream.parser.json_text import loaded
from lifestream.parser.people import joined
from lifestream.parser.relative_addresses import base_of_links, base_of_text, with_slashes
from lifestream.parser.rhythm import number, seconds
from lifestream.parser.text_constructs import html_or_text, names
from lifestream.plugins.caps import ENCLOSURES
from lifestream.plugins.reading_notes import Notes

FORMATS: Final = {"1": "json10", "1.0": "json10", "1.1": "json11"}
_VERSION = late(r"(?:(?:https?://)?(?:www\.)?jsonfeed\.org/version/)?(\d(?:\.\d)?)/?", re.IGNORECASE)


def read(decoded: Decoded, url: str, notes: Notes | None = None, start: int = 0) -> ParsedFeed:
    """Return the feed in *decoded*, which came from *url*, and whose JSON begins at *start*. Raises `NotAFeed`."""
    try:
        document, flaw = loaded(decoded.text, start)
    except RecursionError as error:
        raise NotAFeed(say("deep-json")) from error
    if not isinstance(document, dict):
        raise NotAFeed(say("other-json"))
    items = _list(document, "items")
    written = _text(document, "version")
    version = _VERSION.fullmatch(written)
    if version is None and (written or not any(map(_is_item, items))):
        raise NotAFeed(say("other-json"))
    if not items and not isinstance(document.get("items"), list) and not _is_empty_feed(document, written):
        raise NotAFeed(say("other-json"))
    language = _text(document, "language")
    author = _authors(document)
    dated = [item for item in items if isinstance(item, dict)]
    calendar = Calendar(lambda: [_date(item, name) for item in dated for name in _DATES], notes)
    link = _address(document, "home_page_url", url)
    site = base_of_links(link, url)
    return ParsedFeed(
        title=_text(document, "title"),
        link=link,
        subtitle=_text(document, "description"),
        author=author,
        language=language,
        icon=_address(document, "icon", site) or _address(document, "favicon", site),
        self_url=_address(document, "feed_url", url),
        hub_url=_hub(document, url),
        format=FORMATS.get(version[1] if version else "", "json"),
        encoding=decoded.encoding,
        complaint="; ".join(filter(None, (decoded.complaint, str(flaw or "")))),
        flaw=flaw,
        entries=tuple(_entry(item, site, url, author, language, calendar) for item in dated),
    )


def _is_empty_feed(document: dict[str, Any], version: str) -> bool:
    """Return whether *document*, of this *version*, is a feed without items: programs in Go write an empty list as
    null, or not at all.
    """
    return document.get("items") is None and "jsonfeed.org/" in version


_DATES: Final = ("date_published", "date_modified")


def _entry(item: dict[str, Any], site: str, url: str, author: str, language: str, calendar: Calendar) -> Entry:
    guid = _id(item)
    link = _address(item, "url", site) or _address(item, "external_url", site)
    if not link and guid.startswith(("https://", "http://")):
        link = guid  # "Ideally, the id is the full URL of the resource described by the item."
    base = base_of_text(link, site, url)
    return Entry(
        guid=guid,
        link=link,
        title=_word(item.get("title")),
        author=_authors(item) or author,
        published=calendar.read(_date(item, "date_published")),
        updated=calendar.read(_date(item, "date_modified")),
        content=scrub(_string(item, "content_html")) or html_of(_string(item, "content_text")),
        summary=html_or_text(_text(item, "summary")),
        tags=names(_tags(item)),
        enclosures=tuple(_enclosures(item, base)),
        media=_media(item, base),
        language=_text(item, "language") or language,
        base=base,
    )


def _id(item: dict[str, Any]) -> str:
    """Return the id, which should be a string, but is a number often enough that the specification mentions it."""
    value = item.get("id")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(value)
    return scrub(value).strip() if isinstance(value, str) else ""


def _is_item(item: object) -> bool:
    """Return whether *item* has a name that only JSON Feed uses: then its document is a JSON Feed, even without a
    version.
    """
    return isinstance(item, dict) and not _NAMES.isdisjoint(item)


_NAMES: Final = frozenset({"content_html", "content_text", "date_published"})


def _tags(item: dict[str, Any]) -> Iterable[str]:
    tags = item.get("tags")
    return tags.split(",") if isinstance(tags, str) else map(_word, _several(item, "tags"))


def _enclosures(item: dict[str, Any], url: str) -> Iterator[Enclosure]:
    """Yield the enclosures of *item*, at most one more than are kept. The additional one shows that there are more."""
    found = (
        Enclosure(
            url=address,
            type=_text(attachment, "mime_type").lower(),
            length=_whole(attachment, "size_in_bytes", number) or None,
            duration=_whole(attachment, "duration_in_seconds", seconds),
        )
        for attachment in _several(item, "attachments")
        if isinstance(attachment, dict) and (address := _address(attachment, "url", url))
    )
    return islice(found, ENCLOSURES.limit + 1)


def _media(item: dict[str, Any], url: str) -> tuple[Media, ...]:
    image = _address(item, "image", url) or _address(item, "banner_image", url)
    return (Media(url=image, type="image/*", thumbnail=image),) if image else ()


def _authors(value: dict[str, Any]) -> str:
    people = [*_several(value, "authors"), *_several(value, "author")]
    return joined(_text(person, "name") if isinstance(person, dict) else _clean(person) for person in people)


def _hub(document: dict[str, Any], url: str) -> str:
    hubs = [hub for hub in _list(document, "hubs") if isinstance(hub, dict)]
    found = [_address(hub, "url", url) for hub in hubs if _text(hub, "type").lower() in {"websub", "pubsubhubbub", ""}]
    return next(filter(None, found), "")


def _string(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return with_windows_characters(found) if isinstance(found, str) else ""


def _text(value: dict[str, Any], name: str) -> str:
    return _clean(value.get(name))


def _clean(value: object) -> str:
    return " ".join(scrub(with_windows_characters(value)).split()) if isinstance(value, str) else ""


def _date(value: dict[str, Any], name: str) -> str:
    """Return a date as a text. It may be a number of seconds or milliseconds, unlike in the specification."""
    found = value.get(name)
    return str(int(found)) if isinstance(found, int | float) and abs(found) < _MOST_SECONDS else _text(value, name)


_MOST_SECONDS: Final = 10**16


def _word(value: object) -> str:
    """Return *value* in one line. It is a text, or a number that stands in place of a text."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return json.dumps(value) if is_number else _clean(value)


def _address(value: dict[str, Any], name: str, base: str) -> str:
    """Return the address under *name*, which may be the `url` of an object."""
    found = value.get(name)
    address = _text(found, "url") if isinstance(found, dict) else _clean(found)
    address = with_slashes(base, address)
    if has_impossible_host(address):
        return ""
    try:
        return urljoin(base, address) if address else ""
    except ValueError:
        return ""


def _list(value: dict[str, Any], name: str) -> list[Any]:
    """Return the list under *name*. Once elements are removed from a list, PHP writes it as an object whose names are
    numbers.
    """
    found = value.get(name)
    if isinstance(found, dict) and found and all(map(str.isdecimal, found)):
        return list(found.values())
    return found if isinstance(found, list) else []


def _several(value: dict[str, Any], name: str) -> list[Any]:
    """Return the list under *name*; a single object or text there counts as a list of one."""
    found = value.get(name)
    return _list(value, name) or ([found] if isinstance(found, dict | str) else [])


def _whole(value: dict[str, Any], name: str, read: Callable[[str], int | None]) -> int | None:
    """Return the whole number under *name*; *read* reads it if it is a text."""
    found = value.get(name)
    if isinstance(found, str):
        return read(found.strip())
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return int(found) if 0 <= found < 2**53 else None
