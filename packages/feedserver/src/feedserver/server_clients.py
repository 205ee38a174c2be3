"""What clients of a server need: whom to trust, a certificate to show, or a client that is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from feedserver.messages.argument_types import check_choice, check_name
from feedserver.server_location import ServerLocation

if TYPE_CHECKING:
    import ssl

    import httpx
    import requests

    from feedserver.net.tls import Tls
    from feedserver.ready_clients import Library, UrllibClient


class ServerClients(ServerLocation):
    """The part of a `FeedServer` that equips clients for it."""

    tls: Tls | None

    @property
    def ca_bundle(self) -> str:
        """The file with the certificate of the authority that a client must trust, for `verify=` and `--cacert`.

        Raises RuntimeError for a server without TLS.
        """
        self._tls_or_raise()
        from feedserver.net.tls import authority

        return str(authority().bundle)

    def client_context(self, certificate: str | None = None) -> ssl.SSLContext:
        """Return a context for clients that trusts the server's authority and checks everything; see `ca_bundle`.

        With *certificate*, a host name or an e-mail address, clients show a certificate for it.
        """
        check_name("certificate", certificate, "reader.example", or_none=True)
        self._tls_or_raise()
        from feedserver.net.tls import client_context

        return client_context(certificate)

    def client_certificate(self, name: str) -> str:
        """Return a file with a private key and a certificate of the authority for a client, for `cert=` and `--cert`.

        *name* is a host name or an e-mail address. Raises ValueError for another *name*, RuntimeError for a server
        without TLS.
        """
        check_name("name", name, "reader.example")
        self._tls_or_raise()
        from feedserver.net.tls import authority

        return str(authority().client_certificate(name))

    @overload
    def client(self, library: Literal["urllib"] = "urllib", *, certificate: str | None = None) -> UrllibClient: ...
    @overload
    def client(self, library: Literal["httpx"], *, certificate: str | None = None) -> httpx.Client: ...
    @overload
    def client(self, library: Literal["httpx-async"], *, certificate: str | None = None) -> httpx.AsyncClient: ...
    @overload
    def client(self, library: Literal["requests"], *, certificate: str | None = None) -> requests.Session: ...
    def client(self, library: Library = "urllib", *, certificate: str | None = None) -> Any:
        """Return a client of *library* that is ready for this server: "urllib", "httpx", "httpx-async" or "requests".

        It has the base URL, so that paths are enough, trusts the server's authority, and ignores the proxies and the
        bundles of certificates that the environment names. It shows the certificate of the client called *certificate*,
        see `client_certificate`. Close it, or use it in a `with` statement.

        Raises ModuleNotFoundError where the library is not installed, RuntimeError before the first start, and for a
        *certificate* where the server has no TLS.
        """
        from feedserver.ready_clients import Library, Trust, client_of

        check_choice("library", library, get_args(Library))
        check_name("certificate", certificate, "reader.example", or_none=True)
        certificate_file = self.client_certificate(certificate) if certificate is not None else None
        bundle = self.ca_bundle if self.tls is not None else None
        return client_of(library, Trust(self.base_url, self.url, bundle, certificate_file))

    def _tls_or_raise(self) -> None:
        if self.tls is None:
            raise RuntimeError("the server speaks no TLS; start it with FeedServer(…, tls=True)")
