"""Subscribing to a list of feeds at once has the same result as one by one, with few statements."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from factories import make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.models import Feed, Host, Post, Subscription, due_hosts
from lifestream.storage import bulk_subscriptions
from lifestream.storage.bulk_subscriptions import CHUNK, Listed, subscribe_all
from programs import PATIENCE


def listed(count: int) -> list[Listed]:
    return [
        Listed(f"https://host{number % 50}.example/{number}", f"name {number}", "folder") for number in range(count)
    ]


@pytest.mark.django_db
def test_the_feeds_are_those_that_would_be_made_one_by_one() -> None:
    one = make_feed("https://www.a.example:8080/feed")
    fields = ("url_hash", "host_id", "domain", "status")
    before = [getattr(one, name) for name in fields]
    one.delete()
    subscribe_all(make_lifestream(), [Listed("https://www.a.example:8080/feed")])
    made = Feed.objects.get()
    assert [getattr(made, name) for name in fields] == before
    assert due_hosts.wrong("default") == []
    assert Host.objects.get().next_due == made.next_fetch


@pytest.mark.django_db
def test_known_feeds_become_active_and_their_items_are_posted_once() -> None:
    stream = make_lifestream()
    feed = make_feed("https://a.example/feed")
    item, posted = make_item(feed), make_item(feed)
    make_subscription(feed).delete()
    twin = make_subscription(make_feed("https://b.example/feed"), stream)
    make_post(posted, twin)
    assert Feed.objects.get(pk=feed.pk).status == "idle"
    [made] = subscribe_all(stream, [Listed(feed.url, "A"), Listed(twin.feed.url)])
    assert (made.feed, made.name) == (feed, "A")
    assert Feed.objects.get(pk=feed.pk).status == "active"
    assert set(Post.objects.values_list("item", "subscription")) == {(item.pk, made.pk), (posted.pk, twin.pk)}


@pytest.mark.django_db
def test_a_name_that_is_the_title_of_the_feed_is_not_stored_so_that_it_follows_the_title() -> None:
    feed = make_feed("https://a.example/feed", title="A")
    [made] = subscribe_all(make_lifestream(), [Listed(feed.url, "A")])
    assert (made.name, made.display_name) == ("", "A")
    Feed.objects.update(title="B")
    assert Subscription.objects.get().display_name == "B"


@pytest.mark.slow
@pytest.mark.django_db
def test_the_statements_for_each_chunk_of_a_list_are_few() -> None:
    seen: list[int] = []
    with CaptureQueriesContext(connection) as few:
        subscribe_all(make_lifestream(), listed(10))
    with CaptureQueriesContext(connection) as many:
        made = subscribe_all(make_lifestream(), listed(CHUNK + 100), seen.append)
    assert seen == [CHUNK, 100]
    assert len(made) == Subscription.objects.filter(folder="folder").count() - 10
    assert len(many) <= 4 * len(few)


@pytest.mark.django_db
@pytest.mark.parametrize("rules", ["", "title: words"])
def test_items_of_a_feed_that_another_process_makes_meanwhile_are_posted(
    rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_feeds = bulk_subscriptions._make_feeds

    def after_another_process(*args: Any) -> None:
        make_item(make_feed("https://a.example/feed"), title="Words")
        make_feeds(*args)

    monkeypatch.setattr(bulk_subscriptions, "_make_feeds", after_another_process)
    [made] = subscribe_all(make_lifestream(), [Listed("https://a.example/feed", keep_rules=rules)])
    assert Post.objects.get().subscription == made


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change", ["DELETE FROM lifestream_feed", "UPDATE lifestream_feed SET url = 'https://b.example/', url_hash = 'b'"]
)
def test_a_feed_that_loses_its_url_while_an_import_waits_for_its_lock_is_made_again(change: str) -> None:
    """Another process may delete it, since it has no subscribers, or follow a permanent redirect."""
    import psycopg

    before = make_feed("https://a.example/feed")
    lifestream = make_lifestream()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [ours] = cursor.fetchone()
    address = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    with psycopg.connect(address) as other:
        other.execute(change)

        def commit_once_waited_for() -> None:
            end = time.monotonic() + PATIENCE
            waiting = "SELECT cardinality(pg_blocking_pids(%s)) > 0"
            while other.execute(waiting, [ours]).fetchone() != (True,) and time.monotonic() < end:
                time.sleep(0.01)
            other.commit()

        committing = threading.Thread(target=commit_once_waited_for)
        committing.start()
        [made] = subscribe_all(lifestream, [Listed(before.url)])
        committing.join(PATIENCE)
    assert (made.feed.url, made.feed.pk > before.pk) == (before.url, True)
