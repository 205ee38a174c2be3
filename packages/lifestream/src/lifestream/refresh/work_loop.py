"""The loop of a refresh that has something to do: it claims, decides and writes, and waits for events.

The network and the parsers run concurrently, in a thread and in processes; their results arrive as events. The loop
reads the clock, but never the network.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from django.db import router
from django.utils import timezone

from lifestream.conf import settings
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.outcomes import Failed, Fetched
from lifestream.fetcher.shortage import Shortage, shortage_of
from lifestream.message import say
from lifestream.models import Item
from lifestream.plugins.item_pipeline import Prepared
from lifestream.refresh.decider import Decider, reading_failure
from lifestream.refresh.downloads import Download, Downloaded, Downloads, Skipped
from lifestream.refresh.factories import LazyPool, fetch_request, make_fetcher, make_guard
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.scheduler import leases
from lifestream.scheduler.due_queue import Intake
from lifestream.scheduler.in_flight import Held
from lifestream.scheduler.jobs import Answer, Claimed, Result, Stored, Writing
from lifestream.storage import writer
from lifestream.storage.db_errors import FAILURES, failure_of, is_of_content
from lifestream.storage.feed_options import UNREADABLE
from lifestream.storage.item_import import CHUNK
from lifestream.storage.outages import OUTAGES

log = logging.getLogger(__name__)

Clock: TypeAlias = Callable[[], datetime]
Progress: TypeAlias = Callable[[FeedReport], None]
Watch: TypeAlias = Callable[[Answer], None]

# This many results are written without waiting for more, and about as many events at most are handled before a write.
_BATCH = 250
_SOME_ARE_NEW = 50  # of this many feeds, at least one nearly always has a new document: one feed in ten has one
_PATIENCE = 0.2  # seconds that a result waits to be written with others, and between checks of `stopping`


@dataclass(frozen=True, slots=True)
class _Read:
    """A body whose reading has ended, with or without success. *download* is what brought it, without the body."""

    download: Downloaded
    body_hash: str
    future: Future[Prepared]


_NO_MEMORY = MemoryError()  # made in advance, while there is memory

_Event: TypeAlias = Downloaded | Skipped | _Read | BaseException


def work(
    intake: Intake,
    first: Collection[Claimed],
    *,
    clock: Clock = timezone.now,
    guard: AddressGuard | None = None,
    progress: Progress | None = None,
    stopping: threading.Event | None = None,
    watch: Watch | None = None,
) -> Report:
    """Fetch and store *first*, which are claimed, and then what *intake* gives; for the rest see `pipeline.refresh`."""
    loop = _WorkLoop(intake, clock, progress or _no_progress, stopping or threading.Event(), watch)
    loop.held.add(first)
    with ExitStack() as stack:
        stack.callback(loop.release)
        pool = stack.enter_context(LazyPool())
        fetcher = make_fetcher(guard or make_guard())
        downloads = Downloads(
            fetcher,
            loop.events.put,
            clock=clock,
            concurrency=settings.concurrency,
            per_host=settings.per_host,
            rate=settings.per_host_rate,
            pauses_hosts=settings.pauses_hosts,
        )
        try:
            loop.work(first, stack.enter_context(downloads), pool)
        except FAILURES:
            raise
        except Exception as error:
            if (shortage := shortage_of(error)) is None:
                raise
            log.warning("the refresh ends: %s", shortage.value)
            log.debug("the shortage was noticed here", exc_info=error)
            loop.end(shortage)
    return loop.report()


@dataclass(slots=True)
class _WorkLoop:
    """One refresh under way: the feeds that are *held*, the *events* that arrive, and the results that are *ready* to
    be written.

    *unwritten* are feeds whose results could not be stored, *short* those that could not be fetched or read because of
    a shortage of this machine: both stay due. *dry*: nothing was left to claim at the last attempt. *size* is how much
    of a transaction the results that are ready fill, in items; *ready_since* is when the first of them came.
    """

    intake: Intake
    clock: Clock
    progress: Progress
    stopping: threading.Event
    watch: Watch | None = None
    decider: Decider = field(init=False)
    events: queue.SimpleQueue[_Event] = field(default_factory=queue.SimpleQueue)
    held: Held = field(default_factory=lambda: Held(settings.per_host, leases.most_of_host()))
    ready: list[Result] = field(default_factory=list)
    rows: list[FeedReport] = field(default_factory=list)
    unwritten: list[Claimed] = field(default_factory=list)
    short: list[Claimed] = field(default_factory=list)
    shortages: dict[str, None] = field(default_factory=dict)
    skipped: int = 0
    dry: bool = False
    size: int = 0
    ready_since: float = 0.0

    def __post_init__(self) -> None:
        self.decider = Decider(self.clock)

    def work(self, first: Collection[Claimed], downloads: Downloads, pool: LazyPool) -> None:
        """Request *first*; then claim, decide and write until nothing is left or `stopping` is set."""
        renewed = time.monotonic()
        self._download(first, downloads, pool)
        is_going_on = True
        while is_going_on:
            for event in self._arrived():
                self._handle(event, downloads, pool)
                self._write_full()
            pool.check()
            if len(self.ready) >= _BATCH or len(self.ready) == len(self.held) or self._patience() <= 0:
                self._write()
            if time.monotonic() - renewed > settings.lease / 3:
                self._renew()
                renewed = time.monotonic()
            is_going_on = not self.stopping.is_set() and self._claim(downloads, pool)
        self._write()
        self.skipped += len(self.held)

    def release(self) -> None:
        """Release the feeds whose leases are still held: those under way, *unwritten* and *short*."""
        _release([*self.held, *self.unwritten, *self.short])

    def end(self, shortage: Shortage) -> None:
        """End all work under way because of a *shortage*; its feeds stay due."""
        self.shortages[shortage.value] = None
        self.short += self.held
        self.held = Held(settings.per_host, leases.most_of_host())

    def report(self) -> Report:
        """Return the report of what was done."""
        return Report(tuple(self.rows), self.skipped, len(self.unwritten), len(self.short), tuple(self.shortages))

    def _leave_due(self, claim: Claimed, message: str) -> None:
        """Leave a feed as it was found, because of a shortage of this machine.

        Its lease is kept until the refresh ends; otherwise the feed would be claimed again.
        """
        self._drop(claim)
        self.short.append(claim)
        self.shortages[message] = None

    def _renew(self) -> None:
        try:
            leases.renew([*self.held, *self.unwritten, *self.short], self.clock())
        except FAILURES as error:
            OUTAGES.tell(log, "leases could not be renewed", failure_of(error))

    def _claim(self, downloads: Downloads, pool: LazyPool) -> bool:
        """Claim enough feeds to keep the network busy. Returns whether there is anything left to do."""
        requested = self.held.at_once - len(self.ready)  # results that wait to be written keep no connection busy
        if requested > settings.concurrency or (self.held and self.dry):
            return True
        try:
            taken = self.intake.take()
        except FAILURES as error:
            if not (self.held or self.rows):
                raise
            OUTAGES.tell(log, "no more feeds could be claimed", failure_of(error))
            taken = []
        self.dry = not taken
        self.held.add(taken)
        self._download(taken, downloads, pool)
        return bool(self.held)

    def _download(self, claims: Collection[Claimed], downloads: Downloads, pool: LazyPool) -> None:
        """Queue downloads for *claims*, which are held."""
        never_read = sum(not claim.body_hash for claim in claims)
        if never_read or len(claims) >= _SOME_ARE_NEW:
            pool.start().expect(never_read)  # the parsers start while the network is slow
        queued = []
        for claimed in claims:
            # What is watched is read whole: no validator is sent, and no body or entry counts as known.
            claim = claimed
            if self.watch is not None:
                claim = replace(claimed, etag="", last_modified="", body_hash="", entry_digests="")
            try:
                queued.append(Download(claim, fetch_request(claim)))
            except UNREADABLE as error:
                self._decide(Answer(claim, Failed("credentials", str(error), claim.url), self.clock()))
            except Exception as error:
                if shortage_of(error) is not None:
                    raise
                log.exception("the request of %s could not be made from its options", claim.url)
                # Without the error's text, which may quote a secret.
                failed = Failed("internal", type(error).__name__, claim.url)
                self._decide(Answer(claim, failed, self.clock()))
        downloads.add(queued)  # added together, so that a host that is too busy stops all of its feeds

    def _drop(self, claim: Claimed) -> None:
        """Count *claim* as held no longer; its lease stays. If its host may have more feeds to claim, the next `_claim`
        looks for them.
        """
        if self.held.drop(claim.feed):
            self.dry = False

    def _arrived(self) -> Iterator[_Event]:
        """Yield the events that have arrived by now; wait for the first one, no longer than `_patience`."""
        try:
            yield self.events.get(timeout=max(0.0, self._patience()))
            for _ in range(_BATCH):
                yield self.events.get_nowait()
        except queue.Empty:
            return

    def _patience(self) -> float:
        """Return for how many seconds more the results that are ready wait for others."""
        return self.ready_since + _PATIENCE - time.monotonic() if self.ready else _PATIENCE

    def _handle(self, event: _Event, downloads: Downloads, pool: LazyPool) -> None:
        """Give a body that has arrived to the parsers, or decide a result. Raises an *event* that is an exception."""
        match event:
            case Downloaded(claim, Fetched() as outcome, started):
                body_hash = hashlib.sha256(outcome.body).hexdigest()
                if body_hash == claim.body_hash:
                    downloads.done(claim)
                    self._decide(Answer(claim, outcome, started, body_hash=body_hash))
                    return
                future = pool.start().submit(
                    outcome.body,
                    outcome.headers,
                    outcome.url,
                    plugin=claim.plugin,
                    noted=self.watch is not None,
                    known=claim.entry_digests,
                )
                bodiless = replace(event, outcome=replace(outcome, body=b""))
                # A result must not refer to its own future: the cycle would let documents pile up.
                future.add_done_callback(lambda done: self._queue_read(bodiless, body_hash, done))
            case Downloaded(claim, Failed("shortage", message)):
                self._leave_due(claim, message)
            case Downloaded(claim, outcome, started):
                self._decide(Answer(claim, outcome, started))
            case _Read(Downloaded(claim, outcome, started), body_hash, future):
                downloads.done(claim)
                try:
                    self._decide(Answer(claim, outcome, started, future.result(), body_hash))
                except (Exception, CancelledError) as error:  # noqa: BLE001 - it becomes the feed's outcome
                    if (shortage := shortage_of(error)) is not None:
                        self._leave_due(claim, shortage.value)
                    else:
                        self._decide(Answer(claim, reading_failure(outcome, error), started))
            case Skipped(claim):
                self._drop(claim)
                _release([claim])
                self.skipped += 1
            case error:
                raise error

    def _queue_read(self, download: Downloaded, body_hash: str, done: Future[Prepared]) -> None:
        """Queue the result of a reading. This must not raise: a future only logs what its callbacks raise, and the loop
        would wait for the event for ever.
        """
        try:
            self.events.put(_Read(download, body_hash, done))
        except MemoryError:
            self.events.put(_NO_MEMORY)

    def _decide(self, answer: Answer) -> None:
        if self.watch is not None:
            self.watch(answer)
        if not self.ready:
            self.ready_since = time.monotonic()
        try:
            result = self.decider.result(answer)
        except Exception as error:
            if shortage_of(error) is not None:
                raise
            log.exception("when to request %s again could not be decided", answer.claim.url)
            result = self.decider.failure(answer, error)
        self.ready.append(result)
        self.size += self.ready[-1].size

    def _write_full(self) -> None:
        """Store the results that are ready if they fill a transaction: the parsers read on meanwhile, and fewer results
        are left when all documents are read. If the last one does not fit, it is kept for the next write.
        """
        while self.size >= CHUNK:
            last = self.ready.pop() if self.size > CHUNK and len(self.ready) > 1 else None
            self._write()
            if last is not None:
                self.ready, self.size, self.ready_since = [last], last.size, time.monotonic()

    def _write(self) -> None:
        """Store the results that are ready; those that can't be stored together are stored one by one.

        A result that fails even then is stored as a failure if its content is the cause, so that its feed is not
        requested in each run; otherwise the feed stays due.
        """
        batch, self.ready, self.size = self.ready, [], 0
        try:
            stored = writer.store(batch, self.clock())
        except Exception as error:  # noqa: BLE001  it is logged
            _log_unstored(error, "%d results could not be stored together; trying them one by one", len(batch))
            stored = [self._write_one(result) for result in batch]
        for result, each in zip(batch, stored, strict=True):
            self._finish(result, each)

    def _write_one(self, result: Result) -> Stored:
        try:
            [stored] = writer.store([result], self.clock())
        except Exception as error:  # noqa: BLE001  it is logged
            _log_unstored(error, "the result of %s could not be stored", result.claim.url)
            if shortage_of(error) is None and is_of_content(error, router.db_for_write(Item)):
                return self._write_failure(result, error)
            return _unwritten(result, error)
        return stored

    def _write_failure(self, result: Result, error: Exception) -> Stored:
        try:
            [stored] = writer.store([writer.unstorable(result, error)], self.clock())
        except Exception as again:  # noqa: BLE001  it is logged
            _log_unstored(again, "not even the failure of %s could be stored", result.claim.url)
            return _unwritten(result, again)
        return stored

    def _finish(self, result: Result, stored: Stored) -> None:
        self._drop(result.claim)
        if stored.lost:
            self.skipped += 1
            return
        if stored.unwritten:
            self.unwritten.append(result.claim)
            self.shortages[stored.message] = None
        row = _row(result, stored)
        self.rows.append(row)
        self.progress(row)


def _release(claimed: Collection[Claimed]) -> None:
    """Release feeds; if the database fails, their leases expire."""
    try:
        leases.release(claimed)
    except FAILURES as error:
        OUTAGES.tell(log, "%d feeds stay claimed until their leases end", failure_of(error), len(claimed))


def _log_unstored(error: Exception, message: str, *values: object) -> None:
    """Log *message* with the traceback of *error*; for debugging only if this machine ran out of something, which the
    report says once.
    """
    log.log(logging.ERROR if shortage_of(error) is None else logging.DEBUG, message, *values, exc_info=error)


def _unwritten(result: Result, error: Exception) -> Stored:
    shortage = shortage_of(error)
    message = shortage.value if shortage else say("result-unstored", error=str(error) or type(error).__name__)
    return Stored(result.claim.feed, "failed", writing=Writing.UNWRITTEN, message=message)


def _no_progress(row: FeedReport) -> None:
    """Do nothing: the default callback for progress."""


def _row(result: Result, stored: Stored) -> FeedReport:
    claim, due = result.claim, result.next
    own_title = result.prepared.feed.title if result.prepared is not None else ""
    return FeedReport(
        feed=claim.feed,
        title=claim.title or own_title or claim.url,  # not the domain, which may have ten feeds
        url=claim.url,
        outcome=stored.outcome,
        new=stored.new,
        changed=stored.changed,
        next_at=result.started if stored.unwritten else due.at,
        reason=say("unstored") if stored.unwritten else due.reason,
        message=stored.message,
        status=result.outcome.status,
        size=result.outcome.size if isinstance(result.outcome, Fetched) else 0,
        duration=result.outcome.duration,
        unstored=stored.unwritten,
    )
