"""Leases on hosts and their feeds that are due: they let any number of workers share the work, and no feed is requested
twice.

The lease belongs to the host: while a worker holds a host, no other gets feeds of it, so this worker alone can see to
the limits on requests to the host. `Host.next_due` says when a host has work (see `models.due_hosts`): a claim reads
the hosts that are due, the earliest first, and claims those of their feeds that are due. Its cost depends on how many
feeds it claims, not on the size of the tables.

A host with 100,000 feeds gets its share and no more: a claim takes the first `most_of_host` that are due, and until
those are stored the host is held. Then it is due again, and the next claim takes as many. So no more feeds of one host
are fetched at a time, and every other host that is due has its turn.

A lease that isn't released expires, and then the host is due. So nothing has to clean up after a worker that died.

Each feed that was claimed has the claim's token too, as a fencing token: `storage.writer` writes nothing for a token
that the feed doesn't have any more.

PostgreSQL locks the rows of hosts and skips those that others have locked (SKIP LOCKED), so that workers don't wait for
each other. SQLite has one writer at a time: there a claim begins with a conditional UPDATE, and the transaction has the
database to itself from then on, in any transaction mode.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import router, transaction
from django.db.models import Count

from lifestream.conf import settings
from lifestream.models import Feed, Host, Subscription, due_hosts
from lifestream.models.feeds import lock_feeds
from lifestream.scheduler import claim_sql
from lifestream.scheduler.jobs import Claimed

_FEEDS_OF_HOST: Final = 50


def most_of_host() -> int:
    """Return how many feeds of one host are claimed together at most, so that a host with thousands displaces
    no other.
    """
    return max(_FEEDS_OF_HOST, 4 * settings.per_host)


def claim(
    now: datetime,
    limit: int,
    feeds: Collection[int] | None = None,
    *,
    early: bool = False,
    lease: timedelta | None = None,
) -> list[Claimed]:
    """Claim up to *limit* feeds that are due *now*, the earliest due first; those of one host are claimed together.

    At most `most_of_host` are of one host. *feeds* are the keys of those to choose from. With *early*, our own interval
    doesn't count, but what servers and feeds ask for does. The *lease* is LIFESTREAM_LEASE by default.
    """
    until = now + (lease or timedelta(seconds=settings.lease))
    token = secrets.token_hex(16)
    using = router.db_for_write(Feed)
    wanted = claim_sql.Wanted(now, limit, most_of_host(), feeds, early)
    with transaction.atomic(using=using):
        count = claim_sql.take(wanted, token, until, using)
        if count < limit and feeds is None and not early:
            # Hosts that are due but were not taken have no due feeds. Their workers died after they had stored all
            # results, so `settle` releases these hosts.
            due_hosts.settle(claim_sql.idle_hosts(now, using), using)
    return _claimed(token, until) if count else []


def release(claimed: Iterable[Claimed]) -> int:
    """Release feeds that were not fetched; they stay due. Returns how many of them were still held."""
    return sum(
        Feed.objects.with_token(token).filter(pk__in=feeds).update(claim_token="", claimed_until=None)
        for token, feeds in _by_token(claimed).items()
    )


def postpone(claimed: Claimed, until: datetime, reason: str) -> None:
    """Release a feed that was not fetched, and make it due at *until*, for *reason*: its server or the feed itself asks
    for that.
    """
    Feed.objects.with_token(claimed.token).filter(pk=claimed.feed).update(
        next_fetch=until, next_reason=reason, not_before=until, claim_token="", claimed_until=None
    )


def renew(claimed: Iterable[Claimed], now: datetime, lease: timedelta | None = None) -> int:
    """Renew leases, counted from *now*. Returns how many were still held."""
    until = now + (lease or timedelta(seconds=settings.lease))
    using = router.db_for_write(Feed)
    count = 0
    for token, feeds in _by_token(claimed).items():
        with transaction.atomic(using=using):
            lock_feeds(feeds, using)  # the update alone would lock them in any order
            held = Feed.objects.using(using).with_token(token).filter(pk__in=feeds)
            count += held.update(claimed_until=until)
            hosts = set(held.order_by().values_list("host_id", flat=True))
            due_hosts.lock(hosts, using)
            Host.objects.using(using).filter(pk__in=hosts, token=token).update(held_until=until, next_due=until)
    return count


def _by_token(claimed: Iterable[Claimed]) -> dict[str, list[int]]:
    tokens: dict[str, list[int]] = {}
    for each in claimed:
        tokens.setdefault(each.token, []).append(each.feed)
    return tokens


def _claimed(token: str, until: datetime) -> list[Claimed]:
    """Return the feeds that *token* holds, the one that was due first at the beginning."""
    # Rows instead of model instances: each run claims many feeds, and making instances was half of a run's cost.
    feeds = Feed.objects.with_token(token).order_by("next_fetch", "pk")
    rows = feeds.values_list(
        "pk", "url", "host__name", "title", "domain", "plugin", "site_url", "credentials", "options", "etag",
        "last_modified", "withheld", "validated_url", "body_hash", "entry_digests", "failures", "terms", "push_until",
        named=True,
    )  # fmt: skip
    held = Feed.objects.with_token(token).values("pk")
    counts = Subscription.objects.filter(feed__in=held).values_list("feed").annotate(Count("pk"))
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
            options=row.options,
            etag=row.etag,
            last_modified=row.last_modified,
            withheld=row.withheld,
            validated_url=row.validated_url,
            body_hash=row.body_hash,
            entry_digests=row.entry_digests,
            failures=row.failures,
            terms=row.terms,
            push_until=row.push_until,
            subscribers=subscribers.get(row.pk, 0),
        )
        for row in rows
    ]
