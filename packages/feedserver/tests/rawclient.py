"""A client on a bare socket: `send` sends a test's bytes as they are, and `read_to_end` returns those of the answer."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from feedserver import FeedServer, Headers

TIMEOUT = 10.0


@dataclass(frozen=True)
class Answer:
    """An answer as it was received; *raw_head* is its head without the empty line."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    raw_head: bytes


class RawClient:
    """One connection; *server* is a running server."""

    def __init__(self, server: FeedServer) -> None:
        self.host = f"{server.host}:{server.port}"
        self.socket = socket.create_connection((server.host, server.port), timeout=TIMEOUT)
        self.buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, target: str, *headers: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> None:
        lines = [f"{method} {target} HTTP/{version}", f"Host: {self.host}", *headers, "", ""]
        self.send("\r\n".join(lines).encode() + body)

    def get(self, target: str, *headers: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> Answer:
        self.ask(target, *headers, method=method, version=version, body=body)
        return self.read(method)

    def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"the server closed after {self.buffer!r}")
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head

    def read(self, method: str = "GET") -> Answer:
        head = self.read_head()
        status_line, *lines = head.split(b"\r\n")
        _, status, reason = status_line.split(b" ", 2)
        headers = Headers.from_raw((name, value.strip()) for name, _, value in (line.partition(b":") for line in lines))
        code = int(status)
        body = b""
        if method != "HEAD" and code not in (204, 304) and code >= 200:
            if "Content-Length" in headers:
                body = self.read_exactly(int(headers["Content-Length"]))
            elif headers.get("Transfer-Encoding") == "chunked":
                body = self.read_chunks()
            else:
                body = self.read_to_end()
        return Answer(code, reason.decode(), headers, body, head)

    def read_exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            data = self.socket.recv(262_144)
            if not data:
                raise ConnectionError(f"the server closed {size - len(self.buffer)} bytes early")
            self.buffer += data
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return body

    def read_line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"the server closed within a line, after {self.buffer!r}")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def read_chunks(self) -> bytes:
        body = b""
        while size := int(self.read_line(), 16):
            body += self.read_exactly(size)
            assert self.read_line() == b""
        assert self.read_line() == b""
        return body

    def read_to_end(self) -> bytes:
        """Return everything until the server closes; a reset raises ConnectionResetError."""
        while data := self.socket.recv(262_144):
            self.buffer += data
        body, self.buffer = self.buffer, b""
        return body
