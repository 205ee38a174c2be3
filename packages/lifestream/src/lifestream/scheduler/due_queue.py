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
from lifestream.scheduler.schedule import Terms, past_skipped

_MANY: Final = 256  # how many feeds are claimed at once if that many are due


class Intake:
    """Claims the feeds that are due; with *feeds* (keys), only those of them.

    With *early*, feeds are also claimed before our own interval is over. At *most* so many are claimed, by default all.
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
        self._left = None if feeds is None else list(dict.fromkeys(feeds))
        self._seen: set[int] = set()

    def take(self) -> list[Claimed]:
        """Claim some more feeds.

        The list is empty if all feeds that are left aren't due, are held by others, or are of a host that we hold feeds
        of.
        """
        left = self._left
        if self._most is not None:
            self._limit = min(self._limit, self._most - len(self._seen))
            if self._limit <= 0:
                return []
        taken = self._take_due() if left is None else self._take_some(left)
        # Who was away when a feed was due may find it in an hour that it skips.
        while taken and not (taken := self._without_skipped(taken)):
            left = self._left
            taken = self._take_due() if left is None else self._take_some(left)
        again = [each for each in taken if each.feed in self._seen]
        if again:
            leases.release(again)
        fresh = [each for each in taken if each.feed not in self._seen]
        self._seen.update(each.feed for each in fresh)
        return fresh

    def _without_skipped(self, taken: Collection[Claimed]) -> list[Claimed]:
        """Return the feeds that may be fetched now; the others are postponed to where skipHours and skipDays end."""
        now, kept = self._clock(), []
        for each in taken:
            rhythm = Terms.from_json(each.terms).rhythm
            until, reason = past_skipped(now, rhythm)
            if reason:
                leases.postpone(each, until, reason)
            else:
                kept.append(each)
        return kept

    def _take_due(self) -> list[Claimed]:
        taken = leases.claim(self._clock(), self._limit)
        # Who has written to the tables by hand has told nobody that a feed is due.
        if not taken and not self._seen and due_hosts.mend_some(router.db_for_write(Feed)):
            taken = leases.claim(self._clock(), self._limit)
        return taken

    def _take_some(self, left: list[int]) -> list[Claimed]:
        for start in range(0, len(left), self._limit):
            chunk = left[start : start + self._limit]
            if taken := leases.claim(self._clock(), self._limit, chunk, early=self._early):
                got = {each.feed for each in taken}
                self._left = [feed for feed in left if feed not in got]
                return taken
        return []
