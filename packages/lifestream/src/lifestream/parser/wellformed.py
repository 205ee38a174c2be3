"""Well-formedness of XML: where a document stops being well-formed, and mending it.

Flaws are mended if they have only one possible meaning (reading.md, rule 8): an entity of HTML (`&nbsp;`), an ampersand
that begins no reference, a `]]>` that ends no section, a prefix that no `xmlns` declares, what a program printed before
the document or after the end of its root element, and a declaration that is ill-formed. All of it takes time linear in
the length of the document.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from html.entities import html5
from typing import Final
from xml.dom import XML_NAMESPACE, XMLNS_NAMESPACE
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from lifestream.content.late_pattern import late
from lifestream.entry import Flaw
from lifestream.parser.expat_reading import SEPARATOR, read_to_end
from lifestream.parser.preprocessing import ITUNES, MEDIA
from lifestream.parser.tag_attributes import LONGEST_NAMESPACE

_MAX_PREFIXES: Final = 100
_NAMESPACES: Final = {
    "atom": "http://www.w3.org/2005/Atom",
    "cc": "http://web.resource.org/cc/",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "georss": "http://www.georss.org/georss",
    "gml": "http://www.opengis.net/gml",
    "itunes": ITUNES,
    "media": MEDIA[0],
    "podcast": "https://podcastindex.org/namespace/1.0",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "webfeeds": "http://webfeeds.org/rss/1.0",
    "wfw": "http://wellformedweb.org/CommentAPI/",
}
"""The namespaces of the usual prefixes of feeds, for documents that don't declare them."""


def flaw_of(document: bytes) -> Flaw | None:
    """Return where *document*, in UTF-8, stops being well-formed and namespace-well-formed, or None if it is both."""
    try:
        _parser(document).Parse(document, True)
    except expat.ExpatError as error:
        return Flaw(expat.ErrorString(error.code), error.lineno, error.offset + 1)
    return None


def mend(document: bytes) -> tuple[bytes, bool]:
    """Return *document*, which is ill-formed and in UTF-8, mended as far as possible, and whether nothing of its feed
    was left out. It may still be ill-formed.

    Whatever follows the end of the root element is left out. If entries or another feed are in it, the root has ended
    too early, or two documents were sent as one.
    """
    texts = [_from_its_root(_from_its_start(document.decode("utf-8", "replace")))]
    del document  # a large one is in memory as few times as possible
    mended = _with_prefixes(_with_references(texts.pop())).encode("utf-8")
    if flaw_of(mended) is None:
        return mended, True
    end = _end_of_root(mended)
    return mended[:end], not _has_entries(mended[end:])


_ENTRY_OR_FEED: Final = re.compile(rb"<(?:\w{1,20}:)?(?:item|entry|rss|rdf|feed)(?=[\s/>])", re.IGNORECASE)


def _has_entries(rest: bytes) -> bool:
    """Return whether an entry or a feed begins in *rest*, outside of comments and sections."""
    hidden = literals(rest)
    for found in _ENTRY_OR_FEED.finditer(rest):
        while hidden and hidden[0][1] <= found.start():
            hidden.popleft()
        if not hidden or found.start() < hidden[0][0]:
            return True
    return False


def _end_of_root(document: bytes) -> int:
    """Return where the root element of *document* ends, or the length of *document* if the root never ends."""
    parser = _parser(document, None)  # names as written, which `end_of_element` needs
    depth, end = 0, len(document)

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1

    def close(name: str) -> None:
        nonlocal depth, end
        depth -= 1
        if not depth:
            end = end_of_element(document, parser.CurrentByteIndex, name)

    parser.StartElementHandler, parser.EndElementHandler = start, close
    with suppress(expat.ExpatError):
        read_to_end(parser, document)
    return end


def end_of_element(document: bytes, position: int, name: str) -> int:
    """Return where the element *name* ends. *position* is where expat has reported its end: at the beginning of its end
    tag, or at the end of an empty tag (`<rss/>`).
    """
    has_end_tag = document.startswith(f"</{name}".encode(), position)
    return document.index(b">", position) + 1 if has_end_tag else position


_START = late(r"<\?xml\s|<(?:rss|rdf:RDF|(?:\w{1,20}:)?feed)[\s>]", re.IGNORECASE)
_OTHER_START = late(r"<(?:html|head|body|!doctype)\b", re.IGNORECASE)
_LONGEST_OUTPUT: Final = 64 * 1024


