"""Elements inside a text → HTML: XHTML in Atom, and markup that a publisher forgot to escape.

A document may nest elements to any depth, so nothing here recurses, and elements deeper than `DEEPEST` keep their text
and lose their tags. `xml:base` counts at every level (RFC 4287, section 2), unless it is too long for a base: otherwise
a base that is relative at each level would grow with the depth. The text has only one base, so where an element inside
it has another, addresses are made absolute here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

from lifestream.content.clean_attributes import in_srcset
from lifestream.parser.relative_addresses import is_base
from lifestream.parser.strict.vocabulary import BASE, LANG

DEEPEST: Final = 500
"""The deepest nesting of tags that is kept; browsers stop at about the same depth (512 in WebKit and Chromium)."""

_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_ADDRESSES: Final = frozenset(
    {"href", "src", "cite", "poster", "longdesc", "data", "action", "background", "xlink:href"}
)
_XLINK: Final = "{http://www.w3.org/1999/xlink}"

Join = Callable[[str, str], str]


def inner_html(element: Element, base: str, join: Join, *, is_escaped: bool = False) -> str:
    """Return the content of *element* as HTML. *base* is its base, and `join(base, address)` makes an address absolute.

    *is_escaped* says that its text is HTML already.
    """
    write = _as_it_is if is_escaped else _escaped
    pieces = [write(element.text)]
    # A stack of what is still to be written: elements with their base and depth, and text.
    todo: list[tuple[Element, str, int] | str] = [*_children(element, base, 1, write)]
    while todo:
        task = todo.pop()
        if isinstance(task, str):
            pieces.append(task)
            continue
        child, outer, depth = task
        inner = _base_in(child, outer, join) if BASE in child.attrib else outer
        name = child.tag.rpartition("}")[2]
        text = write(child.text)
        if depth > DEEPEST:
            pieces.append(text)
        elif name.lower() in _VOID:
            pieces.append(f"<{name}{_attributes(child, inner if inner != base else '', join)} />{text}")
        else:
            pieces.append(f"<{name}{_attributes(child, inner if inner != base else '', join)}>{text}")
            todo.append(f"</{name}>")
        todo += _children(child, inner, depth + 1, write)
    return "".join(pieces)


def _base_in(element: Element, outer: str, join: Join) -> str:
    """Return the base of addresses in *element*, which has an `xml:base`. *outer* is that of the elements around it."""
    written = element.attrib[BASE]
    base = join(outer, written) if is_base(written) else ""
    return base if is_base(base) else outer


Write = Callable[[str | None], str]


def _children(element: Element, base: str, depth: int, write: Write) -> list[tuple[Element, str, int] | str]:
    """Return the children of *element* with the text after them, in reverse order: `pop` takes the first child
    first.
    """
    found: list[tuple[Element, str, int] | str] = []
    for child in reversed(element):
        if child.tail:
            found.append(write(child.tail))
        found.append((child, base, depth))
    return found


def _as_it_is(text: str | None) -> str:
    return text or ""


def _escaped(text: str | None) -> str:
    if not text:
        return ""
    if "&" in text:
        text = text.replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _attributes(element: Element, base: str, join: Join) -> str:
    """Return the attributes of *element* as HTML writes them, with absolute addresses if there is a *base*."""
    pieces = []
    for written, value in list(element.attrib.items())[:_MOST_ATTRIBUTES]:
        name = "lang" if written == LANG else written.replace(_XLINK, "xlink:")
        if name.startswith("{"):
            continue
        text = _absolute(name, value, base, join) if base else value
        pieces.append(f' {name}="{_escaped(text).replace(_QUOTE, "&quot;")}"')
    return "".join(pieces)


_QUOTE: Final = '"'


def _absolute(name: str, value: str, base: str, join: Join) -> str:
    """Return the *value* of an attribute, made absolute if it is an address, unless it points into the text itself."""
    if name == "srcset":
        return ", ".join(
            f"{join(base, address) or address} {descriptor}".rstrip() for address, descriptor in in_srcset(value)
        )
    if name in _ADDRESSES and not value.startswith("#"):
        return join(base, value) or value
    return value


_MOST_ATTRIBUTES: Final = 100
