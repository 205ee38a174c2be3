"""What the server received and answered.

The event loop writes, tests read from any thread. An exchange is recorded when its request has arrived, before the
first byte of its answer; how it ended is known later, so asking for that waits. Recording takes no lock unless somebody
waits.

What happens to an exchange is seen in one order by every observer:

1. The request has arrived. What is wrong with it or with the file that answers it is noted: `problem`, and what
   `verify` raises.
2. The exchange is in the journal, and then `wait_for` wakes. Callables run after this, and `FeedServer.quit_requested`
   is set after it; what goes wrong in a callable is noted before 3.
3. The answer is known: `response` wakes. Then its first byte is sent.
4. Each fault that strikes is noted, and then `faults` wakes.
5. The exchange ends, and in this order: how it ended is written down; the `listener` (a log, the lines of `serve`) is
   called and has returned; the end is published. Only then do `is_over` and `describe` tell of it, and `ended`,
   `duration`, `bytes_sent` and everybody else who waits wake.
6. `FeedServer.stop` returns when every exchange has ended so.

So a test that has waited for an end finds what the listener wrote. The listener itself sees the exchange ended. A
client may have the last byte of its answer before 5: a test that looks at a log asks `ended` first.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from types import NoneType
from urllib.parse import unquote

from feedserver.handler.problems import in_words
from feedserver.messages.argument_types import check_is, check_name, check_seconds, check_status, check_whole
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Response
from feedserver.messages.terminal_text import visible

OUTCOME_TIMEOUT = 10.0
"""Seconds that asking for the outcome of an exchange waits before it says that the answer is still going out."""


class NotSeen(AssertionError, TimeoutError):
    """What a test expected of its client did not arrive in time, or not at all."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A *fault*, in the words of its directive, and the byte of the body *at* which it struck."""

    fault: str
    at: int

    def __str__(self) -> str:
        return f"{self.fault}: struck at byte {self.at:,}"


