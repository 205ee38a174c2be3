"""When the next request of a feed is due, and why, as messages for people. Pure: values in, a `Next` out.

The result is the latest of all times that are asked for, since each is a minimum:

- ours: an eighth of the gap between two entries, within our bounds; after errors, a gap that doubles with each one in a
  row;
- the server's: max-age less Age, Expires, Retry-After;
- the feed's: ttl, sy:updatePeriod over sy:updateFrequency, then skipHours and skipDays.

A spread is added: without it, a thousand feeds that were fetched together, after an import or a standstill, would
always be due together. The spread is not random but a hash of the feed and the time, so the same values give the same
result.

What server and feed ask for is kept apart (`Next.not_before`), so that an early fetch skips our own interval but never
theirs. Their times are capped, so that a feed that asks for ten years is not lost. A 304 confirms the last answer: what
the last answer said about freshness applies again unless the 304 says otherwise (RFC 9111 §4.3.4), and so does the
feed's rhythm.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from lifestream.entry import Rhythm
from lifestream.fetcher.cache_lifetime import Freshness, freshness, retry_after
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, NotModified, Outcome
from lifestream.message import Duration, Gap, from_stored, say, stored
from lifestream.scheduler.publication_rate import Pace

_log = logging.getLogger(__name__)

_SHARE = 1 / 8  # of the gap between two entries: an entry is seen a sixteenth of the gap late on average
_MOST_SPREAD = 1800.0  # seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """Our own bounds for the time between two requests, in seconds: *min_interval* and *max_interval*.

    However seldom a feed publishes, our interval is at most *slow_interval* (or *min_interval*, if that is longer), so
    that its readers see an entry in time. Only after errors does it grow up to *max_interval*.

    A fetch is delayed by up to *jitter*, a fraction of our interval, and half an hour at most. *pauses_hosts* says
    whether a pause that a server asks for applies to all of its feeds, or only to the one that it refused. *beside_hub*
    says that these are the bounds of a feed whose hub pushes new entries. A Retry-After longer than *max_pause* counts
    as *max_pause*: it is a mistake, and would lose the feed.
    """

    min_interval: float
    max_interval: float
    slow_interval: float
    jitter: float = 0.0
    pauses_hosts: bool = True
    beside_hub: bool = False
    max_pause: float = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What the server and the feed asked for, and the *pace* of the feed, in the last answer with a document; a 304
    since then may have replaced the *freshness*.

    They are kept for answers without a document: a 304 and failures.
    """

    freshness: Freshness | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)
    pace: Pace | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the terms for a JSON column, without what isn't set: {} for none at all."""
        terms: dict[str, Any] = {
            "fresh": self.freshness and [self.freshness.seconds, self.freshness.source],
            "ttl": self.rhythm.ttl,
            "update_interval": self.rhythm.update_interval,
            "skip_hours": sorted(self.rhythm.skip_hours),
            "skip_days": sorted(self.rhythm.skip_days),
            "pace": self.pace and [self.pace.count, self.pace.since.timestamp()],
        }
        return {name: value for name, value in terms.items() if value not in (None, [])}

    @classmethod
    def from_json(cls, terms: Mapping[str, Any]) -> Terms:
        """Return the terms that `as_json` wrote. If they can't be read, return no terms and log a warning: the next
        answer brings new ones.
        """
        try:
            fresh, pace = terms.get("fresh"), terms.get("pace")
            return cls(
                Freshness(_finite(fresh[0]), *fresh[1:]) if fresh else None,
                Rhythm(
                    None if terms.get("ttl") is None else _finite(terms["ttl"]),
                    None if terms.get("update_interval") is None else _finite(terms["update_interval"]),
                    frozenset(terms.get("skip_hours", ())),
                    frozenset(terms.get("skip_days", ())),
                ),
                Pace(_finite(pace[0]), datetime.fromtimestamp(pace[1], UTC)) if pace else None,
            )
        except (AttributeError, TypeError, LookupError, ValueError, OverflowError, OSError):
            _log.warning("the stored terms of a feed can't be read: %.200r", terms)
            return cls()


def _finite(number: Any) -> Any:
    """Return *number*. Raises TypeError if it is no number, and ValueError if it is not finite."""
    if not math.isfinite(number):
        raise ValueError("a number that is not finite")
    return number


@dataclass(frozen=True, slots=True)
class History:
    """The history of a feed: how many *failures* in a row, and the *terms* so far.

    *feed* identifies the feed, so that each has a spread of its own.
    """

    failures: int = 0
    terms: Terms = field(default_factory=Terms)
    feed: str = ""


