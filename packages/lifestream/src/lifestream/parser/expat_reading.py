"""Reading a document with expat: what its names contain, and that nothing stays in memory afterwards."""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

SEPARATOR: Final = "\x01"
"""What expat puts between a namespace and a name. No document contains this character: expat refuses a namespace with
the separator in it. Without one, the name `c` in the namespace `ab` would be the same as `bc` in `a`.
"""


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
