"""Waiting for sockets, with the best way that the system has, and with select, which every system has."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from feedserver.net.poller import READ, WRITE, Poller, SelectorPoller, new_poller

POLLERS: dict[str, Callable[[], Poller]] = {
    "the system's best": lambda: new_poller()[0],
    "select": lambda: SelectorPoller(selectors.SelectSelector()),
}


@pytest.fixture(params=POLLERS)
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    made = POLLERS[request.param]()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_ready_socket_is_reported_by_descriptor_and_event(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    poller.register(one.fileno(), READ)
    assert poller.poll(0.0, 8) == []
    other.send(b"x")
    assert poller.poll(-1.0, 8) == [(one.fileno(), READ)]
    poller.modify(one.fileno(), READ | WRITE)
    assert poller.poll(-1.0, 8) == [(one.fileno(), READ | WRITE)]
    poller.modify(one.fileno(), WRITE)
    assert poller.poll(-1.0, 8) == [(one.fileno(), WRITE)]


def test_a_poll_without_a_time_limit_waits_for_a_late_event(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    poller.register(one.fileno(), READ)
    late = threading.Timer(0.05, other.send, (b"x",))
    late.start()
    assert poller.poll(-1.0, 8) == [(one.fileno(), READ)]
    late.join()


def test_a_socket_that_is_no_longer_watched_is_not_reported(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    other.send(b"x")
    poller.register(one.fileno(), READ)
    poller.unregister(one.fileno())
    assert poller.poll(0.0, 8) == []


def test_the_end_of_a_connection_is_reported_by_another_event_than_write(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    poller.register(one.fileno(), READ)
    other.close()
    [(descriptor, events)] = poller.poll(-1.0, 8)
    assert descriptor == one.fileno() and events & ~WRITE
