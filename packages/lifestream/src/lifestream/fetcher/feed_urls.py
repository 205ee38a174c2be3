"""URLs of feeds: as they are requested, and how two of them are recognised as one feed. Pure.

People, pages, lists and redirects write one URL in many ways. `request_url` is the only function that turns what they
wrote into what is requested and stored; `url_key` is the only one that says whether two are the same feed.

| in the URL | requested | compared |
|---|---|---|
| `feed:`, a second scheme before the first, login | without | without |
| default port, dots after the host, dot segments, empty query, fragment | without | without |
| case of scheme and host | lower | lower |
| `%7e`, `%2f` | as it is spelt | `~`, `%2F` |
| `%2F` and `/`, order of the query, `http` and `https`, `www.` | as it is spelt | they differ |

The fourth row is RFC 3986, sections 6.2.2.1 and 6.2.2.2: servers may distinguish the spellings of an escape, although
they should not, so a URL is requested as it was written.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from lifestream.content.plaintext import shorten
from lifestream.content.urls import has_impossible_host
from lifestream.message import Message, say

_MAX_URL: Final = 8192
_LONGEST_HOST: Final = 253  # characters that a name in DNS can have in its 255 octets (RFC 1035, section 3.1)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# A URL that can be requested as it is, unless _NOT_READY matches: nothing in it has to be encoded. Most stored URLs are
# of this kind, and a match takes a tenth of the time of parsing them.
_READY = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-5]?[0-9]{1,4})?/[!\"$-~]*")
# What may have to be left out of such a URL: dot segments, an empty query, a default port, a second scheme.
_NOT_READY = re.compile(
    r"/(?:\.|%2e)|\?$|^[^/]*//[^/]*:(?:80|443|0[0-9]*)/|^https?://(?:[^/]*\.)?https?//", re.IGNORECASE
)
# No message contains a password, since messages are stored, shown and logged.
_LOGIN: Final = re.compile(r"(?<=//)[^/?#]*@")
_LOGIN_IN_TEXT: Final = re.compile(r"(?<=:/)(?P<slashes>/*+)[^/?#\s]*@")
# Unicode takes two other characters for an "@", and what is within another URL may be encoded several times.
_AT: Final = r"(?:[@\uff20\ufe6b]|%(?>(?:25)*)40)"
_COLON_IN_TEXT: Final = r"(?::|%(?>(?:25)*)3A)"
_SLASH: Final = r"(?:[/\\]|%(?>(?:25)*)2F)"
# A login whose password has a "/", "?", "#" or blank in it. But the digits of a port are no password, as in
# "https://a.example:8080/@ada".
_LOGIN_WITH_SIGNS: Final = re.compile(
    r"(?<=:/)(?P<slashes>/*+)[^\s/?#:@\[]{1,256}+:(?:(?![0-9]{0,5}(?:[/?#]|$))(?>(?:[^\s@]{0,256}+@)+)"
    r"|(?!\s|[0-9]{0,5}(?:\W|$))(?>(?:(?!://)[^@]){0,256}@(?:[^\s@]{0,256}+@)*))"
)
_NO_PERSON: Final = rf"(?!(?:mailto|acct|xmpp){_COLON_IN_TEXT})"
# Behind a blank or a quote, a password may have any sign in it, unless what is before it looks like a host with a port,
# or like the drive of a path: "localhost:8000/@ada", "C:/@ada".
_LOGIN_OF_NO_SCHEME: Final = re.compile(
    rf"(?<![^\s'\"(=]){_NO_PERSON}(?:(?>(?:https?:)?)(?://)?)(?![a-z]:[/\\])"
    rf"(?>(?:(?!{_COLON_IN_TEXT})[^\s:/@'\"(\[]){{1,256}}){_COLON_IN_TEXT}"
    rf"(?![0-9]{{1,5}}[/?#]|(?:[a-z][a-z0-9+.-]*:)?{_SLASH})"
    rf"(?>(?:(?:(?!{_AT})\S){{1,256}}{_AT})+)(?=[^\s@])",
    re.IGNORECASE,
)
# A password in the path or the query of a URL has none of the signs that end a part of the path or the query.
_LOGIN_WITHIN: Final = re.compile(
    rf"(?:(?<![\w.+~@%-])|(?<=2F)|(?<=3D)){_NO_PERSON}[\w.+~-]{{1,256}}+{_COLON_IN_TEXT}"
    rf"(?![0-9]{{0,5}}{_SLASH})(?>(?:(?!{_AT})[^\s/\\?#&=]){{1,256}}){_AT}(?=[\w\[])",
    re.IGNORECASE,
)
PERSON: Final = re.compile(r"(?:mailto|acct|xmpp):", re.IGNORECASE)
"""The beginning of the address of a person, as in `mailto:ada@a.example`. It is not the user name of a login."""
_ASCII: Final = "".join(map(chr, range(0x21, 0x7F)))
_FEED_SCHEME = re.compile(r"\s*+feed:(?://)?(?=([a-z][a-z0-9+.-]{0,20}+://)?)", re.IGNORECASE)
# People paste an address behind an "https://" that is there already. The scheme that they paste would be taken for the
# host, and a login in their address for a part of the path, which is stored, shown and logged. Their scheme may be any,
# the beginning of a host such as "www." may precede it, and http may have lost its colon or a slash, or have a
# semicolon. Behind the beginning of a host, a scheme other than http, https and feed counts only if a login follows it.
_DOUBLED_SCHEME = re.compile(
    r"\A\s*+(?:https?://\s*+(?:[^/?#\\]*[^a-z0-9+/?#\\-](?=https?\b|feed:|[a-z][a-z0-9+-]*+://.*(?:@|%40)))?)+"
    r"(?=(?:https?|feed):/|https?;?//|[a-z][a-z0-9+-]*+://)",
    re.IGNORECASE | re.DOTALL,
)
_IGNORED: Final = re.compile(r"\A[\x00-\x20]+|[\t\r\n]+")  # in a URL (url.spec.whatwg.org), and by urllib
_DOT: Final = re.compile(r"\.|%2e", re.IGNORECASE)
_DOTS: Final = re.compile(r"(?:\.|%2e){2}", re.IGNORECASE)
# The forbidden domain code points (url.spec.whatwg.org, "host miscellaneous"), and characters that are not ASCII: in
# "1.2.3.4%ü1", yarl takes "ü1" for the zone of an IP address, and does not encode it.
_NO_CHARACTER_OF_A_HOST: Final = "a character that no name of a host has"
_NOT_OF_A_HOST: Final = re.compile(r"[^!-~]|[#%/:<>?@\[\\\]^|]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")  # RFC 3986 §2.3


class UrlRefused(ValueError):
    """The URL can't be that of a feed. The message says why."""


