"""The charsets that labels mean, by the Encoding Standard's table (encoding.spec.whatwg.org, 4.2), and Python's codecs
that decode them.

The Standard decides, since publishers label documents as browsers understand the labels: `iso-8859-1` is windows-1252,
`gb2312` is gb18030, `tis-620` is windows-874. Labels that the Standard doesn't know, or has no decoder for
(`hz-gb-2312`, `iso-2022-kr`), mean what they mean to Python's text codecs.

Python's codecs lack vendors' characters that the Standard decodes: `①` in EUC-JP, `€` at 0x80 in GBK and at 0xA3E1 in
Big5, the undefined bytes of windows-125x. An error handler for each family of charsets decodes them.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Final

from webencodings.labels import LABELS

from lifestream.content.html_tokenizer import name_set
from lifestream.content.late_pattern import late

REPLACEMENT: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Charset:
    """A charset: its *name* in the Encoding Standard, or else Python's, and the *codec* of Python that decodes it.

    *multi_byte* says that a character may take several bytes; it is not set for UTF-8. *script* holds the ranges of the
    characters beyond ASCII that text in this charset is written with. Both tell how far a label can be believed.
    """

    name: str
    codec: str
    multi_byte: bool = False
    script: tuple[tuple[int, int], ...] = ()

    def is_written_with(self, character: str) -> bool:
        """Return whether text in this charset is written with *character*, which is beyond ASCII; if not, it may be a
        letter of another script that the charset also has.
        """
        if not any(first <= ord(character) <= last for first, last in self.script):
            return False
        try:
            return bool(character.encode(self.codec))
        except UnicodeError:
            return False

    def read(self, body: bytes) -> tuple[str, int]:
        """Return *body* decoded, with U+FFFD for each error in it, and the number of errors."""
        try:
            if self.name == "iso-2022-jp":
                body = _as_euc_jp(body)
            return body.decode(self.codec), 0
        except UnicodeError:
            handler = _handlers().get(self.name, "replace")
            text = body.decode(self.codec, handler)
        if self.name == "utf-8":
            return text, text.count(REPLACEMENT) - body.count(b"\xef\xbf\xbd")
        return text, text.count(REPLACEMENT)


@cache
def charset_of(label: str) -> Charset | None:
    """Return the charset that *label* means, or None if it means none. The case of the label, and spaces and
    quotes around it, don't count.

    Also return None for a charset that doesn't encode markup in ASCII bytes (UTF-16, UTF-32, EBCDIC): a document in one
    of these is recognised by its first bytes, and a document without such first bytes is not in one of these.
    """
    label = label.strip(" \t\n\f\r'\"").lower()
    # Python knows more ways to write the Standard's labels: latin-1, iso_8859_1, cp_1252.
    name = LABELS.get(label) or LABELS.get(_python_name(label), "")
    name = "gb18030" if name == "gbk" else name  # the Standard has one decoder for both
    codec = _CODECS.get(name, name)
    if name in ("", "replacement", "x-user-defined"):
        name = codec = _python_name(label)
    if not codec or not _reads_ascii(codec):
        return None
    return Charset(name, codec, name in _MULTI_BYTE, _SCRIPTS.get(name, ()))


def ebcdic_of(label: str) -> Charset:
    """Return the charset of a document whose first bytes are EBCDIC, and whose declaration names *label*: cp037, if
    *label* is no charset of EBCDIC.
    """
    name = _python_name(label)
    if name and b"\x4c\x6f".decode(name, "replace") == "<?":
        return Charset(name, name)
    return Charset("cp037", "cp037")


# Codecs of Python that are not charsets of documents: most encode text as other text. mbcs and oem differ from machine
# to machine, and undefined decodes nothing.
_NO_CHARSETS: Final = frozenset(
    {"charmap", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined", "mbcs", "oem"}
)


def _python_name(label: str) -> str:
    name = ""
    with suppress(LookupError, ValueError):
        name = codecs.lookup(label).name
    return "" if name in _NO_CHARSETS else name


def _reads_ascii(codec: str) -> bool:
    try:
        return b"<?a1\n".decode(codec) == "<?a1\n"
    except (UnicodeError, LookupError):  # LookupError: Python has codecs that are no charsets
        return False


_CODECS: Final = {
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "iso-2022-jp": "euc_jp",
    "iso-8859-8-i": "iso8859_8",
    "macintosh": "mac_roman",
    "shift_jis": "cp932",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
}
_MULTI_BYTE: Final = name_set(
    "big5 euc-jp euc-kr gb18030 iso-2022-jp shift_jis "
    "cp950 euc_jis_2004 euc_jisx0213 hz iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext "
    "iso2022_kr johab shift_jis_2004 shift_jisx0213"
)
_LATIN: Final = ((0xA0, 0x17E),)
_CYRILLIC: Final = ((0x401, 0x45F), (0x490, 0x491))
_GREEK: Final = ((0x384, 0x3CE),)
_HEBREW: Final = ((0x5D0, 0x5EA),)
_ARABIC: Final = ((0x60C, 0x6D2),)
_SCRIPTS: Final = {
    **dict.fromkeys(
        name_set(
            "windows-1250 windows-1252 windows-1254 windows-1257 windows-1258 macintosh iso-8859-2 iso-8859-3 "
            "iso-8859-4 iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 cp437 cp850 cp852 cp858 mac-latin2"
        ),
        _LATIN,
    ),
    **dict.fromkeys(("windows-1251", "koi8-r", "koi8-u", "iso-8859-5", "ibm866", "x-mac-cyrillic"), _CYRILLIC),
    **dict.fromkeys(("windows-1253", "iso-8859-7"), _GREEK),
    **dict.fromkeys(("windows-1255", "iso-8859-8", "iso-8859-8-i"), _HEBREW),
    **dict.fromkeys(("windows-1256", "iso-8859-6"), _ARABIC),
}
"""Latin scripts end at U+017E, since capitals and quotes in windows-1252 may be valid UTF-8 by chance: the bytes of
`É’` are those of U+0252. Other scripts have none of the signs in Latin-1: the bytes of `В` and a no-break space in
windows-1251 are those of a no-break space in UTF-8.
"""

Handler = Callable[[UnicodeError], tuple[str, int]]


@cache
def _handlers() -> dict[str, str]:
    """Register an error handler for each family of charsets that needs one. Return the handlers' names by the names of
    the charsets.
    """
    named: dict[str, str] = {}
    for names, read in _VENDORS.items():
        handler = f"lifestream.{names.partition(' ')[0]}"
        codecs.register_error(handler, _handler(read))
        named.update(dict.fromkeys(names.split(), handler))
    return named


def _handler(read: Callable[[bytes], Iterator[tuple[str, int]]]) -> Handler:
    """Return an error handler that uses the first character that *read* yields for the two bytes from the error on. If
    it yields none, U+FFFD takes the place of the bytes that the codec could not decode.
    """

    def handle(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        text, length = next(read(error.object[error.start : error.start + 2]), (REPLACEMENT, 0))
        return text, error.start + length if length else error.end

    return handle


def _control(found: bytes) -> Iterator[tuple[str, int]]:
    """Yield the control character whose number is that of the byte. The Standard decodes the byte in this way, and
    Python's codec doesn't decode it at all (Encoding Standard, indexes).
    """
    if found[0] <= 0x9F:
        yield chr(found[0]), 1


def _euro(found: bytes) -> Iterator[tuple[str, int]]:
    if found[0] == 0x80:
        yield "€", 1


def _big5(found: bytes) -> Iterator[tuple[str, int]]:
    if text := _decoded(found, "cp950"):
        yield text, 2


def _euc_jp(found: bytes) -> Iterator[tuple[str, int]]:
    """Yield a character that NEC or IBM added to JIS X 0208: windows-31j has it at the same row and cell, in other
    bytes.
    """
    if len(found) == 2 and all(0xA1 <= byte <= 0xFE for byte in found):
        row, cell = found[0] - 0xA1, found[1] - 0xA1
        lead = (row >> 1) + (0x81 if row < 62 else 0xC1)
        trail = cell + (0x9F if row & 1 else 0x40 if cell < 63 else 0x41)
        if text := _decoded(bytes((lead, trail)), "cp932"):
            yield text, 2


def _decoded(found: bytes, codec: str) -> str:
    try:
        text = found.decode(codec)
    except UnicodeError:
        return ""
    return text if len(text) == 1 else ""


_VENDORS: Final[dict[str, Callable[[bytes], Iterator[tuple[str, int]]]]] = {
    "windows-1252 windows-1250 windows-1251 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 "
    "windows-1258 windows-874": _control,
    "gb18030": _euro,
    "big5": _big5,
    "euc-jp iso-2022-jp": _euc_jp,
}

_SHIFT = late(rb"\x1b(?:\$[@B]|\(I|\([BJ])")
_HIGH: Final = bytes(byte | 0x80 if 0x20 < byte < 0x7F else byte for byte in range(256))


def _as_euc_jp(body: bytes) -> bytes:
    """Return *body* converted from ISO-2022-JP to EUC-JP, which encodes the same characters (RFC 1468)."""
    pieces: list[bytes] = []
    position, shift = 0, b""
    for found in [*_SHIFT.finditer(body), None]:
        piece = body[position : found.start() if found else len(body)]
        if shift.startswith(b"\x1b$"):
            piece = piece.translate(_HIGH)
        elif shift == b"\x1b(I":
            piece = b"".join(
                b"\x8e" + bytes((byte,)) if byte > 0xA0 else bytes((byte,)) for byte in piece.translate(_HIGH)
            )
        pieces.append(piece)
        if found:
            position, shift = found.end(), found[0]
    return b"".join(pieces)
