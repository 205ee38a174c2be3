"""How requests for one feed differ from those for others: another name, headers, certificates, or a proxy. Pure.

What could reveal a secret, or weaken a connection, concerns the feed's own origin only: a redirect to another server
gets no header of the feed except its User-Agent, and that server's certificate is verified as usual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from lifestream.message import say

if TYPE_CHECKING:  # every command imports this module for the settings, and few commands connect to anything
    import ssl

DIRECT: Final = "direct"
"""The value of *proxy* for a feed that is requested without a proxy, although LIFESTREAM_PROXY names one."""

MOST_HEADERS: Final = 10
LONGEST_HEADER: Final = 4096
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # a token (RFC 9110 §5.6.2)
_VISIBLE: Final = r"!-~\x80-\ud7ff\ue000-\uffff"  # without surrogates, which no encoding has
_VALUE: Final = re.compile(f"[{_VISIBLE}](?:[ \\t{_VISIBLE}]*[{_VISIBLE}])?")
# Headers that belong to the connection or to the conditions of a request, or that have a setting of their own.
_OURS: Final = frozenset({
    *("host", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "range", "content-length"),
    *("transfer-encoding", "accept-encoding", "content-encoding", "authorization", "proxy-authorization"),
    *("proxy-connection", "if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range"),
    *("user-agent", "cookie2"),
})  # fmt: skip
_PROXY_SCHEMES: Final = ("http", "https", "socks4", "socks5", "socks5h")


class OptionRefused(ValueError):
    """The option can't be used. The message says why, with a remedy, and contains no secret."""


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """The options of one feed. The defaults are those of every other feed.

    *user_agent* replaces the whole field; *headers* are sent in addition, or instead of a usual one such as Accept.
    *certificates* are those of a private authority, in PEM, which is trusted beside the usual ones; without *verifies*,
    any certificate is accepted. *proxy* is the URL of a proxy, DIRECT for none, or "" for that of all feeds.
    """

    user_agent: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    certificates: str = field(default="", repr=False)
    verifies: bool = True
    proxy: str = field(default="", repr=False)

    @property
    def has_own_proxy(self) -> bool:
        """Whether the feed is requested through a proxy of its own: see `is_own_proxy`."""
        return is_own_proxy(self.proxy)

    @property
    def tls(self) -> ssl.SSLContext | bool:
        """The context for connections to the feed's own origin, as aiohttp takes it."""
        return _context(self.certificates, self.verifies) if self.certificates or not self.verifies else True


NO_OPTIONS: Final = RequestOptions()


def is_own_proxy(proxy: str) -> bool:
    """Return whether *proxy*, as `RequestOptions` has it, is one of the feed's own. Such a proxy may limit its clients,
    and most other feeds don't use it, so an answer that comes through it counts for its feed alone.
    """
    return proxy not in ("", DIRECT)


@lru_cache(maxsize=64)
def _context(certificates: str, verifies: bool) -> ssl.SSLContext:
    import ssl

    from lifestream.fetcher.tls_sessions import ClosingObject

    context = ssl.create_default_context()
    context.sslobject_class = ClosingObject
    if certificates:
        context.load_verify_locations(cadata=certificates)
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def checked_headers(lines: str) -> tuple[tuple[str, str], ...]:
    """Return the headers in *lines*, one per line as "Name: value". Raises `OptionRefused`."""
    headers: list[tuple[str, str]] = []
    for line in filter(None, (each.strip() for each in lines.splitlines())):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not _NAME.fullmatch(name):
            raise OptionRefused(say("option-header"))
        if name.lower() in _OURS:
            raise OptionRefused(say("option-header-ours", name=name))
        if len(value) > LONGEST_HEADER or not _VALUE.fullmatch(value):
            raise OptionRefused(say("option-header-value", name=name))
        headers.append((name, value))
    if len(headers) > MOST_HEADERS:
        raise OptionRefused(say("option-headers", most=MOST_HEADERS))
    return tuple(headers)


def checked_certificates(text: str) -> str:
    """Return *text*, certificates in PEM, without the white space around it; "" for blank text.

    Raises `OptionRefused` for a private key, and for text that can't be read as certificates.
    """
    import ssl

    text = text.strip()
    if not text:
        return ""
    if "PRIVATE KEY" in text:
        raise OptionRefused(say("option-private-key"))
    try:
        ssl.create_default_context().load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError):  # TypeError: letters that are not of ASCII
        raise OptionRefused(say("option-no-certificate")) from None
    return text


def checked_proxy(url: str) -> str:
    """Return the URL of a proxy, or DIRECT, or "". Raises `OptionRefused`."""
    url = url.strip()
    if url in ("", DIRECT):
        return url
    if not _is_proxy(url):
        raise OptionRefused(say("option-proxy"))
    return url.rstrip("/")


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    rest = parts.path.removeprefix("/") + parts.query + parts.fragment
    return parts.scheme in _PROXY_SCHEMES and named and not rest and url.isprintable() and " " not in url


def without_password(url: str) -> str:
    """Return *url*, of a proxy or a site, as people may see it. Asterisks replace its user name and password, its query
    and fragment, and what follows a semicolon: no such URL needs the latter three.

    If *url* has no "@" and its port is invalid, that may be a password whose host was forgotten. So asterisks replace
    the port and all that follows it.
    """
    before, at, after = url.rpartition("@")
    if not at:
        try:
            urlsplit(url).port  # noqa: B018  raises ValueError where it is no port
        except ValueError:
            found = _BEFORE_PORT.match(url)
            return f"{found[0]}***" if found else _AFTER_PATH.sub("***", url)
        return _AFTER_PATH.sub("***", url)
    scheme = re.match("[A-Za-z][A-Za-z0-9+.-]*://", before)
    return f"{scheme[0] if scheme else ''}***@{_AFTER_PATH.sub('***', after)}"


_AFTER_PATH: Final = re.compile(r"(?<=[;?#]).+", re.DOTALL)
_BEFORE_PORT: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://(?:\[[^\]/?#]*+\]|[^\[:/?#]++):")
