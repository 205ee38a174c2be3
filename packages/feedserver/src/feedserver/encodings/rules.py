"""Which encoding a document is in, by the standards: from a Content-Type and bytes to a decision and the rule behind
it.

XML types (text/xml, application/xml and types that end in +xml) follow RFC 7303, which refers to XML 1.0 (fifth
edition) for what it does not decide. RFC 7303 treats all XML types alike (§4.1, §4.2), including text/xml, which RFC
3023 took for US-ASCII. text/html follows the HTML Standard, which also looks at an XML declaration and never refuses
bytes.

Nothing here follows from what feed readers do.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, NoneType

from feedserver.feeds.markup import codec_name
from feedserver.messages.argument_types import check_is, check_name


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its *name*, what it *says*, and the *sections* of the standards that contain it."""

    name: str
    says: str
    sections: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The *encoding* that a *rule* chooses for a document, by a name that Python knows; None if the rule refuses it.

    *is_open* says that the standards prescribe no result.
    """

    encoding: str | None
    rule: Rule
    is_open: bool = False


BOM = Rule(
    "BOM",
    "A byte order mark is authoritative, whatever the charset says. Without a charset, another encoding in the "
    "declaration is a conflict.",
    "RFC 7303 §3.2, §8.9; XML 1.0 §4.3.3",
)
CHARSET = Rule(
    "charset",
    "Without a byte order mark, the charset parameter is authoritative, whatever the declaration says.",
    "RFC 7303 §3.2, §8.8",
)
DECLARATION = Rule(
    "declaration",
    "With neither, the encoding is the one that the XML declaration names.",
    "RFC 7303 §3.2, §8.3; XML 1.0 §4.3.3",
)
DEFAULT = Rule(
    "default",
    "With none of the three, it is UTF-8.",
    "RFC 7303 §8.5; XML 1.0 §4.3.3",
)
CONFLICT = Rule(
    "conflict",
    "Without a charset, it is a fatal error if the declaration names another encoding than the document is in.",
    "XML 1.0 §4.3.3",
)
UNDECLARED = Rule(
    "undeclared",
    "Without a charset, it is a fatal error if a document with neither byte order mark nor declaration is not in "
    "UTF-8.",
    "XML 1.0 §4.3.3",
)
UNKNOWN = Rule(
    "unknown",
    "An encoding that cannot be processed is a fatal error.",
    "RFC 7303 §3.2; XML 1.0 §4.3.3",
)
UNMARKED = Rule(
    "unmarked",
    "UTF-16 must begin with a byte order mark. If it does not, results are undefined: a processor may refuse the "
    "document, or recover.",
    "RFC 7303 §3.3; XML 1.0 §1.2, §4.3.3, F.1; RFC 2781 §4.3",
)
ILLEGAL = Rule(
    "illegal",
    "Bytes that are not legal in the encoding are a fatal error.",
    "XML 1.0 §4.3.3",
)
NO_XML = Rule(
    "no XML",
    "The text in that encoding is not well-formed: it has no element, or it has U+0000, which XML does not allow.",
    "XML 1.0 §2.1, §2.2",
)
HTML_BOM = Rule(
    "HTML: BOM",
    "A byte order mark decides.",
    "HTML §13.2.3.2, step 1",
)
HTML_CHARSET = Rule(
    "HTML: charset",
    "Without a byte order mark, the charset parameter decides, if it is supported; a label means what the Encoding "
    "Standard says.",
    "HTML §13.2.3.2, step 4; Encoding §4.2",
)
HTML_PRESCAN = Rule(
    "HTML: declaration",
    "With neither, an XML declaration in UTF-16 is recognised; otherwise, the encoding that it names is used (UTF-8 "
    "for UTF-16). A user agent need not look for a declaration; browsers do, so their result counts as right.",
    "HTML §13.2.3.2, step 5",
)
HTML_DEFAULT = Rule(
    "HTML: default",
    "With none of the three, a user agent may guess, or use its default, which depends on the locale.",
    "HTML §13.2.3.2, steps 8, 9",
)

RULES = (
    *(BOM, CHARSET, DECLARATION, DEFAULT, CONFLICT, UNDECLARED, UNKNOWN, UNMARKED, ILLEGAL, NO_XML),
    *(HTML_BOM, HTML_CHARSET, HTML_PRESCAN, HTML_DEFAULT),
)
"""Every rule: those for XML, then those for HTML."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NAMED = re.compile(r"""<\?xml\s(?:[^>]*?\s)?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_IN_HTML: Mapping[str, str] = MappingProxyType(
    {
        "utf-16": "utf-16-le",
        "ascii": "windows-1252",
        "iso8859-1": "windows-1252",
        "iso8859-9": "windows-1254",
        "iso8859-11": "cp874",
        "tis-620": "cp874",
        "gb2312": "gbk",
        "euc_kr": "cp949",
        "shift_jis": "cp932",
    }
)
"""Encodings, by Python's names, whose labels mean another encoding in the Encoding Standard (§4.2)."""

