"""Properties as children and as attributes; types as names of elements, children and attributes."""

from __future__ import annotations

import pytest

from costs import assert_linear
from lifestream.entry import ParsedFeed
from lifestream.parser import parse

URL = "https://site.example/feed.rdf"
ROOT = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
    'xmlns:rss="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
)
CHANNEL = '<channel rdf:about="https://site.example/"><title>T</title><link>https://site.example/</link></channel>'


def read(inside: str) -> ParsedFeed:
    return parse(f"{ROOT}{inside}</rdf:RDF>".encode(), {}, URL)


AS_CHILDREN = read(
    f'{CHANNEL}<item rdf:about="https://site.example/1"><title>One</title><link>https://site.example/1</link>'
    "<description>Of it</description><dc:creator>Ann</dc:creator><dc:date>2024-01-23</dc:date></item>"
)
ATTRIBUTES = (
    'rdf:about="https://site.example/1" rss:title="One" rss:link="https://site.example/1" rss:description="Of it" '
    'dc:creator="Ann" dc:date="2024-01-23"'
)
TYPE = '<rdf:type rdf:resource="http://purl.org/rss/1.0/{}"/>'


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    "inside",
    [
        f"{CHANNEL}<item {ATTRIBUTES}/>",
        f'<channel rdf:about="x" rss:title="T" rss:link="https://site.example/"/><item {ATTRIBUTES}/>',
        f"{CHANNEL}<rdf:Description {ATTRIBUTES}>{TYPE.format('item')}</rdf:Description>",
        f'{CHANNEL}<rdf:Description {ATTRIBUTES} rdf:type="http://purl.org/rss/1.0/item"/>',
        f'<rdf:Description rdf:about="https://site.example/" rss:title="T" rss:link="https://site.example/">'
        f"{TYPE.format('channel')}</rdf:Description>"
        f"<rdf:Description {ATTRIBUTES}>{TYPE.format('item')}</rdf:Description>",
    ],
)
def test_properties_as_attributes_and_types_as_properties_are_read(inside: str) -> None:
    assert read(inside) == AS_CHILDREN


def test_the_child_comes_before_the_attribute_of_the_same_property() -> None:
    both = (
        '<item rdf:about="1" rss:title="B" dc:subject="b" xml:lang="de">'
        "<title>A</title><dc:subject>a</dc:subject></item>"
    )
    entry = read(CHANNEL + both).entries[0]
    assert (entry.title, entry.tags, entry.language) == ("A", ("a", "b"), "de")


def test_an_attribute_without_a_namespace_is_no_property() -> None:
    """The specification of RDF/XML allows none but those of RDF itself."""
    item = '<item rdf:about="1" title="B" link="/b"><description>A</description></item>'
    [entry] = read(CHANNEL + item).entries
    assert (entry.title, entry.link, entry.summary) == ("", "", "A")


def test_a_description_of_another_type_is_no_entry() -> None:
    other = '<rdf:Description rdf:about="x" rss:title="B"><rdf:type rdf:resource="http://x.example/item"/></rdf:Description>'
    assert read(CHANNEL + other).entries == ()


@pytest.mark.costly
def test_many_nodes_and_properties_take_linear_time() -> None:
    def make(number: int) -> str:
        return CHANNEL + f"<item {ATTRIBUTES}/>" * number

    assert_linear(read, make, 2000)
