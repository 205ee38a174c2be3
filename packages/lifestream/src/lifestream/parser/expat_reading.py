"""Reading a document with expat so that nothing of it stays in memory afterwards."""

from __future__ import annotations

from xml.parsers import expat


def read_to_end(parser: expat.XMLParserType, document: bytes) -> None:
    """Have *parser* call its handlers for all of *document*, then remove the handlers from *parser*.

    Otherwise a handler that refers to its parser would keep both of them, and all that the handler refers to, in memory
    until the next garbage collection: `worker` turns garbage collection off while it reads a document. Raises
    `expat.ExpatError`.
    """
    try:
        parser.Parse(document, True)
    finally:
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
