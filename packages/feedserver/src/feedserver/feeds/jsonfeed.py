"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/).

An item always has an id: its own, else its link, else one that is derived from its title and dates. HTML is written as
`content_html`, other text as `content_text`. Titles and summaries are plain text by definition, so markup in them is
written unchanged.
"""

from __future__ import annotations

import json
from typing import Any

from feedserver.feeds.dates import rfc3339
from feedserver.feeds.markup import codec_name, encode
from feedserver.feeds.model import Enclosure, Entry, Feed, Person, Text, text_of

VERSION = "https://jsonfeed.org/version/1.1"


def document(feed: Feed) -> dict[str, Any]:
    """Return *feed* as the object of a JSON Feed 1.1 document."""
    return _without_none(
        version=VERSION,
        title=_plain(feed.title),
        home_page_url=feed.link,
        feed_url=feed.url,
        description=_plain(feed.subtitle),
        next_url=feed.next_url,
        icon=feed.image,
        favicon=feed.icon,
        authors=[_author(author) for author in feed.authors] or None,
        language=feed.language,
        hubs=[{"type": "WebSub", "url": hub} for hub in feed.hubs] or None,
    ) | {"items": [_item(entry) for entry in feed.entries]}


def _item(entry: Entry) -> dict[str, Any]:
    content = text_of(entry.content, "html")
    return _without_none(
        id=entry.identity,
        url=entry.link,
        title=_plain(entry.title),
        content_html=content.value if entry.content is not None and content.type != "text" else None,
        content_text=content.value if entry.content is not None and content.type == "text" else None,
        summary=_plain(entry.summary),
        image=entry.image,
        date_published=rfc3339(entry.published),
        date_modified=rfc3339(entry.updated),
        authors=[_author(author) for author in entry.authors] or None,
        tags=[category.term for category in entry.categories] or None,
        language=entry.language,
        attachments=[_attachment(enclosure) for enclosure in entry.enclosures] or None,
    )


def _author(author: Person) -> dict[str, Any]:
    return _without_none(name=author.name, url=author.uri)


def _attachment(enclosure: Enclosure) -> dict[str, Any]:
    return _without_none(
        url=enclosure.url,
        mime_type=enclosure.type,
        title=enclosure.title,
        size_in_bytes=enclosure.length or None,
        duration_in_seconds=enclosure.duration,
    )


def _plain(value: str | Text | None) -> str | None:
    return None if value is None else text_of(value).value


def _without_none(**fields: object) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def serialize(document: dict[str, Any], encoding: str = "utf-8", *, bom: bool | None = None) -> bytes:
    """Return *document* as bytes.

    RFC 8259 §8.1 allows UTF-8 only; another *encoding* tests how a client copes with it. In any encoding but those
    called UTF, every character outside of ASCII is written as an escape.

    Raises ValueError for a lone surrogate, which is no character, for an unknown encoding, and for one that lacks a
    character of the document or the byte order mark.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = ord(text[error.start])
        raise ValueError(f"the feed contains U+{found:04X}, a lone surrogate; leave it out") from error
    if not codec_name(encoding).startswith("utf"):
        text = json.dumps(document, indent=2) + "\n"
    return encode(text, encoding, bom=bom)
