"""Tests what other test servers do, for the table of docs/feedserver/comparison.md.

    uv run --group bench python benchmarks/peer_features.py [--wiremock JAR] [--go GO]

Each row is something that a test can see from outside; feedserver is tested in the same way. The servers of PyPI take
part if they are installed. WireMock needs Java and its standalone JAR, which npm's package `wiremock` has as well;
httptest needs a Go of 1.19 or later.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import ssl
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

TIMEOUT = 1.0


@dataclass(frozen=True)
class Peer:
    """A server that answers /a?x=1&y=2 with an ETag, on *port*, and with TLS on *tls_port* if it has one.

    *check* raises AssertionError if the server remembers a request without an answer.
    """

    name: str
    port: int
    check: Callable[[], object]
    tls_port: int | None = None


@contextmanager
def feedserver() -> Iterator[Peer]:
    """Serve by this project."""
    from feedserver import FeedServer, Response

    with FeedServer(tls=True) as server:
        server.add("/a", Response("ok", headers={"ETag": '"1"'}), query={"x": "1", "y": "2"})
        yield Peer(f"feedserver {version('feedserver')}", server.port, server.verify, server.port)


@contextmanager
def pytest_httpserver() -> Iterator[Peer]:
    """Serve by pytest-httpserver."""
    with import_module("pytest_httpserver").HTTPServer() as server:
        server.expect_request("/a", query_string={"x": "1", "y": "2"}).respond_with_data("ok", headers={"ETag": '"1"'})
        yield Peer(f"pytest-httpserver {version('pytest-httpserver')}", server.port, server.check)


@contextmanager
def pytest_localserver() -> Iterator[Peer]:
    """Serve by pytest-localserver."""
    server = import_module("pytest_localserver.http").ContentServer()
    server.start()
    server.serve_content("ok", headers={"ETag": '"1"'})
    try:
        yield Peer(f"pytest-localserver {version('pytest-localserver')}", server.server_address[1], lambda: None)
    finally:
        server.stop()


@contextmanager
def wiremock(jar: Path) -> Iterator[Peer]:
    """Serve by WireMock, which gets the route by its admin API."""
    command = ["java", "-jar", str(jar), "--port", "0", "--https-port", "0", "--disable-banner"]
    with started(command) as server:
        printed: dict[str, str] = {}
        for line in server.stdout or ():
            name, _, value = line.partition(":")
            printed[name] = value.strip()
            if {"version", "port", "https-port"} <= printed.keys():
                break
        port = int(printed["port"])
        mapping = {
            "request": {
                "method": "GET",
                "urlPath": "/a",
                "queryParameters": {"x": {"equalTo": "1"}, "y": {"equalTo": "2"}},
            },
            "response": {"status": 200, "body": "ok", "headers": {"ETag": '"1"'}},
        }
        administer(port, "mappings", mapping)
        yield Peer(
            f"WireMock {printed['version']}", port, partial(fail_for_unmatched, port), int(printed["https-port"])
        )


def administer(port: int, path: str, value: object = None) -> Any:
    """Return WireMock's answer to a request for *path* under `/__admin`, which has *value*, if any, as JSON."""
    data = json.dumps(value).encode() if value is not None else None
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/__admin/{path}", data, timeout=10) as answer:
        return json.load(answer)


def fail_for_unmatched(port: int) -> None:
    """Fail if WireMock remembers requests that nothing answered, as its integration with JUnit can do."""
    unmatched = administer(port, "requests/unmatched")["requests"]
    if unmatched:
        raise AssertionError(f"{len(unmatched)} unmatched, where the test asks for them")


@contextmanager
def httptest(go: Path) -> Iterator[Peer]:
    """Serve by net/http/httptest of Go."""
    source = Path(__file__).with_name("httptest_peer.go")
    release = subprocess.run([go, "version"], check=True, capture_output=True, text=True).stdout.split()[2]
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / ("peer.exe" if os.name == "nt" else "peer"))
        cache = os.environ | {"GOCACHE": str(Path(folder) / "cache"), "GO111MODULE": "off"}
        subprocess.run([go, "build", "-o", program, str(source)], check=True, env=cache)
        with started([program]) as server:
            assert server.stdout is not None  # since it is a pipe
            plain, secure = (int(server.stdout.readline()) for _ in range(2))
            yield Peer(f"httptest {release}", plain, lambda: None, secure)


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a server in a process of its own."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.terminate()


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


def handshake(port: int) -> str:
    """Return which protocol a client with TLS agrees on with the server."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    plain = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    with context.wrap_socket(plain, server_hostname="localhost") as client:
        return client.selected_alpn_protocol() or "http/1.1"


def features(peer: Peer) -> Iterator[tuple[str, str]]:
    """Yield each question and its answer."""
    first = ask(peer, "/a?x=1&y=2")
    yield "speaks", first[0].partition(" ")[0]
    yield "with TLS", handshake(peer.tls_port) if peer.tls_port is not None else "-"
    yield "answers a query in another order", first[0] if ask(peer, "/a?y=2&x=1") == first else "no"
    yield "keeps connections", "yes" if len(ask(peer, "/a?x=1&y=2", times=2)) == 2 else "no"
    yield "304 for its validator", "yes" if " 304 " in ask(peer, "/a?x=1&y=2", 'If-None-Match: "1"')[0] else "no"
    yield "answers a request without a route", ask(peer, "/nothing")[0]
    try:
        peer.check()
    except AssertionError as error:
        yield "then fails a test", f"yes: {str(error).splitlines()[0][:60]}"
    else:
        yield "then fails a test", "no"


def main() -> None:
    """Print a table of the answers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--wiremock", type=Path, metavar="JAR", help="WireMock's standalone JAR")
    parser.add_argument("--go", type=Path, metavar="GO", help="the program go")
    parser.add_argument("--quick", action="store_true", help="changes nothing: this is quick anyway")
    options = parser.parse_args()
    peers: list[Callable[[], Any]] = [feedserver, pytest_httpserver, pytest_localserver]
    peers += [partial(wiremock, options.wiremock)] if options.wiremock else []
    peers += [partial(httptest, options.go)] if options.go else []
    rows: list[dict[str, str]] = []
    for serve in peers:
        try:
            with serve() as peer:
                rows.append({"server": peer.name} | dict(features(peer)))
        except ModuleNotFoundError as error:
            print(f"skipped: {error.name}: it is not installed")
    for question in rows[0]:
        print("| " + " | ".join([question, *(row[question] for row in rows)]) + " |")
    ours = rows[0]
    is_as_documented = (
        ours["keeps connections"] == ours["304 for its validator"] == "yes" and ours["then fails a test"] != "no"
    )
    print("ok " if is_as_documented else "NO ", "feedserver does what docs/feedserver/comparison.md says")


if __name__ == "__main__":
    main()
