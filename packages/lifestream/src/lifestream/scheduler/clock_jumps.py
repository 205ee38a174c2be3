"""Corrects the times that were stored while a clock was ahead.

A machine whose clock is ahead stores times that lie in the future for all others, and for itself once its clock is
right: feeds would be due, leases would end and entries would be dated too late, by as much as the clock was ahead. Each
refresh stores when it ended (the tally `runs`), so the next refresh needs to read only this tally, and that of
`_MENDED`, to notice a time in the future.

A feed that was fetched at such a time is made due after the same interval, counted from now. If a host asked at such a
time for a pause of all its feeds, the pause is made to last as long, counted from now. A feed that was postponed at
such a time, to an hour that it does not skip, is due at the same time as before the postponement. A lease on a host
that ends later than LIFESTREAM_LEASE from now is made to end then; a worker that still holds the host renews the lease.
Items that were first seen at such a time, and have a date in the future, are dated now. A subscription that was
requested of a hub at such a time is renewed now, since its lease ends sooner than stored.

The clock of this machine itself may also be wrong: if it is behind, the times that all others store seem to lie in the
future. Correcting those would request feeds sooner than their servers allow, so the clock of the database decides.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import router, transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Max, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

from lifestream.conf import settings
from lifestream.models import Feed, Host, HubSubscription, Item, Post, Tally, due_hosts
from lifestream.models.feeds import FeedQuerySet, lock_feeds
from lifestream.time_words import in_words

log = logging.getLogger(__name__)

TOLERANCE: Final = timedelta(seconds=60)
"""By how much the clocks of machines that run lifestream may differ."""
_CHUNK: Final = 500
_MENDED: Final = "clock"
"""The tally that notes when times were last corrected. While a clock stays wrong, they are corrected at most once per
lease. A correction that was interrupted leaves a time in the future there, and the next refresh begins again.
"""


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """How far a clock was ahead, and how many feeds, leases on hosts and items had their times corrected."""

    ahead: timedelta
    feeds: int
    leases: int
    items: int

    def __str__(self) -> str:
        return (
            f"a clock was {in_words(self.ahead.total_seconds())} ahead while feeds were updated: {self.feeds} feeds, "
            f"{self.leases} leases and {self.items} items were brought back to the true time; see that all machines "
            "set their clocks by NTP"
        )


def bring_back(now: datetime) -> BroughtBack | None:
    """Correct the times that were stored while a clock was ahead of *now*, and log the correction. Returns None if no
    refresh has ended at such a time, if this machine's own clock is behind the database's, or if times were corrected
    less than a lease ago.

    Raises what the database raises.
    """
    using = router.db_for_write(Feed)
    latest = Tally.objects.using(using).filter(name__in=("runs", _MENDED)).order_by("-changed")
    last, of_database = latest.values_list("changed", Now()).first() or (now, now)
    if last <= now + TOLERANCE:
        return None
    behind = of_database - timezone.now()
    if behind > TOLERANCE:
        log.warning(
            "the clock of this machine is %s behind the database's; set it by NTP", in_words(behind.total_seconds())
        )
        return None
    lease = timedelta(seconds=settings.lease)
    if Tally.objects.using(using).filter(name=_MENDED, changed__gt=now - lease, changed__lte=now).exists():
        return None
    Tally.objects.using(using).add({_MENDED: 1}, last)  # until all is corrected: see _MENDED
    done = BroughtBack(
        last - now, _correct_feeds(now, using), _correct_leases(now, lease, using), _correct_items(now, using)
    )
    _correct_checks(now, using)
    _correct_hubs(now, using)
    Tally.objects.using(using).filter(changed__gt=now).update(changed=now)
    log.warning("%s", done)
    return done


def _correct_pauses(now: datetime, using: str) -> int:
    """Let the pauses of hosts whose feeds were fetched in the future end as long after *now* as they would have ended
    after the last of these fetches. The times of these feeds are corrected in the same transaction: they tell which
    pauses are wrong, so no pause is shortened twice if the correction begins again. Returns how many feeds there were.
    """
    count = 0
    late_feeds = Feed.objects.using(using).filter(last_fetch__gt=now + TOLERANCE)
    paused = late_feeds.filter(host__not_before__gt=F("last_fetch"))
    for host in list(paused.order_by("host_id").values_list("host_id", flat=True).distinct()):
        with transaction.atomic(using=using):
            of_host = paused.filter(host=host).order_by()
            lock_feeds(list(of_host.values_list("pk", flat=True)), using)
            fetched = of_host.aggregate(last=Max("last_fetch"))["last"]
            if fetched is None:  # another process has corrected them meanwhile
                continue
            count += _move_feeds(now, late_feeds.filter(host=host, last_fetch__lte=fetched))
            Host.objects.using(using).filter(pk=host).update(not_before=F("not_before") - (fetched - now))
    return count


def _correct_feeds(now: datetime, using: str) -> int:
    """Correct the times of feeds that were fetched or postponed in the future, or were added in the future and not
    fetched yet. Returns how many there were.
    """
    count = _correct_pauses(now, using)
    feeds = Feed.objects.using(using)
    late = now + TOLERANCE
    keys = list(feeds.filter(last_fetch__gt=late).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), _CHUNK):
        batch = keys[start : start + _CHUNK]
        with transaction.atomic(using=using):
            lock_feeds(batch, using)
            count += _move_feeds(now, feeds.filter(pk__in=batch, last_fetch__gt=late))
    never_fetched = feeds.filter(last_fetch=None, created__gt=late, next_fetch__gt=late)
    return count + never_fetched.update(next_fetch=now) + _correct_postponed(now, using)


def _correct_postponed(now: datetime, using: str) -> int:
    """Take back postponements of feeds that skip some hours or days, if a claim in the future has postponed them. They
    are due when they were before, and the next claim looks at what they skip. Returns how many there were.
    """
    # Imported late: see `due_queue`.
    from lifestream.scheduler.schedule import SKIPPED, DueTime, candidates_from_json

    late = now + TOLERANCE
    skipped = Feed.objects.using(using).filter(next_reason__in=SKIPPED, next_fetch__gt=late, not_before__gt=late)
    count = 0
    for pk, at, column in list(skipped.order_by("pk").values_list("pk", "next_fetch", "candidates")):
        # A feed that was not postponed is due at the last of the times that were asked for, which are whole seconds.
        # One that was edited or resumed has no such times: it was due at once.
        candidates = candidates_from_json(column) if column else (DueTime(now, ""),)
        if candidates and candidates[-1].at < at - timedelta(seconds=1):
            before = candidates[-1]
            postponed = skipped.filter(pk=pk, next_fetch=at)
            count += postponed.update(next_fetch=before.at, next_reason=before.reason, not_before=before.at)
    return count


def _move_feeds(now: datetime, feeds: FeedQuerySet) -> int:
    """Move the times of *feeds* as if their last fetch had been *now*. Returns how many there are."""
    feeds.filter(last_success__gt=now).update(last_success=now)
    feeds.exclude(not_before=None).update(not_before=_since_fetch("not_before", now))
    return feeds.update(next_fetch=_since_fetch("next_fetch", now), last_fetch=now)


def _since_fetch(name: str, now: datetime) -> Combinable:
    """Return an expression for the time *name* of a feed, moved as if its last fetch had been *now*."""
    return ExpressionWrapper(Value(now, DateTimeField()) + (F(name) - F("last_fetch")), DateTimeField())


def _correct_checks(now: datetime, using: str) -> None:
    """Set to *now* the times, if they are in the future, at which a search for the icon or the new address of a feed
    ended, or at which a feed lost its subscribers.
    """
    for name in ("icon_checked", "replacement_checked", "idle_since"):
        late = Feed.objects.using(using).filter(**{f"{name}__gt": now + TOLERANCE})
        keys = list(late.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(keys), _CHUNK):
            batch = keys[start : start + _CHUNK]
            with transaction.atomic(using=using):
                lock_feeds(batch, using)
                late.filter(pk__in=batch).update(**{name: now})


def _correct_leases(now: datetime, lease: timedelta, using: str) -> int:
    """Let leases on hosts end after *lease*, counted from *now*, if they would end later. Returns how many hosts had
    such a lease.
    """
    latest = now + lease
    held = Host.objects.using(using).filter(held_until__gt=latest + TOLERANCE).order_by("pk")
    hosts = list(held.values_list("pk", flat=True))
    for start in range(0, len(hosts), _CHUNK):
        batch = hosts[start : start + _CHUNK]
        with transaction.atomic(using=using):
            feeds = Feed.objects.using(using).filter(host__in=batch, claimed_until__gt=latest)
            list(feeds.order_by("pk").select_for_update().values_list("pk", flat=True))
            feeds.update(claimed_until=latest)
            due_hosts.lock(batch, using)
            Host.objects.using(using).filter(pk__in=batch, held_until__gt=latest).update(
                held_until=latest, next_due=latest
            )
    return len(hosts)


def _correct_items(now: datetime, using: str) -> int:
    """Set the date of items, and of their posts, to *now* if it is in the future because the items were first seen
    with a wrong clock. Returns how many items there were.
    """
    late = now + TOLERANCE
    keys = list(
        Item.objects.using(using).filter(date__gt=late, first_seen__gt=late).order_by("pk").values_list("pk", flat=True)
    )
    for start in range(0, len(keys), _CHUNK):
        batch = keys[start : start + _CHUNK]
        with transaction.atomic(using=using):
            Item.objects.using(using).filter(pk__in=batch).update(date=now, first_seen=now)
            Post.objects.using(using).filter(item__in=batch, date__gt=late).update(date=now)
    return len(keys)


def _correct_hubs(now: datetime, using: str) -> None:
    """Renew subscriptions at hubs that were requested in the future, and request those that were created in the future.
    Until a hub confirms again, the lease that it gave counts from *now*, for the subscription and for its feed.
    """
    late = now + TOLERANCE
    never_requested = HubSubscription.objects.using(using).filter(last_request=None, created__gt=late)
    never_requested.filter(next_request__gt=late).update(next_request=now)
    requested = HubSubscription.objects.using(using).filter(last_request__gt=late).order_by("pk")
    for each in list(requested.only("state", "last_request", "lease_until", "feed")):
        until = each.lease_until
        if until is not None and each.last_request is not None:
            until = now + (until - each.last_request)
        with transaction.atomic(using=using):
            row = HubSubscription.objects.using(using).filter(pk=each.pk, last_request=each.last_request)
            changed = row.update(last_request=now, next_request=now, attempts=0, lease_until=until)
            if changed and each.state != HubSubscription.State.LEAVING:
                of_feed = Feed.objects.using(using).filter(pk=each.feed_id, push_until__isnull=False)
                of_feed.update(push_until=until)
