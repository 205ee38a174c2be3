"""Links whose text is their address: marked, so that a printed page gives the address once.

On paper, the address of a link follows its text. Pure, and linear in the HTML.
"""

from __future__ import annotations

import re
from typing import Final

MARK: Final = "data-plain"
"""The attribute of a marked link. The sanitizer leaves no such attribute to feeds."""

# nh3 writes "<" in text and in values as a reference, and values in double quotes.
_LINK = re.compile(r"<a((?>(?>[^<>\"]++|\"[^\"]*+\")*))>([^<]++)</a>")
_ADDRESS = re.compile(r" href=\"https?://([^\"]*+)\"")
_SCHEME = re.compile(r"\s*+(?:https?://)?", re.IGNORECASE)


def with_plain_marked(html: str) -> str:
    """Return *html*, which is clean, with those links to web addresses marked whose text is the address.

    The text may leave out the scheme, and a slash at the end.
    """
    if "://" not in html:
        return html
    return _LINK.sub(_marked, html)


def _marked(found: re.Match[str]) -> str:
    address = _ADDRESS.search(found[1])
    said = _SCHEME.sub("", found[2], count=1).strip()
    is_plain = address is not None and said.rstrip("/") == address[1].rstrip("/")
    return f"<a {MARK}{found[0][2:]}" if is_plain else found[0]
