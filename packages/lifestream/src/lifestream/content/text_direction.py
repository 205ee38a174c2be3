"""Direction controls (Unicode Standard Annex 9) in the text of a feed that is shown beside other text on a page.

An element with `dir`, or a `<bdi>`, keeps the direction of its text inside. The title of a page, an attribute and a
description can't contain elements, so the controls in them must be complete, and isolated. No element keeps combining
marks from being drawn over the lines around it, so those that no writing system needs are removed.
"""

from __future__ import annotations

import re
from typing import Final

from lifestream.combining_marks import without_piles

_CONTROL: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_FIRST_STRONG_ISOLATE: Final = "\u2068"
_END_OF_ISOLATE: Final = "\u2069"
_END_OF_EMBEDDING: Final = "\u202c"


_MOST_WORDS: Final = 18
_MOST_CHARACTERS: Final = 90


def as_row(text: str) -> str:
    """Return *text* as `isolated` does, for the `__str__` of a row.

    Django's admin cuts the name of a row, to 18 words in the breadcrumb and to 200 characters in its history, and would
    cut off the ends of the controls. So text with controls is cut here, to a length that the admin does not cut.
    """
    text = without_piles(text)
    if not _CONTROL.search(text):
        return text
    words = text.split()
    short = " ".join(words[:_MOST_WORDS])
    if len(words) > _MOST_WORDS or len(short) > _MOST_CHARACTERS:
        short = f"{short[:_MOST_CHARACTERS]}…"
    return isolated(short)


def isolated(text: str) -> str:
    """Return *text* so that it neither changes the direction of the text before and after it, nor covers other lines.

    Piles of combining marks are shortened. Text with controls of embeddings, overrides or isolates becomes an isolate
    (UAX 9, 2.4 and 2.5): in it, each control that begins one of these gets its end, and an end that is not that of the
    innermost open one is removed. Other text stays as it is.
    """
    text = without_piles(text)
    if not _CONTROL.search(text):
        return text
    open_ends: list[str] = []
    pieces: list[str] = []
    position = 0
    for found in _CONTROL.finditer(text):
        pieces.append(text[position : found.start()])
        position = found.end()
        control = found[0]
        if control not in (_END_OF_EMBEDDING, _END_OF_ISOLATE):
            open_ends.append(_END_OF_ISOLATE if control >= "\u2066" else _END_OF_EMBEDDING)
            pieces.append(control)
        elif open_ends and open_ends[-1] == control:
            pieces.append(open_ends.pop())
    return "".join([_FIRST_STRONG_ISOLATE, *pieces, text[position:], *reversed(open_ends), _END_OF_ISOLATE])
