"""Measures what clients make of the faults that can be tried, and writes the tables into `feedserver/faults.md`.

    uv run python docs/faults_catalogue.py

Each client runs in a process of its own, with limits on time and memory, since some faults send without end.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

from feedserver import FeedServer, Headers, Response
from feedserver.faults import KINDS, Fault, Kind, parse
from feedserver.messages.triggers import EACH_TIME

HERE = Path(__file__).parent
PAGE = HERE / "feedserver" / "faults.md"
PROGRAM = HERE.parent / "packages" / "feedserver" / "tests" / "feed_clients.py"
CLIENTS = ("urllib", "requests", "httpx", "aiohttp", "niquests", "curl", "feedparser")
NIQUESTS = "niquests>=3.14"  # in an environment of its own, since requests uses its urllib3-future if that is installed

PATIENCE = 8.0
"""Seconds after which a client that still waits is ended."""
MUCH = 1_000_000
"""Bytes after which the bare socket stops reading an answer."""

LINE = " ⏎ ".encode()
"""Shown in place of the end of a line."""

ENTRIES = 20
FEED = (
    b'<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>Example</title>'
    + b"".join(
        b"<entry><id>urn:example:%d</id><title>Entry %d</title><updated>2024-01-01T00:00:00Z</updated></entry>" % (n, n)
        for n in range(ENTRIES)
    )
    + b"</feed>"
)
# The lines that every head of these answers has. Content-Length is shown if an answer has several lines of framing.
ODDLY_FRAMED = re.compile(rb'HTTP/1\.1 200 OK|ETag: "v1"|Content-Type: .*|Date: .*')
USUAL = re.compile(ODDLY_FRAMED.pattern + rb"|Content-Length: %d" % len(FEED))
FRAMING = re.compile(rb"^(?:Content-Length|Transfer-Encoding):", re.MULTILINE)
NOT_TRIED = {
    "redirect to private address": "a host with that address may be somebody's",
    "redirect to port 22": "an unknown program may listen there",
    "early answer": "none of them sends a body with GET",
}
FAMILIES = {
    "ends": "Ends",
    "framing": "Framing",
    "body": "Bodies",
    "head": "Heads",
    "redirects": "Redirects",
    "timing": "Timing",
    "template": "Nothing",
}


@dataclass(frozen=True)
class Interpreters:
    """The Python that runs niquests, and the one that runs all other clients."""

    shared: str
    niquests: str

    def command(self, name: str, *arguments: str) -> list[str]:
        """Return the command that runs a client."""
        return [self.niquests if name == "niquests" else self.shared, str(PROGRAM), name, *arguments]


@contextmanager
def interpreters() -> Iterator[Interpreters]:
    """Yield the Python that runs this, and one that has niquests, which is removed after the block."""
    uv = shutil.which("uv")
    if uv is None:
        raise SystemExit("niquests needs an environment of its own, made by uv: pip install uv")
    with tempfile.TemporaryDirectory(prefix="niquests-") as folder:
        subprocess.run([uv, "venv", "--quiet", folder], check=True)  # noqa: S603
        python = str(Path(folder, "Scripts" if os.name == "nt" else "bin", "python"))
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, NIQUESTS], check=True)  # noqa: S603
        yield Interpreters(sys.executable, python)


def outcome_of(command: list[str]) -> dict[str, Any] | None:
    """Return what a client printed, or None if it had to be ended. Time counts from when it has loaded its modules."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as client:  # noqa: S603
        if client.stdout is None or client.stdout.readline() != b"ready\n":
            client.kill()
            raise SystemExit(f"{command} did not start: {client.communicate()[1].decode()}")
        try:
            printed, complaint = client.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            client.kill()
            return None
    if client.returncode:
        raise SystemExit(f"{command} failed: {complaint.decode()}")
    outcome: dict[str, Any] = json.loads(printed)
    return outcome


def in_words(name: str, outcome: dict[str, Any] | None) -> str:
    """Return an outcome as a table's cell."""
    if outcome is None:
        return "no end"
    if outcome["error"]:
        return f"`{outcome['error']}`"
    status = "" if outcome["status"] == 200 else f"{outcome['status']}, "
    if name == "feedparser":
        size = "whole" if outcome["size"] == ENTRIES else f"{outcome['size']} of {ENTRIES} entries"
        return f"{status}{size}" + (f", notices `{outcome['noticed']}`" if outcome["noticed"] else "")
    if outcome["digest"] == hashlib.sha256(FEED).hexdigest():
        return f"{status}whole"
    return f"{status}{outcome['size']:,} bytes"


def on_the_wire(server: FeedServer, early: bool) -> str:
    """Return what a bare socket receives, shortened, and what happens to the connection afterwards. It reads for two
    seconds, or until it has MUCH bytes, or until nothing comes for half a second.
    """
    received = b""
    end = "without end"
    until = time.monotonic() + 2
    with socket.create_connection((server.host, server.port), timeout=0.5) as client:
        body = "Content-Length: 9\r\n" if early else ""
        client.sendall(f"GET /feed.xml HTTP/1.1\r\nHost: {server.host}\r\n{body}\r\n".encode())
        try:
            while len(received) < MUCH and time.monotonic() < until:
                data = client.recv(65_536)
                if not data:
                    end = "FIN"
                    break
                received += data
        except ConnectionResetError:
            end = "RST"
        except TimeoutError:
            end = "" if server.journal.exchanges[-1].is_over else "silence"
    return ", ".join(part for part in (*transcript(received), end) if part)


