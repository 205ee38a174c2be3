"""The only writer of what was fetched.

Each result becomes items, tags, posts and index entries, then a line in the log and the feed's own state. They are
written in transactions of at most CHUNK items; the feed's state, and so its validators, is in the last one. After a
crash before that, the next fetch repeats the request, and `entry_matching` finds the items that are stored already: no
item is lost or doubled. Results without items (304, failures, an unchanged body) and small documents share
transactions.

No transaction is long, since SQLite has one writer at a time. Each begins by locking its feeds and checking their
claims: a result whose claim has passed to another worker is dropped. If a transaction fails because of its content, its
feeds are written one by one, and a document that fails again is written row by row, so that only the broken row is
lost. After a deadlock, the write is repeated as often as `deadlocks` says. If the database itself fails (locked, full,
gone), the write is repeated once, on a new connection if the old one is broken; if that fails, too, but the database
may take less at once (a full disk), the feeds are written one by one. A result that isn't written is `unwritten`: only
its request is lost.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

from django.db import connections, router, transaction
from django.db.models import Q

from lifestream.fetcher.outcomes import Failed, Fetched, Gone, NotModified
from lifestream.message import say
from lifestream.models import Feed, Fetch, Host, Item, Subscription, due_hosts, sort_names
from lifestream.models.feeds import lock_feeds
from lifestream.scheduler.answering_host import host_that_answered
from lifestream.scheduler.jobs import Result, Stored, Writing
from lifestream.storage import fanout, feed_update, fetch_log, item_import, permanent_redirects
from lifestream.storage.announcements import Announcements, Failure, Move
from lifestream.storage.bulk_sql import update_rows
from lifestream.storage.db_errors import FAILURES, ROW_ERRORS, DatabaseFailure, failure_of
from lifestream.storage.deadlocks import in_transaction, tried_again
from lifestream.storage.feed_row import FROM_DOCUMENT, PLACE, STATE, FeedState, hold
from lifestream.storage.fetch_log import Line
from lifestream.storage.item_import import CHUNK, Chunk, Import, Written
from lifestream.storage.outages import OUTAGES

_Counts: TypeAlias = "Counter[str]"
_Writer: TypeAlias = Callable[[Sequence[tuple[Import, Chunk]], str], Mapping[int, Written]]

_log = logging.getLogger("lifestream.storage")

_NOTHING: Final[_Counts] = Counter()  # the counts of a result without entries


def store(results: Iterable[Result], now: datetime) -> list[Stored]:
    """Write *results*; *now* is the current time. Returns what was stored of each, in their order.

    A result that the database didn't take is `unwritten`, and the log says why.
    """
    using = router.db_for_write(Item)
    imports = [Import(result) for result in results]
    failure: DatabaseFailure | None = None
    for batch in _batches(imports):
        if failure is None or failure.takes_less:
            failure = _store(batch, now, using)
        else:  # each further batch would wait for the database again
            _give_up(batch, failure)
    return [each.stored for each in imports]


def _store(batch: Sequence[Import], now: datetime, using: str) -> DatabaseFailure | None:
    """Write *batch*. Returns the failure of the database, if there is any."""
    try:
        # Only a document that is a batch by itself has more than one chunk.
        for number in range(len(batch[0].chunks)):
            _commit(_Step(batch, number, now, using))
            if all(each.over for each in batch):
                break
    except FAILURES as error:
        failure = failure_of(error)
        OUTAGES.tell(_log, "%s could not be stored", failure, _named(batch))
        if failure.takes_less and len(batch) > 1:
            for each in batch:
                failure = _store([each], now, using) or failure
        else:
            _give_up(batch, failure)
        return failure
    return None


def _give_up(batch: Sequence[Import], failure: DatabaseFailure) -> None:
    for each in batch:
        each.stored = Stored(each.feed, Fetch.Outcome.FAILED.value, writing=Writing.UNWRITTEN, message=str(failure))


def _named(batch: Sequence[Import]) -> str:
    return batch[0].result.claim.url if len(batch) == 1 else f"{len(batch)} feeds"


def _batches(imports: Iterable[Import]) -> Iterator[list[Import]]:
    """Yield groups of imports that share transactions. An import with several chunks is a group by itself."""
    batch: list[Import] = []
    size = 0
    for each in imports:
        if batch and size + each.result.size > CHUNK:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.result.size
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _Step:
    """What one transaction writes: chunk *number* of each import of *batch*, as of *now*, into the database *using*."""

    batch: Sequence[Import]
    number: int
    now: datetime
    using: str


def _commit(step: _Step) -> None:
    """Write *step*: all at once if that works, otherwise in parts. Raises one of FAILURES."""
    try:
        try:
            tried_again(partial(_transact, step, _write_at_once))
        except ROW_ERRORS:
            raise
        except FAILURES as error:
            # During an outage that has been logged, each batch fails like this.
            level = logging.INFO if OUTAGES.kind is None else logging.DEBUG
            _log.log(level, "The database failed and is asked once more: %s", error)
            _reconnect(step.using)
            _transact(step, _write_at_once)
    except ROW_ERRORS as error:
        _log.warning("%s could not be written at once; each part is written by itself: %s", _named(step.batch), error)
        for each in step.batch:
            _commit_with_care(each, step)


def _reconnect(using: str) -> None:
    """Close a connection that is broken, so that the next statement opens another."""
    connection = connections[using]
    if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
        connection.close()


def _commit_with_care(each: Import, step: _Step) -> None:
    """Write one document's part of *step* by itself, row by row if necessary.

    If not even its feed's state can be written, a failure is stored instead, and the feed is due later. If that fails,
    too, the result is `unwritten`.
    """
    try:
        _transact(replace(step, batch=[each]), _write_with_care)
    except ROW_ERRORS as error:
        url = each.result.claim.url
        _log.exception("The result of %s can't be stored.", url)
        postponed = Import(unstorable(each.result, error))
        try:
            _transact(replace(step, batch=[postponed], number=0), _write_at_once)
            each.stored = postponed.stored
        except ROW_ERRORS as again:
            _log.exception("Not even the failure of %s could be stored.", url)
            each.stored = Stored(each.feed, Fetch.Outcome.FAILED.value, writing=Writing.UNWRITTEN, message=str(again))
        each.over = True


def unstorable(result: Result, error: Exception) -> Result:
    """Return the failure that is stored in place of *result*, which can't be stored because of *error*."""
    message = say("document-unstorable", error=f"{type(error).__name__}: {error}")
    later = replace(result.next, failures=result.claim.failures + 1)
    failed = Failed("internal", message, result.claim.url)
    return replace(result, outcome=failed, next=later, prepared=None, body_hash="")


