"""Every exchange of a server, and the questions that a test asks about them.

The event loop records, tests read from any thread. An exchange is recorded when its request has arrived, before the
first byte of its answer. How it ended is known later, so asking for that waits (see `exchange`). Recording takes no
lock unless a thread waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from feedserver.handler.exchange import Changes, Exchange, NotSeen
from feedserver.handler.request_filter import RequestFilter, filter_of_request
from feedserver.messages.argument_types import check_has_run, check_is, check_plain_function, check_seconds, check_whole
from feedserver.messages.request import Request
from feedserver.messages.terminal_text import visible

if TYPE_CHECKING:
    from typing import Unpack

    from feedserver.handler.conditions import Criteria
    from feedserver.handler.path_pattern import Pattern

DROPPED_TOLD = 20
"""How many different dropped requests a message names at most."""

LONGEST_TOLD = 80
"""How many characters of each dropped request a message shows at most."""


class Journal:
    """Every exchange, in the order of arrival; at most *limit* of them are kept (None: all)."""

    def __init__(self, limit: int | None = None) -> None:
        if limit is not None:
            check_whole("journal_limit", limit, 1, 1000)
        self._entries: deque[Exchange] = deque(maxlen=limit)
        self.dropped = 0
        """The number of exchanges that *limit* has dropped since the last `clear`; they came before the others."""
        self._dropped_requests: dict[str, int] = {}
        self.recorded = 0
        """The number of exchanges that were recorded, which is the serial of the last one."""
        self.dropped_up_to = 0
        """The serial of the last exchange that was dropped; 0 where none was."""
        self.cleared_up_to = 0
        """The serial of the last exchange that `clear` removed; 0 where none was."""
        self.unread = ""
        """Why requests are missing that clients have sent since the last `clear`; "" if none are."""
        self.changes = Changes()
        self.catch_up: Callable[[], str] = nothing_is_read
        """Waits until what clients have sent so far is recorded, and returns "", or a problem if that takes too long.
        A server sets it while it runs.
        """
        self.holding: Callable[[], str] = nothing_is_read
        """Returns why it is unknown what some client has sent: it waits behind an answer under way; "" if nothing
        does. A server sets it while it runs; `why_incomplete` calls it.
        """

    @property
    def listener(self) -> Callable[[Exchange], None] | None:
        """A function that is called with each exchange that has ended, before waiting threads wake, or None.

        It runs on the event loop, or on a thread that ends connections while the loop waits, such as in
        `FeedServer.stop`, so it must return at once. What it raises is raised by `FeedServer.verify`.
        """
        return self.changes.listener

    @listener.setter
    def listener(self, listener: Callable[[Exchange], None] | None) -> None:
        if listener is not None:
            check_plain_function("listener", listener, "give a function that takes an Exchange, or None")
        self.changes.listener = listener

    def record(self, exchange: Exchange) -> None:
        """Add an exchange. Called on the event loop or between two of its turns, before the answer's first byte."""
        exchange.serial = self.recorded + 1
        if len(self._entries) == self._entries.maxlen:
            oldest = self._entries[0]
            self.dropped_up_to = oldest.serial
            self._note_dropped(str(oldest)[:LONGEST_TOLD])
        self._entries.append(exchange)
        self.recorded = exchange.serial
        self.changes.wake()

    def _note_dropped(self, request: str) -> None:
        self.dropped += 1
        counts = self._dropped_requests
        if request not in counts and len(counts) >= DROPPED_TOLD:
            request = "others"
        counts[request] = counts.get(request, 0) + 1

    def wait_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait until *predicate* returns True, at most *timeout* seconds, and return whether it did.

        *predicate* is called whenever an exchange changes, and every 20 ms, since it may be about something else, such
        as a connection, or what the client has stored.
        """
        check_plain_function("predicate", predicate, "give a function that returns True or False")
        check_seconds("timeout", timeout)

        def is_true() -> bool:
            result = predicate()
            check_has_run("predicate()", result)
            return result

        return self.changes.wait_until(is_true, timeout, interval=0.02)

    def settle(self, timeout: float = 1.0) -> None:
        """Wait a moment for answers that are almost over: a client may have the last byte before it is noted here.

        *timeout* is in seconds. Only a failed test waits here, and for the whole time only if an answer is stuck. On a
        busy machine it may take some tenths of a second until the server's thread runs.
        """
        check_seconds("timeout", timeout)
        self.changes.wait_until(lambda: all(exchange.is_over for exchange in self._entries.copy()), timeout)

    def clear(self) -> None:
        """Forget every exchange. An expectation that was made before some of them can no longer be checked."""
        with suppress(IndexError):  # one that is recorded meanwhile may go, too
            while True:
                self.cleared_up_to = self._entries.popleft().serial
        self._dropped_requests.clear()
        self.dropped = 0
        self.unread = ""

    @property
    def exchanges(self) -> list[Exchange]:
        """The exchanges so far, as far as they are kept."""
        return list(self._entries.copy())

    @property
    def requests(self) -> list[Request]:
        """The requests so far. An exchange whose bytes were no request has none."""
        return [exchange.request for exchange in self._entries.copy() if exchange.request is not None]

    def filter(
        self, path: str | Pattern | None = None, *, status: int | None = None, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Return the exchanges whose request matches all given criteria.

        *path* is found in any spelling: percent-encoded or not, with or without the first slash. If it has a query
        string, the query of the request must be the same, too. If it is a whole URL, the scheme and the host must be
        the same, too; a request in origin form has the scheme of its connection and the host of its Host header. A
        `Pattern` matches many paths. The other criteria are the answer's *status*, and the request's *method*, which
        may be written in lower case, and *query*, *headers*, *body*, *form*, *json* and *matching*, see
        `ConditionsInput`.
        """
        return self._matching(RequestFilter(path, status=status, **criteria))

    def _matching(self, wanted: RequestFilter) -> list[Exchange]:
        return [exchange for exchange in self._entries.copy() if wanted.matches(exchange)]

    def wait_for(
        self, path: str | Pattern | None = None, *, count: int = 1, timeout: float = 5.0, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Wait until *count* matching requests have arrived, at most *timeout* seconds, and return the matches.

        *path* and the criteria, such as *method* and *query*, are those of `filter`, without *status*. Raises NotSeen,
        whose message lists the requests that did arrive.
        """
        wanted = filter_of_request(path, criteria)
        check_whole("count", count, 1, 2)
        limit = self._entries.maxlen
        if limit is not None and count > limit:
            raise ValueError(f"count is {count}, and the journal keeps {limit}; raise journal_limit, or wait for fewer")
        matching = self._count_of(wanted)
        check_seconds("timeout", timeout)
        if not self.changes.wait_until(lambda: matching() >= count, timeout):
            seen = self._matching(wanted)
            raise NotSeen(
                f"{wanted} was requested {in_times(len(seen))} within {timeout:g} s, not {in_times(count)}."
                f"\n{self.describe()}"
            )
        return self._matching(wanted)

    def _count_of(self, wanted: RequestFilter) -> Callable[[], int]:
        """Return a function that counts the exchanges that match *wanted*.

        In a journal without a limit, it examines each exchange once, however often it is called.
        """
        looked_at, found, cleared = 0, 0, self.cleared_up_to

        def count() -> int:
            nonlocal looked_at, found, cleared
            entries = self._entries.copy()
            if entries.maxlen is not None or cleared != self.cleared_up_to:  # some are dropped, or all were cleared
                looked_at, found, cleared = 0, 0, self.cleared_up_to
            for exchange in islice(entries, looked_at, None):
                looked_at += 1
                found += wanted.matches(exchange)
            return found

        return count

    def assert_requested(
        self, path: str | Pattern | None = None, *, count: int | None = None, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Assert that a matching request has arrived (*count* times, if given) and return the matches.

        *path* and the criteria, such as *method* and *query*, are those of `filter`, without *status*.
        """
        if count is not None:
            check_whole("count", count, 0, 2)
        wanted = filter_of_request(path, criteria)
        held = self._record_what_was_sent()
        seen = self._matching(wanted)
        if count is not None and len(seen) <= count:  # if more were seen, unknown ones change nothing
            self._refuse_where_some_are_unknown(wanted, held)
        if count is None and not seen:
            self._refuse_where_some_are_unknown(wanted, held)
            raise NotSeen(f"{wanted} was not requested.{self.near_miss(wanted)}\n{self.describe()}")
        if count is not None and len(seen) != count:
            raise NotSeen(
                f"{wanted} was requested {in_times(len(seen))}, not {in_times(count)}."
                f"{self.near_miss(wanted) if len(seen) < count else ''}\n{self.describe()}"
            )
        return seen

    def assert_not_requested(self, path: str | Pattern | None = None, **criteria: Unpack[Criteria]) -> None:
        """Assert that no matching request has arrived; *path* and the criteria are those of `assert_requested`."""
        wanted = filter_of_request(path, criteria)
        held = self._record_what_was_sent()
        seen = self._matching(wanted)
        if seen:
            raise AssertionError(
                f"{wanted} was requested {in_times(len(seen))}, and should not have been.\n{self.describe()}"
            )
        self._refuse_where_some_are_unknown(wanted, held)

    def _record_what_was_sent(self) -> str:
        """Have recorded what clients have sent so far; return what `why_incomplete` says of the rest."""
        problem = self.catch_up()
        if problem:
            raise AssertionError(problem)
        return self.why_incomplete()

    def why_incomplete(self) -> str:
        """Return why requests that clients have sent are not recorded, or not yet; "" if all of them are."""
        if self.unread:
            return f"{self.unread}; call journal.clear() before the requests that are asserted"
        return self.holding()

    def _refuse_where_some_are_unknown(self, wanted: RequestFilter, held: str) -> None:
        """Raise AssertionError where exchanges were dropped, or *held* says why others are not recorded, so that no
        request can be counted reliably.
        """
        if self.dropped:
            raise AssertionError(
                f"it is unknown how often {wanted} was requested: the journal has dropped {self.dropped:,} exchanges; "
                "raise journal_limit, or call journal.clear() before the requests that are asserted"
            )
        if held:
            raise AssertionError(f"it is unknown how often {wanted} was requested: {visible(held)}")

    def near_miss(self, wanted: RequestFilter) -> str:
        """Return a sentence about the last request for the path that does not match *wanted*: how it differs, such as
        in its method or headers. Returns "" where there is no such request.
        """
        if wanted.path is None:
            return ""
        differences = map(wanted.difference, reversed(self._matching(RequestFilter(wanted.path))))
        return next(filter(None, differences), "")

    def describe(self, last: int = 20, after: Exchange | None = None) -> str:
        """Return the journal as text for a failing test, with one line for each exchange; *last* is how many are listed
        at most, the newest ones.

        With *after*, the text is about the exchanges that came after it. If the journal has dropped any of these, the
        text counts all dropped exchanges, earlier ones included.
        """
        check_whole("last", last, 1, 20)
        if after is not None:
            check_is("after", after, Exchange, "give an exchange of this journal")
        entries = self.exchanges
        if after in entries:
            entries = entries[entries.index(after) + 1 :]
        if not entries:
            return "The server received no request."
        lines = [f"  {number}. {exchange.describe()}" for number, exchange in enumerate(entries, 1)]
        more = [f"  … {len(lines) - last} earlier ones"] if len(lines) > last else []
        if self.dropped and (after is None or after.serial < self.dropped_up_to):
            what = ", ".join(f"{request} ({count:,})" for request, count in self._dropped_requests.copy().items())
            dropped = visible(f"  … {self.dropped:,} dropped, which journal_limit would keep if it were higher: {what}")
            more.insert(0, dropped)
        count = f"{len(entries)} request{'s' if len(entries) != 1 else ''}"
        return "\n".join([f"The server received {count}:", *more, *lines[-last:]])


def nothing_is_read() -> str:
    """Return "": while its server does not run, nothing more is recorded in a journal."""
    return ""


def in_times(count: int) -> str:
    """Return how often something happened, in words."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
