"""An element that contains text → the text, and what kind of text it is."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from lifestream.parser.strict.markup import inner_html
from lifestream.parser.strict.scope import Scope, joined
from lifestream.parser.strict.vocabulary import XHTML
from lifestream.parser.text_constructs import ELEMENTS, TextKind, as_html, as_line, is_html, kind_of, one_line


class Construct(NamedTuple):
    """A *text*, its *kind*, and the *scope* of its element."""

    text: str
    kind: TextKind
    scope: Scope

    @property
    def html(self) -> str:
        """The text as HTML."""
        return as_html(self.text, self.kind)

    @property
    def line(self) -> str:
        """The text as one line of plain text."""
        return as_line(self.text, self.kind)


NOTHING: Final = Construct("", TextKind.OTHER, Scope(""))


def text_of(element: Element | None) -> str:
    """Return the text of *element* before the first element inside it, in one line, or "" if there is none."""
    return one_line(element.text) if element is not None and element.text else ""


def loose(element: Element, scope: Scope, kind: TextKind = TextKind.LOOSE) -> Construct:
    """Return the text of an element of RSS. It is of this *kind*, or HTML if it contains markup that is not escaped."""
    scope = scope.of(element)
    if len(element):
        texts = (element.text, *(child.tail for child in element))
        is_escaped = any(text is not None and is_html(text) for text in texts)  # markup of which only a part is escaped
        return Construct(inner_html(element, scope.base, joined, is_escaped=is_escaped), TextKind.HTML, scope)
    return Construct((element.text or "").strip(), kind, scope)


def written(element: Element) -> str:
    """Return the person's name or the category that *element* contains: HTML if it contains elements, all of them of
    HTML; otherwise the text before its first element.
    """
    if not len(element) or not all(child.tag.rpartition("}")[2].lower() in ELEMENTS for child in element):
        return element.text or ""
    return inner_html(element, "", joined)


def typed(element: Element, scope: Scope) -> Construct:
    """Return the text of a text construct of Atom (RFC 4287, 3.1 and 4.1.3; Atom 0.3, section 3.1)."""
    scope = scope.of(element)
    written = element.get("type", "")
    kind = kind_of(written)
    if len(element):
        return _inline(element, scope, is_escaped="xhtml" not in written and kind is TextKind.HTML)
    text = (element.text or "").strip()
    if kind is TextKind.OTHER or element.get("mode", "").lower() == "base64":
        decoded = _of_base64(text)
        if kind is TextKind.OTHER and decoded != text and written.lower().startswith("application/"):
            kind = TextKind.LOOSE  # a file, but a text file
        text = decoded
    return Construct(text, kind, scope)


def alternatives(contents: Iterable[Element]) -> Iterator[Element]:
    """Yield *contents*, but instead of an element with several forms of a text (Atom 0.3, 3.1.1) yield these forms."""
    for element in contents:
        if len(element) and element.get("type", "").strip().lower().startswith("multipart/"):
            yield from element
        else:
            yield element


def _of_base64(text: str) -> str:
    """Return the text that *text* encodes in base64, or *text* itself if it is not base64 of a text."""
    try:
        found = b64decode("".join(text.split()), validate=True).decode("utf-8")
    except ValueError:
        return text
    return text if _CONTROLS.search(found) else found


_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")


def _inline(element: Element, scope: Scope, *, is_escaped: bool) -> Construct:
    """Return the markup in *element*, without the `div` that encloses XHTML (RFC 4287, 3.1.1.3).

    *is_escaped* says that the text between the elements is HTML too, as in the type `html`.
    """
    inner = element[0]
    if len(element) == 1 and inner.tag in (f"{{{XHTML}}}div", "div") and not _has_text(element.text, inner.tail):
        scope = scope.of(inner)
        element = inner
    return Construct(inner_html(element, scope.base, joined, is_escaped=is_escaped).strip(), TextKind.HTML, scope)


def _has_text(*texts: str | None) -> bool:
    return any(text and not text.isspace() for text in texts)
