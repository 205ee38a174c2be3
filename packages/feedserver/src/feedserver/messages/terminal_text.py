"""Text for a terminal or a test's report: characters that could change how the rest looks are written as escapes.

Requests, file names and answers are untrusted input. An escape sequence (ECMA-48) can colour and erase text and move
the cursor; U+202E and related characters (Unicode Standard Annex 9) reverse the text that follows, so that a line seems
to say something else. Combining marks in a long row are drawn over the lines around them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_MOST_MARKS: Final = 8  # in a row: no writing system needs more; a mantra in Tibetan has a stack of eight
# For Python, marks are neither letters nor white space. Neither are signs and emoji, which `_shown` keeps.
_MAY_BE_MARKS: Final = re.compile(r"[^\w\s\x00-\x7f]{9}")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return *text* with each character that is not printable as its escape: U+202E as `\u202e`. So is each combining
    mark after the eighth in a row.

    `str.isprintable` decides what is printable: no control and format character, no separator but the space, no lone
    surrogate, and no code point for private use or without a character. With *lines*, line feeds stay.
    """
    if lines:
        return "\n".join(map(visible, text.split("\n")))
    if text.isprintable() and _MAY_BE_MARKS.search(text) is None:
        return text
    return "".join(_shown(text))


def _shown(text: str) -> Iterator[str]:
    marks = 0
    for c in text:
        marks = marks + 1 if unicodedata.category(c)[0] == "M" else 0
        yield c if c.isprintable() and marks <= _MOST_MARKS else c.encode("unicode_escape").decode("ascii")
