"""Binding a port: beside a silent socket that holds it, and with an error that says what to do."""

from __future__ import annotations

import socket

import pytest

from feedserver.net.binding import (
    HOLDS_BESIDE,
    PortTaken,
    addresses_of,
    bind_and_listen,
    hold,
    hold_beside,
    listen,
    listen_again,
)


def test_a_free_port_is_bound_and_can_be_held_by_a_second_socket() -> None:
    with bind_and_listen("127.0.0.1", 0, 0.0) as listening:
        port = listening.getsockname()[1]
        holder = hold_beside(listening, "127.0.0.1", port)
        assert (holder is not None) == HOLDS_BESIDE
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            assert client.getpeername()[1] == port
    if holder is not None:
        with holder:
            assert holder.getsockname()[1] == port
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=10)


@pytest.mark.skipif(not HOLDS_BESIDE, reason="this system binds no second socket beside one that listens")
def test_no_other_program_takes_a_held_port() -> None:
    with bind_and_listen("127.0.0.1", 0, 0.0) as listening:
        port = listening.getsockname()[1]
        holder = hold_beside(listening, "127.0.0.1", port)
        assert holder is not None
        with holder:
            for is_closed in (False, True):
                with socket.socket() as other, pytest.raises(OSError, match="in use"):
                    other.bind(("127.0.0.1", port))
                if not is_closed:
                    listening.close()


@pytest.mark.skipif(not HOLDS_BESIDE, reason="elsewhere, SO_REUSEADDR lets nobody share a port")
def test_no_server_that_reuses_addresses_takes_a_held_port() -> None:
    with bind_and_listen("127.0.0.1", 0, 0.0) as listening:
        port = listening.getsockname()[1]
        beside = hold_beside(listening, "127.0.0.1", port)
    assert beside is not None
    with beside, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", port).close()
    with hold("127.0.0.1", port) as alone:
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", port).close()
        with listen_again("127.0.0.1", port, [alone]) as again, socket.create_connection(again.getsockname()):
            pass
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", port).close()


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with listen("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} of 127\.0\.0\.1 is taken; stop what listens there"):
            bind_and_listen("127.0.0.1", port, 0.0)


def test_an_address_of_another_machine_is_named_with_the_remedy() -> None:
    with pytest.raises(OSError, match=r"cannot listen on 192\.0\.2\.1 port 0: .*; use an address of this machine"):
        bind_and_listen("192.0.2.1", 0, 0.0)


@pytest.mark.parametrize("host", ["http://127.0.0.1", "127.0.0.1:80", "999.1.1.1"])
def test_an_invalid_address_is_reported_without_the_number_of_a_resolver_error(host: str) -> None:
    with pytest.raises(
        OSError,
        match=r"cannot listen on '.*': it is no address; give an address of this machine without scheme and port",
    ):
        bind_and_listen(host, 0, 0.0)


def test_localhost_means_both_families_and_an_address_means_itself() -> None:
    assert addresses_of("localhost") == addresses_of("LOCALHOST") == ("127.0.0.1", "::1")
    assert addresses_of("127.0.0.2") == ("127.0.0.2",)
    assert addresses_of("::1") == ("::1",)


@pytest.mark.parametrize("name", ["nosuch.invalid", "no such", "a" * 70], ids=["unknown", "a space", "too long"])
def test_a_name_that_is_not_known_is_named_with_the_remedy(name: str) -> None:
    with pytest.raises(OSError, match=f"cannot listen on '{name}': no host of that name is known; use an address"):
        addresses_of(name)
