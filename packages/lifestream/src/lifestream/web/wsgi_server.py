"""Serving the pages with waitress, a production server in pure Python that runs on every system, until a signal comes.

Waitress rather than an ASGI server: the pages are synchronous Django views, short, and read from one database. Threads
serve them without a second process.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, Final

from django.utils.translation import gettext
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server
from waitress.trigger import trigger
from waitress.wasyncore import close_all, loop

from lifestream.fetcher.open_files import soft_limit
from lifestream.fetcher.shortage import Shortage, shortage_of
from lifestream.page_limits import LONGEST_HEAD, MOST_CONNECTIONS, MOST_KEPT
from lifestream.web.http_channel import OneAnswerChannel, RefusalsAnswered, close_silent
from lifestream.web.request_charset import in_utf8
from lifestream.web.request_framing import IN_MEMORY
from lifestream.web.shortage_log import ShortageLog

_log = logging.getLogger(__name__)

MOST_BODY: Final = 10 * 1024 * 1024
"""How many bytes the body of a request may have, by default."""
_SPARE: Final = 8  # how many more connections can always be accepted
_FEWEST: Final = 20  # how many connections may be open under the lowest limit of files
_PAUSE: Final = 0.5  # seconds without accepting, if no connection can be accepted or closed


def serve(
    application: Callable[..., Any],
    host: str,
    port: int,
    ready: Callable[[str], None],
    *,
    threads: int = 8,
    most_body: int = MOST_BODY,
    answers_refusals: bool = False,
) -> None:
    """Serve *application* until SIGINT or SIGTERM, with this number of *threads*. *ready* is called with the address
    once clients can connect.

    A request with more than *most_body* bytes is answered with 413: waitress writes bodies to temporary files before
    the application sees them, whoever sends them. If *answers_refusals*, the application is called for such a request,
    too, and for one that there is no space for (503): see `http_channel.REFUSED`.

    With port 0, a free port is chosen. Raises OSError if the address cannot be bound.
    """
    sockets: dict[int, Any] = {}
    most = _most_connections()
    try:
        server = create_server(
            in_utf8(application),
            map=sockets,
            host=host,
            port=port,
            threads=threads,
            ident="lifestream",
            connection_limit=most,
            max_request_body_size=most_body,
            max_request_header_size=LONGEST_HEAD,
            inbuf_overflow=IN_MEMORY,
            clear_untrusted_proxy_headers=False,  # the application knows which proxies it trusts
            # No thread waits for a client: what it does not read goes into a file, at most one answer a connection.
            outbuf_high_watermark=sys.maxsize,
            # `select` fails for all connections once a file has a number above 1,023, for instance while many feeds are
            # fetched.
            asyncore_use_poll=True,
        )
    except ValueError as error:  # waitress raises this for a host name without an address.
        raise OSError(gettext("no such address")) from error
    for each in sockets.values():
        if isinstance(each, BaseWSGIServer):
            each.channel_class = RefusalsAnswered if answers_refusals else OneAnswerChannel
    acceptance = _Acceptance(sockets)
    name = f"[{host}]" if ":" in host else host
    try:
        with _noting_signals(sockets) as signals:
            ready(f"http://{name}:{_port_of(server)}/")
            while sockets and not signals:
                _close_abandoned(sockets)
                _make_space(sockets, most)
                acceptance.end_shortage()
                _bound_answers(sockets)
                loop(server.adj.asyncore_loop_timeout, server.adj.asyncore_use_poll, sockets, count=1)
        server.task_dispatcher.shutdown()  # waits for requests that are being answered, for five seconds at most
    finally:
        server.close()
        for channel in [each for each in sockets.values() if isinstance(each, HTTPChannel)]:
            channel.handle_close()  # which also closes the files of answers that were not read
        close_all(sockets)  # also of clients that are still connected: `server.close` may close only its own socket


def _close_abandoned(sockets: dict[int, Any]) -> None:
    """Close connections that waitress has found silent for two minutes, or that `close_silent` has chosen, and whose
    clients read nothing: waitress itself closes a connection only once the client reads the rest of its answer.
    """
    for each in [each for each in sockets.values() if isinstance(each, HTTPChannel)]:
        if each.will_close and not each.requests:
            each.handle_close()


def _bound_answers(sockets: dict[int, Any]) -> None:
    """Have the connections closed whose clients have read nothing of their answers for the longest time, if more than
    MOST_KEPT bytes of answers are kept.
    """
    if sum(each.answer_kept for each in sockets.values() if isinstance(each, OneAnswerChannel)) > MOST_KEPT:
        close_silent(sockets.values(), MOST_KEPT)


def _most_connections() -> int:
    """Return how many connections may be open at once: they take at most half of the files that this process may have
    open, since the application needs some for each request, and the updater others.
    """
    files = soft_limit()
    return MOST_CONNECTIONS if files is None else min(MOST_CONNECTIONS, max(_FEWEST, files // 2))


def _make_space(sockets: dict[int, Any], most: int) -> None:
    """Close some connections on which no request is being answered, if only a few more than now may be open.

    At its limit, waitress accepts no more until some have been silent for two minutes: whoever opens so many, and sends
    nothing or a byte at a time, would keep all others out.
    """
    if len(sockets) >= most - _SPARE:
        _close_oldest(sockets)


def _close_oldest(sockets: dict[int, Any]) -> bool:
    """Close up to _SPARE connections on which no request is being answered, and at most half of them, rounded up,
    since the request of the latest may just be arriving. Those that still receive an answer are closed last; of the
    others, the oldest first. Return whether any was closed.
    """
    silent = [each for each in sockets.values() if isinstance(each, HTTPChannel) and not each.requests]
    silent.sort(key=lambda each: (each.total_outbufs_len > 0, each.creation_time))
    for each in silent[: min(_SPARE, (len(silent) + 1) // 2)]:
        each.handle_close()
    return bool(silent)


class _Acceptance:
    """Accepts the connections of the listening *sockets*, also while this process may open no more files.

    A connection that can't be accepted stays in the system's queue. So the loop would try again at once, and again, and
    waitress would log a traceback each time.
    """

    def __init__(self, sockets: dict[int, Any]) -> None:
        self._sockets = sockets
        self._listening: list[Any] = [each for each in sockets.values() if isinstance(each, BaseWSGIServer)]
        self._shortage: Shortage | None = None  # found since the last call of `end_shortage`
        self._told = ShortageLog(_log, "connections can't be accepted")  # not translated
        self._resume_at = time.monotonic()
        for each in self._listening:
            each.accept = partial(self._accept, each.accept)

    def _accept(self, accept: Callable[[], Any]) -> Any:
        """Return what *accept* returns (None if there is nothing to accept), or None if a shortage prevents it.

        Nothing is closed here: the loop still has events of other connections, and would take them for events of a
        connection whose socket got the number of a closed one.
        """
        try:
            return accept()
        except OSError as error:
            if (shortage := shortage_of(error)) is None:
                raise
            self._shortage = shortage
            return None

    def end_shortage(self) -> None:
        """Close the oldest silent connections if one could not be accepted; if there are none, pause for a moment. A
        shortage is logged once, however long it takes.
        """
        now = time.monotonic()
        if self._shortage is not None:
            self._told.note(self._shortage)
            if not _close_oldest(self._sockets):
                self._resume_at = now + _PAUSE
            self._shortage = None
        for each in self._listening:
            each.accepting = now >= self._resume_at  # waitress waits for connections only while this is set


@contextmanager
def _noting_signals(sockets: dict[int, Any]) -> Iterator[list[int]]:
    """Yield a list to which SIGINT and SIGTERM are added, and wake the loop over *sockets* when they arrive: an
    exception in the middle of the loop would leave sockets open. Only the main thread handles signals.
    """
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    wakers = [each for each in sockets.values() if isinstance(each, trigger)]

    def note(number: int, _frame: FrameType | None) -> None:
        noted.append(number)
        for each in wakers:
            each.pull_trigger()

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Leave a signal alone that is ignored (a shell lets programs in the background ignore SIGINT), or whose
            # handler is None: Python could not set that handler again.
            if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None):
                before[number] = handler
                signal.signal(number, note)
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _port_of(server: Any) -> int:
    if isinstance(server, MultiSocketServer):
        return int(server.effective_listen[0][1])
    return int(server.effective_port)


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, but by SystemExit with status 0. Outside the main thread this does
    nothing, since only the main thread handles signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
