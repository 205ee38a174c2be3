"""RSS 1.0, which is RDF (https://web.resource.org/rss/1.0/spec), with its modules Dublin Core, content and syndication,
and with elements of Media RSS and Atom.

Every item has an `rdf:about`: its id, else its link, else a URN that is derived from its title and dates.
"""

from __future__ import annotations

from collections.abc import Iterator

from feedserver.feeds import modules, rss
from feedserver.feeds.dates import rfc3339
from feedserver.feeds.markup import Element, element, optional
from feedserver.feeds.model import Category, Entry, Feed, Person

NAMESPACE = "http://purl.org/rss/1.0/"


def document(feed: Feed) -> Element:
    """Return *feed* as the tree of an RSS 1.0 document."""
    picture = rss.image(feed)
    return element(
        "rdf:RDF",
        element("channel", *_channel(feed), **{"rdf:about": feed.identity}),
        None if picture is None else Element(picture.name, (("rdf:about", feed.image or ""),), picture.children),
        *map(_item, feed.entries),
        xmlns=NAMESPACE,
    )


def _channel(feed: Feed) -> Iterator[Element | None]:
    yield rss.plain("title", feed.title)
    yield optional("link", feed.link)
    yield rss.plain("description", feed.subtitle)
    yield from modules.atom_links(feed)
    yield optional("dc:language", feed.language)
    yield rss.plain("dc:rights", feed.rights)
    yield optional("dc:date", rfc3339(feed.updated))
    yield from map(_creator, feed.authors)
    yield from map(_subject, feed.categories)
    yield from modules.syndication(feed)
    if feed.image is not None:
        yield element("image", **{"rdf:resource": feed.image})
    entries = (element("rdf:li", **{"rdf:resource": entry.identity}) for entry in feed.entries)
    yield element("items", element("rdf:Seq", *entries))


def _item(entry: Entry) -> Element:
    return element("item", *_fields(entry), **{"rdf:about": entry.identity})


def _fields(entry: Entry) -> Iterator[Element | None]:
    yield rss.plain("title", entry.title)
    yield optional("link", entry.link)
    yield rss.html("description", entry.summary)
    yield modules.content(entry)
    yield from map(_creator, entry.authors)
    yield from map(_subject, entry.categories)
    yield optional("dc:date", rfc3339(entry.published))
    yield optional("dcterms:modified", rfc3339(entry.updated))
    yield rss.plain("dc:rights", entry.rights)
    yield optional("dc:language", entry.language)
    yield from modules.media(entry)


def _creator(author: Person) -> Element | None:
    return optional("dc:creator", author.name)


def _subject(category: Category) -> Element | None:
    return optional("dc:subject", category.term)
