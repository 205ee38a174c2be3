"""Text → the root of its elements: well-formed XML, and what can be mended without losing any of it.

The document is decoded before, since expat knows few encodings, and is given to expat in UTF-8, in one piece. It is
read by ElementTree's parser in C, which builds the tree without recursion. Nothing outside the document is loaded, and
of a document type only short entities remain (`preprocessing`), so none of them can grow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, ParseError, XMLParser

from lifestream.content.plaintext import scrub
from lifestream.entry import Flaw
from lifestream.parser.preprocessing import harmless, needs_harmless_references, prolog
from lifestream.parser.wellformed import flaw_of, mend


@dataclass(frozen=True, slots=True)
class Document:
    """The *root* of a document, None if there is more wrong with it than can be mended; *flaw* says what.

    *source* is what was read or could not be, in UTF-8, as mended as it can be.
    """

    root: Element | None
    flaw: Flaw | None
    source: bytes
    netscape: bool = False


def read(text: str) -> Document:
    """Return the document that *text* is."""
    original = text.encode("utf-8", "replace")
    simple = "<!DOCTYPE" not in text and not needs_harmless_references(text) and scrub(text) is text
    if simple and (root := _root(original)) is not None:
        return Document(root, None, original)
    flaw = flaw_of(original)
    clean = harmless(text)
    source = clean.encode("utf-8")
    netscape = prolog(clean).netscape if "<!DOCTYPE" in clean else False
    root = _root(source)
    if root is None:
        if flaw is None:
            flaw = flaw_of(source)  # an entity that was taken out is undefined
        source = mend(source)
        root = _root(source)
    if flaw is not None:
        flaw = replace(flaw, mended=root is not None)
    return Document(root, flaw, source, netscape)


def _root(source: bytes) -> Element | None:
    """Return the root of *source*, None if it is ill-formed or has entities that it doesn't declare."""
    # It loads nothing from elsewhere, and `preprocessing` leaves no entity that could grow.
    parser = XMLParser(encoding="utf-8")  # noqa: S314
    try:
        parser.feed(source)
        root: Element = parser.close()
    except ParseError:
        return None
    return root
