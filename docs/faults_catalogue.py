"""Measures what clients make of every fault, and writes the tables into `feedserver/faults.md`.

    uv run python docs/faults_catalogue.py

Each client runs in a process of its own, bounded in time and memory, since some faults are made to have no bounds.
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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from feedserver import FeedServer, Response
from feedserver.faults import KINDS, Kind, parse

HERE = Path(__file__).parent
PAGE = HERE / "feedserver" / "faults.md"
PROGRAM = HERE.parent / "packages" / "feedserver" / "tests" / "feed_clients.py"
CLIENTS = ("urllib", "requests", "httpx", "aiohttp", "niquests", "curl", "feedparser")
NIQUESTS = "niquests>=3.14"  # where its urllib3-future is installed, requests would use that; so it is kept apart

PATIENCE = 6.0
"""Seconds after which a client that still waits is ended."""
MEMORY = 2 * 1024**3
"""Bytes of address space that a client may have, where the system can limit it."""

ENTRIES = 20
FEED = (
    b'<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>Example</title>'
    + b"".join(
        b"<entry><id>urn:example:%d</id><title>Entry %d</title><updated>2024-01-01T00:00:00Z</updated></entry>" % (n, n)
        for n in range(ENTRIES)
    )
    + b"</feed>"
)
NOT_DIALLED = {
    "redirect to private address": "10.0.0.1 is not ours to ask",
    "redirect to port 22": "who knows what listens there",
}
FAMILIES = {
    "ends": "Ends",
    "framing": "Framing",
    "body": "Bodies",
    "head": "Heads",
    "redirects": "Redirects",
    "timing": "Timing",
    "template": "None",
}


@dataclass(frozen=True)
class Interpreters:
    """Which Python runs a client."""

    shared: str
    niquests: str

    def command(self, name: str, *arguments: str) -> list[str]:
        """The command that runs a client."""
        return [self.niquests if name == "niquests" else self.shared, str(PROGRAM), name, *arguments]


@contextmanager
def interpreters() -> Iterator[Interpreters]:
    """The Python that runs this, and one that has niquests, for as long as it is needed."""
    uv = shutil.which("uv")
    if uv is None:
        raise SystemExit("niquests needs an environment of its own, made by uv: pip install uv")
    with tempfile.TemporaryDirectory(prefix="niquests-") as folder:
        subprocess.run([uv, "venv", "--quiet", folder], check=True)  # noqa: S603
        python = str(Path(folder, "Scripts" if os.name == "nt" else "bin", "python"))
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, NIQUESTS], check=True)  # noqa: S603
        yield Interpreters(sys.executable, python)


def outcome_of(command: list[str]) -> dict[str, Any] | None:
    """What a client printed; None where it had to be ended."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command, capture_output=True, timeout=PATIENCE, check=True, preexec_fn=limit_memory()
        )
    except subprocess.TimeoutExpired:
        return None
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def limit_memory() -> Callable[[], None] | None:
    """Called in the child before it becomes the client; None where there are no such limits."""
    try:
        import resource
    except ImportError:
        return None
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def in_words(name: str, outcome: dict[str, Any] | None) -> str:
    """An outcome as a table's cell."""
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
    """What a bare socket sees: the first line, how much there is, and what comes behind it."""
    received = b""
    end = "and on and on"
    with socket.create_connection((server.host, server.port), timeout=0.5) as client:
        body = "Content-Length: 9\r\n" if early else ""
        client.sendall(f"GET /feed.xml HTTP/1.1\r\nHost: {server.host}\r\n{body}\r\n".encode())
        try:
            while len(received) < 1_000_000:
                data = client.recv(65_536)
                if not data:
                    end = "FIN"
                    break
                received += data
        except ConnectionResetError:
            end = "RST"
        except TimeoutError:
            end = "nothing more" if server.journal.exchanges[-1].is_over is False else "the connection stays"
    if not received:
        return end
    head, separator, rest = received.partition(b"\r\n\r\n")
    size = f"{len(rest):,} bytes behind the head" if separator else f"{len(received):,} bytes"
    first = head.partition(b"\r\n")[0][:40].decode("ascii", "replace")
    shown = f"`{first}`, " if first.isprintable() and "\ufffd" not in first else ""
    return f"{shown}{size}, {end}"


def tables(python: Interpreters) -> Iterator[str]:
    """The catalogue, a table a family, as lines of Markdown."""
    with FeedServer() as server, ThreadPoolExecutor(4) as pool:
        for module, kinds in groupby(KINDS.values(), lambda kind: type(parse(kind.examples[0])).__module__):
            family = sys.modules[module]
            heading = FAMILIES[module.rpartition(".")[2]]
            kinds_here = list(kinds)
            yield from ["", f"## {heading}", "", (family.__doc__ or "").strip().partition("\n\n")[0], ""]
            yield from descriptions(kinds_here)
            yield from ["", f"| directive | on the wire | {' | '.join(CLIENTS)} |", "|---" * (len(CLIENTS) + 2) + "|"]
            for example in (example for kind in kinds_here for example in kind.examples):
                fault = parse(example)
                server.add("/feed.xml", Response(FEED, headers={"ETag": '"v1"'}, faults=fault))
                wire = on_the_wire(server, fault.early)
                if example in NOT_DIALLED:
                    cells = [f"not tried: {NOT_DIALLED[example]}", *[""] * (len(CLIENTS) - 1)]
                else:
                    url = server.url("feed.xml")
                    outcomes = pool.map(lambda name, url=url: outcome_of(python.command(name, url)), CLIENTS)
                    cells = [in_words(name, outcome) for name, outcome in zip(CLIENTS, outcomes, strict=True)]
                yield f"| `{example}` | {wire} | {' | '.join(cells)} |"


def descriptions(kinds: list[Kind]) -> Iterator[str]:
    """What each kind takes and does, from its class."""
    yield from ["| directive | in Python | what it does |", "|---|---|---|"]
    for kind in kinds:
        made = type(parse(kind.examples[0]))
        text = re.sub(r"\s+", " ", inspect.getdoc(made) or "")
        text = re.sub(r"(?<![\w*])\*(?!\*)(\w+)\*(?!\*)", r"\1", text).replace("|", r"\|")
        usage = kind.usage.replace("|", r"\|")
        yield f"| `{usage}` | `{repr(parse(kind.examples[-1])).replace(', when=EachTime()', '').replace('when=EachTime()', '')}` | {text} |"


def main() -> None:
    """Replaces what stands between the page's two marks."""
    page = PAGE.read_text(encoding="utf-8")
    start, end = "<!-- measured -->", "<!-- the end of what is measured -->"
    before, _, rest = page.partition(start)
    after = rest.partition(end)[2]
    with interpreters() as python:
        versions = []
        for name in CLIENTS:
            done = subprocess.run(python.command(name), capture_output=True, text=True, check=True)  # noqa: S603
            versions.append(f"{name} {done.stdout}")
        lines = ["", f"Measured with {', '.join(versions)}.", *tables(python), ""]
    PAGE.write_text(before + start + "\n".join(lines) + "\n" + end + after, encoding="utf-8")


if __name__ == "__main__":
    main()
