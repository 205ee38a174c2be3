"""Addresses of feeds' pictures on this site, and HTML that names them.

An address is signed, so that the site shows only pictures that its pages name, and is no open proxy. The key is derived
from Django's SECRET_KEY.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from html import escape
from typing import Final

from django.urls import reverse

from lifestream.conf import settings
from lifestream.content.html_tokenizer import unescape
from lifestream.content.stored_values import of_the_web

LONGEST: Final = 4000
"""How many bytes the address of a picture may have. Servers refuse paths that are much longer."""

_PURPOSE: Final = b"lifestream.web.picture_addresses:"

# nh3 writes values in double quotes, with each double quote in them escaped.
_TAG = re.compile(r"<(?:img|source|video)(?=[\s/>])(?>(?>[^<>\"]++|\"[^\"]*+\")*)>")
_NAMED = re.compile(r"(\s(?:src|poster)=\")([^\"]*+)(?=\")|(\ssrcset=\")([^\"]*+)(?=\")")


def address_of(url: str) -> str:
    """Return the address at which this site shows the picture *url*, if it is to show pictures; otherwise *url*.

    What is no web address stays as it is. One that is too long becomes "", since browsers must not request it from its
    host.
    """
    if not settings.serves_pictures or not of_the_web(url):
        return url
    encoded = url.encode("utf-8", "surrogatepass")
    if len(encoded) > LONGEST:
        return ""
    written = base64.urlsafe_b64encode(encoded).rstrip(b"=").decode("ascii")
    return reverse("lifestream:picture", kwargs={"key": _key(encoded, settings.secret_keys[0]), "url": written})


def url_of(key: str, written: str) -> str | None:
    """Return the URL of the picture whose address has these parts, or None if this site has not signed it."""
    try:
        encoded = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
        url = encoded.decode()
    except (binascii.Error, ValueError):
        return None
    signed = any(hmac.compare_digest(_key(encoded, secret), key) for secret in settings.secret_keys)
    return url if signed and of_the_web(url) else None


def shown_here(html: str) -> str:
    """Return *html*, which is clean, with the addresses of pictures replaced by those on this site, if the site is to
    show pictures.
    """
    return _TAG.sub(_rewritten, html) if settings.serves_pictures else html


def _rewritten(tag: re.Match[str]) -> str:
    # The `src` of a <source> or <video> is a sound or a film; pictures are in `srcset` and `poster`.
    films = tag[0].startswith(("<source", "<video"))
    return _NAMED.sub(lambda found: _attribute(found, films=films), tag[0])


def _attribute(found: re.Match[str], *, films: bool) -> str:
    if found[1] is None:
        candidates = (candidate.partition(" ") for candidate in unescape(found[4]).split(", "))
        return found[3] + escape(", ".join(f"{address_of(url)}{space}{size}" for url, space, size in candidates))
    if films and "poster" not in found[1]:
        return found[0]
    return found[1] + escape(address_of(unescape(found[2])))


def _key(encoded: bytes, secret: str) -> str:
    made = hmac.digest(hashlib.sha256(_PURPOSE + secret.encode()).digest(), encoded, "sha256")
    return base64.urlsafe_b64encode(made[:18]).decode("ascii")
