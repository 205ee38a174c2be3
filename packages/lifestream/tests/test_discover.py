"""From a page to its feeds, and what a site is called."""

from __future__ import annotations

import pytest

from lifestream.discover import Candidate, Page, Site, feeds_in_page, read_page, site_of, well_known
from lifestream.entry import ParsedFeed

URL = "https://www.site.example/blog/page"
RSS = "application/rss+xml"


@pytest.mark.parametrize(
    ("html", "feeds"),
    [
        ('<link rel="alternate" type="application/rss+xml" title="Blog &amp; co" href="/feed">',
         [Candidate("https://www.site.example/feed", "Blog & co", RSS)]),
        ("<LINK REL='Alternate home' TYPE='APPLICATION/ATOM+XML; charset=utf-8' HREF=feed.atom>",
         [Candidate("https://www.site.example/blog/feed.atom", "", "application/atom+xml")]),
        ('<link href="https://cdn.example/f.json" type="application/feed+json" rel="alternate"/>',
         [Candidate("https://cdn.example/f.json", "", "application/feed+json")]),
        ('<link rel="feed" href="/f">', [Candidate("https://www.site.example/f")]),
        ('<link rel="alternate" type="text/xml" href="/rss.xml">',
         [Candidate("https://www.site.example/rss.xml", "", "text/xml")]),
        # Comments come last, and each address once.
        (f'<link rel=alternate type={RSS} href=/c title="Comments on this"><link rel=alternate type={RSS} href=/a>'
         f'<link rel=alternate type={RSS} href=/a title=again>',
         [Candidate("https://www.site.example/a", "", RSS),
          Candidate("https://www.site.example/c", "Comments on this", RSS)]),
        # The first base counts, wherever it stands before the end.
        (f'<link rel=alternate type={RSS} href=f><base target=_top href="/deep/"><base href="/other/">',
         [Candidate("https://www.site.example/deep/f", "", RSS)]),
        (f'<base href="javascript:x"><link rel=alternate type={RSS} href=/f>',
         [Candidate("https://www.site.example/f", "", RSS)]),
        # A page that is cut short, ill-formed, or has its links in the body.
        (f"<html><head><title>x<link rel=alternate type={RSS} href=/no></title><body><p <a>"
         f"<link rel=alternate type={RSS} href=/f",
         [Candidate("https://www.site.example/f", "", RSS)]),
        # What is no feed.
        ('<link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1">', []),
        ('<link rel="alternate" hreflang="de" href="/de/feed">', []),
        ('<link rel="stylesheet" type="text/css" href="/feed.css">', []),
        (f'<link rel="alternate" type="{RSS}" href="javascript:alert(1)">', []),
        (f'<link rel="alternate" type="{RSS}" href="file:///etc/passwd">', []),
        (f'<link rel="alternate" type="{RSS}" href="">', []),
        (f'<!-- <link rel="alternate" type="{RSS}" href="/f"> -->', []),
        (f'<script>"<link rel=alternate type={RSS} href=/f>"</script>', []),
        ("", []),
    ],
)  # fmt: skip
def test_the_feeds_that_a_page_names(html: str, feeds: list[Candidate]) -> None:
    assert feeds_in_page(html.encode(), {"Content-Type": "text/html"}, URL) == feeds


@pytest.mark.parametrize(
    ("html", "headers"),
    [
        ("<title>Café</title>".encode(), {"content-type": "text/html; charset=utf-8"}),
        ("<title>Café</title>".encode("latin-1"), {"Content-Type": "text/html; charset=iso-8859-1"}),
        ('<meta charset="latin-1"><title>Café</title>'.encode("latin-1"), {"Content-Type": "text/html"}),
        (b'<meta http-equiv=content-type content="text/html; charset=latin-1"><title>Caf\xe9</title>', {}),
        (b"<title>Caf\xe9</title>", {}),
        (b"\xef\xbb\xbf<title> Caf&eacute;\n</title>", {}),
    ],
)
def test_a_page_is_read_in_its_charset(html: bytes, headers: dict[str, str]) -> None:
    assert read_page(html, headers, URL).title == "Café"


def test_icons_are_of_a_useful_size_first_and_never_svg() -> None:
    html = b"""
        <link rel="icon" href="/i.svg" type="image/svg+xml"><link rel="mask-icon" href="/mask.png">
        <link rel="icon" href="/also.svg?v=2"><link rel="icon" href="data:image/png;base64,AA">
        <link rel="shortcut icon" href="/16.png" sizes="16x16"><link rel="icon" href="/unknown.png">
        <link rel="apple-touch-icon" href="/180.png" sizes="180x180"><link rel="icon" href="/96.png" sizes="96x96">
    """

    assert read_page(html, {}, URL) == Page(
        icons=tuple(
            f"https://www.site.example/{name}" for name in ("96.png", "180.png", "unknown.png", "16.png", "favicon.ico")
        )
    )


def test_only_the_beginning_of_a_page_is_read() -> None:
    link = f'<link rel="alternate" type="{RSS}" href="/f">'.encode()

    assert feeds_in_page(link + b"x" * 2_000_000, {}, URL)
    assert not feeds_in_page(b"x" * 2_000_000 + link, {}, URL)
    assert len(feeds_in_page(b"".join(link.replace(b"/f", b"/%d" % n) for n in range(1000)), {}, URL)) == 20


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
