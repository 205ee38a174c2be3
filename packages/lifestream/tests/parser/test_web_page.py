"""The contents of a web page: the feeds that it names, its title, and pictures that may be its icon."""

from __future__ import annotations

import pytest

from lifestream.parser.web_page import Candidate, Page, _refresh, decoded_page, is_svg, read_page

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
        # The first base counts, even after the link.
        (f'<link rel=alternate type={RSS} href=f><base target=_top href="/deep/"><base href="/other/">',
         [Candidate("https://www.site.example/deep/f", "", RSS)]),
        (f'<base href="javascript:x"><link rel=alternate type={RSS} href=/f>',
         [Candidate("https://www.site.example/f", "", RSS)]),
        # A page that is truncated, ill-formed, or has its links in the body
        (f"<html><head><title>x<link rel=alternate type={RSS} href=/no></title><body><p <a>"
         f"<link rel=alternate type={RSS} href=/f",
         [Candidate("https://www.site.example/f", "", RSS)]),
        # No feeds
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
def test_the_feeds_that_a_page_names_are_found(html: str, feeds: list[Candidate]) -> None:
    assert list(read_page(html.encode(), {"Content-Type": "text/html"}, URL).feeds) == feeds


@pytest.mark.parametrize(
    ("html", "linked"),
    [
        ('<a href="/feed">Subscribe</a>', ["https://www.site.example/feed"]),
        ('<a href="blog.rss">x</a> <a href="/blog.rss#top">again</a>', ["https://www.site.example/blog/blog.rss", "https://www.site.example/blog.rss#top"]),
        ('<a href="feed:https://other.example/x">x</a><a href="feed://other.example/y">', ["https://other.example/x", "http://other.example/y"]),
        ('<a href="/?feed=rss2">x</a><a href="/x?format=feed">x</a>', ["https://www.site.example/?feed=rss2", "https://www.site.example/x?format=feed"]),
        ('<a href="/meldungen.xml"> <b>RSS</b>-Feed\n</a>', ["https://www.site.example/meldungen.xml"]),
        ('<a type="application/atom+xml" href="/x">x</a>', ["https://www.site.example/x"]),
        ('<a href="/atom.xml"><img alt=x></a><a href="/deep/feed/">', ["https://www.site.example/atom.xml", "https://www.site.example/deep/feed/"]),
        ('<base href="/b/"><a href="feed.json">', ["https://www.site.example/b/feed.json"]),
        # No feeds
        ('<a href="/feedback">Feedback</a><a href="/about-rss">What is RSS?</a><a>RSS</a><a href="">feed</a>', []),
        ('<a href="javascript:rss()">RSS</a><a href="mailto:feed">feed</a>', []),
        ('<!-- <a href="/feed"> --><script>"<a href=/feed>"</script>', []),
    ],
)  # fmt: skip
def test_links_of_a_page_that_look_like_links_to_feeds_are_found(html: str, linked: list[str]) -> None:
    page = read_page(html.encode(), {}, URL)
    assert list(page.linked) == linked
    assert page.feeds == ()


@pytest.mark.parametrize(
    ("html", "refresh"),
    [
        ('<meta http-equiv="refresh" content="0; url=/blog/">', "https://www.site.example/blog/"),
        ("<META HTTP-EQUIV=Refresh CONTENT=\"5;URL='http://b.example/x'\">", "http://b.example/x"),
        ('<meta http-equiv=refresh content="0,url=a"><meta http-equiv=refresh content="0;url=b">', "https://www.site.example/blog/a"),
        ('<meta http-equiv=refresh content="300">', ""),
        ('<meta http-equiv=refresh content="0; https://b.example/x">', "https://b.example/x"),
        ("<meta http-equiv=refresh content=\"1.5 , '/x'\">", "https://www.site.example/x"),
        ('<meta http-equiv=refresh content=".5 /x">', "https://www.site.example/x"),
        ('<meta http-equiv=refresh content="5; ">', ""),
        ('<meta http-equiv=refresh content="5; URL= ">', ""),
        ('<meta http-equiv=refresh content="/x">', ""),
        ('<meta http-equiv=refresh content="0;url=javascript:alert(1)">', ""),
        ('<meta name=refresh content="0;url=/x">', ""),
        ('<noscript><meta http-equiv=refresh content="0;url=/x"></noscript>', ""),
    ],
)  # fmt: skip
def test_the_address_to_which_a_page_refreshes_is_found(html: str, refresh: str) -> None:
    assert read_page(html.encode(), {}, URL).refresh == refresh


