"""What is agreed with hubs, in the database: which subscriptions are wanted, what a hub confirmed, what it pushed.

    want ──▶ ASKED ──── confirm ───▶ ACTIVE ──┐ renewed before its lease ends; receive
               ▲  └──── deny ────▶ DENIED     │
               └── asked again later ◀┘       │
    not wanted any more: LEAVING ◀────────────┘ ── confirm ──▶ gone

A push says only that there is something new: its feed becomes due, and what the feed says is fetched from the feed. It
is never due before its server's own terms allow (max-age, Retry-After, a pause of its host), not sooner than
LIFESTREAM_PUSH_MIN_INTERVAL after the last time, and errors keep their growing gaps. So a hub that pushes all day makes
no more requests than that. And it is never forgotten: a push that comes while its feed is being fetched makes the feed
due again (see `feed_update`).

Nothing here asks the network; `hub_renewal` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import router, transaction
from django.utils.crypto import salted_hmac

from lifestream.conf import is_loopback, settings
from lifestream.content.plaintext import scrub, shorten
from lifestream.fetcher.url_hosts import domain_of
from lifestream.fetcher.websub import Links, Mode, lease_of, over_tls, renewal
from lifestream.models import Feed, HubSubscription
from lifestream.scheduler.schedule import DueTime, candidates_as_json
from lifestream.storage.feed_row import FeedState

State = HubSubscription.State

DENIED_FOR: Final = timedelta(days=7)
"""So long a hub that has denied a subscription isn't asked for it."""
PUSHED: Final = "its hub says that there is something new"
"""Why a feed is due for which a push came."""
FAREWELLS: Final = 3
"""So often a hub is asked to end a subscription; a push that comes later is answered that there is none (410)."""

_SHORTEST_GAP: Final = timedelta(hours=1)
_LONGEST_GAP: Final = timedelta(days=7)
_SOME: Final = 500


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to ask a hub for. *attempt* counts from 1 and, with *pk*, is the proof of who asks."""

    pk: int
    attempt: int
    hub: str
    mode: Mode
    topic: str
    key: str


def secrets_of(key: str) -> list[str]:
    """Return the secrets that a hub which knows *key* may sign with: one for each of Django's keys, the one to tell it
    first.

    They are made and not stored, so a copy of the database alone forges no push.
    """
    salt = "lifestream.websub"
    return [salted_hmac(salt, key, secret, algorithm="sha256").hexdigest() for secret in settings.secret_keys]


def want(feeds: Collection[int], now: datetime) -> None:
    """See to it that each of *feeds* (keys) has the subscription that it should have, and no other."""
    keys = sorted(feeds)
    for start in range(0, len(keys), _SOME):
        some = keys[start : start + _SOME]
        of_feed = HubSubscription.objects.filter(feed__in=some).exclude(state=State.LEAVING)
        held = {each.feed_id: each for each in of_feed}
        told_of = Feed.objects.filter(pk__in=some).exclude(hub_url="")
        wanted = {
            feed.pk: links
            for feed in told_of.only("url", "hub_url", "hub_topic", "credentials", "status")
            if (links := _wanted(feed)) is not None
        }
        has = {key: Links(each.hub, each.topic) for key, each in held.items()}
        leave([each for key, each in held.items() if wanted.get(key) != has[key]], now)
        made = [
            HubSubscription(feed_id=key, hub=links.hub, topic=links.topic, next_request=now, created=now)
            for key, links in wanted.items()
            if links != has.get(key)
        ]
        # Another worker may have been here at the same time.
        HubSubscription.objects.bulk_create(made, ignore_conflicts=True)


def _wanted(feed: Feed) -> Links | None:
    """Return the hub and the topic to subscribe to for *feed*; None for no push.

    A feed with credentials is nobody else's business: no hub is told of it.
    """
    if not feed.hub_url or feed.is_private or feed.status != Feed.Status.ACTIVE:
        return None
    insecure = settings.push_over_http and is_loopback(domain_of(feed.hub_url))
    return Links(feed.hub_url if insecure else over_tls(feed.hub_url), feed.hub_topic or feed.url)


def leave(subscriptions: Iterable[HubSubscription], now: datetime) -> None:
    """Return *subscriptions* up: those that their hubs never confirmed at once, the others once the hubs are told."""
    for each in subscriptions:
        if each.lease_until is None or each.lease_until <= now:
            each.delete()
        else:
            each.state, each.attempts, each.next_request, each.message = State.LEAVING, 0, now, ""
            each.save(update_fields=["state", "attempts", "next_request", "message"])
        Feed.objects.filter(pk=each.feed_id).update(push_until=None)


def leave_idle(now: datetime, limit: int) -> None:
    """Return up to *limit* subscriptions up whose feeds are paused or gone."""
    idle = HubSubscription.objects.exclude(state=State.LEAVING).exclude(feed__status=Feed.Status.ACTIVE)
    leave(idle.order_by("pk")[:limit], now)


def take(now: datetime, limit: int, feeds: Collection[int] | None = None) -> list[Errand]:
    """Return up to *limit* errands that are due; each is given to one worker only, and again later if nothing comes of
    it.

    *feeds* are the keys of those to choose from.
    """
    due = HubSubscription.objects.filter(next_request__lte=now)
    if feeds is not None:
        due = due.filter(feed__in=feeds)
    errands = []
    for each in due.order_by("next_request", "pk")[:limit]:
        if each.state == State.LEAVING and each.attempts >= FAREWELLS:
            each.delete()
            continue
        attempt = each.attempts + 1
        # Whoever changes the row from what we have read is the one who asks.
        ours = HubSubscription.objects.filter(pk=each.pk, attempts=each.attempts, next_request=each.next_request)
        state = State.ASKED if each.state == State.DENIED else each.state
        if ours.update(attempts=attempt, last_request=now, next_request=now + _gap(attempt), state=state):
            mode: Mode = "unsubscribe" if each.state == State.LEAVING else "subscribe"
            errands.append(Errand(each.pk, attempt, each.hub, mode, each.topic, each.key))
    return errands


def _gap(attempt: int) -> timedelta:
    return min(_SHORTEST_GAP * (1 << min(attempt - 1, 16)), _LONGEST_GAP)


def put_back(errand: Errand, now: datetime) -> None:
    """Make *errand* due again, as if it had not been taken: its hub could not be asked, and is not to blame."""
    ours = HubSubscription.objects.filter(pk=errand.pk, attempts=errand.attempt)
    ours.update(attempts=errand.attempt - 1, next_request=now)


def failed(errand: Errand, message: str, now: datetime, wait: float | None = None) -> None:
    """Note why a hub did not take *errand*, and that it wants to be left alone for *wait* seconds, if it does."""
    # A hub that has confirmed meanwhile has taken it, whatever else it answered.
    HubSubscription.objects.filter(pk=errand.pk, attempts=errand.attempt).update(message=scrub(message))
    if wait is not None:
        until = now + min(timedelta(seconds=wait), _LONGEST_GAP)
        HubSubscription.objects.filter(hub=errand.hub, next_request__lt=until).update(next_request=until)


def confirm(key: str, mode: str, topic: str, lease: str, now: datetime) -> bool:
    """Return whether a hub that asks for it may be told that *mode* is what we want for *topic*, which is so from now
    on.

    *lease* is its `hub.lease_seconds`.
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
    with transaction.atomic(using=router.db_for_write(HubSubscription)):
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


