"""The WebSub subscriptions in the database: which are wanted, which a hub has confirmed, and its pushes.

    want ──▶ ASKED ──── confirm ───▶ ACTIVE ──┐ renewed before its lease ends; receive
               ▲  └──── deny ────▶ DENIED     │
               └── asked again later ◀┘       │
    not wanted any more: LEAVING ◀────────────┘ ── confirm ──▶ gone

A push says only that there is something new: its feed becomes due, and the content is fetched from the feed. The feed
is never due before its server's own terms allow (max-age, Retry-After, a pause of its host), nor sooner than
LIFESTREAM_PUSH_MIN_INTERVAL after its last fetch, and a push does not shorten the growing waits after errors. So a hub
that pushes all day causes no more requests than these limits allow. No push is lost: one that comes while its feed is
being fetched makes the feed due again (see `feed_update`).

Nothing here uses the network; `hub_renewal` does.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import router, transaction
from django.db.models import Max
from django.utils.crypto import salted_hmac

from lifestream.conf import is_loopback, settings
from lifestream.content.plaintext import one_line, shorten
from lifestream.fetcher.request_options import is_own_proxy
from lifestream.fetcher.url_hosts import domain_of
from lifestream.fetcher.websub import Links, Mode, lease_of, over_tls, renewal
from lifestream.message import edited, say
from lifestream.models import Feed, HubSubscription
from lifestream.models.feeds import lock_feeds
from lifestream.scheduler.schedule import DueTime, candidates_as_json
from lifestream.storage.deadlocks import in_transaction, tried_again
from lifestream.storage.feed_options import UNREADABLE, FeedOptions
from lifestream.storage.feed_row import FeedState

State = HubSubscription.State

DENIED_FOR: Final = timedelta(days=7)
"""How long a hub that has denied a subscription isn't asked for it again."""
PUSHED: Final = say("pushed")
"""Why a feed is due after a push."""
FAREWELLS: Final = 3
"""How many times a hub is asked to end a subscription. Pushes that still come are answered with 410 in any case."""

_SHORTEST_GAP: Final = timedelta(hours=1)
_LONGEST_GAP: Final = timedelta(days=7)
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class HubRequest:
    """A request to send to a hub. *key* identifies the subscription in the address that the hub calls. *attempt* counts
    from 1; *pk* and *attempt* together belong to one worker only.
    """

    pk: int
    attempt: int
    hub: str
    mode: Mode
    topic: str
    key: str = field(repr=False)
    proxy: str = field(default="", repr=False)
    """The URL of the feed's own proxy, "" for that of the site, DIRECT for none."""


def secrets_of(key: str) -> list[str]:
    """Return the secrets that a hub which knows *key* may sign with, one for each of Django's keys.

    The first is the one to send to the hub. They are derived and not stored, so a copy of the database is not enough to
    forge a push.
    """
    salt = "lifestream.websub"
    return [salted_hmac(salt, key, secret, algorithm="sha256").hexdigest() for secret in settings.secret_keys]


def want(feeds: Collection[int], now: datetime) -> None:
    """Give each of *feeds* (keys) the subscription that it should have, and end any other."""
    keys = sorted(feeds)
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        of_feed = HubSubscription.objects.filter(feed__in=batch).exclude(state=State.LEAVING)
        current = {each.feed_id: each for each in of_feed}
        with_hub = Feed.objects.filter(pk__in=batch).exclude(hub_url="")
        wanted = {
            feed.pk: links
            for feed in with_hub.only("url", "hub_url", "hub_topic", "credentials", "status")
            if (links := _wanted(feed)) is not None
        }
        has = {key: Links(each.hub, each.topic) for key, each in current.items()}
        leave([each for key, each in current.items() if wanted.get(key) != has[key]], now)
        _create({key: links for key, links in wanted.items() if links != has.get(key)}, now)


def _create(wanted: Mapping[int, Links], now: datetime) -> None:
    """Create the subscriptions that are *wanted*, given by the keys of their feeds. A feed that was deleted meanwhile
    gets none; its missing row would make the transaction fail, for all of the feeds.
    """
    if not wanted:
        return
    using = router.db_for_write(HubSubscription)
    with transaction.atomic(using=using):
        # The rows are locked, so that no feed is deleted before the end of the transaction.
        feeds = Feed.objects.using(using).filter(pk__in=wanted).order_by("pk").select_for_update()
        created = [
            HubSubscription(feed_id=key, hub=wanted[key].hub, topic=wanted[key].topic, next_request=now, created=now)
            for key in feeds.values_list("pk", flat=True)
        ]
        # Another worker may have created the subscriptions at the same time.
        HubSubscription.objects.using(using).bulk_create(created, ignore_conflicts=True)


