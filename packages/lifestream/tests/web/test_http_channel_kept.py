"""The bodies and answers that are kept for clients: if they are too many, those of the clients that have been silent
for the longest time are given up.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Any, Final
from urllib.request import urlopen

import pytest
from waitress.buffers import TempfileBasedBuffer

from lifestream.web import wsgi_server
from lifestream.web.http_channel import OneAnswerChannel, close_silent
from lifestream.web.request_framing import BoundedParser
from wsgi_serving import (
    ASKED,
    LARGE,
    body_of,
    connected,
    serving,
    unserved_channel,
    unserved_channels,
)

_MIB: Final = 1 << 20


def _send(channel: OneAnswerChannel, size: int, *, of: int, moment: float) -> None:
    channel.received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % of)
    for start in range(0, size, 65_536):
        channel.received(bytes(min(65_536, size - start)))
    channel.last_activity = moment


def test_of_too_many_bodies_those_that_stopped_first_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.web.http_channel.MOST_KEPT", 6 * _MIB)
    with unserved_channels(5, most_body=3 * _MIB) as (first, second, third, idle, honest):
        for moment, channel in enumerate((second, first, third)):
            _send(channel, 2 * _MIB - 1, of=2 * _MIB, moment=moment)
        idle.last_activity = -1
        _send(honest, 2 * _MIB, of=2 * _MIB, moment=4)
        assert [each.will_close for each in (first, second, third, idle, honest)] == [False, True, False, False, False]
        assert [request.error for request in honest.requests] == [None]
        assert honest.kept == 2 * _MIB
        second.handle_close()
        assert second.kept == 0


def test_a_body_for_which_no_space_can_be_made_is_answered_with_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.web.http_channel.MOST_KEPT", 6 * _MIB)
    with unserved_channels(4, most_body=3 * _MIB) as (*waiting, last):
        for channel in waiting:
            _send(channel, 2 * _MIB, of=2 * _MIB, moment=0)  # complete, so it is answered
        _send(last, 2 * _MIB, of=2 * _MIB, moment=1)
        assert [each.will_close for each in (*waiting, last)] == [False] * 4
        assert [getattr(request.error, "code", None) for request in last.requests] == [503]


def test_a_single_body_of_the_largest_size_is_always_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.web.http_channel.MOST_KEPT", _MIB)
    with unserved_channels(1, most_body=4 * _MIB) as (only,):
        _send(only, 4 * _MIB - 1, of=4 * _MIB - 1, moment=0)  # waitress refuses one of *most_body* bytes
        assert [request.error for request in only.requests] == [None]


def test_of_too_many_answers_the_one_unread_for_longest_is_given_up() -> None:
    with unserved_channels(3, most_body=10) as (first, second, third):
        for moment, channel in enumerate((second, third, first)):
            channel.total_outbufs_len = 2 * _MIB  # as if the client read nothing
            channel.last_activity = moment
        assert close_silent((first, second, third), 5 * _MIB)
        assert [each.will_close for each in (first, second, third)] == [False, True, False]
        assert close_silent((first, second, third), 5 * _MIB)
        assert [each.will_close for each in (first, second, third)] == [False, True, False]


def _take(channel: OneAnswerChannel, client: socket.socket, size: int) -> None:
    """Let *client* read *size* bytes of what *channel* sends."""
    while size > 0:
        channel.handle_write()
        size -= len(client.recv(min(size, 65_536)))


def test_a_long_answer_counts_until_all_of_it_is_received_and_is_deleted_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of an answer has all of its bytes until it is closed, whatever the client has read."""
    files: list[Any] = []
    make_file: Any = TempfileBasedBuffer.newfile

    def noting(buffer: object) -> Any:
        files.append(make_file(buffer))
        return files[-1]

    monkeypatch.setattr(TempfileBasedBuffer, "newfile", noting)
    with unserved_channel() as (channel, client):
        channel.write_soon(bytes(4 * _MIB))
        _take(channel, client, 3 * _MIB)
        assert (channel.kept, [each.closed for each in files]) == (4 * _MIB, [False])
        _take(channel, client, _MIB)
        channel.handle_write()
        assert (channel.kept, [each.closed for each in files]) == (0, [True])
        assert not channel.writable()
        channel.write_soon(b"the next answer")  # which is sent at once
        assert client.recv(100) == b"the next answer"
        assert channel.writable()
        channel.handle_write()
        assert (channel.kept, channel.writable()) == (0, False)


def test_an_answer_that_is_not_complete_is_not_deleted() -> None:
    with unserved_channel() as (channel, client):
        channel.requests.append(BoundedParser(channel.adj))  # it is being answered
        channel.write_soon(b"a")
        assert client.recv(100) == b"a"
        assert not channel.writable()
        assert channel.kept == 1


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EMFILE])
def test_an_answer_that_cannot_be_kept_ends_the_connection(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """Otherwise the number of bytes to send becomes negative: the loop never waits, and the connection stays open."""
    read: list[bytes] = []

    def fail(_buffer: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(TempfileBasedBuffer, "newfile", fail)

    def client(address: str, port: int) -> None:
        with connected(port) as connection, connection.makefile("rb") as answers:
            connection.sendall(ASKED)
            read.append(answers.readline())
            assert len(answers.read()) < len(LARGE)
        with urlopen(f"{address}small", timeout=60) as answer:
            read.append(answer.read())

    serving(client)
    assert read == [b"HTTP/1.1 200 OK\r\n", b"/small"]


@pytest.mark.slow
def test_clients_that_read_nothing_do_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_server, "MOST_KEPT", 3 * len(LARGE))
    read: list[bytes] = []

    def client(address: str, port: int) -> None:
        greedy = [connected(port) for _ in range(6)]
        for each in greedy:
            each.sendall(ASKED)
        with urlopen(f"{address}small", timeout=60) as answer:  # the last in the queue of one thread
            read.append(answer.read())
        is_cut = 0
        for each in greedy:
            with each, each.makefile("rb") as answers:
                try:
                    is_cut += len(body_of(answers)) < len(LARGE)
                except ConnectionError:
                    is_cut += 1
        read.append(b"cut" if is_cut >= 2 else b"%d are cut" % is_cut)

    serving(client)
    assert read == [b"/small", b"cut"]
