"""Downloads in a test: how they are started and awaited, and answers that count how many are requested together."""

from __future__ import annotations

import itertools
import queue
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from feedserver import FeedServer, Request, Response
from guards import allowing
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.outcomes import FetchRequest
from lifestream.refresh.downloads import Download, Downloaded, Downloads, Skipped
from lifestream.scheduler.jobs import Claimed
from programs import PATIENCE

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Events = queue.SimpleQueue[Downloaded | Skipped | BaseException]
_keys = itertools.count(1)


class ConcurrencyCounter:
    """An answer that counts how many requests it serves concurrently; each waits until *enough* have arrived."""

    def __init__(self, enough: int, until: threading.Event | None = None) -> None:
        """Let *enough* requests wait for each other, and then all of them for the event *until*, if it is given."""
        self.barrier = threading.Barrier(enough)
        self.until = until
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, request: Request) -> Response:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.barrier.wait(PATIENCE)
        if self.until is not None:
            assert self.until.wait(PATIENCE)
        with self.lock:
            self.now -= 1
        return Response(status=404)


def last_asked(server: FeedServer) -> threading.Event:
    """Return an event that is set when /last is requested.

    An answer that waits for it stays until the download that was added last has had its turn: by then, all requests
    that may be sent concurrently have been sent.
    """
    asked = threading.Event()

    def answer(request: Request) -> Response:
        asked.set()
        return Response(status=404)

    server.add("/last", answer)
    return asked


def downloading(
    events: Events, *, concurrency: int = 8, per_host: int = 2, clock: object = None, **options: Any
) -> Downloads:
    """Return downloads that put their results into *events*, with these limits."""
    return Downloads(
        Fetcher(allowing("127.0.0.0/8"), user_agent="lifestream"),
        events.put,
        clock=clock or (lambda: NOW),  # type: ignore[arg-type]
        concurrency=concurrency,
        per_host=per_host,
        **options,
    )


def download(url: str, host: str = "", etag: str = "") -> Download:
    """Return a download of *url* that is claimed for *host*, this machine by default."""
    claim = Claimed(next(_keys), "token", NOW + timedelta(hours=1), url, host or "127.0.0.1")
    return Download(claim, FetchRequest(url, etag))


def take(events: Events, count: int) -> list[Downloaded | Skipped]:
    """Return the next *count* of *events*. Raise the exception that is among them."""
    taken = []
    for _ in range(count):
        event = events.get(timeout=PATIENCE)
        if isinstance(event, BaseException):
            raise event
        taken.append(event)
    return taken
