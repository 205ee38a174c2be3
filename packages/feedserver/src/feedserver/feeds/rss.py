"""RSS 2.0 (https://www.rssboard.org/rss-specification), with the modules that feeds use today.

RSS has no types of text, so text is written as it is given. Its authors are e-mail addresses, so an author without
address becomes a `dc:creator`. Where RSS has no element, elements of Atom are used (`atom:updated`, and links
to the feed itself, to its next page and to its hubs), or of Dublin Core (`dc:rights`, and `dc:language` of an entry).
"""

from __future__ import annotations

from collections.abc import Iterator

from feedserver.feeds import modules
from feedserver.feeds.dates import rfc822, rfc3339
from feedserver.feeds.markup import Element, Html, element, optional
from feedserver.feeds.model import Category, Enclosure, Entry, Feed, Person, Text, text_of


def document(feed: Feed) -> Element:
    """Return *feed* as the tree of an RSS 2.0 document."""
    return element("rss", element("channel", *_channel(feed), *map(_item, feed.entries)), version="2.0")


def _channel(feed: Feed) -> Iterator[Element | None]:
    yield plain("title", feed.title)
    yield optional("link", feed.link)
    yield plain("description", feed.subtitle)
    yield from modules.atom_links(feed)
    yield optional("language", feed.language)
    yield plain("copyright", feed.rights)
    for author in feed.authors:
        yield _author("managingEditor", author)
    yield optional("pubDate", rfc822(feed.published))
    yield optional("lastBuildDate", rfc822(feed.updated))
    yield from map(_category, feed.categories)
    yield optional("generator", feed.generator)
    yield from schedule(feed)
    yield image(feed)
    yield from modules.syndication(feed)
    yield from modules.podcast(feed)


def _item(entry: Entry) -> Element:
    return element("item", *_fields(entry))


def _fields(entry: Entry) -> Iterator[Element | None]:
    yield plain("title", entry.title)
    yield optional("link", entry.link)
    if entry.id is not None:
        yield element("guid", entry.id, isPermaLink="true" if entry.id == entry.link else "false")
    yield html("description", entry.summary)
    yield modules.content(entry)
    for author in entry.authors:
        yield _author("author", author)
    yield from map(_category, entry.categories)
    yield optional("comments", entry.comments)
    yield from map(_enclosure, entry.enclosures)
    yield optional("pubDate", rfc822(entry.published))
    yield optional("atom:updated", rfc3339(entry.updated))
    yield plain("dc:rights", entry.rights)
    yield optional("dc:language", entry.language)
    yield from modules.media(entry)
    yield from modules.episode(entry)


def plain(name: str, value: str | Text | None) -> Element | None:
    """Return an element whose text is plain, or None if there is no text."""
    return None if value is None else optional(name, text_of(value).value)


def html(name: str, value: str | Text | None) -> Element | None:
    """Return an element whose text is read as HTML, or None if there is no text."""
    return None if value is None else optional(name, Html(text_of(value, "html").value))


def schedule(feed: Feed) -> Iterator[Element | None]:
    """Return the elements that say when a client should and should not ask."""
    yield optional("ttl", feed.ttl)
    if feed.skip_hours:
        yield element("skipHours", *(optional("hour", hour) for hour in feed.skip_hours))
    if feed.skip_days:
        yield element("skipDays", *(optional("day", day) for day in feed.skip_days))


def image(feed: Feed) -> Element | None:
    """Return the picture of the feed, with the title and the link that the specification requires."""
    if feed.image is None:
        return None
    return element("image", optional("url", feed.image), plain("title", feed.title), optional("link", feed.link))


def _author(name: str, author: Person) -> Element | None:
    if author.email is None:
        return optional("dc:creator", author.name)
    return optional(name, f"{author.email} ({author.name})" if author.name else author.email)


def _category(category: Category) -> Element:
    return element("category", category.term, domain=category.scheme)


def _enclosure(enclosure: Enclosure) -> Element:
    return element("enclosure", url=enclosure.url, length=enclosure.length, type=enclosure.type)
