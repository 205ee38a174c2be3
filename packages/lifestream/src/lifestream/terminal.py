"""Text for a terminal: what could change how the rest of it looks is written as an escape.

Titles, messages of servers and file names come from anybody. An escape sequence (ECMA-48) colours, moves and erases,
and U+202E and its relatives (Unicode Standard Annex 9) turn around what follows, so that a line of a table or a log
says something else. `visible` makes a `Visible`, as Django's `escape` makes a `SafeString`: what is one stays as it is.
"""

from __future__ import annotations

import logging
import re
from typing import Final

_HIDDEN: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but tab and line feed
    "\xad\u061c\u180e"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # directions, and what takes no room; not the joiners of emoji
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f"  # tags
    "]"
)


class Visible(str):
    """Text in which everything can be seen that came from others; it may hold escape sequences of our own."""

    __slots__ = ()


def visible(text: str, *, lines: bool = True) -> Visible:
    r"""Return *text* with each character that hides, or that moves or turns others, as its escape: `\u202e`.

    Line feeds stay unless *lines* is false.
    """
    if isinstance(text, Visible):
        return text
    shown = _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
    return Visible(shown if lines else shown.replace("\n", r"\n"))


class VisibleFormatter(logging.Formatter):
    """A formatter for logs that people read in a terminal. A record's message is one line, whatever is in it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Return the line, made visible."""
        return visible(super().formatMessage(record), lines=False)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it, made visible."""
        return visible(super().format(record))
