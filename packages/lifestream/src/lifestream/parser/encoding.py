"""The encoding of a document's bytes (Encoding Standard, 4.2; RFC 7303, sections 3 and 8.1; XML 1.0, F).

A byte order mark decides, and so do first bytes that are markup in UTF-16, UTF-32 or EBCDIC. Labels are ignored then,
except that the declaration tells which charset of EBCDIC it is. The mark of UTF-8 is not believed if the document has
too many errors in UTF-8, and declares another encoding or has no valid character beyond ASCII: the editor of a
program's source has put it there. In other documents, a label of UTF-16, UTF-32 or EBCDIC is not believed. The
candidates are, in this order, the charset of the Content-Type, that of the XML declaration, and UTF-8. The first that
decodes the bytes without an error is taken. `text/xml` without a charset is no different from `application/xml` since
RFC 7303.

The commonest mistake of sites is UTF-8 under another label. So a document with another label is read as UTF-8 if nearly
all of it is valid UTF-8, and can't be so by chance (`_is_utf8`). If every candidate has errors, the one with the fewest
is taken, so if a publisher's excerpt ends within a character, only that character is lost. If even that candidate has
too many errors, the document is read as windows-1252. Unless labels are ignored, the result has a complaint if the
encoding differs from the first label (from UTF-8, if there is none). It also has one if part of the document could not
be decoded, except in EBCDIC. Bytes at the end that are too few for UTF-16 or UTF-32 are left out without a complaint.

Control characters from U+0080 to U+009F become the characters of windows-1252 in their place (HTML, 13.2.5.80), again
except in EBCDIC, which has line ends among them.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

from lifestream.content.text_direction import isolated
from lifestream.parser.charsets import REPLACEMENT, Charset, charset_of, ebcdic_of
from lifestream.plugins.reading_notes import Notes


class Decoded(NamedTuple):
    """The *text*, the *encoding* that it was read in, and a *complaint* if that is not the declared one (unless labels
    are ignored), or if part of the document could not be decoded.
    """

    text: str
    encoding: str
    complaint: str = ""


_BOMS: Final = (
    # UTF-32 comes first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FIRST_CHARACTERS: Final = (
    # white space, and the first character of XML or JSON
    (re.compile(rb"(?>(?:[\t\n\r ]\0\0\0)*)[<{\[]\0\0\0"), "utf-32-le"),
    (re.compile(rb"(?>(?:\0\0\0[\t\n\r ])*)\0\0\0[<{\[]"), "utf-32-be"),
    (re.compile(rb"(?>(?:[\t\n\r ]\0)*)[<{\[]\0"), "utf-16-le"),
    (re.compile(rb"(?>(?:\0[\t\n\r ])*)\0[<{\[]"), "utf-16-be"),
)
_EBCDIC: Final = b"\x4c\x6f\xa7\x94"  # "<?xm"
_UTF8: Final = Charset("utf-8", "utf-8")
_WINDOWS: Final = Charset("windows-1252", "cp1252")
_DECLARED = re.compile(r"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']?([A-Za-z][\w.:-]*+)(?=.)""", re.ASCII | re.DOTALL)
# A declaration, or what can't come before one: JSON, the type of a document, or a root.
_START = re.compile(
    rb"\A\s*+[{\[]|(<\?xml\s)|<(?:!doctype|html|head|body|rss|rdf|channel|opml|(?:\w{1,20}:)?feed)\b", re.IGNORECASE
)
_LONGEST_OUTPUT: Final = 64 * 1024
_CHARSET = re.compile(r"""(?i:;\s*charset)\s*=\s*(?:"([^"]*)"|([^\s;"]+))""")

BELIEVED: Final = 0.98
"""The share of runs of non-ASCII bytes that must be valid UTF-8 for a document under another label to be read as UTF-8.
Of words in the legacy encodings of many languages, less than one in ten is valid
(`tests/reading/test_characters.py`).
"""
DISTINCT: Final = 3
"""A document with this many different characters beyond ASCII is not valid UTF-8 by chance."""
HOPELESS: Final = 1 / 2
"""The share of errors among non-ASCII characters above which even the best candidate is not believed."""


