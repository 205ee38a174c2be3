"""Pictures of unknown size that stand alone in their line: marked, so that a page can keep space for them.

A browser learns the size of a picture from its `width` and `height`, or else once it is loaded; then everything below
moves. A picture within a text is small as a rule, one with a line of its own is as wide as the text. The style sheets
give a marked picture a box. `static/lifestream/timeline.js` removes the box of a picture that is loaded and below the
visible part of the page, where nobody sees the change. Pure, and linear in the HTML.
"""

from __future__ import annotations

import re
from typing import Final

from lifestream.content.html_tokenizer import name_set

MARK: Final = "data-unsized"
"""The attribute of a marked picture. The sanitizer leaves no such attribute to feeds."""

# nh3 writes "<" in text and in values as a reference, and values in double quotes.
_PIECE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)((?>(?>[^<>\"]++|\"[^\"]*+\")*))>|[^<]++")
_SIZE = re.compile(r"\s(width|height)=\"\s*+[1-9]")
_WITHIN_LINES: Final = name_set(
    "a abbr b bdi bdo big cite em font i mark picture q s small source span strong sub sup u"
)
"""The elements that neither end a line nor fill it."""


def with_unsized_marked(html: str) -> str:
    """Return *html*, which is clean, with the pictures marked that have no size and stand alone in their line, outside
    of tables.
    """
    if "<img" not in html:
        return html
    marked: list[int] = []
    pictures, has_text, in_tables = [], False, 0
    for piece in _PIECE.finditer(html):
        name = piece[2]
        if name is None:
            has_text = has_text or bool(piece[0].replace("&nbsp;", "").strip())
        elif name == "img":
            pictures.append(piece)
        elif name not in _WITHIN_LINES:
            if not (has_text or in_tables):
                marked += _alone(pictures)
            pictures, has_text = [], False
            if name == "table":
                in_tables = max(0, in_tables + (-1 if piece[1] else 1))
    if not has_text:
        marked += _alone(pictures)
    return _inserted(html, marked)


def _alone(pictures: list[re.Match[str]]) -> list[int]:
    """Return the place at which to mark the only one of *pictures*, if it has no size. Return no place for several:
    pictures beside each other are small, as badges are.
    """
    if len(pictures) != 1 or len(set(_SIZE.findall(pictures[0][3]))) == 2:
        return []
    return [pictures[0].start() + len("<img")]


def _inserted(html: str, places: list[int]) -> str:
    pieces, last = [], 0
    for place in places:
        pieces += [html[last:place], f" {MARK}"]
        last = place
    return "".join([*pieces, html[last:]])
