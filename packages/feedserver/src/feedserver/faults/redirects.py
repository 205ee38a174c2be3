"""Redirects to refuse: the redirect leads in a loop, out of HTTP, to another port or a private network.

Each replaces the status by 302, and Location by a URL; the rest of the response stays, and even a 304 becomes a 302.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import ClassVar

from feedserver.faults.fault import Fault, Layer, Shaped, declaring
from feedserver.faults.kind import Kind, plain, with_number
from feedserver.messages.request import Request
from feedserver.messages.response import Response, reason_phrase


@dataclass(frozen=True, slots=True)
class _Redirect(Fault):
    layer: ClassVar[Layer] = Layer.BODY

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response as a redirect."""
        headers = response.headers.replaced("Location", self.location(request))
        return Shaped(replace(declaring(response, headers), status=302, reason=reason_phrase(302)))

    @abstractmethod
    def location(self, request: Request) -> str:
        """Return the URL that the client is redirected to."""


@dataclass(frozen=True, slots=True)
class RedirectLoop(_Redirect):
    """A redirect to the URL that the client asked for."""

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "redirect loop"

    def location(self, request: Request) -> str:
        """Return the request's own target."""
        return request.target


@dataclass(frozen=True, slots=True)
class RedirectToFile(_Redirect):
    """A redirect to `file:///etc/passwd`, which a client must not read, whatever a server says."""

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "redirect to file:"

    def location(self, request: Request) -> str:  # noqa: ARG002 - the same for all requests
        """Return the URL of a file on the client's own machine."""
        return "file:///etc/passwd"


@dataclass(frozen=True, slots=True)
class RedirectToPort(_Redirect):
    """A redirect to another *port* of the same host: by default to 1, on which usually nothing listens."""

    port: int = 1

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port {self.port} does not exist; ports go from 1 to 65535")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "redirect to port 22"."""
        return f"redirect to port {self.port}"

    def location(self, request: Request) -> str:
        """Return the URL of the same path at *port*."""
        return f"{request.scheme}://{_without_port(request.host)}:{self.port}{_path_of(request)}"


@dataclass(frozen=True, slots=True)
class RedirectToAddress(_Redirect):
    """A redirect to an *address* in a private network, which a client in a data centre must not be made to ask
    (SSRF).
    """

    address: str = "10.0.0.1"

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        try:
            ip_address(self.address)
        except ValueError:
            raise ValueError(f"{self.address!r} is no IP address; write one such as 10.0.0.1 or ::1") from None

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "redirect to private address 10.0.0.1"."""
        return f"redirect to private address {self.address}"

    def location(self, request: Request) -> str:
        """Return the URL of the same path at *address*."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{request.scheme}://{host}{_path_of(request)}"


def _without_port(host: str) -> str:
    """Return *host* without its port, which may be empty; "localhost" for a request that names no host."""
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdigit() or not port) else host) or "localhost"


def _path_of(request: Request) -> str:
    """Return the path and query as they were sent, also if the client uses the server as its proxy."""
    if request.target.startswith("/"):
        return request.target
    return "/" + request.target.partition("://")[2].partition("/")[2]


def _read_address(rest: str) -> Fault:
    return RedirectToAddress(rest) if rest else RedirectToAddress()


KINDS = (
    plain("redirect loop", RedirectLoop),
    plain("redirect to file:", RedirectToFile),
    with_number("redirect to port", "[N]", RedirectToPort, 22),
    Kind(
        "redirect to private address",
        "[ADDRESS]",
        _read_address,
        ("redirect to private address", "redirect to private address 127.0.0.2"),
    ),
)