def test_feeds_in_the_link_header_come_before_those_of_the_page() -> None:
    field = '</f>; rel=alternate; type="application/rss+xml"; title="The, feed", </s>; rel="stylesheet", <no'
    page = read_page(b"<link rel=alternate type=application/atom+xml href=/a>", {"Link": field}, URL)
    assert page.feeds == (
        Candidate("https://www.site.example/f", "The, feed", RSS),
        Candidate("https://www.site.example/a", "", "application/atom+xml"),
    )


CHANNEL = "UCabcdefghijklmnopqrst12"
CHANNEL_FEED = f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}"


@pytest.mark.parametrize(
    "html",
    [
        f'<link rel="canonical" href="https://www.youtube.com/channel/{CHANNEL}">',
        f'<script>var ytInitialData = {{"metadata":{{"externalId":"{CHANNEL}"}}}}</script>',
        f'<meta itemprop="channelId" content="x"><script>{{"channelId":"{CHANNEL}","x":"UC"}}</script>',
        f'<link rel="alternate" type="{RSS}" title="RSS" href="{CHANNEL_FEED}">',
    ],
)
def test_the_feed_of_a_youtube_channel_is_found_on_each_of_its_pages(html: str) -> None:
    for url in ("https://www.youtube.com/@ada", "https://m.youtube.com/c/ada", "https://youtube.com/watch?v=1"):
        assert [feed.url for feed in read_page(html.encode(), {}, url).feeds] == [CHANNEL_FEED]


def test_channels_of_youtube_are_not_looked_for_on_other_sites() -> None:
    html = f'<script>{{"channelId":"{CHANNEL}"}}</script>'
    assert read_page(html.encode(), {}, "https://notyoutube.com/@ada").feeds == ()


@pytest.mark.parametrize(
    ("html", "headers"),
    [
        ("<title>Café €</title>".encode(), {"content-type": "text/html; charset=utf-8"}),
        ("<title>Café €</title>".encode("iso-8859-15"), {"Content-Type": "text/html; charset=iso-8859-15"}),
        ('<meta charset="iso-8859-15"><title>Café €</title>'.encode("iso-8859-15"), {"Content-Type": "text/html"}),
        (b'<meta http-equiv=content-type content="text/html; charset=iso-8859-15"><title>Caf\xe9 \xa4</title>', {}),
        (b"<title>Caf\xe9 \x80</title>", {}),  # windows-1252
        (b"<META  CHARSET = ' iso-8859-15 '><title>Caf\xe9 \xa4</title>", {}),
        (b"<!-- <meta charset=utf-16> --><meta name=x><meta charset=iso-8859-15><title>Caf\xe9 \xa4</title>", {}),
        (b"\xef\xbb\xbf<title> Caf&eacute;\n\xe2\x82\xac</title>", {}),
    ],
)
def test_a_page_is_read_in_its_charset(html: bytes, headers: dict[str, str]) -> None:
    assert read_page(html, headers, URL).title == "Café €"


def test_icons_of_a_useful_size_come_first_and_none_is_svg() -> None:
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

    assert read_page(link + b"x" * 2_000_000, {}, URL).feeds
    assert not read_page(b"x" * 2_000_000 + link, {}, URL).feeds


def test_at_most_twenty_feeds_of_a_page_are_found() -> None:
    link = f'<link rel="alternate" type="{RSS}" href="/f">'.encode()

    assert len(read_page(b"".join(link.replace(b"/f", b"/%d" % n) for n in range(1000)), {}, URL).feeds) == 20


@pytest.mark.parametrize("base", ["a" * 3000 + "/", "a/" * 200, "../" * 2000])
def test_a_base_that_is_too_long_to_be_joined_to_each_address_does_not_count(base: str) -> None:
    page = f'<base href="https://b.example/{base}"><link rel=feed href=feed><link rel=icon href=i>'.encode()

    beside_page = read_page(page, {}, "https://a.example/d/e")
    at_root = read_page(page, {}, f"https://a.example/{base.replace('..', 'b')}")

    assert beside_page.feeds == (Candidate("https://a.example/d/feed"),)
    assert beside_page.icons[0] == "https://a.example/d/i"
    assert at_root.feeds == (Candidate("https://a.example/feed"),)


