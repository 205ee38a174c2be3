"""Stopping a server from outside: `stop_server` sends QUIT and waits until the server has gone."""

from __future__ import annotations

import socket
import time

from feedserver.messages.argument_types import check_is, check_name, check_seconds

LOOK_AGAIN = 0.01
"""Seconds between two looks whether a server that was told to stop still listens."""


def stop_server(port: int, host: str = "127.0.0.1", timeout: float = 5.0) -> None:
    """Sends QUIT to the server on *port* and waits until it has gone, at most *timeout* seconds.

    Raises ConnectionError where nothing listens there, or what listens does not obey, or stays.
    """
    check_is("port", port, int, "give the number that the server listens on, such as 8097")
    if not 1 <= port <= 65535:
        raise ValueError(f"port is {port}; give a number from 1 to 65535")
    check_name("host", host, "127.0.0.1")
    check_seconds("timeout", timeout, above_zero=True)
    import http.client

    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("QUIT", "/")
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace").strip()
    except OSError as error:
        raise ConnectionError(f"no feedserver stopped on {host} port {port}: {error}") from error
    except http.client.HTTPException as error:
        raise ConnectionError(f"what listens on {host} port {port} is no feedserver: {error!r}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise ConnectionError(f"the server on {host} port {port} did not stop: {answer.status} {text}")
    deadline = time.monotonic() + timeout
    while _listens(host, port):
        if time.monotonic() > deadline:
            raise ConnectionError(f"the server on {host} port {port} has agreed to stop, and still listens")
        time.sleep(LOOK_AGAIN)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
