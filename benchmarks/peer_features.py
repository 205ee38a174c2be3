"""Asks the test servers of PyPI what they do, for the table of docs/feedserver/comparison.md.

    uv run --group bench python benchmarks/peer_features.py

Each row is something that a test can see from outside; feedserver is asked the same questions.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

TIMEOUT = 1.0


@dataclass(frozen=True)
class Peer:
    """A server that answers /a?x=1&y=2 with an ETag; *check* raises where it remembers that a request had no answer."""

    name: str
    port: int
    check: Callable[[], object]


@contextmanager
def feedserver() -> Iterator[Peer]:
    """Serve by this project."""
    from feedserver import FeedServer, Response

    with FeedServer() as server:
        server.add("/a", Response("ok", headers={"ETag": '"1"'}), query={"x": "1", "y": "2"})
        yield Peer("feedserver", server.port, server.verify)


@contextmanager
def pytest_httpserver() -> Iterator[Peer]:
    """Serve by pytest-httpserver."""
    with import_module("pytest_httpserver").HTTPServer() as server:
        server.expect_request("/a", query_string={"x": "1", "y": "2"}).respond_with_data("ok", headers={"ETag": '"1"'})
        yield Peer("pytest-httpserver", server.port, server.check)


@contextmanager
def pytest_localserver() -> Iterator[Peer]:
    """Serve by pytest-localserver."""
    server = import_module("pytest_localserver.http").ContentServer()
    server.start()
    server.serve_content("ok", headers={"ETag": '"1"'})
    try:
        yield Peer("pytest-localserver", server.server_address[1], lambda: None)
    finally:
        server.stop()


PEERS: tuple[Callable[[], Any], ...] = (feedserver, pytest_httpserver, pytest_localserver)


def ask(peer: Peer, target: str, *headers: str, times: int = 1) -> list[str]:
    """Return the status line of each of *times* answers over one connection, as far as they come."""
    request = "\r\n".join([f"GET {target} HTTP/1.1", "Host: a", *headers, "", ""]).encode()
    lines: list[str] = []
    with socket.create_connection(("127.0.0.1", peer.port), timeout=TIMEOUT) as client:
        try:
            for _ in range(times):
                client.sendall(request)
                data = client.recv(65_536)
                if not data:
                    break
                lines.append(data.partition(b"\r\n")[0].decode())
                while b"ok" not in data and b" 200 " in data[:20] and (more := client.recv(65_536)):
                    data += more
        except (TimeoutError, ConnectionError):
            pass
    return lines


def features(peer: Peer) -> Iterator[tuple[str, str]]:
    """Yield each question and its answer."""
    first = ask(peer, "/a?x=1&y=2")
    yield "speaks", first[0].partition(" ")[0]
    yield "answers a query in another order", first[0] if ask(peer, "/a?y=2&x=1") == first else "no"
    yield "keeps connections", "yes" if len(ask(peer, "/a?x=1&y=2", times=2)) == 2 else "no"
    yield "304 for its validator", "yes" if " 304 " in ask(peer, "/a?x=1&y=2", 'If-None-Match: "1"')[0] else "no"
    yield "answers what nothing was told of", ask(peer, "/nothing")[0]
    try:
        peer.check()
    except AssertionError as error:
        yield "then fails a test", f"yes: {str(error).splitlines()[0][:60]}"
    else:
        yield "then fails a test", "no"


def main() -> None:
    """Print a table of the answers."""
    rows: list[dict[str, str]] = []
    for serve in PEERS:
        try:
            with serve() as peer:
                rows.append({"server": f"{peer.name} {version(peer.name)}"} | dict(features(peer)))
        except ModuleNotFoundError as error:
            print(f"skipped: {error.name}: it is not installed")
    for question in rows[0]:
        print("| " + " | ".join([question, *(row[question] for row in rows)]) + " |")
    ours = rows[0]
    is_as_told = (
        ours["keeps connections"] == ours["304 for its validator"] == "yes" and ours["then fails a test"] != "no"
    )
    print("ok " if is_as_told else "NO ", "feedserver does what docs/feedserver/comparison.md says")


if __name__ == "__main__":
    main()
