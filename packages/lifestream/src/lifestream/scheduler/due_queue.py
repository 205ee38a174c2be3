"""What a refresh still has to claim.

It takes a little at a time, and asks each feed once, however soon it is due again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from lifestream.conf import settings
from lifestream.models import Feed
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Claimed

_MANY: Final = 256  # feeds that are claimed at once where there are as many


class Intake:
    """The feeds that are due, or those of *feeds* (keys) that are.

    With *early*, also before our own interval is over.
    """

    def __init__(self, feeds: Collection[int] | None, clock: Callable[[], datetime], *, early: bool) -> None:
        self._clock = clock
        # Enough to keep the network busy, and no more: other workers are to have their part.
        self._limit = min(4 * settings.concurrency, max(_MANY, settings.concurrency))
        self._early = early
        if feeds is None and early:
            feeds = list(Feed.objects.allowed(clock()).order_by("next_fetch").values_list("pk", flat=True))
        self._left = None if feeds is None else list(dict.fromkeys(feeds))
        self._seen: set[int] = set()

    def take(self) -> list[Claimed]:
        """Claim some more.

        Nothing if all that is left isn't due, or held by others, or of a host we hold feeds of.
        """
        left = self._left
        taken = leases.claim(self._clock(), self._limit) if left is None else self._take_some(left)
        again = [each for each in taken if each.feed in self._seen]
        if again:
            leases.release(again)
        fresh = [each for each in taken if each.feed not in self._seen]
        self._seen.update(each.feed for each in fresh)
        return fresh

    def _take_some(self, left: list[int]) -> list[Claimed]:
        for start in range(0, len(left), self._limit):
            chunk = left[start : start + self._limit]
            if taken := leases.claim(self._clock(), self._limit, chunk, early=self._early):
                got = {each.feed for each in taken}
                self._left = [feed for feed in left if feed not in got]
                return taken
        return []
