"""Text for a terminal or a test's report: characters that could change how the rest looks are written as escapes.

Requests, file names and answers are untrusted input. An escape sequence (ECMA-48) can colour and erase text and move
the cursor; U+202E and related characters (Unicode Standard Annex 9) reverse the text that follows, so that a line seems
to say something else. Combining marks in a long row are drawn over the lines around them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, Final

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
    return text if _is_plain(text) else "".join(_shown(text, _escape))


def visible_json(document: str) -> str:
    r"""Return the JSON *document* with the characters that `visible` escapes, other than line feeds, written as escapes
    of JSON: U+202E as `\u202e`. A parser reads the same document (RFC 8259 §7).
    """
    return "\n".join(line if _is_plain(line) else "".join(_shown(line, _json_escape)) for line in document.split("\n"))


def visible_repr(value: Any) -> str:
    """Return what the `repr` of a dataclass is, in visible characters: that of a text escapes what is not printable,
    but no combining marks. For classes with what a client has sent.
    """
    shown = ", ".join(f"{each.name}={getattr(value, each.name)!r}" for each in fields(value) if each.repr)
    return visible(f"{type(value).__qualname__}({shown})")


def _is_plain(text: str) -> bool:
    """Return whether nothing in *text* is escaped. False for some texts of which nothing is: this is only fast."""
    return text.isprintable() and _MAY_BE_MARKS.search(text) is None


def _shown(text: str, write: Callable[[str], str]) -> Iterator[str]:
    marks = 0
    for c in text:
        marks = marks + 1 if unicodedata.category(c)[0] == "M" else 0
        yield c if c.isprintable() and marks <= _MOST_MARKS else write(c)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(rf"\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
