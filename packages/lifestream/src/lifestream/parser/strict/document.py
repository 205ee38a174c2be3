"""Text → the root element of its tree: well-formed XML, and XML that can be mended without losing any of it.

The caller has decoded the document, since expat knows few encodings. Expat gets the document in UTF-8, in one piece or,
if it is large and its texts are long, in a few. ElementTree's parser in C builds the tree, without recursion. Nothing
outside the document is loaded, and only short entities of a document type remain (`preprocessing`), so none of them can
grow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, cast
from xml.etree.ElementTree import Element, ParseError, XMLParser, XMLPullParser, fromstring

from lifestream.content.late_pattern import late
from lifestream.content.plaintext import scrub
from lifestream.entry import Flaw
from lifestream.parser.preprocessing import OVERWRITTEN, harmless, needs_harmless_references, prolog
from lifestream.parser.wellformed import flaw_of, mend


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """A document: its *root*, or None if its flaws can't all be mended, and *flaw*, the first of these flaws.

    The flaw is not `mended` if there is no root, if entries or another feed follow the end of the root (they are left
    out), or if a part of the document is overwritten.

    The tree has no comments and processing instructions: ElementTree's parsers leave them out.
    *source* is the document in UTF-8 as it was given to the parser, mended as far as possible. *netscape* says that the
    document type is Netscape's of RSS 0.91.
    """

    root: Element | None
    flaw: Flaw | None
    source: bytes
    netscape: bool = False


def read(text: str) -> XmlDocument:
    """Return the document in *text*."""
    original = text.encode("utf-8", "replace")
    simple = "<!DOCTYPE" not in text and not needs_harmless_references(text) and scrub(text) is text
    if simple and (root := _root(original)) is not None:
        return XmlDocument(root, None, original)
    flaw = flaw_of(original)
    clean = harmless(text)
    source = original if clean is text else clean.encode("utf-8")
    netscape = prolog(clean).netscape if "<!DOCTYPE" in clean else False
    was_tried = simple and clean is text
    is_whole = OVERWRITTEN not in text
    del text, original, clean  # a large document is in memory as few times as possible
    root = None if was_tried else _root(source)
    if root is None:
        if flaw is None:
            flaw = flaw_of(source)  # an entity that was removed is undefined now
        sources = [source]
        del source
        source, is_all = mend(sources.pop())
        is_whole = is_whole and is_all
        root = _root(source)
    if flaw is not None:
        flaw = replace(flaw, mended=root is not None and is_whole)
    return XmlDocument(root, flaw, source, netscape)


def _root(source: bytes) -> Element | None:
    """Return the root of *source*, or None if it is ill-formed or uses entities that it doesn't declare."""
    # The parser loads nothing from elsewhere, and `preprocessing` leaves no entity that could grow.
    try:
        if len(source) > _LARGE and _has_long_texts(source):
            return _root_in_parts(source)
        return fromstring(source, XMLParser(encoding="utf-8"))  # noqa: S314
    except ParseError as error:
        # The pull parser refers to the error, and the error's traceback to the pull parser: because of this cycle, the
        # unfinished tree would stay in memory.
        error.__traceback__ = None
        return None


_LARGE: Final = 1024 * 1024
_PARTS: Final = 16
_DECLARATION = late(rb"<\?xml\s[^>]*+>")


def _has_long_texts(source: bytes) -> bool:
    """Return whether the texts in *source* consist of many pieces: a line is one, and a reference makes two more.

    The first piece of each text needs no list, and there are at most as many texts as tags.
    """
    pieces = source.count(b"\n") + 2 * source.count(b"&") - source.count(b"<")
    return pieces * _SIZE_OF_PIECE > len(source)


_SIZE_OF_PIECE: Final = 80
"""What a piece takes in addition to its own characters, in bytes: an object, and a place in a list."""


def _root_in_parts(source: bytes) -> Element | None:
    """Return the root of *source*, which is read in `_PARTS` parts.

    ElementTree keeps a text as the list of its lines and references until the text is first accessed. The list takes
    five times as much memory, so each text is accessed as soon as its part has been read. If elements are many and
    small, this doubles the time. The parts are few, since expat reads a long token again with each part.
    """
    declared = _DECLARATION.match(source)  # it names the encoding that the document had before it was decoded
    parser: XMLPullParser[Element] = XMLPullParser(("end",))
    view = memoryview(source)
    size = len(source) // _PARTS + 1
    root: Element | None = None
    for start in range(declared.end() if declared else 0, len(source), size):
        parser.feed(view[start : start + size])
        for event in parser.read_events():
            element = cast("Element", event[1])  # type: ignore[misc]  # ("end", element): no other event was asked for
            _ask_for_text(element)
            root = element  # the element that ends last is the root
    parser.close()
    return root


def _ask_for_text(element: Element) -> None:
    """Read the texts in *element*, so that ElementTree joins their pieces."""
    text = element.text
    for child in element:
        text = child.tail
    del text
