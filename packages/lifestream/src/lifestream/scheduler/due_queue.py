"""The feeds that a refresh still has to claim.

They are claimed a few at a time, and each feed is requested only once, however soon it is due again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from django.db import router

from lifestream.conf import settings
from lifestream.models import Feed, due_hosts
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Claimed

_MANY: Final = 256  # the most feeds that one claim takes, unless more may be requested concurrently


class Intake:
    """Claims the feeds that are due; if *feeds* (primary keys) is given, only feeds listed there.

    With *early*, feeds are also claimed before our own interval is over. *most* limits how many are claimed;
    by default all are.
    """

    def __init__(
        self,
        feeds: Collection[int] | None,
        clock: Callable[[], datetime],
        *,
        early: bool,
        most: int | None = None,
    ) -> None:
        self._clock = clock
        # Enough to keep the network busy, and no more: the rest is left to other workers.
        self._limit = min(4 * settings.concurrency, max(_MANY, settings.concurrency))
        self._early = early
        self._most = most
        if feeds is None and early:
            feeds = list(Feed.objects.allowed(clock()).order_by("next_fetch").values_list("pk", flat=True))
        self._remaining = None if feeds is None else list(dict.fromkeys(feeds))
        self._seen: set[int] = set()

    def take(self) -> list[Claimed]:
        """Claim some more feeds.

        The list is empty once *most* feeds were claimed, or if no feed that is left can be claimed now. A feed can't be
        claimed if it isn't due, if this intake has claimed it before, or if any worker holds feeds of its host.
        """
        remaining = self._remaining
        if self._most is not None:
            self._limit = min(self._limit, self._most - len(self._seen))
            if self._limit <= 0:
                return []
        taken = self._take_due() if remaining is None else self._take_named(remaining)
        # Claim again if all feeds were postponed: a feed that became due while no worker ran may be claimed in an hour
        # that it skips.
        while taken and not (taken := self._without_skipped(taken)):
            remaining = self._remaining
            taken = self._take_due() if remaining is None else self._take_named(remaining)
        again = [claimed for claimed in taken if claimed.feed in self._seen]
        if again:
            leases.release(again)
        fresh = [claimed for claimed in taken if claimed.feed not in self._seen]
        self._seen.update(claimed.feed for claimed in fresh)
        return fresh

    def _without_skipped(self, taken: Collection[Claimed]) -> list[Claimed]:
        """Return the feeds that may be fetched now; the others are postponed until skipHours and skipDays end."""
        if not taken:
            return []
        # Imported late: a command that finds no feed due need not wait for this import.
        from lifestream.scheduler.schedule import Terms, past_skipped

        now, kept = self._clock(), []
        for claimed in taken:
            rhythm = Terms.from_json(claimed.terms).rhythm
            until, reason = past_skipped(now, rhythm)
            if reason:
                leases.postpone(claimed, until, reason)
            else:
                kept.append(claimed)
        return kept

    def _take_due(self) -> list[Claimed]:
        taken = leases.claim(self._clock(), self._limit)
        # If the tables were changed by hand, a host's row may lack the time at which one of its feeds is due: repair
        # some rows, and claim again.
        if not taken and not self._seen and due_hosts.mend_some(router.db_for_write(Feed)):
            taken = leases.claim(self._clock(), self._limit)
        return taken

    def _take_named(self, remaining: list[int]) -> list[Claimed]:
        for start in range(0, len(remaining), self._limit):
            chunk = remaining[start : start + self._limit]
            if taken := leases.claim(self._clock(), self._limit, chunk, early=self._early):
                taken_keys = {claimed.feed for claimed in taken}
                self._remaining = [feed for feed in remaining if feed not in taken_keys]
                return taken
        return []