def _from_its_start(text: str) -> str:
    """Return *text* from the declaration or the root of a feed on. Programs print warnings before it."""
    found = _START.search(text[:_LONGEST_OUTPUT])
    if found is None or _OTHER_START.search(text[: found.start()]):
        return text
    return text[found.start() :]


_ROOT_OR_COMMENT = late(r"<(?:!doctype\s+)?(?:rss|rdf:RDF|(?:\w{1,20}:)?feed)[\s>]|<!--", re.IGNORECASE)


def _from_its_root(text: str) -> str:
    """Return *text* from the document type or the root of a feed on.

    A declaration that is ill-formed or given twice, and a comment before the root, are no longer needed: the text is
    decoded already.
    """
    found = _ROOT_OR_COMMENT.search(text, endpos=_LONGEST_OUTPUT)
    while found and found[0] == "<!--":
        end = text.find("-->", found.end())
        found = _ROOT_OR_COMMENT.search(text, end, _LONGEST_OUTPUT) if end != -1 else None
    if found is None:
        return text
    return text if _OTHER_START.search(text[: found.start()]) else text[found.start() :]


def _parser(document: bytes, separator: str | None = SEPARATOR) -> expat.XMLParserType:
    """Return a parser for *document*. If *separator* is None, it knows no namespaces."""
    parser = expat.ParserCreate("utf-8", separator)
    if b"<!ENTITY" in document:
        # With a default handler expat expands no entity, however much it would grow.
        parser.DefaultHandler = _ignore
    return parser


def _ignore(_text: str) -> None:
    pass


_LITERAL_START: Final = re.compile(rb"<!\[CDATA\[|<!--|<\?")
_NEXT_ENTRY: Final = re.compile(rb"</(?:\w{1,20}:)?(item|entry)\s*+>\s*+<(?:\w{1,20}:)?\1[\s>]", re.IGNORECASE)
_LITERAL_END: Final = {b"<![CDATA[": b"]]>", b"<!--": b"-->", b"<?": b"?>"}


def literals(document: bytes) -> deque[tuple[int, int]]:
    """Return the sections of *document* in which references and tags mean nothing, in order: the beginnings and ends of
    CDATA sections, comments and processing instructions.

    Two kinds of sections are left out: those that never end, and those whose end was forgotten. In the latter, another
    entry begins, and after it another section of the same kind.
    """
    found: deque[tuple[int, int]] = deque()
    ends: dict[bytes, int] = {}  # where the next section of each kind ends, len(document) if none does
    position = 0
    while start := _LITERAL_START.search(document, position):
        kind, position = start[0], start.end()
        first = position - (kind == b"<?")  # `<?>` is a whole processing instruction, though ill-formed
        if kind not in ends or ends[kind] < first:
            end = document.find(_LITERAL_END[kind], first)
            ends[kind] = len(document) if end == -1 else end
        if (end := ends[kind]) == len(document):
            continue
        # In `<?>`, no other section is found: its `?>` begins before *position*, so the range is empty.
        inner = document.find(kind, position, end + 1)
        # If there is no other section, *inner* is -1, and this search finds nothing.
        if _NEXT_ENTRY.search(document, position, inner):
            continue
        position = end + len(_LITERAL_END[kind])
        found.append((start.start(), position))
    return found


_END_TAG: Final = re.compile(rb"</([^\s<>]++)\s*+>")


def is_cut_off(document: bytes, names: Iterable[str]) -> bool:
    """Return whether *document* ends too early: it has no end tag of any of *names*."""
    wanted = {name.encode("utf-8") for name in names}
    return not any(found[1] in wanted for found in _END_TAG.finditer(document))


