"""The host that a URL names: with its port, to identify servers; bare, to identify sites; and as the text of a link.

A feed says which site it belongs to, and may lie. Features that depend on the site's domain (a plugin, a template)
believe that only if the feed's own URL or most of its links lie within the site: see `site_domain`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from lifestream.content.urls import has_impossible_host

LONGEST_SHOWN: Final = 60
"""How many characters of a host are shown: its end, which shows its owner."""


def host_of(url: str) -> str:
    """Return the host of *url* in lower case, with its port unless that is the scheme's default; "" if there is
    none. The dot that may end a name (RFC 1034, section 3.1) is left out: it is the same host.
    """
    url = _as_browsers_read(url)
    if has_impossible_host(url):
        return ""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().removesuffix("."), parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    if ":" in host:
        host = f"[{host}]"
    return host if port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f"{host}:{port}"


def _as_browsers_read(url: str) -> str:
    """Return *url* as a browser reads it that opens it: each backslash is a slash, and if there was one, more than two
    slashes before the host count as two (url.spec.whatwg.org, "special authority ignore slashes state" and those after
    it). `https://a.example\\@github.com/` and `https://\\a.example` lead to a.example.
    """
    return _MORE_SLASHES.sub(r"\1//", url.replace("\\", "/")) if "\\" in url else url


_MORE_SLASHES = re.compile(r"\A(https?:)///++", re.IGNORECASE)


_PLAIN = re.compile(r"https?://(?>(?:www\.(?=[a-z0-9-]+\.[a-z0-9]))?)([a-z0-9.-]*[a-z0-9-])(?=[/?#]|\Z)")
"""The beginning of most URLs: a host in ASCII and lower case, without a port or a dot at its end."""


def plain_domain(url: str) -> str:
    """Return what `domain_of` returns if *url* has the usual form; "" if only a parser of URLs can find its host."""
    found = _PLAIN.match(url)
    return found[1] if found else ""


def domain_of(url: str) -> str:
    """Return the host of *url* in lower case, without port and leading "www."; plugins and templates are chosen by it.
    Of "www.com", nothing is left out: "com" is no site, but a top-level domain.

    A label that is not ASCII is returned in Punycode (RFC 3492), as DNS has it: a Cyrillic "о" looks like a Latin one.
    """
    if plain := plain_domain(url):
        return plain
    url = _as_browsers_read(url)
    if has_impossible_host(url):
        return ""
    try:
        host = (urlsplit(url).hostname or "").lower().removesuffix(".")
    except ValueError:
        return ""
    bare = host.removeprefix("www.")
    return ".".join(map(_ascii, (bare if "." in bare else host).split(".")))


def host_in_words(url: str) -> str:
    """Return the host that *url* leads to, as the text of a link to it; "" if there is none.

    Only the end of a long name is shown, since its owner can choose any beginning.
    """
    host = domain_of(url)
    return host if len(host) <= LONGEST_SHOWN else f"…{host[1 - LONGEST_SHOWN :]}"


_LONGEST_LABEL: Final = 63
"""Octets of a label in DNS (RFC 1035, section 2.3.4)."""


def _ascii(label: str) -> str:
    if label.isascii():
        return label
    if len(label) > _LONGEST_LABEL:  # no such host exists, and Punycode takes quadratic time
        return label.encode("ascii", "backslashreplace").decode("ascii")
    return f"xn--{label.encode('punycode', 'backslashreplace').decode('ascii')}"


def is_within(domain: str, site: str) -> bool:
    """Return whether *domain* is *site* or a subdomain of it: "gist.github.com" is within "github.com". A name
    without a dot contains only itself: "a.com" is not within "com", which is no site.
    """
    return bool(site) and (domain == site or ("." in site and domain.endswith(f".{site}")))


def most_lead_to(links: Iterable[str], *sites: str) -> bool:
    """Return whether more than half of *links* lead to hosts within *sites*. Links without a host don't count."""
    domains = Counter(map(domain_of, links))
    del domains[""]
    inside = sum(uses for domain, uses in domains.items() if any(is_within(domain, site) for site in sites))
    return inside * 2 > domains.total()


def site_domain(claim: str, url: str, links: Iterable[str]) -> str:
    """Return the domain of the site that a feed belongs to.

    *claim* is the site that the feed names, *url* is where the feed came from, and *links* are those of its entries.
    The claim is believed if the feed's own URL lies within it, or if most of its links do, as when a service
    (FeedBurner, a proxy) serves the feeds of other sites. Otherwise the result is the domain of *url*.
    """
    claimed, own = domain_of(claim), domain_of(url)
    return claimed if is_within(own, claimed) or most_lead_to(links, claimed) else own
