"""The strict reader: well-formed RSS, RDF and Atom straight to `ParsedFeed`, by expat and ElementTree.

`document` makes a tree of the text, and mends flaws that are simple to mend. `feeds` reads the root and the channel,
`entries` each item from its own children alone, never from the children of these. `constructs`, `links`, `media`,
`episodes` and `markup` read one kind of element each, within a `scope` of base and language, by the names in
`vocabulary`.

Documents that can't be mended are left to `liberal_reading`. Nothing here recurses, and everything takes time linear in
the document's length.
"""

from __future__ import annotations

from lifestream.parser.strict.document import Document, read
from lifestream.parser.strict.feeds import CDF
from lifestream.parser.strict.feeds import read as read_feed

__all__ = ["CDF", "Document", "read", "read_feed"]
