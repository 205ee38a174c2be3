"""Serving the pages until a signal comes."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from interruption import interrupt_main_thread
from lifestream.web import wsgi_server
from lifestream.web.wsgi_server import ending_on_sigterm, serve
from programs import Program, environment
from wsgi_serving import unserved_channels


def application(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def test_an_invalid_address_is_an_error() -> None:
    with pytest.raises(OSError, match=r"^no such address$"):
        serve(application, "256.1.1.1", 0, lambda _: None)


def test_clients_can_connect_once_the_address_is_reported() -> None:
    reported: list[str] = []

    def connect(address: str) -> None:
        reported.append(address)
        port = int(address.rstrip("/").rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), 30).close()
        raise SystemExit(0)  # which ends `serve`

    with pytest.raises(SystemExit):
        serve(application, "127.0.0.1", 0, connect)
    assert reported[0].startswith("http://127.0.0.1:")


def test_the_number_of_concurrent_requests_is_that_of_the_threads() -> None:
    together = threading.Barrier(3)
    lock = threading.Lock()
    present: list[None] = []
    most = 0

    def meeting(environ: Any, start_response: Any) -> list[bytes]:
        nonlocal most
        with lock:
            present.append(None)
            most = max(most, len(present))
        together.wait(30)  # which ends if three requests are answered at once
        with lock:
            present.pop()
        return application(environ, start_response)

    answers: list[bytes] = []

    def connect(address: str) -> None:
        def ask() -> None:
            with urlopen(address, timeout=60) as answer:
                answers.append(answer.read())

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()

        def end() -> None:
            for thread in threads:
                thread.join(60)
            interrupt_main_thread()

        threading.Thread(target=end).start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt, SystemExit):
            serve(meeting, "127.0.0.1", 0, connect, threads=3)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (answers, most) == ([b"ok"] * 12, 3)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
)
def test_clients_that_send_no_whole_request_do_not_block_others(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(wsgi_server, "MOST_CONNECTIONS", 20)
    answers: list[bytes] = []
    clients: list[threading.Thread] = []

    def ready(address: str) -> None:
        port = int(address.rstrip("/").rpartition(":")[2])

        def ask() -> None:
            try:
                with ExitStack() as silent:
                    for _ in range(40):
                        each = silent.enter_context(socket.create_connection(("127.0.0.1", port), 30))
                        each.sendall(sent)
                    with urlopen(address, timeout=30) as answer:
                        answers.append(answer.read())
            finally:
                interrupt_main_thread()

        clients.append(threading.Thread(target=ask))
        clients[0].start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serve(application, "127.0.0.1", 0, ready)
    finally:
        signal.signal(signal.SIGINT, before)
        clients[0].join(60)
    assert answers == [b"ok"]


def test_a_request_that_is_being_answered_keeps_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_server, "MOST_CONNECTIONS", 20)
    entered, go_on = threading.Event(), threading.Event()
    answers: list[bytes] = []
    clients: list[threading.Thread] = []

    def slow(environ: Any, start_response: Any) -> list[bytes]:
        entered.set()
        go_on.wait(30)
        return application(environ, start_response)

    def ready(address: str) -> None:
        port = int(address.rstrip("/").rpartition(":")[2])

        def ask() -> None:
            with suppress(OSError), urlopen(address, timeout=30) as answer:
                answers.append(answer.read())

        def crowd() -> None:
            try:
                entered.wait(30)
                with ExitStack() as silent:
                    opened = [
                        silent.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(40)
                    ]
                    assert opened[0].recv(1) == b"", "the connection is closed to make space"
                    go_on.set()
                    clients[0].join(60)
            finally:
                go_on.set()
                interrupt_main_thread()

        clients.extend(threading.Thread(target=each) for each in (ask, crowd))
        for each in clients:
            each.start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serve(slow, "127.0.0.1", 0, ready)
    finally:
        signal.signal(signal.SIGINT, before)
        for each in clients:
            each.join(60)
    assert answers == [b"ok"]


def test_connections_that_still_receive_an_answer_are_closed_after_newer_ones() -> None:
    with unserved_channels(2, most_body=10) as (receiving, newer):
        receiving.creation_time, newer.creation_time = 1, 2
        receiving.total_outbufs_len = 5  # as if the client had not read all of its answer
        assert wsgi_server._close_oldest({1: receiving, 2: newer})  # one of two
        assert (receiving.connected, newer.connected) == (True, False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_nothing_and_ends_the_server(number: signal.Signals) -> None:
    reached = []

    def ready(_address: str) -> None:
        signal.raise_signal(number)
        reached.append(True)  # an exception in the midst of the loop would leave a socket open

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serve(application, "127.0.0.1", 0, ready)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert reached == [True]


def test_connections_that_clients_keep_are_closed_at_the_end() -> None:
    clients: list[socket.socket] = []

    def connect(address: str) -> None:
        client = socket.create_connection(("127.0.0.1", int(address.rstrip("/").rpartition(":")[2])), 30)
        clients.append(client)

        def ask() -> None:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.recv(65_536)
            interrupt_main_thread()

        threading.Thread(target=ask).start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            serve(application, "127.0.0.1", 0, connect)
    finally:
        signal.signal(signal.SIGINT, before)
    with clients[0] as client:
        while client.recv(65_536):  # ends, since the server has closed its end
            pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal by which a process can end in order")
def test_sigterm_ends_the_block_and_its_handler_is_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit), ending_on_sigterm():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_in_another_thread_no_signal_handler_is_changed() -> None:
    seen = []

    def look() -> None:
        with ending_on_sigterm():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join(30)
    assert seen == [before]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_maximum_is_refused_before_its_end(chunked: bool) -> None:
    answers: list[bytes] = []
    head = b"POST / HTTP/1.1\r\nHost: a\r\n"
    framing = b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: 1000000000\r\n\r\n"
    clients: list[threading.Thread] = []

    def ready(address: str) -> None:
        port = int(address.rstrip("/").rpartition(":")[2])

        def ask() -> None:
            try:
                with socket.create_connection(("127.0.0.1", port), 60) as client:
                    client.sendall(head + framing + b"400\r\n" + bytes(1024) + b"\r\n")
                    answers.append(client.recv(100))
            finally:
                interrupt_main_thread()

        clients.append(threading.Thread(target=ask))
        clients[0].start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt, SystemExit):
            serve(application, "127.0.0.1", 0, ready, most_body=1000)
    finally:
        signal.signal(signal.SIGINT, before)
    clients[0].join(60)
    assert answers[0].startswith(b"HTTP/1.1 413 ")


_SHORT_OF_FILES = """
import logging, os, resource, sys, time
from contextlib import suppress
from lifestream.web.wsgi_server import serve

resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

def answer(environ, start_response):
    if environ["PATH_INFO"] == "/hold":
        print("holds", flush=True)
        while not os.path.exists(sys.argv[1]):  # needs no file
            time.sleep(0.05)
    if environ["PATH_INFO"] == "/processor":
        start_response("200 OK", [])
        return [b"%f" % time.process_time()]
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

def ready(address):
    opened = []
    with suppress(OSError):
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    for each in opened[-8:]:
        os.close(each)
    print("serves", address, flush=True)

serve(answer, "127.0.0.1", 0, ready, threads=16)
"""
"""A server that may open eight more files once it serves. It answers /hold once the file of its argument exists."""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limits to lower")
class TestAShortageOfFiles:
    @pytest.mark.slow
    def test_silent_connections_are_closed_and_it_is_logged_once_with_the_remedy(self, tmp_path: Path) -> None:
        with (
            Program(
                [sys.executable, "-c", _SHORT_OF_FILES, str(tmp_path / "answer")], environment(tmp_path)
            ) as program,
            ExitStack() as silent,
        ):
            address = program.wait_for_line("serves").split()[1]
            port = int(address.rstrip("/").rpartition(":")[2])
            for _ in range(60):
                silent.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            for _ in range(3):
                with urlopen(address, timeout=30) as answer:
                    assert answer.read() == b"ok"
            assert program.terminate() == 0
        (line,) = [each for each in program.output.splitlines() if "accept" in each]
        assert line.startswith(
            "lifestream.web.wsgi_server: connections can't be accepted: this process may open no more files: raise the "
        )
        assert "Traceback" not in program.output

    @pytest.mark.slow
    def test_connections_that_are_being_answered_stay_open_and_the_loop_pauses(self, tmp_path: Path) -> None:
        with (
            Program(
                [sys.executable, "-c", _SHORT_OF_FILES, str(tmp_path / "answer")], environment(tmp_path)
            ) as program,
            ExitStack() as held,
        ):
            address = program.wait_for_line("serves").split()[1]
            port = int(address.rstrip("/").rpartition(":")[2])
            before = _processor_time(address)
            clients: list[socket.socket] = []
            for number in range(1, 9):  # one by one: a connection without a request may be closed
                clients.append(held.enter_context(socket.create_connection(("127.0.0.1", port), 30)))
                clients[-1].sendall(b"GET /hold HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                program.wait_for_line("holds", number)
            threading.Timer(2, (tmp_path / "answer").touch).start()
            used = _processor_time(address) - before  # answered once one of the others is closed
            for each in clients:
                assert each.makefile("rb").read().endswith(b"ok")
            assert program.terminate() == 0
        assert program.output.count("connections can't be accepted") == 1
        assert used < 0.3, "a loop that tries again at once takes most of the two seconds"

    def test_connections_may_take_half_of_the_files_but_at_least_20_and_at_most_256(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for files, most in ((None, 256), (1_024, 256), (300, 150), (30, 20)):
            monkeypatch.setattr(wsgi_server, "soft_limit", lambda files=files: files)
            assert wsgi_server._most_connections() == most


def _processor_time(address: str) -> float:
    with urlopen(f"{address}processor", timeout=30) as answer:
        return float(answer.read())
