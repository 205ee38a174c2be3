"""The signals that an import sends: which, when, and with which arguments."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.dispatch import Signal
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from factories import NOW, draft, make_feed, make_item, make_subscription, prepared, result
from lifestream import signals
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, Moved, NotModified
from lifestream.message import say
from lifestream.models import Feed, Item, Post
from lifestream.scheduler.jobs import Result
from lifestream.scheduler.schedule import Next, Terms
from lifestream.storage import item_import
from lifestream.storage.item_import import CHUNK
from lifestream.storage.writer import store

ALL = ("items_added", "items_changed", "feed_failing", "feed_gone", "feed_moved")


@contextmanager
def connected(signal: Signal, receiver: Any) -> Iterator[None]:
    signal.connect(receiver)
    try:
        yield
    finally:
        signal.disconnect(receiver)


class Heard(list[tuple[str, dict[str, Any]]]):
    """The names and the arguments of the signals that were sent, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._receivers: list[Any] = []

    def names(self) -> list[str]:
        return [name for name, _ in self]

    def receiver(self, name: str) -> Any:
        def receive(signal: Signal, **arguments: Any) -> None:
            self.append((name, arguments))

        self._receivers.append(receive)  # Django keeps a weak reference
        return receive


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    with ExitStack() as stack:
        for name in ALL:
            stack.enter_context(connected(getattr(signals, name), heard.receiver(name)))
        yield heard


def document(feed: Feed, *titles: str, **fields: Any) -> Result:
    """Return the result of a fetch whose document has an entry for each of *titles*. Its guid is the title without "!",
    so that "one!" is an edit of "one".
    """
    drafts = [draft(title.rstrip("!"), title) for title in titles]
    return result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts), **fields)


