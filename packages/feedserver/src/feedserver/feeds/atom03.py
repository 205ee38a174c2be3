"""Atom 0.3 (draft-nottingham-atom-format-02), which some old blogs still publish. It has other element names than Atom
1.0, and a mode for text.
"""

from __future__ import annotations

from collections.abc import Iterator

from feedserver.feeds.atom import person
from feedserver.feeds.dates import rfc3339
from feedserver.feeds.markup import Element, Html, element, optional, xhtml
from feedserver.feeds.model import Entry, Feed, Text, text_of

NAMESPACE = "http://purl.org/atom/ns#"


def document(feed: Feed) -> Element:
    """Return *feed* as the tree of an Atom 0.3 document."""
    language = {"xml:lang": feed.language}
    return element("feed", *_fields(feed), *map(_entry, feed.entries), version="0.3", xmlns=NAMESPACE, **language)


def _fields(feed: Feed) -> Iterator[Element | None]:
    yield _text("title", feed.title)
    yield _text("tagline", feed.subtitle)
    yield _page(feed.link)
    yield optional("id", feed.identity)
    yield optional("modified", rfc3339(feed.updated or feed.newest))
    for author in feed.authors:
        yield person("author", author, "url")
    yield _text("copyright", feed.rights)
    yield optional("generator", feed.generator)


def _entry(entry: Entry) -> Element:
    return element("entry", *_entry_fields(entry), **{"xml:lang": entry.language})


def _entry_fields(entry: Entry) -> Iterator[Element | None]:
    yield _text("title", entry.title)
    yield _page(entry.link)
    yield optional("id", entry.identity)
    yield optional("issued", rfc3339(entry.published))
    yield optional("modified", rfc3339(entry.updated or entry.published))
    for author in entry.authors:
        yield person("author", author, "url")
    yield _text("summary", entry.summary, html=True)
    yield _text("content", entry.content, html=True)


def _page(target: str | None) -> Element | None:
    """Return the link to a page. Unlike Atom 1.0, Atom 0.3 requires its media type (§3.4.2)."""
    return None if target is None else element("link", rel="alternate", type="text/html", href=target)


def _text(name: str, value: str | Text | None, *, html: bool = False) -> Element | None:
    """Return a content construct (§3.1). Its `type` is a media type, and its `mode` says how the text is written."""
    if value is None:
        return None
    text = text_of(value, "html" if html else "text")
    if text.type == "xhtml":
        return element(name, xhtml(text.value), type="application/xhtml+xml", mode="xml")
    if text.type == "html":
        return element(name, Html(text.value), type="text/html", mode="escaped")
    return optional(name, text.value)
