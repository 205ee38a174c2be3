"""An `item` of RSS or an `entry` of Atom → `Entry`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element

from lifestream.content.html_tokenizer import name_set
from lifestream.content.plaintext import html_of
from lifestream.entry import Enclosure, Entry, Media, Person, Source
from lifestream.parser import people
from lifestream.parser.dates import Calendar
from lifestream.parser.relative_addresses import base_of_text
from lifestream.parser.rhythm import number, seconds
from lifestream.parser.strict.constructs import NOTHING, Construct, alternatives, loose, text_of, typed, written
from lifestream.parser.strict.episodes import episode_of
from lifestream.parser.strict.fields import Fields, elements, fields_of, first_text
from lifestream.parser.strict.files import files_of
from lifestream.parser.strict.guids import LOOKS_LIKE_ADDRESS, guid_of, is_link
from lifestream.parser.strict.links import Link, links_of, other_page, page, plain_address, related
from lifestream.parser.strict.media import NO_MEDIA, EntryMedia, media_of, tags_of
from lifestream.parser.strict.pictures import linked_picture, picture_of
from lifestream.parser.strict.scope import Scope
from lifestream.parser.strict.vocabulary import Names
from lifestream.parser.text_constructs import TextKind, html_or_text, plain
from lifestream.parser.text_constructs import names as tag_names

# RSS uses elements of Atom too, with its namespace and without.
PUBLISHED: Final = (
    "pubdate", "atom:published", "atom:issued", "dcterms:issued", "published", "issued", "atom:created",
    "dcterms:created", "created", "dcterms:available", "dcterms:datesubmitted",
)  # fmt: skip
UPDATED: Final = (
    "atom:updated", "atom:modified", "dcterms:modified", "updated", "modified", "dc:date", "date", "lastbuilddate",
    "prism:publicationdate",
)  # fmt: skip
_TAGS: Final = name_set(
    "category atom:category dc:subject itunes:category itunes:keywords keywords media:category media:keywords tags"
)
_CONTENTS: Final = (
    "content:encoded", "xhtml:body", "xhtml:div", "body", "fullitem", "yandex:full-text", "turbo:content",
)  # fmt: skip
_OTHER_SUMMARIES: Final = ("itunes:summary", "googleplay:description", "itunes:subtitle")


def title_of(fields: Fields, scope: Scope) -> Construct:
    """Return the title among *fields*."""
    for name, read in (("atom:title", typed), ("title", loose), ("dc:title", loose), ("itunes:title", loose)):
        for element in fields.get(name, ()):
            found: Construct = read(element, scope)
            if found.text.strip():
                return found
    return NOTHING


def authors_of(parent: Element, fields: Fields, names: Names) -> str:
    """Return the authors named in *parent*, whose children are *fields*: the first that is not empty of

    1. the names in its authors, creators and editors,
    2. `itunes:author` and `googleplay:author`,
    3. the addresses in its authors, creators and editors,
    4. `itunes:owner`.
    """
    persons = (child for child in parent if names[child.tag] in _PEOPLE)
    found = "" if _PEOPLE.isdisjoint(fields) else people.joined(_written(person, names) for person in persons)
    if not found or all(map(people.is_address, found.split(", "))):
        shown = people.joined(element.text or "" for element in elements(fields, "itunes:author", "googleplay:author"))
        return shown or found or people.joined(_written(owner, names) for owner in elements(fields, "itunes:owner"))
    return found


_PEOPLE: Final = name_set("author atom:author dc:creator dc:author managingeditor")


def _written(person: Element, names: Names) -> str:
    """Return a person as the feed writes it. In Atom, and in RSS that uses Atom's elements, the name is a child
    element.
    """
    if not len(person):
        return person.text or ""
    inner = fields_of(person, names)
    named = first_text(inner, "atom:name", "name", "itunes:name")
    address = first_text(inner, "atom:email", "email", "itunes:email")
    return people.person(named, address or written(person))


@dataclass(slots=True)
class EntryReader:
    """A reader for the entries of one feed: its *names*, *scope* and *calendar*, the *author* that they inherit, the
    *url* of the document, and the *hosts* of the podcast.
    """

    names: Names
    scope: Scope
    calendar: Calendar
    author: str
    url: str
    hosts: tuple[Person, ...] = ()

    def read(self, element: Element) -> Entry:
        """Return the entry in *element*."""
        names, scope = self.names, self.scope.of(element)
        fields = fields_of(element, names)
        links = links_of(elements(fields, "link", "atom:link"), scope)
        guid = guid_of(element, fields)
        described = self._media_elements(element, fields)
        media = media_of(described, names) if described else NO_MEDIA
        link = self._link(fields, scope, links, guid) or scope.absolute(media.player)
        scope_of_source, scope = scope, scope.at(base_of_text(link, scope.base, self.url))
        title = title_of(fields, scope)
        content = self._content(fields, scope)
        summary, summary_construct = self._summary(fields, scope)
        html = content.html
        if not (html or summary or media.media):
            summary = html_of(media.description)
        text = content if content is not NOTHING else summary_construct
        text_scope = text.scope if text is not NOTHING else scope
        summary_base = summary_construct.scope.base if summary_construct is not NOTHING else ""
        return Entry(
            guid=guid,
            link=link,
            title=title.line or plain(media.title),
            author=self._author(element, fields),
            published=self._date(fields, PUBLISHED),
            updated=self._date(fields, UPDATED),
            content=html,
            summary="" if summary == html else summary,
            tags=self._tags(element) if not _TAGS.isdisjoint(fields) else tag_names(media.tags),
            enclosures=self._files(fields, scope, links, media),
            media=self._media(media, fields, scope),
            language=self._language(fields, (content, summary_construct, title), scope),
            base=text_scope.base,
            based=text_scope.based,
            summary_base="" if summary_base == text_scope.base else summary_base,
            source=self._source(fields, scope_of_source),
            episode=episode_of(fields, scope, self.hosts),
        )

    def _media_elements(self, element: Element, fields: Fields) -> list[Element]:
        """Return the children of *element* that are Media RSS, in the document's order."""
        if not any(name.startswith("media:") for name in fields):
            return []
        return [child for child in element if self.names[child.tag].startswith("media:")]

    def _link(self, fields: Fields, scope: Scope, links: list[Link], guid: str) -> str:
        original = plain_address(first_text(fields, "feedburner:origlink"))
        if LOOKS_LIKE_ADDRESS.match(original) and (address := scope.absolute(original)):
            return address
        if address := page(links):
            return address
        if is_link(guid, fields):
            return scope.absolute(plain_address(guid))
        return other_page(links)

    def _author(self, element: Element, fields: Fields) -> str:
        if found := authors_of(element, fields, self.names):
            return found
        for source in elements(fields, "atom:source"):
            if found := authors_of(source, fields_of(source, self.names), self.names):
                return found
        return self.author

    def _source(self, fields: Fields, scope: Scope) -> Source | None:
        """Return the feed that an entry was taken from: a title and an address in RSS, the head of a feed in Atom."""
        for element in fields.get("source", ()):
            found = Source(plain(element.text or ""), scope.of(element).absolute(element.get("url")))
            if found.title or found.url:
                return found
        for element in fields.get("atom:source", ()):
            inner = fields_of(element, self.names)
            around = scope.of(element)
            links = links_of(elements(inner, "link", "atom:link"), around)
            found = Source(title_of(inner, around).line, page(links) or related(links, "self"))
            if found.title or found.url:
                return found
        return None

    def _date(self, fields: Fields, names: Iterable[str]) -> datetime | None:
        for name in names:
            for element in fields.get(name, ()):
                if date := self.calendar.read(text_of(element)):
                    return date
        return None

    def _content(self, fields: Fields, scope: Scope) -> Construct:
        """Return the content. Prefer HTML, then the longest text."""
        found = [loose(element, scope, TextKind.HTML) for element in elements(fields, *_CONTENTS)]
        found += [loose(element, scope) for element in fields.get("content", ())]
        found += [typed(element, scope) for element in alternatives(fields.get("atom:content", ()))]
        found = [each for each in found if each.text.strip() and each.kind is not TextKind.OTHER]
        return max(found, key=lambda each: (each.kind is TextKind.HTML, len(each.text)), default=NOTHING)

    def _summary(self, fields: Fields, scope: Scope) -> tuple[str, Construct]:
        """Return the summary as HTML, and its construct: NOTHING if there is no summary, or only one for podcasts."""
        described = elements(fields, "description", "dc:description", "summary", "dcterms:abstract")
        found = [loose(element, scope, TextKind.HTML) for element in described]
        found += [typed(element, scope) for element in fields.get("atom:summary", ())]
        for construct in found:
            if construct.text.strip():
                return construct.html, construct
        for element in elements(fields, *_OTHER_SUMMARIES):
            construct = loose(element, scope)
            if construct.text.strip():
                is_html = construct.kind is TextKind.HTML
                return (construct.html if is_html else html_or_text(construct.text)), NOTHING
        return "", NOTHING

    def _tags(self, element: Element) -> tuple[str, ...]:
        return tag_names(self._written_tags(element))

    def _written_tags(self, element: Element) -> Iterator[str]:
        for child in element:
            name = self.names[child.tag]
            if name == "itunes:category":
                yield from (inner.get("text", "") for inner in child.iter(child.tag))
            elif name in _TAGS:
                yield from tags_of(child, name)

    def _files(self, fields: Fields, scope: Scope, links: list[Link], media: EntryMedia) -> tuple[Enclosure, ...]:
        found = tuple(self._enclosures(fields, scope, links))
        if not media.torrents:
            return found
        known = {enclosure.url for enclosure in found}
        return (*found, *(torrent for torrent in _torrents(media, scope) if torrent.url not in known))

    def _enclosures(self, fields: Fields, scope: Scope, links: list[Link]) -> Iterator[Enclosure]:
        files = files_of(fields, self.names, scope, links)
        if not files:
            return
        duration = seconds(first_text(fields, "itunes:duration"))
        for file in files:
            playable = file.type.startswith(("audio/", "video/")) or not file.type
            yield Enclosure(file.address, file.type, number(file.length) or None, duration if playable else None)

    def _media(self, found: EntryMedia, fields: Fields, scope: Scope) -> tuple[Media, ...]:
        media = found.media
        if not media and (picture := self._picture(fields)):
            media = [Media(type="image/*", thumbnail=picture)]
        return tuple(
            replace(
                medium,
                url=scope.absolute(medium.url),
                thumbnail=scope.absolute(medium.thumbnail),
                player=scope.absolute(medium.player),
            )
            for medium in media
        )

    def _picture(self, fields: Fields) -> str:
        """Return the address of an entry's picture: one of iTunes or Google Play, an `image` as in channels, a
        `thumbnail`, or an `itunes:link` to an image.
        """
        for element in elements(fields, "itunes:image", "googleplay:image", "image", "thumbnail"):
            if found := picture_of(element, self.names):
                return found
        return linked_picture(fields)

    def _language(self, fields: Fields, texts: Iterable[Construct], scope: Scope) -> str:
        own = first_text(fields, "dc:language", "language")
        return own or next((text.scope.language for text in texts if text.scope.language), "") or scope.language


def _torrents(media: EntryMedia, scope: Scope) -> Iterator[Enclosure]:
    found = {scope.absolute(plain_address(address)): kind for address, kind in media.torrents}
    for url, kind in found.items():
        if url:
            yield Enclosure(url, kind.strip().lower() or "application/x-bittorrent")
