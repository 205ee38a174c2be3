"""The addresses in what a reader lists, and which of them run a script if a person follows them.

These schemes count as running a script: `javascript:`, `vbscript:`, and `data:`, which may contain a page. A browser
leaves out control characters and blanks at the beginning of an address, and tabs and line breaks within it (URL
Standard, basic URL parser, steps 1 to 3), so `runs_script` leaves them out, too. Case does not matter (RFC 3986 §3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_LEFT_OUT = re.compile(r"\A[\x00-\x20]+|[\t\n\r]+")
_RUNS = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)
_ANYWHERE = re.compile(r"(?:\A|[\s\"',<>\[(])(?:javascript|vbscript|data):", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LINKS = frozenset({"href", "action", "formaction"})


def runs_script(address: str) -> bool:
    """Return whether following *address* runs a script that the feed has written."""
    return _RUNS.match(_LEFT_OUT.sub("", address)) is not None


def names_script(text: str) -> bool:
    """Return whether a scheme that runs a script is anywhere in *text*: in a JSON list, for instance. A word such as
    "data:" counts, too; a scheme with a control character in it does not.
    """
    return _ANYWHERE.search(text) is not None


def is_absolute(address: str) -> bool:
    """Return whether *address* has a scheme, so that it leads to the same place wherever it is used."""
    return _SCHEME.match(address) is not None


def links_of(html: str) -> list[str]:
    """Return the addresses to which *html* links, as they are written, with their character references resolved."""
    return [resolved(value) for _, attributes in _tags(html) for name, value in attributes if name in _LINKS]


def has_script(html: str) -> bool:
    """Return whether *html* has a script element."""
    return any(name == "script" for name, _ in _tags(html))


def resolved(value: str) -> str:
    """Return *value* with its character references resolved. A number beyond all characters gives U+FFFD (HTML,
    section 13.2.5.80); it is replaced first, since `unescape` raises ValueError for more than 4,300 digits. References
    to control characters are resolved first, too: `unescape` would leave them out, but to a browser, `java&#1;script:`
    is no scheme.
    """
    return unescape(_CONTROL.sub(_control, _BEYOND.sub("\ufffd", _ZEROS.sub(r"&#\g<1>0", value))))


def _control(reference: re.Match[str]) -> str:
    number = int(reference[1]) if reference[1] else int(reference[2], 16)
    return chr(number) if 0 < number < 0x20 or number == 0x7F else reference[0]


def _tags(html: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the name and the attributes of each start tag in *html*, as a browser reads them (HTML, section 13.2.5),
    except that attributes without a value are left out, repeated ones are not, and a tag that never ends counts.

    What a reader lists is untrusted input. Python's own `HTMLParser` takes quadratic time for a tag without an end in
    some versions (40 KB: 13 s), and raises AssertionError for some declarations. This takes linear time: nothing is
    read twice, since each piece is read up to where it ends, or up to the end of *html*.
    """
    position = 0
    while (start := html.find("<", position)) >= 0:
        if tag := _NAME.match(html, start):
            position = tag.end()
            attributes: list[tuple[str, str]] = []
            while found := _ATTRIBUTE.match(html, position):
                position = found.end()
                value = next((value for value in found.group(2, 3, 4) if value is not None), None)
                if value is not None:
                    attributes.append((found[1].lower(), value))
            position = _end_of(html, ">", position)
            name = tag[2].lower()
            if not tag[1]:
                yield name, attributes
                if name in _RAW:
                    ended = _RAW[name].search(html, position)
                    position = ended.start() if ended else len(html)
        elif html.startswith("<!--", start):
            ended = _COMMENT.match(html, start)
            position = ended.end() if ended else len(html)
        elif html.startswith(("<!", "<?", "</"), start):
            position = _end_of(html, ">", start)
        else:
            position = start + 1


def _end_of(html: str, mark: str, position: int) -> int:
    """Return the position behind the next *mark* in *html*; the end of *html* if there is none."""
    found = html.find(mark, position)
    return len(html) if found < 0 else found + len(mark)


_ZEROS = re.compile(r"&#([xX]?)0++")
_BEYOND = re.compile(r"&#0?[1-9][0-9]{7,}+;?")
_CONTROL = re.compile(r"&#(?:0?([0-9]{1,3})(?![0-9])|[xX]0?([0-9a-fA-F]{1,2})(?![0-9a-fA-F]));?")
_COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
_NAME = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
_ATTRIBUTE = re.compile(
    r"[\s/]*+([^\s/>][^\s/>=]*+)"
    r"(?>(?:\s*+=\s*+(?:\"([^\"]*+)(?:\"|\Z)|'([^']*+)(?:'|\Z)|([^\s>\"'][^\s>]*+|(?=>|\Z))))?)"
)
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp")
}
"""The elements in which there are no tags, and the pattern of their end tags."""