_PYTHONS_OWN = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs of Python that are no encodings of documents."""


def decide(media_type: str, charset: str | None, data: bytes) -> Decision:
    """Decide which encoding *data* is in, from the *media_type* and the *charset* of a Content-Type.

    Every type except text/html is treated as XML. In HTML, a label counts as supported if Python knows an encoding
    by that name; the Encoding Standard has another list of labels.
    """
    check_name("media_type", media_type, "text/xml")
    check_is("charset", charset, (str, NoneType), "give text, such as 'utf-8', or None")
    check_is("data", data, bytes, "give the bytes of a document")
    if is_html(media_type):
        return _decide_html(charset, data)
    bom_encoding = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), None)
    if bom_encoding is not None:
        named = declared_in(data.decode(bom_encoding, "replace"))
        if charset is None and named is not None and not _is_same(named, bom_encoding):
            return Decision(None, CONFLICT)
        return Decision(bom_encoding, BOM)
    if charset is not None:
        return _decide_by_charset(charset, data)
    return _decide_by_document(data)


def _decide_by_charset(charset: str, data: bytes) -> Decision:
    if not _is_known(charset):
        return Decision(None, UNKNOWN)
    if codecs.lookup(charset).name != "utf-16":
        return Decision(charset, CHARSET)
    looks_like = _utf_16_without_mark(data)
    if looks_like is not None:
        return Decision(looks_like, UNMARKED, is_open=True)
    return Decision("utf-16-be", CHARSET)  # RFC 2781 §4.3


def _decide_by_document(data: bytes) -> Decision:
    looks_like = _utf_16_without_mark(data)
    named = declared_in(data.decode(looks_like or "latin-1", "replace"))
    if named is None:
        return Decision(None, UNDECLARED) if looks_like else Decision("utf-8", DEFAULT)
    if not _is_known(named):
        return Decision(None, UNKNOWN)
    if looks_like is not None:
        return Decision(looks_like, UNMARKED, is_open=True) if _is_same(named, looks_like) else Decision(None, CONFLICT)
    # The declaration could be read as ASCII, so the document is not in UTF-16.
    return Decision(None, CONFLICT) if _is_utf_16(named) else Decision(named, DECLARATION)


def _decide_html(charset: str | None, data: bytes) -> Decision:
    bom_encoding = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), None)
    if bom_encoding is not None:
        return Decision(bom_encoding, HTML_BOM)
    if charset is not None and _is_known(charset):
        return Decision(_in_html(charset), HTML_CHARSET)
    for encoding in ("utf-16-le", "utf-16-be"):
        if data.startswith("<?x".encode(encoding)):
            return Decision(encoding, HTML_PRESCAN)
    named = declared_in(data.decode("latin-1"))
    if named is not None and _is_known(named):
        return Decision("utf-8" if _is_utf_16(named) else _in_html(named), HTML_PRESCAN)
    return Decision("windows-1252", HTML_DEFAULT, is_open=True)


def is_html(media_type: str) -> bool:
    """Return whether a media type is that of HTML. Case does not matter (RFC 9110 §8.3.1)."""
    return media_type.lower() == "text/html"


def declared_in(text: str) -> str | None:
    """Return the encoding that the XML declaration at the beginning of *text* names, in lower case, or None if there is
    none.
    """
    found = _NAMED.match(text.removeprefix("\ufeff"))
    return found[1].lower() if found else None


def _utf_16_without_mark(data: bytes) -> str | None:
    """Return the kind of UTF-16 that XML 1.0 appendix F.1 recognises by the zero beside the first "<", or None."""
    return {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(data[:2])


def _is_same(label: str, encoding: str) -> bool:
    """Return whether a label names an encoding. "utf-16" names both byte orders."""
    name = codecs.lookup(label).name if _is_known(label) else label
    return encoding == name or (name == "utf-16" and encoding.startswith("utf-16"))


def _is_utf_16(label: str) -> bool:
    return _is_same(label, "utf-16-le") or _is_same(label, "utf-16-be")


def _in_html(label: str) -> str:
    return _IN_HTML.get(codecs.lookup(label).name, label)


def _is_known(label: str) -> bool:
    try:
        return codec_name(label) not in _PYTHONS_OWN
    except ValueError:
        return False
