"""Updates that somebody wants now: the feeds become due, and the request that asked for it does not wait for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import router, transaction
from django.utils.translation import ngettext

from lifestream.message import say
from lifestream.models import Feed
from lifestream.refresh import bell
from lifestream.storage.bulk_sql import batches


@dataclass(frozen=True, slots=True)
class Requested:
    """The feeds (keys) that are due now, and how many were left alone: they are paused, gone or without subscribers, or
    their servers asked for time.
    """

    due: tuple[int, ...]
    left: int

    @property
    def left_in_words(self) -> str:
        """What to tell of those that were left alone, "" if none were."""
        if not self.left:
            return ""
        return ngettext(
            "{} was left alone: it is paused, gone or without subscribers, or its server asked for time.",
            "{} were left alone: they are paused, gone or without subscribers, or their servers asked for time.",
            self.left,
        ).format(self.left)


def update_soon(feeds: Collection[int], now: datetime) -> Requested:
    """Make *feeds* (keys) due at once, as far as their servers allow it, and wake the updater."""
    using = router.db_for_write(Feed)
    wanted = sorted(set(feeds))
    due: list[int] = []
    for some in batches(wanted):
        with transaction.atomic(using=using):
            allowed = Feed.objects.using(using).allowed(now).filter(pk__in=some)
            keys = list(allowed.order_by().values_list("pk", flat=True))
            Feed.objects.using(using).filter(pk__in=keys).update(next_fetch=now, next_reason=say("wanted"))
            due += keys
            transaction.on_commit(bell.ring, using=using)
    return Requested(tuple(due), len(wanted) - len(due))
