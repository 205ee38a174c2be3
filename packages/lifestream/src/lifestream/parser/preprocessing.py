"""Changes to a document so that any parser can read it. Text in, text out, in time linear in its length.

- References to two surrogates become the one character that they mean, and references to control characters from U+0080
  to U+009F become the characters that windows-1252 has there.
- Characters that XML does not allow, and references to them, are removed: NUL, control characters, lone surrogates. (In
  feedparser's loose parser a reference to a surrogate raises an exception, and the whole feed would be lost.)
- Only the short entities of a document type remain. A long entity grows to gigabytes if it is used often, and feeds
  never need one that refers to other entities or to a file.
- Elements that feedparser would merge with other elements of their entry are renamed: `summary` and `subtitle` of
  iTunes, and `description`, `title` and `text` of Media RSS. Each gets a name that feedparser doesn't know, and is in
  feedparser's result under that name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from lifestream.content.late_pattern import late
from lifestream.content.plaintext import scrub
from lifestream.parser.encoding import WINDOWS_CHARACTERS

ITUNES: Final = "http://www.itunes.com/dtds/podcast-1.0.dtd"
MEDIA: Final = ("http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss")
OVERWRITTEN: Final = "\0\0"
"""The sign of a part that is lost, even if the rest of the document is well-formed: when a server crashes while it
stores a document, NULs may take the place of a part. A single NUL is only a mistake in a text.
"""
ASIDE: Final = "aside-"
"""The prefix in the local names of elements that were renamed."""

MAX_ENTITY: Final = 40
"""The maximum length of an entity's text, in characters. A reference has at least three characters, so no text grows
to much more than ten times its length.
"""

MOST_DIFFERENT_NAMES: Final = 20_000
"""How many names of elements, prefixes and entities a document may have. Feeds have a few hundred."""

_SHORTEST_NAMED: Final = len("<a/>")
_NAMED_ELEMENT = late(r"""<(?:!ENTITY\s+)?([^\s<>/!?="'&;@]++)(?=[\s/>])""")
_NAMED_PREFIX = late(r"xmlns:([^\s=]++)")


def has_too_many_names(text: str) -> bool:
    """Return whether *text* has more than MOST_DIFFERENT_NAMES different names.

    Parsers look up each name in a table of all names. If there are very many, that takes far longer than reading.
    """
    if len(text) <= MOST_DIFFERENT_NAMES * _SHORTEST_NAMED:
        return False
    names: set[str] = set()
    start = 0
    while start < len(text):
        end = text.find("<", start + _PART)
        end = len(text) if end == -1 else end
        for pattern in (_NAMED_ELEMENT, _NAMED_PREFIX):
            names.update(pattern.findall(text, start, end))
        if len(names) > MOST_DIFFERENT_NAMES:
            return True
        start = end
    return False


_PART: Final = 64 * 1024
"""The least number of characters that are searched at once. A part ends before a `<`, so no tag is split."""


def cleaned(text: str) -> str:
    """Return *text* in a form that may be given to feedparser."""
    return with_renamed(harmless(text))


def harmless(text: str) -> str:
    """Return *text* in a form that may be given to any parser: only characters that XML allows, and only short
    entities.
    """
    text = scrub(text).lstrip().lstrip("\ufeff").lstrip()
    if "&#" in text:
        text = _REFERENCE.sub(_harmless_reference, _PAIR.sub(_one_character, text))
    return _with_harmless_doctype(text)


def needs_harmless_references(text: str) -> bool:
    """Return whether *text* may have references to surrogates, or to control characters from U+0080 to U+009F."""
    return "&#" in text and _SUSPICIOUS.search(text) is not None


_SUSPICIOUS = late(r"&#(?:[xX]0*[89][0-9a-fA-F];|0*1[2-5][0-9];|[xX]0*[dD][89a-fA-F]|0*5[5-7])")


_REFERENCE = late(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_PAIR = late(
    r"&#(?:[xX]0{0,9}(d[89ab]..)|0{0,9}(5[56]\d{3}));&#(?:[xX]0{0,9}(d[c-f]..)|0{0,9}(5[67]\d{3}));", re.IGNORECASE
)


def _one_character(found: re.Match[str]) -> str:
    """Return the character that two references to surrogates mean in UTF-16, or the references if there is none."""
    try:
        high, low = (
            int(in_hex or decimal, 16 if in_hex else 10) for in_hex, decimal in (found.groups()[:2], found.groups()[2:])
        )
        return (high.to_bytes(2, "big") + low.to_bytes(2, "big")).decode("utf-16-be")
    except ValueError:  # UnicodeDecodeError is one too
        return found[0]


def _harmless_reference(found: re.Match[str]) -> str:
    digits, base = (found[1], 16) if found[1] else (found[2], 10)
    digits = digits.lstrip("0") or "0"
    # A number of eight digits is beyond all characters, so further digits do not matter. Python refuses to convert very
    # long numbers.
    number = int(digits[:8], base)
    if 0x80 <= number <= 0x9F:
        return WINDOWS_CHARACTERS[number]
    if not any(first <= number <= last for first, last in _CHARACTERS):
        return ""
    # Python refuses to convert a very long number, and so would a parser in Python.
    return found[0] if len(found[0]) <= _LONGEST_REFERENCE else f"&#{number};"


_LONGEST_REFERENCE: Final = 20


# Char in XML 1.0, 2.2
_CHARACTERS: Final = ((9, 10), (13, 13), (0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
_PROLOG: Final = r"(?>(?>\s++|<\?(?s:.*?)(?:\?>|\Z)|<!--(?s:.*?)(?:-->|\Z))*)"
_DOCTYPE = late(
    rf"""
    (?P<before>{_PROLOG})
    (?P<name><!DOCTYPE(?>(?>[^\["'>]++|"[^"]*+"|'[^']*+')*))
    (?:\[(?P<subset>(?>(?>[^\]"'<]++|"[^"]*+"|'[^']*+'|<!--(?s:.*?)(?:-->|\Z)|<\?(?s:.*?)(?:\?>|\Z)|<)*))\]\s*+)?
    >
    """,
    re.VERBOSE,
)
_BEFORE_ROOT = late(rf"{_PROLOG}(?=<\w)")
_ENTITY = late(r"""<!ENTITY\s+(\w+)\s+(?:"([^"%<]*)"|'([^'"%<]*)')\s*>""")
_SHORT_VALUE = late(rf"&#\w{{1,9}};|[^&]{{0,{MAX_ENTITY}}}")


@dataclass(frozen=True, slots=True)
class Prolog:
    """The part of a document before its root, which begins at *end*. *end* is 0 if XML does not allow what is in that
    part.

    *netscape* says that the document type is Netscape's of RSS 0.91; *entities* are those that it declares.
    """

    end: int = 0
    netscape: bool = False
    entities: dict[str, str] = field(default_factory=dict)

    def doctype(self) -> str:
        """Return a document type that declares the entities and nothing else, or "" if there are none."""
        declared = "".join(f'<!ENTITY {name} "{value}">' for name, value in self.entities.items())
        return f"<!DOCTYPE feed [{declared}]>" if declared else ""


def prolog(text: str) -> Prolog:
    """Return the prolog of *text*, which is `harmless`."""
    doctype = _DOCTYPE.match(text)
    end = doctype.end() if doctype else 0
    rest = _BEFORE_ROOT.match(text, end)
    if rest is None:
        return Prolog()
    if doctype is None:
        return Prolog(rest.end())
    entities = {name: double or single for name, double, single in _ENTITY.findall(doctype["subset"] or "")}
    return Prolog(rest.end(), "netscape" in doctype["name"].lower(), entities)


def _with_harmless_doctype(text: str) -> str:
    if "<!DOCTYPE" not in text:
        return text
    found = _DOCTYPE.match(text)
    if found is None:
        # Either the document type is in the text of an entry, where no parser reads it as one, or it is broken:
        # then its entities are disabled.
        root = re.search(r"<\w", text)
        head = text[: root.start()] if root else text
        return text.replace("<!ENTITY", "<!NO-ENTITY") if "<!DOCTYPE" in head else text
    entities = [
        f'<!ENTITY {name} "{double or single}">'
        for name, double, single in _ENTITY.findall(found["subset"] or "")
        if _SHORT_VALUE.fullmatch(double or single)
    ]
    subset = f"[{''.join(entities)}]" if entities else ""
    return f"{found['before']}{found['name']}{subset}>{text[found.end() :]}"


_PREFIX = late(r"""xmlns:([\w.-]+)\s*=\s*["']([^"'\s]+)["']""")
_MAX_NAMESPACES: Final = 1000
_MAX_PREFIXES: Final = 10
"""How many prefixes of one namespace are looked for, each in every tag: a document has one or two."""


def with_renamed(text: str) -> str:
    """Return *text*, which is `harmless`, with those elements renamed that feedparser would merge with others."""
    itunes, media = {"itunes"}, {"media"}
    for found in islice(_PREFIX.finditer(text), _MAX_NAMESPACES):
        prefix, namespace = found[1], found[2].lower()
        if namespace == ITUNES and len(itunes) < _MAX_PREFIXES:
            itunes.add(prefix)
        elif namespace in MEDIA and len(media) < _MAX_PREFIXES:
            media.add(prefix)
    if not any(f"<{prefix}:" in text for prefix in itunes | media):
        return text
    merged = re.compile(
        rf"(</?(?:(?:{_either(itunes)}):(?=(?:summary|subtitle)[\s/>])"
        rf"|(?:{_either(media)}):(?=(?:description|title|text)[\s/>])))"
    )
    return merged.sub(rf"\g<1>{ASIDE}", text)


def _either(words: set[str]) -> str:
    return "|".join(map(re.escape, sorted(words)))
