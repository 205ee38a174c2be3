"""Atom 1.0 (RFC 4287), with Media RSS, iTunes and the syndication module.

An entry always has an id (§4.2.6): its own, else its link, else one that is derived from its title and dates. The
`updated` of an entry is its own date or its publication date. The `updated` of a feed is its own date or the newest
date in it, which may be that of an entry. Without any date there is no `updated`, although §4.1.1 and §4.1.2
require one: a feed without dates stays without dates.
"""

from __future__ import annotations

from collections.abc import Iterator

from feedserver.feeds import modules
from feedserver.feeds.dates import rfc3339
from feedserver.feeds.markup import Element, Html, element, optional, xhtml
from feedserver.feeds.model import Category, Entry, Feed, Person, Text, text_of

NAMESPACE = "http://www.w3.org/2005/Atom"


def document(feed: Feed) -> Element:
    """Return *feed* as the tree of an Atom 1.0 document."""
    language = {"xml:lang": feed.language}
    return element("feed", *_fields(feed), *map(_entry, feed.entries), xmlns=NAMESPACE, **language)


def _fields(feed: Feed) -> Iterator[Element | None]:
    yield _text("title", feed.title)
    yield _text("subtitle", feed.subtitle)
    yield optional("id", feed.identity)
    yield optional("updated", rfc3339(feed.updated or feed.newest))
    yield link("alternate", feed.link)
    yield link("self", feed.url)
    yield link("next", feed.next_url)
    for hub in feed.hubs:
        yield link("hub", hub)
    for author in feed.authors:
        yield person("author", author)
    yield from map(_category, feed.categories)
    yield _text("rights", feed.rights)
    yield optional("generator", feed.generator)
    yield optional("icon", feed.icon)
    yield optional("logo", feed.image)
    yield from modules.syndication(feed)
    yield from modules.podcast(feed)


def _entry(entry: Entry) -> Element:
    return element("entry", *_entry_fields(entry), **{"xml:lang": entry.language})


def _entry_fields(entry: Entry) -> Iterator[Element | None]:
    yield _text("title", entry.title)
    yield optional("id", entry.identity)
    yield optional("published", rfc3339(entry.published))
    yield optional("updated", rfc3339(entry.updated or entry.published))
    yield link("alternate", entry.link)
    yield link("replies", entry.comments)
    for enclosure in entry.enclosures:
        yield element(
            "link",
            rel="enclosure",
            href=enclosure.url,
            type=enclosure.type,
            length=enclosure.length,
            title=enclosure.title,
        )
    for author in entry.authors:
        yield person("author", author)
    yield from map(_category, entry.categories)
    yield _text("rights", entry.rights)
    yield _text("summary", entry.summary, "html")
    yield _text("content", entry.content, "html")
    yield from modules.media(entry)
    yield from modules.episode(entry)


def _text(name: str, value: str | Text | None, type: str = "text") -> Element | None:  # noqa: A002 - Atom's word
    """Return a text construct (§3.1)."""
    if value is None:
        return None
    text = text_of(value, "html" if type == "html" else "text")
    if text.type == "xhtml":
        return element(name, xhtml(text.value), type="xhtml")
    if text.type == "html":
        return element(name, Html(text.value), type="html")
    return optional(name, text.value)


def link(relation: str, target: str | None) -> Element | None:
    """Return a link element (§4.2.7), or None if there is no target."""
    return None if target is None else element("link", rel=relation, href=target)


def person(name: str, person: Person, uri: str = "uri") -> Element:
    """Return a person construct (§3.2). *uri* is the name of the element for the URI: Atom 0.3 calls it "url"."""
    return element(name, optional("name", person.name), optional(uri, person.uri), optional("email", person.email))


def _category(category: Category) -> Element:
    return element("category", term=category.term, scheme=category.scheme, label=category.label)
