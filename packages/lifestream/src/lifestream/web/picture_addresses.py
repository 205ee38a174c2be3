"""Addresses of feeds' pictures on this site, and HTML that names them.

An address is signed, so that the site shows only pictures that its pages name, and is no open proxy. The key is derived
from Django's SECRET_KEY. An address also says which feed names the picture, since feeds take turns when pictures are
fetched.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from functools import lru_cache
from html import escape
from typing import Final

from lifestream.conf import settings
from lifestream.content.html_tokenizer import unescape
from lifestream.content.stored_values import of_the_web
from lifestream.web.page_addresses import page_address

LONGEST: Final = 4000
"""How many bytes the URL of a picture may have. Servers refuse paths that are much longer."""

MOST_PICTURES: Final = 5_000
"""How many addresses of pictures an item's HTML may have: each is signed at each view. Items that people write have
fewer.
"""

_PURPOSE: Final = b"lifestream.web.picture_addresses:"

# Parts that no picture's address has. One address is made of them with `reverse`; for each picture, its own parts then
# replace them.
_ANY_KEY: Final = "-" * 24
_ANY_URL: Final = "-"

# nh3 writes values in double quotes, with each double quote in them escaped.
_TAG = re.compile(r"<(?:img|source|video)(?=[\s/>])(?>(?>[^<>\"]++|\"[^\"]*+\")*)>")
_NAMED = re.compile(r"(\s(?:src|poster)=\")([^\"]*+)(?=\")|(\ssrcset=\")([^\"]*+)(?=\")")


def address_of(url: str, feed: int = 0) -> str:
    """Return the address at which this site shows the picture *url*, if it is to show pictures; otherwise *url*. *feed*
    is the key of the feed that names it, 0 if that is not known.

    A *url* that is no web address is returned as it is. For one that is too long, the result is "", since browsers must
    not request the picture from its own host.
    """
    if not settings.serves_pictures or not of_the_web(url):
        return url
    encoded = url.encode("utf-8", "surrogatepass")
    if len(encoded) > LONGEST:
        return ""
    if feed:
        encoded = b"%d %b" % (feed, encoded)
    written = base64.urlsafe_b64encode(encoded).rstrip(b"=").decode("ascii")
    before, _, after = page_address("picture", key=_ANY_KEY, url=_ANY_URL).rpartition(f"{_ANY_KEY}/{_ANY_URL}")
    return f"{before}{_signature(encoded, settings.secret_keys[0])}/{written}{after}"


def picture_at(key: str, written: str) -> tuple[int, str] | None:
    """Return the feed and the URL of the picture whose address has these parts, or None if this site has not signed
    it.
    """
    try:
        encoded = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
        text = encoded.decode()
    except (binascii.Error, ValueError):
        return None
    signed = any(hmac.compare_digest(_signature(encoded, secret), key) for secret in settings.secret_keys)
    feed, _, url = text.partition(" ") if text[:1].isdigit() else ("0", "", text)
    return (int(feed), url) if signed and of_the_web(url) else None


def shown_here(html: str, feed: int = 0) -> str:
    """Return *html*, which is clean and comes from *feed*, with the addresses of pictures replaced by those on this
    site, if the site is to show pictures.
    """
    if not settings.serves_pictures:
        return html
    addresses = _Addresses(feed)
    return _TAG.sub(lambda tag: _rewritten(tag, addresses), html)


class _Addresses:
    """The addresses on this site of the pictures in one item of *feed*."""

    def __init__(self, feed: int) -> None:
        self._feed = feed
        self._known: dict[str, str] = {}

    def of(self, url: str) -> str:
        """Return the address of the picture *url*; "" if it is one too many."""
        if (address := self._known.get(url)) is None:
            address = address_of(url, self._feed) if len(self._known) < MOST_PICTURES else ""
            self._known[url] = address
        return address


def _rewritten(tag: re.Match[str], addresses: _Addresses) -> str:
    # The `src` of a <source> or <video> is a sound or a film; pictures are in `srcset` and `poster`.
    films = tag[0].startswith(("<source", "<video"))
    return _NAMED.sub(lambda found: _attribute(found, addresses, films=films), tag[0])


def _attribute(found: re.Match[str], addresses: _Addresses, *, films: bool) -> str:
    if found[1] is None:
        candidates = (candidate.partition(" ") for candidate in unescape(found[4]).split(", "))
        return found[3] + escape(", ".join(f"{addresses.of(url)}{space}{size}" for url, space, size in candidates))
    if films and "poster" not in found[1]:
        return found[0]
    return found[1] + escape(addresses.of(unescape(found[2])))


def _signature(encoded: bytes, secret: str) -> str:
    digest = hmac.digest(_signing_key(secret), encoded, "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode("ascii")


@lru_cache(maxsize=8)
def _signing_key(secret: str) -> bytes:
    return hashlib.sha256(_PURPOSE + secret.encode()).digest()