def transcript(received: bytes) -> Iterator[str]:
    """Yield the parts of an answer in words, with only the unusual lines of a head."""
    if not received.startswith(b"HTTP/"):
        yield from transcript_of_body(received)
        return
    head, end, rest = received.partition(b"\r\n\r\n")
    usual = ODDLY_FRAMED if len(FRAMING.findall(head)) > 1 else USUAL
    special = [line for line in re.split(rb"\r\n(?![ \t])", head) if not usual.fullmatch(line)]
    more = "" if len(special) < 4 else " …"
    yield "head" + (f" with {code(LINE.join(special[:3]))}{more}" if special else "") if end else f"{code(head[:60])} …"
    yield from transcript(rest) if rest.startswith(b"HTTP/") else transcript_of_body(rest)


def transcript_of_body(rest: bytes) -> Iterator[str]:
    """Yield in words what follows a head."""
    before, feed, behind = rest.partition(FEED)
    if feed:
        yield code(before)
        yield "the feed"
        yield code(behind[:40].rstrip(b" ")) + (" …" if len(behind) > 40 else "")
    elif rest and FEED.startswith(rest):
        yield f"{len(rest):,} bytes of the feed"
    elif rest:
        yield f"{len(rest):,} bytes"


def code(data: bytes) -> str:
    """Return bytes as inline code, with line ends and unprintable characters made visible."""
    text = data.replace(b"\r\n", LINE).decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text).replace("|", r"\|")
    return f"`{shown}`" if shown else ""


def tables(python: Interpreters) -> Iterator[str]:
    """Yield the catalogue as lines of Markdown, a table for each family."""
    with FeedServer() as server, ThreadPoolExecutor(2) as pool:
        for module, kinds in groupby(KINDS.values(), lambda kind: type(parse(kind.examples[0])).__module__):
            family = sys.modules[module]
            heading = FAMILIES[module.rpartition(".")[2]]
            kinds_here = list(kinds)
            about = (family.__doc__ or "").partition(": ")[2].partition("\n\n")[0]
            yield from ["", f"## {heading}", "", about[:1].upper() + about[1:], ""]
            yield from descriptions(kinds_here)
            yield from ["", f"| directive | on the wire | {' | '.join(CLIENTS)} |", "|---" * (len(CLIENTS) + 2) + "|"]
            for example in (example for kind in kinds_here for example in kind.examples):
                fault = parse(example)
                server.add("/feed.xml", Response(FEED, headers={"ETag": '"v1"'}, faults=fault))
                wire = on_the_wire(server, fault.early)
                if example in NOT_TRIED:
                    cells = [f"not tried: {NOT_TRIED[example]}", *[""] * (len(CLIENTS) - 1)]
                else:
                    url = server.url("feed.xml")
                    outcomes = pool.map(lambda name, url=url: outcome_of(python.command(name, url)), CLIENTS)
                    cells = [in_words(name, outcome) for name, outcome in zip(CLIENTS, outcomes, strict=True)]
                yield f"| `{example}` | {wire} | {' | '.join(cells)} |"


def descriptions(kinds: list[Kind]) -> Iterator[str]:
    """Yield the table of what each kind takes and does; the texts are the docstrings of the classes."""
    yield from ["| directive | in Python | default | what it does |", "|---|---|---|---|"]
    for kind in kinds:
        made = type(parse(kind.examples[0]))
        text = re.sub(r"\s+", " ", inspect.getdoc(made) or "").replace("|", r"\|")
        usage = kind.usage.replace("|", r"\|")
        yield f"| `{usage}` | `{in_python(parse(kind.examples[-1]))}` | {defaults(made)} | {text} |"


def in_python(fault: Fault) -> str:
    """Return the shortest expression that makes a fault."""
    given = [
        argument(field.name, value)
        for field in fields(fault)
        if (value := getattr(fault, field.name)) != field.default and value is not EACH_TIME
    ]
    return f"{type(fault).__name__}({', '.join(given)})"


def defaults(made: type[Fault]) -> str:
    """Return the default arguments of a fault as code; "" if it has none.

    Defaults of None are left out: the docstrings explain them.
    """
    known = [argument(field.name, field.default) for field in fields(made) if field.default not in _NO_DEFAULT]
    return f"`{', '.join(known)}`" if known else ""


_NO_DEFAULT = (MISSING, None, EACH_TIME)


def argument(name: str, value: object) -> str:
    """Return an argument as it is written in a call."""
    return f"{name}={dict(value) if isinstance(value, Headers) else value!r}"


def main() -> None:
    """Replace the text between the page's two marks."""
    page = PAGE.read_text(encoding="utf-8")
    start, end = "<!-- measured -->", "<!-- the end of what is measured -->"
    before, _, rest = page.partition(start)
    after = rest.partition(end)[2]
    with interpreters() as python:
        versions = []
        for name in CLIENTS:
            done = subprocess.run(python.command(name), capture_output=True, text=True, check=True)  # noqa: S603
            versions.append(f"{name} {done.stdout}")
        about = f"Measured with {', '.join(versions)}. The feed has {len(FEED):,} bytes and {ENTRIES} entries."
        lines = ["", about, *tables(python), ""]
    PAGE.write_text(before + start + "\n".join(lines) + "\n" + end + after, encoding="utf-8")


if __name__ == "__main__":
    main()
