"""A tokenizer of HTML, linear in time for any input: for the text of HTML, its links, and the cost of parsing it.

It follows the tokenizer of the HTML standard (13.2.5) wherever untrusted HTML could otherwise make it disagree with
browsers and nh3 about where a tag, a comment or an attribute's value ends. So only ASCII white space separates names
and values, and only ASCII letters have two cases: a no-break space or a Kelvin sign is a part of a name, like any other
character. It builds no tree, so no nesting can make it slow.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.entities import html5
from string import ascii_lowercase, ascii_uppercase
from typing import Final, NamedTuple

from lifestream.content.late_pattern import late


class Token(NamedTuple):
    """A token: *kind* is "text", "start", "end" or "hidden" (a comment, or the content of an element of RAW or of
    `plaintext`); *name* is the name of the tag, or of the element with this content, in lower case, and "" for others.
    """

    kind: str
    name: str
    source: str


def name_set(text: str) -> frozenset[str]:
    """Return the words of *text* as a set of names, which keeps tables of names readable."""
    return frozenset(text.split())


RAW: Final = name_set("script style xmp iframe noembed noframes noscript textarea title")
"""The elements whose content is text, whatever it looks like."""

MARKUP = re.compile(
    r"""
    <(?P<slash>/?)(?P<name>[a-zA-Z][^\s/>]*+)           # a tag …
    (?>(?>                                                 # … whose attributes may hold any ">" in quotes
        [\s/]++
      | (?>=[^\s/>=]*+|[^\s/>=]++)
        (?>(?>\s*+=\s*+(?>"[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+|))?)
    )*)
    (?:>|\Z)
  | <!--(?:-?>|.*?(?:--!?>|\Z))                         # a comment
  | <!\[CDATA\[.*?(?:\]\]>|\Z)                          # text in SVG and MathML, a bogus comment in HTML
  | <(?:[!?]|/(?!\Z)).*?(?:>|\Z)                        # a bogus comment
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_RAW_END: Final = {name: late(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII) for name in RAW}


def lower(name: str) -> str:
    """Return the *name* of a tag or an attribute with its ASCII letters in lower case, and all others unchanged."""
    return name.lower() if name.isascii() else name.translate(_LOWER)


_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


def tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of an HTML fragment. Their sources, joined, are the fragment."""
    position = 0
    while found := MARKUP.search(source, position):
        if found.start() > position:
            yield Token("text", "", source[position : found.start()])
        position = found.end()
        if found["name"] is None:
            yield Token("hidden", "", found[0])
            continue
        name = lower(found["name"])
        yield Token("end" if found["slash"] else "start", name, found[0])
        if not found["slash"] and (name in RAW or name == "plaintext"):
            end = raw_end(source, position, name)
            if end > position:
                yield Token("hidden", name, source[position:end])
            position = end
    if position < len(source):
        yield Token("text", "", source[position:])


def raw_end(source: str, position: int, name: str) -> int:
    """Return where the content of a raw element *name*, or of `plaintext`, ends if it begins at *position*."""
    if name == "plaintext":
        return len(source)
    if name == "script":
        return _script_end(source, position)
    found = _RAW_END[name].search(source, position)
    return found.start() if found else len(source)


_SCRIPT_MARK = late(r"<!--|-->|<(/?)script(?=[\s/>])", re.IGNORECASE | re.ASCII)


def _script_end(source: str, position: int) -> int:
    """Return where the script that begins at *position* ends. A `</script>` does not end it if it belongs to another
    `<script>` between `<!--` and `-->` (HTML, 13.2.5.20 to 13.2.5.31: script data escaped, and double escaped).
    """
    escaped = nested = False
    while found := _SCRIPT_MARK.search(source, position):
        position = found.end()
        if found[0] == "<!--":
            if not escaped:
                escaped = True
                position -= 2  # the dashes of `<!-->` end it, too
        elif found[0] == "-->":
            escaped = nested = False
        elif not found[1]:
            nested = nested or escaped
        elif not nested:
            return found.start()
        else:
            nested = False
    return len(source)


# Slashes and spaces that no name follows (before ">", or at the end of an incomplete tag) are a match without a name,
# so that a run of them is read only once.
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?:>|\Z|(=?[^\s/>=]++|=)(?>(?:\s*+=\s*+(?>"([^"]*+)"|'([^']*+)'|([^\s"'>][^\s>]*+)))?))""",
    re.VERBOSE | re.ASCII,
)
_TAG_NAME = re.compile(r"</?[a-zA-Z][^\s/>]*+", re.ASCII)


def attributes(tag: str) -> dict[str, str]:
    """Return the attributes in the source of a tag: names in lower case, entities resolved. If a name occurs several
    times, its first value counts.
    """
    found: dict[str, str] = {}
    start = _TAG_NAME.match(tag)
    for name, double, single, bare in _ATTRIBUTE.findall(tag, start.end() if start else 0):
        if name:
            found.setdefault(lower(name), _unescaped_value(double or single or bare))
    return found


_NAMED_REFERENCE = late(r"&([a-zA-Z][a-zA-Z0-9]*+)([;=]?)")


def _unescaped_value(text: str) -> str:
    """Return the value of an attribute with its entities resolved. A named entity without a semicolon counts only if
    neither `=` nor a letter or digit follows it (HTML, 13.2.5.73): `?a=1&copy=2` is an address with two parameters.
    """
    if "&" not in text:
        return text
    return unescape(_NAMED_REFERENCE.sub(_without_parameters, text))


def _without_parameters(found: re.Match[str]) -> str:
    is_entity = found[2] != "=" and found[1] + found[2] in html5
    return found[0] if is_entity else f"&amp;{found[0][1:]}"


# More digits than the number of any character has, leading zeros included. Python refuses to read over 4,300 digits.
_LONG_REFERENCE = late(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{8,}+);?")


def unescape(text: str) -> str:
    """Return *text* with its entities resolved once, like `html.unescape`, but without its ValueError for a number of
    more than 4,300 digits.
    """
    if "&#" in text:
        text = _LONG_REFERENCE.sub(_short_reference, text)
    return html.unescape(text)


def _short_reference(found: re.Match[str]) -> str:
    digits = found[0].strip("&#;").lower()
    mark = "x" if digits.startswith("x") else ""
    digits = digits.removeprefix("x").lstrip("0") or "0"
    return f"&#{mark}{digits};" if len(digits) < 8 else "\ufffd"
