"""A feed from code, imported in one call: read, decided and stored as a refresh does it, without a server."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

from django.db import router
from django.test import TestCase
from django.utils import timezone

from lifestream.conf import settings
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, NotModified, Outcome
from lifestream.models import Feed, Item, ItemQuerySet, Lifestream
from lifestream.parser.errors import ParseError
from lifestream.plugins.registry import Registry
from lifestream.refresh.decider import Decider, reading_failure
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Answer, Claimed, Stored
from lifestream.storage import fanout, writer
from lifestream.testing.clock import Clock
from lifestream.testing.parsers import InProcessParsers


class _Rendered(Protocol):
    """An answer, such as a `feedserver.Response`."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Any: ...
    @property
    def body(self) -> Any: ...


class _Feed(Protocol):
    """A feed that renders itself, such as a `feedserver.feeds.Feed`."""

    def render(self) -> Any: ...


Source: TypeAlias = "str | bytes | _Rendered | _Feed"
"""What can be imported: a document, or a feed or an answer of `feedserver`."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import: the *feed* as it is now, its *outcome* (a `Fetch.Outcome`), how many items were *new*
    and *changed*, and the *message* about what went wrong.
    """

    feed: Feed
    outcome: str
    new: int
    changed: int
    message: str

    @property
    def items(self) -> ItemQuerySet:
        """All items of the feed, the latest first."""
        return Item.objects.filter(feed=self.feed)


def import_feed(
    source: Source,
    *,
    url: str = "",
    lifestream: Lifestream | None = None,
    headers: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = timezone.now,
) -> Imported:
    """Import *source* as a server's answer at *url* with these *headers*. Each import without *url* gets a new URL.

    *lifestream* subscribes to the feed, if one is given. An import of the same *url* again updates the feed, whether it
    is due or not. The status of an answer counts: 304 and 410 mean the same as in a refresh, and all others but 200 are
    failures. The signals of the import have been sent when this returns, inside a TestCase too. Raises TypeError for a
    *source* or a *lifestream* of another type, and RuntimeError for a feed that no refresh would fetch: one that
    is paused or gone, or has no subscribers any more.
    """
    status, body, own_headers = _answer(source)
    if not isinstance(lifestream, Lifestream | None):
        hint = f"; give make_lifestream({lifestream!r})" if isinstance(lifestream, str) else ""
        given = type(lifestream).__name__
        raise TypeError(f"lifestream is of the type {given}, not a lifestream.models.Lifestream{hint}")
    address = url or f"https://feed{next(_numbers)}.example/feed.xml"
    feed = Feed.objects.shared().with_url(address).first() or Feed.objects.create(url=address, next_fetch=clock())
    with sent_signals():
        if lifestream is not None:
            fanout.subscribe(lifestream, feed)
        claim = _claim(feed, clock())
        outcome = _outcome(address, status, body, {**own_headers, **_lower(headers or {})})
        [stored] = writer.store([Decider(clock).result(_read(claim, outcome, clock()))], clock())
    return _imported(feed, stored)


class FeedImporter:
    """Imports feeds by a *clock* of its own; a call does what `import_feed` does. The fixture `feed_importer` of pytest
    is one.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()

    def __call__(
        self,
        source: Source,
        *,
        url: str = "",
        lifestream: Lifestream | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Imported:
        return import_feed(source, url=url, lifestream=lifestream, headers=headers, clock=self.clock)


@contextmanager
def sent_signals() -> Iterator[None]:
    """Send, when the block ends, the signals that its transactions send after a commit: a TestCase never commits."""
    with TestCase.captureOnCommitCallbacks(using=router.db_for_write(Item), execute=True):
        yield


def _answer(source: Source) -> tuple[int, bytes, dict[str, str]]:
    if isinstance(source, str | bytes):
        return 200, source.encode() if isinstance(source, str) else source, {}
    answer: Any = source.render() if hasattr(source, "render") else source
    if not all(hasattr(answer, name) for name in ("status", "headers", "body")):
        raise TypeError(
            f"source is of the type {type(source).__name__}; give text or bytes, a feedserver.feeds.Feed or a "
            "feedserver.Response"
        )
    body = answer.body
    return int(answer.status), body.encode() if isinstance(body, str) else bytes(body), _lower(dict(answer.headers))


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _claim(feed: Feed, now: datetime) -> Claimed:
    """Claim *feed*, whatever its server and our own interval ask for."""
    Feed.objects.filter(pk=feed.pk).update(next_fetch=now, not_before=None)
    type(feed.host).objects.filter(pk=feed.host_id).update(not_before=None)
    claimed = leases.claim(now, 1, [feed.pk])
    if not claimed:
        feed.refresh_from_db()
        raise RuntimeError(f"{feed.url} is {feed.status}, and no refresh would fetch it; make it active first")
    return claimed[0]


def _outcome(url: str, status: int, body: bytes, headers: Mapping[str, str]) -> Outcome:
    match status:
        case HTTPStatus.OK:
            return Fetched(url, body, headers=headers, size=len(body))
        case HTTPStatus.NOT_MODIFIED:
            return NotModified(url, headers=headers)
        case HTTPStatus.GONE:
            return Gone(url, headers=headers)
    return Failed("status", f"the server answered {status}", url, status, headers)


def _read(claim: Claimed, outcome: Outcome, now: datetime) -> Answer:
    if not isinstance(outcome, Fetched):
        return Answer(claim, outcome, now)
    body_hash = hashlib.sha256(outcome.body).hexdigest()
    if body_hash == claim.body_hash:
        return Answer(claim, outcome, now, body_hash=body_hash)
    parsers = InProcessParsers(rules=settings.sanitizer_rules, registry=_registry(tuple(settings.plugins)))
    try:
        submitted = parsers.submit(
            outcome.body, outcome.headers, outcome.url, plugin=claim.plugin, known=claim.entry_digests
        )
        prepared = submitted.result()
    except ParseError as error:
        return Answer(claim, reading_failure(outcome, error), now)
    return Answer(claim, outcome, now, prepared, body_hash)


@cache
def _registry(plugins: tuple[str, ...]) -> Registry:
    """Return the registry, made once: to look through all installed packages takes longer than most imports."""
    return Registry(plugins)


def _imported(feed: Feed, stored: Stored) -> Imported:
    feed.refresh_from_db()
    return Imported(feed, stored.outcome, stored.new, stored.changed, stored.message)
