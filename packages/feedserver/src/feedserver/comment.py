"""Where a fixture's directives stand: the first comment in a file's first 8 KiB, whatever its encoding is.

All work is done on bytes that are a superset of ASCII. Files in UTF-8, windows-125x, ISO-8859-x, Shift JIS,
GB18030 and the like are that already and are not decoded, so their values leave in the bytes they came in.
Files in UTF-16, UTF-32 and EBCDIC are turned into UTF-8 first. So there is one way to look for lines.

CR, LF or both together end a line (XML 1.0 §2.11). U+2028, NEL, a form feed or a vertical tab, at which
`str.splitlines` would split, do not.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

HEAD_SIZE = 8 * 1024
"""How many bytes of a file are searched for its first comment."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_ENCODING = re.compile(r"encoding\s*=\s*.([A-Za-z][A-Za-z0-9._-]{0,39})")

# UTF-32 stands first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, None),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)

# Without a mark, the zeros of the first two characters tell: in markup they are ASCII (XML 1.0 appendix F.1).
_ZEROS: dict[tuple[bool, ...], str] = {
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False, True, False): "utf-16-be",
    (False, True, False, True): "utf-16-le",
}

_EBCDIC_START = bytes.fromhex("4C6FA794")  # "<?xm" in every EBCDIC code page


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: its *number*, counted from 1, and its *text* without outer blanks."""

    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Comment:
    """The lines between `<!--` and `-->`. It is not *closed* where the head ends before it does."""

    lines: tuple[Line, ...]
    closed: bool


def first_comment(head: bytes) -> Comment | None:
    """Finds the first comment of a file that begins with *head*; None where no comment begins in it."""
    text = ascii_compatible(head)
    start = text.find(b"<!--")
    if start < 0:
        return None
    # From the second dash on, since `<!-->` is a whole comment to HTML, and none at all to XML.
    end = text.find(b"-->", start + 2)
    closed = end >= 0
    first = 1 + len(_LINE_END.findall(text, 0, start))
    return Comment(split_lines(text[start + 4 : end if closed else None], first), closed)


def split_lines(text: bytes, first: int = 1) -> tuple[Line, ...]:
    """Splits *text* (a superset of ASCII) at CR, LF and CRLF; the *first* line's number can be given."""
    return tuple(Line(number, line.strip(b" \t")) for number, line in enumerate(_LINE_END.split(text), first))


def ascii_compatible(data: bytes) -> bytes:
    """Turns UTF-16, UTF-32 and EBCDIC into UTF-8, and leaves all else as it is. A byte order mark is dropped.

    What is no character in the file's own encoding becomes U+FFFD.
    """
    for mark, marked_encoding in _MARKS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], marked_encoding
            break
    else:
        encoding = _encoding_without_mark(data)
    return data if encoding is None else data.decode(encoding, "replace").encode("utf-8")


def _encoding_without_mark(data: bytes) -> str | None:
    if data.startswith(_EBCDIC_START):
        return _ebcdic_code_page(data)
    return _ZEROS.get(tuple(byte == 0 for byte in data[:4]))


def _ebcdic_code_page(data: bytes) -> str:
    # Letters, digits and the equals sign are the same in all code pages; "!", braces and even quotes are not.
    # So the declaration can be read before its code page is known, the comment cannot. IBM037 if that fails.
    declared = _ENCODING.search(data[:256].decode("cp037"))
    return declared[1] if declared and _is_ebcdic(declared[1]) else "cp037"


def _is_ebcdic(encoding: str) -> bool:
    try:
        return _EBCDIC_START.decode(encoding) == "<?xm"
    except (LookupError, UnicodeError):  # no codec of that name; a codec that refuses these bytes
        return False
