"""HTTP clients, each used as its manual says. They read the whole answer for a URL, with a timeout.

As a program, `python feed_clients.py NAME URL` prints the outcome as JSON. The tests of the faults and the catalogue in
the manual both use these clients, so that the manual shows what the tests verify.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

TIMEOUT = 0.5
"""Seconds, for each read or for the whole answer, depending on the client."""

MEMORY = 2 * 1024**3
"""Bytes of memory that a client may use if this module runs as a program."""


@dataclass(frozen=True)
class Outcome:
    """What a client got: the *status*, and *size* and *digest* of the body, or the *error* that it ended with.

    An answer that urllib raises as an HTTPError has a *status* and an *error*. For feedparser, *size* is the number of
    entries, without a *digest*, and *noticed* is the error that it reports without raising it.
    """

    status: int | None = None
    size: int = 0
    digest: str = ""
    error: str = ""
    noticed: str = ""


def got(status: int, body: bytes, noticed: str = "") -> Outcome:
    """Return the outcome for an answer that the client takes for complete."""
    return Outcome(status, len(body), hashlib.sha256(body).hexdigest(), noticed=noticed)


def by_urllib(url: str) -> Outcome:
    """Request *url* with the standard library's client and its defaults."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            return got(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Outcome(error.code, error=f"HTTPError {error.code}")


def by_requests(url: str) -> Outcome:
    """Request *url* with requests, which uses urllib3."""
    import requests

    answer = requests.get(url, timeout=TIMEOUT)
    return got(answer.status_code, answer.content)


def by_niquests(url: str) -> Outcome:
    """Request *url* with niquests, which needs its own environment: it installs urllib3-future in place of urllib3."""
    answer = import_module("niquests").get(url, timeout=TIMEOUT)
    return got(answer.status_code, answer.content)


def by_httpx(url: str) -> Outcome:
    """Request *url* with httpx, and follow redirects."""
    import httpx

    # Certificates are not tested here, and loading them takes longer than all the rest.
    answer = httpx.get(url, timeout=TIMEOUT, follow_redirects=True, trust_env=False, verify=False)
    return got(answer.status_code, answer.content)


def by_aiohttp(url: str) -> Outcome:
    """Request *url* with aiohttp, whose timeout is for the whole answer."""
    import aiohttp

    async def get() -> Outcome:
        limit = aiohttp.ClientTimeout(total=TIMEOUT)
        async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as answer:
            return got(answer.status, await answer.read())

    return asyncio.run(get())


def by_curl(url: str) -> Outcome:
    """Request *url* with the command curl, which follows redirects, asks for codings and gives up on silent servers."""
    curl = shutil.which("curl")
    if curl is None:
        raise FileNotFoundError("this machine has no curl")
    speed = ["--speed-limit", "1", "--speed-time", "1", "--max-time", str(TIMEOUT)]
    done = subprocess.run(
        [curl, "-sSL", "--compressed", *speed, "-w", "%{stderr}%{json}", url], capture_output=True, check=False
    )
    if done.returncode:
        return Outcome(error=f"exit {done.returncode}")
    return got(json.loads(done.stderr.splitlines()[-1])["response_code"], done.stdout)


def by_feedparser(url: str) -> Outcome:
    """Request *url* with feedparser's own client, which never raises: it leaves errors in `bozo_exception`."""
    import feedparser

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)  # feedparser has no option for a timeout
    try:
        parsed = feedparser.parse(url)
    finally:
        socket.setdefaulttimeout(before)
    noticed = name_of(parsed.bozo_exception) if parsed.bozo else ""
    status = parsed.get("status")
    if status is None:
        return Outcome(error=noticed or "no status")
    return Outcome(status, len(parsed.entries), "", noticed=noticed)


CLIENTS: dict[str, Callable[[str], Outcome]] = {
    "urllib": by_urllib,
    "requests": by_requests,
    "httpx": by_httpx,
    "aiohttp": by_aiohttp,
    "niquests": by_niquests,
    "curl": by_curl,
    "feedparser": by_feedparser,
}


def ask(name: str, url: str) -> Outcome:
    """Return the outcome of one client; an exception is an outcome too."""
    try:
        return CLIENTS[name](url)
    except Exception as error:  # noqa: BLE001 - the error is the outcome
        return Outcome(error=name_of(error))


def name_of(error: BaseException) -> str:
    """Return the name of an error's class; for urllib, which wraps errors in URLError, that of the error inside."""
    reason: Any = getattr(error, "reason", None)
    kind = type(reason if isinstance(reason, BaseException) else error)
    return kind.__name__ if kind.__name__[0].isupper() else f"{kind.__module__}.{kind.__name__}"


def version_of(name: str) -> str:
    """Return the version of a client, for the table's caption."""
    if name == "urllib":
        return sys.version.partition(" ")[0]
    if name == "curl":
        return subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return version(name)


def limit_memory() -> None:
    """Limit the address space if the system can: some answers have no end."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    """Print "ready", then the outcome; without a URL, print the version only."""
    name, *urls = sys.argv[1:]
    if not urls:
        sys.stdout.write(version_of(name))
        return
    if name not in ("urllib", "curl"):
        import_module(name)
    limit_memory()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    json.dump(asdict(ask(name, urls[0])), sys.stdout)


if __name__ == "__main__":
    main()
