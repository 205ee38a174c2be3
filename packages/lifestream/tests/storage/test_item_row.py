"""The row of an item: it can be stored whatever the feed contains, and equal drafts have equal fingerprints."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from factories import NOW, draft
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.entry_keys import keys_of
from lifestream.storage.entry_matching import Decision
from lifestream.storage.item_row import EPOCH, columns, first_date


def row(made: ItemDraft) -> tuple[dict[str, Any], tuple[str, ...]]:
    keys = keys_of(made)
    return columns(made, Decision(0, keys, keys.guid, None), NOW)


def test_the_fingerprint_of_an_item_covers_its_texts_and_tags_but_not_when_it_was_updated() -> None:
    first = row(draft("1", "A title", text="x", tags=("a",)))[0]["fingerprint"]
    assert row(draft("1", "A title", text="x", tags=("a",), updated=NOW))[0]["fingerprint"] == first
    for title, text, tag in (("Another", "x", "a"), ("A title", "y", "a"), ("A title", "x", "b")):
        assert row(draft("1", title, text=text, tags=(tag,)))[0]["fingerprint"] != first


def test_characters_that_no_database_stores_are_removed_or_replaced() -> None:
    made, tags = row(draft("1", "a\0b\ud800", tags=("c\0",)))
    assert "\0" not in made["title"] + "".join(tags)
    made["title"].encode()


@pytest.mark.parametrize(
    "text",
    ['"quoted" and \\ \\n \\u0000', "a\n\r\tb\x01\x1f\x7f\x85\u2028", "Größe, 大小, 😀", *map(chr, range(1, 0x20)), ""],
)
def test_the_fingerprint_of_an_item_is_that_of_its_json(text: str) -> None:
    """Fingerprints are stored: if a new version computed them differently, all items would count as changed."""
    made = ItemDraft(text, text, text, text, content=text, text=text, summary=text, language=text, tags=(text, "b"))
    names = ("guid", "link", "title", "author", "content", "text", "summary", "language")
    values = [dict.fromkeys(names, text), {"enclosures": [], "media": []}, [text, "b"]]
    encoded = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    assert row(made)[0]["fingerprint"] == hashlib.sha256(encoded.encode()).hexdigest()


def test_an_update_before_1970_is_none_and_one_in_the_future_is_now() -> None:
    assert row(draft("1", updated=EPOCH - timedelta(days=1)))[0]["updated"] is None
    assert row(draft("1", updated=NOW + timedelta(days=1)))[0]["updated"] == NOW


@pytest.mark.parametrize("published", [None, NOW + timedelta(days=1), EPOCH - timedelta(days=1)])
def test_a_missing_or_impossible_date_becomes_now(published: Any) -> None:
    assert first_date(published, NOW) == NOW
    assert first_date(EPOCH, NOW) == EPOCH
