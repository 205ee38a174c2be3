"""The command, mostly as a process of its own: real sockets, real signals, and what is printed."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import IO, Any
from urllib.error import HTTPError

import pytest

from feedserver import FeedServer, cli, stop_server
from feedserver.net import binding
from steady import MISS, steady

pytestmark = pytest.mark.slow

PATIENCE = 30
"""Seconds after which a process that prints nothing, or does not end, fails its test."""


HAS_SIGNALS = os.name != "nt"


class Process:
    """A `feedserver` process, whose lines are read as they come; None marks their end."""

    def __init__(self, *arguments: str, stdout: int = subprocess.PIPE, **environment: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "feedserver", *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8", **environment},
        )
        self._lines: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=self._read, args=[self.popen.stdout], daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str] | None) -> None:
        for line in stream or ():
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self) -> str:
        """Return the next line of standard output."""
        line = self._lines.get(timeout=PATIENCE)
        assert line is not None, f"the process has ended: {self.errors()}"
        return line

    def lines(self) -> list[str]:
        """Wait until the process ends, and return the lines that are left."""
        return list(iter(lambda: self._lines.get(timeout=PATIENCE), None))

    def status(self) -> int:
        """Wait until the process ends, and return its exit status."""
        return self.popen.wait(PATIENCE)

    def errors(self) -> str:
        """Wait until the process ends, and return what it wrote to standard error."""
        assert self.popen.stderr is not None
        return self.popen.stderr.read()

    def close(self) -> None:
        """End the process: by SIGTERM, after which it removes its temporary files."""
        self.popen.terminate()
        self.popen.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self.popen.stdout, self.popen.stderr):
            if stream is not None:
                stream.close()


Start = Callable[..., Process]


@pytest.fixture
def start() -> Iterator[Start]:
    """Yield a function that starts processes, and end those that are left."""
    started: list[Process] = []

    def start_one(*arguments: str, **options: Any) -> Process:
        started.append(Process(*arguments, **options))
        return started[-1]

    yield start_one
    for process in started:
        process.close()


@pytest.fixture
def feeds(root: Path) -> Path:
    (root / "atom.xml").write_text("<feed/>")
    return root


def get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        error.close()
        return b""


def send(url: str, data: bytes) -> bytes:
    """Send bytes as they are, and read until the server closes."""
    with socket.create_connection(
        (url.split("/")[2].split(":", maxsplit=1)[0], port_of(url)), timeout=PATIENCE
    ) as client:
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(65536), b""))


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def without_clock(line: str, feeds: Path) -> str:
    clock, _, rest = steady(line, feeds).partition(" ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", clock), line
    return rest


# Serving.


def test_the_first_line_is_the_url_and_each_request_has_a_line(start: Start, feeds: Path) -> None:
    process = start("serve", str(feeds))
    url = process.line()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    assert get(f"{url}/atom.xml") == b"<feed/>"
    assert without_clock(process.line(), feeds) == "GET /atom.xml -> 200 OK, N bytes in N ms"


def test_serve_listens_at_the_given_address(start: Start, feeds: Path, quiet_host: str) -> None:
    with FeedServer(host=quiet_host) as server:
        port = server.port
    serving = start("serve", str(feeds), "--host", quiet_host, "--port", str(port))
    assert serving.line() == f"http://{quiet_host}:{port}"
    assert get(f"http://{quiet_host}:{port}/atom.xml") == b"<feed/>"


def test_the_url_that_is_printed_has_the_name_that_was_given_as_host(start: Start, feeds: Path) -> None:
    assert re.fullmatch(r"http://localhost:\d+", start("serve", str(feeds), "--host", "localhost").line())


def test_a_request_that_nothing_matches_is_explained_below_its_line(start: Start, feeds: Path) -> None:
    process = start("serve", str(feeds))
    get(f"{process.line()}/atm.xml")
    assert without_clock(process.line(), feeds) == "GET /atm.xml -> 404 Not Found, N bytes in N ms"
    assert [steady(process.line(), feeds) for _ in MISS.splitlines()] == [f"    {line}" for line in MISS.splitlines()]


def test_a_mistake_in_a_fixture_is_explained_below_the_line_of_the_request(start: Start, feeds: Path) -> None:
    (feeds / "atom.xml").write_text("<!--\nStatus: often\n-->\n<feed/>")
    process = start("serve", str(feeds))
    get(f"{process.line()}/atom.xml")
    assert without_clock(process.line(), feeds) == "GET /atom.xml -> 500 Internal Server Error, N bytes in N ms"
    assert steady(process.line(), feeds).startswith("    FEEDS/atom.xml:2: 'often' is no status")


def test_a_doubtful_line_of_a_fixture_gives_a_warning_below_the_line_of_the_request(start: Start, feeds: Path) -> None:
    (feeds / "atom.xml").write_text("<!--\nETag: 1\n-->\n<feed/>")
    process = start("serve", str(feeds))
    get(f"{process.line()}/atom.xml")
    assert without_clock(process.line(), feeds) == "GET /atom.xml -> 200 OK, N bytes in N ms"
    assert steady(process.line(), feeds) == (
        "    warning: FEEDS/atom.xml:2: 'ETag:' is not sent as a header. Write 'Header: ETag: …' to send it."
    )


def test_bytes_that_are_no_request_are_shown_and_explained(start: Start, feeds: Path) -> None:
    process = start("serve", str(feeds))
    assert send(process.line(), b"\x15\x03\x01\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert without_clock(process.line(), feeds).startswith(r"b'\x15\x03\x01\r\n\r\n' -> 400 Bad Request, ")
    assert process.line().startswith("    ")


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", r"/\x9b2J/ü"), ("ascii", r"/\x9b2J/\xfc")], ids=["unicode", "ascii"]
)
def test_a_line_is_printable_whatever_is_asked_for(start: Start, feeds: Path, encoding: str, shown: str) -> None:
    process = start("serve", str(feeds), PYTHONIOENCODING=encoding)
    send(process.line(), "GET /\x9b2J/ü HTTP/1.0\r\n\r\n".encode())
    assert without_clock(process.line(), feeds) == f"GET {shown} -> 404 Not Found, N bytes in N ms"


def test_without_a_terminal_there_are_no_colours(start: Start, feeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    process = start("serve", str(feeds), TERM="xterm")
    get(f"{process.line()}/atom.xml")
    assert "\033" not in process.line()


@pytest.mark.skipif(not HAS_SIGNALS, reason="a terminal to write to can be made on POSIX systems only")
@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    start: Start, feeds: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colours: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals")
    ours, theirs = os.openpty()
    process = start("serve", str(feeds), stdout=theirs, **environment)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as terminal:
        url = terminal.readline().strip()
        get(f"{url}/atom.xml")
        line = terminal.readline()
        stop_server(port_of(url))
        assert process.status() == 0
    assert (line.startswith("\033[32m"), "\033[0m" in line) == (colours, colours)


def test_serving_goes_on_when_nobody_reads_the_lines(start: Start, feeds: Path) -> None:
    ours, theirs = os.pipe()
    process = start("serve", str(feeds), stdout=theirs)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as pipe:
        url = pipe.readline().strip()
    for _ in range(3):
        assert get(f"{url}/atom.xml") == b"<feed/>"
    stop_server(port_of(url))
    assert process.status() == 0
    assert process.errors() == ""


def test_a_journal_is_kept_within_its_limit(feeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []

    class Visited(FeedServer):
        def start(self) -> Visited:
            super().start()
            threading.Thread(target=self.visit).start()
            return self

        def visit(self) -> None:
            for _ in range(5):
                get(self.url("atom.xml"))
            lengths.append(len(self.requests))
            stop_server(self.port)

    monkeypatch.setattr(cli, "FeedServer", Visited)
    assert cli.main(["serve", str(feeds), "--journal-limit", "2"]) == 0
    assert lengths == [2]


# How serving ends.


@pytest.mark.skipif(not HAS_SIGNALS, reason="Windows has no signals to send")
@pytest.mark.usefixtures("signals_end_programs")
@pytest.mark.parametrize(("signalled", "name"), [("SIGINT", "Ctrl-C"), ("SIGTERM", "SIGTERM"), ("SIGHUP", "SIGHUP")])
def test_a_signal_ends_serving_cleanly(start: Start, feeds: Path, quiet_host: str, signalled: str, name: str) -> None:
    process = start("serve", str(feeds), "--host", quiet_host)
    port = port_of(process.line())
    process.popen.send_signal(signal.Signals[signalled])
    assert process.lines() == [f"Stopped by {name}."]
    assert process.status() == 0
    assert process.errors() == ""
    FeedServer(host=quiet_host, port=port).start().stop()


@pytest.mark.skipif(not HAS_SIGNALS, reason="Windows has no SIGHUP")
def test_the_end_of_the_terminal_does_not_end_serving_under_nohup(start: Start, feeds: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does; a program that is started inherits it
    try:
        process = start("serve", str(feeds))
    finally:
        signal.signal(signal.SIGHUP, before)
    url = process.line()
    process.popen.send_signal(signal.SIGHUP)
    stop_server(port_of(url))
    assert process.lines()[-1] == "Stopped by QUIT."


@pytest.mark.skipif(not HAS_SIGNALS, reason="Windows has no SIGTERM to send")
def test_an_answer_under_way_is_cut_off_and_shown(start: Start, feeds: Path) -> None:
    (feeds / "slow.xml").write_text("<!--\nPace: 1 byte every 1m\n-->")
    process = start("serve", str(feeds))
    url = process.line()
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=PATIENCE) as client:
        client.sendall(b"GET /slow.xml HTTP/1.0\r\n\r\n")
        assert client.recv(1)
        process.popen.send_signal(signal.SIGTERM)
        line, last = process.lines()
    assert without_clock(line, feeds) == "GET /slow.xml -> 200 OK, N bytes in N ms, server stopped"
    assert last == "Stopped by SIGTERM."
    assert process.status() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_server_listens_ends_serving_too(
    feeds: Path, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    monkeypatch.setattr(binding, "bind_and_listen", lambda *_: signal.raise_signal(number))
    assert cli.main(["serve", str(feeds)]) == 0
    name = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
    assert capsys.readouterr() == ("", f"feedserver serve: stopped by {name} before it could listen\n")
    assert signal.getsignal(number) is before


def test_stop_ends_serving_and_returns_when_the_port_is_free(start: Start, feeds: Path, quiet_host: str) -> None:
    server = start("serve", str(feeds), "--host", quiet_host)
    port = port_of(server.line())
    stop = start("stop", str(port), "--host", quiet_host)
    assert (stop.status(), stop.lines(), stop.errors()) == (0, [], "")
    FeedServer(host=quiet_host, port=port).start().stop()
    line, last = server.lines()
    assert without_clock(line, feeds) == "QUIT / -> 200 OK, N bytes in N ms"
    assert last == "Stopped by QUIT."
    assert (server.status(), server.errors()) == (0, "")


def test_https_is_served_and_the_certificate_of_its_authority_is_written(
    start: Start, feeds: Path, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    url = start("serve", str(feeds), "--tls", str(ca)).line()
    assert url.startswith("https://127.0.0.1:")
    context = ssl.create_default_context(cafile=str(ca))
    with urllib.request.urlopen(f"{url}/atom.xml", context=context, timeout=10) as answer:
        assert answer.status == 200


def test_the_certificate_is_for_the_host_and_the_given_name(start: Start, feeds: Path, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    port = port_of(start("serve", str(feeds), "--tls", str(ca), "--name", "feeds.example").line())
    context = ssl.create_default_context(cafile=str(ca))
    for name in ("127.0.0.1", "feeds.example"):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
            context.wrap_socket(connection, server_hostname=name) as client,
        ):
            assert client.version() is not None