def _transact(step: _Step, writer: _Writer) -> None:
    """Write *step* in one transaction, its items by *writer*, and note in its imports what was stored."""
    batch, using = step.batch, step.using
    with transaction.atomic(using=using):
        tokens = {each.feed: each.result.claim.token for each in batch}
        any_fetched = any(isinstance(each.result.outcome, Fetched) for each in batch)
        feeds = hold(tokens, using, from_document=any_fetched, entries=any(each.drafts for each in batch))
        held = [each for each in batch if each.feed in feeds]
        chunks = [(each, each.read(step.number, step.now, using, feeds[each.feed])) for each in held if each.drafts]
        written = writer(chunks, using)
        counts = {each.feed: each.counts + chunk.counts + written[each.feed].counts for each, chunk in chunks}
        news = Announcements(
            added={feed: rows.new for feed, rows in written.items() if rows.new},
            changed={feed: rows.changed for feed, rows in written.items() if rows.changed},
        )
        last = step.number == len(batch[0].chunks) - 1
        settled = _settle(held, feeds, counts, news, step) if last else {}
        news.send_after_commit(using)
    # Counted only here, since the rows are committed now.
    for each in batch:
        if each.feed not in feeds:
            _log.warning(
                "%s: another worker holds the feed by now, or it was deleted; nothing more is stored.",
                each.result.claim.url,
            )
            each.stored = Stored(
                each.feed, Fetch.Outcome.FAILED.value, writing=Writing.LOST, message=say("held-by-another")
            )
            each.over = True
        else:
            each.counts = counts.get(each.feed, _NOTHING)
            each.stored = settled.get(each.feed, each.stored)


