"""The writer stores results: items with their dates, posts, tags and index entries; on both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from factories import NOW, draft, hold, make_feed, make_lifestream, make_subscription, prepared, result
from lifestream import signals
from lifestream.fetcher.outcomes import Failed, Fetched, NotModified
from lifestream.models import Feed, Fetch, Item, Lifestream, Post, fulltext
from lifestream.plugins.base import ItemDraft
from lifestream.scheduler.jobs import Result, Stored
from lifestream.storage.item_import import CHUNK
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db


def document(feed: Feed, *drafts: ItemDraft, **fields: Any) -> Result:
    """Return the result of a fetch whose document has these items."""
    return result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts), **fields)


def read(feed: Feed, *drafts: ItemDraft, now: datetime = NOW) -> Stored:
    """Store a new document of *feed* with these items."""
    [stored] = store([document(feed, *drafts)], now)
    return stored


def titles(lifestream: Lifestream) -> list[str]:
    return list(Post.objects.filter(lifestream=lifestream).values_list("item__title", flat=True))


class TestMessages:
    def test_a_message_is_one_line(self) -> None:
        """With line breaks, a server could forge lines in the output of `why`."""
        feed = make_feed()
        failed = Failed("status", "it answered\n  health          ok\r\n\x0b\u2028Next fetch: never", feed.url)
        [stored] = store([result(feed, failed)], NOW)
        feed.refresh_from_db()
        assert stored.message == feed.last_error == "it answered health ok Next fetch: never"
        assert Fetch.objects.get(feed=feed).message == stored.message

    def test_a_message_covers_no_lines_around_it(self) -> None:
        mark = "\u0301"
        failed = Failed("status", f"it answered 500 a{mark * 90}")
        [stored] = store([result(make_feed(), failed)], NOW)
        assert stored.message == f"it answered 500 a{mark * 8}"


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

    def test_no_results_store_nothing(self) -> None:
        assert store([], NOW) == []

    def test_the_same_guid_in_two_feeds_makes_two_items(self) -> None:
        one, two = make_feed(), make_feed()
        store([document(one, draft("1", "A")), document(two, draft("1", "A"))], NOW)
        assert Item.objects.filter(guid="1").count() == 2

    @pytest.mark.slow
    def test_many_small_documents_take_few_queries(self, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
        results = []
        for _ in range(20):
            feed = make_feed()
            make_subscription(feed)
            results.append(document(feed, *(draft(f"{n}", f"{n}", tags=("x",)) for n in range(19))))
        # Some versions of Django give SQLite 999 values per statement, so the larger inserts take several statements.
        with django_assert_max_num_queries(50):
            assert sum(stored.new for stored in store(results, NOW)) == 380

    @pytest.mark.slow
    def test_unchanged_feeds_take_few_queries_per_batch(
        self, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        results = [result(feed, NotModified(feed.url)) for feed in [make_feed() for _ in range(100)]]
        with django_assert_max_num_queries(11):
            store(results, NOW)
        assert Fetch.objects.filter(outcome="not modified").count() == 100


class TestBrokenRows:
    @pytest.fixture(autouse=True)
    def broken_title(self) -> None:
        """Make the database refuse items with the title "broken"."""
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

    def test_a_broken_row_is_lost_alone(self, caplog: pytest.LogCaptureFixture) -> None:
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
        assert Fetch.objects.get(feed=bad).message == "1 entry could not be stored"
        bad.refresh_from_db()
        assert bad.last_fetch == NOW

    def test_a_broken_row_is_tried_again_at_the_next_change_and_the_others_are_not_duplicated(self) -> None:
        feed = make_feed()
        read(feed, draft("1", "A"), draft("2", "broken"))
        stored = read(feed, draft("1", "A"), draft("2", "mended"))
        assert (stored.new, stored.unchanged) == (1, 1)
        assert Item.objects.count() == 2

    def test_a_broken_row_in_a_long_document_loses_no_other_row_of_its_chunk(self) -> None:
        feed = make_feed()
        drafts = [draft(f"{number}", f"{number}") for number in range(CHUNK + 10)]
        drafts[3] = draft("3", "broken")
        stored = read(feed, *drafts)
        assert (stored.new, stored.broken) == (CHUNK + 9, 1)

    def test_a_deleted_item_whose_guid_changes_beside_a_broken_row_stays_deleted(self) -> None:
        feed, before, after = make_feed(), "https://example.com/before", "https://example.com/after"
        read(feed, draft("1", "A", link=before))
        Item.objects.get().delete()
        stored = read(feed, draft("2", "A", link=before), draft("b", "broken"))
        assert (stored.refused, stored.broken) == (1, 1)
        assert read(feed, draft("2", "B", link=after)).refused == 1
        assert not Item.objects.exists()


class TestClaims:
    def test_a_result_for_a_feed_that_another_worker_now_holds_is_not_written(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        feed, mine = make_feed(), make_feed()
        late = document(feed, draft("1", "A"))
        hold(feed, token="another")
        stored = store([late, document(mine, draft("1", "A"))], NOW)
        assert [each.lost for each in stored] == [True, False]
        assert not Item.objects.filter(feed=feed).exists()
        assert not Fetch.objects.filter(feed=feed).exists()
        feed.refresh_from_db()
        assert (feed.claim_token, feed.last_fetch) == ("another", None)
        assert "another worker holds the feed by now" in caplog.text

    def test_a_result_for_a_deleted_feed_raises_no_error(self) -> None:
        feed = make_feed()
        late = document(feed, draft("1", "A"))
        feed.delete()
        assert [each.lost for each in store([late], NOW)] == [True]

    def test_a_result_cannot_be_stored_twice(self) -> None:
        feed = make_feed()
        once = document(feed, draft("1", "A"))
        assert [each.lost for each in store([once], NOW) + store([once], NOW)] == [False, True]


class TestLongDocuments:
    @pytest.mark.slow
    def test_a_crash_between_chunks_loses_and_duplicates_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
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
        assert (feed.last_fetch, feed.etag, Fetch.objects.count()) == (None, "", 0), "the state is written last"
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


@pytest.mark.django_db(transaction=True)
def test_results_are_stored_and_announced_even_if_names_to_sort_by_cannot_be_stored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    feed, told, begun = make_feed(), list[str](), list[str]()
    make_subscription(feed)
    rename = "ALTER TABLE lifestream_subscription RENAME {} TO {}"

    def lose_the_column() -> None:
        with connection.cursor() as cursor:
            cursor.execute(rename.format("sort_name", "elsewhere"))

    def fail_after_commit(execute: Any, sql: str, *arguments: Any) -> Any:
        if "lifestream_host SET" in sql and not begun:  # the last statement of the transaction
            begun.append(sql)
            transaction.on_commit(lose_the_column)
        return execute(sql, *arguments)

    def hear(**arguments: Any) -> None:
        told.extend(item.title for item in arguments["items"])

    signals.items_added.connect(hear)
    try:
        with connection.execute_wrapper(fail_after_commit):
            named = result(feed, Fetched(feed.url, b""), prepared=prepared(draft("1", "One"), title="New"))
            [stored] = store([named], NOW)
    finally:
        signals.items_added.disconnect(hear)
        with connection.cursor() as cursor:
            cursor.execute(rename.format("elsewhere", "sort_name"))
    assert (stored.outcome, stored.new, stored.lost, told) == ("new", 1, False, ["One"])
    [message] = [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert message.startswith("The names to sort feeds by could not be stored: ")