class Changes:
    """Wakes who waits for an exchange to change; *listener* is called with each that has ended.

    It stands between exchanges and their journal, so that the two are no cycle: bodies would stay in memory until the
    garbage collector comes.
    """

    __slots__ = ("_condition", "_waiting", "failures", "listener")

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting = 0
        self.listener: Callable[[Exchange], None] | None = None
        self.failures: deque[str] = deque()
        """What a listener raised: messages alone, since exchanges would make a cycle."""

    def listen(self, exchange: Exchange) -> None:
        """Call the listener with *exchange*, which has ended. What it raises is kept in `failures`."""
        if self.listener is None:
            return
        try:
            self.listener(exchange)
        except KeyboardInterrupt:  # of who stops the server
            raise
        except BaseException as error:  # noqa: BLE001 - a log that fails must not end a connection; `verify` raises it
            self.failures.append(f"the journal's listener raised {in_words(error)} for {exchange}")

    def tell(self) -> None:
        """Something has changed."""
        if self._waiting:
            with self._condition:
                self._condition.notify_all()

    def wait_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Waits until *predicate* holds, at most *timeout* seconds; tells whether it does.

        The count of waiters goes up before the predicate is first asked, and is read by the loop after it has
        recorded, so no change falls between the two.
        """
        with self._condition:
            self._waiting += 1
            try:
                return self._condition.wait_for(predicate, timeout)
            finally:
                self._waiting -= 1


class Exchange:
    """One request and its answer.

    *request* is None where the bytes were no request; *raw* then holds them, and *problem* says what was wrong.
    *time* is in seconds of the epoch. `response`, `bytes_sent`, `duration` and `ended` wait until they are known.
    """

    __slots__ = (
        "_bytes_sent",
        "_changes",
        "_duration",
        "_ended",
        "_faults",
        "_is_published",
        "_listened_by",
        "_response",
        "_started",
        "problem",
        "raw",
        "request",
        "time",
    )

    def __init__(
        self,
        journal: Journal,
        request: Request | None,
        *,
        raw: bytes = b"",
        problem: str = "",
        now: float | None = None,
    ) -> None:
        self._changes = journal.changes
        self.request = request
        self.raw = raw
        self.problem = problem
        self.time = time.time() if now is None else now
        self._started = time.perf_counter()
        self._response: Response | None = None
        self._ended: str | None = None
        self._is_published = False
        self._listened_by: int | None = None
        self._faults: tuple[Strike, ...] = ()
        self._bytes_sent = 0
        self._duration = 0.0

    # What the server calls.

    def answered(self, response: Response) -> None:
        """Says what the request is answered with, once.

        An answer that comes after its time limit changes nothing, nor does one whose exchange has ended meanwhile.
        """
        if self._response is None and self._ended is None:
            self._response = response
            self._changes.tell()

    def struck(self, fault: str, at: int) -> None:
        """Says that a fault has broken the answer at that byte of its body."""
        self._faults += (Strike(fault, at),)
        self._changes.tell()

    def finish(self, ended: str, bytes_sent: int) -> None:
        """Says how the exchange ended, once: what is told later changes nothing.

        The listener comes before whoever waits.
        """
        if self._ended is None:
            self._bytes_sent = bytes_sent
            self._duration = time.perf_counter() - self._started
            self._ended = ended
            if self._changes.listener is not None:
                self._listened_by = threading.get_ident()
                self._changes.listen(self)
                self._listened_by = None
            self._is_published = True
            self._changes.tell()

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and the listener has been told; does not wait. The listener itself sees it ended."""
        return self._is_published or (self._listened_by is not None and self._listened_by == threading.get_ident())

    # What a test asks.

    def _outcome(self) -> str:
        if not self.is_over:
            self._changes.wait_until(lambda: self.is_over, OUTCOME_TIMEOUT)
        if self._ended is None or not self.is_over:
            raise NotSeen(f"the answer to {self} is still going out after {OUTCOME_TIMEOUT:g} s")
        return self._ended

    @property
    def response(self) -> Response:
        """What it was answered with. Raises NotSeen where the exchange ended without an answer."""
        if self._response is None:
            self._changes.wait_until(lambda: self._response is not None or self.is_over, OUTCOME_TIMEOUT)
        if self._response is None:
            raise NotSeen(f"{self} was not answered: {self._ended or 'no answer was made yet'}")
        return self._response

    @property
    def status(self) -> int:
        """The status that was sent."""
        return self.response.status

    @property
    def ended(self) -> str:
        """How it ended: "complete", "client left", "closed", "reset", "stalled until the client left", …."""
        return self._outcome()

    @property
    def faults(self) -> tuple[Strike, ...]:
        """The faults that broke the answer, in the order in which they struck.

        Waits until all that were to strike have, or the exchange has ended without them.
        """
        self._changes.wait_until(self._knows_faults, OUTCOME_TIMEOUT)
        return self._faults

    def _knows_faults(self) -> bool:
        due = len(self._response.faults) if self._response is not None else 1
        return self.is_over or len(self._faults) >= due

    @property
    def bytes_sent(self) -> int:
        """Bytes of head and body that the operating system took."""
        self._outcome()
        return self._bytes_sent

    @property
    def duration(self) -> float:
        """Seconds from the request's arrival until its answer had been handed over."""
        self._outcome()
        return self._duration

    # A request's own properties, so that an exchange reads like it.

    def _asked(self) -> Request:
        if self.request is None:
            raise AttributeError(f"what arrived was no request ({self.problem}); see .raw")
        return self.request

    @property
    def method(self) -> str:
        """The method of the request."""
        return self._asked().method

    @property
    def target(self) -> str:
        """The target as it was sent."""
        return self._asked().target

    @property
    def path(self) -> str:
        """The decoded path of the request."""
        return self._asked().path

    @property
    def query(self) -> str:
        """The query string of the request."""
        return self._asked().query

    @property
    def headers(self) -> Headers:
        """The headers of the request, as sent."""
        return self._asked().headers

    @property
    def body(self) -> bytes:
        """The body of the request."""
        return self._asked().body

    def __str__(self) -> str:
        return str(self.request) if self.request is not None else f"{self.raw[:60]!r}"

    def describe(self) -> str:
        """One line for people: what was asked, what was answered, how it ended. Does not wait."""
        if self._response is None:
            answer = self.problem or "no answer yet"
        else:
            answer = f"{self._response.status} {self._response.reason}".rstrip()
        struck = "".join(f", {strike}" for strike in self._faults)
        if not self.is_over:
            return visible(f"{self} -> {answer}{struck}, still going out")
        tail = "" if self._ended == "complete" else f", {self._ended}"
        return visible(
            f"{self} -> {answer}, {self._bytes_sent:,} bytes in {self._duration * 1000:.1f} ms{struck}{tail}"
        )

    def __repr__(self) -> str:
        return f"<Exchange {self.describe()}>"


HeaderFilter = Mapping[str, str | None]
"""Header names to the value they must have; None means that the header must be there, whatever its value."""


