"""A digest changes with each field of an entry, and with the cleaner."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.entry import Enclosure, Episode, Media
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.entry_digests import LENGTH, MOST, Digests, cleaner_of, divided, is_of, joined

RULES = SanitizerRules()
DIGESTS = Digests(cleaner_of(RULES, "1"))
DRAFT = ItemDraft(guid="1", content="ab", summary="c")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


CHANGES: dict[str, Any] = {
    "guid": "2",
    "link": "https://a.example/",
    "title": "T",
    "author": "Ada",
    "published": NOON,
    "updated": NOON,
    "content": "ac",
    "summary": "d",
    "tags": ("one",),
    "enclosures": (Enclosure("/1.mp3"),),
    "media": (Media("/1.jpg"),),
    "language": "da",
    "base": "https://a.example/",
    "episode": Episode("1"),
}


@pytest.mark.parametrize("field", CHANGES)
def test_each_field_that_a_feed_or_a_plugin_can_set_changes_the_digest(field: str) -> None:
    assert DIGESTS.of(replace(DRAFT, **{field: CHANGES[field]})) != DIGESTS.of(DRAFT)
    assert {each.name for each in fields(ItemDraft)} - {*CHANGES} == {"text", "card"}, "only cleaning sets these two"


def test_texts_do_not_run_into_each_other() -> None:
    assert DIGESTS.of(DRAFT) != DIGESTS.of(replace(DRAFT, content="a", summary="bc"))
    assert DIGESTS.of(DRAFT) != DIGESTS.of(replace(DRAFT, content="", summary="abc"))


def test_a_lone_surrogate_has_a_digest() -> None:
    assert len(DIGESTS.of(replace(DRAFT, title="\ud800", content="\udfff"))) == LENGTH


@pytest.mark.parametrize(
    ("rules", "release"),
    [
        (RULES, "2"),
        (replace(RULES, tags={"p": frozenset()}), "1"),
        (replace(RULES, styles=frozenset({"color"})), "1"),
        (replace(RULES, url_schemes=frozenset({"https"})), "1"),
        (replace(RULES, strip_tracking=True), "1"),
    ],
    ids=["release", "tags", "styles", "schemes", "tracking"],
)
def test_another_cleaner_gives_another_digest(rules: SanitizerRules, release: str) -> None:
    assert Digests(cleaner_of(rules, release)).of(DRAFT) != DIGESTS.of(DRAFT)


def test_the_order_of_rules_does_not_matter() -> None:
    few, names = ["a", "b"], [f"n{number}" for number in range(1000)]
    one, other = (
        replace(RULES, tags=dict.fromkeys(few[::step], found), styles=found, url_schemes=found)
        for step, found in ((1, frozenset(names)), (-1, frozenset(names[::-1])))
    )
    assert [*one.tags] != [*other.tags] and [*one.styles] != [*other.styles], "the test needs different orders"
    assert cleaner_of(one, "1") == cleaner_of(other, "1")


def test_a_feed_keeps_its_first_digests_with_the_beginnings_of_the_keys() -> None:
    own = [DIGESTS.of(replace(DRAFT, guid=str(number))) for number in range(MOST + 1)]
    kept = joined([(own[0], "a" * 64), ("", "b" * 64), *((digest, "c" * 64) for digest in own[1:])])
    assert Digests("", kept).known == {*own[:MOST]}
    assert is_of("a" * 64, divided(kept)[own[0]])
    assert not is_of("c" * 64, divided(kept)[own[0]])
    assert Digests("", joined([])).known == frozenset()
