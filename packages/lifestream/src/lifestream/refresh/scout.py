"""Requests one URL after the other, when a feed is added, and waits until each answer has been read.

A refresh fetches many feeds at once, by `downloads`; adding a feed needs each answer before the next request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final, Literal, Self

from lifestream.content.plaintext import one_line
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest
from lifestream.fetcher.shortage import require_files
from lifestream.message import edited, say
from lifestream.parser.errors import ParseError
from lifestream.parser.web_page import Page
from lifestream.plugins.item_pipeline import Prepared
from lifestream.refresh.factories import LazyPool, make_fetcher, make_pool
from lifestream.storage.feed_options import RequestsBeside

# The kinds of failure in which the server did not answer over https: it may speak only http.
_UNANSWERED: Final = frozenset({"connection", "timeout", "tls", "protocol"})

PATIENCE: Final = 60.0
"""How many seconds after the first request for an address the last one may be sent. A page may name many places, and
its server may take LIFESTREAM_TIMEOUT for each answer, while other addresses and the feeds that are due wait.
"""


class NotAdded(Exception):
    """No feed was added. The message says why; *field* is the field of a form at which to show it. *by_shortage*: this
    machine is short of something, so the same may succeed later.
    """

    def __init__(self, reason: str, field: Literal["url", "name"] = "url", *, by_shortage: bool = False) -> None:
        self.reason = edited(reason, one_line)  # much of the message is in the server's own words
        super().__init__(self.reason)
        self.field = field
        self.by_shortage = by_shortage


@dataclass(frozen=True, slots=True)
class FeedReading:
    """The result of the one GET of a feed, which began at *started*."""

    fetched: Fetched
    prepared: Prepared
    started: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no feed at a URL, and the *page* that is there instead, or how the request *failed*."""

    reason: str
    page: Fetched | None = None
    failed: Failed | None = None

    @property
    def is_unanswered(self) -> bool:
        """Whether no server answered there in the scheme of the URL."""
        return self.failed is not None and self.failed.kind in _UNANSWERED

    @property
    def wants_no_more(self) -> bool:
        """Whether nothing else should be requested from the server now."""
        busy = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
        return self.failed is not None and (self.failed.status is None or self.failed.status in busy)


class Scout:
    """Requests one URL after the other, and reads the answers. A context manager."""

    def __init__(self, guard: AddressGuard, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._guard = guard
        self._fetcher: Fetcher | None = None
        self._runner = asyncio.Runner()
        self._pool = LazyPool(partial(make_pool, 1))
        self._last: tuple[FetchRequest, FeedReading | Refusal] | None = None
        self._end: float | None = None  # the time after which no more requests are sent for the address
        self.beside: RequestsBeside | None = None
        """How to request the site of a feed that has options of its own: through its proxy, with its User-Agent."""

    def __enter__(self) -> Self:
        return self

    def _opened(self) -> Fetcher:
        """Return the fetcher, which is opened at the first request: a feed that is known needs none."""
        if self._fetcher is None:
            require_files()
            fetcher = make_fetcher(self._guard)
            self._runner.run(fetcher.__aenter__())
            self._fetcher = fetcher
        return self._fetcher

    def __exit__(self, *error: object) -> None:
        self._pool.__exit__(*error)
        if self._fetcher is not None:
            self._runner.run(self._fetcher.__aexit__(None, None, None))
        self._runner.close()

    def begin(self) -> None:
        """Begin to look for the feed at another address: see PATIENCE."""
        self._end = None

    def ask(self, request: FetchRequest) -> FeedReading | Refusal:
        """Fetch the URL, and read the answer. A request that equals the last one is not sent again. Raises `NotAdded`
        if a shortage of this machine prevents the request, or if the requests for this address have taken too long.
        """
        if self.beside is not None:
            request = replace(request, options=self.beside.to(request.url).options)
        if self._last is None or self._last[0] != request:
            if self._end is None:
                self._end = time.monotonic() + PATIENCE
            elif time.monotonic() >= self._end:
                raise NotAdded(say("search-too-slow", url=request.url, seconds=f"{PATIENCE:g}"))
            self._last = request, self._ask(request)
        return self._last[1]

    def _ask(self, request: FetchRequest) -> FeedReading | Refusal:
        fetcher = self._opened()
        started = self._clock()
        pool = self._pool.start()  # the parser starts while the server prepares its answer
        outcome = self._runner.run(fetcher.fetch(request))
        if isinstance(outcome, Failed) and outcome.kind == "shortage":
            raise NotAdded(say("not-to-be-had", url=request.url, reason=outcome.message), by_shortage=True)
        if isinstance(outcome, Failed):
            return Refusal(outcome.message, failed=outcome)
        if not isinstance(outcome, Fetched):
            return Refusal(say("answered", status=outcome.status))
        try:
            prepared = pool.submit(outcome.body, outcome.headers, outcome.url).result()
        except ParseError as error:
            return Refusal(error.reason, outcome)
        return FeedReading(outcome, prepared, started)

    def read_page(self, page: Fetched) -> Page:
        """Return what *page* names and links to. Raises `ParseError` if it can't be read in time."""
        return self._pool.start().read_page(page.body, page.headers, page.url).result()