def _write_at_once(chunks: Sequence[tuple[Import, Chunk]], using: str) -> dict[int, Written]:
    """Write everything together. Returns what was written for each feed."""
    rows = [row for _, chunk in chunks for row in chunk.rows]
    feeds = {row.feed for row in rows}
    written = {each.feed: Written() for each, _ in chunks}
    if rows:
        written |= item_import.write(rows, fanout.subscribers_of(feeds, using), using)
    item_import.follow((moved for _, chunk in chunks for moved in chunk.followed), using)
    return written


def _write_with_care(chunks: Sequence[tuple[Import, Chunk]], using: str) -> dict[int, Written]:
    """Write feed by feed and, if that fails, row by row; rows that fail then are *broken*."""
    written: dict[int, Written] = {}
    for each, chunk in chunks:
        try:
            with transaction.atomic(using=using):
                written |= _write_at_once([(each, chunk)], using)
        except ROW_ERRORS:
            written[each.feed] = _write_rows(each, chunk, using)
    return written


def _write_rows(each: Import, chunk: Chunk, using: str) -> Written:
    written = Written()
    subscribers = fanout.subscribers_of([each.feed], using)
    for row in chunk.rows:
        try:
            with transaction.atomic(using=using):
                [of_row] = item_import.write([row], subscribers, using).values()
        except ROW_ERRORS:
            _log.exception("%s: its entry %r can't be stored and is left out.", each.result.claim.url, row.name)
            written.broken += 1
        else:
            written.new += of_row.new
            written.changed += of_row.changed
    for moved in chunk.followed:
        try:
            with transaction.atomic(using=using):
                item_import.follow([moved], using)
        except ROW_ERRORS:
            _log.exception("%s: the new keys of a deleted entry can't be stored.", each.result.claim.url)
            written.broken += 1
    return written


def _settle(
    imports: Sequence[Import],
    feeds: Mapping[int, FeedState],
    counts: Mapping[int, _Counts],
    news: Announcements,
    step: _Step,
) -> dict[int, Stored]:
    """Write the state of *feeds* and the log, at the end of their imports, and note in *news* what happened to them."""
    now, using = step.now, step.using
    settled: dict[int, Stored] = {}
    moved: list[FeedState] = []
    renamed: list[int] = []
    lines: list[Line] = []
    again: set[int] = set()
    hosts = {feed.host_id for feed in feeds.values()}
    pauses: dict[str, datetime] = {}
    for each in imports:
        feed, count = feeds[each.feed], counts.get(each.feed, _NOTHING)
        names_before = (feed.title, feed.domain)
        feed_update.settle(feed, each.result, now)
        if each.result.prepared is not None:
            digests = "" if count["broken"] else each.settled.digests
            feed_update.note_entries(feed, digests, whole=not each.settled.lacks)
        feed_update.compare_pushes(feed, each.result, now, new=count["new"])
        move = _move(feed, each.result, using)
        if names_before != (feed.title, feed.domain):
            renamed.append(feed.id)
        if move:
            moved.append(feed)
            news.moved.append(move)
        elif feed.failures and isinstance(each.result.outcome, Failed):
            news.failing.append(Failure(feed.id, feed.failures, feed.last_error))
        elif isinstance(each.result.outcome, Gone):
            news.gone.append(feed.id)
        broken = say("entries-unstored", count=count["broken"]) if count["broken"] else ""
        outcome = feed_update.outcome_of(each.result, count["new"], count["changed"])
        stored = Stored(
            feed.id,
            Fetch.Outcome.MOVED.value if move else outcome.value,
            new=count["new"],
            changed=count["changed"],
            unchanged=count["unchanged"],
            refused=count["refused"],
            broken=count["broken"],
            moved_to=move.new_url if move else "",
            message=feed_update.message_of(each.result, broken),
        )
        if stored.outcome == feed.last_status:
            again.add(feed.id)
        lines.append(feed_update.log(feed, each.result, stored))
        settled[feed.id] = stored
        if (pause := each.result.next.host_pause) is not None:
            name = host_that_answered(each.result.claim, each.result.outcome)
            pauses[name] = max(pause, pauses.get(name, pause))
    _keep_active(news.moved, feeds, using)
    fetched = {each.feed for each in imports if isinstance(each.result.outcome, Fetched)}
    update_rows(Feed, STATE, [feed for feed in feeds.values() if feed.id not in fetched], using)
    update_rows(Feed, STATE + FROM_DOCUMENT, [feeds[pk] for pk in sorted(fetched)], using)
    update_rows(Feed, PLACE, moved, using)
    fetch_log.write(lines, again, using)
    _settle_hosts(hosts | {feed.host_id for feed in moved}, pauses, using)
    if renamed:
        # After the commit, in a transaction of its own, which can be repeated without writing the results twice.
        transaction.on_commit(partial(_settle_names, renamed, using), using=using)
    return settled


