"""The feeds that a refresh holds, and how many of them can be requested at once: only a few feeds of one host.

This module is pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from lifestream.scheduler.jobs import Claimed


class Held:
    """The feeds that are claimed and not stored yet. At most *per_host* feeds of one host can be requested at once.

    `at_once`: how many of them may be requested concurrently, over all hosts. *most* is the number of feeds of a host
    that a claim takes at most: if that number was held, the host may have more to claim.
    """

    def __init__(self, per_host: int, most: int) -> None:
        self._per_host = per_host
        self._most = most
        self._claims: dict[int, Claimed] = {}
        self._of_host: Counter[str] = Counter()
        self._full: set[str] = set()
        self.at_once = 0

    def __len__(self) -> int:
        return len(self._claims)

    def __iter__(self) -> Iterator[Claimed]:
        return iter(self._claims.values())

    def add(self, claims: Iterable[Claimed]) -> None:
        """Add *claims*."""
        for claim in claims:
            self._claims[claim.feed] = claim
            self._of_host[claim.host] += 1
            count = self._of_host[claim.host]
            self.at_once += count <= self._per_host
            if count == self._most:
                self._full.add(claim.host)

    def drop(self, feed: int) -> bool:
        """Remove *feed* (its key). Returns whether it was the last one of a host that may have more to claim."""
        host = self._claims.pop(feed).host
        left = self._of_host[host] - 1
        self.at_once -= left < self._per_host
        if left:
            self._of_host[host] = left
            return False
        del self._of_host[host]
        was_full = host in self._full
        self._full.discard(host)
        return was_full
