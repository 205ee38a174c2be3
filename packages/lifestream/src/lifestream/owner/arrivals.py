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
    has never been fetched: up to LISTED of each. *new_count* is the number of all sites whose feed is new.
    """

    open: tuple[Addition, ...]
    failed: tuple[Addition, ...]
    new: tuple[Subscription, ...]
    new_count: int

    @property
    def count(self) -> int:
        """How many addresses (LISTED at most) and feeds are still to be fetched."""
        return len(self.open) + self.new_count

    @property
    def is_busy(self) -> bool:
        """Whether something is still to be fetched, so that a page should look again."""
        return bool(self.open or self.new_count)

    def __bool__(self) -> bool:
        return bool(self.open or self.failed or self.new_count)


def arrivals_of(lifestream: Lifestream) -> Arrivals:
    """Return the addresses and feeds of *lifestream* that are still to be fetched, and the addresses that failed."""
    additions = lifestream.additions.order_by("pk")
    new = lifestream.subscriptions.filter(
        feed__last_fetch=None, feed__status=Feed.Status.ACTIVE, paused=False
    ).select_related("feed")
    return Arrivals(
        open=tuple(additions.filter(state__in=Addition.OPEN)[:LISTED]),
        failed=tuple(additions.filter(state=Addition.State.FAILED)[:LISTED]),
        new=tuple(new.defer("feed__icon").order_by("pk")[:LISTED]),
        new_count=new.count(),
    )
