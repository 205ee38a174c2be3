"""The criteria by which a test selects exchanges, shared by the journal and the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import TypeAlias, TypedDict
from urllib.parse import unquote

from feedserver.handler.exchange import Exchange
from feedserver.messages.argument_types import check_is, check_name, check_status
from feedserver.messages.request import Request
from feedserver.messages.terminal_text import visible

HeaderFilter: TypeAlias = Mapping[str, str | None]
"""Header names to the value they must have; None means that the header must be there, whatever its value."""


class Criteria(TypedDict, total=False):
    """What a request must have beside its path; each criterion may be left out.

    - method: the request's method; it may be written in lower case.
    - headers: header names to the value they must have; None means that the header must be there, whatever its value.
    """

    method: str | None
    headers: HeaderFilter | None


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """The *path*, *method* and *headers* that a request must have, and the *status* of its answer; None: any.

    *path* is compared with the decoded path, and may itself be percent-encoded. A *path* with a query string is
    compared with path and query. A whole URL is compared with the target; a target in origin form is completed by the
    request's scheme and Host.
    """

    path: str | None = None
    method: str | None = None
    headers: HeaderFilter | None = None
    status: int | None = None

    def __post_init__(self) -> None:
        """Raise TypeError or ValueError for criteria that no request could match.

        A test would pass because of them, or fail without saying why.
        """
        check_name("path", self.path, "/feed", or_none=True)
        check_name("method", self.method, "GET", or_none=True)
        if self.status is not None:
            check_status(self.status)
        if self.headers is None:
            return
        check_is("headers", self.headers, Mapping, "give a mapping, such as {'If-None-Match': None}")
        for name, value in self.headers.items():
            check_name("a name in headers", name, "ETag")
            check_is(f"headers[{name!r}]", value, (str, NoneType), "give the text that it must be, or None for any")

    def matches(self, exchange: Exchange) -> bool:
        """Return whether *exchange* matches all criteria."""
        request = exchange.request
        if request is None:
            return self.path is None and self.method is None and not self.headers and self.status is None
        if self.path is not None and not _asks_for(request, self.path):
            return False
        if self.method is not None and request.method not in (self.method, self.method.upper()):
            return False
        if self.status is not None and exchange.known_status != self.status:
            return False
        return all(
            name in request.headers and (value is None or request.headers[name] == value)
            for name, value in (self.headers or {}).items()
        )

    def difference(self, exchange: Exchange) -> str:
        """Return how *exchange*, whose path matches, differs in method or headers; "" where it does not."""
        if self.method is not None and exchange.method not in (self.method, self.method.upper()):
            return f" It was requested with {exchange.method}."
        for name, value in (self.headers or {}).items():
            found = exchange.headers.get(name)
            if found is None:
                return f" It was requested without {name}."
            if value is not None and found != value:
                return visible(f" It was requested with {name}: {found}")
        return ""

    def __str__(self) -> str:
        words = [self.method or "", self.path or "any path"]
        for name, value in (self.headers or {}).items():
            words.append(f"with {name}" if value is None else f"with {name}: {value}")
        return " ".join(word for word in words if word)


def _asks_for(request: Request, wanted: str) -> bool:
    is_url = "://" in wanted.partition("?")[0] and not wanted.startswith("/")
    return _asks_for_url(request, wanted) if is_url else _asks_for_path(request, wanted)


def _asks_for_url(request: Request, url: str) -> bool:
    asked = request.target
    if asked.startswith("/"):
        asked = f"{request.scheme}://{request.headers.get('Host', '')}{asked}"
    return url in (asked, asked.removesuffix("/"))


def _asks_for_path(request: Request, path: str) -> bool:
    name, mark, query = path.partition("?")
    name = name if name.startswith("/") else f"/{name}"
    if mark and request.query != query:
        return False
    return request.path in (name, unquote(name, "utf-8", "surrogateescape"))
