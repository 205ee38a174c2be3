"""A bound for XML tags with thousands of attributes: only the first ones are kept.

A parser compares each name with those that it has seen, and gets slower with each of them: with four times as many
attributes in one tag, expat took eight times as long.
"""

from __future__ import annotations

from typing import Final

from lifestream.content.late_pattern import late

MAX_ATTRIBUTES: Final = 200
"""How many attributes a tag keeps; no known feed has as many namespaces."""

_SHORTEST: Final = MAX_ATTRIBUTES * len(' a=""')
"""The minimum length of MAX_ATTRIBUTES attributes, in characters."""

_ATTRIBUTE: Final = r"""\s++[^\s=<>"'/]++\s*+=\s*+(?>"[^"<]*+"|'[^'<]*+')"""
_FIRST: Final = late(rf"[^\s<>/!?]++(?:{_ATTRIBUTE}){{{MAX_ATTRIBUTES}}}")
_REST: Final = late(rf"(?>(?:{_ATTRIBUTE})*)")


def trimmed(text: str) -> str:
    """Return the XML document *text* in which each tag has at most the first `MAX_ATTRIBUTES` of its attributes."""
    pieces = text.split("<")
    if max(map(len, pieces)) <= _SHORTEST:
        return text
    # No value of an attribute contains a "<", so a tag and the text after it are one piece.
    for number, piece in enumerate(pieces):
        if number and len(piece) > _SHORTEST and piece.count("=") > MAX_ATTRIBUTES and (found := _FIRST.match(piece)):
            pieces[number] = found[0] + piece[_end_of_attributes(piece, found.end()) :]
    return "<".join(pieces)


def _end_of_attributes(piece: str, start: int) -> int:
    """Return where the attributes end that begin at *start* of *piece*.

    A regular expression keeps an entry on its stack for each attribute, and there may be megabytes of attributes. So
    characters are counted first: if there are two double quotes for each `=` before the first `>`, and no single quote,
    that `>` ends the tag.
    """
    end = piece.find(">", start)
    values, quotes = piece.count("=", start, end), piece.count('"', start, end)
    if end >= 0 and quotes == 2 * values and piece.find("'", start, end) < 0:
        return end - piece.endswith("/", start, end)
    found = _REST.match(piece, start)
    return found.end() if found else start
