"""An outline, the few fields by which a draft's item is found again, has the same keys as that item, and is as safe."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Enclosure
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.caps import CapTally
from lifestream.plugins.draft_cleaning import identifies, made_safe, outlined
from lifestream.plugins.entry_keys import keys_of

SANITIZER = Sanitizer()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DRAFT = ItemDraft(
    guid=" tag:1 ",
    link="/1",
    title="Day\n<b>1</b>",
    content="<p>Words</p>",
    summary="Words",
    published=NOON,
    base="https://a.example/feed",
)


@pytest.mark.parametrize(
    "draft",
    [
        DRAFT,
        replace(DRAFT, guid="\ud800\0", link="javascript:alert(1)", title="<script>alert(1)</script>\x1b[31m"),
        replace(DRAFT, guid="g" * 9000, link="https://a.example/" + "x" * 9000, title="word " * 1000),
        replace(DRAFT, link="", enclosures=(Enclosure("javascript:1"), Enclosure("/1.mp3", "audio/mpeg"))),
        replace(DRAFT, guid="", title=""),
    ],
    ids=["plain", "hostile", "long", "enclosed", "linked"],
)
def test_an_outline_has_the_keys_of_the_item(draft: ItemDraft) -> None:
    outline, safe = outlined(draft, SANITIZER), made_safe(draft, SANITIZER, CapTally())
    mine, its = keys_of(outline), keys_of(safe)
    assert (mine.guid, mine.link, mine.content, mine.distinction) == (
        its.guid,
        its.link,
        its.content,
        its.distinction,
    )
    assert (outline.guid, outline.link, outline.title) == (safe.guid, safe.link, safe.title)
    assert (outline.published, outline.updated, outline.enclosures) == (safe.published, safe.updated, safe.enclosures)
    assert not (outline.content or outline.text or outline.card)


@pytest.mark.parametrize(
    ("outline", "enough"),
    [
        (ItemDraft(guid="1", published=NOON), True),
        (ItemDraft(title="T", published=NOON), True),
        (ItemDraft(link="https://a.example/1", published=NOON), True),
        (ItemDraft(published=NOON), False),
        (ItemDraft(guid="1"), False),
        (ItemDraft(guid="1", published=NOON.replace(hour=0)), False),
    ],
    ids=["guid", "title", "link", "date alone", "no date", "no time"],
)
def test_an_outline_with_a_time_and_a_guid_a_title_or_a_link_identifies_an_item(
    outline: ItemDraft, *, enough: bool
) -> None:
    assert identifies(outline) is enough
