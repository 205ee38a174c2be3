"""Ready clients for a server: each knows the server's base URL, trusts its certificate authority, and takes nothing
from the environment.

A proxy or a bundle of certificates that the environment names would lead a test's client elsewhere, or let it distrust
the server: `HTTPS_PROXY` for httpx and urllib, `REQUESTS_CA_BUNDLE` for requests, even where `verify` is set.
"""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

if TYPE_CHECKING:
    from http.client import HTTPResponse

    import requests

Library: TypeAlias = Literal["urllib", "httpx", "httpx-async", "requests"]

TIMEOUT = 10.0
"""Seconds that a client waits for the server, unless the test says otherwise: urllib and requests would wait for ever.
"""


@dataclass(frozen=True, slots=True)
class Trust:
    """What clients need of the server: its *base_url*, the function *url* from a path to its URL, and whom they trust.

    *ca_bundle* is the file of the server's authority, None for a server without TLS. *certificate* is the file of the
    client's own certificate, if it shows one.
    """

    base_url: str
    url: Callable[[str], str]
    ca_bundle: str | None
    certificate: str | None

    def context(self) -> ssl.SSLContext:
        """Return a context that trusts the authority alone; without TLS, it trusts what the system does."""
        context = ssl.create_default_context(cafile=self.ca_bundle)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate)
        return context

    def absolute(self, url: str) -> str:
        """Return *url*, which may be a path of the server, as an absolute URL."""
        return url if "://" in url.partition("?")[0] else self.url(url)


class UrllibClient:
    """A client of the standard library: `open` works like `urllib.request.urlopen`, and also takes paths."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust.context())
        )

    def open(
        self,
        url: str | urllib.request.Request,
        data: bytes | None = None,
        timeout: float = TIMEOUT,
        *,
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> HTTPResponse:
        """Request *url*, a path of the server or an absolute URL, and return the answer: see `urllib.request.urlopen`.

        *timeout* is in seconds. *method* and *headers* are for a *url* that is text: a `Request` has its own. Raises
        TypeError if they are given beside a `Request`; urllib.error.HTTPError for an answer of 400 and above and for a
        3xx that it does not follow, such as a 304; URLError or another OSError if no answer comes; and
        http.client.HTTPException for one that is not valid HTTP.
        """
        if isinstance(url, str):
            url = urllib.request.Request(self._trust.absolute(url), method=method, headers=headers or {})  # noqa: S310 - the test's own
        elif method is not None or headers:
            raise TypeError("open() was given a method or headers beside a Request; give them to the Request")
        answer: HTTPResponse = self.opener.open(url, data, timeout)
        return answer

    def close(self) -> None:
        """Close the client: urllib keeps no connection, so there is nothing to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def client_of(library: str, trust: Trust) -> Any:
    """Return a client of *library*. Raises ModuleNotFoundError, with the remedy, where it is not installed."""
    if library == "urllib":
        return UrllibClient(trust)
    if library == "requests":
        return _requests_session(trust)
    httpx_module: Any = _installed("httpx", library)
    kind = httpx_module.AsyncClient if library == "httpx-async" else httpx_module.Client
    return kind(base_url=trust.base_url, verify=trust.context(), trust_env=False, timeout=TIMEOUT)


def _requests_session(trust: Trust) -> requests.Session:
    requests_module: Any = _installed("requests", "requests")

    class ServerSession(requests_module.Session):  # type: ignore[misc]
        """A session that takes paths of the server, too, and gives up after a while."""

        def request(self, method: str, url: str, *arguments: Any, **options: Any) -> requests.Response:
            """Send a request, see `requests.Session.request`."""
            if len(arguments) < 7:  # the seventh after the URL is the time-out
                options.setdefault("timeout", TIMEOUT)
            answer: requests.Response = super().request(method, trust.absolute(url), *arguments, **options)
            return answer

    session: requests.Session = ServerSession()
    session.trust_env = False
    if trust.ca_bundle is not None:
        session.verify = trust.ca_bundle
    session.cert = trust.certificate
    return session


def _installed(name: str, library: str) -> object:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ModuleNotFoundError(
            f"server.client({library!r}) needs the package {name}: pip install {name}", name=name
        ) from error
