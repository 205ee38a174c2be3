"""One request and its answer, as the journal keeps them.

The event loop and the threads that make answers write, tests read from any thread. Every observer sees the events of
an exchange in this order:

1. The request has arrived. Mistakes in it or in the file that answers it are noted: in `problem`, and for `verify` to
   raise.
2. The exchange is in the journal; then the threads that wait in `wait_for` are woken. Callables run after this, and
   `FeedServer.quit_requested` is set after it; what goes wrong in a callable is noted before step 3.
3. The answer is known: threads that wait for `response` are woken. Then the first byte of the answer is sent.
4. Each fault that is injected is noted; threads that wait for `faults` are woken after the last one.
5. The exchange ends, in this order: how it ended is noted; the `listener` (a log, the lines of `serve`) is called and
   has returned; the end is published. Only then do `is_over` and `describe` tell of the end, and threads that wait for
   `ended`, `error`, `duration`, `bytes_sent` or anything else are woken.
6. `FeedServer.stop` returns when every exchange has ended in this way.

So a test that has waited for an end finds what the listener wrote. To the listener itself, the exchange has already
ended. A client may have the last byte of its answer before step 5: a test that reads a log must ask for `ended` first.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from feedserver.handler.problems import in_words
from feedserver.messages.argument_types import check_has_run
from feedserver.messages.client_connection import Peer
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Response
from feedserver.messages.send_plan import Ended
from feedserver.messages.steady_time import monotonic, perf_counter
from feedserver.messages.terminal_text import visible

OUTCOME_TIMEOUT = 10.0
"""How many seconds a property of the outcome waits. After that, `faults` returns those that were injected so far, and
the other properties raise NotSeen.
"""


class NotSeen(AssertionError, TimeoutError):
    """What a test expected of its client did not arrive in time, or not at all."""

    def __new__(cls, *args: object) -> Self:
        """Make the error as `TimeoutError` does, which has more fields than `AssertionError`.

        Without this, tblib, by which Django's parallel test runner sends failures to its main process, calls
        `AssertionError.__new__`; that refuses, and the run never ends.
        """
        return TimeoutError.__new__(cls, *args)


@dataclass(frozen=True, slots=True)
class Strike:
    """An injected *fault*, in the words of its directive, and the byte of the body *at* which it broke the answer."""

    fault: str
    at: int

    def __str__(self) -> str:
        return f"{self.fault}: injected at byte {self.at:,}"


class Changes:
    """Wakes threads that wait for an exchange to change; *listener* is called with each exchange that has ended.

    It connects the exchanges with their journal, so that the two form no reference cycle, which would keep bodies in
    memory until the garbage collector runs.
    """

    __slots__ = ("_condition", "_count", "_waiting", "failures", "listener")

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self._waiting = 0
        self.listener: Callable[[Exchange], None] | None = None
        self.failures: deque[str] = deque()
        """What listeners raised, as text: keeping the exceptions would make a cycle of references."""

    def listen(self, exchange: Exchange) -> None:
        """Call the listener with *exchange*, which has ended. The text of what it raises is kept in `failures`."""
        if self.listener is None:
            return
        try:
            check_has_run("it", self.listener(exchange))
        except KeyboardInterrupt:  # the user stops the server
            raise
        except BaseException as error:  # noqa: BLE001 - a log that fails must not end a connection; `verify` raises it
            self.failures.append(f"the journal's listener raised {in_words(error)} for {exchange}")

    def wake(self) -> None:
        """Wake all waiting threads: something has changed."""
        if self._waiting:
            with self._condition:
                self._count += 1
                self._condition.notify_all()

    def wait_until(self, predicate: Callable[[], bool], timeout: float, interval: float | None = None) -> bool:
        """Wait until *predicate* returns True, at most *timeout* seconds, and return whether it did.

        *predicate* is called again after each change and, if *interval* is given, at least every *interval* seconds.

        The count of waiters goes up before *predicate* is first called, and the event loop reads the count after it has
        recorded a change, so no change is missed. *predicate* may itself request something of the
        server: the event loop does not wait for it.
        """
        deadline = monotonic() + timeout
        with self._condition:
            self._waiting += 1
        try:
            while True:
                seen = self._count
                if predicate():
                    return True
                left = deadline - monotonic()
                if left <= 0:
                    return False
                with self._condition:
                    if self._count == seen:
                        self._condition.wait(left if interval is None else min(left, interval))
        finally:
            with self._condition:
                self._waiting -= 1


class Exchange:
    """One request and its answer.

    *request* is None where no request was read: *raw* then has the bytes that came, and *problem* says what was wrong.
    *peer* is what is known of its connection, and *number* counts the requests on that connection. *time* is when the
    request arrived by the server's clock, in seconds since the epoch. `response`, `status`, `faults`, `bytes_sent`,
    `duration`, `ended` and `error` wait until they are known.
    """

    __slots__ = (
        "_bytes_sent",
        "_changes",
        "_duration",
        "_ended",
        "_error",
        "_faults",
        "_is_published",
        "_listened_by",
        "_number",
        "_peer",
        "_request",
        "_response",
        "_started",
        "problem",
        "raw",
        "serial",
        "time",
    )

    def __init__(
        self,
        changes: Changes,
        request: Request | None,
        raw: bytes = b"",
        problem: str = "",
        now: float | None = None,
        peer: Peer | None = None,
        number: int = 0,
    ) -> None:
        self._changes = changes
        self._request = request
        self._peer = peer
        self._number = number
        self.raw = raw
        self.problem = problem
        self.time = time.time() if now is None else now
        self.serial = 0
        """Its number in the journal, from 1; exchanges that were dropped are counted, too. 0 before it is recorded."""
        self._started = perf_counter()
        self._response: Response | None = None
        self._ended: Ended | None = None
        self._error = ""
        self._is_published = False
        self._listened_by: int | None = None
        self._faults: tuple[Strike, ...] = ()
        self._bytes_sent = 0
        self._duration = 0.0

    @property
    def request(self) -> Request | None:
        """The request, None if none was read.

        Requests with the same bytes share their parsed values. What belongs to this one alone, its connection and its
        number on it, is added when this property is first read.
        """
        peer = self._peer
        if peer is not None and self._request is not None:
            self._request = self._request.over(peer.as_of(self._number, "answering"))
            self._peer = None
        return self._request

    @request.setter
    def request(self, request: Request | None) -> None:
        self._request = request
        self._peer = None

    # Called by the server

    def answered(self, response: Response) -> None:
        """Note the *response* to the request, once.

        A response that comes after its time limit, or after the exchange has ended, changes nothing.
        """
        if self._response is None and self._ended is None:
            self._response = response
            self._changes.wake()

    def injected(self, fault: str, at: int) -> None:
        """Note that a *fault* has broken the answer *at* that byte of its body."""
        self._faults += (Strike(fault, at),)
        self._changes.wake()

    def finish(self, ended: Ended, bytes_sent: int, error: str = "") -> None:
        """Note how the exchange ended, and the *error* that ended it, once: later calls change nothing.

        The listener is called before waiting threads wake.
        """
        if self._ended is None:
            self._bytes_sent = bytes_sent
            self._duration = perf_counter() - self._started
            self._error = error
            self._ended = ended
            try:
                if self._changes.listener is not None:
                    self._listened_by = threading.get_ident()
                    self._changes.listen(self)
            finally:  # whatever the listener raises, nobody may wait for this exchange any longer
                self._listened_by = None
                self._is_published = True
                self._changes.wake()

    @property
    def is_over(self) -> bool:
        """Whether the exchange has ended and the listener has returned; does not wait.

        The listener itself sees True.
        """
        return self._is_published or (self._listened_by is not None and self._listened_by == threading.get_ident())

    @property
    def known_status(self) -> int | None:
        """The status of the answer, None if it is not known yet; does not wait."""
        return self._response.status if self._response is not None else None

    # Asked by tests

    def _outcome(self) -> Ended:
        if not self.is_over:
            self._changes.wait_until(lambda: self.is_over, OUTCOME_TIMEOUT)
        if self._ended is None or not self.is_over:
            state = "has no answer yet" if self._response is None else "is still being answered"
            raise NotSeen(f"{self} {state}, after {OUTCOME_TIMEOUT:g} s")
        return self._ended

    @property
    def response(self) -> Response:
        """The response to the request; it may still be going out. Raises NotSeen if none was made, or not in time."""
        if self._response is None:
            self._changes.wait_until(lambda: self._response is not None or self.is_over, OUTCOME_TIMEOUT)
        if self._response is None:
            raise NotSeen(f"{self} was not answered: {self._ended or 'no answer was made yet'}")
        return self._response

    @property
    def status(self) -> int:
        """The status code of the response."""
        return self.response.status

    @property
    def ended(self) -> Ended:
        """How the exchange ended: a member of `Ended`, which equals its string, such as "complete" or "client left"."""
        return self._outcome()

    @property
    def error(self) -> str:
        """The error that ended the exchange, "" if none did: the system's message where the client's connection broke,
        such as "[Errno 104] Connection reset by peer", or the name of the exception that broke the answer off.
        """
        self._outcome()
        return self._error

    @property
    def faults(self) -> tuple[Strike, ...]:
        """The faults that broke the answer, in the order in which they were injected.

        Waits until all expected faults have been injected or the exchange has ended without them, and at most for
        OUTCOME_TIMEOUT seconds: then it returns those that were injected so far.
        """
        self._changes.wait_until(self._knows_faults, OUTCOME_TIMEOUT)
        return self._faults

    def _knows_faults(self) -> bool:
        due = len(self._response.faults) if self._response is not None else 1
        return self.is_over or len(self._faults) >= due

    @property
    def bytes_sent(self) -> int:
        """Bytes of the answer, with its head and the framing of chunks, that the operating system took."""
        self._outcome()
        return self._bytes_sent

    @property
    def duration(self) -> float:
        """Seconds from the request's arrival until the exchange ended, in whatever way."""
        self._outcome()
        return self._duration

    # The request's own properties, so that an exchange reads like its request

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
        """The target of the request, as it was sent."""
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
        return str(self._request) if self._request is not None else f"{self.raw[:60]!r}"

    def describe(self) -> str:
        """Return one line for people: what was asked, what was answered, how it ended. Does not wait."""
        if self._response is None:
            answer = self.problem or "no answer yet"
        else:
            answer = f"{self._response.status} {self._response.reason}".rstrip()
        faults = "".join(f", {strike}" for strike in self._faults)
        if not self.is_over:
            return visible(f"{self} -> {answer}{faults}{', still going out' if self._response is not None else ''}")
        tail = "" if self._ended is Ended.COMPLETE else f", {self._ended}"
        cause = f" ({self._error})" if self._error else ""
        return visible(
            f"{self} -> {answer}, {self._bytes_sent:,} bytes in {self._duration * 1000:.1f} ms{faults}{tail}{cause}"
        )

    def __repr__(self) -> str:
        return f"<Exchange {self.describe()}>"
