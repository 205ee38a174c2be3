"""Limits for connections: a request is answered once the client has received the answer before it, and the bytes that
are kept for all connections are limited.

Waitress answers all requests that arrive together (pipelining, RFC 9112 §9.3.2), one after the other, without waiting
until the client has read the previous answer, and keeps the answers until the client reads them. By default, once 16
MiB are kept, the thread waits for the client: as many clients that read nothing as there are threads would occupy all
of them for ever.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from waitress.buffers import OverflowableBuffer, ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import RequestEntityTooLarge

from lifestream.fetcher.shortage import shortage_of
from lifestream.page_limits import MOST_KEPT
from lifestream.web.request_framing import BoundedParser, ServerBusy
from lifestream.web.shortage_log import ShortageLog

REFUSED: Final = "lifestream.refused"
"""The key of a WSGI environment whose value is the status, 413 or 503, of a request that was refused for its body. Not
all of the body was received, and CONTENT_LENGTH is 0.
"""
REFUSALS: Final = frozenset({RequestEntityTooLarge.code, ServerBusy.code})
MOST_DISCARDED: Final = 64 << 20
"""How many bytes of a refused body are read and discarded once the answer was sent. A connection that is closed while
the client is sending is reset, and the client never sees the answer (RFC 9112 §9.6).
"""
_LATER: Final = "try again later"  # not translated
_SHORTAGES: Final = ShortageLog(logging.getLogger(__name__), "requests can't be answered")  # not translated


class AnswerTask(WSGITask):
    """Lets the application answer a request; the answer is 503 if it raises an error about a shortage (of files, of
    memory) before it has sent anything. Of an answer to HEAD, only the head is sent (RFC 9110 §9.3.2), as servers
    of WSGI do: the client would mistake a body for the next answer.
    """

    def get_environment(self) -> dict[str, Any]:
        """Return the environment. For HEAD, it offers no way to answer with a file: waitress sends a file without
        calling `write`.
        """
        environ: dict[str, Any] = super().get_environment()
        if self._has_only_a_head():
            environ.pop("wsgi.file_wrapper", None)
        return environ

    def execute(self) -> None:
        """Call the application, and send what it answers."""
        try:
            super().execute()
        except Exception as error:
            if self.wrote_header or (shortage := shortage_of(error)) is None:
                raise
            _SHORTAGES.note(shortage)
            answer: Any = ServerBusy(_LATER).to_response(self.channel.server.adj.ident)  # typed as str
            self.status, headers, body = answer
            self.response_headers = [*headers, ("Retry-After", "60")]
            self.set_close_on_finish()
            self.complete, self.content_length = True, len(body)
            self.write(body)

    def write(self, data: bytes) -> None:
        """Send the head, unless it was sent, and *data*, unless the answer has only a head."""
        untyped: Any = super()  # this method of waitress 3.0 has no types
        untyped.write(b"" if self._has_only_a_head() else data)

    def finish(self) -> None:
        """End the answer, without a last chunk if it has only a head."""
        if self._has_only_a_head():
            self.write(b"")
        else:
            super().finish()

    def _has_only_a_head(self) -> bool:
        request: Any = self.request
        return bool(request.command == "HEAD")


class RefusalTask(AnswerTask):
    """Lets the application answer a request that was refused for its body, and closes the connection."""

    def get_environment(self) -> dict[str, Any]:
        """Return the environment, with the status of the refusal, and as if there were no body."""
        environ: dict[str, Any] = super().get_environment()
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        request: Any = self.request
        return environ | {REFUSED: request.error.code, "CONTENT_LENGTH": "0"}

    def execute(self) -> None:
        """Call the application, and send what it answers."""
        self.set_close_on_finish()  # the client may still be sending the body
        super().execute()


class OneAnswerChannel(HTTPChannel):
    """A connection on which a request is answered once the client has received the answer before it.

    So at most one answer is kept for a client, whatever it sends, and between two answers the connection counts as
    one without a request: if the client reads nothing for two minutes, waitress sets `will_close`, and `wsgi_server`
    closes the connection.
    """

    task_class = AnswerTask
    request: BoundedParser | None
    requests: list[BoundedParser]
    requests_lock: threading.Lock

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._later: deque[BoundedParser] = deque()
        self._discards_after_answer = False
        self._to_discard = 0  # bytes that may still come of a refused body whose answer was sent
        self._answer_size = 0  # bytes of the answer that are kept until the client has received all of them
        self._loop_thread = threading.get_ident()
        self._sockets: Mapping[int, object] = options.get("map") or {}
        super().__init__(*arguments, **options)

    def parser_class(self, adj: Any) -> BoundedParser:  # type: ignore[override] # waitress calls it
        """Return the parser of the next request."""
        return BoundedParser(adj, lambda: close_silent(self._sockets.values(), MOST_KEPT, but=self))

    @property
    def kept(self) -> int:
        """How many bytes are kept for this connection: of the bodies of requests, and of the answer."""
        requests = (*self.requests, *self._later, *filter(None, [self.request]))
        return self.answer_kept + sum(each.kept for each in requests)

    @property
    def answer_kept(self) -> int:
        """How many bytes are kept of the answer: all, until the client has received the last one. The file of a long
        answer does not become shorter while it is sent.
        """
        return max(int(self.total_outbufs_len), self._answer_size)

    def write_soon(self, data: Any) -> int:
        """Send *data*, or keep it until the client reads more. Raises OSError if no file can be opened to keep
        it, or the disk is full; then the rest of the answer is dropped.
        """
        untyped: Any = super()  # this method of waitress 3.0 has no types
        try:
            size = int(untyped.write_soon(data))
        except OSError:
            with self.outbuf_lock:  # the buffer may have a part of *data* that `total_outbufs_len` does not include
                self._drop_answer()
            raise
        if not isinstance(data, ReadOnlyFileBasedBuffer):  # such a file takes no space of ours
            self._answer_size += size
        return size

    def _drop_answer(self) -> None:
        """Delete what is kept of the answer. Nothing must be sending it."""
        for each in self.outbufs:
            try:
                each.close()
            except OSError:  # what was to be written to a file does not fit on the disk
                self.logger.debug("an answer could not be written to a file", exc_info=True)
        self.outbufs = [OverflowableBuffer(self.adj.outbuf_overflow)]
        self.total_outbufs_len = self.current_outbuf_count = self._answer_size = 0

    def _is_answer_received(self) -> bool:
        # `requests` is read first: a thread that is just ending its answer adds the last bytes, and then removes its
        # request.
        return not self.requests and self._answer_size > 0 and not self.total_outbufs_len

    def error_task_class(self, channel: Any, request: Any) -> Any:  # type: ignore[override] # waitress calls it
        """Return the task that answers a *request* with an error."""
        self._discards_after_answer = request.error.code in REFUSALS
        return self.error_task_type(request)(channel, request)

    def error_task_type(self, request: Any) -> type[Task]:  # noqa: ARG002  `RefusalsAnswered` uses it
        """Return the type of the task that answers a *request* with an error."""
        return ErrorTask

    def handle_close(self) -> None:
        """Close the connection, and delete what is kept for it, except the request that is being answered."""
        super().handle_close()
        self._answer_size = 0
        self._delete_requests()

    def _delete_requests(self) -> None:
        for each in (*self._later, *filter(None, [self.request])):
            each.close()

    def received(self, data: bytes) -> bool:
        """Read the requests in *data*, and put aside all but the first; what still comes of a refused body is
        discarded. Return whether anything was read.
        """
        if self._to_discard:
            self._to_discard = max(0, self._to_discard - len(data))
            self.will_close = not self._to_discard
            return True
        was_read = super().received(data)
        with self.requests_lock:
            self._later.extend(self.requests[1:])
            del self.requests[1:]
        return was_read

    def readable(self) -> bool:
        """Return whether more may be read: no request is being answered or put aside, and no answer is left to send."""
        return not self._later and super().readable()

    def writable(self) -> bool:
        """Return whether `handle_write` has something to do."""
        is_due = self._is_answer_received() or self._is_next_due() or self._is_continue_due()
        return is_due or bool(super().writable())

    def handle_write(self) -> None:
        """Send the answer; once all of it is sent, delete it, and have the next request answered."""
        if self._discards_after_answer and self.close_when_flushed and not self.will_close:
            untyped: Any = self  # these methods of waitress 3.0 have no types; the tests of this module use them
            untyped._flush_exception(untyped._flush_some)  # after an error, `will_close` is set: the loop calls again
            if not self.total_outbufs_len and not self.will_close:
                self._discard_the_rest()
            return
        super().handle_write()
        if self._is_answer_received() and self.connected:
            self._drop_answer()  # waitress would keep its file until the next answer
        if self._is_continue_due():
            self.send_continue()
        if self._is_next_due():
            with self.requests_lock:
                self.requests.append(self._later.popleft())
            channel: Any = self  # by its type `add_task` takes a Task, but waitress itself gives it channels
            self.server.add_task(channel)

    def send_continue(self) -> None:
        """Tell the client to send the body of its request, unless answers to earlier ones are still to come: then the
        loop calls this again once they are sent.

        Do nothing in another thread than the loop's; the loop calls this again. waitress also calls it from the thread
        that has answered a request. There, if the client is gone, waitress would close the connection. That would end
        the server if the loop is iterating over all connections at that moment.
        """
        if threading.get_ident() == self._loop_thread and not self._later:
            untyped: Any = super()  # this method of waitress 3.0 has no types
            untyped.send_continue()

    def _is_continue_due(self) -> bool:
        request: Any = self.request
        is_free = not self.requests and not self._later and not self.total_outbufs_len
        is_waiting = request is not None and request.expect_continue and request.headers_finished
        is_open = self.connected and not self.will_close and not self.close_when_flushed
        return is_waiting and is_free and is_open and not self.sent_continue

    def _discard_the_rest(self) -> None:
        """Tell the client that the answer has ended, and discard what it still sends of the refused body."""
        self.close_when_flushed = False
        self._discards_after_answer = False
        self._delete_requests()
        self._later.clear()
        self.request = None
        self._to_discard = MOST_DISCARDED
        try:
            if self.socket is not None:
                self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.will_close = True  # the client is gone

    def _is_next_due(self) -> bool:
        is_free = not self.requests and not self.total_outbufs_len
        is_open = self.connected and not self.will_close and not self.close_when_flushed
        return bool(self._later) and is_free and is_open


class RefusalsAnswered(OneAnswerChannel):
    """A connection on which the application, and not waitress, answers requests that were refused for their bodies."""

    def error_task_type(self, request: Any) -> type[Task]:
        """Return the type of the task that answers a *request* with an error."""
        return RefusalTask if request.error.code in REFUSALS and request.headers_finished else ErrorTask


def close_silent(sockets: Iterable[object], most: int, *, but: OneAnswerChannel | None = None) -> bool:
    """Let waitress close the connections that have been silent for the longest time, until those that stay open keep no
    more bytes than the limit: *most*, or the largest size of one body if that is more. Connections with a request that
    is being answered, and the connection *but*, always stay open. Return whether no more than the limit is kept now.
    """
    channels = [each for each in sockets if isinstance(each, OneAnswerChannel) and not each.will_close]
    if not channels:
        return True
    excess = sum(each.kept for each in channels) - max(most, channels[0].adj.max_request_body_size)
    for each in sorted(channels, key=lambda each: each.last_activity) if excess > 0 else ():
        if each is not but and not each.requests and (kept := each.kept):
            each.will_close = True  # the loop closes it
            excess -= kept
            if excess <= 0:
                break
    return excess <= 0
