"""A bound for XML tags with thousands of attributes: only the first ones are kept.

A parser compares each name with those that it has seen, and gets slower with each of them: with four times as many
attributes in one tag, expat took eight times as long.
"""

from __future__ import annotations

import re
from typing import Final

MAX_ATTRIBUTES: Final = 200
"""How many attributes a tag keeps; no known feed has as many namespaces."""

_SHORTEST: Final = MAX_ATTRIBUTES * len(' a=""')
"""The minimum length of so many attributes, in characters."""

_ATTRIBUTE: Final = r"""\s++[^\s=<>"'/]++\s*+=\s*+(?>"[^"<]*+"|'[^'<]*+')"""
_TOO_MANY: Final = re.compile(rf"(<[^\s<>/!?]++(?:{_ATTRIBUTE}){{{MAX_ATTRIBUTES}}})(?>(?:{_ATTRIBUTE})+)")


def trimmed(text: str) -> str:
    """Return the XML document *text* in which each tag has at most the first `MAX_ATTRIBUTES` of its attributes."""
    pieces = text.split("<")
    if max(map(len, pieces)) > _SHORTEST and any(piece.count("=") > MAX_ATTRIBUTES for piece in pieces):
        return _TOO_MANY.sub(r"\1", text)
    return text
