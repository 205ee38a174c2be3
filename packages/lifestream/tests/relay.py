"""A proxy on a loopback address that speaks HTTP and SOCKS5 over real sockets, and sends all requests to one server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """A proxy. *asked* are the hosts of the requests that it did not refuse, each after "connect", "socks" or "get";
    *logins* are the credentials in these requests.
    """

    def __init__(self, target: tuple[str, int], refuses: bytes = b"") -> None:
        self.asked: list[str] = []
        self.logins: list[str] = []
        self._target = target
        self._refuses = refuses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=[client], daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            first = _read(client, 1)
            if first == b"\x05" and self._refuses:
                _read(client, _read(client, 1)[0])
                client.sendall(self._refuses)
                return
            ahead = self._socks(client) if first == b"\x05" else self._http(client, first)
            if ahead is None:
                return
            with socket.create_connection(self._target) as server:
                server.sendall(ahead)
                back = threading.Thread(target=_copy, args=[server, client], daemon=True)
                back.start()
                _copy(client, server)
                back.join()

    def _http(self, client: socket.socket, head: bytes) -> bytes | None:
        while not head.endswith(b"\r\n\r\n"):
            head += _read(client, 1)
        if self._refuses:
            client.sendall(self._refuses)
            return None
        line, *fields = head.decode("latin-1").split("\r\n")
        self.logins += [field.partition(": ")[2] for field in fields if field.lower().startswith("proxy-authorization")]
        method, target, version = line.split()
        if method == "CONNECT":
            self.asked.append(f"connect {target}")
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            return b""
        host, _, path = target.partition("//")[2].partition("/")
        self.asked.append(f"get {host}")
        # The server expects its own address in the Host header.
        own = [f"Host: {self._target[0]}:{self._target[1]}" if f.lower().startswith("host:") else f for f in fields]
        return "\r\n".join([f"{method} /{path} {version}", *own]).encode("latin-1")

    def _socks(self, client: socket.socket) -> bytes | None:
        methods = _read(client, _read(client, 1)[0])
        if 2 in methods:  # a user name and a password (RFC 1929)
            client.sendall(b"\x05\x02")
            _read(client, 1)
            user = _read(client, _read(client, 1)[0])
            password = _read(client, _read(client, 1)[0])
            self.logins.append(f"{user.decode()}:{password.decode()}")
            client.sendall(b"\x01\x00")
        else:
            client.sendall(b"\x05\x00")
        kind = _read(client, 4)[3]
        name = _read(client, _read(client, 1)[0]).decode() if kind == 3 else socket.inet_ntoa(_read(client, 4))
        self.asked.append(f"socks {name}:{int.from_bytes(_read(client, 2))}")
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        return b""


def _read(client: socket.socket, length: int) -> bytes:
    """Return *length* bytes from *client*. Raises ConnectionError if the client leaves before."""
    found = b""
    while len(found) < length:
        piece = client.recv(length - len(found))
        if not piece:
            raise ConnectionError("the client has left")
        found += piece
    return found


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def relay(target: tuple[str, int], refuses: bytes = b"") -> Iterator[Relay]:
    """Run a relay to *target*, an address and a port. It answers every request with *refuses*, if that is given."""
    running = Relay(target, refuses)
    try:
        yield running
    finally:
        running.close()
