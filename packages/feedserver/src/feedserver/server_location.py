"""Where a server is: its URLs, once it has started."""

from __future__ import annotations

from feedserver.messages.argument_types import check_choice, check_encodable, check_is, check_name
from feedserver.server_address import Scheme, ServerAddress


class ServerLocation:
    """The part of a `FeedServer` that gives its addresses."""

    _address: ServerAddress | None

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at the end. Raises RuntimeError before the first start."""
        return self._started_address().base_url

    def url(self, path: str = "/", *, scheme: Scheme | None = None, host: str | None = None) -> str:
        """Return the URL of *path*. Characters that are not allowed in a URL are percent-encoded. What is already
        percent-encoded stays as it is.

        A server with TLS answers both schemes; *scheme* chooses one, by default https. *host* is another name or
        address that leads to this server: one of its aliases, or localhost. Raises RuntimeError before the first start.
        """
        check_is("path", path, str, "give text, such as '/feed'")
        check_encodable("path", path)
        check_choice("scheme", scheme, ("http", "https", None))
        check_name("host", host, "localhost", or_none=True)
        return self._started_address().url(path, scheme, host)

    def _started_address(self) -> ServerAddress:
        if self._address is None:
            raise RuntimeError("the server has no address yet; start it, or use it in a with statement")
        return self._address
