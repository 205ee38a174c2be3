"""Serving an application of WSGI on a real socket while a client runs, as the tests of `http_channel` do."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from waitress.server import create_server

from interruption import interrupt_main_thread
from lifestream.web.http_channel import OneAnswerChannel
from lifestream.web.wsgi_server import serve

LARGE: Final = bytes(32 << 20)
"""More bytes than the buffers of a connection hold, and than waitress by default keeps before it lets a thread wait."""
_PIECE: Final = 8 << 20
ASKED: Final = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"


def answering_with_path(environ: Any, start_response: Any) -> list[bytes]:
    body = LARGE if environ["PATH_INFO"] == "/large" else environ["PATH_INFO"].encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    # In pieces: only before another piece does waitress let a thread wait.
    return [body[at : at + _PIECE] for at in range(0, len(body), _PIECE)]


def serving(client: Callable[[str, int], None], application: Any = answering_with_path, **options: Any) -> None:
    """Serve *application* while *client* runs with the address and the port. Raises what *client* raises."""
    raised: list[BaseException] = []
    threads: list[threading.Thread] = []
    has_ended = threading.Event()

    def ready(address: str) -> None:
        def run() -> None:
            try:
                client(address, int(address.rstrip("/").rpartition(":")[2]))
            except BaseException as error:  # noqa: BLE001  it is raised below
                raised.append(error)
            finally:
                if not has_ended.is_set():
                    interrupt_main_thread()

        threads.append(threading.Thread(target=run))
        threads[0].start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serve(application, "127.0.0.1", 0, ready, threads=1, **options)
    finally:
        has_ended.set()
        signal.signal(signal.SIGINT, before)
        threads[0].join(60)
    if raised:
        raise raised[0]


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 60)


def body_of(answers: Any) -> bytes:
    """Read one answer, and return its body."""
    length = 0
    while line := answers.readline().strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return bytes(answers.read(length))


@contextmanager
def unserved_channels(number: int, *, most_body: int) -> Iterator[list[OneAnswerChannel]]:
    """Yield connections of a server that answers nothing, since its loop does not run."""
    sockets: dict[int, Any] = {}
    options: dict[str, Any] = {"max_request_body_size": most_body, "inbuf_overflow": 1024}
    server: Any = create_server(answering_with_path, map=sockets, host="127.0.0.1", port=0, **options)
    server.add_task = lambda _channel: None
    pairs = [socket.socketpair() for _ in range(number)]
    made = [OneAnswerChannel(server, ours, ("127.0.0.1", 1), server.adj, map=sockets) for ours, _ in pairs]
    try:
        yield made
    finally:
        for channel in made:
            for request in channel.requests:
                request.close()
            channel.handle_close()
        for _, theirs in pairs:
            theirs.close()
        server.task_dispatcher.shutdown()
        server.close()


@contextmanager
def unserved_channel() -> Iterator[tuple[OneAnswerChannel, socket.socket]]:
    """Yield a connection, on which nothing is answered by itself, and the client's end of it."""
    ours, theirs = socket.socketpair()
    with unserved_channels(1, most_body=10) as (channel,), theirs:
        assert channel.socket is not None
        channel.socket.close()
        ours.setblocking(False)
        channel.socket = ours
        yield channel, theirs
