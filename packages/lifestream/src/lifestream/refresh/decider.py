"""Decides the result of a fetch: takes a claim and its outcome, and returns a result that is ready to be stored.

`schedule` decides when a feed is due next, from values alone. This module gathers these values: the feed's history,
what its document says, our own bounds for the feed, and the time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from lifestream.conf import settings
from lifestream.entry import Rhythm
from lifestream.fetcher.outcomes import Failed, FailureKind, Outcome
from lifestream.parser.errors import ParseError
from lifestream.refresh.factories import make_limits
from lifestream.scheduler.jobs import Answer, Claimed, Result
from lifestream.scheduler.publication_rate import pace_of
from lifestream.scheduler.schedule import History, Limits, Terms, decide
from lifestream.storage.feed_options import has_own_proxy, interval_of

log = logging.getLogger(__name__)


class Decider:
    """Makes decisions; *clock* returns the time. The bounds are those of the settings when the object was created."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._limits = make_limits()
        self._pushing = bool(settings.public_url)
        self._push_poll_interval = settings.push_poll_interval

    def result(self, answer: Answer) -> Result:
        """Return *answer* with the time of the next fetch, and the reason for that time."""
        now = self._clock()
        claim, outcome, prepared = answer.claim, answer.outcome, answer.prepared
        history = History(claim.failures, Terms.from_json(claim.terms), claim.url)
        if prepared is not None:
            rhythm, pace = prepared.feed.rhythm, pace_of(prepared.dates, now)
            if not prepared.feed.is_complete:  # an incomplete document may have lost its rhythm
                rhythm = history.terms.rhythm if history.terms.rhythm != Rhythm() else rhythm
                pace = history.terms.pace or pace
        else:  # without a new body, the rhythm is the same as before
            rhythm, pace = history.terms.rhythm, history.terms.pace
        due = decide(outcome, history, now, self._limits_for(claim, outcome, now), rhythm, pace)
        return Result(claim, outcome, due, answer.started, prepared, answer.body_hash)

    def failure(self, answer: Answer, error: Exception) -> Result:
        """Return the failure of a feed for which `result` raised *error*.

        Only the feed's URL and its number of failures are used: anything else that is stored of it may have caused
        *error*.
        """
        claim, url = answer.claim, answer.outcome.url
        failed = Failed("internal", f"{type(error).__name__}: {error}", url, answer.outcome.status)
        due = decide(failed, History(claim.failures, feed=claim.url), self._clock(), self._limits)
        return Result(claim, failed, due, answer.started)

    def _limits_for(self, claim: Claimed, outcome: Outcome, now: datetime) -> Limits:
        """Return our bounds for *claim*. An interval that is set for the feed replaces the usual ones. While a hub
        pushes new entries, and unless the fetch failed, the shortest interval is at least
        LIFESTREAM_PUSH_POLL_INTERVAL. An answer that comes through the feed's own proxy pauses no other feed.
        """
        limits = self._limits
        if has_own_proxy(claim.options):
            limits = replace(limits, pauses_hosts=False)
        if chosen := interval_of(claim.options):  # the bounds may have changed since it was set
            chosen = min(max(chosen, limits.min_interval), limits.max_interval)
            limits = replace(limits, min_interval=chosen, slow_interval=chosen)
        is_pushed = self._pushing and claim.push_until is not None and claim.push_until > now
        if not is_pushed or isinstance(outcome, Failed):
            return limits
        slow = max(limits.min_interval, self._push_poll_interval)
        return replace(limits, min_interval=slow, beside_hub=True)


def reading_failure(outcome: Outcome, error: BaseException) -> Failed:
    """Return the failure to record for *outcome*, whose body could not be read because of *error*."""
    if isinstance(error, ParseError):
        kind: FailureKind = "parse"
        message = error.reason
    else:
        log.error("reading %s failed with an unexpected error", outcome.url, exc_info=error)
        kind, message = "internal", f"{type(error).__name__}: {error}"
    return Failed(kind, message, outcome.url, outcome.status, outcome.headers, outcome.duration)