def _wanted(feed: Feed) -> Links | None:
    """Return the hub and the topic to subscribe to for *feed*; None if it is to have no subscription.

    A feed with credentials is private: its URL is sent to no hub.
    """
    if not feed.hub_url or feed.is_private or feed.status != Feed.Status.ACTIVE:
        return None
    insecure = settings.push_over_http and is_loopback(domain_of(feed.hub_url))
    return Links(feed.hub_url if insecure else over_tls(feed.hub_url), feed.hub_topic or feed.url)


def leave(subscriptions: Iterable[HubSubscription], now: datetime) -> None:
    """End *subscriptions*: those without a valid lease at once, the others when their hubs have been told."""
    using = router.db_for_write(HubSubscription)
    for each in list(subscriptions):
        in_transaction(partial(_leave, each, now, using), using)


def _leave(subscription: HubSubscription, now: datetime, using: str) -> None:
    """End *subscription* in the caller's transaction, and rely on its pushes no longer."""
    lock_feeds([subscription.feed_id], using)  # first, as in `receive`
    # Not by `save`, which raises if the row was deleted meanwhile: its feed is gone, or its hub has denied.
    row = HubSubscription.objects.using(using).filter(pk=subscription.pk)
    if subscription.lease_until is None or subscription.lease_until <= now:
        row.delete()
    else:
        row.update(state=State.LEAVING, attempts=0, next_request=now, message="")
    Feed.objects.using(using).filter(pk=subscription.feed_id).update(push_until=None)


def leave_idle(now: datetime, limit: int) -> None:
    """End at most *limit* subscriptions whose feeds are paused, gone or without subscribers.

    If there are very many subscriptions, only _BATCH of them are checked, from a random place on. Others may stay until
    they are to be renewed: `take` ends them then.
    """
    last = HubSubscription.objects.aggregate(last=Max("pk"))["last"] or 0
    # S311: nobody gains by knowing which are checked.
    start = random.randrange(last) if last > _BATCH else 0  # noqa: S311
    batch = HubSubscription.objects.filter(pk__gt=start).order_by("pk")
    idle = [
        key
        for key, state, status in batch.values_list("pk", "state", "feed__status")[:_BATCH]
        if state != State.LEAVING and status != Feed.Status.ACTIVE
    ]
    leave(HubSubscription.objects.filter(pk__in=idle[:limit]), now)


def take(now: datetime, limit: int, feeds: Collection[int] | None = None) -> list[HubRequest]:
    """Return up to *limit* requests that are due. Each is given to one worker only, and given again later if it has no
    result.

    *feeds* are the keys of the feeds whose requests are taken; None for all.
    """
    due = HubSubscription.objects.filter(next_request__lte=now)
    if feeds is not None:
        due = due.filter(feed__in=feeds)
    requests = []
    for each in due.select_related("feed").defer("feed__icon").order_by("next_request", "pk")[:limit]:
        if each.state != State.LEAVING and each.feed.status != Feed.Status.ACTIVE:
            leave([each], now)  # The hub is told in the next run.
            continue
        if each.state == State.LEAVING and each.attempts >= FAREWELLS:
            each.delete()
            continue
        attempt = each.attempts + 1
        # Of several workers that have read this row, the one whose update finds it unchanged sends the request.
        ours = HubSubscription.objects.filter(pk=each.pk, attempts=each.attempts, next_request=each.next_request)
        state = State.ASKED if each.state == State.DENIED else each.state
        if ours.update(attempts=attempt, last_request=now, next_request=now + _gap(attempt), state=state):
            mode: Mode = "unsubscribe" if each.state == State.LEAVING else "subscribe"
            try:
                proxy = FeedOptions.from_json(each.feed.options).proxy
            except UNREADABLE:  # the fetches of the feed fail for the same reason, which their log says
                continue
            requests.append(HubRequest(each.pk, attempt, each.hub, mode, each.topic, each.key, proxy))
    return requests


def _gap(attempt: int) -> timedelta:
    return min(_SHORTEST_GAP * (1 << min(attempt - 1, 16)), _LONGEST_GAP)


def put_back(request: HubRequest, now: datetime) -> None:
    """Make *request* due again, as if it had not been taken: it could not be sent, and its hub is not the reason."""
    ours = HubSubscription.objects.filter(pk=request.pk, attempts=request.attempt)
    ours.update(attempts=request.attempt - 1, next_request=now)


def failed(request: HubRequest, message: str, now: datetime, wait: float | None = None) -> None:
    """Note why a hub did not accept *request*. *wait* is how many seconds the hub has asked to be left alone: it is
    sent nothing for that time, or for _LONGEST_GAP if that is shorter. An answer that came through the feed's own proxy
    postpones only this subscription.
    """
    # A hub that has confirmed meanwhile has accepted the request, whatever else it answered.
    HubSubscription.objects.filter(pk=request.pk, attempts=request.attempt).update(message=edited(message, one_line))
    if wait is not None:
        until = now + min(timedelta(seconds=wait), _LONGEST_GAP)
        waiting = HubSubscription.objects.filter(hub=request.hub, next_request__lt=until)
        if is_own_proxy(request.proxy):
            waiting = waiting.filter(pk=request.pk)
        # PostgreSQL locks the rows in any order, and so does the deletion of several feeds: the two may wait for each
        # other.
        tried_again(partial(waiting.update, next_request=until))


