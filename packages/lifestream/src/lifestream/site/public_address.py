"""Correcting the address of a request before Django sees it.

Behind a proxy, a server knows neither the scheme nor the name that a visitor's browser used, and takes the proxy for
the visitor. This WSGI middleware sets the values from which Django builds absolute addresses, secure cookies and logs:

- the headers X-Forwarded-For, -Proto and -Host are used if the request comes from a trusted proxy, and are removed in
  either case, as is Forwarded;
- LIFESTREAM_PUBLIC_URL is the site's one address. Its path is used for all requests, its scheme and host for those
  whose host is one of ALLOWED_HOSTS. Other hosts stay as they are, so that Django refuses them. The scheme stays http
  if a trusted proxy says so, and Django redirects to https.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lifestream.setting_values import Network
from lifestream.web.proxy_headers import FORWARDED, came_through_proxy

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")


class PublicAddress:
    """A WSGI application around *application*. *proxies* are networks, or "unix" for a server's Unix socket.

    *is_ours* returns whether a host, with its port, is one of the site's.
    """

    def __init__(
        self,
        application: WSGIApplication,
        public_url: str = "",
        proxies: Sequence[Network | str] = (),
        is_ours: Callable[[str], bool] = lambda host: True,  # noqa: ARG005
    ) -> None:
        self._application = application
        self._networks = [proxy for proxy in proxies if not isinstance(proxy, str)]
        self._by_socket = "unix" in proxies
        self._is_ours = is_ours
        parts = urlsplit(public_url)
        self._scheme, self._netloc, self._path = parts.scheme, parts.netloc, parts.path.rstrip("/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        scheme = self._forwarded(environ)
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        if self._netloc and self._is_ours(environ.get("HTTP_HOST", "")):
            environ["HTTP_HOST"] = self._netloc
            # If a proxy says that its visitor came by http, that is used: Django redirects the visitor to https.
            environ["wsgi.url_scheme"] = scheme if scheme == "http" else self._scheme
        if self._path:
            environ["SCRIPT_NAME"] = self._path
            path = environ.get("PATH_INFO", "")
            if path == self._path or path.startswith(f"{self._path}/"):
                environ["PATH_INFO"] = path[len(self._path) :]
        return self._application(environ, start_response)

    def _forwarded(self, environ: dict[str, Any]) -> str:
        """Use the headers if a trusted proxy has sent them, and remove them. Return the scheme in them, or ""."""
        was_passed_on = came_through_proxy(environ)
        sent = {name: environ.pop(name, "") for name in _FORWARDED}
        # A visitor behind a proxy is not this machine itself; views that answer only this machine read this value.
        environ[FORWARDED] = was_passed_on
        if not self._trusts(environ.get("REMOTE_ADDR", "")):
            return ""
        if host := _last(sent["HTTP_X_FORWARDED_HOST"]):
            environ["HTTP_HOST"] = host
        # From right to left: each proxy has added the address that it saw. The first one that is not trusted is the
        # visitor's.
        for address in reversed([each.strip() for each in sent["HTTP_X_FORWARDED_FOR"].split(",")]):
            if not _is_address(address):
                environ[FORWARDED] = was_passed_on
                break
            environ[FORWARDED], environ["REMOTE_ADDR"] = False, address
            if not self._trusts(address):
                break
        return _last(sent["HTTP_X_FORWARDED_PROTO"]).lower()

    def _trusts(self, address: str) -> bool:
        if not address or address == "localhost":  # what servers set for a Unix socket
            return self._by_socket
        return _is_address(address) and any(_as_ip(address) in network for network in self._networks)


def _as_ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address)
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def _is_address(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _last(header: str) -> str:
    return header.rpartition(",")[2].strip()
