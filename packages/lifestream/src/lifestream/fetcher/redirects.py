"""Redirects as values: the URL of the next request, and which part of the redirects is permanent. Pure.

The client doesn't follow redirects by itself, so that each hop is checked here first: only http and https, no loop, a
bounded number of hops, and no credentials taken from a Location. Only the leading run of 301 and 308 is remembered as a
move: behind a temporary hop, a permanent one says nothing about the feed's own URL (RFC 9110 §15.4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from lifestream.message import Message, say

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_MAX_URL = 8192
_LONGEST_HOST = 253  # octets of a name in DNS (RFC 1035, section 3.1), so no name has more characters
# A URL that can be requested as it is, since nothing has to be encoded or left out. Most stored URLs are of this kind,
# and a match takes a tenth of the time of parsing them.
_READY = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-5]?[0-9]{1,4})?/[!\"$-~]*")
# No message contains a password, since messages are stored, shown and logged.
_LOGIN = re.compile(r"(?<=//)[^/?#]*@")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class UrlRefused(ValueError):
    """The URL can't be that of a feed. The message says why."""


class RedirectRefused(ValueError):
    """The redirect is not followed. The message says why."""


def request_url(url: str) -> str:
    """Return *url* as it is requested: absolute, percent-encoded where necessary, without fragment and credentials.

    What is already encoded stays the same, to the byte: a server may distinguish `%2F` from `/` and `%7E` from `~`.
    Raises `UrlRefused` for a scheme other than http and https, for a missing host, and for text that is no URL.
    """
    if len(url) > _MAX_URL:
        raise UrlRefused(say("url-too-long", length=len(url), limit=_MAX_URL))
    if _READY.fullmatch(url) and url[-1] != "?":
        return url
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
        host = _ascii_host(parts.hostname or "")
    except ValueError as error:
        # The text that was taken for a port may be half a password.
        said = str(error)
        reason = said if isinstance(said, Message) else said.partition(" as ")[0]
        raise UrlRefused(say("no-url", url=_without_login(url), reason=reason)) from None
    if parts.scheme not in ("http", "https"):
        shown = _LOGIN.sub("…@", url)
        if not parts.scheme:
            raise UrlRefused(say("no-scheme", url=shown))
        raise UrlRefused(say("scheme-refused", url=shown, scheme=parts.scheme))
    if not host:
        raise UrlRefused(say("no-host", url=_LOGIN.sub("…@", url)))
    return urlunsplit((parts.scheme, host + port, _encoded(parts.path) or "/", _encoded(parts.query), ""))


def origin(url: str) -> tuple[str, str, int]:
    """Return the scheme, host and port of *url* (RFC 6454 §4), which credentials are bound to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def credentials_of(url: str) -> str:
    """Return the "user:password" that *url* carries, decoded; "" if none."""
    from yarl import URL  # imported here and below, since it is slow and few callers need it

    parsed = URL(url, encoded=True)
    return f"{parsed.user or ''}:{parsed.password or ''}" if parsed.raw_user or parsed.raw_password else ""


@dataclass(frozen=True, slots=True)
class Trail:
    """The redirects of one fetch.

    *url* is the next one to request; *moved* is where the permanent part of the redirects leads.
    """

    url: str
    seen: tuple[str, ...] = ()
    permanent: bool = True
    moved: str = ""

    def followed(self, status: int, location: str, *, limit: int) -> Trail:
        """Return the trail after an answer with *status* and *location*.

        Raises `RedirectRefused` if the redirect can't be followed: no Location, a loop, more than *limit* hops, or a
        URL that is not fetched.
        """
        if not location:
            raise RedirectRefused(say("redirect-without-target", url=self.url, status=status))
        seen = (*self.seen, self.url)
        if len(seen) > limit:
            raise RedirectRefused(say("too-many-redirects", limit=limit, url=_LOGIN.sub("…@", location)))
        try:
            url = request_url(urljoin(self.url, location))
        except ValueError as error:
            raise RedirectRefused(say("redirect-refused", url=self.url, reason=str(error))) from error
        if url in seen:
            raise RedirectRefused(say("redirect-loop", url=self.url, target=url))
        permanent = self.permanent and status in _PERMANENT
        return replace(self, url=url, seen=seen, permanent=permanent, moved=url if permanent else self.moved)


def _without_login(url: str) -> str:
    """Return *url*, which is invalid, without anything that may be a password.

    An unencoded "/" in the password may be what makes it invalid, so all before the last "@" may belong to it.
    """
    before, slashes, rest = url.partition("//")
    return f"{before}{slashes}…@{rest.rpartition('@')[2]}" if "@" in rest else url


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    if host.isascii():
        return host
    if len(host) > _LONGEST_HOST:  # Encoding it would take quadratic time (RFC 3492, section 6.3).
        raise ValueError(say("host-too-long", length=len(host), limit=_LONGEST_HOST))
    from yarl import URL

    return URL.build(host=host).raw_host or ""


def _encoded(text: str) -> str:
    """Percent-encode the characters that may not stand in a request line, and no others.

    A lone surrogate stands for the byte that it was decoded from.
    """
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    return quote(text, _ASCII, "utf-8", "surrogateescape")
