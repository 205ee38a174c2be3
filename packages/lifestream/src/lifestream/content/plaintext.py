"""Plain text: from HTML, as HTML, cleaned, and shortened. All functions take linear time, whatever their input."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from lifestream.combining_marks import without_piles
from lifestream.content.html_tokenizer import name_set, tokens, unescape
from lifestream.content.late_pattern import late

# Tab, line feed and carriage return are the only C0 controls that both XML 1.0 and PostgreSQL's text type accept.
# The C1 controls are not text either: a terminal may obey them (U+009B begins an escape sequence).
_UNWANTED = late("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_C1 = re.compile(b"\xc2[\x80-\x9f]")  # the C1 controls, in UTF-8
_CONTROLS: Final = bytes({*range(32), 127} - {9, 10})
_NO_CHARACTERS: Final = ("\ufffe".encode(), "\uffff".encode())  # in UTF-8
_LINE_END = re.compile(r"\r\n?")
_SHORT_TEXT: Final = 200


def scrub(text: str) -> str:
    """Return *text* without control characters other than tabs and line feeds, with line ends as line feeds, and with
    lone surrogates, U+FFFE and U+FFFF as U+FFFD.
    """
    if _is_clean(text):
        return text
    return _UNWANTED.sub(lambda found: "" if found[0] < "\xa0" else "\ufffd", _LINE_END.sub("\n", text))


def _is_clean(text: str) -> bool:
    """Return whether *text* needs no scrubbing. For ASCII, a regular expression would take several times as long as
    `translate`.
    """
    if text.isascii():
        if len(text) <= _SHORT_TEXT and text.isprintable():
            return True
        return len(text.encode("ascii").translate(None, _CONTROLS)) == len(text)
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate
        return False
    if len(data.translate(None, _CONTROLS)) != len(data) or any(map(data.__contains__, _NO_CHARACTERS)):
        return False
    return not _C1.search(data)


def one_line(text: str) -> str:
    """Return *text*, a name or a server's own words, on one line, scrubbed, and without marks that would be drawn over
    the lines around it.
    """
    return " ".join(without_piles(scrub(text)).split())


def html_of(text: str) -> str:
    """Return plain *text* as HTML: a paragraph for each block of lines, and line breaks inside."""
    return _paragraphs(html.escape(scrub(text), quote=False))


def _paragraphs(escaped: str) -> str:
    blocks = re.split(r"\n\s*\n", escaped.strip())
    return "\n".join(f"<p>{block.replace(chr(10), '<br>')}</p>" for block in blocks if block)


_ADDRESS = late(r"\bhttps?://[^\s<>\"]+[^\s<>\".,;:!?)\]'’”]", re.IGNORECASE)


def linked_html_of(text: str) -> str:
    """Return `html_of` *text*, with links for the web addresses in it."""
    text = scrub(text)
    pieces, position = [], 0
    for found in _ADDRESS.finditer(text):
        pieces += [
            html.escape(text[position : found.start()]),
            f'<a href="{html.escape(found[0])}">{html.escape(found[0])}</a>',
        ]
        position = found.end()
    return _paragraphs("".join(pieces) + html.escape(text[position:]))


def shorten(text: str, length: int) -> str:
    """Return *text* in at most *length* characters (at least 1), cut between words if possible, and with "…" if it was
    cut.

    A user-perceived character of up to _LONGEST_CLUSTER code points isn't split: a letter with its accents, a flag, or
    another emoji of several.
    """
    if len(text) <= length:
        return text
    end = max(length - 1, 0)
    for _ in range(_LONGEST_CLUSTER):
        if not end or not (_joins(text[end]) or text[end - 1] == _JOINER or _splits_flag(text, end)):
            break
        end -= 1
    head = text[:end]
    if not text[len(head)].isspace():
        cut = max(map(head.rfind, " \n"))
        # Chinese and Japanese have no spaces: a cut at a space that loses most of the text is not used.
        head = head[:cut] if cut > len(head) // 2 else head
    return head.rstrip(" \n,;:.-–—") + "…"


_LONGEST_CLUSTER: Final = 20
_JOINER: Final = "\N{ZERO WIDTH JOINER}"
_FOLLOWING: Final = frozenset(
    map(
        chr,
        [
            *range(0x1160, 0x1200),  # vowels and final consonants of Hangul
            *(0x0E33, 0x0EB3),  # the vowel am of Thai and Lao
            *range(0x1F3FB, 0x1F400),  # skin tones
            *range(0xE0020, 0xE0080),  # tags, which make a black flag that of England, Scotland or Wales
        ],
    )
)
"""Characters that belong to the one before them, although they are no marks."""
_LETTERS_OF_FLAGS: Final = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def _joins(character: str) -> bool:
    """Return whether *character* belongs to the one before it, by a part of the rules of Unicode's annex 29."""
    return character > "\x7f" and (
        character == _JOINER or unicodedata.category(character)[0] == "M" or character in _FOLLOWING
    )


def _splits_flag(text: str, end: int) -> bool:
    """Return whether *end* is between the two letters that a flag consists of."""
    if text[end] not in _LETTERS_OF_FLAGS:
        return False
    before = text[:end]
    return (len(before) - len(before.rstrip(_LETTERS_OF_FLAGS))) % 2 == 1


def without_scripts(text: str) -> str:
    """Return *text* without the complete script and style elements in it; text that only mentions a tag, such as `the
    <script> tag`, is kept if no end tag follows.
    """
    if "<" not in text:
        return text
    kept, copied, position = [], 0, 0
    endless = set()  # names without a further end tag: none is searched for twice
    while start := _SCRIPT.search(text, position):
        name, position = start[1].lower(), start.end()
        if name not in endless and (end := _ENDS_OF_SCRIPTS[name].search(text, position)):
            kept.append(text[copied : start.start()])
            copied = position = end.end()
        else:
            endless.add(name)
    return "".join(kept) + text[copied:]


# Without the flag `a`, "ſ" and "ı" would count as "s" and "i".
_SCRIPT = re.compile(r"<((?ai:script|style))\b")
_ENDS_OF_SCRIPTS: Final = {name: late(rf"</(?ai:{name})\b[^>]*+(?:>|\Z)") for name in ("script", "style")}


BREAKS_LINE: Final = name_set(
    "address article aside blockquote br caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table tbody td tfoot th "
    "thead tr ul"
)
"""The elements that begin and end a line of text."""


def text_of(source: str) -> str:
    """Return the text of an HTML fragment: entities resolved once, spaces collapsed, each block on a line, without
    scripts, styles and the sources of formulas.
    """
    if "<" not in source:
        return lines(unescape(source).replace("\n", " "))
    pieces = []
    annotated = False
    for kind, name, text in tokens(source):
        if name == "annotation":
            annotated = kind == "start"
        elif annotated and kind == "text":
            continue
        elif kind == "text":
            pieces.append(unescape(text).replace("\n", " "))
        elif kind != "hidden" and name in BREAKS_LINE:
            pieces.append("\n")
    return lines("".join(pieces))


def lines(text: str) -> str:
    """Return *text* with its spaces collapsed, without empty lines."""
    # `isprintable` is true for no white space but the space. To split a line into its words takes twice as long.
    return "\n".join(
        [
            line if line.isprintable() and "  " not in line else " ".join(line.split())
            for one in text.split("\n")
            if (line := one.strip())
        ]
    )
