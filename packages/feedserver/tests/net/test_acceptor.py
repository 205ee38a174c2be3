"""The acceptor on real sockets, on a loop that can watch them and on one that can't, such as Windows' Proactor."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from feedserver.net.acceptor import ACCEPT_PAUSE, Acceptor


class Proactorlike(asyncio.SelectorEventLoop):
    """A loop without `add_reader`."""

    def add_reader(self, fd: object, callback: object, *args: object) -> None:
        raise NotImplementedError


class Greeter(asyncio.Protocol):
    """A protocol that sends hello, so that its client knows that it was accepted."""

    def __init__(self, met: list[asyncio.Transport]) -> None:
        self.met = met

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        met = cast("asyncio.Transport", transport)
        self.met.append(met)
        met.write(b"hello")


class RefusesOnce(socket.socket):
    """A listening socket whose first accept fails for lack of descriptors."""

    failures = 1

    def accept(self) -> tuple[socket.socket, object]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


@pytest.fixture(params=[asyncio.SelectorEventLoop, Proactorlike])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    loop: asyncio.AbstractEventLoop = request.param()
    yield loop
    loop.close()


class AcceptorUnderTest:
    """A listening socket, its acceptor, and the connections and errors that it has reported."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kind: type[socket.socket] = socket.socket) -> None:
        self.loop = loop
        self.listening = kind()
        self.listening.setblocking(False)
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(64)
        self.met: list[asyncio.Transport] = []
        self.refusals: list[OSError] = []
        self.errors: list[object] = []
        loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self.acceptor = Acceptor(loop, self.listening, lambda: Greeter(self.met), lambda: None, self.refusals.append)

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Run the loop until *condition* is true, at most five seconds."""
        deadline = self.loop.time() + 5
        while not condition():
            assert self.loop.time() < deadline
            self.loop.run_until_complete(asyncio.sleep(0))

    def close(self) -> None:
        """End everything, and assert that it has ended."""
        number = self.listening.fileno()
        self.acceptor.close()
        self.run_until(lambda: not self.acceptor.under_way)
        for transport in self.met:
            transport.abort()
        self.run_until(lambda: all(transport.get_extra_info("socket").fileno() == -1 for transport in self.met))
        assert not asyncio.all_tasks(self.loop)
        assert self.listening.fileno() == -1
        assert not self.loop.remove_reader(number), "a closed socket is still watched"


@contextlib.contextmanager
def clients(under_test: AcceptorUnderTest, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        address = under_test.listening.getsockname()
        yield [stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(count)]


def test_a_burst_of_clients_is_accepted(loop: asyncio.AbstractEventLoop) -> None:
    under_test = AcceptorUnderTest(loop)
    with clients(under_test, 40) as burst:
        under_test.acceptor.open()
        under_test.run_until(lambda: len(under_test.met) == 40)
        assert [client.recv(5) for client in burst] == [b"hello"] * 40
        under_test.close()
    assert under_test.refusals == []


def test_closing_leaves_no_client_between_accept_and_connection(loop: asyncio.AbstractEventLoop) -> None:
    under_test = AcceptorUnderTest(loop)
    under_test.acceptor.open()
    with clients(under_test, 5) as five:
        under_test.run_until(lambda: bool(under_test.acceptor.under_way or under_test.met))
        under_test.close()
        for client in five:
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(5) in (b"hello", b"")
                assert client.recv(5) == b""


def test_closing_ends_the_wait_for_a_first_client(loop: asyncio.AbstractEventLoop) -> None:
    under_test = AcceptorUnderTest(loop)
    under_test.acceptor.open()
    loop.run_until_complete(asyncio.sleep(0))  # on a loop that can't watch sockets, a task begins to wait
    under_test.close()
    assert under_test.met == []


def test_the_acceptor_goes_on_after_the_system_refused_to_accept(loop: asyncio.AbstractEventLoop) -> None:
    under_test = AcceptorUnderTest(loop, RefusesOnce)
    under_test.acceptor.open()
    with clients(under_test, 1) as [client]:
        under_test.run_until(lambda: bool(under_test.met))
        assert client.recv(5) == b"hello"
        under_test.close()
    assert [refusal.errno for refusal in under_test.refusals] == [errno.EMFILE]


def test_the_acceptor_can_be_closed_while_it_waits_after_a_refusal(loop: asyncio.AbstractEventLoop) -> None:
    under_test = AcceptorUnderTest(loop, RefusesOnce)
    under_test.acceptor.open()
    with clients(under_test, 1):
        under_test.run_until(lambda: bool(under_test.refusals))
        under_test.close()
        after_the_pause = loop.time() + 2 * ACCEPT_PAUSE
        under_test.run_until(lambda: loop.time() > after_the_pause)
    assert (under_test.met, under_test.errors) == ([], [])