@pytest.mark.slow
def test_the_first_links_of_a_page_are_read() -> None:
    links = "".join(f"<link rel=icon href={number}>" for number in range(5000))
    page = read_page(f"{links}<link rel=feed href=feed>".encode(), {}, "https://a.example/")
    assert (page.feeds, page.icons[0]) == ((), "https://a.example/0")
    page = read_page(f"{links.partition('>')[2]}<link rel=feed href=feed>".encode(), {}, "https://a.example/")
    assert page.feeds == (Candidate("https://a.example/feed"),)


def test_long_titles_are_cut_and_long_addresses_dropped() -> None:
    links = "".join(f"<link rel=feed href='/{size * 'y'}' title='{'t' * 9000}'>" for size in (8000, 9000))
    page = read_page(f"<title>{'x' * 900_000}</title>{links}".encode(), {}, "http://site.example/")
    assert len(page.title) == 2000
    assert [(len(feed.url), len(feed.title)) for feed in page.feeds] == [(8020, 2000)]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param('rel="icon" sizes="96x96"', 'rel="icon" sizes="97x97"', id="the size that is shown, then larger"),
        pytest.param('rel="icon" sizes="97x97"', 'rel="icon" sizes="94x94"', id="the nearest"),
        pytest.param('rel="icon" sizes="16x16 96x96"', 'rel="icon" sizes="90x90"', id="the best of several"),
        pytest.param('rel="icon" sizes="190x190"', 'rel="icon"', id="any that fits before one of unknown size"),
        pytest.param('rel="icon"', 'rel="apple-touch-icon"', id="an icon before a picture for a home screen"),
        pytest.param('rel="apple-touch-icon"', 'rel="icon" sizes="512x512"', id="unknown before far too large"),
        pytest.param('rel="icon" sizes="32x32"', 'rel="icon" sizes="31x31"', id="small before too small"),
        pytest.param('rel="icon" sizes="512X512"', 'rel="icon" sizes="31x31"', id="too large before too small"),
        pytest.param('rel="icon" sizes="any"', 'rel="apple-touch-icon" sizes="any"', id="any size is an unknown one"),
    ],
)
def test_the_icon_with_the_best_size_comes_first(better: str, worse: str) -> None:
    for order in ((better, worse), (worse, better)):
        links = "".join(f'<link {link} href="/{"better" if link == better else "worse"}.png">' for link in order)
        assert read_page(links.encode(), {}, URL).icons == (
            "https://www.site.example/better.png",
            "https://www.site.example/worse.png",
            "https://www.site.example/favicon.ico",
        )


def test_the_title_is_that_of_the_first_title_element_and_of_no_other_hidden_text() -> None:
    page = b"<!-- a --><style>b</style><title></title><script>c</script><p>d</p><title>e</title><title>f</title>"
    assert read_page(page, {}, "https://a.example/").title == "e"


def title_of(html: bytes, content_type: str = "text/html") -> str:
    return read_page(html, {"Date": "text/html; charset=koi8-r", "Content-TYPE": content_type}, URL).title


@pytest.mark.parametrize(
    "meta",
    [
        "<meta charset=windows-1251>",
        "<META CHARSET=' windows-1251 '>",
        '<meta name="viewport" content="width"><meta http-equiv="Content-Type" content="x; Charset=windows-1251">',
        '<link charset="koi8-r"><p charset="koi8-r"><meta charset="windows-1251"><meta charset="koi8-r">',
    ],
)
def test_the_charset_of_a_page_is_the_one_that_it_names_first(meta: str) -> None:
    html = f"{meta}<title>Привет</title>".encode("cp1251")
    assert title_of(html) == "Привет"
    assert title_of(html, "text/html; charset=koi8-r") != "Привет"


def test_the_charset_of_http_counts_before_that_of_the_page() -> None:
    html = "<meta charset=koi8-r><title>Привет</title>".encode("cp1251")
    assert title_of(html, "text/html; Charset=windows-1251") == "Привет"


