"""XML that is well-formed by construction: a tree of elements, and the only function that turns the tree into bytes.

Text and attributes are escaped, characters that XML 1.0 cannot contain are refused, and a character that the encoding
lacks becomes a character reference. So every parser returns the values that were written, carriage returns included;
these are written as references, since they would be normalised otherwise (§2.11, §3.3.3).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias
from xml.etree import ElementTree as ET

XHTML = "http://www.w3.org/1999/xhtml"

NAMESPACES: Mapping[str, str] = MappingProxyType(
    {
        "atom": "http://www.w3.org/2005/Atom",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "sy": "http://purl.org/rss/1.0/modules/syndication/",
        "thr": "http://purl.org/syndication/thread/1.0",
    }
)
"""The namespaces that documents use, by prefix. The root element declares those that occur."""

_XML = "http://www.w3.org/XML/1998/namespace"
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 does not allow (§2.2, production 2)."""

_ENCODING_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")  # §4.3.3, production 81
_TEXT = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "\r": "&#13;",
}  # ">" is escaped, too: "]]>" may not be in text (§2.4)
_VALUE = {**_TEXT, '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}


class Html(str):
    """Text that is HTML for a feed reader: what publishing software writes into a CDATA section."""

    __slots__ = ()


Child: TypeAlias = "Element | str"


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its *name* with prefix, its *attributes* and its *children*."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Child, ...] = ()


def element(name: str, *children: Child | None, **attributes: str | int | None) -> Element:
    """Return an element. Children and attributes that are None are left out."""
    return Element(
        name,
        tuple((key, str(value)) for key, value in attributes.items() if value is not None),
        tuple(child for child in children if child is not None),
    )


def optional(name: str, value: str | int | None) -> Element | None:
    """Return an element with *value* as its text, or None if there is no value."""
    if value is None:
        return None
    return Element(name, (), (value if isinstance(value, str) else str(value),))


def xhtml(fragment: str) -> Element:
    """Return a fragment of XHTML inside its `div` (RFC 4287 §3.1.1.3), without comments and processing instructions.

    Raises ValueError if it is not well-formed, or has an attribute of another namespace than that of XML.
    """
    try:
        parsed = ET.fromstring(f'<div xmlns="{XHTML}">{fragment}</div>')  # noqa: S314 - the user's own text
    except (ET.ParseError, ValueError) as error:
        raise ValueError(f"{fragment!r} is no well-formed XHTML ({error}); write it as html instead") from error
    return _from_tree(parsed, "")


def _from_tree(node: ET.Element, outer_namespace: str) -> Element:
    namespace, local = _split(node.tag)
    attributes = [("xmlns", namespace)] if namespace != outer_namespace else []
    for name, value in node.attrib.items():
        attribute_namespace, attribute = _split(name)
        if attribute_namespace == _XML:
            attribute = f"xml:{attribute}"
        elif attribute_namespace:
            raise ValueError(
                f"the attribute {attribute!r} of {attribute_namespace} is not allowed in XHTML; leave it out"
            )
        attributes.append((attribute, value))
    children: list[Child] = [node.text] if node.text else []
    for child in node:
        children.append(_from_tree(child, namespace))
        if child.tail:
            children.append(child.tail)
    return Element(local, tuple(attributes), tuple(children))


def _split(name: str) -> tuple[str, str]:
    """Split a name of ElementTree, `{namespace}local`, into the namespace ("" for none) and the local name."""
    namespace, brace, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
    return (namespace, local) if brace else ("", name)


def serialize(
    root: Element,
    encoding: str = "utf-8",
    *,
    bom: bool | None = None,
    declaration: bool | str = True,
    cdata: bool = False,
) -> bytes:
    """Return the tree below *root* as a document in *encoding*, which may be any that Python knows.

    *bom* says whether a byte order mark comes first; None means as `encode` does. *declaration* says whether there is
    an XML declaration; a string is the encoding that it names in place of the true one. *cdata* writes `Html` in CDATA
    sections.

    Raises ValueError for a character that XML cannot contain, for an unknown encoding and one that lacks a character of
    the declaration, and for a *declaration* that does not have the form of an encoding's name.
    """
    codec_name(encoding)  # Raises ValueError for an encoding that does not exist.
    declared = _declared(encoding, declaration)
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    root = Element(root.name, (*root.attributes, *_prefixes(root)), root.children)
    text = _document(head, root, _Style(cdata, frozenset()))
    missing = frozenset(character for character in set(text) if not _survives(character, encoding))
    if missing:
        if impossible := [character for character in head if character in missing]:
            raise ValueError(f"{encoding!r} cannot write {impossible[0]!r}, so no XML; choose another encoding")
        text = _document(head, root, _Style(cdata, missing))
    return encode(text, encoding, bom=bom)


def encode(text: str, encoding: str, *, bom: bool | None = None) -> bytes:
    """Return *text* in *encoding*, with a byte order mark if *bom*; None adds one only for "utf-16" and "utf-32", which
    need it, and for "utf-8-sig".

    UTF-16 and UTF-32 are little-endian unless the name says otherwise. Raises ValueError if the encoding is unknown or
    lacks a character.
    """
    name = codec_name(encoding)
    if bom is None:
        bom = name in ("utf-16", "utf-32", "utf-8-sig")
    if name in ("utf-16", "utf-32"):
        name += "-le"
    try:
        return (("\ufeff" if bom else "") + text).encode(name.removesuffix("-sig"))
    except UnicodeEncodeError as error:
        character = text[error.start - bom] if error.start >= bom else "\ufeff"
        raise ValueError(f"{encoding!r} cannot write U+{ord(character):04X}; choose another encoding") from error


def codec_name(encoding: str) -> str:
    """Return Python's name for *encoding*. Raises ValueError if Python does not know it, or if it is no encoding of
    text.
    """
    try:
        "".encode(encoding)  # Refuses base64, rot13 and similar codecs, which `codecs.lookup` finds, too.
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise ValueError(f"{encoding!r} is no encoding of text; write its registered name, as in 'utf-8'") from error


def _declared(encoding: str, declaration: bool | str) -> str:
    if declaration is False:
        return ""
    name = encoding if declaration is True else declaration
    if not _ENCODING_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not allowed in an XML declaration; write a name such as 'windows-1251'")
    return "utf-8" if declaration is True and codec_name(encoding) == "utf-8-sig" else name


def _survives(character: str, encoding: str) -> bool:
    """Return whether *encoding* encodes a character so that it is decoded to the same one. Some codecs, such as Shift
    JIS, encode several characters alike.
    """
    try:
        return character.encode(encoding).decode(encoding) == character
    except UnicodeError:
        return False


def _prefixes(root: Element) -> Iterator[tuple[str, str]]:
    found = {name.partition(":")[0] for name in _names(root) if ":" in name}
    for prefix, uri in NAMESPACES.items():
        if prefix in found:
            yield f"xmlns:{prefix}", uri


def _names(node: Element) -> Iterator[str]:
    yield node.name
    for name, _ in node.attributes:
        yield name
    for child in node.children:
        if isinstance(child, Element):
            yield from _names(child)


class _Style:
    """How text is written: whether `Html` is in CDATA sections, and which characters the encoding is *missing*."""

    __slots__ = ("cdata", "missing", "special_in_cdata", "special_in_text", "special_in_value")

    def __init__(self, cdata: bool, missing: frozenset[str]) -> None:
        self.cdata = cdata
        self.missing = missing
        # Made once for a document: these sets may have as many members as it has different characters.
        self.special_in_text = missing.union(_TEXT)
        self.special_in_value = missing.union(_VALUE)
        self.special_in_cdata = missing | {"\r"}


def _document(head: str, root: Element, style: _Style) -> str:
    return (head + "".join(_write(root, "\n", style, root.name)) + "\n").lstrip()


def _write(node: Element, indent: str | None, style: _Style, path: str) -> Iterator[str]:
    """Yield the markup of *node*. *indent* is the line break and the blanks before its tags, or None if white space
    there would change the content. *path* names the node in messages.
    """
    attributes = "".join(
        f' {name}="{_escape(value, _VALUE, style, f"{path}/@{name}")}"' for name, value in node.attributes
    )
    if not node.children:
        yield f"{indent or ''}<{node.name}{attributes}/>"
        return
    yield f"{indent or ''}<{node.name}{attributes}>"
    # Between text and elements, and in HTML that a browser shows, a line break would change the content.
    is_indented = indent is not None and not any(isinstance(child, str) for child in node.children)
    is_indented = is_indented and ("xmlns", XHTML) not in node.attributes
    seen: dict[str, int] = {}
    for child in node.children:
        if isinstance(child, Element):
            seen[child.name] = seen.get(child.name, 0) + 1
            child_path = f"{path}/{child.name}[{seen[child.name]}]"
            yield from _write(child, f"{indent}  " if is_indented else None, style, child_path)
        elif style.cdata and isinstance(child, Html):
            yield _cdata(child, style, path)
        else:
            yield _escape(child, _TEXT, style, path)
    yield f"{indent}</{node.name}>" if is_indented else f"</{node.name}>"


def _escape(text: str, escapes: Mapping[str, str], style: _Style, path: str) -> str:
    _check(text, path)
    special = style.special_in_text if escapes is _TEXT else style.special_in_value
    if special.isdisjoint(text):
        return text
    return "".join(
        escapes.get(character) or (f"&#{ord(character)};" if character in style.missing else character)
        for character in text
    )


def _cdata(text: str, style: _Style, path: str) -> str:
    """Return a CDATA section. It is closed and opened again around what it cannot contain: "]]>", and references."""
    _check(text, path)
    section = text.replace("]]>", "]]]]><![CDATA[>")
    if not style.special_in_cdata.isdisjoint(section):
        section = "".join(
            f"]]>&#{ord(character)};<![CDATA[" if character in style.special_in_cdata else character
            for character in section
        )
    return f"<![CDATA[{section}]]>"


def _check(text: str, path: str) -> None:
    if found := ILLEGAL.search(text):
        raise ValueError(
            f"{path} contains U+{ord(found[0]):04X}, which XML does not allow, not even as a reference "
            f"(XML 1.0 §2.2); leave it out, or write the document by hand to test a reader with it"
        )