_BEFORE_LOGIN = re.compile(r"(?:feed:)?(?:[^:/\\@]*:?//|https?:[/\\]*)", re.IGNORECASE)
_LOGIN_AT = re.compile(r".*(?:[@\uff20\ufe6b]|%(?:25)*40)", re.DOTALL)  # Unicode takes two other characters for an "@"
_COLON = re.compile(_COLON_IN_TEXT, re.IGNORECASE)
_QUOTED = re.compile(r" '.*'", re.DOTALL)  # in messages of urllib: a host, with its login


def request_url(url: str) -> str:
    """Return *url* as it is requested: as the table above says, and percent-encoded where necessary.

    What is already encoded stays the same, to the byte, but for a dot segment (`%2e`): a server may distinguish `%2F`
    from `/` and `%7E` from `~`. Raises `UrlRefused` for a scheme other than http and https, for a missing host, for
    text that is no URL, and for more than _MAX_URL characters.
    """
    if len(url) > _MAX_URL:
        raise UrlRefused(say("url-too-long", length=len(url), limit=_MAX_URL))
    if _READY.fullmatch(url) and _NOT_READY.search(url) is None:
        return url
    if not (url := without_feed_scheme(url)).strip():
        raise UrlRefused(say("no-url-given"))
    try:
        parts = _split(url)
        port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
        host = _host(parts)
        path, query = _encoded(parts.path), _encoded(parts.query)
    except ValueError as error:
        # The reason leaves out the text that was taken for a port, which may be half a password.
        message = str(error)
        reason = message if isinstance(message, Message) else _QUOTED.sub("", message.partition(" as ")[0])
        raise UrlRefused(say("no-url", url=_without_login(url), reason=reason)) from None
    if parts.scheme not in ("http", "https"):
        shown = _LOGIN.sub("…@", url) if parts.netloc else _without_login(url)
        if not parts.scheme:
            raise UrlRefused(say("no-scheme", url=shown))
        raise UrlRefused(say("scheme-refused", url=shown, scheme=parts.scheme))
    if not host:
        raise UrlRefused(say("no-host", url=_LOGIN.sub("…@", url) if parts.netloc else _without_login(url)))
    return urlunsplit((parts.scheme, host + port, _without_dot_segments(path) or "/", query, ""))


def url_key(url: str) -> str:
    """Return the text by which *url* is compared: URLs that have it in common are one feed.

    A URL that can't be requested is its own key.
    """
    try:
        requested = request_url(url)
    except UrlRefused:
        return url
    return _ESCAPE.sub(_normalised, requested) if "%" in requested else requested


def without_feed_scheme(url: str) -> str:
    """Return *url* without the scheme `feed:`, which pages and lists write so that a feed reader opens it:
    `feed:https://a.example/x` is `https://a.example/x`, and `feed://a.example/x` is `http://a.example/x`. A second
    scheme before the first is left out, too: `https://http://a.example/x` is `http://a.example/x`.
    """
    url = _DOUBLED_SCHEME.sub("", _IGNORED.sub("", url))
    if (found := _FEED_SCHEME.match(url)) is None:
        return url
    rest = _DOUBLED_SCHEME.sub("", url[found.end() :])
    return rest if found[1] else f"http://{rest}"


