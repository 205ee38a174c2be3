"""Short names of the elements of feeds: `title` of RSS, `atom:title`, `dc:creator`, whichever prefixes a document uses.

Namespaces decide. A namespace is recognised in any case, with and without the slash at its end. A namespace that is in
no table here keeps its own name, so no element in it is taken for something else.
"""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

ATOM: Final = "http://www.w3.org/2005/Atom"
ATOM_03: Final = "http://purl.org/atom/ns#"
RSS_10: Final = "http://purl.org/rss/1.0/"
RSS_090: Final = "http://my.netscape.com/rdf/simple/0.9/"
XHTML: Final = "http://www.w3.org/1999/xhtml"
XML: Final = "{http://www.w3.org/XML/1998/namespace}"
BASE: Final = f"{XML}base"
LANG: Final = f"{XML}lang"
RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"

_CORE: Final = (
    RSS_10,
    RSS_090,
    "http://channel.netscape.com/rdf/simple/0.9/",
    "http://my.netscape.com/publish/formats/rss-0.9.dtd",
    "http://my.netscape.com/publish/formats/rss-0.91.dtd",
    "http://backend.userland.com/rss",
    "http://backend.userland.com/rss2",
    "http://backend.userland.com/rss091",
    "http://backend.userland.com/rss092",
    "http://blogs.law.harvard.edu/tech/rss",
    "http://cyber.law.harvard.edu/rss/rss.html",
    "http://purl.org/net/rss1.1#",
    "http://purl.org/rss/1.0/modules/rss091#",
    "http://www.rssboard.org/rss-specification",
)
_MODULES: Final = {
    ATOM: "atom",
    ATOM_03: "atom",
    "http://purl.org/pie/": "atom",
    "http://purl.org/echo/": "atom",
    "http://example.com/newformat#": "atom",
    "http://example.com/necho": "atom",
    "uri/of/echo/namespace#": "atom",
    "http://webns.net/mvcb/": "admin",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/elements/1.0/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://example.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss": "media",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://webfeeds.org/rss/1.0": "webfeeds",
    XHTML: "xhtml",
}
PREFIXES: Final = {
    **{namespace.lower().rstrip("/"): "" for namespace in ("", *_CORE)},
    **{namespace.lower().rstrip("/"): f"{prefix}:" for namespace, prefix in _MODULES.items()},
}
"""The beginnings of short names by their namespaces, which are in lower case and without a slash at the end."""


class Names(dict[str, str]):
    """The short name of each tag in a document, looked up once. *core* is the prefix of names without a namespace."""

    def __init__(self, core: str = "") -> None:
        super().__init__()
        self._core = core

    def __missing__(self, tag: object) -> str:
        if not isinstance(tag, str):  # a comment or a processing instruction
            return "?"
        namespace, _, local = tag.removeprefix("{").rpartition("}")
        prefix = PREFIXES.get(namespace.lower().rstrip("/")) if namespace else self._core
        name = f"{{{namespace}}}{local}" if prefix is None else prefix + local.lower()
        self[tag] = name
        return name


def namespace_of(element: Element) -> str:
    """Return the namespace of *element*, "" if it has none."""
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""
