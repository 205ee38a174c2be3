"""The beginning of clean HTML, cut so that it is well-formed HTML itself.

The cut is where the tokenizer of the HTML standard (13.2.5) is between two tokens: before a tag, or after a character
or a whole character reference of a text. Elements open at the cut are closed, the innermost first. So a browser builds
the same tree from the result as from the whole, without what follows the cut.
"""

from __future__ import annotations

from typing import Final

from lifestream.content.late_pattern import late
from lifestream.content.open_elements import VOID

# nh3 writes names in lower case, and values in double quotes with each double quote in them escaped.
_TAG: Final = late(r"<(/?)([a-z][^\s/<>\"]*+)(?>(?>[^<>\"]++|\"[^\"]*+\")*)>")
_LONGEST_REFERENCE: Final = len("&nbsp;")
"""nh3 writes five references: for `&`, `<`, `>`, the double quote and the no-break space."""


def truncated(clean: str, length: int) -> str:
    """Return the beginning of *clean*, a fragment that nh3 has written, in at most *length* characters.

    If *clean* is no longer than that, all of it is returned. White space at the end is removed, as cleaning does.
    """
    if len(clean) <= length:
        return clean
    end_tags: list[str] = []
    room = length
    """The length of the beginning without the end tags of its open elements."""
    end = 0
    for tag in _TAG.finditer(clean):
        if tag.start() > room:
            break
        if tag[1]:
            if not end_tags:  # nh3 never writes an end tag without its start tag
                return clean[: tag.start()].rstrip()
            room += len(end_tags.pop())
        elif tag[2] not in VOID:
            end_tag = f"</{tag[2]}>"
            if tag.end() > room - len(end_tag):
                return _closed(clean[: tag.start()], end_tags)
            end_tags.append(end_tag)
            room -= len(end_tag)
        elif tag.end() > room:
            return _closed(clean[: tag.start()], end_tags)
        end = tag.end()
    text = clean[end : max(room, end)]
    reference = text.rfind("&", -_LONGEST_REFERENCE)
    if reference >= 0 and ";" not in text[reference:]:
        text = text[:reference]
    return _closed(clean[:end] + text, end_tags)


def _closed(beginning: str, end_tags: list[str]) -> str:
    """Return *beginning* followed by *end_tags* in reverse order: in *end_tags*, the outermost comes first."""
    return (beginning + "".join(reversed(end_tags))).rstrip()
