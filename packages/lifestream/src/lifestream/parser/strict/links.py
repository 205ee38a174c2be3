"""The links of an entry or a feed. RSS has them as text, Atom with a relation; each form occurs in the other format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from lifestream.content.html_tokenizer import name_set
from lifestream.parser.strict.constructs import text_of
from lifestream.parser.strict.scope import Scope
from lifestream.parser.strict.vocabulary import ATOM, ATOM_03

OTHER_PURPOSES: Final = name_set(
    "self enclosure edit edit-media replies hub license next prev previous first last payment donate icon "
    "stylesheet search service collection up start index contents archives next-archive "
    "prev-archive current pingback webmention author me tag copyright monetization "
    "http://schemas.google.com/g/2005#feed http://schemas.google.com/g/2005#post"
)
"""Relations of links that lead to no page about an entry (IANA's registry of link relations; rel=payment)."""
_ADDRESSES: Final = frozenset({"href", "url", "uri", "src"})
_PAGES: Final = frozenset({"", "text/html", "application/xhtml+xml"})
_ATOM: Final = (f"{{{ATOM}}}", f"{{{ATOM_03}}}")
_REGISTERED: Final = "http://www.iana.org/assignments/relation/"


class Link(NamedTuple):
    """An absolute *address*, its *relation* ("" for a link of RSS without one), *type*, and *length* as written."""

    address: str
    relation: str
    type: str = ""
    length: str = ""


def links_of(elements: Iterable[Element], scope: Scope) -> list[Link]:
    """Return the links in *elements*, without those that have no address."""
    return list(_links(elements, scope))


def _links(elements: Iterable[Element], scope: Scope) -> Iterator[Link]:
    for element in elements:
        inner = scope.of(element)
        written = element.get("href") or element.get("url") or element.get("uri")
        if written is None and element.attrib:
            written = next((value for name, value in element.attrib.items() if name.lower() in _ADDRESSES), None)
        if written is None:
            text = text_of(element) or next(filter(None, map(str.strip, element.itertext())), "")
            if address := inner.absolute(plain_address(text)):
                yield Link(address, "")
        elif address := inner.absolute(plain_address(written)):
            relation = element.get("rel", "").strip().lower().removeprefix(_REGISTERED)
            if not relation and element.tag.startswith(_ATOM):
                relation = "alternate"  # RFC 4287, 4.2.7.2
            kind = element.get("type", "").strip().lower()
            yield Link(address, relation, kind, element.get("length", ""))


def plain_address(written: str) -> str:
    """Return *written* with ampersands unescaped that were escaped twice."""
    return written.replace("&amp;", "&") if "&amp;" in written else written


def page(links: list[Link]) -> str:
    """Return the page that *links* lead to: the last link of RSS, else the first alternate that is a page.

    RSS allows one link; of several, feedparser and gofeed take the last.
    """
    for link in reversed(links):
        if not link.relation:
            return link.address
    pages = (link for link in links if link.relation == "alternate" and link.type.partition(";")[0].strip() in _PAGES)
    return next((link.address for link in pages), "")


def other_page(links: list[Link]) -> str:
    """Return the address of the first of *links* that has no purpose other than reading the page."""
    return next((link.address for link in links if link.relation not in OTHER_PURPOSES), "")


def related(links: list[Link], relation: str) -> str:
    """Return the address of the first of *links* with this *relation*."""
    return next((link.address for link in links if link.relation == relation), "")
