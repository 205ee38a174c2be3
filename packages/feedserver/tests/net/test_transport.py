"""The transport on a real connection, with a protocol that records its calls."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from feedserver.net.transport import SocketTransport
from problem_finding import NO_LINGER

MUCH = b"0123456789abcdef" * 1_000_000
"""More than any kernel takes at once."""


@dataclass(eq=False)
class RecordingProtocol(asyncio.Protocol):
    """A protocol that records its calls, in their order."""

    keeps_open: bool = False
    calls: list[object] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.calls.append("made")

    def data_received(self, data: bytes) -> None:
        if data == b"!":
            raise ValueError("a mistake of the protocol's")
        self.calls.append(data)

    def eof_received(self) -> bool:
        self.calls.append("eof")
        return self.keeps_open

    def pause_writing(self) -> None:
        self.calls.append("pause")

    def resume_writing(self) -> None:
        self.calls.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append(("lost", type(exc)))


class ConnectedTransport:
    """A client's socket, and the transport and the protocol at its other end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client = socket.create_connection(listening.getsockname(), timeout=5)
            accepted, address = listening.accept()
        self.protocol = RecordingProtocol()
        self.transport = SocketTransport(loop, accepted, address, self.protocol)

    @property
    def calls(self) -> list[object]:
        return self.protocol.calls

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Run the loop until *condition* is true, at most five seconds."""
        deadline = self.loop.time() + 5
        while not condition():
            assert self.loop.time() < deadline, self.calls
            self.loop.run_until_complete(asyncio.sleep(0))

    def read(self) -> bytes:
        """Return what the client gets until the end."""
        self.client.setblocking(False)
        received = bytearray()
        ended = False

        def read_some() -> bool:
            nonlocal ended
            try:
                data = self.client.recv(1_000_000)
            except BlockingIOError:
                return False
            received.extend(data)
            ended = not data
            return ended

        self.run_until(read_some)
        return bytes(received)

    def close(self) -> None:
        """Close both ends."""
        self.client.close()
        self.transport.abort()
        self.run_until(lambda: self.transport.get_extra_info("socket").fileno() == -1)


@pytest.fixture
def connected() -> Iterator[ConnectedTransport]:
    loop = asyncio.SelectorEventLoop()
    connected = ConnectedTransport(loop)
    yield connected
    connected.close()
    loop.close()


def test_the_transport_hands_over_what_arrives_and_sends_what_is_written(connected: ConnectedTransport) -> None:
    connected.client.sendall(b"ping")
    connected.run_until(lambda: b"ping" in connected.calls)
    connected.transport.write(b"pong")
    assert connected.client.recv(4) == b"pong"
    assert connected.calls == ["made", b"ping"]


def test_the_transport_gives_the_address_of_its_client(connected: ConnectedTransport) -> None:
    assert connected.transport.get_extra_info("peername") == connected.client.getsockname()
    assert connected.transport.get_extra_info("cipher", "none") == "none"


def test_the_transport_pauses_its_protocol_while_the_kernel_is_full(connected: ConnectedTransport) -> None:
    connected.transport.write(MUCH)
    assert connected.calls == ["made", "pause"]
    assert 0 < connected.transport.get_write_buffer_size() < len(MUCH)
    connected.transport.write(b"and more")
    connected.transport.write_eof()
    assert connected.read() == MUCH + b"and more"
    assert connected.calls == ["made", "pause", "resume"]
    assert connected.transport.get_write_buffer_size() == 0


def test_what_a_slow_client_leaves_is_counted_and_not_copied_again_for_each_piece(
    connected: ConnectedTransport,
) -> None:
    connected.transport.write(MUCH)
    waiting, before = connected.transport._unsent, connected.transport.get_write_buffer_size()
    connected.client.setblocking(False)

    def read_on() -> bool:
        with contextlib.suppress(BlockingIOError):
            connected.client.recv(100_000)
        return connected.transport.get_write_buffer_size() < before - 1_000_000

    connected.run_until(read_on)
    assert connected.transport._unsent is waiting
    left = connected.transport.get_write_buffer_size()
    connected.transport.abort()
    assert 0 < connected.transport.get_write_buffer_size() == left < len(MUCH)


def test_closing_first_sends_what_was_written(connected: ConnectedTransport) -> None:
    connected.transport.write(MUCH)
    connected.transport.close()
    connected.transport.write(b"too late")
    assert connected.transport.is_closing()
    assert connected.read() == MUCH
    connected.run_until(lambda: ("lost", type(None)) in connected.calls)


def test_aborting_sends_no_more(connected: ConnectedTransport) -> None:
    connected.transport.write(MUCH)
    connected.transport.abort()
    connected.transport.abort()
    connected.run_until(lambda: ("lost", type(None)) in connected.calls)
    assert connected.calls.count(("lost", type(None))) == 1
    assert len(connected.read()) < len(MUCH)


def test_a_client_that_ends_its_half_can_still_be_answered(connected: ConnectedTransport) -> None:
    connected.protocol.keeps_open = True
    connected.client.shutdown(socket.SHUT_WR)
    connected.run_until(lambda: "eof" in connected.calls)
    connected.transport.resume_reading()
    connected.transport.write(b"answer")
    assert connected.client.recv(6) == b"answer"
    connected.loop.run_until_complete(asyncio.sleep(0))
    assert connected.calls == ["made", "eof"], "the end is reported once"


def test_a_client_that_ends_its_half_is_closed_unless_the_protocol_keeps_it_open(connected: ConnectedTransport) -> None:
    connected.client.shutdown(socket.SHUT_WR)
    assert connected.read() == b""
    assert connected.calls == ["made", "eof", ("lost", type(None))]


def test_received_bytes_wait_while_reading_is_paused(connected: ConnectedTransport) -> None:
    connected.transport.pause_reading()
    assert not connected.transport.is_reading()
    connected.client.sendall(b"ping")
    assert select.select([connected.transport.get_extra_info("socket")], [], [], 5)[0], "the bytes have arrived"
    connected.loop.run_until_complete(asyncio.sleep(0.01))
    assert connected.calls == ["made"]
    connected.transport.resume_reading()
    connected.run_until(lambda: b"ping" in connected.calls)


@pytest.mark.parametrize("reading", [True, False], ids=["while reading", "while writing"])
def test_a_reset_is_reported_as_the_reason(connected: ConnectedTransport, reading: bool) -> None:
    connected.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    if not reading:
        connected.transport.pause_reading()
        connected.transport.write(MUCH)
    connected.client.close()
    connected.run_until(lambda: any(isinstance(call, tuple) for call in connected.calls))
    assert connected.calls[-1] in (("lost", ConnectionResetError), ("lost", BrokenPipeError))


def test_a_mistake_of_the_protocol_closes_and_is_reported_to_the_loop(connected: ConnectedTransport) -> None:
    reported: list[object] = []
    connected.loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    connected.client.sendall(b"!")
    assert connected.read() == b""
    assert [str(error) for error in reported] == ["a mistake of the protocol's"]


def test_a_limit_of_the_write_buffer_can_only_be_0(connected: ConnectedTransport) -> None:
    connected.transport.set_write_buffer_limits(0)
    with pytest.raises(ValueError, match="it pauses from the first"):
        connected.transport.set_write_buffer_limits(65536)


def test_the_end_of_the_transport_is_reported_once_whoever_ends_it(connected: ConnectedTransport) -> None:
    connected.transport.abort()  # ends it when the loop turns
    connected.transport.end()
    connected.loop.run_until_complete(asyncio.sleep(0))
    connected.transport.end()

    assert connected.calls.count(("lost", type(None))) == 1
