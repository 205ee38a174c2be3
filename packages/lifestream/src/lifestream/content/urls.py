"""Addresses from untrusted feeds, made absolute, and safe for a browser to open."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from lifestream.combining_marks import piles_written
from lifestream.content.late_pattern import late
from lifestream.content.plaintext import scrub

DEFAULT_URL_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "magnet"})
FETCHED: Final = frozenset({"http", "https"})
# Characters that url.spec.whatwg.org removes before it reads a URL, at the ends and inside: "java\nscript:" becomes a
# scheme that way.
NOISE_AROUND_URL: Final = "".join(map(chr, range(0x21)))
_NOISE_IN_URL: Final = dict.fromkeys(map(ord, "\t\n\r"))
# Characters that change the direction of an address where it is shown: RFC 3987, section 4.1, wants them
# percent-encoded, as they are sent anyway.
_TURNS_AROUND = late("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# The form of most addresses, which need no further checks.
_PLAIN_URL = re.compile(r"(https?)://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#][A-Za-z0-9/?#&=.,:;~%+_!*()@$'-]*)?")

# `_PLAIN_PATH` is a plain path from the root, and `_ORIGIN` the only part of a base that counts for such a path: the
# two are simply joined.
_PLAIN_PATH = re.compile(
    r"(?!.*/[/.])/[A-Za-z0-9/.,:~%+_!*()@$'&=-]*(?:\?[A-Za-z0-9/?&=.,:;~%+_!*()@$'-]+)?(?:#[A-Za-z0-9/?&=.,:;~%+_!*()@$'-]+)?"
)
_ORIGIN = re.compile(r"(https?)://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?=[/?#]|\Z)")


# A name in DNS has 253 characters at most (RFC 1035, section 3.1), each of its labels 63; a login may precede it.
# The pattern takes for a combining mark or a sign what is neither `\w` nor `\s` for Python, and two half-width marks,
# which are `\w`.
_IMPOSSIBLE_HOST = late(r"[^/?#]*+/[\t\r\n]*+/(?:[^/?#]{1001}|[^/?#]*?(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){64})")


def has_impossible_host(url: str) -> bool:
    """Return whether *url* is not in ASCII, and its host, with the login before it, has over 1,000 characters, or 64
    combining marks or signs in a row. The functions of `urllib.parse` normalize a host, which takes time quadratic in
    its marks.
    """
    return not url.isascii() and len(url) > 64 and _IMPOSSIBLE_HOST.match(url) is not None


def safe_url(url: str, base_url: str = "", schemes: frozenset[str] = DEFAULT_URL_SCHEMES) -> str:
    """Return *url* made absolute against *base_url*, or "" if it is empty, if its scheme is not one of *schemes*, if it
    is a web address without a host, or if it can't be parsed.
    """
    if (plain := _PLAIN_URL.fullmatch(url)) and plain[1] in schemes:
        return url
    if (
        url.startswith("/")
        and (origin := _ORIGIN.match(base_url))
        and origin[1] in schemes
        and _PLAIN_PATH.fullmatch(url)
    ):
        return origin[0] + url
    url = scrub(url).strip(NOISE_AROUND_URL).translate(_NOISE_IN_URL)
    if not url or has_impossible_host(url):
        return ""
    try:
        absolute = urljoin(base_url, url)
        parts = urlsplit(absolute)
        if parts.scheme not in schemes or (parts.scheme in FETCHED and not parts.hostname):
            return ""
        parts.port  # noqa: B018  raises ValueError where it is no number
    except ValueError:
        return ""
    # Piles of marks, which are drawn over other lines, are encoded as well.
    return piles_written(_TURNS_AROUND.sub(lambda found: quote(found[0]), absolute.replace(" ", "%20")), quote)
