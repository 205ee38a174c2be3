"""The root of a document → `ParsedFeed`: RSS 0.90 to 2.0, RDF, Atom 0.3 and 1.0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from lifestream.content.late_pattern import late
from lifestream.entry import ParsedFeed, Rhythm
from lifestream.message import say
from lifestream.parser.dates import Calendar
from lifestream.parser.errors import NotAFeed
from lifestream.parser.relative_addresses import base_of_links
from lifestream.parser.rhythm import day, hour, rhythm
from lifestream.parser.strict.constructs import Construct, loose, text_of, typed
from lifestream.parser.strict.entries import PUBLISHED, UPDATED, EntryReader, authors_of, title_of
from lifestream.parser.strict.episodes import persons_of
from lifestream.parser.strict.fields import Fields, elements, fields_of, first_text
from lifestream.parser.strict.links import Link, links_of, page, related
from lifestream.parser.strict.pictures import linked_picture, picture_of
from lifestream.parser.strict.rdf import write_properties
from lifestream.parser.strict.scope import Scope
from lifestream.parser.strict.vocabulary import ATOM, RDF, RSS_10, Names, is_same, namespace_of, prefix_of
from lifestream.plugins.reading_notes import Notes

VERSIONS: Final = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
CDF: Final = say("cdf")
"""Why a document in the Channel Definition Format, older than RSS, is refused."""


def read(
    root: Element,
    url: str,
    *,
    netscape: bool,
    language: str = "",
    source: bytes = b"",
    notes: Notes | None = None,
) -> ParsedFeed | None:
    """Return the feed that *root* is or contains, or None if there is no RSS, RDF or Atom. *url* is the address of the
    document.

    *netscape* says that the document type was Netscape's, of RSS 0.91; *language* is the answer's Content-Language.
    *source* is the document in UTF-8. *notes* receives how dates were understood. Raises `NotAFeed` for CDF.
    """
    found = _read(root, url, language, source, notes, netscape=netscape)
    if found is None and (inner := _inner_root(root)) is not None:
        return _read(inner, url, language, source, notes, netscape=False)
    return found


def _read(
    root: Element, url: str, language: str, source: bytes, notes: Notes | None, *, netscape: bool
) -> ParsedFeed | None:
    if _local_name(root) in ("FEED", "RSS"):
        _lower_attributes(root)
    own = namespace_of(root)
    names = Names("", own if prefix_of(own) is None and _local(root) == "rss" else "", source)
    name = names[root.tag]
    if name == "channel" and _is_cdf(root):
        raise NotAFeed(CDF)
    scope = Scope(url, language).of(root)
    if _local(root) == "feed" and prefix_of(own) in ("", "atom:", None):
        return _Reader(Names("atom:", own, source), scope, _atom_version(root), notes).read([root], root)
    channels = [child for child in root if names[child.tag] == "channel"]
    if name == "rss" and (channels or any(names[child.tag] == "item" for child in root)):
        return _Reader(names, scope, "rss091n" if netscape else _version(root), notes).read(channels, root)
    if name == "channel" and _local_name(root) != "CHANNEL" and any(names[each.tag] in _OF_CHANNELS for each in root):
        # RSS 1.1, and RSS without its root. A root in capitals is that of a CDF document which `_is_cdf` does not know.
        return _Reader(names, scope, "rss", notes).read([root], root)
    if name == "rdf:rdf":
        for element in (*root, *(item for channel in channels for item in channel)):
            write_properties(element)
        channels = [child for child in root if names[child.tag] == "channel"]
        namespaces = {namespace_of(child) for child in root if names[child.tag] in ("channel", "item")}
        if not len(root):
            namespaces = _default_namespace(source)
        if not namespaces:
            return None
        version = "rss10" if any(is_same(RSS_10, namespace) for namespace in namespaces) else "rss090"
        return _Reader(names, scope, version, notes).read(channels, root)
    return None


def _inner_root(root: Element) -> Element | None:
    """Return the root of a feed that programs have put into another document (an envelope, a page), or None."""
    level = [root]
    for _ in range(_DEEPEST_ROOT):
        level = [child for element in level for child in element][:_MOST_SEARCHED]
        for element in level:
            if _local(element) in ("rss", "rdf") or (_local(element) == "feed" and prefix_of(namespace_of(element))):
                return element
    return None


_OF_CHANNELS: Final = frozenset({"title", "link", "item", "items"})
_DEEPEST_ROOT: Final = 5
_MOST_SEARCHED: Final = 1000


def _default_namespace(source: bytes) -> set[str]:
    """Return the default namespace that *source* declares, if it is one of RSS, else an empty set. A document of RDF
    without elements is a feed only if it declares such a namespace.
    """
    found = _DEFAULT.search(source)
    namespace = found[1].decode("utf-8", "replace") if found else ""
    return {namespace} if namespace and prefix_of(namespace) == "" else set()


_DEFAULT = late(rb"""<[\w:]+\s[^<>]*?\bxmlns\s*=\s*["']([^"'<>]+)["']""")


def _local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _local(element: Element) -> str:
    return _local_name(element).lower()


def _lower_attributes(root: Element) -> None:
    """Write the names of attributes in lower case, in a document that has all names in upper case."""
    for element in root.iter():
        if any(name != name.lower() for name in element.attrib):
            element.attrib = {(name if "}" in name else name.lower()): value for name, value in element.attrib.items()}


def _atom_version(root: Element) -> str:
    own = namespace_of(root)
    if is_same(ATOM, own):
        return "atom10"
    return "atom03" if prefix_of(own) == "atom:" or root.get("version", "").strip() == "0.3" else "atom"


def _version(root: Element) -> str:
    written = root.get("version", "").strip()
    return VERSIONS.get(written) or ("rss20" if written.startswith("2.") else "rss")


def _is_cdf(root: Element) -> bool:
    """Return whether the root `channel` is that of CDF, which has addresses in attributes."""
    return any(name.upper() in ("HREF", "BASE", "LASTMOD") for name in root.attrib) or any(
        name.upper() == "HREF" for child in root if str(child.tag).lower() == "item" for name in child.attrib
    )


class _Reader:
    """A reader for a feed of a *version*, which becomes `ParsedFeed.format`."""

    def __init__(self, names: Names, scope: Scope, version: str, notes: Notes | None) -> None:
        self._names, self._scope, self._version, self._notes = names, scope, version, notes

    def read(self, channels: list[Element], root: Element) -> ParsedFeed:
        """Return the feed that the first of *channels* describes, or *root* if there is none. In RDF, *root* contains
        the items.
        """
        channel = channels[0] if channels else root
        scope = self._scope if channel is root else self._scope.of(channel)
        fields = fields_of(channel, self._names)
        if channel is not root:
            for name, found in fields_of(root, self._names).items():
                if name in ("image", "item"):
                    fields.setdefault(name, []).extend(found)
        for wrapper in fields.get("items", ()) if "item" not in fields else ():
            fields.setdefault("item", []).extend(child for child in wrapper if self._names[child.tag] == "item")
        for more in channels[1:]:
            fields.setdefault("item", []).extend(child for child in more if self._names[child.tag] == "item")
        language = first_text(fields, "language", "dc:language").replace("_", "-")
        scope.language = language or scope.language
        author = authors_of(channel, fields, self._names)
        entries = [*elements(fields, "item", "atom:entry", "atom:item", "entry")]
        atom = self._version.startswith("atom")
        links = links_of(elements(fields, "link", "atom:link"), scope)
        link = self._link(fields, links, atom=atom)
        site = scope.at(base_of_links(link, scope.base))
        calendar = self._calendar(entries)
        hosts = persons_of(fields, scope) if "podcast:person" in fields else ()
        reader = EntryReader(self._names, site, calendar, author if atom else "", self._scope.base, hosts)
        return ParsedFeed(
            title=title_of(fields, scope).line,
            link=link,
            subtitle=self._subtitle(fields, scope),
            author=author,
            language=scope.language,
            icon=self._icon(fields, site),
            self_url=related(links, "self"),
            hub_url=related(links, "hub"),
            generator=self._generator(fields),
            format=self._version,
            rhythm=self._rhythm(fields),
            entries=tuple(map(reader.read, entries)),
        )

    def _link(self, fields: Fields, links: list[Link], *, atom: bool) -> str:
        """Return the address of the site's page. In Atom the id of a feed may be that address, too."""
        guid = first_text(fields, "atom:id") if atom else ""
        return page(links) or (guid if guid.startswith(("http://", "https://")) else "")

    def _calendar(self, entries: list[Element]) -> Calendar:
        names = self._names

        def all_dates() -> Iterator[str]:
            for entry in entries:
                for child in entry:
                    if names[child.tag] in _DATES:
                        yield text_of(child)

        return Calendar(all_dates, self._notes)

    def _subtitle(self, fields: Fields, scope: Scope) -> str:
        found: list[Construct] = []
        found += [typed(element, scope) for element in elements(fields, "atom:subtitle", "atom:tagline")]
        found += [loose(element, scope) for element in elements(fields, "description", "dc:description")]
        found += [loose(element, scope) for element in elements(fields, *_OTHER_SUBTITLES)]
        return next((line for line in (each.line for each in found) if line), "")

    def _icon(self, fields: Fields, scope: Scope) -> str:
        for element in elements(fields, *_ICONS):
            if found := scope.of(element).absolute(text_of(element)):
                return found
        for image in elements(fields, "image", "itunes:image", "googleplay:image"):
            if found := scope.of(image).absolute(picture_of(image, self._names)):
                return found
        thumbnails = (each.get("url") for each in fields.get("media:thumbnail", ()))
        return scope.absolute(linked_picture(fields) or next(filter(None, thumbnails), ""))

    def _generator(self, fields: Fields) -> str:
        named = first_text(fields, "generator", "atom:generator")
        agents = (agent.get(f"{RDF}resource", "") for agent in fields.get("admin:generatoragent", ()))
        return named or next(filter(None, agents), "")

    def _rhythm(self, fields: Fields) -> Rhythm:
        hours = (hour(text_of(each)) for each in self._inside(fields, "skiphours", "hour"))
        days = (day(text_of(each)) for each in self._inside(fields, "skipdays", "day"))
        return rhythm(
            first_text(fields, "ttl"),
            first_text(fields, "sy:updateperiod"),
            first_text(fields, "sy:updatefrequency"),
            (each for each in hours if each is not None),
            (each for each in days if each is not None),
        )

    def _inside(self, fields: Fields, outer: str, inner: str) -> Iterator[Element]:
        for element in fields.get(outer, ()):
            yield from (child for child in element if self._names[child.tag] == inner)


_ICONS: Final = ("atom:icon", "webfeeds:icon", "atom:logo", "webfeeds:logo", "icon", "logo")
_OTHER_SUBTITLES: Final = ("itunes:summary", "itunes:subtitle", "googleplay:description", "subtitle", "tagline")
_DATES: Final = frozenset({*PUBLISHED, *UPDATED})
