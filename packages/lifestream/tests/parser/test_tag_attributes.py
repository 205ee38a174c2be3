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
PLAIN_KEPT = KEPT.replace(">", "")
PLAIN = MANY.replace(">", "")


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        (f"<a><x{MANY}>y</x></a>", f"<a><x{KEPT}>y</x></a>"),
        (f"<a><x:x{MANY}\n/><b{MANY}/></a>", f"<a><x:x{KEPT}\n/><b{KEPT}/></a>"),
        (f"<x{MANY.replace(chr(34), chr(39))}/>", f"<x{KEPT.replace(chr(34), chr(39))}/>"),
        (f"<x{MANY} {'a ' * 9000}/>", f"<x{KEPT} {'a ' * 9000}/>"),
        (f"<x{KEPT}/>", f"<x{KEPT}/>"),
        (f"<x{KEPT}>a=b</x>", f"<x{KEPT}>a=b</x>"),
        (f"<x{PLAIN}/>a=b", f"<x{PLAIN_KEPT}/>a=b"),
        (f"<x{PLAIN}>y</x>", f"<x{PLAIN_KEPT}>y</x>"),
        (f"<x{PLAIN}", f"<x{PLAIN_KEPT}"),
        ("<x>" + "a=b " * 5000 + "</x>", "<x>" + "a=b " * 5000 + "</x>"),
        (f"<?x {MANY}?><x/>", f"<?x {MANY}?><x/>"),
        ("", ""),
    ],
    ids=range(12),
)
def test_a_tag_keeps_its_first_attributes(document: str, kept: str) -> None:
    assert trimmed(document) == kept


def test_two_hundred_attributes_and_a_namespace_of_a_thousand_characters_are_kept() -> None:
    assert trimmed(f"<x{attributes(200)}/>") == f"<x{attributes(200)}/>"
    assert trimmed(f"<x{attributes(201)}/>") == f"<x{attributes(200)}/>"
    for length in (1000, 1001):
        namespace = "x" * length
        kept = namespace if length == 1000 else short_namespace(namespace)
        assert trimmed(f'<a xmlns="{namespace}"/>') == f'<a xmlns="{kept}"/>'


def test_a_reference_in_a_namespace_counts_as_forty_characters_more() -> None:
    entity = f'<!DOCTYPE a [<!ENTITY e "{"x" * 40}">]>'
    for length in (960, 961):
        namespace = f"{'x' * (length - 3)}&e;"
        kept = namespace if length == 960 else short_namespace(namespace)
        assert trimmed(f'{entity}<a xmlns="{namespace}"/>') == f'{entity}<a xmlns="{kept}"/>'


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
        (f'<!-- xmlns="{LONG}" --><a/>', f'<!-- xmlns="{LONG}" --><a/>'),
        (f'<a xmlns="{"&amp;" * 30}"/><b>{LONG}</b>', f'<a xmlns="{"&amp;" * 30}"/><b>{LONG}</b>'),
        (f'<a xmlnsx="{LONG}" x:xmlns="{LONG}"/>', f'<a xmlnsx="{LONG}" x:xmlns="{LONG}"/>'),
        (f'<a xmlns="{LONG[:LONGEST_NAMESPACE]}"/>', f'<a xmlns="{LONG[:LONGEST_NAMESPACE]}"/>'),
        (
            f'<!DOCTYPE a [<!ENTITY e "{"x" * 40}">]><a xmlns="{"&e;" * 30}"/>',
            f'<!DOCTYPE a [<!ENTITY e "{"x" * 40}">]><a xmlns="{short_namespace("&e;" * 30)}"/>',
        ),
    ],
    ids=range(8),
)
def test_a_long_namespace_gets_a_short_one(document: str, kept: str) -> None:
    assert trimmed(document) == kept


def test_two_long_namespaces_have_two_short_ones() -> None:
    assert short_namespace(LONG) != short_namespace(f"{LONG}y")
    assert len(short_namespace(LONG)) < 100


@pytest.mark.costly
@pytest.mark.parametrize("item", ["<a:b/>", "<q a:c=''/>", "<a:b></a:c>"], ids=["elements", "attributes", "damaged"])
@pytest.mark.parametrize("declared", ['xmlns:a="{}"', 'x=y xmlns:a="{}"'], ids=["well-formed", "ill-formed"])
def test_names_in_a_long_namespace_are_read_in_linear_time(item: str, declared: str) -> None:
    def made_of(length: int) -> Callable[[], object]:
        root = f'<rss version="2.0" {declared.format("x" * length)}>'
        document = f"{root}<channel><item><guid>1</guid>{item * (length // len(item))}</item></channel></rss>"
        return lambda: parse(document.encode(), {}, "https://a.example/feed")

    assert growth(made_of, (100_000,)) <= MOST
