"""HTML read as a row of tokens, in linear time, whatever it is: for its text, its links, and how deep it nests.

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


class Token(NamedTuple):
    """*kind* is "text", "start", "end" or "hidden" (a comment, or what a script holds); *name* is a tag's,
    lower case.
    """

    kind: str
    name: str
    source: str


def name_set(text: str) -> frozenset[str]:
    """The words of *text*: a set of names that reads well in a table."""
    return frozenset(text.split())


_RAW: Final = name_set("script style xmp iframe noembed noframes noscript textarea title")
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


# What stands before no name (the ">", or the end of what is no whole tag) is a match without one, so that a run of
# slashes or spaces is read once.
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?:>|\Z|(=?[^\s/>=]++|=)(?:\s*+=\s*+(?>"([^"]*+)"|'([^']*+)'|([^\s"'>][^\s>]*+)))?+)""", re.VERBOSE
)
_TAG_NAME = re.compile(r"</?[a-zA-Z][^\s/>]*+")


def attributes(tag: str) -> dict[str, str]:
    """The attributes of the source of a tag: names in lower case, entities resolved, the first of a name counts."""
    found: dict[str, str] = {}
    start = _TAG_NAME.match(tag)
    for name, double, single, bare in _ATTRIBUTE.findall(tag, start.end() if start else 0):
        if name:
            found.setdefault(name.lower(), unescape(double or single or bare))
    return found


# More digits than any character has, leading zeros included. Python refuses to read over 4,300 of them.
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{8,}+);?")


def unescape(text: str) -> str:
    """*text* with its entities resolved once, as `html.unescape` does it, which raises ValueError for a long number."""
    if "&#" in text:
        text = _LONG_REFERENCE.sub(_short_reference, text)
    return html.unescape(text)


def _short_reference(found: re.Match[str]) -> str:
    digits = found[0].strip("&#;").lower()
    mark = "x" if digits.startswith("x") else ""
    digits = digits.removeprefix("x").lstrip("0") or "0"
    return f"&#{mark}{digits};" if len(digits) < 8 else "\ufffd"


_VOID: Final = name_set(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
)
# These end their own kind, so a row of them is not deep; td, th and tr count for nothing outside a table,
# which counts.
_SELF_ENDING: Final = name_set("p li dd dt td th tr tbody thead tfoot option optgroup")
# In SVG and MathML nothing is void or ends by itself, but these leave it (HTML, 13.2.6.5).
_LEAVES_FOREIGN: Final = name_set("br hr img embed meta p li dd dt")
_FORMATTING: Final = name_set("a b big code em font i nobr s small strike strong tt u")
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
