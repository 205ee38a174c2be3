"""The strict reader: well-formed RSS, RDF and Atom straight to `ParsedFeed`, by expat and ElementTree.

The modules, in the order in which a document passes through them:

1. `document`: a tree of the text, in which flaws are mended that are simple to mend.
2. `feeds`: the root, which says whether it is RSS, RDF or Atom, and the channel; `rdf` rewrites other ways of writing a
   property in RDF.
3. `entries`: each item, from its own children alone: `item/image/title` is not the title of the item.
4. One kind of element each: `constructs` (text), `markup` (elements inside a text), `links`, `guids` (the id of an
   entry, and whether the id is also the entry's link), `files` (enclosures), `pictures` (of a feed or an entry),
   `media` (Media RSS, with declared sizes), `episodes`.

They find elements by `fields` (the children of an element), by the names in `vocabulary`, and within a `scope` of base
and language.

Documents that can't be mended are left to `liberal_reading`. Nothing here recurses, and everything takes time linear in
the document's length.
"""

from __future__ import annotations

from lifestream.parser.strict.document import XmlDocument, read
from lifestream.parser.strict.feeds import read as read_feed

__all__ = ["XmlDocument", "read", "read_feed"]
