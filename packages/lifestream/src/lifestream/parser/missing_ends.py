"""Add the missing end tags of fields: without one in `<title>One<link>…</link>`, the title would contain the rest.

A field that has only text can't contain another field, so it ends where the next one begins, at the latest. If its own
end tag comes later, or is misspelled, that tag ends nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from lifestream.content.html_tokenizer import name_set
from lifestream.parser.wellformed import literals

_TAG = re.compile(rb"<(/?)([A-Za-z][\w:.-]*)(?=[\s/>])[^<>]*>")
_TEXTS: Final = frozenset(
    name.encode()
    for name in name_set(
        "title link guid id pubdate published updated issued modified created comments category description "
        "content:encoded dc:creator dc:date dc:subject dc:title dc:description dc:identifier"
    )
)
"""The fields that contain text alone, if they are not written as XHTML."""
_FIELDS: Final = _TEXTS | {
    name.encode()
    for name in name_set(
        "author enclosure source image language lastbuilddate subtitle managingeditor webmaster generator ttl"
    )
}
_OF_TEXTS: Final = frozenset({b"fb", b"g", b"h", b"html", b"m", b"math", b"o", b"st1", b"svg", b"v", b"w", b"xhtml"})
"""Prefixes of elements that are part of texts, such as those of Word. Elements with other prefixes are fields."""
_ENTRIES: Final = frozenset({b"item", b"entry"})


def end_of_head(document: bytes) -> int:
    """Return where the first element `item` or `entry`, without a prefix, begins in *document*; 0 if none does."""
    return next((found.start() for found in _tags(document) if not found[1] and found[2].lower() in _ENTRIES), 0)


def with_ends(markup: bytes) -> bytes:
    """Return *markup*, the fields of one entry or feed in UTF-8, with an end tag for each field that ends too late.

    End tags of elements that never began, and are no fields, are left out.
    """
    pieces: list[bytes] = []
    position, open_field = 0, b""
    around: Counter[bytes] = Counter()  # the elements that are open around the field
    inside: Counter[bytes] = Counter()  # the elements that are open inside the field
    for found in _tags(markup):
        written, name = found[2], found[2].lower()
        counted = inside if open_field and (inside[written] or not found[1]) else around
        if found[1]:
            if open_field and name == open_field.lower():
                open_field = b""
            elif counted[written] > 0:
                counted[written] -= 1
                if open_field and counted is around:
                    pieces += (markup[position : found.start()], b"</%s>" % open_field)
                    position, open_field = found.start(), b""
            elif not is_field(name):
                pieces.append(markup[position : found.start()])
                position = found.end()
            continue
        if open_field and is_field(name):
            pieces += (markup[position : found.start()], b"</%s>" % open_field)
            position, open_field, counted = found.start(), b"", around
        if found[0].endswith(b"/>"):
            continue
        if not open_field and name in _TEXTS:
            open_field, inside = written, Counter()
        else:
            counted[written] += 1
    end = b"</%s>" % open_field if open_field else b""
    return b"".join([*pieces, markup[position:], end])


def is_field(name: bytes) -> bool:
    """Return whether elements called *name*, in lower case, are fields of entries and feeds."""
    prefix, colon, _ = name.partition(b":")
    return name in _FIELDS or (bool(colon) and prefix not in _OF_TEXTS)


def _tags(markup: bytes) -> Iterator[re.Match[bytes]]:
    """Yield the tags in *markup*, outside of comments and sections."""
    hidden = literals(markup)
    for found in _TAG.finditer(markup):
        while hidden and hidden[0][1] <= found.start():
            hidden.popleft()
        if not hidden or found.start() < hidden[0][0]:
            yield found
