"""Entries become drafts: missing fields are filled in, and all fields are made harmless."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Enclosure, Entry, Episode, Media, ParsedFeed, Person, Transcript
from lifestream.plugins import FeedPlugin, ItemDraft
from lifestream.plugins.entry_digests import Digests, joined
from lifestream.plugins.item_pipeline import Prepared, prepare

SANITIZER = Sanitizer()
BASE = "https://site.example/post"


def item_of(entry: Entry) -> ItemDraft:
    (item,) = prepare(ParsedFeed(entries=(entry,)), FeedPlugin(), SANITIZER).items
    return item


def test_everything_hostile_in_an_entry_is_made_harmless() -> None:
    entry = Entry(
        guid="javascript:alert(1)\0",
        link="javascript:alert(1)",
        title="<script>alert(1)</script>News\ud800",
        author="Ada\x1b[31m",
        content='<a href="javascript:alert(1)" onclick="x">a</a><img src="file:///etc/passwd">'
        '<iframe src="/f"></iframe>',
        summary="<script>1</script>Sum",
        tags=("<script>1</script>a", "", "a"),
        enclosures=(Enclosure("file:///etc/passwd", "a/b"), Enclosure("/ok.mp3", "audio/mpeg\0")),
        media=(
            Media(url="javascript:1", thumbnail="data:image/png;base64,AA", player="file:///x"),
            Media(url="javascript:1", type="a/b\0", thumbnail="/t.jpg", title="<b>T</b>\0", description="D\x1b"),
        ),
        language="en\0",
        base=BASE,
        episode=Episode(
            season="1\0",
            season_name="S\x1b",
            number="2\0",
            number_name="N\x1b",
            chapters="javascript:1",
            transcripts=(Transcript("javascript:1"), Transcript("/t.vtt", "text/vtt\0", "en\x1b")),
            persons=(Person("<script>1</script>"), Person("Eve\0", "host\x1b", "javascript:1", "data:image/png,A")),
        ),
    )
    rel = 'rel="noopener noreferrer nofollow ugc"'

    assert item_of(entry) == ItemDraft(
        guid="javascript:alert(1)",
        link="",
        title="News\ufffd",
        author="Ada[31m",
        content=f'<a {rel}>a</a><img loading="lazy">'
        f'<p><a href="https://site.example/f" {rel}>https://site.example/f</a></p>',
        text="a\nhttps://site.example/f",
        summary="Sum",
        tags=("a",),
        enclosures=(Enclosure("https://site.example/ok.mp3", "audio/mpeg"),),
        media=(Media(type="a/b", thumbnail="https://site.example/t.jpg", title="<b>T</b>", description="D"),),
        language="en",
        base=BASE,
        episode=Episode(
            season="1",
            season_name="S",
            number="2",
            number_name="N",
            transcripts=(Transcript("https://site.example/t.vtt", "text/vtt", "en"),),
            persons=(Person("Eve", "host"),),
        ),
    )
    assert item_of(Entry(base="javascript:1")) == ItemDraft()


NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "content", "text", "summary"),
    [
        (Entry(content="<p>C</p>", summary="S"), "<p>C</p>", "C", "S"),
        (Entry(content="<p>C</p>"), "<p>C</p>", "C", "C"),
        (Entry(summary="<b>S</b>"), "<b>S</b>", "S", "S"),
        (Entry(media=(Media(description="M\nN"),)), "<p>M<br>N</p>", "M\nN", "M N"),
        (Entry(content="word " * 100), "word " * 99 + "word", "word " * 99 + "word", "word " * 59 + "word…"),
        (Entry(), "", "", ""),
    ],
)  # fmt: skip
def test_missing_content_text_and_summary_are_taken_from_other_fields(
    entry: Entry, content: str, text: str, summary: str
) -> None:
    item = item_of(entry)

    assert (item.content, item.text, item.summary) == (content, text, summary)


@pytest.mark.parametrize(
    ("published", "updated", "date"),
    [(NEW_YEAR, LATER, NEW_YEAR), (NEW_YEAR, None, NEW_YEAR), (None, LATER, LATER), (None, None, None)],
)
def test_an_entry_without_a_publication_date_has_the_date_of_its_update(
    published: datetime | None, updated: datetime | None, date: datetime | None
) -> None:
    assert item_of(Entry(published=published, updated=updated)).published == date


def test_a_guid_is_kept_as_it_is_spelled() -> None:
    assert item_of(Entry(guid="posts/1?a&b=<c>", base=BASE)).guid == "posts/1?a&b=<c>"


def test_tags_are_bounded() -> None:
    assert len(item_of(Entry(tags=tuple(map(str, range(1000))))).tags) == 100


def test_the_feed_itself_is_made_harmless() -> None:
    feed = ParsedFeed(
        title="<script>1</script>T\0",
        link="javascript:1",
        subtitle="<script>1</script>S\0",
        author="Ada\x1b",
        language="en\0",
        generator="G\0",
        icon="data:image/png;base64,AA",
        self_url="file:///feed",
        hub_url="javascript:1",
        entries=(Entry(),),
    )

    assert prepare(feed, FeedPlugin(), SANITIZER).feed == ParsedFeed(
        title="T", subtitle="S", author="Ada", language="en", generator="G"
    )
    harmless = ParsedFeed(link=BASE, icon=f"{BASE}.png", self_url=f"{BASE}.atom", hub_url="https://hub.example/")
    assert prepare(harmless, FeedPlugin(), SANITIZER).feed == harmless


class TestKnownEntries:
    DATED = NEW_YEAR.replace(hour=12)

    def read(self, *entries: Entry, known: str = "") -> Prepared:
        return prepare(ParsedFeed(entries=entries), FeedPlugin(), SANITIZER, digests=Digests("", known))

    def known(self, *entries: Entry) -> str:
        return joined((digest, "key") for digest in self.read(*entries).digests)

    def test_a_known_entry_becomes_an_outline(self) -> None:
        entry = Entry(guid="1", title="One", content="<p>Words</p>", published=self.DATED)
        again = self.read(Entry(guid="2"), entry, known=self.known(entry))
        assert again.known == (1,)
        assert again.items[1] == ItemDraft(guid="1", title="One", published=self.DATED)

    def test_entries_that_look_alike_are_cleaned(self) -> None:
        entry = Entry(guid="1", title="One", content="<p>Words</p>", published=self.DATED)
        other = replace(entry, title="<script>x</script>One ", content="<p>Other words</p>")
        assert self.read(entry, other, known=self.known(entry)).known == ()
        assert self.read(entry, replace(other, guid="2"), known=self.known(entry)).known == (0,)

    def test_an_entry_without_a_time_has_no_digest(self) -> None:
        assert self.read(Entry(guid="1"), Entry(guid="2", published=NEW_YEAR.replace(hour=0))).digests == ("", "")

    @pytest.mark.slow
    def test_an_entry_that_exceeds_a_cap_has_no_digest(self) -> None:
        entry = Entry(guid="1", content="<p>Words</p>" * 100_000, published=self.DATED)
        read = self.read(entry)
        assert (read.digests, len(read.capped)) == (("",), 1)