class Journal:
    """Every exchange, in the order of arrival; at most *limit* of them are kept (None: all)."""

    def __init__(self, limit: int | None = None) -> None:
        if limit is not None:
            check_whole("journal_limit", limit, 1, 1000)
        self._entries: deque[Exchange] = deque(maxlen=limit)
        self.dropped = 0
        """How many exchanges came before those that are kept, and were dropped for the *limit*."""
        self.changes = Changes()

    @property
    def listener(self) -> Callable[[Exchange], None] | None:
        """What is called with each exchange when it has ended, before anybody who waits for that wakes.

        It runs on the event loop, so it must return at once. What it raises is raised by `FeedServer.verify`.
        """
        return self.changes.listener

    @listener.setter
    def listener(self, listener: Callable[[Exchange], None] | None) -> None:
        if listener is not None and not callable(listener):
            raise TypeError(f"listener is {listener!r}; give a function that takes an Exchange, or None")
        self.changes.listener = listener

    def record(self, exchange: Exchange) -> None:
        """Adds an exchange. Called on the event loop, before the answer's first byte."""
        if len(self._entries) == self._entries.maxlen:
            self.dropped += 1
        self._entries.append(exchange)
        self.changes.tell()

    def wait_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Waits until *predicate* holds, at most *timeout* seconds; tells whether it does."""
        if not callable(predicate):
            raise TypeError(f"predicate is {predicate!r}; give a function that returns True or False")
        check_seconds("timeout", timeout)
        return self.changes.wait_until(predicate, timeout)

    def settle(self, timeout: float = 0.2) -> None:
        """Waits a moment for answers that are all but over: a client may have the last byte before it is noted here."""
        self.wait_until(lambda: all(exchange.is_over for exchange in self._entries.copy()), timeout)

    def clear(self) -> None:
        """Forgets every exchange."""
        self._entries.clear()
        self.dropped = 0

    @property
    def exchanges(self) -> list[Exchange]:
        """All exchanges so far."""
        return list(self._entries.copy())

    @property
    def requests(self) -> list[Request]:
        """All requests so far, without what was no request."""
        return [exchange.request for exchange in self._entries.copy() if exchange.request is not None]

    def filter(
        self,
        path: str | None = None,
        *,
        method: str | None = None,
        headers: HeaderFilter | None = None,
        status: int | None = None,
    ) -> list[Exchange]:
        """The exchanges whose request matches all that is given.

        *path* is compared with the decoded path, and may itself be percent-encoded; with a query string in it, with
        both. A whole URL is compared with the target, in the origin form behind the scheme and the Host of the request.
        A *method* is found in capitals too.
        """
        check_filter(path, method, headers)
        if status is not None:
            check_status(status)
        return self._filter(path, method, headers, status)

    def _filter(
        self, path: str | None, method: str | None, headers: HeaderFilter | None, status: int | None = None
    ) -> list[Exchange]:
        return [e for e in self._entries.copy() if matches(e, path, method, headers, status)]

    def wait_for(
        self,
        path: str | None = None,
        *,
        count: int = 1,
        timeout: float = 5.0,
        method: str | None = None,
        headers: HeaderFilter | None = None,
    ) -> list[Exchange]:
        """Waits until *count* matching requests have arrived, at most *timeout* seconds, and returns the matches.

        Raises NotSeen with what did arrive.
        """
        check_filter(path, method, headers)
        check_whole("count", count, 1, 2)
        matching = self._count_of(lambda exchange: matches(exchange, path, method, headers))
        if not self.wait_until(lambda: matching() >= count, timeout):
            seen = self.filter(path, method=method, headers=headers)
            raise NotSeen(
                f"waited {timeout:g} s for {_times(count)} of {_wanted(path, method, headers)}, "
                f"saw {len(seen)}.\n{self.describe()}"
            )
        return self.filter(path, method=method, headers=headers)

    def _count_of(self, wanted: Callable[[Exchange], bool]) -> Callable[[], int]:
        """Return what counts the exchanges that are *wanted*: each is looked at once, however often it is asked."""
        looked_at, found = 0, 0

        def count() -> int:
            nonlocal looked_at, found
            entries = self._entries.copy()
            if entries.maxlen is not None or len(entries) < looked_at:  # some are dropped, or all were cleared
                looked_at, found = 0, 0
            for exchange in islice(entries, looked_at, None):
                looked_at += 1
                found += wanted(exchange)
            return found

        return count

    def assert_requested(
        self,
        path: str | None = None,
        *,
        count: int | None = None,
        method: str | None = None,
        headers: HeaderFilter | None = None,
    ) -> list[Exchange]:
        """Asserts that a matching request has arrived (*count* times, if given) and returns the matches."""
        if count is not None:
            check_whole("count", count, 0, 2)
        seen = self.filter(path, method=method, headers=headers)
        wanted = _wanted(path, method, headers)
        if count is not None and len(seen) == count:
            self._refuse_where_some_are_dropped(wanted)
        if count is None and not seen:
            raise NotSeen(f"{wanted} was not requested.{self._near_miss(path, method, headers)}\n{self.describe()}")
        if count is not None and len(seen) != count:
            raise NotSeen(
                f"{wanted} was requested {_times(len(seen))}, not {_times(count)}."
                f"{self._near_miss(path, method, headers) if len(seen) < count else ''}\n{self.describe()}"
            )
        return seen

    def assert_not_requested(
        self, path: str | None = None, *, method: str | None = None, headers: HeaderFilter | None = None
    ) -> None:
        """Asserts that no matching request has arrived."""
        seen = self.filter(path, method=method, headers=headers)
        if seen:
            raise AssertionError(
                f"{_wanted(path, method, headers)} was requested {_times(len(seen))}, and should not have been.\n"
                f"{self.describe()}"
            )
        self._refuse_where_some_are_dropped(_wanted(path, method, headers))

    def _refuse_where_some_are_dropped(self, wanted: str) -> None:
        """Raise AssertionError where nobody can say how often something was requested."""
        if self.dropped:
            raise AssertionError(
                f"nobody can say how often {wanted} was requested: the journal has dropped {self.dropped:,} exchanges; "
                "raise journal_limit, or call journal.clear() before what is asserted"
            )

    def _near_miss(self, path: str | None, method: str | None, headers: HeaderFilter | None) -> str:
        """Where the path was asked for but a header or the method differed, says how."""
        for exchange in reversed(self.filter(path)) if path is not None else ():
            if method is not None and exchange.method != method:
                return f" It was requested with {exchange.method}."
            for name, value in (headers or {}).items():
                found = exchange.headers.get(name)
                if found is None:
                    return f" It was requested without {name}."
                if value is not None and found != value:
                    return visible(f" It was requested with {name}: {found}")
        return ""

    def describe(self, last: int = 20, after: Exchange | None = None) -> str:
        """The journal as text for a failing test: the *last* exchanges, a line each, or those that came *after* one."""
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
        if self.dropped:
            more.insert(0, f"  … {self.dropped:,} dropped, which journal_limit would keep if it were higher")
        count = f"{len(entries)} request{'s' if len(entries) != 1 else ''}"
        return "\n".join([f"The server received {count}:", *more, *lines[-last:]])


def check_filter(path: object, method: object, headers: object) -> None:
    """Raise TypeError or ValueError for what no request could match: a test would pass by it, or fail in the dark."""
    check_name("path", path, "/feed", or_none=True)
    check_name("method", method, "GET", or_none=True)
    if headers is None:
        return
    check_is("headers", headers, Mapping, "give a mapping, such as {'If-None-Match': None}")
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        check_name("a name in headers", name, "ETag")
        check_is(f"headers[{name!r}]", value, (str, NoneType), "give the text that it must be, or None for any")


def matches(
    exchange: Exchange,
    path: str | None = None,
    method: str | None = None,
    headers: HeaderFilter | None = None,
    status: int | None = None,
) -> bool:
    """Whether the exchange's request has this path, method and headers, and its answer this status."""
    request = exchange.request
    if request is None:
        return path is None and method is None and not headers and status is None
    if path is not None:
        is_url = "://" in path.partition("?")[0] and not path.startswith("/")
        if not (_asks_for_url if is_url else _asks_for_path)(request, path):
            return False
    if method is not None and request.method not in (method, method.upper()):
        return False
    if status is not None and (exchange._response is None or exchange._response.status != status):
        return False
    return all(
        name in request.headers and (value is None or request.headers[name] == value)
        for name, value in (headers or {}).items()
    )


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


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _wanted(path: str | None, method: str | None, headers: HeaderFilter | None) -> str:
    words = [method or "", path or "any path"]
    for name, value in (headers or {}).items():
        words.append(f"with {name}" if value is None else f"with {name}: {value}")
    return " ".join(word for word in words if word)
