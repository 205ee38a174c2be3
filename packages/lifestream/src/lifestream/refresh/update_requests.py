"""Updates that somebody wants now: the feeds become due, and the web request that asks for this does not wait for their
fetches.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import router, transaction
from django.db.models import DateTimeField, Q, Value
from django.db.models.functions import Least
from django.utils.translation import ngettext

from lifestream.message import say
from lifestream.models import Feed
from lifestream.refresh import wakeup
from lifestream.storage.bulk_sql import batches

APART: Final = timedelta(minutes=1)
"""The least time between a fetch of a feed and one that somebody asks for. Otherwise a button that is pressed again and
again would flood the feed's server, which then blocks this site, and with it all others who read the feed here.
"""


@dataclass(frozen=True, slots=True)
class Requested:
    """The feeds (keys, ascending) that are *due* now, and how many were *left* alone: they are paused, gone or without
    subscribers, they were fetched less than APART ago, feeds of their servers are being fetched, or their servers asked
    for time.
    """

    due: tuple[int, ...]
    left: int

    @property
    def left_in_words(self) -> str:
        """A sentence about those that were left alone, "" if none were."""
        if not self.left:
            return ""
        return ngettext(
            "{} was left alone: it is paused, gone or without subscribers, it was fetched within the last minute, a "
            "feed of its server is being fetched, or its server asked for time.",
            "{} were left alone: they are paused, gone or without subscribers, they were fetched within the last "
            "minute, feeds of their servers are being fetched, or their servers asked for time.",
            self.left,
        ).format(self.left)


def is_fresh(feed: Feed, now: datetime) -> bool:
    """Return whether *feed* was fetched less than APART ago. A time in the future doesn't count: the clock was set
    back.
    """
    return feed.last_fetch is not None and timedelta() <= now - feed.last_fetch < APART


def update_soon(feeds: Collection[int], now: datetime) -> Requested:
    """Make *feeds* (keys) due at once, as far as their servers allow it, and wake the updater."""
    using = router.db_for_write(Feed)
    wanted = sorted(set(feeds))
    due: list[int] = []
    for batch in batches(wanted):
        with transaction.atomic(using=using):
            is_old = Q(last_fetch=None) | Q(last_fetch__lte=now - APART) | Q(last_fetch__gt=now)
            allowed = Feed.objects.using(using).allowed(now).filter(is_old, pk__in=batch)
            keys = list(allowed.order_by("pk").values_list("pk", flat=True))
            # The earlier of the two: if this clock is ahead, *now* alone could put off a feed that is due soon.
            soonest = Least("next_fetch", Value(now, DateTimeField()))
            Feed.objects.using(using).filter(pk__in=keys).update(next_fetch=soonest, next_reason=say("wanted"))
            due += keys
            transaction.on_commit(wakeup.send, using=using)
    return Requested(tuple(due), len(wanted) - len(due))
