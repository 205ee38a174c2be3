"""The usual addresses of feeds, and the name of a site."""

from __future__ import annotations

import pytest

from lifestream.entry import ParsedFeed
from lifestream.parser.discovery import Site, own_places, site_of, well_known


@pytest.mark.parametrize(
    ("url", "first", "count"),
    [
        ("https://site.example", "https://site.example/feed", 7),
        ("https://site.example/blog/?page=2#top", "https://site.example/blog/feed", 14),
        ("https://github.com/octodemo/windlass/issues", "https://github.com/octodemo/windlass/releases.atom", 2),
        ("https://github.com/octodemo", "https://github.com/octodemo.atom", 1),
        ("https://www.reddit.com/r/knots/", "https://www.reddit.com/r/knots/.rss", 1),
        ("https://quay.example/@ada", "https://quay.example/@ada.rss", 1),
        (
            "https://www.youtube.com/channel/UCabcdefghijklmnopqrst12/videos",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UCabcdefghijklmnopqrst12",
            1,
        ),
        ("https://youtube.com/user/ada", "https://www.youtube.com/feeds/videos.xml?user=ada", 1),
        ("https://m.youtube.com/playlist?list=PL1", "https://www.youtube.com/feeds/videos.xml?playlist_id=PL1", 1),
    ],
)
def test_the_usual_addresses_of_feeds_begin_with_the_likeliest_and_each_is_there_once(
    url: str, first: str, count: int
) -> None:
    places = well_known(url)

    assert (places[0], len(places)) == (first, count)
    assert len(set(places)) == len(places)


def test_the_usual_addresses_are_first_below_the_page_and_then_at_the_root() -> None:
    names = ("feed", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "rss")
    folders = ("https://site.example/blog/", "https://site.example/")
    assert well_known("https://site.example/blog") == [folder + name for folder in folders for name in names]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc", "http://[half", "site.example", ""])
def test_a_text_that_is_no_url_of_a_site_has_no_usual_addresses(url: str) -> None:
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
def test_the_site_of_a_feed_is_its_link_or_else_the_host_of_the_feed(feed: ParsedFeed, url: str, site: Site) -> None:
    assert site_of(feed, url) == site


@pytest.mark.parametrize(
    ("url", "places"),
    [
        pytest.param(
            "https://github.com/octodemo/windlass",
            ["https://github.com/octodemo/windlass/releases.atom", "https://github.com/octodemo/windlass/commits.atom"],
            id="a repository",
        ),
        pytest.param("https://github.com/octodemo/", ["https://github.com/octodemo.atom"], id="a person"),
        pytest.param("https://www.reddit.com/r/a/new", ["https://www.reddit.com/r/a/new/.rss"], id="a list"),
        pytest.param("https://old.reddit.com/u/ada", ["https://old.reddit.com/u/ada/.rss"], id="an old-style list"),
        pytest.param("https://quay.example/@ada/", ["https://quay.example/@ada.rss"], id="a person on Mastodon"),
    ],
)  # fmt: skip
def test_a_site_with_feeds_of_its_own_is_known(url: str, places: list[str]) -> None:
    assert well_known(url) == places


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://github.com/", id="nobody's page"),
        pytest.param("https://www.reddit.com/", id="no list"),
        pytest.param("https://quay.example/@ada/1089", id="one post"),
        pytest.param("https://quay.example/ada", id="a page"),
        pytest.param("https://github.com.example/octodemo", id="another host"),
    ],
)
def test_for_other_pages_the_usual_addresses_are_below_the_page_and_at_the_root(url: str) -> None:
    places = well_known(url)
    page = url.rstrip("/")
    assert places[0] == f"{page}/feed"
    assert len(places) in (7, 14) and places[-1].split("/", 3)[3] == "rss"


@pytest.mark.parametrize("url", ["https://", "https:///feed", "ftp://site.example/"])
def test_a_url_without_a_host_or_of_another_scheme_is_no_site(url: str) -> None:
    assert well_known(url) == []


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("https://www.youtube.com/channel/UC1", ["https://www.youtube.com/feeds/videos.xml?channel_id=UC1"]),
        ("https://www.youtube.com/user/ada/videos", ["https://www.youtube.com/feeds/videos.xml?user=ada"]),
        (
            "https://www.youtube.com/playlist?list=PL1&list=PL2",
            ["https://www.youtube.com/feeds/videos.xml?playlist_id=PL1"],
        ),
        ("https://www.youtube.com/channel", []),
        ("https://www.youtube.com/user", []),
        ("https://www.youtube.com/c/ada", []),
        ("https://www.youtube.com/watch?list=PL1", []),
        ("https://site.example/", []),
        ("ftp://github.com/octodemo", []),
        ("http://[half", []),
    ],
)
def test_feeds_of_known_sites_follow_from_the_address_of_a_page(url: str, places: list[str]) -> None:
    assert own_places(url) == places