def confirm(key: str, mode: str, topic: str, lease: str, now: datetime) -> bool:
    """Note that a hub verifies *mode* for *topic*. Returns whether this site wants that, so that the hub's request may
    be confirmed.

    *lease* is the hub's `hub.lease_seconds`.
    """
    found = HubSubscription.objects.filter(key=key).first()
    if found is None or found.topic != topic:
        return False
    if mode == "unsubscribe" and found.state == State.LEAVING:
        found.delete()
        return True
    if mode != "subscribe" or found.state not in (State.ASKED, State.ACTIVE):
        return False
    seconds = lease_of(lease)
    until = now + timedelta(seconds=seconds)
    using = router.db_for_write(HubSubscription)

    def work() -> bool:
        lock_feeds([found.feed_id], using)  # first, as in `receive`
        confirmed = HubSubscription.objects.filter(pk=found.pk, state=found.state).update(
            state=State.ACTIVE,
            lease_until=until,
            next_request=now + timedelta(seconds=renewal(seconds)),
            attempts=0,
            message="",
        )
        if confirmed:
            Feed.objects.filter(pk=found.feed_id).update(push_until=until)
        return bool(confirmed)

    # PostgreSQL may end this transaction to resolve a deadlock with others that wait for the same feed.
    return in_transaction(work, using)


def deny(key: str, topic: str, reason: str, now: datetime) -> bool:
    """Note that a hub won't push *topic* (any more), for the *reason* that it gives. Returns whether there is such a
    subscription.
    """
    found = HubSubscription.objects.filter(key=key, topic=topic).first()
    if found is None:
        return False
    words = shorten(one_line(reason), 300)
    message = say("hub-denied-because", reason=words) if words else say("hub-denied")
    using = router.db_for_write(HubSubscription)

    def work() -> bool:
        lock_feeds([found.feed_id], using)  # first, as in `receive`
        # A refresh may end the subscription meanwhile, and the feed may be deleted, or have another subscription then.
        row = HubSubscription.objects.using(using).filter(pk=found.pk)
        denied = row.exclude(state=State.LEAVING).update(
            state=State.DENIED, lease_until=None, next_request=now + DENIED_FOR, message=message
        )
        if denied:
            Feed.objects.using(using).filter(pk=found.feed_id).update(push_until=None)
        else:
            row.filter(state=State.LEAVING).delete()
        return True

    return in_transaction(work, using)  # as in `confirm`


def is_known(key: str) -> bool:
    """Return whether pushes to *key* are wanted."""
    return HubSubscription.objects.filter(key=key, state=State.ACTIVE).exists()


def receive(key: str, now: datetime) -> bool:
    """Note a push with a valid signature: its feed is due as soon as allowed. Returns whether there is such a feed."""
    found = HubSubscription.objects.filter(key=key, state=State.ACTIVE).only("feed", "lease_until").first()
    if found is None:
        return False
    # Most pushes of a burst end here: one is noted already, and no fetch has begun since.
    noted = Feed.objects.filter(pk=found.feed_id, pushed__isnull=False).exclude(claimed_until__gt=now)
    if noted.exists():
        return True
    using = router.db_for_write(Feed)

    def work() -> bool:
        # The feed is locked first, as when it is deleted with its subscription: otherwise a push and a deletion could
        # wait for each other.
        feed = Feed.objects.using(using).filter(pk=found.feed_id).select_for_update().defer("icon").first()
        HubSubscription.objects.using(using).filter(pk=found.pk).update(last_push=now)
        if feed is None or feed.status != Feed.Status.ACTIVE:
            return feed is not None
        feed.pushed, feed.push_until = now, found.lease_until
        make_due(feed, now)
        feed.save(using=using, update_fields=["pushed", "push_until", "next_fetch", "next_reason", "candidates"])
        return True

    return in_transaction(work, using)  # as in `confirm`


def make_due(feed: Feed | FeedState, now: datetime) -> None:
    """Make *feed* due as soon as a push allows, without saving it.

    The wait of a feed whose last fetch failed is not shortened: the feed is fetched again anyway, and then brings what
    is new.
    """
    if feed.failures:
        return
    soonest = now
    if feed.last_fetch is not None:
        soonest = max(soonest, feed.last_fetch + timedelta(seconds=settings.push_min_interval))
    if feed.not_before is not None:
        # A cache on the way may return the stored document for this long.
        soonest = max(soonest, feed.not_before)
    if soonest < feed.next_fetch:
        feed.next_fetch, feed.next_reason = soonest, PUSHED
        feed.candidates = [*feed.candidates, *candidates_as_json([DueTime(soonest, PUSHED)])]