def decode(body: bytes, content_type: str = "", notes: Notes | None = None) -> Decoded:
    """Return the text of *body*, which came with the Content-Type *content_type*. Never raises.

    *notes* receives why the encoding was chosen.
    """
    notes = notes or Notes()
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            marked = body[len(mark) :]
            if mark == codecs.BOM_UTF8 and _is_mark_printed(marked, content_type):
                body = marked
                break
            notes.encoding_reason = "its byte order mark says so"
            return _by_its_bytes(marked, encoding)
    for first, encoding in _FIRST_CHARACTERS:
        if first.match(body):
            notes.encoding_reason = "its first bytes are markup in it"
            return _by_its_bytes(body, encoding)
    if body.startswith(_EBCDIC):
        notes.encoding_reason = "its first bytes are markup in EBCDIC"
        declared = _DECLARED.match(body[:1024].decode("cp037"))
        charset = ebcdic_of(declared[1] if declared else "")
        return Decoded(charset.read(body)[0], charset.name)
    labels = _labels(body, content_type)
    labelled: dict[Charset, str] = {}
    for label in labels:
        if found := charset_of(label.name):
            labelled.setdefault(found, label.said_by)
    charset, text, notes.encoding_reason = _chosen(body, labelled)
    return Decoded(with_windows_characters(text), charset.name, _complaint(labels, charset, text))


def _is_mark_printed(body: bytes, content_type: str) -> bool:
    """Return whether a program has printed the mark of UTF-8 before *body*, which is in another encoding: too much of
    it is not UTF-8, and another encoding is declared, or no character beyond ASCII is valid.

    Otherwise, a few texts in another encoding would spoil the characters of all others.
    """
    text, errors = _UTF8.read(body)
    if not _is_hopeless(text, errors):
        return False
    charsets = [charset_of(label.name) for label in _labels(body, content_type)]
    is_declared = any(charset and charset.name != _UTF8.name for charset in charsets)
    return is_declared or errors == _beyond_ascii(text)


