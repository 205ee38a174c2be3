"""What the relative addresses of a feed are relative to, if no `xml:base` says it (reading.md, rule 14).

RFC 3986 (5.1) names the document's URL, but publishers write the text of an entry for the entry's own page, and its
link for the site. A document that another host serves (FeedBurner, a proxy, a file in `/feeds/`) would send a reader to
addresses that don't exist. So a link is relative to the channel's link. A text is relative to the entry's link if that
leads to the host of the channel or of the document. Otherwise, as in a link blog, whose entries lead to other sites, it
is relative to the channel's link, too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urljoin, urlsplit

from lifestream.fetcher.url_hosts import plain_domain

LONGEST_BASE: Final = 2048
MOST_SLASHES: Final = 100
"""The limits of a base: joining a longer one to each address would take quadratic time."""


def is_base(address: str) -> bool:
    """Return whether other addresses may be joined to *address*: it is not empty, and within these limits."""
    return 0 < len(address) <= LONGEST_BASE and address.count("/") <= MOST_SLASHES


def base_of_document(url: str) -> str:
    """Return what addresses in the document at *url* are relative to: *url* itself, or if that is too long to be joined
    to each address, *url* without its query, or the root of its site.
    """
    if not url or is_base(url):
        return url
    path = url.partition("#")[0].partition("?")[0]
    try:
        return path if is_base(path) else urljoin(url, "/")
    except ValueError:  # it is no address
        return ""


def base_of_links(channel: str, url: str) -> str:
    """Return what the links of entries are relative to: *channel*, the absolute link of their feed, or else *url*, the
    address of the document.
    """
    return channel if _host(channel) else url


def base_of_text(link: str, links: str, url: str) -> str:
    """Return what addresses in an entry are relative to: its absolute *link*, if that leads to the host of *links* or
    of the document at *url*; otherwise *links*, the result of `base_of_links`.
    """
    host = _host(link)
    return link if host and host in (_host(links), _host(url)) else links


_HOST = re.compile(r"www\.[\w-]{1,63}(?:\.[\w-]{1,63})+(?=[/?#:]|\Z)", re.IGNORECASE)


def with_slashes(base: str, address: str) -> str:
    """Return *address* with the slashes that its publisher forgot, if it begins with a host: `www.site.example/page`,
    or the host of *base*.
    """
    text = address.lstrip()
    if text.startswith(("http", "/", "#", "?", ".")):
        return address
    first = text.partition("/")[0].rstrip()
    if _HOST.match(text) or ("." in first and f"{base}/".startswith(_starts(first))):
        return f"//{text}"
    return address


def _starts(host: str) -> tuple[str, ...]:
    return tuple(f"{scheme}://{www}{host}/" for scheme in ("https", "http") for www in ("", "www."))


@lru_cache(maxsize=256)
def _host(address: str) -> str:
    """Return the host of *address* without "www.", or "" if it is no base on the web."""
    if not is_base(address):
        return ""
    if plain := plain_domain(address):
        return plain
    try:
        parts = urlsplit(address)
        return (parts.hostname or "").removeprefix("www.") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""
