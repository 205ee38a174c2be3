"""The strict reader: well-formed RSS, RDF and Atom straight to `ParsedFeed`, by expat and ElementTree.

`document` makes a tree of the text, and mends what is cheap to mend. `feeds` reads the root and the channel, `entries`
each item, from its own children alone: a child's element never speaks for its parent. `constructs`, `links`, `media`
and `markup` read one kind of element each, in a `scope` of base and language, by the names of the `vocabulary`.

What can't be mended is left to `liberal`. Nothing here recurses, and all of it is linear in the document's length.
"""

from __future__ import annotations

from lifestream.parser.strict.document import Document, read
from lifestream.parser.strict.feeds import CDF
from lifestream.parser.strict.feeds import read as read_feed

__all__ = ["CDF", "Document", "read", "read_feed"]
