"""Feeds: their URLs, the fields that are derived from these, and the health of a feed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from factories import NOW, make_feed, make_item, make_subscription
from lifestream.models import Feed, Host, Item, Lifestream, Subscription
from lifestream.storage.credentials import seal


@pytest.mark.django_db
class TestFeeds:
    def test_there_is_one_shared_feed_for_each_url(self) -> None:
        make_feed("https://example.com/feed")
        with pytest.raises(IntegrityError), transaction.atomic():
            make_feed("https://example.com/feed")

    def test_feeds_with_credentials_are_not_shared(self) -> None:
        url = "https://example.com/feed"
        shared = make_feed(url)
        mine, yours = (make_feed(url, credentials=seal("user:password")) for _ in range(2))
        assert set(Feed.objects.with_url(url)) == {shared, mine, yours}
        assert list(Feed.objects.shared()) == [shared]
        assert (shared.is_private, mine.is_private) == (False, True)

    def test_a_url_may_be_longer_than_any_index_allows(self) -> None:
        url = "https://example.com/" + "x" * 10_000
        make_feed(url)
        assert Feed.objects.with_url(url).get().url == url

    def test_fields_derived_from_the_url_are_saved_with_it(self) -> None:
        feed = make_feed("https://www.example.com/feed")
        assert (feed.host.name, feed.domain) == ("www.example.com", "example.com")
        feed.url = "https://other.example.org/feed"
        feed.save(update_fields=["url"])
        feed.refresh_from_db()
        assert feed.host.name == "other.example.org"
        assert list(Feed.objects.with_url("https://other.example.org/feed")) == [feed]
        assert Host.objects.count() == 2

    @pytest.mark.parametrize(
        ("fields", "health"),
        [
            ({}, "new"),
            ({"last_fetch": NOW}, "ok"),
            ({"last_fetch": NOW, "failures": 1}, "failing"),
            ({"last_fetch": NOW, "status": "paused"}, "paused"),
            ({"status": "gone"}, "gone"),
        ],
    )
    def test_the_health_of_a_feed_follows_from_its_fetches_and_its_status(
        self, fields: dict[str, object], health: str
    ) -> None:
        assert Feed(**fields).health == health

    def test_a_feed_is_named_by_its_title_or_domain_or_url(self) -> None:
        assert Feed(url="u", domain="d", title="t").display_title == "t"
        assert Feed(url="u", domain="d").display_title == "d"
        assert str(Feed(url="u")) == "u"


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"next_fetch": NOW}, {"title": "A"}])
def test_an_update_locks_all_feeds_in_the_order_of_their_keys_first(values: dict[str, Any]) -> None:
    make_feed()
    with CaptureQueriesContext(connection) as queries:
        Feed.objects.update(**values)
    statements = [query["sql"] for query in queries]
    lock = next(at for at, each in enumerate(statements) if "lifestream_feed" in each and each.endswith(" FOR UPDATE"))
    update = next(at for at, each in enumerate(statements) if each.startswith('UPDATE "lifestream_feed"'))
    assert re.search(r'ORDER BY (?:1|"lifestream_feed"\."id") ASC FOR UPDATE$', statements[lock])
    assert statements[lock].startswith('SELECT "lifestream_feed"."id"')
    assert lock < update


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db
def test_feeds_that_are_deleted_together_have_their_hosts_locked_together() -> None:
    feeds = [make_feed(f"https://{name}.example/feed") for name in "ab"]
    for feed in feeds:
        make_subscription(feed)
    with CaptureQueriesContext(connection) as queries:
        Feed.objects.filter(pk__in=[feed.pk for feed in feeds]).delete()
    locks = [each["sql"] for each in queries if each["sql"].startswith("SELECT id FROM lifestream_host")]
    assert f"IN ({feeds[0].host_id}, {feeds[1].host_id}) ORDER BY id FOR UPDATE" in locks[0]


@pytest.mark.postgres
@pytest.mark.django_db
def test_rows_that_were_read_are_read_anew_once_they_are_updated_or_deleted() -> None:
    make_item(make_subscription(make_feed()).feed)
    feeds, subscriptions = Feed.objects.all(), Subscription.objects.all()
    assert [feed.title for feed in feeds] + [each.name for each in subscriptions] == ["", ""]
    feeds.update(title="Feed")
    subscriptions.update(name="Name")
    assert [feed.title for feed in feeds] + [each.name for each in subscriptions] == ["Feed", "Name"]
    for model in (Item, Subscription, Lifestream, Feed):
        rows = model._default_manager.all()
        assert len(rows) == 1
        rows.delete()
        assert len(rows) == 0