def _settle_names(feeds: Collection[int], using: str) -> None:
    """Store the names by which the subscriptions of *feeds* are sorted.

    The feeds are locked first, as by all others who write several subscriptions: PostgreSQL locks those in any order,
    and two writers could wait for each other. A deadlock is still possible, since whoever saves one subscription locks
    it before its feed; then this transaction is repeated. A failure is only logged, since the results are committed:
    after an exception, `_commit` would try to write them again, and report that another worker holds the feeds. The
    daily cleanup corrects the names.
    """

    def work() -> None:
        lock_feeds(feeds, using)
        sort_names.settle(using, feeds=feeds)

    try:
        in_transaction(work, using)
    except FAILURES as error:
        OUTAGES.tell(_log, "The names to sort feeds by could not be stored", failure_of(error))
        _reconnect(using)


def _move(feed: FeedState, result: Result, using: str) -> Move | None:
    """Follow a permanent redirect that has lasted. Returns None if the feed keeps its URL."""
    if not isinstance(result.outcome, Fetched | NotModified):
        return None
    url = result.outcome.moved.url if result.outcome.moved else ""
    if not permanent_redirects.note(feed, url):
        return None
    before = feed.url
    into = permanent_redirects.follow(feed, url, using)
    options = Feed.objects.using(using).values_list("options", flat=True).get(pk=feed.id)
    feed.options = permanent_redirects.options_at(feed.url, before, options or {})
    return Move(feed.id, before, url, into)


def _keep_active(moves: Iterable[Move], feeds: Mapping[int, FeedState], using: str) -> None:
    """Keep a feed of *feeds* active if subscriptions have moved to it in this transaction, even if it has itself been
    redirected to another one, or is gone: otherwise nobody would notice that it is not requested any more.
    """
    into = {move.into for move in moves if move.into is not None}
    gone = [key for key in into if key in feeds and feeds[key].status == Feed.Status.GONE]
    if gone:
        for key in Subscription.objects.using(using).filter(feed__in=gone).values_list("feed", flat=True):
            feeds[key].status = Feed.Status.ACTIVE


def _settle_hosts(hosts: Collection[int], pauses: Mapping[str, datetime], using: str) -> None:
    """Pause the hosts named in *pauses* at least until the times given there, release those of *hosts* (keys) that no
    worker holds any more, and note when each of *hosts* is due.

    After a redirect to another host, that host may ask for a pause. Other feeds of the feed's own host are then still
    requested.
    """
    paused = Host.objects.using(using).filter(name__in=pauses).values_list("pk", "name") if pauses else ()
    keys = dict(paused)
    due_hosts.lock({*hosts, *keys}, using)
    for key, name in keys.items():
        shorter = Q(not_before=None) | Q(not_before__lt=pauses[name])
        Host.objects.using(using).filter(shorter, pk=key).update(not_before=pauses[name])
    due_hosts.settle(hosts, using)
