"""Bounds for the attributes of XML tags: a tag keeps its first attributes, and a long namespace becomes a short one.

A parser compares each name with those that it has seen, and gets slower with each of them: with four times as many
attributes in one tag, expat took eight times as long. It also puts the namespace of an element before its name, each
time that the element occurs.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from lifestream.content.late_pattern import late

MAX_ATTRIBUTES: Final = 200
"""How many attributes a tag keeps; no known feed has as many namespaces."""

LONGEST_NAMESPACE: Final = 1000
"""How many characters a namespace may have. A longer one is no known one; its hash stands for it."""

_LONGEST_ENTITY: Final = 40
"""How many characters a reference in a namespace may stand for: see `preprocessing.MAX_ENTITY`."""

_ATTRIBUTE: Final = r"""\s++[^\s=<>"'/]++\s*+=\s*+(?>"[^"<]*+"|'[^'<]*+')"""
_FIRST: Final = late(rf"[^\s<>/!?]++(?:{_ATTRIBUTE}){{{MAX_ATTRIBUTES}}}")
_REST: Final = late(rf"(?>(?:{_ATTRIBUTE})*)")


_QUOTED_OR_END: Final = late(r""""[^"<]*+"|'[^'<]*+'|>""")
_VALUE: Final = late(r"""(?<![^\s<>"'=/])([^\s<>"'=/]++)(\s*+=\s*+)(?>"([^"<]*+)"|'([^'<]*+)')""")


def trimmed(text: str) -> str:
    """Return the XML document *text* in which each tag has at most the first `MAX_ATTRIBUTES` of its attributes, and no
    namespace has more than `LONGEST_NAMESPACE` characters.
    """
    pieces = text.split("<")
    has_entities = "<!ENTITY" in text
    if max(map(len, pieces)) <= LONGEST_NAMESPACE and not has_entities:
        return text
    # No value of an attribute contains a "<", so a tag and the text after it are one piece.
    for number, piece in enumerate(pieces):
        if number and (len(piece) > LONGEST_NAMESPACE or (has_entities and "&" in piece)):
            pieces[number] = _with_short_namespaces(_with_first_attributes(piece))
    return "<".join(pieces)


def _with_first_attributes(piece: str) -> str:
    if piece.count("=") > MAX_ATTRIBUTES and (found := _FIRST.match(piece)):
        return found[0] + piece[_end_of_attributes(piece, found.end()) :]
    return piece


def _with_short_namespaces(piece: str) -> str:
    if "xmlns" not in piece or piece.startswith(("!", "?", "/")):
        return piece
    # Each value is a match of its own: a single match for the whole tag would use more stack with each value.
    end = next((found.start() for found in _QUOTED_OR_END.finditer(piece) if found[0] == ">"), len(piece))
    return _VALUE.sub(_with_short_namespace, piece[:end]) + piece[end:]


def _with_short_namespace(found: re.Match[str]) -> str:
    name, value = found[1], found[3] or found[4] or ""
    return f'{name}{found[2]}"{short_namespace(value)}"' if is_long_namespace(name, value) else found[0]


def is_long_namespace(name: str, value: str) -> bool:
    """Return whether the attribute *name* with this *value* declares a namespace that may be too long."""
    return len(value) + _LONGEST_ENTITY * value.count("&") > LONGEST_NAMESPACE and name.partition(":")[0] == "xmlns"


def short_namespace(value: str) -> str:
    """Return the namespace that stands for a long one."""
    return f"urn:long-namespace:{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()}"


def _end_of_attributes(piece: str, start: int) -> int:
    """Return where the attributes end that begin at *start* of *piece*.

    A regular expression keeps an entry on its stack for each attribute, and there may be megabytes of attributes. So
    characters are counted first: if there are two double quotes for each `=` before the first `>`, and no single quote,
    that `>` ends the tag.
    """
    attributes, end, _ = piece[start:].partition(">")
    if end and attributes.count('"') == 2 * attributes.count("=") and "'" not in attributes:
        return start + len(attributes) - attributes.endswith("/")
    found = _REST.match(piece, start)
    return found.end() if found else start
