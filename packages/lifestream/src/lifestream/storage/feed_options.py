"""The options that an operator has set for one feed: as values, and in the form in which `Feed.options` and
`Feed.credentials` store them.

Secrets are encrypted (see `credentials`). The login and the headers of a request are stored together in
`Feed.credentials`, so that a feed with any of them is private; the URL of its proxy, which may contain a password, is
stored in the options.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lifestream.fetcher.feed_urls import origin
from lifestream.fetcher.outcomes import FetchRequest
from lifestream.fetcher.request_options import (
    DIRECT,
    NO_OPTIONS,
    OptionRefused,
    RequestOptions,
    checked_proxy,
    is_own_proxy,
)
from lifestream.message import say
from lifestream.storage import credentials
from lifestream.storage.credentials import CredentialsLost

_MARK: Final = "\0"
"""The beginning of the text of secrets that are more than a login. No user name begins with it."""


class OptionsDamaged(ValueError):
    """An option of a feed has a value that is never stored for it: the database was changed by hand. The message names
    the option and the remedy, but not the value, which may be a secret.
    """

    def __init__(self, option: str) -> None:
        super().__init__(say("options-damaged", option=option))


UNREADABLE: Final = (CredentialsLost, OptionsDamaged)
"""The exceptions that are raised if what is set for a feed can't be read. Then the feed is not requested: a request
without its proxy could tell its server more than the operator wants.
"""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets in a feed's requests: *login* is "user:password", "" for none."""

    login: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def sealed(self) -> str:
        """Return the secrets, encrypted as `Feed.credentials` stores them; "" for none."""
        if not self.headers:
            return credentials.seal(self.login)
        return credentials.seal(_MARK + json.dumps({"login": self.login, "headers": self.headers}))


def secrets_of(sealed: str) -> Secrets:
    """Return the secrets that *sealed*, a value of `Feed.credentials`, contains. Raises `CredentialsLost`."""
    text = credentials.unseal(sealed)
    if not text.startswith(_MARK):
        return Secrets(text)
    try:
        stored = json.loads(text.removeprefix(_MARK))
        return Secrets(stored["login"], tuple((name, value) for name, value in stored["headers"]))
    except (ValueError, TypeError, LookupError):  # no cause is kept: its message could contain a secret
        raise CredentialsLost(say("credentials-lost")) from None


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """The options of a feed that are no secrets, and its *proxy*. *interval* is in seconds; 0 if none is set."""

    interval: float = 0.0
    user_agent: str = ""
    certificates: str = field(default="", repr=False)
    verifies: bool = True
    proxy: str = field(default="", repr=False)
    full_content: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the options for `Feed.options`, without those that have their default."""
        proxy = self.proxy if self.proxy in ("", DIRECT) else credentials.seal(self.proxy)
        options = {
            "interval": self.interval,
            "user_agent": self.user_agent,
            "certificates": self.certificates,
            "unverified": not self.verifies,
            "proxy": proxy,
            "full_content": self.full_content,
        }
        return {name: value for name, value in options.items() if value}

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> FeedOptions:
        """Return the options that `as_json` wrote. Raises one of UNREADABLE."""
        found, lost = cls.readable(options)
        for error in lost.values():
            raise error
        return found

    @classmethod
    def readable(cls, options: Mapping[str, Any]) -> tuple[FeedOptions, dict[str, ValueError]]:
        """Return the options that `as_json` wrote, and the errors (UNREADABLE) of those that can't be read, by their
        names in the JSON. An option that can't be read has its default.
        """
        if not isinstance(options, Mapping):
            return cls(), {"options": OptionsDamaged("options")} if options else {}
        values: dict[str, Any] = {}
        lost: dict[str, ValueError] = {}
        for name, read in _READERS.items():
            if name in options:
                try:
                    values[name] = read(options[name])
                except CredentialsLost as error:
                    lost[name] = error
                except (ValueError, TypeError, AttributeError):  # no cause is kept: it could contain a secret
                    lost[name] = OptionsDamaged(name)
        verifies = not values.pop("unverified", False)
        return cls(verifies=verifies, **values), lost


def _interval(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise TypeError
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _proxy(value: Any) -> str:
    if _text(value) in ("", DIRECT):
        return str(value)
    try:
        return checked_proxy(credentials.unseal(value))
    except OptionRefused:
        raise TypeError from None


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "interval": _interval,
    "user_agent": _text,
    "certificates": _text,
    "unverified": _truth,
    "proxy": _proxy,
    "full_content": _truth,
}


def interval_of(options: Mapping[str, Any]) -> float:
    """Return the interval that is set for a feed, in seconds; 0 if none is set, or if it can't be read."""
    try:
        return _interval(options.get("interval", 0.0))
    except (TypeError, AttributeError):
        return 0.0


def has_own_proxy(options: object) -> bool:
    """Return whether a feed with these options has a proxy of its own: see `is_own_proxy`."""
    return isinstance(options, Mapping) and is_own_proxy(options.get("proxy", ""))


def takes_full_content(options: object) -> bool:
    """Return whether the content of a feed's entries is to be taken from their pages."""
    return isinstance(options, Mapping) and options.get("full_content") is True


def request_options(options: Mapping[str, Any], secrets: Secrets) -> RequestOptions:
    """Return how a feed with these options is requested. Raises one of UNREADABLE."""
    chosen = FeedOptions.from_json(options)
    return RequestOptions(chosen.user_agent, secrets.headers, chosen.certificates, chosen.verifies, chosen.proxy)


@dataclass(frozen=True, slots=True)
class RequestsBeside:
    """Requests for what belongs to the feed at *url*: its site's pages and icons. *login* and *options* are the feed's.

    Its proxy and its User-Agent are used for all of them. Its login, its headers and its certificates are used only for
    its own origin, as with a redirect, and only there may certificates be left unverified.
    """

    url: str
    login: str = field(default="", repr=False)
    options: RequestOptions = NO_OPTIONS

    @classmethod
    def of(cls, url: str, options: Mapping[str, Any], sealed: str) -> RequestsBeside:
        """Return the requests for a feed with these columns of `Feed`. Raises one of UNREADABLE."""
        secrets = secrets_of(sealed)
        return cls(url, secrets.login, request_options(options, secrets))

    def to(self, url: str) -> FetchRequest:
        """Return the request for *url*."""
        if _origin(url) == _origin(self.url):
            return FetchRequest(url, credentials=self.login, options=self.options)
        return FetchRequest(url, options=replace(self.options, headers=(), certificates="", verifies=True))


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        return origin(url)
    except ValueError:
        return None
