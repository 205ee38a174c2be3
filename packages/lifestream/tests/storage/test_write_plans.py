"""The queries of the writer, of pushes, of cleaning up and of counts use an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from factories import NOW, draft, make_feed, make_lifestream, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, Moved, NotModified
from lifestream.models import Feed, HubSubscription
from lifestream.operations import retention
from lifestream.scheduler.jobs import Result
from lifestream.storage import backfill, hub_subscriptions
from lifestream.storage.writer import store
from plans import plans_of, whole_tables

pytestmark = pytest.mark.django_db
HUB = "https://hub.example/"
SOON = NOW + timedelta(days=9)


@pytest.fixture
def feeds() -> list[Feed]:
    """Return feeds with readers, items, a log, and hubs that push."""
    planet = make_lifestream("planet")
    made = [make_feed(hub_url=HUB, push_until=SOON) for _ in range(4)]
    for feed in made:
        make_subscription(feed, planet)
        HubSubscription.objects.create(
            feed=feed, hub=HUB, topic=feed.url, state="active", lease_until=SOON, next_request=NOW, key=f"{feed.pk:043}"
        )
    store([_document(feed, "1", "2") for feed in made], NOW)
    return made


def _document(feed: Feed, *guids: str, body: str = "Words.") -> Result:
    drafts = (draft(guid, f"Entry {guid}", content=f"<p>{body}</p>", tags=("kites",)) for guid in guids)
    return result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts, title="A title"))


RESULTS: dict[str, Callable[[Feed], Result]] = {
    "not modified": lambda feed: result(feed, NotModified(feed.url)),
    "a failure": lambda feed: result(feed, Failed("dns", "no such host")),
    "gone": lambda feed: result(feed, Gone(feed.url)),
    "nothing new": lambda feed: _document(feed, "1", "2"),
    "new and changed items": lambda feed: _document(feed, "2", "3", body="Other words."),
    "another address": lambda feed: result(feed, NotModified(feed.url, moved=Moved(f"{feed.url}/new"))),
}


@pytest.mark.parametrize("kind", RESULTS)
@override_settings(LIFESTREAM_MOVE_AFTER=1)
def test_the_writer_reads_no_table_as_a_whole(feeds: list[Feed], kind: str) -> None:
    results = [RESULTS[kind](feed) for feed in feeds]

    def work() -> None:
        stored = store(results, NOW)
        assert [each.feed for each in stored] == [feed.pk for feed in feeds]
        assert {each.message for each in stored} <= {"", "no such host"}

    assert whole_tables(work) == []


PUSHES: dict[str, Callable[[HubSubscription], object]] = {
    "a push": lambda each: hub_subscriptions.receive(each.key, NOW),
    "a look-up of a key": lambda each: hub_subscriptions.is_known(each.key),
    "a confirmation": lambda each: hub_subscriptions.confirm(each.key, "subscribe", each.topic, "864000", NOW),
    "a refusal": lambda each: hub_subscriptions.deny(each.key, each.topic, "No.", NOW),
    "what is wanted": lambda each: hub_subscriptions.want([each.feed_id], NOW),
    "what is due": lambda each: hub_subscriptions.take(NOW, 5),
    "what is due of a feed": lambda each: hub_subscriptions.take(NOW, 5, [each.feed_id]),
    "what is given up": lambda each: hub_subscriptions.leave([each], NOW),
}


@pytest.mark.parametrize("kind", PUSHES)
def test_messages_from_and_to_hubs_read_no_table_as_a_whole(feeds: list[Feed], kind: str) -> None:
    [agreed] = HubSubscription.objects.filter(feed=feeds[1])
    assert whole_tables(lambda: PUSHES[kind](agreed)) == []


def test_to_leave_the_hubs_of_idle_feeds_reads_some_subscriptions_only(
    feeds: list[Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [feed.pk for feed in feeds[1:]]
    Feed.objects.filter(pk__in=keys).update(status=Feed.Status.PAUSED)
    leaving = HubSubscription.objects.filter(state="leaving")
    monkeypatch.setattr(hub_subscriptions, "_BATCH", 2)
    plans = plans_of(lambda: hub_subscriptions.leave_idle(NOW, 50))
    assert any("lifestream_hubsubscription" in sql and "LIMIT 2" in sql for sql, _ in plans)
    # It checks two of the subscriptions, chosen at random; the feed of one of the two may be active.
    assert leaving.count() in (1, 2)
    # When the other subscriptions are due, `take` finds that they are to end, too.
    expected = ["subscribe", *["unsubscribe"] * leaving.count()]
    assert sorted(request.mode for request in hub_subscriptions.take(NOW, 50)) == expected
    assert set(leaving.values_list("feed", flat=True)) == set(keys)


WORK: dict[str, Callable[[], object]] = {
    "feeds due": lambda: Feed.objects.due(timezone.now()).count(),
    "feeds held": lambda: Feed.objects.held(NOW).count(),
    "posts to be created": backfill.fill_rest,
    "old items": lambda: list(retention._old_items(NOW, "default", dry_run=False)),
}


@pytest.mark.parametrize("kind", WORK)
@override_settings(LIFESTREAM_KEEP_DAYS=30, LIFESTREAM_KEEP_ITEMS=0)
def test_counts_and_background_work_read_no_table_as_a_whole(feeds: list[Feed], kind: str) -> None:
    # These partial indexes hold only the wanted rows, so a scan of the whole index is allowed.
    assert whole_tables(WORK[kind], "INDEX lifestream_feed_held", "INDEX lifestream_subscr_backlog") == []
