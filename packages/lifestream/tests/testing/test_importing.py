"""import_feed and FeedImporter, which import a feed from code in one call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import TestCase

from costs import loop_steps
from feedserver import Response
from feedserver.feeds import Category, Entry, Feed
from lifestream import signals
from lifestream.models import Feed as FeedRow
from lifestream.models import Item, Post, Subscription, fulltext
from lifestream.testing import Clock, FeedImporter, import_feed, make_lifestream

NEWS = Feed(
    title="Small Hours",
    link="https://small-hours.example/",
    entries=[
        Entry(
            title="On kites",
            link="https://small-hours.example/kites",
            content="<p>Wind <script>alert(1)</script>and string.</p>",
            published=datetime(2026, 10, 2, 9, tzinfo=UTC),
            categories=[Category("sky")],
        ),
        Entry(title="On boats", link="https://small-hours.example/boats"),
    ],
)


@pytest.mark.django_db
class TestImport:
    def test_an_import_stores_what_a_refresh_would(self) -> None:
        imported = import_feed(NEWS, url="https://small-hours.example/feed")
        assert (imported.outcome, imported.new, imported.changed, imported.message) == ("new", 2, 0, "")
        assert (imported.feed.title, imported.feed.domain) == ("Small Hours", "small-hours.example")
        kites = imported.items.get(title="On kites")
        assert (kites.content, kites.date) == ("<p>Wind and string.</p>", datetime(2026, 10, 2, 9, tzinfo=UTC))
        assert [tag.name for tag in kites.tags.all()] == ["sky"]
        assert list(fulltext.matching(Item.objects.all(), "string")) == [kites]
        assert imported.feed.fetches.get().outcome == "new"

    def test_an_import_makes_posts_for_the_lifestream_that_is_given(self) -> None:
        lifestream = make_lifestream()
        import_feed(NEWS, lifestream=lifestream)
        assert Post.objects.filter(lifestream=lifestream).count() == 2

    def test_a_second_import_of_an_address_updates_its_feed(self) -> None:
        clock = Clock()
        url = import_feed(NEWS, clock=clock).feed.url
        clock.move(minutes=1)
        assert import_feed(NEWS, url=url, clock=clock).outcome == "unchanged"
        more = Feed(title="Small Hours", entries=[*NEWS.entries, Entry(title="On trains", link="https://x.example/t")])
        assert import_feed(more, url=url, clock=clock).new == 1
        assert FeedRow.objects.count() == 1

    @pytest.mark.parametrize(
        "source",
        [
            NEWS.render("rss").body,
            NEWS.render("atom"),
            NEWS.render("json"),
            "<rss version='2.0'><channel><title>x</title><item><title>a</title></item><item><title>b</title></item>"
            "</channel></rss>",
        ],
        ids=["bytes", "Atom", "JSON", "text"],
    )
    def test_a_feed_of_any_form_is_imported(self, source: Any) -> None:
        assert import_feed(source).new == 2

    def test_the_headers_of_an_answer_are_taken_over(self) -> None:
        imported = import_feed(NEWS, headers={"ETag": '"v1"', "Cache-Control": "max-age=86400"}, clock=Clock())
        assert imported.feed.etag == '"v1"'
        assert imported.feed.not_before is not None

    def test_an_import_of_a_feed_that_a_refresh_would_not_fetch_is_an_error(self) -> None:
        feed = import_feed(NEWS).feed
        FeedRow.objects.update(status="paused")
        with pytest.raises(RuntimeError, match=r"^https://feed\d+.example/feed.xml is paused, and no refresh would "):
            import_feed(NEWS, url=feed.url)

    def test_an_import_of_an_answer_without_a_feed_has_the_outcome_of_a_refresh(self) -> None:
        page = import_feed("<!doctype html><html></html>")
        assert (page.outcome, page.message) == ("failed", "it is a web page (HTML), not a feed")
        url = import_feed(NEWS).feed.url
        assert import_feed(Response(status=304), url=url).outcome == "not modified"
        assert import_feed(Response(status=503), url=url).message == "the server answered 503"
        assert import_feed(Response(status=410), url=url).feed.status == "gone"

    def test_an_import_takes_little_processor_time(self) -> None:
        import_feed(NEWS)
        assert loop_steps(import_feed, NEWS) < 10_000_000  # 0.16 s where a step takes 16 ns


class TestSignals(TestCase):
    def test_signals_are_sent_inside_a_test_case(self) -> None:
        seen: list[str] = []

        def receive(items: Any, **_: Any) -> None:
            seen.extend(item.title for item in items)

        signals.items_added.connect(receive)
        try:
            import_feed(NEWS)
        finally:
            signals.items_added.disconnect(receive)
        assert sorted(seen) == ["On boats", "On kites"]


class TestImporter:
    def test_the_importer_of_the_fixture_has_a_clock_of_its_own(self, feed_importer: FeedImporter) -> None:
        lifestream = make_lifestream()
        imported = feed_importer(NEWS, lifestream=lifestream)
        assert Subscription.objects.get().lifestream == lifestream
        assert imported.feed.last_fetch == feed_importer.clock.now
        feed_importer.clock.move(days=1)
        assert feed_importer(NEWS, url=imported.feed.url).feed.last_fetch == feed_importer.clock.now
        assert imported.feed.created < feed_importer.clock.now - timedelta(hours=23)


@pytest.mark.parametrize(
    ("source", "lifestream", "message"),
    [
        ({"title": "News"}, None, "source is of the type dict; give text or bytes, a feedserver.feeds.Feed or"),
        ([NEWS], None, "source is of the type list; give text"),
        (NEWS, "main", r"lifestream is of the type str, not a .*\.Lifestream; give make_lifestream\('main'\)"),
        (NEWS, 7, "lifestream is of the type int, not a lifestream.models.Lifestream$"),
    ],
)
def test_what_cannot_be_imported_is_named(source: Any, lifestream: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        import_feed(source, lifestream=lifestream)
