"""Lists as other readers write them, and lists that are truncated or damaged."""

from __future__ import annotations

import pytest

from factories import make_lifestream
from lifestream.refresh import opml
from lifestream.refresh.opml import Outline, read, subscribe_to, write

A = """<outline text="A &amp; co" title="A &amp; co" type="rss" xmlUrl="https://a.example/feed"
    htmlUrl="https://a.example/"/>"""
B = '<outline text="B" title="B" type="rss" xmlUrl="https://b.example/feed" htmlUrl="https://b.example/"/>'
READERS = {
    "Miniflux": f"""<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
    <head><title>Miniflux</title><dateCreated>Thu, 26 Nov 2026 10:00:00 UTC</dateCreated></head>
    <body><outline text="F">{A}{B}</outline></body>
</opml>""",
    "FreshRSS": f"""<?xml version="1.0" encoding="UTF-8"?>
<opml xmlns:frss="https://freshrss.org/opml" version="2.0"><head><title>x</title></head><body>
    <outline text="F">{A}</outline><outline text="F"><outline text="B" type="rss" xmlUrl="https://b.example/feed"
    htmlUrl="https://b.example/" description="" frss:priority="important" frss:cssFullContent="article"/></outline>
</body></opml>""",
    "NewsBlur": f"""<?xml version="1.1" encoding="UTF-8"?>
<opml version="1.1"><!-- NewsBlur Feeds --><head><title>x</title></head><body>
    <outline text="F" title="F">{A.replace("type=", "version='RSS' type=")}{B}</outline></body></opml>""",
    "Feedly": f"""<?xml version="1.0" encoding="UTF-8"?>

<opml version="1.0"><head><title>Ada subscriptions in feedly Cloud</title></head><body>
    <outline text="F" title="F">{A}{B}</outline></body></opml>""",
    "Inoreader": f"""<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.0"><head><title>Subscriptions from Inoreader [https://www.inoreader.com]</title></head><body>
    <outline text="F" title="F">{A}{B}</outline><outline text="G" title="G">{B}</outline></body></opml>""",
    "Newsboat": f"""<?xml version="1.0"?>
<opml version="1.0"><head><title>Newsboat - Exported Feeds</title></head><body><outline title="F" text="F">{A}{B}
    </outline><outline type="rss" xmlUrl="query:Unread:unread = &quot;yes&quot;" htmlUrl="" title="U" text="U"/>
</body></opml>""",
    "Liferea": f"""<opml version="1.0"><head><title>Liferea Feed List Export</title></head><body>
    <outline title="F" text="F" description="F" type="folder">{A}{B}</outline></body></opml>""",
}


@pytest.mark.django_db
@pytest.mark.parametrize("reader", READERS)
def test_feeds_keep_their_names_and_folders_after_an_import_and_an_export(reader: str) -> None:
    found = opml.read_list(READERS[reader].encode())
    assert not found.is_cut_off
    feeds = [
        Outline("https://a.example/feed", "A & co", "https://a.example/", "F"),
        Outline("https://b.example/feed", "B", "https://b.example/", "F"),
    ]
    assert [outline for outline in found.outlines if outline.url.startswith("https:")] == feeds
    lifestream = make_lifestream()
    assert len(subscribe_to(lifestream, found.outlines).made) == 2
    again = read(b"".join(write(lifestream)))
    assert [(each.url, each.title, each.folder) for each in again] == [(e.url, e.title, e.folder) for e in feeds]
    assert subscribe_to(lifestream, again).made == []


def test_a_truncated_list_has_its_whole_feeds_and_the_line_of_its_end() -> None:
    whole = f"<opml version='2.0'>\n<body>\n{A}\n{B}\n</body>\n</opml>\n"
    assert opml.read_list(whole.encode()).flaw is None
    assert not opml.read_list(whole.encode()).is_cut_off
    for end in range(len("<opml version='2.0'>"), len(whole) - 2):
        found = opml.read_list(whole[:end].encode())
        urls = {outline.url for outline in found.outlines}
        assert found.is_cut_off
        assert urls <= {"https://a.example/feed", "https://b.example/feed"}, "a truncated address does not count"
        assert {url for text, url in ((A, "https://a.example/feed"), (B, "https://b.example/feed"))
                if text in whole[:end]} <= urls  # fmt: skip
        assert found.flaw is not None
        assert found.flaw.line in range(whole[:end].count("\n"), whole[:end].count("\n") + 2)


def test_the_line_of_an_error_is_reported_and_no_feed_is_lost() -> None:
    found = opml.read_list(b"<opml>\n<body>\n<outline xmlUrl='http://a/?x=1&y=2'/>\n</body></opml>")
    assert [outline.url for outline in found.outlines] == ["http://a/?x=1&y=2"]
    assert not found.is_cut_off
    assert found.flaw is not None
    assert found.flaw.line == 3


def test_a_list_with_entities_that_grow_is_read_without_them() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE opml [<!ENTITY e0 "x">{bomb}]><opml><body><outline text="&e9;" xmlUrl="http://a"/></body></opml>'
    [outline] = read(text.encode())
    assert (outline.url, len(outline.title) < 10) == ("http://a", True)


@pytest.mark.django_db
def test_spellings_of_one_address_are_one_feed_of_a_list() -> None:
    urls = [
        "https://a.example/~x",
        "https://a.example:443/%7ex",
        "https://A.example./%7Ex",
        "feed:https://a.example/~x",
    ]
    with_login = Outline("feed:https://ada:secret@a.example/~x")
    result = subscribe_to(make_lifestream(), [*map(Outline, urls), with_login])
    assert [made.feed.url for made in result.made] == ["https://a.example/~x"]
    assert (result.known, len(result.refused)) == (3, 1)