@dataclass(frozen=True, slots=True)
class DueTime:
    """A time that something asked for: not before *at*, and the *reason* in words."""

    at: datetime
    reason: str


def candidates_as_json(candidates: Iterable[DueTime]) -> list[list[str]]:
    """Return *candidates* as values for a JSON column."""
    return [[candidate.at.isoformat(timespec="seconds"), stored(candidate.reason)] for candidate in candidates]


def candidates_from_json(column: Sequence[Sequence[str]]) -> tuple[DueTime, ...]:
    """Return the candidates that `candidates_as_json` wrote, to the second. For anything else, return none and log a
    warning: the next fetch brings new ones.
    """
    try:
        return tuple(DueTime(_aware(datetime.fromisoformat(at)), from_stored(reason)) for at, reason in column)
    except (AttributeError, TypeError, ValueError):
        _log.warning("the stored times of a feed can't be read: %.200r", column)
        return ()


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at


@dataclass(frozen=True, slots=True)
class Next:
    """When a feed is due (*at*; None: never again), and the *reason* in words.

    *not_before* is the earliest time that server and feed allow; None if they ask for no delay. A skipped hour or day
    alone does not set it. *host_pause* is until when all feeds of the host wait, None if they need not. *failures* and
    *terms* are the history for the next decision. *candidates* are all times that were asked for, in ascending order;
    the feed is due at the last one.
    """

    at: datetime | None
    reason: str
    not_before: datetime | None = None
    host_pause: datetime | None = None
    failures: int = 0
    terms: Terms = field(default_factory=Terms)
    candidates: tuple[DueTime, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wait:
    seconds: float
    reason: str


def decide(
    outcome: Outcome,
    history: History,
    now: datetime,
    limits: Limits,
    rhythm: Rhythm | None = None,
    pace: Pace | None = None,
) -> Next:
    """Decide when to request the feed again after *outcome*, which came *now*.

    *rhythm* and *pace* are those of the document, for a `Fetched` that was parsed; a document that could not be parsed
    is a `Failed`.
    """
    match outcome:
        case Gone():
            return Next(None, say("gone"), failures=history.failures, terms=history.terms)
        case Failed():
            return _after_failure(outcome, history, now, limits)
        case Fetched():
            terms = Terms(freshness(outcome.headers, now), rhythm or Rhythm(), pace)
            return _after_success(outcome, History(0, terms, history.feed), now, limits)
        case NotModified():
            before = history.terms
            terms = Terms(freshness(outcome.headers, now) or before.freshness, before.rhythm, before.pace)
            return _after_success(outcome, History(0, terms, history.feed), now, limits)


def _after_success(outcome: Fetched | NotModified, history: History, now: datetime, limits: Limits) -> Next:
    terms = history.terms
    theirs = [_capped(wait, limits.max_interval) for wait in (*_fresh_for(terms), *_asked_by_feed(terms))]
    if (pause := retry_after(outcome.headers, now)) is not None:
        theirs.append(_capped(_Wait(pause, "Retry-After"), limits.max_pause))
    ours = _own_interval(terms, now, limits)
    return _next(now, ours, theirs, history, limits)


def _own_interval(terms: Terms, now: datetime, limits: Limits) -> _Wait:
    if terms.pace is not None:
        gap = terms.pace.gap(now)
        seconds = min(gap * _SHARE, limits.slow_interval, limits.max_interval)
        if seconds > limits.min_interval:
            return _Wait(seconds, say("feed-publishes", often=Gap(gap), wait=Duration(seconds)))
    code = "own-interval-beside-hub" if limits.beside_hub else "own-interval"
    return _Wait(limits.min_interval, say(code, wait=Duration(limits.min_interval)))


def _after_failure(outcome: Failed, history: History, now: datetime, limits: Limits) -> Next:
    failures = history.failures + 1
    gap = min(limits.min_interval * 2.0 ** min(failures - 1, 32), max(limits.max_interval, limits.min_interval))
    ours = _Wait(gap, say("errors-in-a-row", count=failures, wait=Duration(gap)))
    # How long the last answer was fresh says nothing about this one; how often the feed wants to be requested still
    # applies.
    theirs = [_capped(wait, limits.max_interval) for wait in _asked_by_feed(history.terms)]
    pause = retry_after(outcome.headers, now)
    if pause is not None:
        # The server knows better than our doubling when it will be back.
        ours = _Wait(limits.min_interval, say("own-interval", wait=Duration(limits.min_interval)))
        theirs.append(_capped(_Wait(pause, "Retry-After"), limits.max_pause))
    due = _next(now, ours, theirs, replace(history, failures=failures), limits)
    if not limits.pauses_hosts or not pauses_host(outcome):
        return due
    # The host's pause leaves out what only this feed asks for: the host's other feeds need not wait for that.
    seconds = min(pause, limits.max_pause) if pause else limits.min_interval
    return replace(due, host_pause=now + timedelta(seconds=seconds))


def pauses_host(outcome: Outcome) -> bool:
    """Return whether a pause that *outcome* asks for applies to all feeds of its host.

    A 429 is addressed to a client, so it applies to all that this client requests there (RFC 6585 §4); a 503 that names
    a time says when the server is back (RFC 9110 §15.6.4).
    """
    if not isinstance(outcome, Failed):
        return False
    is_down = outcome.status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in outcome.headers
    return is_down or outcome.status == HTTPStatus.TOO_MANY_REQUESTS


def _fresh_for(terms: Terms) -> list[_Wait]:
    if terms.freshness is None or terms.freshness.seconds <= 0:
        return []
    return [_Wait(terms.freshness.seconds, say("freshness", source=terms.freshness.source))]


def _asked_by_feed(terms: Terms) -> list[_Wait]:
    waits = []
    if terms.rhythm.ttl:
        waits.append(_Wait(terms.rhythm.ttl, say("feeds-ttl")))
    if terms.rhythm.update_interval:
        waits.append(_Wait(terms.rhythm.update_interval, say("feeds-update-period")))
    return waits


def _next(now: datetime, ours: _Wait, theirs: list[_Wait], history: History, limits: Limits) -> Next:
    """Return the latest of *ours* and *theirs*, with the spread, and after what the feed skips."""
    asked = max(theirs, key=lambda wait: wait.seconds, default=None)
    latest = asked if asked is not None and asked.seconds > ours.seconds else ours
    waits = sorted((ours, *theirs), key=lambda wait: (wait.seconds, wait is latest))
    candidates = [DueTime(now + timedelta(seconds=wait.seconds), wait.reason) for wait in waits]
    reason, at = latest.reason, candidates[-1].at
    late = timedelta(seconds=_spread(history.feed, now, min(limits.jitter * ours.seconds, _MOST_SPREAD)))
    rhythm = history.terms.rhythm
    not_before = None
    if asked is not None and asked.seconds > 0:
        not_before, _ = past_skipped(now + timedelta(seconds=asked.seconds), rhythm)
    begins, skipped = past_skipped(at + late, rhythm)
    if skipped:
        candidates.append(DueTime(begins, skipped))
        reason, at = skipped, begins
    if late:
        at += late
        candidates.append(DueTime(at, say("spread", wait=Duration(late.total_seconds()))))
    return Next(at, reason, not_before, failures=history.failures, terms=history.terms, candidates=tuple(candidates))


def _spread(feed: str, now: datetime, most: float) -> float:
    """Return a number of seconds from 0 to *most*, evenly distributed over feeds and times.

    It is always the same for the same feed and time.
    """
    if not most:
        return 0.0
    digest = hashlib.sha256(f"{now.timestamp()} {feed}".encode("utf-8", "surrogatepass")).digest()
    return most * int.from_bytes(digest[:8]) / 2**64


def _capped(wait: _Wait, cap: float) -> _Wait:
    asked = Duration(wait.seconds)
    if wait.seconds <= cap:
        return _Wait(wait.seconds, say("asked-wait", what=wait.reason, wait=asked))
    return _Wait(cap, say("asked-wait-capped", what=wait.reason, wait=asked, cap=Duration(cap)))


def past_skipped(at: datetime, rhythm: Rhythm) -> tuple[datetime, str]:
    """Return the first time from *at* on that the feed doesn't skip, and the reason if that isn't *at* itself.

    A feed that skips everything is requested as if it skipped nothing.
    """
    hour = at
    for _ in range(7 * 24):  # the hours of a week
        day_skipped, hour_skipped = hour.weekday() in rhythm.skip_days, hour.hour in rhythm.skip_hours
        if not day_skipped and not hour_skipped:
            return hour, "" if hour == at else say("feeds-skips", name=_skip_name(at, rhythm))
        hour = hour.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at, ""


def _skip_name(at: datetime, rhythm: Rhythm) -> str:
    return "skipDays" if at.weekday() in rhythm.skip_days else "skipHours"


SKIPPED: Final = tuple(say("feeds-skips", name=name) for name in ("skipDays", "skipHours"))
"""The reasons of `past_skipped`."""
