"""Where a feed usually is, and what a site is called."""

from __future__ import annotations

import pytest

from lifestream.entry import ParsedFeed
from lifestream.parser.discovery import Site, site_of, well_known


@pytest.mark.parametrize(
    ("url", "first", "count"),
    [
        ("https://site.example", "https://site.example/feed", 7),
        ("https://site.example/blog/?page=2#top", "https://site.example/blog/feed", 14),
        ("https://github.com/octodemo/windlass/issues", "https://github.com/octodemo/windlass/releases.atom", 2),
        ("https://github.com/octodemo", "https://github.com/octodemo.atom", 1),
        ("https://www.reddit.com/r/knots/", "https://www.reddit.com/r/knots/.rss", 1),
        ("https://quay.example/@ada", "https://quay.example/@ada.rss", 1),
    ],
)
def test_where_a_feed_usually_is(url: str, first: str, count: int) -> None:
    places = well_known(url)

    assert (places[0], len(places)) == (first, count)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc", "http://[half", "site.example", ""])
def test_nothing_is_known_where_there_is_no_site(url: str) -> None:
    assert well_known(url) == []


@pytest.mark.parametrize(
    ("feed", "url", "site"),
    [
        (
            ParsedFeed(title="T", link="https://www.Site.example/blog/", icon="https://cdn.example/i.png"),
            "https://feeds.example/f",
            Site("T", "https://www.Site.example/blog/", "feeds.example",
                 ("https://cdn.example/i.png", "https://www.Site.example/favicon.ico")),
        ),
        (
            ParsedFeed(icon="/i.svg"),
            "https://www.feeds.example:8080/f",
            Site("feeds.example", "https://www.feeds.example:8080/", "feeds.example",
                 ("https://www.feeds.example:8080/favicon.ico",)),
        ),
        (
            ParsedFeed(title="T", link="javascript:alert(1)", icon="data:image/png;base64,AA"),
            "https://feeds.example/f",
            Site("T", "https://feeds.example/", "feeds.example", ("https://feeds.example/favicon.ico",)),
        ),
    ],
)  # fmt: skip
def test_the_site_of_a_feed(feed: ParsedFeed, url: str, site: Site) -> None:
    assert site_of(feed, url) == site
