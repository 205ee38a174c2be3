"""What a fetch stores in the row of its feed."""

from __future__ import annotations

from typing import Any

import pytest

from factories import NOW, draft, make_feed, prepared, result
from lifestream.fetcher.outcomes import Fetched, Outcome
from lifestream.fetcher.url_hosts import domain_of
from lifestream.models import Feed
from lifestream.scheduler.jobs import Stored
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db
URL = "https://example.com/feed"


def keep(feed: Feed, outcome: Outcome, **fields: Any) -> Stored:
    """Store a result of *feed*, and reload *feed* from the database."""
    [stored] = store([result(feed, outcome, **fields)], NOW)
    feed.refresh_from_db()
    return stored


class TestDescription:
    def test_the_description_of_the_feed_in_a_document_is_stored(self) -> None:
        feed = make_feed("https://feeds.example.net/x")
        found = prepared(
            draft("1", link="https://example.com/1"),
            title="Title",
            link="https://www.Example.com/",
            subtitle="About",
            language="en",
            hub_url="https://hub.example/",
        )
        keep(feed, Fetched(feed.url, b""), prepared=found)
        assert (feed.title, feed.site_url, feed.domain) == ("Title", "https://www.Example.com/", "example.com")
        assert (feed.description, feed.language, feed.hub_url) == ("About", "en", "https://hub.example/")

    def test_values_that_a_document_leaves_out_are_kept_except_the_hub_and_the_icon(self) -> None:
        gone = {"hub_url": "https://hub.example/", "icon_url": "https://site.example.com/icon.png"}
        feed = make_feed(URL, title="Title", site_url="https://site.example.com/", **gone)
        keep(feed, Fetched(URL, b""), prepared=prepared(title="\ud800"))
        keep(feed, Fetched(URL, b""), prepared=prepared())
        assert (feed.title, feed.site_url) == ("\ufffd", "https://site.example.com/")
        assert (feed.hub_url, feed.icon_url) == ("", "")

    def test_a_domain_that_the_feed_claims_without_proof_is_corrected_by_the_next_document(self) -> None:
        feed = make_feed(URL, domain="github.com", site_url="https://github.com/")
        found = prepared(draft("1", link="https://evil.example/1"), link="https://github.com/")
        keep(feed, Fetched(URL, b""), prepared=found)
        assert feed.domain == domain_of(URL)
        found = prepared(draft("1", link="https://gist.github.com/1"), link="https://github.com/")
        keep(feed, Fetched(URL, b""), prepared=found)
        assert feed.domain == "github.com"

    def test_the_url_that_answered_confirms_the_domain(self) -> None:
        feed = make_feed("https://feedburner.example/x")
        answered = Fetched("https://www.blog.example/feed", b"")
        keep(feed, answered, prepared=prepared(link="https://blog.example/"))
        assert feed.domain == "blog.example"
