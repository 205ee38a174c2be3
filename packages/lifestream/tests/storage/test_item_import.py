"""Items and tags are stored once each, edited in place, and never with a date in the future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from factories import NOW, draft, make_feed, make_item, make_subscription, prepared, result
from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Enclosure, Entry, Episode, Media, ParsedFeed, Person
from lifestream.fetcher.outcomes import Fetched
from lifestream.models import Feed, Fetch, Item, Lifestream, Post, Subscription, Tag, Tombstone, fulltext
from lifestream.plugins import caps
from lifestream.plugins.base import FeedPlugin, ItemDraft
from lifestream.plugins.entry_keys import keys_of
from lifestream.plugins.item_pipeline import prepare
from lifestream.scheduler.jobs import Result, Stored
from lifestream.storage import backfill, item_import
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def document(feed: Feed, *drafts: ItemDraft, **fields: Any) -> Result:
    """Return the result of a fetch whose document has these items."""
    return result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts), **fields)


def read(feed: Feed, *drafts: ItemDraft, now: datetime = NOW) -> Stored:
    """Store a new document of *feed* with these items."""
    [stored] = store([document(feed, *drafts)], now)
    return stored


def counts(stored: Stored) -> tuple[int, int, int]:
    return stored.new, stored.changed, stored.unchanged


def titles(lifestream: Lifestream) -> list[str]:
    return list(Post.objects.filter(lifestream=lifestream).values_list("item__title", flat=True))


class TestItems:
    def test_all_fields_of_a_draft_are_stored(self) -> None:
        feed = make_feed()
        read(
            feed,
            draft(
                "guid",
                "Title",
                link="https://example.com/1",
                author="Ada",
                published=NOW - HOUR,
                updated=NOW - HOUR / 2,
                content="<p>content</p>",
                text="content",
                summary="cont…",
                language="en",
                tags=("one", "two"),
                enclosures=(Enclosure("https://example.com/1.mp3", "audio/mpeg", 10**12, 60),),
                media=(Media("https://example.com/1.jpg", title="Picture"),),
                episode=Episode("2", number="7", persons=(Person("Bo"),)),
            ),
        )
        item = Item.objects.get(feed=feed)
        assert (item.guid, item.title, item.link, item.author) == ("guid", "Title", "https://example.com/1", "Ada")
        assert (item.date, item.updated, item.first_seen) == (NOW - HOUR, NOW - HOUR / 2, NOW)
        assert (item.content, item.text, item.summary) == ("<p>content</p>", "content", "cont…")
        assert item.language == "en"
        [enclosure], [medium] = item.enclosures, item.media
        assert Enclosure(**enclosure) == Enclosure("https://example.com/1.mp3", "audio/mpeg", 10**12, 60)
        assert Media(**medium) == Media("https://example.com/1.jpg", title="Picture")
        assert item.episode is not None
        assert (item.episode["season"], item.episode["number"]) == ("2", "7")
        assert [person["name"] for person in item.episode["persons"]] == ["Bo"]
        assert {tag.name for tag in item.tags.all()} == {"one", "two"}
        assert list(fulltext.matching(Item.objects.all(), "title ada two content")) == [item]

    def test_a_second_import_changes_nothing(self) -> None:
        feed = make_feed()
        drafts = [draft(f"{number}", f"{number}", tags=("a",)) for number in range(5)]
        assert counts(read(feed, *drafts)) == (5, 0, 0)
        before = list(Item.objects.order_by("pk").values())
        assert counts(read(feed, *drafts, now=NOW + HOUR)) == (0, 0, 5)
        assert list(Item.objects.order_by("pk").values()) == before

    def test_an_edit_is_made_in_place_and_keeps_the_date(self) -> None:
        feed = make_feed()
        stream = make_subscription(feed).lifestream
        read(feed, draft("1", "old", published=NOW - HOUR, tags=("old", "both")))
        post, item = Post.objects.get(), Item.objects.get()
        stored = read(feed, draft("1", "new", published=NOW, tags=("new", "both")), now=NOW + HOUR)
        assert counts(stored) == (0, 1, 0)
        edited = Item.objects.get()
        assert (edited.pk, edited.title, edited.date, edited.first_seen) == (item.pk, "new", NOW - HOUR, NOW)
        assert {tag.slug for tag in edited.tags.all()} == {"new", "both"}
        assert list(Post.objects.filter(lifestream=stream)) == [post]
        assert not fulltext.matching(Item.objects.all(), "old").exists()
        assert fulltext.matching(Item.objects.all(), "new both").exists()

    @pytest.mark.parametrize("deleted", [False, True])
    def test_rule_23_an_item_with_a_long_guid_that_was_stored_before_the_caps_is_found_again(
        self, deleted: bool
    ) -> None:
        feed, long = make_feed(), "g" * 10_000
        # Before the caps, the key was that of the whole guid, or that of the link if two entries had the same guid.
        entry = Entry(guid=long, title="T", link="https://example.com/1")
        keys = keys_of(entry)
        for key in (keys.guid, keys.link):
            make_item(
                feed, "T", guid=long, link=entry.link, key_hash=key, link_hash=keys.link, content_hash=keys.content
            )
            if deleted:
                Item.objects.filter(feed=feed).delete()
            found = prepare(ParsedFeed(entries=(entry,)), FeedPlugin(), Sanitizer())
            [stored] = store([result(feed, Fetched(feed.url, b""), prepared=found)], NOW)
            assert (stored.new, stored.refused) == ((0, 1) if deleted else (0, 0))
            assert Item.objects.filter(feed=feed).count() == (0 if deleted else 1)
            Item.objects.filter(feed=feed).delete()
            Tombstone.objects.all().delete()

    def test_an_import_reads_only_tombstones_that_may_match_its_entries(self) -> None:
        """A feed whose entries all change leaves very many tombstones. A long document is imported in many chunks."""
        feed = make_feed()
        read(feed, *(draft(f"{i}", f"Entry {i}", link=f"https://a.example/{i % 5}", published=NOW) for i in range(20)))
        Item.objects.filter(feed=feed).delete()

        with CaptureQueriesContext(connection) as asked:
            assert read(feed, draft("7", "Entry 7")).refused == 1
            assert counts(read(feed, draft("new", "New", link="https://a.example/1"))) == (1, 0, 0)
            assert read(feed, draft("moved", "Entry 8", link="https://b.example/8", published=NOW)).refused == 1

        found = [
            each["sql"] for each in asked if '"lifestream_tombstone"' in each["sql"] and "EXISTS" not in each["sql"]
        ]
        assert found
        assert not [sql for sql in found if " IN (" not in sql and "UPDATE" not in sql]

    @pytest.mark.parametrize("deleted", [1, 2, 3])
    def test_a_link_of_several_tombstones_identifies_none_of_them(self, deleted: int) -> None:
        feed, link = make_feed(), "https://a.example/same"
        read(feed, *(draft(f"{i}", f"Entry {i}", link=link) for i in range(deleted)))
        Item.objects.filter(feed=feed).delete()

        assert read(feed, draft("new", "New", link=link)).refused == (1 if deleted == 1 else 0)

    def test_the_card_of_an_item_is_stored_and_made_again_after_an_edit(self) -> None:
        feed = make_feed()

        def stored_card(**fields: Any) -> Any:
            found = prepare(ParsedFeed(entries=(Entry(guid="1", **fields),)), FeedPlugin(), Sanitizer())
            store([result(feed, Fetched(feed.url, b""), prepared=found)], NOW)
            return Item.objects.get().card

        assert stored_card(title="T")["kind"] == "article"
        assert stored_card(content="x")["kind"] == "note"
        film = stored_card(title="T", media=(Media("https://example.com/\0a\ud800.mp4", "video/mp4"),))
        assert (film["kind"], film["films"]) == ("video", [["https://example.com/a\ufffd.mp4", "video/mp4", "", ""]])

    def test_rule_23_values_over_a_cap_are_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "lifestream.storage")
        feed = make_feed()
        found = prepare(ParsedFeed(title="x" * 3000), FeedPlugin(), Sanitizer())
        store([result(feed, Fetched(feed.url, b""), prepared=found)], NOW)
        assert caplog.messages == [f"{feed.url}: capped once: {caps.TITLE}"]
        assert Fetch.objects.get().message == f"capped once: {caps.TITLE}"

    def test_an_item_that_is_no_longer_in_the_document_stays(self) -> None:
        feed = make_feed()
        read(feed, draft("1", "A"), draft("2", "B"))
        read(feed, draft("2", "B"))
        assert Item.objects.count() == 2

    def test_an_item_deleted_here_does_not_come_back(self) -> None:
        feed = make_feed()
        read(feed, draft("1", "A"), draft("2", "B"))
        Item.objects.get(guid="1").delete()
        assert read(feed, draft("1", "A2"), draft("2", "B")).refused == 1
        assert [item.guid for item in Item.objects.all()] == ["2"]

    @pytest.mark.slow
    def test_frequent_edits_are_capped_and_a_daily_edit_is_always_stored(self) -> None:
        feed = make_feed()
        hours = [*range(25), *range(25, 24 * 5, 6)]
        changed = [read(feed, draft("1", f"visits: {hour}"), now=NOW + hour * HOUR).changed for hour in hours]
        assert sum(changed[:25]) == 24
        assert sum(changed[25:]) == 3

    def test_the_last_entry_of_a_document_is_the_oldest(self) -> None:
        feed = make_feed()
        stream = make_subscription(feed).lifestream
        read(feed, draft("3", "C"), draft("2", "B"), draft("1", "A"))
        assert [post.item.title for post in Post.objects.filter(lifestream=stream)] == ["C", "B", "A"]

    def test_an_empty_entry_makes_no_item(self) -> None:
        assert counts(read(make_feed(), ItemDraft(published=NOW), draft("1", "A"))) == (1, 0, 0)

    @pytest.mark.parametrize(
        ("published", "date"),
        [
            (None, NOW),
            (NOW - HOUR, NOW - HOUR),
            (NOW + HOUR, NOW),
            (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), NOW),
            (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)),
            (datetime(1969, 12, 31, tzinfo=UTC), NOW),
            (datetime(1, 1, 1, tzinfo=UTC), NOW),
        ],
        ids=["none", "past", "future", "9999", "epoch", "before the epoch", "year 1"],
    )
    def test_a_date_is_bounded_and_never_changes(self, published: datetime | None, date: datetime) -> None:
        feed = make_feed()
        read(feed, draft("1", "A", published=published, updated=published))
        read(feed, draft("1", "B", published=published, updated=published), now=NOW + 2 * HOUR)
        item = Item.objects.get()
        assert (item.title, item.date) == ("B", date)
        assert item.updated is None or datetime(1970, 1, 1, tzinfo=UTC) <= item.updated <= NOW + 2 * HOUR

    @pytest.mark.parametrize(
        "bad",
        [
            {"guid": "g" * 5000},
            {"title": "t" * 10_000},
            {"link": "https://example.com/" + "l" * 10_000},
            {"title": "nul \x00 and \ud800 surrogate", "content": "\udfff\x00", "guid": "\x00\ud800"},
            {"tags": ("\x00\ud800", "x" * 10_000, "", " ", "#", "ß" * 10_000, "﷽" * 1000)},
            {"media": (Media(title="\x00\ud800"),), "enclosures": (Enclosure("\x00"),)},
            {"author": "a" * 100_000, "language": "l" * 1000, "summary": "s" * 1_000_000},
            {"enclosures": (Enclosure("https://example.com/", length=10**30, duration=-1),)},
            {"content": "a backslash \\u0000 that is text"},
        ],
        ids=["guid", "title", "link", "unstorable", "tags", "lists", "long", "numbers", "backslash"],
    )
    def test_unusual_values_of_a_feed_are_stored_and_the_item_is_found_again(self, bad: dict[str, Any]) -> None:
        feed = make_feed()
        odd = draft(**{"guid": "1", "title": "A", **bad})
        stored = read(feed, odd, draft("2", "B"))
        assert (stored.new, stored.broken) == (2, 0)
        assert counts(read(feed, odd, draft("2", "B"))) == (0, 0, 2)

    def test_an_entry_is_logged_if_other_items_have_all_its_keys(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caplog.set_level("INFO", "lifestream.storage")
        monkeypatch.setattr(item_import, "CHUNK", 2)
        feed = make_feed()
        day = NOW - timedelta(days=1)

        def entry(title: str, guid: str = "", page: str = "", published: datetime | None = None, text: str = "") -> Any:
            link = f"https://example.com/{page}" if page else ""
            return draft(guid, title, link=link, published=published, content=text, text=text)

        first = [
            entry("B", published=day, text="y"),
            entry("", "G", "b", day, "y"),
            entry("B", "g", "a", day, "x"),
            entry("B", "h", text="x"),
            entry("B", "", "b", day),
        ]
        second = [
            entry("A", "G", "a", day, "y"),
            entry("", "g", "a", day, "y"),
            entry("A", "g", "b", day, "y"),
            entry("A", published=day, text="x"),
        ]
        read(feed, *reversed(first))
        read(feed, *reversed(second))
        assert caplog.messages == []
        stored = read(feed, entry("new", "n"), *reversed(first))
        assert stored.new
        assert caplog.messages == [
            f"An entry of {feed.url} is left out, because other items have all its keys: 'https://example.com/b'"
        ]

    def test_a_naive_date_breaks_its_own_entry_only(self, caplog: pytest.LogCaptureFixture) -> None:
        feed = make_feed()
        stored = read(feed, draft("1", "A", published=datetime(2024, 1, 1)), draft("2", "B"))
        assert (stored.new, stored.broken, stored.message) == (1, 1, "1 entry could not be stored")
        assert feed.url in caplog.text


class TestTags:
    def test_spellings_of_one_tag_share_a_row_named_by_the_first_spelling(self) -> None:
        read(make_feed(), draft("2", "B", tags=("django", "Django ")), draft("1", "A", tags=("#Django", "C++", "C#")))
        assert dict(Tag.objects.values_list("slug", "name")) == {
            "django": "#Django",
            "cplusplus": "C++",
            "csharp": "C#",
        }
        assert Tag.objects.get(slug="django").items.count() == 2

    def test_a_tag_of_punctuation_alone_has_a_slug(self) -> None:
        read(make_feed(), draft("1", "A", tags=("?!", "日本語")))
        assert sorted(Tag.objects.values_list("slug", flat=True)) == ["tag-545f940d", "日本語"]


@pytest.mark.parametrize("field", ["text", "author", "tags"])
def test_an_import_leaves_for_later_what_rules_have_no_time_to_read(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is limited: the characters of the items times the words that the rules of all subscribers look for."""
    feed = make_feed()
    owners = [make_subscription(feed, block_rules="dog\nqq") for _ in range(3)]
    unruled = make_subscription(feed)
    monkeypatch.setattr(backfill, "WORK_AT_ONCE", 5_300)
    value = ("x" * 50,) if field == "tags" else "x" * 50
    names = [f"{number}" for number in range(4)]
    read(feed, *(draft(name, name, link="", published=NOW - HOUR, **{field: value}) for name in ["dog", *names]))
    posted = sum(len(titles(owner.lifestream)) for owner in owners)
    assert posted == 5, "some fifty characters, which count as 550, are looked through for two words"
    assert len(titles(unruled.lifestream)) == 5
    left = Subscription.objects.filter(backlog__isnull=False)
    assert set(left) == set(owners)
    backfill.fill_rest()
    assert [sorted(titles(owner.lifestream)) for owner in owners] == [names] * 3 and not left.all()
