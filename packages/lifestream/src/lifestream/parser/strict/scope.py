"""What an element inherits from the elements around it: its base and its language."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from lifestream.content.urls import has_impossible_host
from lifestream.parser.relative_addresses import is_base, with_slashes
from lifestream.parser.strict.vocabulary import BASE, LANG
from lifestream.parser.text_constructs import one_line

LONGEST_LANGUAGE: Final = 100


class Scope:
    """The *base* of relative addresses, and the *language* of text. *based* says that an `xml:base` set the base."""

    __slots__ = ("_joined", "base", "based", "language")

    def __init__(self, base: str, language: str = "", based: bool = False) -> None:
        self.base, self.language, self.based = base, language, based
        self._joined: dict[str, str] = {}

    def of(self, element: Element) -> Scope:
        """Return the scope inside *element*."""
        attributes = element.attrib
        if not attributes or (BASE not in attributes and LANG not in attributes):
            return self
        written = attributes.get(BASE, "")
        base = self.absolute(written) if is_base(written) and not written.startswith("#") else ""
        language = one_line(attributes.get(LANG, "")).replace("_", "-")  # as in BCP 47
        if len(language) > LONGEST_LANGUAGE:
            language = ""
        return Scope(base or self.base, language or self.language, bool(base) or self.based)

    def at(self, base: str) -> Scope:
        """Return the scope with *base*, unless an `xml:base` has set another one."""
        return self if self.based or base == self.base else Scope(base, self.language)

    def absolute(self, address: str | None) -> str:
        """Return *address* resolved against the base; "" if there is no address, or one that can't be parsed."""
        if not address:
            return ""
        found = self._joined.get(address)
        if found is None:
            found = joined(self.base, with_slashes(self.base, address))
            if len(self._joined) < _MOST_JOINED:
                self._joined[address] = found
        return found


_MOST_JOINED: Final = 10_000


def joined(base: str, address: str) -> str:
    """Return *address* resolved against *base*, in one line; "" if there is no address, or one that can't be parsed.

    An absolute address is the same for every *base*. `urljoin` drops an empty query ("…?") from it only if *base* has
    the same scheme, so the address itself is given as the base.
    """
    text = one_line(address)
    if has_impossible_host(text):
        return ""
    is_absolute = len(text) > len("https://") and text.startswith(("https://", "http://"))
    if is_absolute and "[" not in text and text[-1] not in "?#/":
        return text
    try:
        return urljoin(text if is_absolute else base, text) if text else ""
    except ValueError:
        return ""
