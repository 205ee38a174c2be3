"""A tag with thousands of attributes keeps the first ones, and the rest of the document is unchanged."""

from __future__ import annotations

import pytest

from lifestream.parser import parse
from lifestream.parser.tag_attributes import MAX_ATTRIBUTES, trimmed


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
