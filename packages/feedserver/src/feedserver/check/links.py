"""The addresses in what a reader lists, and which of them run a script where a person follows them.

Links that run a script: `javascript:` and `vbscript:`, and `data:`, whose content is a page. A browser leaves out
control characters and blanks at the beginning of an address, and tabs and line breaks within it (URL Standard, basic
URL parser, steps 1 to 3), so they are left out here, too. Case does not matter (RFC 3986 §3.1).
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LEFT_OUT = re.compile(r"\A[\x00-\x20]+|[\t\n\r]+")
_RUNS = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)
_ANYWHERE = re.compile(r"(?:\A|[\s\"',<>\[(])(?:javascript|vbscript|data):", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LINKS = frozenset({"href", "action", "formaction"})


def runs_script(address: str) -> bool:
    """Return whether whoever follows *address* runs what the feed says, in the place where it is shown."""
    return _RUNS.match(_LEFT_OUT.sub("", address)) is not None


def names_script(text: str) -> bool:
    """Return whether such an address stands anywhere in *text*, such as in a list of addresses in JSON."""
    return _ANYWHERE.search(text) is not None


def is_whole(address: str) -> bool:
    """Return whether *address* has a scheme, so that it leads to the same place wherever it stands."""
    return _SCHEME.match(address) is not None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.has_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.has_script = self.has_script or tag == "script"
        self.links += [value for name, value in attrs if name in _LINKS and value is not None]


def links_of(html: str) -> list[str]:
    """Return the addresses to which *html* links, as they are written, with their character references resolved."""
    return _read(html).links


def has_script(html: str) -> bool:
    """Return whether *html* has a script element."""
    return _read(html).has_script


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader
