"""Short names of elements, whatever prefixes a document uses."""

from __future__ import annotations

from xml.etree.ElementTree import Comment, Element

import pytest

from lifestream.parser.strict.vocabulary import Names, is_same, namespace_of, prefix_of


@pytest.mark.parametrize(
    ("namespace", "prefix"),
    [
        ("http://www.w3.org/2005/Atom", "atom:"),
        ("https://W3.org/2005/atom/", "atom:"),
        ("http://purl.org/dc/elements/1.1", "dc:"),
        ("http://purl.org/rss/1.0/", ""),
        ("urn:other", None),
    ],
)
def test_a_namespace_is_known_however_it_is_written(namespace: str, prefix: str | None) -> None:
    assert prefix_of(namespace) == prefix


def test_a_name_is_short_where_its_namespace_is_known_and_whole_elsewhere() -> None:
    names = Names(core="", own="urn:own")
    assert names["pubDate"] == "pubdate"
    assert names["{urn:own}Title"] == "title"
    assert names["{http://www.w3.org/2005/Atom}link"] == "atom:link"
    assert names["{http://www.w3.org/2005/Atom}pubDate"] == "pubdate"
    assert names["{urn:other}Title"] == "{urn:other}Title"
    assert names[Comment().tag] == "?"  # type: ignore[index]


def test_the_usual_prefix_of_a_vocabulary_stands_for_it_where_its_namespace_is_written_wrongly() -> None:
    names = Names(source=b'<rss xmlns:media="http://search.yahoo.com/mrss/oops"><media:title/></rss>')
    assert names["{http://search.yahoo.com/mrss/oops}title"] == "media:title"


def test_two_spellings_are_one_namespace() -> None:
    assert is_same("http://purl.org/dc/terms/", "https://www.purl.org/dc/terms#")
    assert not is_same("http://purl.org/dc/terms/", "http://purl.org/dc/elements/1.1/")
    assert (namespace_of(Element("{urn:a}b")), namespace_of(Element("b"))) == ("urn:a", "")