def _by_its_bytes(body: bytes, encoding: str) -> Decoded:
    width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding[:6].rstrip("-")]
    text = body[: len(body) // width * width].decode(encoding, "replace")
    return Decoded(
        with_windows_characters(text), encoding, f"not all of it is {encoding}" if REPLACEMENT in text else ""
    )


class _Label(NamedTuple):
    """The *name* of a charset, and what names it."""

    name: str
    said_by: str


def _labels(body: bytes, content_type: str) -> list[_Label]:
    """Return the charsets that the Content-Type and the document's declaration name, if they name any.

    Programs may have printed something before the declaration. What follows something may also be no declaration, as in
    a comment, so it is not believed if the document has characters beyond ASCII and is valid without one.
    """
    parameter = _CHARSET.search(content_type)
    start = _START.search(body, 0, _LONGEST_OUTPUT)
    begin = start.start() if start and start[1] else 0
    if body[:begin].strip() and not body.isascii() and not _UTF8.read(body)[1]:
        begin = 0
    declared = _DECLARED.match(body[begin : begin + 1024].decode("latin-1"))
    labels = (
        _Label((parameter[1] or parameter[2] or "").strip(" '") if parameter else "", "the Content-Type"),
        _Label(declared[1] if declared else "", "its declaration"),
    )
    return [label for label in labels if label.name]


def _chosen(body: bytes, labelled: dict[Charset, str]) -> tuple[Charset, str, str]:
    """Return the charset of *body*, its text, and why it was chosen. *labelled* maps each charset to what names it."""
    readings: list[tuple[int, Charset, str]] = []
    for charset in dict.fromkeys([*labelled, _UTF8]):
        if charset is not _UTF8 and charset.name != "utf-8" and _is_utf8(body, charset):
            return _UTF8, _UTF8.read(body)[0], f"it is valid UTF-8, though {labelled[charset]} says {charset.name}"
        text, errors = charset.read(body)
        if charset.name == "utf-8" and any(other.name == "iso-2022-jp" for other in labelled):
            errors += body.count(_TO_JAPANESE)
        if not errors:
            reason = f"{labelled[charset]} says so" if charset in labelled else "all of it is valid"
            return charset, _with_section_ends(text, charset), reason
        readings.append((errors, charset, text))
    errors, charset, text = min(readings, key=lambda reading: reading[0])  # the first, if several have as few
    if _is_hopeless(text, errors):
        return _WINDOWS, _WINDOWS.read(body)[0], "it fits no label, nor UTF-8"
    return charset, _with_section_ends(text, charset), f"it has the fewest errors in it: {errors}"


def _is_hopeless(text: str, errors: int) -> bool:
    """Return whether *text*, which was read with this number of *errors*, has too many of them to be believed."""
    return errors > _beyond_ascii(text) * HOPELESS


def _beyond_ascii(text: str) -> int:
    """Return how many characters of *text* are not ASCII. A list of them would take eighty times as much memory."""
    return len(text) - len(text.encode("ascii", "ignore"))


_TO_JAPANESE: Final = b"\x1b$"
"""The beginning of the escape sequence before Japanese characters in ISO-2022-JP. Text in that charset consists of
ASCII bytes, so it is valid UTF-8, but XML allows no ESC (2.2).
"""
_RUN = re.compile(rb"[\x80-\xff]++")
_CUT_CHARACTER = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
"""The beginning of a character in UTF-8, at the end of a document."""


def _is_utf8(body: bytes, label: Charset) -> bool:
    """Return whether *body*, labelled as the other charset *label*, is UTF-8, and can't be valid UTF-8 by chance. A
    character at its end that is cut off does not count: in a short document, it would be too many errors.
    """
    if cut := _CUT_CHARACTER.search(body, max(0, len(body) - 3)):
        body = body[: cut.start()]
    if body.isascii():
        return False
    runs = _RUN.findall(body)
    invalid = 0
    characters: set[str] = set()
    for run in runs:
        try:
            text = run.decode("utf-8")
        except UnicodeDecodeError:
            invalid += 1
            if len(runs) - invalid < len(runs) * BELIEVED:
                return False
            continue
        if len(characters) <= MOST_CHARACTERS:
            characters.update(text)
    if len(characters) >= DISTINCT or any(character > "\u07ff" for character in characters):
        return True
    if label.multi_byte:
        return not invalid
    return all(map(label.is_written_with, characters))


MOST_CHARACTERS: Final = 100
"""How many different characters of a document are collected."""


def _with_section_ends(text: str, charset: Charset) -> str:
    """Return *text* with the ends of its CDATA sections restored where half a character has swallowed a bracket.

    In GBK, Big5 and Shift_JIS `]` may be the second byte of a character. If a publisher cuts an excerpt in the middle
    of a character, the excerpt ends in the character's first byte, and `]]>` follows.
    """
    if not charset.multi_byte or "<![CDATA[" not in text:
        return text

    def mended(found: re.Match[str]) -> str:
        is_eaten = found[1].encode(charset.codec, "replace").endswith(b"]")
        return f"{REPLACEMENT}]]>" if is_eaten else found[0]

    return _SECTION_END.sub(mended, text)


_SECTION_END = re.compile(r"([^\x00-\x7f])\]>")


def _complaint(labels: list[_Label], charset: Charset, text: str) -> str:
    declared = labels[0].name if labels else "utf-8"
    if charset_of(declared) == charset or (charset.name == "utf-8" and not labels):
        return f"declared as {declared}, but not all of it is" if REPLACEMENT in text else ""
    return f"declared as {isolated(declared)}, but it is {charset.name}"


_C1 = re.compile("[\x80-\x9f]")
WINDOWS_CHARACTERS: Final = {number: bytes((number,)).decode("cp1252", "ignore") for number in range(0x80, 0xA0)}
"""The replacements of the control characters from U+0080 to U+009F, by their numbers: "" where windows-1252 has no
character.
"""


def with_windows_characters(text: str) -> str:
    """Return *text* with the characters of windows-1252 in place of the control characters from U+0080 to U+009F."""
    if text.isascii() or not _C1.search(text):
        return text
    return text.translate(WINDOWS_CHARACTERS)
