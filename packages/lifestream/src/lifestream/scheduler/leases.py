"""Leases on feeds that are due: they let any number of workers share the work, and no feed is requested twice.

A claim takes feeds host by host. The due feeds of one host go to one worker, which so can keep the host's budget by
itself; while it holds any of them, no other worker gets feeds of that host. A lease that isn't released expires. Its
token proves who holds it: `storage.writer` writes nothing for a token that the feed doesn't have any more.

PostgreSQL locks the rows of the hosts and skips those that others have locked (SKIP LOCKED), so that workers don't wait
for each other. SQLite has one writer at a time and silently ignores SKIP LOCKED: there a claim is a single conditional
UPDATE, which is atomic in any transaction mode.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import connections, router, transaction
from django.db.models import Count, F, Min, OuterRef, Subquery, Window

from lifestream.conf import settings
from lifestream.models import Feed, FeedQuerySet, Host, Subscription
from lifestream.scheduler.jobs import Claimed

_OF_HOST: Final = 50


def most_of_host() -> int:
    """Return how many feeds of one host are claimed together at most, so that a host with thousands displaces
    no other.
    """
    return max(_OF_HOST, 4 * settings.per_host)


def claim(
    now: datetime,
    limit: int,
    feeds: Collection[int] | None = None,
    *,
    early: bool = False,
    lease: timedelta | None = None,
) -> list[Claimed]:
    """Claim up to *limit* feeds that are due *now*, the earliest due first; those of one host come together.

    At most `most_of_host` are of one host. *feeds* are the keys of those to choose from. With *early*, our own interval
    doesn't count, but what servers and feeds ask for does. The *lease* is LIFESTREAM_LEASE by default.
    """
    until = now + (lease or timedelta(seconds=settings.lease))
    token = secrets.token_hex(16)
    due = _due(now, feeds, early)
    taken = {"claim_token": token, "claimed_until": until}
    if connections[router.db_for_write(Feed)].features.has_select_for_update_skip_locked:
        with transaction.atomic(using=router.db_for_write(Feed)):
            # Now that the hosts are locked, a second look sees what others claimed before we got the locks.
            count = _first(due.filter(host__in=_lock_hosts(due, limit)), limit).update(**taken)
    else:
        count = _first(due, limit).update(**taken)
    return _no_more_of_a_host(_claimed(token, until)) if count else []


def release(claimed: Iterable[Claimed]) -> int:
    """Release feeds that were not fetched; they stay due. Returns how many of them were still held."""
    tokens: dict[str, list[int]] = {}
    for each in claimed:
        tokens.setdefault(each.token, []).append(each.feed)
    return sum(
        Feed.objects.filter(claim_token=token, pk__in=feeds).update(claim_token="", claimed_until=None)
        for token, feeds in tokens.items()
    )


def renew(claimed: Iterable[Claimed], now: datetime, lease: timedelta | None = None) -> int:
    """Renew leases, counted from *now*. Returns how many were still held."""
    until = now + (lease or timedelta(seconds=settings.lease))
    tokens: dict[str, list[int]] = {}
    for each in claimed:
        tokens.setdefault(each.token, []).append(each.feed)
    return sum(
        Feed.objects.filter(claim_token=token, pk__in=feeds).update(claimed_until=until)
        for token, feeds in tokens.items()
    )


def _due(now: datetime, feeds: Collection[int] | None, early: bool) -> FeedQuerySet:
    """Return the feeds that may be claimed: due feeds of hosts of which nobody holds a feed."""
    due = Feed.objects.allowed(now) if early else Feed.objects.due(now)
    if feeds is not None:
        due = due.filter(pk__in=feeds)
    return due.exclude(host__in=Feed.objects.held(now).values("host"))


def _first(due: FeedQuerySet, limit: int) -> FeedQuerySet:
    """Return the first *limit* of *due*, grouped by host; the host that has waited longest comes first."""
    first_of_host = Window(Min("next_fetch"), partition_by=F("host"))
    ordered = due.order_by(first_of_host.asc(), "host", "next_fetch", "pk")
    return Feed.objects.filter(pk__in=ordered.values("pk")[:limit])


def _no_more_of_a_host(claimed: list[Claimed]) -> list[Claimed]:
    """Release the feeds beyond `most_of_host` of each host; return the others."""
    counts: Counter[str] = Counter()
    kept: list[Claimed] = []
    surplus: list[Claimed] = []
    most = most_of_host()
    for each in claimed:
        counts[each.host] += 1
        (kept if counts[each.host] <= most else surplus).append(each)
    release(surplus)
    return kept


def _lock_hosts(due: FeedQuerySet, limit: int) -> list[int]:
    """Lock up to *limit* hosts with feeds in *due* until the transaction ends, and return their keys.

    Hosts that others have locked are skipped.
    """
    waiting = due.filter(host=OuterRef("pk")).order_by("next_fetch").values("next_fetch")[:1]
    hosts = Host.objects.annotate(waiting=Subquery(waiting)).filter(waiting__isnull=False).order_by("waiting", "pk")
    return list(hosts.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:limit])


def _claimed(token: str, until: datetime) -> list[Claimed]:
    # Rows instead of model instances: each run makes a claim of each feed, and instances were half of its cost.
    feeds = Feed.objects.filter(claim_token=token).order_by("next_fetch", "pk")
    rows = feeds.values_list(
        "pk", "url", "host__name", "title", "domain", "plugin", "site_url", "credentials", "etag", "last_modified",
        "withheld", "validated_url", "body_hash", "failures", "terms", "push_until", named=True,
    )  # fmt: skip
    counts = Subscription.objects.filter(feed__claim_token=token).values_list("feed").annotate(Count("pk"))
    subscribers = dict(counts.order_by())
    return [
        Claimed(
            feed=row.pk,
            token=token,
            until=until,
            url=row.url,
            host=row.host__name,
            title=row.title,
            domain=row.domain,
            plugin=row.plugin,
            site_url=row.site_url,
            credentials=row.credentials,
            etag=row.etag,
            last_modified=row.last_modified,
            withheld=row.withheld,
            validated_url=row.validated_url,
            body_hash=row.body_hash,
            failures=row.failures,
            terms=row.terms,
            push_until=row.push_until,
            subscribers=subscribers.get(row.pk, 0),
        )
        for row in rows
    ]
