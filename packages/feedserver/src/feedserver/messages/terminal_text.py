"""Text for a terminal or a test's report: characters that could change how the rest looks are written as escapes.

Requests, file names and answers are untrusted input. An escape sequence (ECMA-48) can colour and erase text and move
the cursor; U+202E and related characters (Unicode Standard Annex 9) reverse the text that follows, so that a line seems
to say something else.
"""

from __future__ import annotations


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return *text* with each character that is not printable as its escape: U+202E as `\u202e`.

    `str.isprintable` decides what is printable: no control and format character, no separator but the space, no lone
    surrogate, and no code point for private use or without a character. With *lines*, line feeds stay.
    """
    if lines:
        return "\n".join(map(visible, text.split("\n")))
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