def deny(key: str, topic: str, reason: str, now: datetime) -> bool:
    """Note that a hub won't push *topic* (any more), for the *reason* that it gives. Returns whether we had asked."""
    found = HubSubscription.objects.filter(key=key, topic=topic).first()
    if found is None:
        return False
    if found.state == State.LEAVING:
        found.delete()
        return True
    said = shorten(" ".join(scrub(reason).split()), 300)
    found.state, found.lease_until, found.next_request = State.DENIED, None, now + DENIED_FOR
    found.message = f"denied: {said}" if said else "denied"
    found.save(update_fields=["state", "lease_until", "next_request", "message"])
    Feed.objects.filter(pk=found.feed_id).update(push_until=None)
    return True


def is_known(key: str) -> bool:
    """Return whether pushes to *key* are wanted."""
    return HubSubscription.objects.filter(key=key, state=State.ACTIVE).exists()


def receive(key: str, now: datetime) -> bool:
    """Note a push, whose signature held: its feed is due as soon as it may be. Returns whether there is one."""
    found = HubSubscription.objects.filter(key=key, state=State.ACTIVE).only("feed", "lease_until").first()
    if found is None:
        return False
    # Most of a storm ends here: one push is noted already, and no fetch has begun since.
    noted = Feed.objects.filter(pk=found.feed_id, pushed__isnull=False).exclude(claimed_until__gt=now)
    if noted.exists():
        return True
    using = router.db_for_write(Feed)
    with transaction.atomic(using=using):
        HubSubscription.objects.using(using).filter(pk=found.pk).update(last_push=now)
        feed = Feed.objects.using(using).filter(pk=found.feed_id).select_for_update().defer("icon").first()
        if feed is None or feed.status != Feed.Status.ACTIVE:
            return feed is not None
        feed.pushed, feed.push_until = now, found.lease_until
        make_due(feed, now)
        feed.save(using=using, update_fields=["pushed", "push_until", "next_fetch", "next_reason", "candidates"])
    return True


def make_due(feed: Feed | FeedState, now: datetime) -> None:
    """Make *feed*, unsaved, due as soon as it may be for a push.

    What a feed in trouble waits for is not shortened: it is asked again anyway, and then says what is new.
    """
    if feed.failures:
        return
    soonest = now
    if feed.last_fetch is not None:
        soonest = max(soonest, feed.last_fetch + timedelta(seconds=settings.push_min_interval))
    if feed.not_before is not None:
        # A cache on the way would give what we have, as long as it may.
        soonest = max(soonest, feed.not_before)
    if soonest < feed.next_fetch:
        feed.next_fetch, feed.next_reason = soonest, PUSHED
        feed.candidates = [*feed.candidates, *candidates_as_json([DueTime(soonest, PUSHED)])]
