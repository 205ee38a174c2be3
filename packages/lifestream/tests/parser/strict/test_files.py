"""The files of an entry, whichever element names them (rules 10 and 21 of reading)."""

from __future__ import annotations

import pytest

from lifestream.entry import Enclosure
from lifestream.parser import parse

NAMESPACES = (
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:podcast="https://podcastindex.org/namespace/1.0" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
)
SITE = "https://site.example"
MP3 = Enclosure(f"{SITE}/a.mp3", "audio/mpeg", 7)
OPUS = Enclosure(f"{SITE}/a.opus", "audio/opus", 5)
USUAL = '<enclosure url="/a.mp3" type="audio/mpeg" length="7"/>'


def files(item: str) -> tuple[Enclosure, ...]:
    document = f"<rss version='2.0' {NAMESPACES}><channel><item>{item}</item></channel></rss>"
    return parse(document.encode(), {}, f"{SITE}/feed.xml").entries[0].enclosures


def alternate(sources: str, more: str = "") -> str:
    return f'<podcast:alternateEnclosure type="audio/opus" length="5" {more}>{sources}</podcast:alternateEnclosure>'


SOURCE = '<podcast:source uri="/a.opus"/>'


@pytest.mark.reading(21)
def test_an_alternate_enclosure_is_used_if_there_is_no_other_file() -> None:
    assert files(alternate(SOURCE)) == (OPUS,)
    assert files(alternate('<podcast:source uri="/a.flac"/>') + alternate(SOURCE, 'default="true"')) == (OPUS,)
    assert files(alternate(SOURCE) + alternate('<podcast:source uri="/a.flac"/>')) == (OPUS,)
    assert files(alternate(f'{SOURCE}<podcast:source uri="ipfs://a"/>')) == (OPUS,)
    assert files(alternate(SOURCE).replace("audio/opus", " Audio/Opus ")) == (OPUS,)
    assert files(USUAL + alternate(SOURCE)) == (MP3,)
    assert files(alternate("")) == ()


@pytest.mark.reading(21)
def test_a_link_of_atom_to_a_file_is_a_file_of_an_entry_that_links_to_nothing_else() -> None:
    link = '<atom:link rel="enclosure" href="/a.mp3" type="audio/mpeg" length="7"/>'
    assert files(link) == files(f'<atom:link href="/1"/>{link}') == (MP3,)


@pytest.mark.reading(9)
@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('<atom:content type="audio/mpeg" src="/a.mp3"/>', (Enclosure(f"{SITE}/a.mp3", "audio/mpeg"),)),
        ('<atom:content type="Video/MP4" src="a.mp4" xml:base="/v/"/>', (Enclosure(f"{SITE}/v/a.mp4", "video/mp4"),)),
        ('<atom:content type="text/html" src="/a.html"/>', ()),
        ('<atom:content src="/a"/>', ()),
        ('<atom:content type="image/png">aGk=</atom:content>', ()),
        ('<atom:content type="audio/mpeg" src="http://[half"/>', ()),
    ],
)
def test_content_of_atom_with_the_address_of_a_file_is_a_file_of_the_entry(
    content: str, found: tuple[Enclosure, ...]
) -> None:
    assert files(content) == found


@pytest.mark.reading(10)
def test_the_original_address_of_a_file_replaces_that_of_feedburner() -> None:
    proxied = '<enclosure url="https://proxy.example/~5/a.mp3" type="audio/mpeg" length="7"/>'
    original = "<feedburner:origEnclosureLink>/a.mp3</feedburner:origEnclosureLink>"
    assert files(proxied + original) == (MP3,)
    assert files(f"{proxied}<feedburner:origEnclosureLink/>")[0].url == "https://proxy.example/~5/a.mp3"
    assert files(proxied + original * 2)[0].url == "https://proxy.example/~5/a.mp3"
    assert files(original) == ()


@pytest.mark.reading(21)
def test_a_file_that_is_named_twice_is_one_with_the_properties_of_both() -> None:
    bare = '<enclosure url=" https://site.example/a.mp3 " length="0"/>'
    assert files(bare + USUAL) == files(USUAL + bare) == (MP3,)
    kind = "application/x-bittorrent"
    media = "xmlns:media='http://search.yahoo.com/mrss/'"
    torrents = "".join(f"<media:peerLink {media} href='{url}' type='{kind}'/>" for url in ("/a.torrent", "/b.torrent"))
    assert files(f'<enclosure url="/a.torrent" length="9" type="{kind}"/>{torrents}') == (
        Enclosure(f"{SITE}/a.torrent", kind, 9),
        Enclosure(f"{SITE}/b.torrent", kind),
    )
