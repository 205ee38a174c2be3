"""What was fetched, written: items with their dates, posts, tags and index entries; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from factories import NOW, draft, hold, make_feed, make_item, make_lifestream, make_subscription, prepared, result
from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Enclosure, Entry, Media, ParsedFeed
from lifestream.fetcher.outcomes import Failed, Fetched, NotModified
from lifestream.models import Feed, Fetch, Item, Lifestream, Post, Tag, Tombstone, fulltext
from lifestream.plugins import caps
from lifestream.plugins.base import FeedPlugin, ItemDraft
from lifestream.plugins.entry_keys import keys_of
from lifestream.plugins.item_pipeline import prepare
from lifestream.scheduler.jobs import Result, Stored
from lifestream.storage.item_import import CHUNK
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def document(feed: Feed, *drafts: ItemDraft, **fields: Any) -> Result:
    """A new document of *feed* with these items."""
    return result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts), **fields)


def read(feed: Feed, *drafts: ItemDraft, now: datetime = NOW) -> Stored:
    """Stores a new document of *feed* with these items."""
    [stored] = store([document(feed, *drafts)], now)
    return stored


def counts(stored: Stored) -> tuple[int, int, int]:
    return stored.new, stored.changed, stored.unchanged


def titles(lifestream: Lifestream) -> list[str]:
    return list(Post.objects.filter(lifestream=lifestream).values_list("item__title", flat=True))


class TestItems:
    def test_all_that_a_draft_says_is_stored(self) -> None:
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
        # As it was stored: under the key of the whole guid, or, as two entries had it, under that of the link.
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

    def test_the_card_of_an_item_is_stored_and_made_anew_with_an_edit(self) -> None:
        feed = make_feed()

        def stored(**fields: Any) -> Any:
            found = prepare(ParsedFeed(entries=(Entry(guid="1", **fields),)), FeedPlugin(), Sanitizer())
            store([result(feed, Fetched(feed.url, b""), prepared=found)], NOW)
            return Item.objects.get().card

        assert stored(title="T")["kind"] == "article"
        assert stored(content="x")["kind"] == "note"
        film = stored(title="T", media=(Media("https://example.com/\0a\ud800.mp4", "video/mp4"),))
        assert (film["kind"], film["films"]) == ("video", [["https://example.com/a\ufffd.mp4", "video/mp4", ""]])

    def test_rule_23_what_was_over_a_cap_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "lifestream.storage")
        feed = make_feed()
        found = prepare(ParsedFeed(title="x" * 3000), FeedPlugin(), Sanitizer())
        store([result(feed, Fetched(feed.url, b""), prepared=found)], NOW)
        assert caplog.messages == [f"{feed.url}: capped once: {caps.TITLE}"]
        assert Fetch.objects.get().message == f"capped once: {caps.TITLE}"

    def test_an_item_that_vanishes_from_the_document_stays(self) -> None:
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

    def test_churn_is_capped_and_daily_edits_go_on(self) -> None:
        feed = make_feed()
        changed = [read(feed, draft("1", f"visits: {hour}"), now=NOW + hour * HOUR).changed for hour in range(24 * 5)]
        assert sum(changed[:25]) == 24
        assert sum(changed[25:]) == 3

    def test_the_last_entry_of_a_document_is_the_oldest(self) -> None:
        feed = make_feed()
        stream = make_subscription(feed).lifestream
        read(feed, draft("3", "C"), draft("2", "B"), draft("1", "A"))
        assert [post.item.title for post in Post.objects.filter(lifestream=stream)] == ["C", "B", "A"]

    def test_an_entry_without_anything_is_no_item(self) -> None:
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
        ids=["none", "past", "future", "9999", "epoch", "before it", "year 1"],
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
    def test_whatever_a_feed_says_can_be_stored_and_is_found_again(self, bad: dict[str, Any]) -> None:
        feed = make_feed()
        odd = draft(**{"guid": "1", "title": "A", **bad})
        stored = read(feed, odd, draft("2", "B"))
        assert (stored.new, stored.broken) == (2, 0)
        assert counts(read(feed, odd, draft("2", "B"))) == (0, 0, 2)

    def test_a_naive_date_breaks_its_own_entry_only(self, caplog: pytest.LogCaptureFixture) -> None:
        feed = make_feed()
        stored = read(feed, draft("1", "A", published=datetime(2024, 1, 1)), draft("2", "B"))
        assert (stored.new, stored.broken, stored.message) == (1, 1, "1 entries could not be stored")
        assert feed.url in caplog.text


class TestMessages:
    def test_a_message_is_one_line(self) -> None:
        """With more, `why` would show what a server says as lines of its own."""
        feed = make_feed()
        failed = Failed("status", "it answered\n  health          ok\r\n\x0b\u2028Next fetch: never", feed.url)
        [stored] = store([result(feed, failed)], NOW)
        feed.refresh_from_db()
        assert stored.message == feed.last_error == "it answered health ok Next fetch: never"
        assert Fetch.objects.get(feed=feed).message == stored.message


class TestTags:
    def test_one_tag_however_it_is_written_named_as_it_was_first(self) -> None:
        read(make_feed(), draft("2", "B", tags=("django", "Django ")), draft("1", "A", tags=("#Django", "C++", "C#")))
        assert dict(Tag.objects.values_list("slug", "name")) == {
            "django": "#Django",
            "cplusplus": "C++",
            "csharp": "C#",
        }
        assert Tag.objects.get(slug="django").items.count() == 2

    def test_a_tag_of_nothing_but_signs_has_a_slug_too(self) -> None:
        read(make_feed(), draft("1", "A", tags=("?!", "日本語")))
        assert sorted(Tag.objects.values_list("slug", flat=True)) == ["tag-545f940d", "日本語"]


class TestPosts:
    def test_two_subscribers_share_the_item_and_each_has_a_post(self) -> None:
        feed = make_feed()
        mine, other = make_subscription(feed), make_subscription(feed)
        read(feed, draft("1", "A", published=NOW - HOUR))
        item = Item.objects.get()
        posts = Post.objects.order_by("subscription")
        assert [(post.subscription, post.lifestream) for post in posts] == [
            (mine, mine.lifestream),
            (other, other.lifestream),
        ]
        assert {(post.item, post.date, post.hidden, post.removed) for post in posts} == {
            (item, NOW - HOUR, False, False)
        }

    def test_a_paused_subscription_gets_none(self) -> None:
        feed = make_feed()
        make_subscription(feed, paused=True)
        assert read(feed, draft("1", "A")).new == 1
        assert not Post.objects.exists()

    def test_rules_decide_which_items_are_posted_and_the_items_are_stored_all_the_same(self) -> None:
        feed = make_feed()
        keeps = make_subscription(feed, keep_rules="title: python\ntag: science").lifestream
        blocks = make_subscription(feed, block_rules="sponsored").lifestream
        read(
            feed,
            draft("3", "Python news", text="sponsored"),
            draft("2", "Moon", tags=("Science",)),
            draft("1", "Cooking"),
        )
        assert titles(keeps) == ["Python news", "Moon"]
        assert titles(blocks) == ["Moon", "Cooking"]
        assert Item.objects.count() == 3

    def test_an_edit_posts_nothing_anew(self) -> None:
        feed = make_feed()
        stream = make_subscription(feed, block_rules="old").lifestream
        read(feed, draft("1", "old"))
        read(feed, draft("1", "new"))
        assert titles(stream) == []


class TestBatches:
    def test_results_come_back_in_order_whatever_they_are(self) -> None:
        feeds = [make_feed() for _ in range(6)]
        results = [
            document(feeds[0], draft("1", "A")),
            result(feeds[1], NotModified(feeds[1].url)),
            document(feeds[2], *(draft(f"{number}", f"{number}") for number in range(CHUNK + 1))),
            result(feeds[3], Failed("dns", "no such host")),
            document(feeds[4]),
            document(feeds[5], draft("1", "A"), draft("2", "B")),
        ]
        stored = store(results, NOW)
        assert [each.feed for each in stored] == [feed.pk for feed in feeds]
        assert [each.outcome for each in stored] == ["new", "not modified", "new", "failed", "unchanged", "new"]
        assert [each.new for each in stored] == [1, 0, CHUNK + 1, 0, 0, 2]
        assert Fetch.objects.count() == 6
        assert not Feed.objects.exclude(claim_token="").exists()

    def test_nothing_is_stored_of_nothing(self) -> None:
        assert store([], NOW) == []

    def test_the_same_guid_in_two_feeds_makes_two_items(self) -> None:
        one, two = make_feed(), make_feed()
        store([document(one, draft("1", "A")), document(two, draft("1", "A"))], NOW)
        assert Item.objects.filter(guid="1").count() == 2

    def test_many_small_documents_take_few_queries(self, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
        results = []
        for _ in range(20):
            feed = make_feed()
            make_subscription(feed)
            results.append(document(feed, *(draft(f"{n}", f"{n}", tags=("x",)) for n in range(19))))
        # SQLite takes 999 values a statement, which makes many of the larger inserts.
        with django_assert_max_num_queries(50):
            assert sum(stored.new for stored in store(results, NOW)) == 380

    def test_unchanged_feeds_take_queries_by_the_batch(
        self, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        results = [result(feed, NotModified(feed.url)) for feed in [make_feed() for _ in range(100)]]
        with django_assert_max_num_queries(9):
            store(results, NOW)
        assert Fetch.objects.filter(outcome="not modified").count() == 100


class TestBrokenRows:
    @pytest.fixture(autouse=True)
    def broken_title(self) -> None:
        """The database refuses items that are called "broken"."""
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    "CREATE TRIGGER refuse BEFORE INSERT ON lifestream_item WHEN new.title = 'broken' "
                    "BEGIN SELECT RAISE(ABORT, 'broken row'); END"
                )
            else:
                cursor.execute(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "IF new.title = 'broken' THEN RAISE check_violation USING MESSAGE = 'broken row'; END IF; "
                    "RETURN new; END $$"
                )
                cursor.execute(
                    "CREATE TRIGGER refuse BEFORE INSERT ON lifestream_item FOR EACH ROW EXECUTE FUNCTION refuse()"
                )

    def test_a_broken_row_costs_nothing_but_itself(self, caplog: pytest.LogCaptureFixture) -> None:
        good, bad, also_good = make_feed(), make_feed(), make_feed()
        stream = make_subscription(bad).lifestream
        stored = store(
            [
                document(good, draft("1", "A")),
                document(bad, draft("1", "A"), draft("2", "broken"), draft("3", "C", tags=("x",))),
                document(also_good, draft("1", "A")),
            ],
            NOW,
        )
        assert [(each.new, each.broken, each.lost) for each in stored] == [(1, 0, False), (2, 1, False), (1, 0, False)]
        assert titles(stream) == ["A", "C"]
        assert fulltext.matching(Item.objects.filter(feed=bad), "x").count() == 1
        assert "https://example.com/2" in caplog.text
        assert "broken row" in caplog.text
        assert Fetch.objects.get(feed=bad).message == "1 entries could not be stored"
        bad.refresh_from_db()
        assert bad.last_fetch == NOW

    def test_it_is_tried_again_at_the_next_change_and_the_others_are_not_doubled(self) -> None:
        feed = make_feed()
        read(feed, draft("1", "A"), draft("2", "broken"))
        stored = read(feed, draft("1", "A"), draft("2", "mended"))
        assert (stored.new, stored.unchanged) == (1, 1)
        assert Item.objects.count() == 2

    def test_a_broken_row_in_a_long_document_breaks_no_chunk(self) -> None:
        feed = make_feed()
        drafts = [draft(f"{number}", f"{number}") for number in range(CHUNK + 10)]
        drafts[3] = draft("3", "broken")
        stored = read(feed, *drafts)
        assert (stored.new, stored.broken) == (CHUNK + 9, 1)


class TestClaims:
    def test_what_another_worker_holds_by_now_is_not_written(self, caplog: pytest.LogCaptureFixture) -> None:
        feed, mine = make_feed(), make_feed()
        late = document(feed, draft("1", "A"))
        hold(feed, token="another")
        stored = store([late, document(mine, draft("1", "A"))], NOW)
        assert [each.lost for each in stored] == [True, False]
        assert not Item.objects.filter(feed=feed).exists()
        assert not Fetch.objects.filter(feed=feed).exists()
        feed.refresh_from_db()
        assert (feed.claim_token, feed.last_fetch) == ("another", None)
        assert "another worker holds it by now" in caplog.text

    def test_a_feed_that_is_gone_from_the_database_is_no_error(self) -> None:
        feed = make_feed()
        late = document(feed, draft("1", "A"))
        feed.delete()
        assert [each.lost for each in store([late], NOW)] == [True]

    def test_a_result_cannot_be_stored_twice(self) -> None:
        feed = make_feed()
        once = document(feed, draft("1", "A"))
        assert [each.lost for each in store([once], NOW) + store([once], NOW)] == [False, True]


class TestLongDocuments:
    def test_a_crash_between_chunks_loses_and_doubles_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        feed = make_feed()
        stream = make_subscription(feed, make_lifestream()).lifestream
        drafts = [draft(f"{number}", f"{number}") for number in range(2 * CHUNK + 1)]
        written = 0

        def crash(*args: Any) -> None:
            nonlocal written
            written += 1
            if written == 2:
                raise KeyboardInterrupt

        monkeypatch.setattr("lifestream.models.fulltext.index", crash)
        with pytest.raises(KeyboardInterrupt):
            read(feed, *drafts)
        feed.refresh_from_db()
        assert Item.objects.count() == CHUNK
        assert (feed.last_fetch, feed.etag, Fetch.objects.count()) == (None, "", 0), "the state comes last"
        monkeypatch.undo()
        stored = read(feed, *drafts)
        assert (stored.new, stored.unchanged) == (CHUNK + 1, CHUNK)
        assert len(titles(stream)) == Item.objects.count() == 2 * CHUNK + 1

    def test_a_claim_that_is_lost_between_chunks_ends_the_import(self, monkeypatch: pytest.MonkeyPatch) -> None:
        feed = make_feed()
        late = document(feed, *(draft(f"{number}", f"{number}") for number in range(2 * CHUNK + 1)))
        monkeypatch.setattr("lifestream.models.fulltext.index", lambda *args: hold(feed, token="another"))
        [stored] = store([late], NOW)
        assert (stored.lost, Item.objects.count()) == (True, CHUNK)