def stored(*results: Result) -> None:
    """Store the results, and run the callbacks of a commit."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        store(results, NOW)


@pytest.mark.django_db
class TestItems:
    def test_that_are_new_are_sent_with_their_feed_and_the_lifestreams_that_show_them(self, heard: Heard) -> None:
        feed = make_feed()
        shown = make_subscription(feed).lifestream
        make_subscription(feed, keep_rules="kites")
        make_subscription(feed, paused=True)
        stored(document(feed, "two", "one"))
        [(name, arguments)] = heard
        assert (name, arguments["sender"], arguments["feed"]) == ("items_added", Feed, feed)
        assert [item.title for item in arguments["items"]] == ["one", "two"]
        assert arguments["lifestreams"] == [shown]
        with CaptureQueriesContext(connection) as queries:
            assert {item.feed.url for item in arguments["items"]} == {feed.url}
        assert len(queries) == 0

    def test_are_loaded_only_when_a_receiver_reads_them(self) -> None:
        seen: list[Any] = []

        def receive(items: Any, **_: Any) -> None:
            seen.append(items)

        results = [document(make_feed(), "one", "two")]
        with connected(signals.items_added, receive):
            with TestCase.captureOnCommitCallbacks() as callbacks:
                store(results, NOW)
            with CaptureQueriesContext(connection) as queries:
                callbacks[0]()
            [items] = seen
            assert len(items) == len(items.keys) == 2 and repr(items).startswith("<2 items of https://feed")
            assert not any('FROM "lifestream_item"' in query["sql"] for query in queries)
        Item.objects.filter(title="one").delete()
        assert [item.title for item in items] == ["two"] and items[0].pk == items.keys[0]
        assert [item.title for item in items[:1]] == ["two"]

    def test_of_several_feeds_in_one_transaction_are_sent_by_a_signal_for_each_feed(self, heard: Heard) -> None:
        feeds = [make_feed(), make_feed()]
        stored(*(document(feed, "one") for feed in feeds))
        assert [arguments["feed"] for _, arguments in heard] == feeds

    def test_that_are_changed_are_sent_and_unchanged_ones_are_not(self, heard: Heard) -> None:
        feed = make_feed()
        stored(document(feed, "one", "two"))
        heard.clear()
        stored(document(feed, "one!", "two"))
        [(name, arguments)] = heard
        assert (name, [item.title for item in arguments["items"]]) == ("items_changed", ["one!"])

    def test_are_sent_by_one_signal_for_each_chunk(self, heard: Heard) -> None:
        stored(document(make_feed(), *(f"item {number}" for number in range(CHUNK + 2))))
        assert [len(arguments["items"]) for _, arguments in heard] == [CHUNK, 2]

    def test_are_sent_even_if_another_row_is_broken(self, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
        from django.db import DataError

        write = item_import.write

        def refusing(rows: Any, *args: Any) -> Any:
            if any(row.columns["title"] == "bad" for row in rows):
                raise DataError("it is bad")
            return write(rows, *args)

        monkeypatch.setattr(item_import, "write", refusing)
        stored(document(make_feed(), "good", "bad", "fair"))
        assert [item.title for item in heard[0][1]["items"]] == ["fair", "good"]


@pytest.mark.django_db
class TestFeeds:
    def test_a_failing_feed_is_sent_with_the_number_of_failures_and_the_reason(self, heard: Heard) -> None:
        feed = make_feed()
        due = Next(NOW, "it failed", failures=3, terms=Terms())
        stored(result(feed, Failed("dns", "no such host", feed.url), next=due))
        assert heard == [("feed_failing", {"sender": Feed, "feed": feed, "failures": 3, "message": "no such host"})]

    def test_the_reason_is_a_sentence(self, heard: Heard) -> None:
        feed = make_feed()
        due = Next(NOW, "it failed", failures=1, terms=Terms())
        stored(result(feed, Failed("parse", say("reading-too-long", seconds="10"), feed.url), next=due))
        assert heard[0][1]["message"] == "reading it took longer than 10 seconds"

    def test_a_feed_that_is_gone_is_sent_with_its_new_status(self, heard: Heard) -> None:
        feed = make_feed()
        stored(result(feed, Gone(feed.url, 410)))
        assert heard.names() == ["feed_gone"]
        assert heard[0][1]["feed"].status == Feed.Status.GONE

    def test_a_feed_that_has_moved_is_sent_with_both_addresses(self, heard: Heard) -> None:
        feed = make_feed(moved_to="https://new.example/feed", moved_count=2)
        moved = Moved("https://new.example/feed")
        stored(result(feed, NotModified(feed.url, moved=moved)))
        [(name, arguments)] = heard
        assert (name, arguments["old_url"], arguments["new_url"]) == (
            "feed_moved",
            feed.url,
            "https://new.example/feed",
        )
        assert (arguments["feed"].url, arguments["into"]) == ("https://new.example/feed", None)

    def test_a_feed_that_has_moved_to_another_feed_is_sent_with_that_feed(self, heard: Heard) -> None:
        feed, there = (
            make_feed(moved_to="https://new.example/feed", moved_count=2),
            make_feed("https://new.example/feed"),
        )
        stored(result(feed, NotModified(feed.url, moved=Moved(there.url))))
        [(name, arguments)] = heard
        assert (name, arguments["feed"], arguments["into"]) == ("feed_moved", feed, there)

    def test_an_unchanged_feed_is_not_sent(self, heard: Heard) -> None:
        feed = make_feed()
        stored(result(feed, NotModified(feed.url)))
        assert heard == []


@pytest.mark.django_db
class TestReceivers:
    def test_a_receiver_that_raises_is_logged_and_stops_nothing(
        self, heard: Heard, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken(**_: Any) -> None:
            raise ZeroDivisionError("what the receiver says")

        feed, other = make_feed(), make_feed()
        with connected(signals.items_added, broken), caplog.at_level(logging.ERROR):
            stored(document(feed, "one"), document(other, "one"))
        assert heard.names() == ["items_added", "items_added"]
        assert caplog.text.count("ZeroDivisionError: what the receiver says") == 2

    def test_without_receivers_nothing_is_loaded(self) -> None:
        feed = make_feed()
        results = [document(feed, "one")]
        with TestCase.captureOnCommitCallbacks() as callbacks:
            store(results, NOW)
        assert callbacks == []

    def test_for_a_receiver_of_another_signal_no_items_are_loaded(self) -> None:
        def receive(**_: Any) -> None:
            raise AssertionError

        results = [document(make_feed(), "one")]
        with connected(signals.feed_gone, receive), TestCase.captureOnCommitCallbacks() as callbacks:
            store(results, NOW)
        [callback] = callbacks
        with CaptureQueriesContext(connection) as queries:
            callback()
        assert not any("lifestream_item" in query["sql"] for query in queries)

    def test_a_feed_that_was_deleted_meanwhile_has_no_signal(self, heard: Heard) -> None:
        results = [document(make_feed(), "one")]
        with TestCase.captureOnCommitCallbacks() as callbacks:
            store(results, NOW)
        Feed.objects.all().delete()
        [callback] = callbacks
        callback()
        assert heard == []


@pytest.mark.django_db(transaction=True)
class TestCommit:
    def test_a_signal_is_sent_after_the_commit_outside_of_any_transaction(self) -> None:
        seen: list[tuple[bool, int]] = []

        def receive(items: Any, **_: Any) -> None:
            seen.append((connection.in_atomic_block, Post.objects.filter(item__in=items).count()))

        feed = make_feed()
        make_subscription(feed)
        with connected(signals.items_added, receive):
            store([document(feed, "one", "two")], NOW)
        assert seen == [(False, 2)]

    def test_a_signal_of_a_rolled_back_transaction_is_never_sent(self, heard: Heard) -> None:
        with transaction.atomic():
            store([document(make_feed(), "one")], NOW)
            transaction.set_rollback(True)
        assert heard == []

    def test_the_signal_of_a_repeated_write_is_sent_once(self, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
        write, failures = item_import.write, [OperationalError("locked")]

        def failing(*args: Any) -> Any:
            written = write(*args)
            if failures:
                raise failures.pop()
            return written

        monkeypatch.setattr(item_import, "write", failing)
        store([document(make_feed(), "one")], NOW)
        assert not failures, "the first write has failed"
        assert heard.names() == ["items_added"]


@pytest.mark.django_db
def test_a_lifestream_that_shows_only_items_of_another_feed_is_not_sent(heard: Heard) -> None:
    feed = make_feed()
    other = make_subscription(make_feed())
    Post.objects.create(item=make_item(other.feed), subscription=other, lifestream=other.lifestream, date=NOW)
    stored(document(feed, "one"))
    assert heard[0][1]["lifestreams"] == []


@pytest.mark.django_db
def test_a_lifestream_that_shows_only_unchanged_items_is_not_sent(heard: Heard) -> None:
    feed = make_feed()
    shown = make_subscription(feed, block_rules="kites").lifestream
    make_subscription(feed, keep_rules="kites")
    stored(document(feed, "one", "kites", "two"))
    heard.clear()
    stored(document(feed, "one!", "kites", "two!"))
    [(name, arguments)] = heard
    assert (name, len(arguments["items"]), arguments["lifestreams"]) == ("items_changed", 2, [shown])


@pytest.mark.django_db
def test_a_lifestream_whose_owner_has_hidden_the_changed_item_is_not_sent(heard: Heard) -> None:
    feed = make_feed()
    make_subscription(feed)
    stored(document(feed, "one"))
    Post.objects.update(hidden=True)
    heard.clear()
    stored(document(feed, "one!"))
    [(name, arguments)] = heard
    assert (name, arguments["lifestreams"]) == ("items_changed", [])


@pytest.mark.django_db
def test_a_receiver_that_reads_only_the_keys_costs_one_query(django_assert_num_queries: Any) -> None:
    keys: list[int] = []

    def receive(items: Any, **_: Any) -> None:
        keys.extend(items.keys)

    with connected(signals.items_added, receive):
        with TestCase.captureOnCommitCallbacks() as callbacks:
            store([document(make_feed(), "one", "two")], NOW)
        with django_assert_num_queries(1):  # the feed
            callbacks[0]()
    assert len(keys) == 2
