"""Converts the draft of an item to its row: without a database, and so that any content of a feed can be stored.

`item_pipeline` has scrubbed and cleaned drafts already; anything that it missed (NUL and lone surrogates, which
PostgreSQL and UTF-8 refuse) is scrubbed here, so that no row can fail because of a feed's content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from lifestream.content.plaintext import scrub
from lifestream.entry import Media
from lifestream.plugins.base import ItemDraft
from lifestream.storage.entry_matching import Decision

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_TEXTS = ("guid", "link", "title", "author", "content", "text", "summary", "language")


def columns(draft: ItemDraft, decision: Decision, now: datetime) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the columns of the item for *draft*, and its tags. Of its dates, only *updated* is among the columns.

    The fingerprint covers the texts, the files, the episode and the tags, but no dates: an item of
    which only dates change is not rewritten.
    """
    texts: dict[str, Any] = {name: getattr(draft, name) for name in _TEXTS}
    lists: dict[str, Any] = {
        "enclosures": [asdict(enclosure) for enclosure in draft.enclosures],
        "media": [_medium_row(medium) for medium in draft.media],
    }
    # The episode is in the fingerprint only if there is one: versions before it had no such field, and all items would
    # count as changed after an upgrade.
    if draft.episode is not None:
        lists["episode"] = asdict(draft.episode)
    tags = draft.tags
    encoded = _encoded(texts, lists, tags)
    scrubbed = encoded is None
    if encoded is None:
        texts, lists, tags = _scrubbed([texts, lists, tags])
        encoded = _encoded(texts, lists, tags) or b""
    return {
        **texts,
        "episode": None,
        **lists,
        "card": _scrubbed(draft.card) if scrubbed else draft.card,
        "guid": texts["guid"].strip(),
        "key_hash": decision.key,
        "link_hash": decision.keys.link,
        "content_hash": decision.keys.content,
        "updated": None if draft.updated is None or draft.updated < EPOCH else min(draft.updated, now),
        "fingerprint": hashlib.sha256(encoded).hexdigest(),
    }, tuple(tags)


def _medium_row(medium: Media) -> dict[str, Any]:
    row = asdict(medium)
    return {name: value for name, value in row.items() if value is not None or name not in ("length", "duration")}


def first_date(published: datetime | None, now: datetime) -> datetime:
    """Return the permanent date of an item: when it was *published*, or *now* if that is unknown, before 1970 or in the
    future.
    """
    return now if published is None or not EPOCH <= published <= now else published


def _encoded(texts: Mapping[str, str], lists: Mapping[str, Any], tags: Sequence[str]) -> bytes | None:
    """Return `[texts, lists, tags]` as JSON in UTF-8; None if it contains something that can't be stored."""
    try:
        encoded_texts = b",".join([b'"%b":%b' % (name.encode(), _quoted(text)) for name, text in texts.items()])
        encoded = b"[{%b},%b" % (encoded_texts, _ENCODER.encode([lists, tags]).encode()[1:])
    except UnicodeEncodeError:
        return None
    return None if b"\\u0000" in encoded and _holds_nul([texts, lists, tags]) else encoded


_ESCAPED: Final = bytes(byte for byte in range(0x20) if byte != ord("\n"))
"""The control characters that JSON escapes, except for the line feed, which is frequent."""


def _quoted(text: str) -> bytes:
    """Return *text* in JSON, as UTF-8. Python's own encoder takes twice as long, since it checks each character, and
    the fingerprint covers the whole text of an entry.
    """
    encoded = text.encode()
    if len(encoded.translate(None, _ESCAPED)) < len(encoded):
        return _ENCODER.encode(text).encode()
    return b'"%b"' % encoded.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, value.values()))
    return isinstance(value, list | tuple) and any(map(_holds_nul, value))


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {key: _scrubbed(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(part) for part in value]
    return value
