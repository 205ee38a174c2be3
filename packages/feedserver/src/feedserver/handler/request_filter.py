"""The criteria by which a test selects exchanges, shared by the journal and the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedserver.handler.conditions import Conditions, Criteria, no_condition, refuse_two_queries
from feedserver.handler.exchange import Exchange
from feedserver.handler.path_pattern import Pattern
from feedserver.handler.routes import check_asterisk, check_method, host_key, spelled
from feedserver.messages.argument_types import check_status
from feedserver.messages.request import Request, split_target
from feedserver.messages.terminal_text import visible

if TYPE_CHECKING:
    from typing import Unpack


@dataclass(frozen=True, slots=True, init=False)
class RequestFilter:
    """The *path*, *method* and other criteria that a request must meet, and the *status* of its answer; None means any.

    *path* matches in any spelling: percent-encoded or not, with or without the first slash. If it has a query string,
    the query of the request must be the same, too, in any spelling. If it is a whole URL, the scheme and the host must
    be the same, too; a request in origin form has the scheme of its connection and the host of its Host header. A
    `Pattern` matches many paths. The other criteria are those of `Criteria`.
    """

    path: str | Pattern | None
    method: str | None
    status: int | None
    conditions: Conditions

    def __init__(
        self,
        path: str | Pattern | None = None,
        *,
        status: int | None = None,
        **criteria: Unpack[Criteria],
    ) -> None:
        """Raise TypeError or ValueError for criteria that no request could match.

        With such criteria, a test would pass for no good reason, or fail without saying why.
        """
        method = criteria.pop("method", None)
        if path is not None and not isinstance(path, Pattern):
            spelled("path", path)
        if method is not None:
            check_method("method", method)
            check_asterisk("method", path, method)
        if status is not None:
            check_status(status)
        put = object.__setattr__
        put(self, "path", path)
        put(self, "method", method)
        put(self, "status", status)
        put(self, "conditions", Conditions.of(criteria, "method", "path"))
        refuse_two_queries(path, self.conditions)

    def matches(self, exchange: Exchange) -> bool:
        """Return whether *exchange* matches all criteria."""
        request = exchange.request
        if request is None:
            return self.path is None and self.method is None and self.conditions.is_empty and self.status is None
        if self.path is not None and not _is_for(request, self.path):
            return False
        if self.method is not None and request.method not in (self.method, self.method.upper()):
            return False
        if self.status is not None and exchange.known_status != self.status:
            return False
        return self.conditions.is_empty or self.conditions.are_met_by(request)

    def difference(self, exchange: Exchange) -> str:
        """Return how *exchange*, whose path matches, differs in method or other criteria; "" if it does not."""
        if self.method is not None and exchange.method not in (self.method, self.method.upper()):
            return f" It was requested with {exchange.method}."
        found = self.conditions.difference(exchange.request) if exchange.request is not None else ""
        return visible(f" It was requested {found}") if found else ""

    def __str__(self) -> str:
        words = [self.method or "", str(self.path or "any path"), *self.conditions.words()]
        return " ".join(word for word in words if word)


def filter_of_request(path: str | Pattern | None, criteria: Criteria) -> RequestFilter:
    """Return a filter of requests alone. Raises TypeError for a *status*: when a request arrives, it has none."""
    if "status" in criteria:
        raise no_condition("status")
    return RequestFilter(path, **criteria)


def _is_for(request: Request, wanted: str | Pattern) -> bool:
    target = split_target(request.target)
    if isinstance(wanted, Pattern):
        return wanted.match_key(target.key) is not None
    spelling = spelled("path", wanted)
    expected = split_target(spelling)
    if expected.host:
        scheme = expected.scheme
        request_scheme = request.target.partition("://")[0].lower() if target.host else request.scheme
        if request_scheme != scheme or host_key(request.host, scheme) != host_key(expected.host, scheme):
            return False
    return target.key == expected.key and ("?" not in spelling or target.query_key == expected.query_key)
