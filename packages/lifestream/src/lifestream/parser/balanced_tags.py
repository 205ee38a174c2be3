"""Markup whose tags don't match → the same markup with tags that do, as browsers would read it.

The strict reader then reads what is left of a damaged entry by the same rules as any other. An end tag that ends
nothing is left out, and an element ends with the one around it, at the latest. An entry ends where the next one begins,
and a field that has no end tag ends where the next field begins. Attributes are quoted and given once. A `<` that
begins no tag is text, and so is the start tag of an element that is neither one of HTML nor one of feeds, and that
never ends. Comments and processing instructions are left out. Before the first start tag, nothing is changed. Wrong
references and prefixes are left to `wellformed.mend`; apart from them, the result is well-formed from the first start
tag on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from lifestream.content.html_tokenizer import name_set
from lifestream.parser.missing_ends import is_field
from lifestream.parser.tag_attributes import LONGEST_NAMESPACE, short_namespace
from lifestream.parser.text_constructs import ELEMENTS
from lifestream.parser.wellformed import literals

_TAG = re.compile(
    rb"""<(?:(/)\s*+)?([A-Za-z_][\w.-]*+(?>(?::[A-Za-z_][\w.-]*+)?))(?=[\s/>"'])"""
    rb"""((?>(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*)>|[^<>]*+>)"""
)
_ATTRIBUTE = re.compile(
    rb"""([A-Za-z_][\w.-]*+(?>(?::[A-Za-z_][\w.-]*+)?))(?:\s*+=\s*+("[^"<]*+"|'[^'<]*+'|[^\s"'<>]++))?"""
)
_START = re.compile(rb"<[A-Za-z_]")
_ENDS_WITH_ADDRESS = re.compile(rb"""=\s*+https?://[^\s"'<>=]++>\Z""")
_VOID: Final = frozenset(name.encode() for name in name_set("area base br col embed hr img input meta param track wbr"))
"""The void elements of HTML, except for `link` and `source`, which have text in feeds."""
_HTML: Final = frozenset(name.encode() for name in ELEMENTS)
_KNOWN: Final = _HTML | frozenset(
    name.encode()
    for name in name_set("rss rdf channel feed item items entry name email uri url content logo icon rights copyright")
)
_ENTRIES: Final = frozenset({b"item", b"entry"})
_AROUND: Final = frozenset({b"rss", b"rdf", b"channel", b"feed", b"items"})
"""The elements around entries, without their prefixes."""
_STRUCTURE: Final = _AROUND | _ENTRIES
_MARKUP_FIELDS: Final = frozenset({b"content", b"summary"})
"""Fields that `missing_ends` does not count, since their text may be markup that is not escaped."""


def balanced(markup: bytes) -> bytes:
    """Return *markup*, in UTF-8, with tags that match. Takes time linear in its length."""
    tags = _Tags(markup)
    return tags.written() + tags.end(frozenset())


def balanced_head(head: bytes) -> bytes:
    """Return *head*, the part of a document before its first entry, with tags that match. The elements around entries
    stay open.
    """
    tags = _Tags(head)
    return tags.written() + tags.end(_AROUND)


class _Tags:
    """The tags of *markup* in order, and the names of the elements that are open, as written."""

    def __init__(self, markup: bytes) -> None:
        self._markup = markup
        self._ended = {found[2].lower() for found in _TAG.finditer(markup) if found[1]}  # names that have an end tag
        self._open: list[bytes] = []
        self._counted: Counter[bytes] = Counter()  # how often each name is open, in lower case
        self._fields = 0  # how many of the open elements are fields
        self._names: dict[bytes, bytes] = {}  # each name once, so that equal names share their memory
        self._out = bytearray()

    def written(self) -> bytes:
        """Return all of the markup with tags that match. Elements may still be open at its end: see `end`."""
        first = _START.search(self._markup)
        start = first.start() if first else 0
        self._out += self._markup[:start]
        for piece, found in _pieces(self._markup[start:]):
            self._out += piece
            if found is not None:
                self._add(found)
        return bytes(self._out)

    def end(self, around: frozenset[bytes]) -> bytes:
        """Return the end tags of the elements inside the innermost open one of *around*; of all if there is none."""
        self._out.clear()
        while self._open and _local(self._open[-1].lower()) not in around:
            self._close()
        return bytes(self._out)

    def _close(self) -> bytes:
        """End the innermost element. Return its name in lower case."""
        written = self._open.pop()
        name = written.lower()
        self._counted[name] -= 1
        self._fields -= _is_field(name)
        self._out += b"</%s>" % written
        return name

    def _add(self, found: re.Match[bytes]) -> None:
        written, name = found[2], found[2].lower()
        is_empty = found[3].endswith(b"/>")
        if is_empty and _local(name) in _AROUND and _ENDS_WITH_ADDRESS.search(found[3]):
            is_empty = False  # the slash belongs to an address without quotes: `<rss xmlns:a=http://a.example/>`
        if found[1]:
            while self._counted[name] and self._close() != name:
                pass
        elif not (is_empty or name in self._ended or name in _KNOWN or is_field(name)):
            self._out += _escaped(found[0])
        elif _local(name) in _AROUND and self._counted[name]:
            return  # a part of the head has come twice
        else:
            if _local(name) in _ENTRIES and not is_empty:
                while self._counted[name]:
                    self._close()
            elif _is_field(name):
                self._end_fields_without_end_tag()
            attributes = _attributes(found[3][:-2] if is_empty else found[3][:-1])
            is_empty = is_empty or (name in _VOID and name not in self._ended)
            self._out += b"<%s%s%s>" % (written, attributes, b"/" if is_empty else b"")
            if not is_empty:
                self._open.append(self._names.setdefault(written, written))
                self._counted[name] += 1
                self._fields += _is_field(name)

    def _end_fields_without_end_tag(self) -> None:
        """End the elements that can't contain the field that begins: fields without an end tag (`<enclosure url="…">`),
        and elements of HTML that are in no field.
        """
        while self._open:
            name = self._open[-1].lower()
            never_ends = _is_field(name) and name not in self._ended
            if not never_ends and (self._fields or name not in _HTML):
                return
            self._close()


def _pieces(markup: bytes) -> Iterator[tuple[bytes, re.Match[bytes] | None]]:
    """Yield *markup* in pieces, each with the tag that follows it, or None. A `<` that begins no tag is escaped."""
    position = 0
    for start, end in literals(markup):
        yield from _texts(markup[position:start])
        if markup.startswith(b"<![CDATA[", start):
            yield markup[start:end], None
        position = end
    yield from _texts(markup[position:])


def _texts(markup: bytes) -> Iterator[tuple[bytes, re.Match[bytes] | None]]:
    position = 0
    for found in _TAG.finditer(markup):
        yield _escaped(markup[position : found.start()]), found
        position = found.end()
    yield _escaped(markup[position:]), None


def _escaped(text: bytes) -> bytes:
    # Each ">" is escaped too: what is left out between two texts may join them to a `]]>`, which XML does not allow.
    return text.replace(b"<", b"&lt;").replace(b">", b"&gt;")


def _attributes(written: bytes) -> bytes:
    found: dict[bytes, bytes] = {}
    for each in _ATTRIBUTE.finditer(written):
        value = each[2] or b'""'
        if value[:1] not in b"\"'":
            value = b'"%s"' % value
        size = len(value) - len(b'""')
        if not size and each[1].startswith(b"xmlns:"):
            continue  # no prefix can stand for no namespace
        if size > LONGEST_NAMESPACE and each[1].partition(b":")[0] == b"xmlns":
            value = b'"%s"' % short_namespace(value[1:-1].decode("utf-8", "replace")).encode()
        found.setdefault(each[1], value)
    return b"".join(b" %s=%s" % item for item in found.items())


def _local(name: bytes) -> bytes:
    return name.rpartition(b":")[2]


def _is_field(name: bytes) -> bool:
    """Return whether elements called *name* are fields of entries and feeds. Unlike `is_field`, count fields of markup,
    and do not count the elements around fields, such as `atom:entry`.
    """
    return name in _MARKUP_FIELDS or (is_field(name) and _local(name) not in _STRUCTURE)
