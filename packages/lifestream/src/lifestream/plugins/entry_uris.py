"""The ids under which entries are published (RFC 4287, section 4.2.6): pure decisions; `storage.published_ids` stores
them.

An entry's own id is taken if it is an absolute IRI (RFC 3987) that the feed can speak for: an address (http, https) or
a tag URI (RFC 4151) of the very host of the feed or of its site, or a `urn:uuid:`. All other entries get a UUID, made
of the feed and the entry's key with a secret of this installation: nobody can foresee it, so no feed can claim it
first.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from typing import Final
from urllib.parse import quote, urlsplit

from lifestream.fetcher.url_hosts import domain_of, host_of

LONGEST: Final = 1000
"""Bytes of an id that is published: an index of PostgreSQL holds no value of more than a third of a page."""

_NOT_IN_IRIS: Final = (
    r"\x00-\x20\x7f-\x9f<>\"{}|\\^`"
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # line ends, and what reverses text (section 4.1)
    r"\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 0xE))
    + r"\U000e0000-\U000e0fff\U000efffe-\U0010ffff"
)
"""The characters that no IRI has (RFC 3987, section 2.2), for a class of a regular expression. Those for private use,
which a query may have, are among them.
"""
_ENCODED = re.compile(f"[{_NOT_IN_IRIS}]")

_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_TAG = re.compile(r"tag:(?:[\w.%+-]+@)?([a-z0-9.-]+),\d{4}(?:-\d\d(?:-\d\d)?)?:.*", re.IGNORECASE | re.ASCII)
_REFUSED = re.compile(rf"[\s{_NOT_IN_IRIS}]")
_PORT = re.compile(r":\d+\Z")


def hosts_of_feed(url: str, site_url: str, domain: str) -> frozenset[str]:
    """Return the hosts, with their ports, that the feed at *url* can speak for: its own, and that of its site.

    The site that the feed names counts if its domain is *domain*, which `url_hosts.site_domain` has found for the feed.
    """
    believed = bool(domain) and domain_of(site_url) == domain
    return frozenset(filter(None, (host_of(url), host_of(site_url) if believed else "")))


def as_iri(url: str) -> str:
    """Return the address *url* with the characters that no IRI has (RFC 3987, section 2.2) percent-encoded, as browsers
    send them. Feeds write such characters into addresses, and a program that reads our documents may copy an address
    into a page.
    """
    return _ENCODED.sub(lambda found: quote(found[0]), url)


def own_uri(guid: str, hosts: Collection[str]) -> str:
    """Return *guid* if it is an absolute IRI that a feed of *hosts* can speak for, or ""."""
    if not _is_iri(guid):
        return ""
    if _UUID.fullmatch(guid):
        return guid
    if tag := _TAG.fullmatch(guid):
        return guid if tag[1].lower() in {_PORT.sub("", host) for host in hosts} else ""
    if guid[:8].lower().startswith(("http://", "https://")):
        return guid if host_of(guid) in hosts and "@" not in urlsplit(guid).netloc else ""
    return ""


def uuid_uri(secret: str, feed: int, key: str, attempt: int = 0) -> str:
    """Return the UUID (RFC 9562, version 8) of the entry with *key* of *feed*, as a URN.

    *attempt* counts from 0; each gives another UUID, for the case that one is taken.
    """
    name = f"{feed}:{key}:{attempt}" if attempt else f"{feed}:{key}"
    digest = hmac.digest(b"lifestream.entry_uris:" + secret.encode(), name.encode(), "sha256")
    digits = digest[:16].hex()
    # The parts are joined by hand: `uuid.UUID` takes three times as long to write the same.
    variant = f"{digest[8] & 0x3F | 0x80:02x}"
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[18:20]}-{digits[20:]}"


def _is_iri(text: str) -> bool:
    """Return whether *text* has only characters that an IRI can have, and is not too long to be stored."""
    return (
        0 < len(text) <= LONGEST
        and text.isprintable()
        and _REFUSED.search(text) is None
        and (text.isascii() or len(text.encode()) <= LONGEST)
    )
