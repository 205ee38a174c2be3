"""feedparser within bounds: it also reads ill-formed documents, and some of its steps take quadratic time.

Its two parsers (a strict one on expat, and a loose one for what expat refuses) get a document that `preprocessing` has
cleaned, and are bounded where a document could make them slow. Each of these steps was measured at sizes n, 2n and 4n;
beside it is what this module does about it:

    its pattern for an address in an author's name        `people.name_of`, which recognises more of them
    looking for a tag among all tags of an entry          a set, and at most MOST_TAGS
    looking for the prefix of each element's namespace    feedparser is given the prefix
    looking for each attribute by its name                at most MOST_ATTRIBUTES per tag
    joining a long or deep `xml:base` at each element     at most LONGEST_BASE characters, and MOST_SLASHES in them
    a long name that is written again for each address    at most LONGEST_NAME characters
    white space removed piece by piece from an end        removed in one step
    its patterns for a doctype and a declaration          not used: `preprocessing.prolog` reads both
    a long token that expat reads again with each part    expat gets the document in one part

feedparser has hooks for dates only, so its parsers are subclassed. The overridden methods are those of versions 6.0.12
to 6.0.14; the names of two begin with an underscore. Each bound has a test of its time, which would fail with a
version that lacks the method.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from xml.sax import SAXException, expatreader, handler, xmlreader

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.util import FeedParserDict

from lifestream.parser.people import name_of
from lifestream.parser.preprocessing import prolog

MOST_TAGS: Final = 1000
MOST_ATTRIBUTES: Final = 100
MOST_SLASHES: Final = 100
LONGEST_BASE: Final = 2048
LONGEST_LANGUAGE: Final = 100
LONGEST_NAME: Final = 10_000


def read(document: bytes, language: str = "") -> dict[str, Any]:
    """Return what feedparser finds in *document*, which has to be `preprocessing.cleaned`, in UTF-8.

    The result is like that of `feedparser.parse`, with its keys `feed`, `entries`, `version` and `bozo`. *language* is
    the answer's Content-Language. Raises whatever feedparser raises.
    """
    text = document.decode("utf-8")
    found = prolog(text)
    # A feed needs nothing before the root except the entities that are declared there.
    text = found.doctype() + text[found.end :]
    parser: Any = _Strict("", language or None, "utf-8")
    is_well_formed = _read_strictly(parser, text.encode("utf-8"))
    if not is_well_formed:
        parser = _Loose("", language or None, "utf-8", found.entities)
        parser.resolve_relative_uris = parser.sanitize_html = False
        parser.feed(text)
    return {
        "feed": parser.feeddata,
        "entries": parser.entries,
        "version": "rss091n" if found.netscape else parser.version,
        "bozo": not is_well_formed,
    }


def _read_strictly(parser: Any, document: bytes) -> bool:
    """Have *parser* read *document* with expat. Return whether the document is well-formed."""
    parser.resolve_relative_uris = parser.sanitize_html = False
    # The reader loads nothing, and `preprocessing.cleaned` leaves no entity that could grow.
    reader = expatreader.create_parser(True, len(document))  # noqa: S315
    reader.setFeature(handler.feature_external_ges, False)
    reader.setContentHandler(parser)
    source = xmlreader.InputSource()
    source.setEncoding("utf-8")
    source.setByteStream(io.BytesIO(document))
    try:
        reader.parse(source)
    except SAXException as error:
        # A frame of an error's traceback refers to the error: because of this cycle, both of them, and all that the
        # frames refer to, would stay in memory until the next garbage collection.
        for each in (error, error.getException()):
            if each is not None:
                each.__traceback__ = None
        return False
    finally:
        # The reader and its handlers form such a cycle, too.
        reader.setContentHandler(handler.ContentHandler())
    return True


if TYPE_CHECKING:
    _Parser = Any
else:
    _Parser = object


class _Bounds(_Parser):  # type: ignore[misc]
    """The bounds of both parsers. In their method resolution order, this class precedes those of feedparser."""

    baseuri: Any
    feeddata: Any

    def __init__(self, *arguments: Any) -> None:
        self.tags_seen: tuple[object, set[object]] = (None, set())
        super().__init__(*arguments)
        # feedparser looks for `textinput` in the feed, even if the element is in an entry.
        self.feeddata["textinput"] = FeedParserDict()

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        """Read a start tag with at most `MOST_ATTRIBUTES` attributes, and without an overlong base or language."""
        before = self.baseuri
        if attrs:
            attrs = [(name, value) for name, value in attrs[:MOST_ATTRIBUTES] if _is_sane(name.lower(), value)]
        super().unknown_starttag(tag, attrs)
        if self.baseuri is not before and not _is_base(self.baseuri or ""):
            self.baseuri = self.basestack[-1] = before

    def pop(self, element: str, *arguments: Any) -> Any:
        """End *element*, after removing what would make it slow to join the pieces of its text."""
        if self.elementstack and self.elementstack[-1][0] == element:
            pieces = _stripped(self.elementstack[-1][2])
            if element in _PEOPLE:
                pieces = ["".join(map(_decoded, pieces))[:LONGEST_NAME]]
            self.elementstack[-1][2] = pieces
        return super().pop(element, *arguments)

    def _add_tag(self, term: Any, scheme: Any, label: Any) -> None:
        tags = self._get_context().setdefault("tags", [])
        if self.tags_seen[0] is not tags:
            self.tags_seen = (tags, set())
        seen = self.tags_seen[1]
        if (term, scheme, label) in seen or len(tags) >= MOST_TAGS:
            return
        seen.add((term, scheme, label))
        # feedparser compares each tag with those in a list, so it gets an empty one.
        context = self._get_context()
        context["tags"] = []
        try:
            super()._add_tag(term, scheme, label)
            tags.extend(context["tags"])
        finally:
            context["tags"] = tags

    def _sync_author_detail(self, key: str = "author") -> None:
        # The names alone are read, not the person that feedparser makes of them.
        context = self._get_context()
        details = context.get(f"{key}s")
        if details and not details[-1]:
            details[-1]["name"] = name_of(str(context.get(key) or ""))


def _forgiving(parser: type[Any]) -> type[Any]:
    """Return the class *parser*, changed so that a handler that fails loses only its own element.

    Many handlers fail for an element in an unexpected place, or an empty one (`gml:pos` alone, `<height/>`), and the
    whole document would be lost. If a handler raises AttributeError, feedparser treats the element as unknown
    (`unknown_starttag` and `unknown_endtag`: "or something has gone wrong"), so all exceptions except MemoryError and
    RecursionError are turned into AttributeError.
    """
    for name in dir(parser):
        if name.startswith(("_start_", "_end_")):
            setattr(parser, name, _safe(getattr(parser, name)))
    return parser


def _safe(handler: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(handler)
    def call(*arguments: Any) -> Any:
        try:
            return handler(*arguments)
        except (AttributeError, MemoryError, RecursionError):
            raise
        except Exception as error:
            raise AttributeError(f"{handler.__name__} failed") from error

    return call


@_forgiving
class _Strict(_Bounds, StrictFeedParser):  # type: ignore[misc]
    def __init__(self, *arguments: Any) -> None:
        self.prefixes: dict[str, str] = {}
        super().__init__(*arguments)

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        """Record a namespace, as feedparser does, and the prefix that it was declared with."""
        super().track_namespace(prefix, uri)
        # Userland's namespaces of RSS are left out: feedparser treats them specially at the start of an element, but
        # not at its end.
        if prefix and "backend.userland.com/rss" not in uri.lower():
            self.prefixes.setdefault(uri, prefix)

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: ARG002, N802
        """Read a start tag with at most `MOST_ATTRIBUTES` attributes. *qname*, which expat's reader does not give, is
        filled in: feedparser would search all namespaces for it.
        """
        if len(attrs) > MOST_ATTRIBUTES:
            names = list(islice(attrs.getNames(), MOST_ATTRIBUTES))
            attrs = xmlreader.AttributesNSImpl(
                {each: attrs.getValue(each) for each in names}, {each: attrs.getQNameByName(each) for each in names}
            )
        super().startElementNS(name, self.qname_of(name), attrs)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: ARG002, N802
        """Read an end tag, with *qname* filled in likewise."""
        super().endElementNS(name, self.qname_of(name))

    def qname_of(self, name: tuple[str | None, str]) -> str:
        """Return the name of an element with the prefix of its namespace, or without one if the namespace has none."""
        namespace, local = name
        prefix = self.prefixes.get(namespace or "")
        return f"{prefix}:{local}" if prefix else local


@_forgiving
class _Loose(_Bounds, LooseFeedParser):  # type: ignore[misc]
    pass


_PEOPLE: Final = frozenset({"author", "publisher", "name", "email", "href"})


def _is_sane(name: str, value: str) -> bool:
    if name in ("xml:base", "base"):
        return _is_base(value)
    return name not in ("xml:lang", "lang") or len(value) <= LONGEST_LANGUAGE


def _is_base(value: str) -> bool:
    return len(value) <= LONGEST_BASE and value.count("/") <= MOST_SLASHES


def _stripped(pieces: Sequence[str | bytes]) -> Sequence[str | bytes]:
    """Return *pieces* from the first to the last that is not white space. feedparser would remove the others one by
    one. It has a text in place of a list for the value of an attribute.
    """
    filled = [place for place, piece in enumerate(pieces) if piece.strip()]
    return pieces[filled[0] : filled[-1] + 1] if filled else []


def _decoded(piece: str | bytes) -> str:
    return piece.decode("utf-8", "replace") if isinstance(piece, bytes) else piece
