"""Every exchange of a server, and what a test asks of them.

The event loop records, tests read from any thread. An exchange is recorded when its request has arrived, before the
first byte of its answer; how it ended is known later, so asking for that waits (see `exchange`). Recording takes no
lock unless somebody waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from feedserver.handler.exchange import Changes, Exchange, NotSeen
from feedserver.handler.request_filter import Criteria, RequestFilter
from feedserver.messages.request import Request

if TYPE_CHECKING:
    from typing import Unpack


class Journal:
    """Every exchange, in the order of arrival; at most *limit* of them are kept (None: all)."""

    def __init__(self, limit: int | None = None) -> None:
        self._entries: deque[Exchange] = deque(maxlen=limit)
        self.changes = Changes()

    @property
    def listener(self) -> Callable[[Exchange], None] | None:
        """What is called with each exchange when it has ended, before anybody who waits for that wakes.

        It runs on the event loop, so it must return at once. What it raises is raised by `FeedServer.verify`.
        """
        return self.changes.listener

    @listener.setter
    def listener(self, listener: Callable[[Exchange], None] | None) -> None:
        self.changes.listener = listener

    def record(self, exchange: Exchange) -> None:
        """Add an exchange. Called on the event loop, before the answer's first byte."""
        self._entries.append(exchange)
        self.changes.tell()

    def wait_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait until *predicate* holds, at most *timeout* seconds, and return whether it does."""
        return self.changes.wait_until(predicate, timeout)

    def settle(self, timeout: float = 0.2) -> None:
        """Wait a moment for answers that are all but over: a client may have the last byte before it is noted here."""
        self.wait_until(lambda: all(exchange.is_over for exchange in self._entries.copy()), timeout)

    def clear(self) -> None:
        """Forget every exchange."""
        self._entries.clear()

    @property
    def exchanges(self) -> list[Exchange]:
        """All exchanges so far."""
        return list(self._entries.copy())

    @property
    def requests(self) -> list[Request]:
        """All requests so far, without what was no request."""
        return [exchange.request for exchange in self._entries.copy() if exchange.request is not None]

    def filter(
        self, path: str | None = None, *, status: int | None = None, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Return the exchanges whose request matches all that is given.

        *path* is compared with the decoded path, and may itself be percent-encoded; with a query string in it, with
        both. A whole URL is compared with the target, in the origin form behind the scheme and the Host of the request.
        The other criteria are the answer's *status*, and the request's *method*, which is found in capitals too, and
        *headers*: names to the value they must have, None for any.
        """
        return self._matching(RequestFilter(path, status=status, **criteria))

    def _matching(self, wanted: RequestFilter) -> list[Exchange]:
        return [exchange for exchange in self._entries.copy() if wanted.matches(exchange)]

    def wait_for(
        self, path: str | None = None, *, count: int = 1, timeout: float = 5.0, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Wait until *count* matching requests have arrived, at most *timeout* seconds, and return the matches.

        *path* and the criteria, *method* and *headers*, are those of `filter`. Raises NotSeen with what did arrive.
        """
        wanted = RequestFilter(path, **criteria)
        if not self.wait_until(lambda: len(self._matching(wanted)) >= count, timeout):
            seen = self._matching(wanted)
            raise NotSeen(f"waited {timeout:g} s for {_times(count)} of {wanted}, saw {len(seen)}.\n{self.describe()}")
        return self._matching(wanted)

    def assert_requested(
        self, path: str | None = None, *, count: int | None = None, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Assert that a matching request has arrived (*count* times, if given) and return the matches.

        *path* and the criteria, *method* and *headers*, are those of `filter`.
        """
        wanted = RequestFilter(path, **criteria)
        seen = self._matching(wanted)
        if count is None and not seen:
            raise NotSeen(f"{wanted} was not requested.{self._near_miss(wanted)}\n{self.describe()}")
        if count is not None and len(seen) != count:
            raise NotSeen(
                f"{wanted} was requested {_times(len(seen))}, not {_times(count)}."
                f"{self._near_miss(wanted) if len(seen) < count else ''}\n{self.describe()}"
            )
        return seen

    def assert_not_requested(self, path: str | None = None, **criteria: Unpack[Criteria]) -> None:
        """Assert that no matching request has arrived; *path*, *method* and *headers* are those of `filter`."""
        wanted = RequestFilter(path, **criteria)
        seen = self._matching(wanted)
        if seen:
            raise AssertionError(
                f"{wanted} was requested {_times(len(seen))}, and should not have been.\n{self.describe()}"
            )

    def _near_miss(self, wanted: RequestFilter) -> str:
        """Return how the last request for the path differed in method or headers, "" where none did."""
        if wanted.path is None:
            return ""
        differences = map(wanted.difference, reversed(self._matching(RequestFilter(wanted.path))))
        return next(filter(None, differences), "")

    def describe(self, last: int = 20, after: Exchange | None = None) -> str:
        """Return the journal as text for a failing test: a line for each of the *last* exchanges.

        With *after*, only those that came after that one are told.
        """
        entries = self.exchanges
        if after in entries:
            entries = entries[entries.index(after) + 1 :]
        if not entries:
            return "The server received no request."
        lines = [f"  {number}. {exchange.describe()}" for number, exchange in enumerate(entries, 1)]
        more = [f"  … {len(lines) - last} earlier ones"] if len(lines) > last else []
        count = f"{len(entries)} request{'s' if len(entries) != 1 else ''}"
        return "\n".join([f"The server received {count}:", *more, *lines[-last:]])


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
