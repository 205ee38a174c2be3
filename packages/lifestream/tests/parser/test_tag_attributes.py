"""A tag with thousands of attributes keeps the first ones, and the rest of the document is unchanged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from growth import MOST, growth
from lifestream.parser import parse
from lifestream.parser.tag_attributes import LONGEST_NAMESPACE, MAX_ATTRIBUTES, short_namespace, trimmed


def attributes(count: int) -> str:
    return "".join(f' a{number}="{number}>"' for number in range(count))


KEPT = attributes(MAX_ATTRIBUTES)
MANY = attributes(MAX_ATTRIBUTES + 500)


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        (f"<a><x{MANY}>y</x></a>", f"<a><x{KEPT}>y</x></a>"),
        (f"<a><x:x{MANY}\n/><b{MANY}/></a>", f"<a><x:x{KEPT}\n/><b{KEPT}/></a>"),
        (f"<x{MANY.replace(chr(34), chr(39))}/>", f"<x{KEPT.replace(chr(34), chr(39))}/>"),
        (f"<x{MANY} {'a ' * 9000}/>", f"<x{KEPT} {'a ' * 9000}/>"),
        (f"<x{KEPT}/>", f"<x{KEPT}/>"),
        ("<x>" + "a=b " * 5000 + "</x>", "<x>" + "a=b " * 5000 + "</x>"),
        (f"<?x {MANY}?><x/>", f"<?x {MANY}?><x/>"),
        ("", ""),
    ],
    ids=range(8),
)
def test_a_tag_keeps_its_first_attributes(document: str, kept: str) -> None:
    assert trimmed(document) == kept


def test_a_feed_with_a_tag_of_many_attributes_is_read() -> None:
    content = f'<div xmlns="http://www.w3.org/1999/xhtml"><p title="t"{MANY}>x</p></div>'
    document = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Feed</title><entry><id>1</id><title>Entry</title>'
        f'<content type="xhtml">{content}</content></entry></feed>'
    )
    feed = parse(document.encode(), {"Content-Type": "application/atom+xml"}, "https://a.example/feed")

    assert feed.flaw is None
    assert [entry.title for entry in feed.entries] == ["Entry"]
    assert '<p title="t" a0="0&gt;"' in feed.entries[0].content
    assert f'a{MAX_ATTRIBUTES}="' not in feed.entries[0].content


LONG = "http://a.example/" + "x" * LONGEST_NAMESPACE
SHORT = short_namespace(LONG)


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        (f'<a xmlns="{LONG}" b="{LONG}">xmlns="{LONG}"</a>', f'<a xmlns="{SHORT}" b="{LONG}">xmlns="{LONG}"</a>'),
        (f"<x:a b=c xmlns:x\n= '{LONG}'/>", f'<x:a b=c xmlns:x\n= "{SHORT}"/>'),
        (f"<a title=\"xmlns='{LONG}'\"/>", f"<a title=\"xmlns='{LONG}'\"/>"),
        (f'<a xmlnsx="{LONG}" x:xmlns="{LONG}"/>', f'<a xmlnsx="{LONG}" x:xmlns="{LONG}"/>'),
        (f'<a xmlns="{LONG[:LONGEST_NAMESPACE]}"/>', f'<a xmlns="{LONG[:LONGEST_NAMESPACE]}"/>'),
        (
            f'<!DOCTYPE a [<!ENTITY e "{"x" * 40}">]><a xmlns="{"&e;" * 30}"/>',
            f'<!DOCTYPE a [<!ENTITY e "{"x" * 40}">]><a xmlns="{short_namespace("&e;" * 30)}"/>',
        ),
    ],
    ids=range(6),
)
def test_a_long_namespace_gets_a_short_one(document: str, kept: str) -> None:
    assert trimmed(document) == kept


@pytest.mark.costly
@pytest.mark.parametrize("item", ["<a:b/>", "<q a:c=''/>", "<a:b></a:c>"], ids=["elements", "attributes", "damaged"])
@pytest.mark.parametrize("declared", ['xmlns:a="{}"', 'x=y xmlns:a="{}"'], ids=["well-formed", "ill-formed"])
def test_names_in_a_long_namespace_are_read_in_linear_time(item: str, declared: str) -> None:
    def made_of(length: int) -> Callable[[], object]:
        root = f'<rss version="2.0" {declared.format("x" * length)}>'
        document = f"{root}<channel><item><guid>1</guid>{item * (length // len(item))}</item></channel></rss>"
        return lambda: parse(document.encode(), {}, "https://a.example/feed")

    assert growth(made_of, (100_000,)) <= MOST
