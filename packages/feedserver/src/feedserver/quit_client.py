"""Stops a server from outside: `stop_server` sends QUIT and waits until the server has gone."""

from __future__ import annotations

import re
import socket
import time

from feedserver.messages.argument_types import check_is, check_name, check_seconds
from feedserver.messages.steady_time import monotonic
from feedserver.messages.terminal_text import visible

LOOK_AGAIN = 0.01
"""Seconds between two checks whether a server that was asked to stop still listens."""

LONGEST_ANSWER = 65_536
"""The bytes of an answer after which no more is read: the server may be no feedserver, and its answer endless."""

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r\n)")


def stop_server(port: int, host: str = "127.0.0.1", timeout: float = 5.0) -> None:
    """Send QUIT to the server on *port* and wait until it has gone, at most *timeout* seconds in all.

    Raises ConnectionError if nothing listens there, if what listens is no feedserver, or if the server refuses or does
    not stop; TypeError or ValueError for an argument that cannot be right, such as port 0.
    """
    check_is("port", port, int, "give the number that the server listens on, such as 8097")
    if not 1 <= port <= 65535:
        raise ValueError(f"port is {port}; give a number from 1 to 65535")
    check_name("host", host, "127.0.0.1")
    deadline = monotonic() + check_seconds("timeout", timeout, above_zero=True)
    try:
        answer = _answer_to_quit(port, host, deadline)
    except (OSError, UnicodeError) as error:  # UnicodeError: *host* cannot be the name of a host
        raise ConnectionError(f"no feedserver stopped on {host} port {port}: {error}") from error
    status = _STATUS.match(answer)
    if status is None:
        began = visible(answer[:60].decode("latin-1"))
        raise ConnectionError(f"what listens on {host} port {port} is no feedserver: its answer began {began!r}")
    if status[1] != b"200":
        lines = answer.partition(b"\r\n\r\n")[2].decode("utf-8", "replace").strip()[:1000].splitlines()
        text = visible(" ".join(lines))
        raise ConnectionError(f"the server on {host} port {port} did not stop: {int(status[1])} {text}")
    while _listens(host, port, deadline):
        if monotonic() > deadline:
            raise ConnectionError(f"the server on {host} port {port} has agreed to stop, and still listens")
        time.sleep(LOOK_AGAIN)


def _answer_to_quit(port: int, host: str, deadline: float) -> bytes:
    """Return what was received until the connection or the time ended. Of an endless answer, this is its beginning:
    about LONGEST_ANSWER bytes.

    Raises TimeoutError where no whole head came in time.
    """
    name = f"[{host}]" if ":" in host else host
    request = f"QUIT / HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n"
    answer = b""
    with _connection(port, host, deadline) as connection:
        connection.sendall(request.encode("ascii", "replace"))
        while len(answer) < LONGEST_ANSWER:
            connection.settimeout(_seconds_left(deadline))
            try:
                data = connection.recv(LONGEST_ANSWER) if monotonic() < deadline else None
            except TimeoutError:
                data = None
            if data is None and b"\r\n\r\n" not in answer:  # a whole head has the status, which is enough
                raise TimeoutError("its answer did not come in time")
            if not data:
                break
            answer += data
    return answer


def _listens(host: str, port: int, deadline: float) -> bool:
    try:
        _connection(port, host, deadline).close()
    except TimeoutError:  # on the same machine, a port on which nothing listens refuses a connection
        return True
    except OSError:
        return False
    return True


def _connection(port: int, host: str, deadline: float) -> socket.socket:
    """Open a connection to one of the addresses of *host*, with one time limit for all of them."""
    failure: OSError | None = None
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return socket.create_connection((str(address[0]), port), timeout=_seconds_left(deadline))
        except OSError as error:
            failure = error
    raise failure or OSError(f"{host} has no address")


def _seconds_left(deadline: float) -> float:
    return max(0.001, deadline - monotonic())
