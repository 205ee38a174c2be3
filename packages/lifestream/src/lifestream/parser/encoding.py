"""Which characters the bytes of a document are (RFC 7303, sections 3 and 8.1; XML 1.0, appendix F).

In order: a byte order mark, the charset of the Content-Type, the XML declaration, UTF-8. `text/xml` without
a charset is no different from `application/xml` since RFC 7303. Where the first that is declared does not
fit the bytes, the next that does is taken, and said so: what is lost to a wrong label is a complaint, not a
feed.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple


class Decoded(NamedTuple):
    """The *text*, the *encoding* it was in, and a *complaint* if that was not the one declared."""

    text: str
    encoding: str
    complaint: str = ""


_BOMS: Final = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FIRST_BYTES: Final = (
    # "<", or "<?", in encodings that no ASCII declaration could be read in.
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_DECLARED = re.compile(r"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""", re.ASCII)
_CHARSET = re.compile(r"""(?i:;\s*charset)\s*=\s*(?:"([^"]*)"|([^\s;"]+))""")
# Labels that sites use for a superset of what they say (encoding.spec.whatwg.org, 4.2).
_SUPERSETS: Final = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
# Codecs of Python that are no charset of a document: ways to write text in other text.
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined", "mbcs", "oem"}
)


def decode(body: bytes, content_type: str = "") -> Decoded:
    """The text of *body*, which came with the Content-Type *content_type*. It raises nothing."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            text = body[len(mark) :].decode(encoding, "replace")
            return Decoded(text, encoding, "" if "\ufffd" not in text else f"not all of it is {encoding}")
    said = _CHARSET.search(content_type)
    label = (said[1] or said[2] or "").strip(" '") if said else ""
    declared = [name for name in (label, _declaration(body)) if name]
    for name in (*declared, "utf-8"):
        if not (encoding := _codec(name)):
            continue
        try:
            text = body.decode(encoding)
        except (UnicodeError, LookupError):  # LookupError: Python has codecs that are no charsets
            continue
        wrong = declared and name != declared[0]
        return Decoded(text, encoding, f"declared as {declared[0]}, but it is {encoding}" if wrong else "")
    return _best_guess(body, declared[0] if declared else "utf-8")


def _declaration(body: bytes) -> str:
    """The encoding that the XML declaration names, or that the first bytes give away; "" for neither."""
    for first, encoding in _FIRST_BYTES:
        if body.startswith(first):
            found = _DECLARED.match(body[:1024].decode(encoding, "ignore"))
            # A declaration may name its family only (UTF-16, ISO-10646-UCS-2), or nonsense: the bytes can't
            # lie.
            return found[1] if found and encoding == "cp037" else encoding
    found = _DECLARED.match(body[:1024].decode("latin-1"))
    return found[1] if found else ""


def _codec(name: str) -> str:
    """Python's name of the charset *name*, or "" if it has none."""
    try:
        encoding = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    if encoding in _NO_CHARSETS:
        return ""
    return _SUPERSETS.get(encoding, encoding)


def _best_guess(body: bytes, declared: str) -> Decoded:
    """UTF-8 with a few bytes broken, or the Windows charset that stands behind most wrong labels."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(1 for character in text if character > "\x7f") - broken
    if whole >= broken:
        return Decoded(text, "utf-8", f"declared as {declared}, but not all of it is")
    return Decoded(body.decode("cp1252", "replace"), "cp1252", f"declared as {declared}, but it is not")
