"""A second reading of a document, for what feedparser loses.

feedparser keeps only the last hour of `skipHours`, resolves guids against `xml:base`, and puts all media of an entry
into one list, whatever groups they are in. So expat reads the same document too, and this module keeps just these
things, in the order of the entries. In an ill-formed document expat stops at the flaw; what it has read until then
counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from lifestream.content.plaintext import text_of
from lifestream.entry import Media
from lifestream.parser.expat_reading import SEPARATOR, read_to_end
from lifestream.parser.preprocessing import ASIDE, MEDIA
from lifestream.parser.rhythm import day, hour, number, seconds

# Namespaces whose elements belong to the feed, even if they have a prefix.
_FEEDS: Final = frozenset(
    {
        "http://www.w3.org/2005/Atom",
        "http://purl.org/atom/ns#",
        "http://purl.org/rss/1.0/",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://backend.userland.com/rss2",
    }
)
_MAX_MEDIA: Final = 100
_MAX_TEXT: Final = 100_000


@dataclass(slots=True)
class ScannedEntry:
    """The parts of one entry: *guid* as the document spells it (None if there is none), and *media* of Media RSS (see
    `_media`).
    """

    guid: str | None = None
    media: list[Media] = field(default_factory=list)


@dataclass(slots=True)
class Scan:
    """The result of a scan. *entries* are in the document's order; only those that were read to their end are among
    them.

    *broken* says that the document is ill-formed, and that not all of it was read. *head* is the offset of the first
    entry in bytes, 0 if there is none; *name* is the name of its element, and *open* names the elements that are open
    there.
    """

    entries: list[ScannedEntry] = field(default_factory=list)
    skip_hours: set[int] = field(default_factory=set)
    skip_days: set[int] = field(default_factory=set)
    broken: bool = False
    head: int = 0
    name: str = ""
    open: tuple[str, ...] = ()


def scan(document: bytes) -> Scan:
    """Return what expat finds in *document*, which has to be `preprocessing.cleaned`, in UTF-8."""
    parser = expat.ParserCreate("utf-8", SEPARATOR)
    reader = _ScanReader(parser)
    # With this, expat skips unknown entities, such as &nbsp;, instead of stopping at them. It loads nothing.
    parser.UseForeignDTD(True)
    parser.namespace_prefixes = True
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        read_to_end(parser, document)
    except expat.ExpatError:
        reader.found.broken = True  # what was read before the error counts
    return reader.found


@dataclass(slots=True)
class _MediaLevel:
    """What Media RSS says of one content, of a group of them, or of a whole entry: the innermost level takes
    precedence.
    """

    content: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    inner: list[_MediaLevel] = field(default_factory=list)


class _ScanReader:
    """The handlers of expat: the current place in the document, and what is kept of it."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.parser = parser
        self.found = Scan()
        self.open: list[str] = []
        self.entry: ScannedEntry | None = None
        self.entry_depth: int  # of *entry*
        self.levels: list[_MediaLevel] = []
        self.text: list[str] | None = None
        self.text_depth: int  # of the element whose *text* it is, which *keep* gets
        self.keep: Callable[[str], None]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, local, as_written = _parts(name)
        parent = self.open[-1].lower() if self.open else ""
        self.open.append(as_written)
        is_of_feed = ":" not in as_written or namespace in _FEEDS
        if self.entry is not None:
            if namespace in MEDIA:
                self.start_media(local, attributes)
            elif len(self.open) == self.entry_depth + 1 and local in {"guid", "id"} and is_of_feed:
                self.capture(self.keep_guid)
        elif local in {"item", "entry"} and is_of_feed:
            self.entry, self.entry_depth = ScannedEntry(), len(self.open)
            if not self.found.head:
                self.found.head, self.found.name = self.parser.CurrentByteIndex, as_written
                self.found.open = tuple(self.open[:-1])
            self.levels = [_MediaLevel()]
        elif local == "hour" and parent == "skiphours":
            self.capture(self.keep_hour)
        elif local == "day" and parent == "skipdays":
            self.capture(self.keep_day)

    def end(self, name: str) -> None:
        depth = len(self.open)
        self.open.pop()
        if self.text is not None and depth == self.text_depth:
            self.keep("".join(self.text).strip()[:_MAX_TEXT])
            self.text = None
        if self.entry is None:
            return
        if depth == self.entry_depth:
            self.entry.media = list(_media(self.levels[0]))[:_MAX_MEDIA]
            self.found.entries.append(self.entry)
            self.entry = None
        elif name.startswith(MEDIA):
            namespace, local, _ = _parts(name)
            if namespace in MEDIA and local in {"content", "group"}:
                self.levels.pop()

    def characters(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def capture(self, keep: Callable[[str], None]) -> None:
        """Collect the text of the innermost open element, and call *keep* with the text when the element ends."""
        self.text, self.text_depth, self.keep = [], len(self.open), keep

    def keep_hour(self, text: str) -> None:
        if (found := hour(text)) is not None:
            self.found.skip_hours.add(found)

    def keep_day(self, text: str) -> None:
        if (found := day(text)) is not None:
            self.found.skip_days.add(found)

    def keep_guid(self, text: str) -> None:
        if self.entry is not None and text:
            self.entry.guid = text

    def start_media(self, local: str, attributes: dict[str, str]) -> None:
        level = self.levels[-1]
        if local in {"content", "group"}:
            inner = _MediaLevel(content=attributes if local == "content" else {})
            level.inner.append(inner)
            self.levels.append(inner)
        elif local in {"thumbnail", "player"}:
            level.said.setdefault(local, attributes.get("url", ""))
        elif (what := local.removeprefix(ASIDE)) in {"title", "description"}:
            html = attributes.get("type", "").lower() in {"html", "text/html"}
            self.capture(lambda text: _say(level, what, text_of(text) if html else text))


def _parts(name: str) -> tuple[str, str, str]:
    """Return the namespace, the local name in lower case, and the name as the document writes it."""
    parts = name.split(SEPARATOR)
    if len(parts) == 1:
        return "", name.lower(), name
    local = parts[1]
    return parts[0], local.lower(), f"{parts[2]}:{local}" if len(parts) == 3 else local


def _say(level: _MediaLevel, what: str, text: str) -> None:
    level.said.setdefault(what, text)


def _media(entry: _MediaLevel) -> list[Media]:
    """Return one medium for each content or group of an entry. If there is none, return one for its thumbnail or
    player.
    """
    media = []
    for level in entry.inner:
        # A group has one medium in several formats: the default one is taken, or else the first.
        choice = next((inner for inner in level.inner if inner.content.get("isDefault") == "true"), None)
        choice = choice or next(iter(level.inner), _MediaLevel(level.content))
        media.append(_medium(choice.content, {**entry.said, **level.said, **choice.said}))
    if not media and entry.said.keys() & {"thumbnail", "player"}:
        media.append(_medium({}, entry.said))
    return media


def _medium(content: dict[str, str], said: dict[str, str]) -> Media:
    kind = content.get("type", "")
    if not kind and content.get("medium"):
        kind = f"{content['medium'].lower()}/*"
    return Media(
        url=content.get("url", "").strip(),
        type=kind.strip().lower(),
        thumbnail=said.get("thumbnail", "").strip(),
        player=said.get("player", "").strip(),
        title=said.get("title", ""),
        description=said.get("description", ""),
        length=number(content.get("fileSize")) or None,
        duration=seconds(content.get("duration", "")),
    )
