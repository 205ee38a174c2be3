"""Text for a terminal or a test's report: what could change how the rest of it looks is written as an escape.

Requests, file names and answers come from anybody. An escape sequence (ECMA-48) colours, moves and erases, and
U+202E and its relatives (Unicode Standard Annex 9) turn around what follows, so that a line says something else.
"""

from __future__ import annotations


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return *text* with each character that is not printable as its escape: U+202E as `\u202e`.

    Printable is what `str.isprintable` calls so: no control and format character, no separator but the space, no lone
    surrogate. With *lines* the line feeds stay.
    """
    if lines:
        return "\n".join(map(visible, text.split("\n")))
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
