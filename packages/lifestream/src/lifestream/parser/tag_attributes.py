"""A tag of XML with thousands of attributes, of which the first ones are kept.

A parser looks up each name among those that it has seen, and is slower with each that it has to remember: four times
as many attributes in one tag took expat eight times as long.
"""

from __future__ import annotations

import re
from typing import Final

MAX_ATTRIBUTES: Final = 200
"""How many attributes a tag keeps; a feed with as many namespaces is not known."""

_SHORTEST: Final = MAX_ATTRIBUTES * len(' a=""')
"""What so many attributes are long at least, in characters."""

_ATTRIBUTE: Final = r"""\s++[^\s=<>"'/]++\s*+=\s*+(?>"[^"<]*+"|'[^'<]*+')"""
_TOO_MANY: Final = re.compile(rf"(<[^\s<>/!?]++(?:{_ATTRIBUTE}){{{MAX_ATTRIBUTES}}})(?>(?:{_ATTRIBUTE})+)")


def trimmed(text: str) -> str:
    """Return the XML document *text* in which each tag has at most the first `MAX_ATTRIBUTES` of its attributes."""
    pieces = text.split("<")
    if max(map(len, pieces)) > _SHORTEST and any(piece.count("=") > MAX_ATTRIBUTES for piece in pieces):
        return _TOO_MANY.sub(r"\1", text)
    return text
