"""Addresses and feeds of a lifestream that are still to be fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lifestream.models import Addition, Feed, Lifestream, Subscription

LISTED: Final = 50
"""How many feeds and addresses are listed by name."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The addresses that are still *open*, those that *failed*, and the sites whose feed is *new*, which means that it
    has never been fetched: up to LISTED of each. *open_count*, *failed_count* and *new_count* are the numbers of all.
    """

    open: tuple[Addition, ...]
    failed: tuple[Addition, ...]
    new: tuple[Subscription, ...]
    open_count: int
    failed_count: int
    new_count: int

    @property
    def count(self) -> int:
        """How many addresses and feeds are still to be fetched."""
        return self.open_count + self.new_count

    @property
    def more_failed(self) -> int:
        """How many addresses failed, besides those that are listed."""
        return self.failed_count - len(self.failed)

    @property
    def is_busy(self) -> bool:
        """Whether something is still to be fetched, so that a page should look again."""
        return bool(self.count)

    def __bool__(self) -> bool:
        return bool(self.count or self.failed_count)


def arrivals_of(lifestream: Lifestream) -> Arrivals:
    """Return the addresses and feeds of *lifestream* that are still to be fetched, and the addresses that failed."""
    additions = lifestream.additions.order_by("pk")
    waiting, failed = additions.filter(state__in=Addition.OPEN), additions.filter(state=Addition.State.FAILED)
    new = lifestream.subscriptions.filter(
        feed__last_fetch=None, feed__status=Feed.Status.ACTIVE, paused=False
    ).select_related("feed")
    return Arrivals(
        open=tuple(waiting[:LISTED]),
        failed=tuple(failed[:LISTED]),
        new=tuple(new.defer("feed__icon").order_by("pk")[:LISTED]),
        open_count=waiting.count(),
        failed_count=failed.count(),
        new_count=new.count(),
    )
