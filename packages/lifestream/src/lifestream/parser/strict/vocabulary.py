"""Short names of the elements of feeds: `title` of RSS, `atom:title`, `dc:creator`, whichever prefixes a document uses.

Namespaces decide. A namespace is recognised in any case, with http or https, with or without "www." at its beginning
and "/" or "#" at its end: publishers write all of these. A namespace that is in no table here keeps its own name, so no
element in it is taken for something else. There are two exceptions. An unknown namespace that the root element is in
has the names of the feed's own format. And an unknown namespace whose prefix is the usual one of a vocabulary (`media`,
`itunes`) is taken for a misspelled namespace of that vocabulary, unless the document also has the right one.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final
from xml.etree.ElementTree import Element

from lifestream.content.html_tokenizer import name_set, unescape
from lifestream.content.late_pattern import late

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
    "http://web.resource.org/rss/1.0/",
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
    "http://web.resource.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/elements/1.0/": "dc",
    "http://dublincore.org/documents/dcmi-namespace/": "dc",
    "http://purl.org/metadata/dublin_core#": "dc",
    "http://web.resource.org/rss/1.0/modules/dc/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://dublincore.org/documents/dcmi-terms/": "dcterms",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://www.google.com/schemas/play-podcasts/1.0": "googleplay",
    "http://www.google.com/schemas/play-podcasts/1.0/play-podcasts.xsd": "googleplay",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://example.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss": "media",
    "http://video.search.yahoo.com/mrss": "media",
    "http://www.rssboard.org/media-rss": "media",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "http://prismstandard.org/namespaces/1.2/basic/": "prism",
    "http://prismstandard.org/namespaces/basic/2.0/": "prism",
    "http://prismstandard.org/namespaces/basic/2.1/": "prism",
    "http://prismstandard.org/namespaces/basic/3.0/": "prism",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://web.resource.org/rss/1.0/modules/syndication/": "sy",
    "http://turbo.yandex.ru": "turbo",
    "http://webfeeds.org/rss/1.0": "webfeeds",
    XHTML: "xhtml",
    "http://news.yandex.ru": "yandex",
}
_VARIANT = re.compile(r"\A(?:https?://)?(?:www\.)?")


def _key(namespace: str) -> str:
    """Return *namespace* in the form in which all ways of writing it are equal."""
    return _VARIANT.sub("", namespace.strip().lower()).rstrip("/#")


_PREFIXES: Final = {
    **{_key(namespace): "" for namespace in _CORE},
    **{_key(namespace): f"{prefix}:" for namespace, prefix in _MODULES.items()},
}


def prefix_of(namespace: str) -> str | None:
    """Return what the short names of elements in *namespace* begin with, or None for a namespace that isn't known."""
    return _PREFIXES.get(_key(namespace))


MOST_NAMES: Final = 10_000
"""How many names of a document are remembered."""


class Names(dict[str, str]):
    """The short name of each tag in a document; the first MOST_NAMES are remembered.

    *core* is the prefix of names without a namespace or in the root's namespace, which is *own*. *source* is the
    document, in UTF-8.
    """

    def __init__(self, core: str = "", own: str = "", source: bytes = b"") -> None:
        super().__init__()
        self._core, self._own, self._source = core, own, source
        self._miswritten: dict[str, str] | None = None

    def __missing__(self, tag: str) -> str:
        namespace, _, local = tag.removeprefix("{").rpartition("}")
        prefix = self._core if namespace in ("", self._own) else prefix_of(namespace)
        if prefix is None:
            prefix = self._by_prefix(namespace)
        if prefix == "atom:" and local.lower() not in _ATOM_ELEMENTS:
            prefix = ""
        elif prefix == "dcterms:" and local.lower() in _DUBLIN_CORE:
            prefix = "dc:"
        name = f"{{{namespace}}}{local}" if prefix is None else prefix + local.lower()
        if len(self) < MOST_NAMES:
            self[tag] = name
        return name

    def _by_prefix(self, namespace: str) -> str | None:
        if self._miswritten is None:
            self._miswritten = _miswritten(self._source)
        return self._miswritten.get(namespace)


def _miswritten(source: bytes) -> dict[str, str]:
    """Return the unknown namespaces in *source* whose prefix is the usual one of a vocabulary, each with the beginning
    of its short names. Vocabularies whose right namespace is in the document are left out.
    """
    declared = {
        unescape((double or single).decode("utf-8", "replace")): prefix.decode("utf-8", "replace")
        for prefix, double, single in islice(_DECLARED.findall(source), _MOST_DECLARED)
    }
    present = {prefix_of(namespace) for namespace in declared}
    return {
        namespace: f"{prefix}:"
        for namespace, prefix in declared.items()
        if prefix_of(namespace) is None and prefix in _USUAL and f"{prefix}:" not in present
    }


_DECLARED = late(rb"""xmlns:([\w.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_MOST_DECLARED: Final = 1000
_USUAL: Final = frozenset(_MODULES.values())

_ATOM_ELEMENTS: Final = name_set(
    "author category content contributor copyright created email entry feed generator icon id info issued link logo "
    "modified name published rights source subtitle summary tagline title updated uri url"
)
"""The elements of Atom 1.0 and 0.3. Others in its namespace (`enclosure`, `pubDate`) mean what they mean in RSS."""


_DUBLIN_CORE: Final = name_set("creator date description identifier language subject title")
"""Elements of Dublin Core that its terms have, too, with the same meaning (DCMI Metadata Terms, section 3)."""


def is_same(namespace: str, written: str) -> bool:
    """Return whether *written* is a way of writing *namespace*."""
    return namespace == written or _key(namespace) == _key(written)


def namespace_of(element: Element) -> str:
    """Return the namespace of *element*, "" if it has none."""
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""
