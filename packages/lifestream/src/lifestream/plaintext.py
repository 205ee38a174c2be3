"""HTML read as a row of tokens, in linear time, whatever it is: for its text, and for how deep it nests.

It follows the tokenizer of the HTML standard (13.2.5) where browsers and nh3 could be made to disagree with
us about where a tag, a comment or an attribute's value ends. It builds no tree, so nothing here can be
slow.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

# Tab, line feed and carriage return are the only C0 controls that XML 1.0 and PostgreSQL's text both take.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CONTROLS: Final = bytes({*range(32), 127} - {9, 10})
_NO_CHARACTERS: Final = ("\ufffe".encode(), "\uffff".encode())
_LINE_END = re.compile(r"\r\n?")


def scrub(text: str) -> str:
    """*text* without NUL and other control characters, with lone surrogates and non-characters as U+FFFD,
    and with line feeds only.
    """
    if _is_clean(text):
        return text
    return _UNWANTED.sub(lambda found: "" if found[0] < "\x80" else "\ufffd", _LINE_END.sub("\n", text))


def _is_clean(text: str) -> bool:
    """What a regular expression would find out in twenty times the time."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return len(data.translate(None, _CONTROLS)) == len(data) and not any(map(data.__contains__, _NO_CHARACTERS))


def html_of(text: str) -> str:
    """Plain *text* as HTML: a paragraph for each block of lines, and line breaks inside."""
    blocks = re.split(r"\n\s*\n", scrub(text).strip())
    return "\n".join(f"<p>{html.escape(block, quote=False).replace(chr(10), '<br>')}</p>" for block in blocks if block)


def shorten(text: str, length: int) -> str:
    """*text* in at most *length* characters, cut at a word where there is one, and with "…" if cut."""
    if len(text) <= length:
        return text
    head = text[: max(length - 1, 0)]
    if not text[len(head)].isspace():
        cut = head.rfind(" ")
        # Chinese and Japanese have no spaces: a cut that loses most of the text is none.
        head = head[:cut] if cut > len(head) // 2 else head
    return head.rstrip(" ,;:.-–—") + "…"


def without_scripts(text: str) -> str:
    """*text* without the script and style elements in it that are whole; `the <script> tag` is only talk of
    one.
    """
    kept, position = [], 0
    while (start := _SCRIPT.search(text, position)) and (end := _SCRIPT_END.search(text, start.end())):
        kept.append(text[position : start.start()])
        position = end.end()
    return "".join(kept) + text[position:]


_SCRIPT = re.compile(r"<(?:script|style)\b", re.IGNORECASE)
_SCRIPT_END = re.compile(r"</(?:script|style)\b[^>]*+(?:>|\Z)", re.IGNORECASE)


class Token(NamedTuple):
    """*kind* is "text", "start", "end" or "hidden" (a comment, or what a script holds); *name* is a tag's,
    lower case.
    """

    kind: str
    name: str
    source: str


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RAW: Final = _names("script style xmp iframe noembed noframes noscript textarea title")
_MARKUP = re.compile(
    r"""
    <(?P<slash>/?)(?P<name>[a-zA-Z][^\s/>]*+)           # a tag …
    (?>                                                 # … whose attributes may hold any ">" in quotes
        [\s/]++
      | (?>=[^\s/>=]*+|[^\s/>=]++)
        (?>\s*+=\s*+(?>"[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+|))?+
    )*+
    (?:>|\Z)
  | <!--(?:-?>|.*?(?:--!?>|\Z))                         # a comment
  | <!\[CDATA\[.*?(?:\]\]>|\Z)                          # text in SVG and MathML, a bogus comment in HTML
  | <(?:[!?]|/(?!\Z)).*?(?:>|\Z)                        # a bogus comment
    """,
    re.VERBOSE | re.DOTALL,
)
_RAW_END: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}
_START = re.compile(r"<[a-zA-Z]")


def tokens(source: str) -> Iterator[Token]:
    """The tokens of an HTML fragment; joined, their sources are the fragment again."""
    position = 0
    while found := _MARKUP.search(source, position):
        if found.start() > position:
            yield Token("text", "", source[position : found.start()])
        position = found.end()
        if found["name"] is None:
            yield Token("hidden", "", found[0])
            continue
        name = found["name"].lower()
        yield Token("end" if found["slash"] else "start", name, found[0])
        if not found["slash"] and (name in _RAW or name == "plaintext"):
            end = _raw_end(source, position, name)
            if end > position:
                yield Token("hidden", name, source[position:end])
            position = end
    if position < len(source):
        yield Token("text", "", source[position:])


def _raw_end(source: str, position: int, name: str) -> int:
    if name == "plaintext":
        return len(source)
    found = _RAW_END[name].search(source, position)
    if found and name == "script" and "<!--" in source[position : found.start()]:
        # A script may hold "<!--<script></script>" and go on; rather than follow it, skip to the last end.
        *_, found = _RAW_END[name].finditer(source, position)
    return found.start() if found else len(source)


_VOID: Final = _names(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
)
# These end their own kind, so a row of them is not deep; td, th and tr count for nothing outside a table,
# which counts.
_SELF_ENDING: Final = _names("p li dd dt td th tr tbody thead tfoot option optgroup")
# In SVG and MathML nothing is void or ends by itself, but these leave it (HTML, 13.2.6.5).
_LEAVES_FOREIGN: Final = _names("br hr img embed meta p li dd dt")
_FORMATTING: Final = _names("a b big code em font i nobr s small strike strong tt u")
MAX_REOPENED: Final = 100_000


def is_too_deep(source: str, limit: int) -> bool:
    """Whether a tree of *source* could be deeper than *limit*, or far larger than it looks.

    An estimate that never errs on the low side by more than a small factor: what looks like a start tag
    counts, even in a comment; an end tag counts only for its own kind, and only where it surely is one. A
    formatting element that is left open is opened again in each block that follows, so those multiply; more
    than `MAX_REOPENED` are too many.
    """
    if source.count("<") <= limit:
        return False
    foreign = _FOREIGN.search(source) is not None
    flat = _LEAVES_FOREIGN if foreign else _VOID | _SELF_ENDING
    opened: Counter[str] = Counter()
    depth = formatting = reopened = 0
    for kind, name, text in tokens(source):
        if kind == "start":
            reopened += formatting
            if name not in flat:
                opened[name] += 1
                depth += 1
                formatting += name in _FORMATTING
        elif kind == "end":
            if opened[name]:
                opened[name] -= 1
                depth -= 1
                formatting -= name in _FORMATTING
        elif kind == "hidden":
            depth += len(_START.findall(text))
        if depth > limit or reopened > MAX_REOPENED:
            return True
    return False


_FOREIGN = re.compile(r"<(?:svg|math)\b", re.IGNORECASE)
_BREAKS_LINE: Final = _names(
    "address article aside blockquote br caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table tbody td tfoot th "
    "thead tr ul"
)


def text_of(source: str) -> str:
    """The text of an HTML fragment: entities resolved once, spaces collapsed, a line a block, no scripts
    and styles.
    """
    pieces = []
    for kind, name, text in tokens(source):
        if kind == "text":
            pieces.append(" ".join(_spaced(html.unescape(text))))
        elif kind != "hidden" and name in _BREAKS_LINE:
            pieces.append("\n")
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _spaced(text: str) -> list[str]:
    """The words of *text*, with an empty one at an end where there is space, so that joining keeps it."""
    words = text.split()
    if not words:
        return ["", ""] if text else []
    return [""] * text[0].isspace() + words + [""] * text[-1].isspace()