def _markup(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of *text*, each with True if references and tags have a meaning in it."""
    document = text.encode("utf-8")
    del text
    position = 0
    for start, end in literals(document):
        yield document[position:start].decode("utf-8"), True
        yield document[start:end].decode("utf-8"), False
        position = end
    yield document[position:].decode("utf-8"), True


# An ampersand, unless it begins a reference that is always right, as nearly all do.
_AMPERSAND = late(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)(#?[\w.-]*)(;?)")
_DECLARED_ENTITY = late(r"<!ENTITY\s+([\w.-]+)\s")


def _with_references(text: str) -> str:
    declared = frozenset(_DECLARED_ENTITY.findall(text))

    def resolved(found: re.Match[str]) -> str:
        name, semicolon = found[1], found[2]
        if semicolon and name in declared:
            return found[0]
        characters = html5.get(name + ";", "") if semicolon else ""
        return "".join(f"&#{ord(character)};" for character in characters) or f"&amp;{name}{semicolon}"

    mended: list[str] = []
    pieces = _markup(text)
    del text
    for piece, is_markup in pieces:
        if is_markup:
            mended += (_AMPERSAND.sub(resolved, part) for part in _parts(piece.replace("]]>", "]]&gt;")))
        else:
            mended.append(piece)
    return "".join(mended)


def _parts(text: str) -> Iterator[str]:
    """Yield *text* in parts, none of which ends inside a reference. Until `re.sub` returns, it keeps each piece between
    two matches as a string of its own, which for all of *text* may take twenty times as much memory as *text*.
    """
    position = 0
    while len(text) - position > _PART:
        end = text.rfind("&", position, position + _PART)
        end = end if end > position else position + _PART
        yield text[position:end]
        position = end
    yield text[position:]


_PART: Final = 64 * 1024


_USED_PREFIX = late(r"<([A-Za-z_][\w.-]*):|\s([A-Za-z_][\w.-]*):[\w.-]+\s*=", re.ASCII)
_DECLARED_PREFIX = late(r"\sxmlns:([\w.-]+)\s*=")
_DECLARING_TAG = late(r"<[A-Za-z_][^<>]*?\sxmlns:[^<>]*")
_RESERVED: Final = frozenset({XML_NAMESPACE, XMLNS_NAMESPACE})
_DECLARED_NAMESPACE = late(
    rf"""\sxmlns:([\w.-]+)\s*=\s*("[^"<&\s]{{1,{LONGEST_NAMESPACE}}}"|'[^'<&\s]{{1,{LONGEST_NAMESPACE}}}')"""
)


def _with_prefixes(text: str) -> str:
    """Return *text* with those prefixes declared at its root that are used in it and are not declared at the root.

    An entry may have lost a declaration that other entries have; the prefix means the same in all of them. What an
    entry declares itself takes precedence over the root.
    """
    markup = (piece for piece, is_markup in _markup(text) if is_markup)
    used = {found[1] or found[2] for piece in markup for found in _USED_PREFIX.finditer(piece)} - {"xml", "xmlns"}
    place = _after_root_name(text) if used else None
    if place is None:
        return text
    root = text[place : text.find("<", place)]
    unbound = used - set(_DECLARED_PREFIX.findall(root))
    declared = _declared_namespaces(text) if unbound else {}
    # Those that are declared nowhere come first: the others may be declared wherever they are used.
    chosen = sorted(unbound, key=lambda prefix: (prefix in declared, prefix))[:_MAX_PREFIXES]
    declarations = "".join(
        f" xmlns:{prefix}={declared.get(prefix) or quoteattr(_NAMESPACES.get(prefix, f'urn:undeclared:{prefix}'))}"
        for prefix in chosen
    )
    return f"{text[:place]}{declarations}{text[place:]}"


def _declared_namespaces(text: str) -> dict[str, str]:
    """Return the namespaces of the prefixes that tags in *text* declare, in the quotes in which they are written: the
    one that is declared most often, or first. Left out are long ones (see `tag_attributes.LONGEST_NAMESPACE`) and the
    reserved ones: at the root, they would make all entries ill-formed.
    """
    markup = (piece for piece, is_markup in _markup(text) if is_markup)
    tags = (tag[0] for piece in markup for tag in _DECLARING_TAG.finditer(piece))
    found = Counter(each.groups() for tag in tags for each in _DECLARED_NAMESPACE.finditer(tag))
    most_often_last = reversed(found.most_common())
    return {prefix: namespace for (prefix, namespace), _ in most_often_last if namespace[1:-1] not in _RESERVED}


class _Found(Exception):
    pass


def _after_root_name(text: str) -> int | None:
    """Return where the name of the root element ends in *text*, or None if there is no root."""
    document = text.encode("utf-8")
    parser = expat.ParserCreate("utf-8")
    end: int | None = None

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal end
        before = document[: parser.CurrentByteIndex].decode("utf-8")
        end = len(before) + 1 + len(name)
        raise _Found

    parser.StartElementHandler = start
    with suppress(_Found, expat.ExpatError):
        read_to_end(parser, document)
    return end
