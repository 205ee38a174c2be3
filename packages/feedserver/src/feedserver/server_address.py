"""The address of a server: its URLs, and the hosts that lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias
from urllib.parse import quote

from feedserver.handler.quit_method import is_loopback

Scheme: TypeAlias = Literal["http", "https"]

_SAFE = "/?&=%:@!$'()*+,;~#[]-._"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The address of a server on *port* of *host* and of its *aliases*; *scheme* is the default of its URLs."""

    scheme: Scheme
    host: str
    port: int
    aliases: tuple[str, ...] = ()

    @property
    def base_url(self) -> str:
        """The URL of the server, without a slash at the end."""
        return f"{self.scheme}://{_in_url(self.host)}:{self.port}"

    def url(self, path: str, scheme: Scheme | None = None, host: str | None = None) -> str:
        """Return the URL of *path*, with another *scheme* or *host* if given; see `FeedServer.url`."""
        base = ServerAddress(scheme or self.scheme, self.host if host is None else host, self.port).base_url
        return f"{base}/{quote(path.removeprefix('/'), _SAFE, errors='surrogateescape')}"

    def is_own(self, host: str) -> bool:
        """Return whether *host*, with its port, means this server. Port 80 or 443 may be left out, and a login does not
        matter.
        """
        named = host.rpartition("@")[2].lower()
        return named in self.own_hosts or (self.port in (80, 443) and f"{named}:{self.port}" in self.own_hosts)

    @property
    def own_hosts(self) -> frozenset[str]:
        """The hosts, with the port and in lower case, that mean this server where a client uses it as its proxy."""
        return frozenset([f"{host}:{self.port}" for host in _own_names(self.host, self.aliases)])


@lru_cache(maxsize=64)
def _own_names(host: str, aliases: tuple[str, ...]) -> frozenset[str]:
    """Return the hosts of `own_hosts`, without the port. Cached, since the servers of a test suite mostly differ in
    their port only.
    """
    names = {_in_url(host).lower()}
    if is_loopback(host) or host in ("0.0.0.0", "::"):  # noqa: S104 - it is compared, not bound
        names |= {"localhost", "127.0.0.1", "[::1]"}
    return frozenset(names | {_in_url(alias).lower() for alias in aliases})


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