def origin(url: str) -> tuple[str, str, int]:
    """Return the scheme, host and port of *url* (RFC 6454 §4), which credentials are bound to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)


def credentials_of(url: str) -> str:
    """Return the "user:password" that *url* carries, decoded; "" if none."""
    parts = urlsplit(without_feed_scheme(url))
    if not (parts.username or parts.password):
        return ""
    return f"{_decoded(parts.username or '')}:{_decoded(parts.password or '')}"


def _decoded(text: str) -> str:
    """Return *text* percent-decoded, or as it is if the result would not be UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _normalised(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _without_dot_segments(path: str) -> str:
    """Return *path* without "." and ".." segments, as browsers request it (RFC 3986 §5.2.4, url.spec.whatwg.org)."""
    if _NOT_READY.search(path) is None:
        return path
    kept: list[str] = []
    *segments, last = path.split("/")[1:]
    for segment in segments:
        if _DOTS.fullmatch(segment):
            del kept[-1:]
        elif not _DOT.fullmatch(segment):
            kept.append(segment)
    if _DOTS.fullmatch(last):
        del kept[-1:]
    last = "" if _DOT.fullmatch(last) or _DOTS.fullmatch(last) else last
    return "/".join(["", *kept, last])


def _without_login(url: str) -> str:
    """Return *url*, which is invalid, without anything that may be a password.

    An unencoded "/" in the password may have made the URL invalid, so all before the last "@" may belong to the
    password. Without a scheme or slashes, what is before the "@" may be a name, as in an e-mail address, unless it has
    a colon.
    """
    before = _BEFORE_LOGIN.match(url)
    start = before.end() if before else 0
    login = _LOGIN_AT.match(url, start)
    if login is None or not (start or _COLON.search(PERSON.sub("", login[0]))):
        return url
    return f"{url[:start]}…@{url[login.end() :]}"


def without_logins(text: str) -> str:
    """Return *text*, such as the name of a feed, without the logins of the URLs in it."""
    for login in (_LOGIN_IN_TEXT, _LOGIN_WITH_SIGNS):
        text = login.sub(r"\g<slashes>", text)
    return text


def logins_hidden(message: str) -> str:
    """Return *message* without the logins of the URLs in it, of those without a scheme (`ada:secret@a.example`), and of
    those within other URLs.
    """
    for login in (_LOGIN_IN_TEXT, _LOGIN_WITH_SIGNS):
        message = login.sub(r"\g<slashes>…@", message)
    for login in (_LOGIN_OF_NO_SCHEME, _LOGIN_WITHIN):
        message = login.sub("…@", message)
    return message


def shown_in_message(url: str) -> str:
    """Return *url* without a login, and cut if it is too long to be a URL: no message contains a password."""
    try:
        shown = request_url(url)
    except UrlRefused:
        return shorten(_without_login(url), _MAX_URL)
    for login in (_LOGIN_IN_TEXT, _LOGIN_WITH_SIGNS):
        shown = login.sub(r"\g<slashes>…@", shown)
    return _LOGIN_WITHIN.sub("…@", shown)


def _split(url: str) -> SplitResult:
    """Return the parts of *url*. Raises ValueError if it can't be parsed."""
    if has_impossible_host(url):
        host = url.partition("//")[2].partition("/")[0]
        if len(host) <= _LONGEST_HOST:
            raise ValueError(_NO_CHARACTER_OF_A_HOST)
        raise ValueError(say("host-too-long", length=len(host), limit=_LONGEST_HOST))
    return urlsplit(url)


def _host(parts: SplitResult) -> str:
    """Return the host of a URL, in ASCII; "" if it has none. Raises ValueError for a host that can't be requested."""
    if "\\" in parts.netloc:  # Browsers take it for "/" (url.spec.whatwg.org), others for a part of the name.
        raise ValueError("a backslash in the name of the host")
    host = parts.hostname or ""
    if "[" in parts.netloc.rpartition("@")[2]:
        IPv6Address(host)
    host = _ascii_host(host.rstrip(".")).rstrip(".")  # IDNA turns other dots into "."
    if not host.startswith("[") and _NOT_OF_A_HOST.search(host):
        raise ValueError(_NO_CHARACTER_OF_A_HOST)
    return host


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    if host.isascii():
        return host
    if len(host) > _LONGEST_HOST:  # Encoding it would take quadratic time (RFC 3492, section 6.3).
        raise ValueError(say("host-too-long", length=len(host), limit=_LONGEST_HOST))
    from yarl import URL  # imported here, since it is slow and few callers need it

    return URL.build(host=host).raw_host or ""


def _encoded(text: str) -> str:
    """Percent-encode the characters that are not allowed in a request line, and no others.

    A lone surrogate that stands for an undecodable byte is encoded as that byte; any other raises ValueError.
    """
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    try:
        return quote(text, _ASCII, "utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ValueError(f"U+{ord(text[error.start]):04X} is half a character") from None
