"""Text for a terminal: characters that could change how other text looks are written as escapes.

Titles, messages of servers and file names are untrusted. An escape sequence (ECMA-48) colours, moves and erases text,
and U+202E and related characters (Unicode Standard Annex 9) reverse the text after them, so that a line of a table or a
log says something else. Combining marks in a long row are drawn over the lines around them. `visible` returns a
`Visible`, as Django's `escape` returns a `SafeString`; it returns a `Visible` unchanged. For JSON, there is
`visible_json`.
"""

from __future__ import annotations

import logging
import re
import reprlib
import sys
import traceback
from types import TracebackType
from typing import Any, Final

from lifestream.combining_marks import piles_written

_HIDDEN: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, except tab and line feed
    "\xad\u061c\u180e"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # directions, and characters without width; not joiners of emoji
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f"  # tags
    "]"
)


_SHOWN_LINES: Final = 150  # at the start and at the end of a traceback


class Visible(str):
    """Text in which all untrusted characters are visible. It may contain escape sequences of lifestream itself."""

    __slots__ = ()


def visible(text: str, *, lines: bool = True) -> Visible:
    r"""Return *text* with each character that hides, moves, reverses or covers text as its escape: `\u202e`.

    Line feeds stay unless *lines* is false. A `Visible` is returned as it is.
    """
    if isinstance(text, Visible):
        return text
    shown = piles_written(_HIDDEN.sub(lambda found: _escape(found[0]), text), _escape)
    return Visible(shown if lines else shown.replace("\n", r"\n"))


def visible_json(document: str) -> Visible:
    r"""Return the JSON *document* with the characters that `visible` escapes written as escapes of JSON: `\u202e`.

    A parser reads the same document (RFC 8259 §7). The escapes of `visible`, such as `\xad`, would be no JSON.
    """
    return Visible(piles_written(_HIDDEN.sub(lambda found: _json_escape(found[0]), document), _json_escape))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(rf"\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def quoted(value: object) -> str:
    """Return the *value* of a setting for a message: its `repr`, cut after 200 characters.

    If Python cannot write it (a number of over 4,300 digits, too deep a nesting), its containers are shortened, and
    integers are in hexadecimal, which has no such limit.
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = _ANY_NUMBER.repr(value)
    return text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}…"


_LONGEST_QUOTED: Final = 200


class _AnyNumber(reprlib.Repr):
    """Writes values of any depth, whose containers it shortens, and numbers of any length."""

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002  reprlib's signature
        return hex(x)


_ANY_NUMBER: Final = _AnyNumber()


def shortened(traceback: str) -> str:
    """Return *traceback* with its first and its last lines, and how many are left out between them. An endless
    recursion may cause a traceback of thousands of lines at each request for a page.
    """
    lines = traceback.split("\n")
    left_out = len(lines) - 2 * _SHOWN_LINES
    if left_out <= 0:
        return traceback
    return "\n".join([*lines[:_SHOWN_LINES], f"  ({left_out} lines are left out)", *lines[-_SHOWN_LINES:]])


def print_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of *error* on standard error, with escapes, and indented below its first line: the text of an
    exception may have several lines. The arguments are those of `sys.excepthook`.
    """
    text = "".join(traceback.format_exception(kind, error, trace)).rstrip("\n")
    sys.stderr.write(visible(shortened(text).replace("\n", "\n    ")) + "\n")


class VisibleFormatter(logging.Formatter):
    """A formatter for logs that people read in a terminal. The message of a record is one line, whatever it contains,
    and the lines of a traceback below it are indented: the text of an exception may have several lines, which must not
    look like records.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Return the line with escapes."""
        return visible(super().formatMessage(record), lines=False)

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's name
        """Return the traceback, without its middle if it is long."""
        return shortened(super().formatException(ei))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line and the traceback below it, with escapes."""
        return visible(super().format(record).replace("\n", "\n    "))