@pytest.mark.parametrize(("more", "is_known"), [(0, True), (1, False)])
def test_a_page_names_its_charset_in_its_first_1024_bytes(more: int, is_known: bool) -> None:
    meta = "<meta charset=windows-1251"
    html = f"{' ' * (1024 - len(meta) + more)}{meta}><title>Привет</title>".encode("cp1251")
    assert (title_of(html) == "Привет") is is_known


def test_a_page_is_cut_after_a_million_characters_of_at_most_four_bytes() -> None:
    text = decoded_page(("😀" * 1_000_001).encode(), {"Content-Type": "text/html; charset=utf-8"})
    assert text == "😀" * 1_000_000
    assert decoded_page(b"a" * 41, {}, 10) == "a" * 10
    # Only four bytes for each character are decoded: here, 40 NULs, which are left out.
    assert decoded_page(b"\x00" * 41 + b"a" * 9, {}, 10) == decoded_page(b"\x00" * 40, {}, 10) == ""


@pytest.mark.parametrize("more", [0, 1])
def test_at_most_8192_characters_of_a_refresh_are_read(more: int) -> None:
    content = "0;url=/".ljust(8192 + more, "a")
    assert _refresh({"http-equiv": "refresh", "content": content}) == content[6:8192]
    assert _refresh({"content": content}) == "" == _refresh({"http-equiv": "refresh", "content": "5"})


@pytest.mark.parametrize(("length", "is_found"), [(8192, True), (8193, False)])
def test_a_refresh_to_an_address_that_is_too_long_to_be_fetched_is_left_out(length: int, is_found: bool) -> None:
    path = "/".ljust(length - len("https://www.site.example"), "a")
    page = read_page(f'<meta http-equiv="refresh" content="0;url={path}">'.encode(), {}, URL)
    assert page.refresh == (f"https://www.site.example{path}" if is_found else "")


def test_the_text_of_a_link_is_read_in_pieces_until_it_is_long_enough() -> None:
    word = "RSS feed"
    for spaces, expected in ((52, True), (53, False)):
        html = f'<a href="/x">{" " * spaces}{word}</a>'.encode()
        assert bool(read_page(html, {}, URL).linked) is expected
    pieces = f'<a href="/x">{" " * 60}<b>{word}</b></a>'.encode()
    assert read_page(pieces, {}, URL).linked == ()
    pieces = f'<a href="/x">{" " * 59}<b>{word}</b></a>'.encode()
    assert read_page(pieces, {}, URL).linked == ("https://www.site.example/x",)


@pytest.mark.parametrize(("before", "linked"), [(4_999, True), (5_000, False)])
def test_the_first_5000_links_in_the_text_of_a_page_are_read(before: int, linked: bool) -> None:
    html = "<a>x</a>" * before + '<a href="/rss">feed</a>'
    assert bool(read_page(html.encode(), {}, URL).linked) is linked


def test_text_behind_a_link_is_not_its_text() -> None:
    assert read_page(b'<a href="/x">Home</a> <p>RSS</p><a href="/y"></a>RSS', {}, URL).linked == ()


def test_the_usual_icon_is_named_once_and_only_for_pages_of_the_web() -> None:
    html = b'<link rel="icon" href="/favicon.ico">'
    assert read_page(html, {}, URL).icons == ("https://www.site.example/favicon.ico",)
    assert read_page(b"", {}, "file:///home/ada/page.html").icons == ()


def test_icons_that_are_too_small_come_last() -> None:
    html = (
        b'<link rel="icon" sizes="16x16" href="/small"><link rel="icon" sizes="1095x1095" href="/large">'
        b'<link rel="apple-touch-icon" href="/touch"><link rel="icon" href="/unknown">'
    )
    names = [icon.rpartition("/")[2] for icon in read_page(html, {}, URL).icons]
    assert names == ["unknown", "touch", "large", "small", "favicon.ico"]


def test_svg_is_recognised_by_address_or_type() -> None:
    assert is_svg("https://a.example/x.SVG?1") and is_svg("https://a.example/x.svgz")
    assert is_svg("https://a.example/x", {"type": "image/SVG+xml"})
    assert not is_svg("https://a.example/svg", {"type": "image/png"}) and not is_svg("https://a.example/svg")
